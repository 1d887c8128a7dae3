# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the running daemon have in common."""

import os
import shutil
import tempfile
import unittest

import daemon
import eventstream
import tokens
import wire
from privatebus import OPEN, TO_ALL, PrivateBus
from publisher import Publisher


class Setting:
    """A private folder with a bus, secrets and a configuration, and one daemon in it.

    A folder that is given becomes the private one, and goes with it.
    """

    def __init__(self, config=None, listen=("127.0.0.1:0",), bus=True, webhook=True, plugins=None,
                 environment=None, system=False, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="rivulet-")
        self.bus = None
        self.publisher = None
        self.daemon = None
        self.used = set()
        self.said_earlier = ""
        try:
            self._configure(config or {}, webhook, plugins)
            self._start(listen, bus, environment or {}, system)
        except BaseException:
            self.abandon()
            raise

    def _configure(self, config, webhook, plugins):
        self.secret = daemon.Secret(self.folder, "secret")
        self.hook_secret = daemon.Secret(self.folder, "webhook-secret")
        self.previous_hook_secret = daemon.Secret(self.folder, "previous-webhook-secret", line_end="")
        groups = {
            "auth": {"secret-file": self.secret.path},
            "plugins": {"directory": plugins or daemon.PLUGINS},
            "log": {"directory": os.path.join(self.folder, "state")},
        }
        if webhook:
            groups["github-events"] = {
                "webhook-secret-file": self.hook_secret.path,
                "previous-webhook-secret-file": self.previous_hook_secret.path,
            }
        for group, keys in config.items():
            groups[group] = {**groups.get(group, {}), **keys}
        self.config_path = os.path.join(self.folder, "rivulet.conf")
        daemon.write_config(self.config_path, groups)

    def _start(self, listen, bus, environment, system):
        self.arguments = ["--config", self.config_path,
                          "--system" if system else "--session" if bus else "--no-bus"]
        for address in listen:
            self.arguments += ["--listen", address]
        self.environment = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent", **environment}
        if bus:
            self.bus = PrivateBus(self.folder, policy=TO_ALL if system else OPEN)
            which = "DBUS_SYSTEM_BUS_ADDRESS" if system else "DBUS_SESSION_BUS_ADDRESS"
            self.environment[which] = self.bus.address
        self.daemon = daemon.Daemon(self.arguments, self.environment)
        self.addresses = self.daemon.wait_listening(len(listen))
        self.address = self.addresses[0]
        if bus:
            self.publisher = Publisher(self.bus.address)
            self.publisher.wait_owner()

    def start_again(self):
        """Starts another daemon where the first one ended."""
        self.said_earlier += self.daemon.said()
        self.daemon = daemon.Daemon(self.arguments, self.environment)
        self.addresses = self.daemon.wait_listening(len(self.addresses))
        self.address = self.addresses[0]
        if self.bus:
            self.publisher.wait_owner()

    def token(self, subject="42", lifetime=3600, **claims):
        return self.note(tokens.make(self.secret.bytes, subject, lifetime, **claims))

    def note(self, secret):
        """Remembers what must never be seen in the log."""
        self.used.add(secret)
        return secret

    def follow(self, stream, subject="42", headers=(), query="", address=None, **more):
        """A client of a stream, by its name or path, at the first address or another."""
        path = eventstream.PATHS.get(stream, stream)
        target = f"{path}?token={self.token(subject)}{query}"
        return eventstream.StreamClient(address or self.address, target, headers, **more)

    def follow_several(self, streams, subject="42", query="", path="/streams", **more):
        """A client of several streams on one connection."""
        return self.follow(path, subject, query=eventstream.combined_query(streams) + query, **more)

    def get(self, target, headers=(), method="GET", **more):
        return wire.request(self.address, target, headers, method, **more)

    def assert_unsaid(self, said):
        """Fails where a secret or token that was used is in a text."""
        secrets = {self.secret.text, self.hook_secret.text, self.previous_hook_secret.text}
        for secret in self.used | secrets:
            for part in {secret, secret.rsplit(".", 1)[-1]}:
                if len(part) >= 16 and part in said:
                    raise AssertionError(f"a secret or token is in the log: {part[:8]}…\n{said}")

    def assert_nothing_leaked(self):
        self.assert_unsaid(self.said_earlier + self.daemon.said())

    def stop(self):
        """Ends all of it; fails where the daemon ended badly, complained or told a secret."""
        try:
            if self.publisher is not None:
                self.publisher.close()
            self.daemon.assert_clean()
            self.assert_nothing_leaked()
        finally:
            self.abandon()

    def abandon(self):
        """Ends all of it, whatever state it is in."""
        if self.daemon is not None:
            self.daemon.kill()
        if self.bus is not None:
            self.bus.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class DaemonCase(unittest.TestCase):
    """One daemon for the tests of a class; `setting` says how it is configured."""

    setting = {}
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.rivulet = Setting(**cls.setting)
        cls.addClassCleanup(cls.rivulet.stop)
        cls.publisher = cls.rivulet.publisher

    def setUp(self):
        self.said_before = len(self.rivulet.daemon.lines)

    def explain(self):
        if self.rivulet is None:
            return ""
        return "rivuletd said meanwhile:\n" + self.rivulet.daemon.said(self.said_before)

    def follow(self, stream, subject="42", **more):
        """A client of a stream that is closed with the test."""
        client = self.rivulet.follow(stream, subject, **more)
        self.addCleanup(client.close)
        return client

    def follow_several(self, streams, subject="42", **more):
        client = self.rivulet.follow_several(streams, subject, **more)
        self.addCleanup(client.close)
        return client


class FreshCase(unittest.TestCase):
    """A daemon of its own for each test."""

    setting = {}
    maxDiff = None
    rivulet = None

    def setUp(self):
        self.rivulet = Setting(**self.setting)
        self.addCleanup(self.rivulet.stop)
        self.publisher = self.rivulet.publisher

    explain = DaemonCase.explain
    said_before = 0
    follow = DaemonCase.follow
    follow_several = DaemonCase.follow_several
