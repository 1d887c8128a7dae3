# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bus like the system's, with the shipped policy, and somebody who may do nothing there."""

import os
import subprocess
import unittest

import command
import daemon
from privatebus import OF_SYSTEM, PrivateBus
from publisher import Publisher
from waiting import Deadline

SHIPPED = os.path.join(daemon.ROOT, "data", "dbus", "io.github.rivulet.Rivulet.conf")


class NotAllowedCase(unittest.TestCase):
    remedy = "run it as root (sudo)"

    def setUp(self):
        folder = self.enterContext(command.folder())
        os.chmod(folder, 0o755)
        self.bus = PrivateBus(folder, policy=OF_SYSTEM.format(path=SHIPPED))
        self.addCleanup(self.bus.stop)
        config = os.path.join(folder, "rivulet.conf")
        daemon.write_config(config, {
            "auth": {"secret-file": daemon.Secret(folder, "secret").path},
            "plugins": {"directory": daemon.PLUGINS}})
        rivuletd = daemon.Daemon(
            ["--config", config, "--system", "--listen", "127.0.0.1:0",
             "--state-dir", os.path.join(folder, "state")],
            {"DBUS_SYSTEM_BUS_ADDRESS": self.bus.address})
        self.addCleanup(rivuletd.kill)
        rivuletd.wait_listening()
        publisher = Publisher(self.bus.address)
        self.addCleanup(publisher.close)
        publisher.wait_owner()

    def assert_refused(self, *arguments):
        """The user nobody is told what to do, and not in D-Bus's words; returns that."""
        done = subprocess.run(
            ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", daemon.CLI,
             *arguments, "--system"], capture_output=True, text=True, check=False,
            timeout=Deadline("rivulet").left(),
            env=command.environment(DBUS_SYSTEM_BUS_ADDRESS=self.bus.address))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(self.remedy, done.stderr)
        self.assertNotIn("GDBus.Error", done.stderr)
        return done.stderr
