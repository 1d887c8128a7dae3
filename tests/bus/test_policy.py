# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shipped policy, on a bus that allows no more than a system's: who may ask for what."""

import os
import shutil
import subprocess
import tempfile
import unittest

from gi.repository import GLib

import daemon
from privatebus import OF_SYSTEM, PrivateBus
from publisher import MANAGER, NAME, PATH, PUBLISHER, SERVER, Publisher
from waiting import Deadline

SHIPPED = os.path.join(daemon.ROOT, "data", "dbus", "io.github.rivulet.Rivulet.conf")
PROPERTIES = "org.freedesktop.DBus.Properties"
# What the daemon can be asked for that is not for everybody, with arguments as gdbus takes them.
CALLS = [
    (f"{PUBLISHER}.Publish", "quota", '{"type":"quota"}', "@a{sv} {}"),
    (f"{PUBLISHER}.PublishMany", "@a(ssa{sv}) []"),
    (f"{PUBLISHER}.IssueToken", "42", "['quota']", "uint32 60"),
]
# What polkit is asked for.
MANAGED = [
    (f"{MANAGER}.Revoke", "42"),
    (f"{MANAGER}.ListClients", "quota", "uint32 10"),
    (f"{MANAGER}.Reload",),
]
# What everybody may look at.
LOOKS = [
    (f"{PROPERTIES}.GetAll", SERVER),
    ("org.freedesktop.DBus.ObjectManager.GetManagedObjects",),
    ("org.freedesktop.DBus.Introspectable.Introspect",),
]


@unittest.skipUnless(shutil.which("setpriv") and os.geteuid() == 0,
                     "only root may be rivuletd there, and call as another user")
class Policy(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rivulet-policy-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        bus = PrivateBus(self.folder, policy=OF_SYSTEM.format(path=SHIPPED))
        self.addCleanup(bus.stop)
        config = os.path.join(self.folder, "rivulet.conf")
        daemon.write_config(config, {
            "auth": {"secret-file": daemon.Secret(self.folder, "secret").path},
            "plugins": {"directory": daemon.PLUGINS}})
        self.environment = {"DBUS_SYSTEM_BUS_ADDRESS": bus.address}
        self.daemon = daemon.Daemon(
            ["--config", config, "--system", "--listen", "127.0.0.1:0",
             "--state-dir", os.path.join(self.folder, "state")], self.environment)
        self.addCleanup(self.daemon.kill)
        self.daemon.wait_listening()
        self.publisher = Publisher(bus.address)
        self.addCleanup(self.publisher.close)
        self.publisher.wait_owner()

    def call_as_nobody(self, name, path, method, *arguments):
        """What gdbus comes to, as the user nobody."""
        return subprocess.run(
            ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "gdbus", "call",
             "--system", "--dest", name, "--object-path", path, "--method", method, *arguments],
            capture_output=True, text=True, check=False, timeout=Deadline("gdbus").left(),
            env={**os.environ, **self.environment, "LC_ALL": "C.UTF-8"})

    def assert_denied(self, *call, how="org.freedesktop.DBus.Error.AccessDenied"):
        done = self.call_as_nobody(*call)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(how, done.stderr)

    def test_root_may(self):
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": 1, "remaining": 0}})
        self.publisher.call(PUBLISHER, "IssueToken", GLib.Variant("(sasu)", ("42", ["quota"], 60)))
        self.publisher.call(MANAGER, "Revoke", GLib.Variant("(s)", ("42",)))
        self.publisher.server_properties()
        self.daemon.assert_clean()

    def test_others_may_not(self):
        for call in CALLS:
            with self.subTest(call=call):
                self.assert_denied(NAME, PATH, *call)
        self.assert_denied("org.freedesktop.DBus", "/org/freedesktop/DBus",
                           "org.freedesktop.DBus.RequestName", NAME, "uint32 7")

    def test_nobody_manages_where_there_is_no_polkit(self):
        """But root, as whom it is reloaded."""
        for call in MANAGED:
            with self.subTest(call=call):
                self.assert_denied(NAME, PATH, *call, how="Rivulet1.Error.NotAuthorized: polkit can't "
                                   "be asked for io.github.rivulet.manage: ")
        self.daemon.wait_for_line(r"Revoke was refused to uid \d+, pid \d+: polkit can't be asked")
        self.assertNotIn("revoked", self.daemon.said())
        self.assertNotIn("loaded again", self.daemon.said())
        self.publisher.call(MANAGER, "Revoke", GLib.Variant("(s)", ("42",)))
        self.publisher.call(MANAGER, "Reload", None)
        self.daemon.wait_for_line("loaded again")

    def test_others_may_look(self):
        for call in LOOKS:
            with self.subTest(call=call):
                done = self.call_as_nobody(NAME, PATH, *call)
                self.assertEqual(done.returncode, 0, done.stderr)
