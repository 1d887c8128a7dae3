# SPDX-License-Identifier: LGPL-2.1-or-later
"""The package is upgraded under a thousand clients, and nobody misses anything."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import packaged  # noqa: E402
from machine import read_until  # noqa: E402

FOLLOWING, FORGETFUL = 1000, 20
UPGRADED = "/run/upgraded"
TOKEN = "/run/token"


@unittest.skipUnless(os.geteuid() == 0, "only root can boot a systemd")
class Upgrade(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = packaged.Packaged()
        cls.addClassCleanup(cls.machine.stop)
        cls.machine.install_packages("rivulet")

    def explain(self):
        return self.machine.journal()

    def test_nobody_misses_anything(self):
        self.machine.run("sh", "-c", "umask 077; rivulet token --sub 42 "
                         f"--secret-file /etc/rivulet/secret >{TOKEN}")
        crowd = self.machine.start("python3", f"{packaged.TESTS}/upgrading.py", str(FOLLOWING),
                                   str(FORGETFUL), TOKEN, UPGRADED)
        self.addCleanup(crowd.stdout.close)
        self.addCleanup(crowd.wait)
        self.addCleanup(crowd.kill)
        read_until(crowd, "following\n")

        process = self.machine.systemctl("show", "-p", "MainPID", "rivulet.service")
        self.machine.upgrade()
        self.assertNotEqual(self.machine.systemctl("show", "-p", "MainPID", "rivulet.service"), process)
        self.machine.run("touch", UPGRADED)
        said, _ = crowd.communicate(timeout=packaged.PATIENCE)
        self.assertEqual(crowd.returncode, 0, said)
        told = json.loads(said)
        self.assertEqual(told["complaints"], [])
        self.assertEqual(told["came back"], FOLLOWING + FORGETFUL)
        self.assertEqual(told["served"], told["newcomers"])
        # And this test would see it: who does not say what they had last misses some.
        self.assertTrue(any("missing: ['delivery-" in text for text in told["forgetful"]), told)
