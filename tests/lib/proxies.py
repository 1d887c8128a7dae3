# SPDX-License-Identifier: LGPL-2.1-or-later
"""nginx and Caddy in front of rivuletd, with the files that are shipped for them in data/proxy."""

import os
import re
import shutil
import ssl
import subprocess
import unittest

import daemon
import ports
import record
import wire
from waiting import Deadline, wait_until

SHIPPED = os.path.join(daemon.ROOT, "data", "proxy")
# Where tests/run unpacks those that are not installed.
SERVERS = os.path.join(daemon.ROOT, "build", "servers")
NAME = "rivulet.example.org"


def find(program):
    """The path of a server's program, or a test that is skipped."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", f"{SERVERS}/usr/sbin",
                            f"{SERVERS}/usr/bin"])
    found = shutil.which(program, path=path)
    if found is None:
        raise unittest.SkipTest(f"{program} is not installed")
    return found


class Authority:
    """A certificate authority: where its certificate is, and what it signed, for NAME and others."""

    def __init__(self, folder, *others):
        self.folder = folder
        self.certificate = os.path.join(folder, "authority.pem")
        self.server = os.path.join(folder, "server.pem")
        self.key = os.path.join(folder, "server.key")
        own_key = os.path.join(folder, "authority.key")
        request = os.path.join(folder, "server.csr")
        extensions = os.path.join(folder, "server.ext")
        with open(extensions, "w", encoding="ascii") as file:
            names = ",".join(f"DNS:{name}" for name in (NAME, *others))
            file.write(f"subjectAltName={names}\n")
        new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self._openssl("req", "-x509", *new, "-keyout", own_key, "-out", self.certificate,
                      "-days", "2", "-subj", "/CN=Authority")
        self._openssl("req", *new, "-keyout", self.key, "-out", request, "-subj", f"/CN={NAME}")
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", own_key,
                      "-CAcreateserial", "-out", self.server, "-days", "2", "-extfile", extensions)

    @staticmethod
    def _openssl(*arguments):
        subprocess.run([find("openssl"), *arguments], check=True, capture_output=True,
                       stdin=subprocess.DEVNULL)

    def connect(self, port, protocol):
        """A connection over TLS that speaks `protocol`: h2 or http/1.1."""
        context = ssl.create_default_context(cafile=self.certificate)
        context.set_alpn_protocols([protocol])
        plain = wire.connect(f"127.0.0.1:{port}")
        client = context.wrap_socket(plain, server_hostname=NAME)
        if client.selected_alpn_protocol() != protocol:
            raise AssertionError(f"{client.selected_alpn_protocol()} is spoken, not {protocol}")
        return client


class Proxy:
    """One of them, with a folder for all that it writes.

    `upstream` is rivuletd's address, `held` the port where it listens, as of ports.hold().
    """

    name = ""
    file = ""
    # What an address of a Unix socket begins with.
    unix = ""
    # With what it answers some requests that others refuse.
    also_answered = frozenset()

    def __init__(self, folder, authority, upstream, held=None):
        self.folder = os.path.join(folder, self.name)
        os.mkdir(self.folder)
        self.held = held or ports.hold(everywhere=True)
        self.port = ports.number(self.held)
        self.authority = authority
        self.program = find(self.name)
        self.command = self.configure(self.shipped({
            "127.0.0.1:3001": upstream,
            "/etc/ssl/certs/rivulet.example.org.pem": authority.server,
            "/etc/ssl/private/rivulet.example.org.key": authority.key,
            f"/var/log/{self.name}": self.folder,
        }))
        self.start()

    def start(self):
        """Starts it, also once more after end()."""
        # Its complaints, which an administrator finds in the journal.
        with open(os.path.join(self.folder, "stderr"), "ab") as stderr:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr,
                env={**os.environ, "HOME": self.folder, "XDG_DATA_HOME": self.folder,
                     "XDG_CONFIG_HOME": self.folder})
        try:
            wait_until(self.answers, f"{self.name} that listens")
        except BaseException:
            self.end()
            raise

    def shipped(self, replacements):
        """The shipped file with names, ports and paths of the test; each has to be there."""
        with open(os.path.join(SHIPPED, self.file), encoding="utf-8") as file:
            text = file.read()
        for old, new in replacements.items():
            if old not in text:
                raise AssertionError(f"{self.file} has no {old}")
            text = text.replace(old, new)
        return text

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def configure(self, shipped):
        """Writes the configuration; returns the command."""
        raise NotImplementedError

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}: {self.wrote()}")
        try:
            self.authority.connect(self.port, "h2").close()
        except OSError:
            return False
        return True

    def wrote(self):
        """All that it wrote into its folder, but for the keys and configurations."""
        said = ""
        for folder, _, names in os.walk(self.folder):
            for name in names:
                if not name.endswith((".conf", "Caddyfile", ".json")):
                    with open(os.path.join(folder, name), encoding="utf-8",
                              errors="backslashreplace") as file:
                        said += file.read()
        return said

    def end(self):
        """Ends it; nobody else gets its port."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(Deadline(f"the end of {self.name}").left())
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} does not end") from None

    def stop(self, rivulet):
        """Ends it for good; fails where one of the daemon's tokens is in what it wrote."""
        try:
            self.end()
        finally:
            self.held.close()
        wrote = self.wrote()
        record.said(self.name, wrote)
        rivulet.assert_unsaid(wrote)
        if re.search(r"token=|Bearer \w", wrote):
            raise AssertionError(f"a query or authorisation is in {self.name}'s log:\n{wrote}")


# What Debian's nginx.conf has around the file, and folders that are ours.
AROUND = """{user}daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/rivulet.conf;
}}
"""


class Nginx(Proxy):
    name = "nginx"
    file = "nginx.conf"
    unix = "unix:"

    def configure(self, shipped):
        shipped = shipped.replace("listen 443 ", f"listen 127.0.0.1:{self.port} ")
        shipped = shipped.replace("  listen [::]:443 ssl http2;\n", "")
        self.write("rivulet.conf", shipped)
        user = "user root;\n" if os.geteuid() == 0 else ""
        around = self.write("nginx.conf", AROUND.format(user=user, folder=self.folder))
        return [self.program, "-p", self.folder, "-e", f"{self.folder}/error.log", "-c", around]


class Caddy(Proxy):
    name = "caddy"
    file = "Caddyfile"
    unix = "unix/"
    # Of two framings it takes the chunks, and what follows them for another request of that client;
    # a name that it does not know gets an empty answer. An answer that comes while it still sends a
    # body may escape it.
    also_answered = frozenset({200, 502})

    def configure(self, shipped):
        shipped = shipped.replace(f"\n{NAME} {{", f"\nhttps://{NAME}:{self.port} {{")
        shipped = shipped.replace("#tls ", "tls ").replace("\n{\n", "\n{\n\tadmin off\n", 1)
        path = self.write("Caddyfile", shipped)
        return [self.program, "run", "--adapter", "caddyfile", "--config", path]


def behind_each(loader, *cases):
    """The tests of test cases behind each proxy, which is their `kind`."""
    return unittest.TestSuite(
        loader.loadTestsFromTestCase(type(f"{case.__name__}Behind{kind.__name__}", (case,),
                                          {"kind": kind, "__module__": case.__module__}))
        for kind in (Nginx, Caddy) for case in cases)
