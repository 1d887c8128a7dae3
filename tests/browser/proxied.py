# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pages from https that reach their daemon through a proxy, in a browser that trusts both."""

import os
import shutil
import ssl
import subprocess
import tempfile
import unittest

import ports
import proxies
from browsers import Chromium, Origin

PAGES = "app.example.org"
STRANGER = "stranger.example.org"
# Names lead to this machine; certificates are checked as ever.
FLAGS = ("--host-resolver-rules=MAP *.example.org 127.0.0.1",)


def trust(folder, authority):
    """Makes an authority one of those that its user trusts, whose home is a folder."""
    database = os.path.join(folder, ".pki", "nssdb")
    os.makedirs(database)
    certutil = [proxies.find("certutil"), "-d", f"sql:{database}"]
    for arguments in (["-N", "--empty-password"],
                      ["-A", "-n", "authority", "-t", "C,,", "-i", authority.certificate]):
        subprocess.run([*certutil, *arguments], check=True, capture_output=True,
                       stdin=subprocess.DEVNULL)


class Proxied:
    """For cases of BrowserCase: browsers reach the daemon at `proxied` alone, by HTTP/2."""

    kind = None
    _authority = None

    @classmethod
    def shared_authority(cls):
        """That of this file's tests, in whose folder who is at home trusts it."""
        if Proxied._authority is None:
            proxies.find("certutil")
            folder = tempfile.mkdtemp(prefix="rivulet-trust-")
            unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
            authority = proxies.Authority(folder, PAGES, STRANGER)
            trust(folder, authority)
            Proxied._authority = authority
        return Proxied._authority

    def setUp(self):
        proxies.find(self.kind.name)
        self.authority = self.shared_authority()
        Chromium.shared(*FLAGS, HOME=self.authority.folder)
        held = ports.hold(everywhere=True)
        self.proxied = f"https://{proxies.NAME}:{ports.number(held)}"
        super().setUp()
        folder = tempfile.mkdtemp(dir=self.authority.folder)
        self.proxy = self.kind(folder, self.authority, self.rivulet.address, held)
        self.addCleanup(self.proxy.stop, self.rivulet)
        # Caddy waits for who follows.
        self.addCleanup(self.browser.call, "forget", profile=self.profile)
        self.url = self.proxied

    def make_origin(self):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.authority.server, self.authority.key)
        return Origin(tls, PAGES, STRANGER)

    def explain(self):
        return (f"{super().explain()}\n{self.kind.name} wrote:\n{self.proxy.wrote()[-4000:]}")
