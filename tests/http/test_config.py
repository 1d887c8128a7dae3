# SPDX-License-Identifier: LGPL-2.1-or-later
"""Configuration: every mistake is named with file, group and key; drop-ins; the command line."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import eventstream
import tokens
import wire
from cases import FreshCase
from daemon import PLUGINS, PROGRAM, Daemon, Secret, run_to_end, write_config
from privatebus import PrivateBus
from publisher import Publisher

BAD_VALUES = [
    ("http", "max-connections", "many"), ("http", "max-connections-per-address", "-1"),
    ("http", "max-connections-per-user", "x"), ("http", "max-connections-per-user", "1000001"),
    ("http", "max-connections", "-1"), ("http", "max-connections", "1000001"),
    ("http", "max-connections", "1.5"), ("http", "max-connections", ""),
    ("http", "max-connections", "99999999999999999999"), ("http", "head-timeout-ms", "99"),
    ("http", "listen", "localhost"), ("http", "listen", "localhost:99999"),
    ("http", "listen", ":::"), ("http", "listen", "unix:"),
    ("http", "allowed-origins", "*"), ("http", "allowed-origins", "null"),
    ("http", "base-paths", "api"),
    ("auth", "require-expiry", "yes"), ("auth", "require-expiry", "1"),
    ("hub", "conflate-ms", "-1"), ("hub", "max-update-bytes", "1023"),
    ("clients", "workers", "257"), ("clients", "queue-bytes", "1"),
    ("clients", "heartbeat-ms", "1s"), ("clients", "shutdown-seconds", "3601"),
    ("bus", "bus", "both"),
]
UNKNOWN = [("http", "lisen", "x"), ("auth", "secret", "x"), ("hubb", "conflate-ms", "50"),
           ("nonsense", "key", "value")]


class ConfigCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rivulet-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.secret = Secret(self.folder, "secret")
        self.path = os.path.join(self.folder, "rivulet.conf")

    def write(self, path=None, **groups):
        base = {"auth": {"secret-file": self.secret.path}, "plugins": {"directory": PLUGINS},
                "http": {"listen": "127.0.0.1:0"}, "bus": {"bus": "none"},
                "log": {"directory": os.path.join(self.folder, "state")}}
        for group, keys in groups.items():
            base[group] = {**base.get(group, {}), **keys}
        write_config(path or self.path, base)

    def drop_in(self, name, **groups):
        folder = self.path + ".d"
        os.makedirs(folder, exist_ok=True)
        write_config(os.path.join(folder, name), groups)
        return os.path.join(folder, name)

    def refused(self, *named, arguments=()):
        """Neither a check nor a start passes, and what is wrong is named."""
        for more in ["--check-config"], []:
            status, _, said = run_to_end(["--config", self.path, *arguments, *more])
            self.assertEqual(status, 1, said)
            for word in named:
                self.assertIn(word, said)
            self.assertNotIn(self.secret.text, said)

    def accepted(self, *arguments):
        status, _, said = run_to_end(["--config", self.path, "--check-config", *arguments])
        self.assertEqual(status, 0, said)

    def start(self, *arguments, environment=None):
        daemon = Daemon(["--config", self.path, *arguments], environment)
        self.addCleanup(daemon.kill)
        return daemon


class Refused(ConfigCase):
    def test_values(self):
        for group, key, value in BAD_VALUES:
            with self.subTest(group=group, key=key, value=value):
                self.write(**{group: {key: value}})
                self.refused(self.path, group, key)

    def test_unknown_keys_and_groups(self):
        for group, key, value in UNKNOWN:
            with self.subTest(group=group, key=key):
                self.write(**{group: {key: value}})
                self.refused(self.path, group, *([key] if group in ("http", "auth") else []))

    def test_a_streams_own_keys(self):
        for group, key, value in [("quota", "default-remaining", "-1"),
                                  ("quota", "default-remaining", "x"), ("quota", "unknown", "1"),
                                  ("github-events", "webhook-secret-file", "/nonexistent/file")]:
            with self.subTest(group=group, key=key):
                self.write(**{group: {key: value}})
                status, _, said = run_to_end(["--config", self.path, "--check-config"])
                self.assertEqual(status, 1, said)
                for word in self.path, group, key:
                    self.assertIn(word, said)

    def test_secrets(self):
        for name, content in [("empty", ""), ("line-end", "\n"), ("short", "x" * 31),
                              ("short-with-line-end", "x" * 31 + "\n"), ("long", "x" * 5000)]:
            with self.subTest(name=name):
                path = os.path.join(self.folder, name)
                with open(path, "w", encoding="ascii") as file:
                    file.write(content)
                self.write(auth={"secret-file": path})
                self.refused(self.path, "auth", "secret-file")
        for path in "/nonexistent/secret", self.folder, "":
            with self.subTest(path=path):
                self.write(auth={"secret-file": path})
                self.refused(self.path, "auth", "secret-file")

    def test_no_secret_at_all(self):
        self.write(auth={"secret-file": None})
        self.refused("auth", "secret-file")

    def test_the_least_secret(self):
        exactly = Secret(self.folder, "exactly", "y" * 32)
        self.write(auth={"secret-file": exactly.path})
        self.accepted()

    def test_not_a_key_file(self):
        for content in "not a key file\n", "[http\n", "listen=x\n", "[http]\nlisten\n", "\xff\n":
            with self.subTest(content=content):
                with open(self.path, "w", encoding="latin-1") as file:
                    file.write(content)
                self.refused(self.path)

    def test_files_that_cannot_be_read(self):
        self.path = os.path.join(self.folder, "nothing.conf")
        self.refused(self.path)
        self.path = self.folder
        self.refused(self.path)

    @unittest.skipUnless(shutil.which("setpriv") and os.geteuid() == 0,
                         "only root can start it as another user")
    def test_a_secret_without_the_right_to_read_it(self):
        os.chmod(self.folder, 0o755)
        self.write()
        done = subprocess.run(
            ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", PROGRAM,
             "--config", self.path, "--check-config"],
            capture_output=True, text=True, check=False, timeout=60)
        if done.returncode == 127 or "setpriv" in done.stderr:
            self.skipTest("nobody may not run what was built")
        self.assertEqual(done.returncode, 1, done.stderr)
        for word in self.path, "auth", "secret-file", self.secret.path:
            self.assertIn(word, done.stderr)

    def test_in_a_drop_in(self):
        self.write()
        path = self.drop_in("50-mine.conf", hub={"conflate-ms": "soon"})
        self.refused(path, "hub", "conflate-ms")

    def test_retry_bounds(self):
        self.write(clients={"retry-min-ms": "5000", "retry-max-ms": "1000"})
        self.refused("clients", "retry-m")

    def test_arguments(self):
        self.write()
        for arguments in (["--listen", "nonsense"], ["--listen", ""], ["--unknown"], ["extra"],
                          ["--session", "--no-bus"], ["--config"]):
            with self.subTest(arguments=arguments):
                status, _, said = run_to_end(["--config", self.path, *arguments])
                self.assertNotEqual(status, 0)
                self.assertNotEqual(said, "")

    def test_an_address_in_use(self):
        self.write()
        address = self.start().wait_listening()[0]
        status, _, said = run_to_end(["--config", self.path, "--listen", address,
                                      "--state-dir", os.path.join(self.folder, "other")])
        self.assertEqual(status, 1)
        self.assertIn(address.rsplit(":", 1)[1], said)


class Accepted(ConfigCase):
    def test_check_config(self):
        self.write()
        self.accepted()

    def test_version(self):
        status, told, _ = run_to_end(["--version"])
        self.assertEqual(status, 0)
        self.assertRegex(told, r"\d+\.\d+\.\d+")

    def test_help_names_every_option(self):
        status, told, _ = run_to_end(["--help"])
        self.assertEqual(status, 0)
        for option in ("--config", "--session", "--system", "--no-bus", "--listen", "--plugin-dir",
                       "--state-dir", "--check-config", "--version"):
            self.assertIn(option, told)

    def test_drop_ins_in_order(self):
        self.write(quota={"default-remaining": "1"})
        self.drop_in("10-first.conf", quota={"default-remaining": "2"})
        self.drop_in("20-second.conf", quota={"default-remaining": "3"})
        self.drop_in("30-ignored.txt", quota={"default-remaining": "nonsense"})
        daemon = self.start()
        token = tokens.make(self.secret.bytes, "42")
        with eventstream.StreamClient(daemon.wait_listening()[0],
                                      f"/quota/stream?token={token}") as client:
            self.assertEqual(client.next().data["quota"]["remaining"], 3)
        daemon.assert_clean()

    def test_the_command_line_comes_last(self):
        self.write(http={"listen": "nonsense"}, plugins={"directory": "/nonexistent"},
                   bus={"bus": "nonsense"})
        daemon = self.start("--listen", "127.0.0.1:0", "--plugin-dir", PLUGINS, "--no-bus")
        address = daemon.wait_listening()[0]
        self.assertEqual(wire.request(address, "/quota/stream").status, 401)
        daemon.assert_clean()

    def test_the_session_bus_by_configuration(self):
        bus = PrivateBus(self.folder)
        self.addCleanup(bus.stop)
        self.write(bus={"bus": "session"})
        daemon = self.start(environment={"DBUS_SESSION_BUS_ADDRESS": bus.address})
        publisher = Publisher(bus.address)
        self.addCleanup(publisher.close)
        publisher.wait_owner()
        daemon.assert_clean()

    def test_a_secret_as_a_systemd_credential(self):
        folder = os.path.join(self.folder, "credentials")
        os.mkdir(folder)
        credential = Secret(folder, "auth.secret-file")
        self.write(auth={"secret-file": None})
        daemon = self.start(environment={"CREDENTIALS_DIRECTORY": folder})
        address = daemon.wait_listening()[0]
        for secret, status in (credential, 200), (self.secret, 401):
            token = tokens.make(secret.bytes, "42")
            with eventstream.StreamClient(address, f"/quota/stream?token={token}") as client:
                self.assertEqual(client.read_head().status, status)
        daemon.assert_clean()


class Signals(FreshCase):
    setting = {"bus": False}

    def test_ended_by_either_signal(self):
        for number in signal.SIGTERM, signal.SIGINT:
            with self.subTest(signal=number):
                daemon = Daemon([*self.rivulet.arguments,
                                 "--state-dir", os.path.join(self.rivulet.folder, "other")])
                self.addCleanup(daemon.kill)
                daemon.wait_listening()
                daemon.signal(number)
                self.assertEqual(daemon.wait(), 0)
                self.assertEqual(daemon.complaints(), [])

    def test_listening_is_told_in_one_form(self):
        self.assertTrue(re.search(r"(?m)^rivuletd: listening on 127\.0\.0\.1:\d+$",
                                  self.rivulet.daemon.said()))
