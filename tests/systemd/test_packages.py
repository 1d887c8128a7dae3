# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's packages: installed, used, upgraded and purged on a machine with systemd."""

import glob
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import packaged  # noqa: E402
from machine import read_until  # noqa: E402

USERS = ["/etc/group", "/etc/gshadow", "/etc/passwd", "/etc/shadow"]
RUN_TESTS = "/usr/libexec/installed-tests/rivulet/run"


class Built(unittest.TestCase):
    def test_lintian(self):
        changes = glob.glob(os.path.join(packaged.PACKAGES, "*.changes"))
        if not changes or shutil.which("lintian") is None:
            self.skipTest("there are no packages, or no lintian")
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "warning", *changes],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_program_has_its_symbols(self):
        """Where they are looked for by what the program says of itself."""
        said = subprocess.run(["dpkg-deb", "--contents", packaged.find("rivulet-dbgsym")], check=True,
                              capture_output=True, text=True).stdout
        self.assertGreater(len(re.findall(r"\.build-id/[0-9a-f]{2}/[0-9a-f]+\.debug\n", said)), 6)


@unittest.skipUnless(os.geteuid() == 0, "only root can boot a systemd")
class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = packaged.Packaged()
        cls.addClassCleanup(cls.machine.stop)

    def setUp(self):
        self.addCleanup(self.machine.purge)

    def explain(self):
        return self.machine.journal()

    def states(self):
        return [self.machine.systemctl("is-active", unit, status=None)
                for unit in ("rivulet.socket", "rivulet.service")]

    def show(self, unit, name):
        return self.machine.systemctl("show", "--value", "-p", name, unit)

    def follow(self):
        client = self.machine.follow()
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        return client

    def test_it_works_when_it_is_installed(self):
        self.machine.install_packages("rivulet", tool=("apt-get", "install", "-y"))
        self.assertEqual(self.states(), ["active", "inactive"])
        self.assertEqual(self.machine.systemctl("is-enabled", "rivulet.socket"), "enabled")
        read_until(self.follow(), "event: quota")
        self.assertEqual(self.states(), ["active", "active"])

        self.machine.systemctl("stop", "rivulet.service")
        self.machine.publish(3, user="publisher")
        self.assertEqual(self.states(), ["active", "active"])
        for program in "rivuletd", "rivulet":
            self.assertRegex(self.machine.run(program, "--version"), rf"^{program} \d")

    def test_the_secret(self):
        """One is made that root alone can read; where there is one, that stays."""
        self.machine.install_packages("rivulet")
        secret = self.machine.secret
        self.assertRegex(secret, r"^[0-9a-f]{64}$")
        self.assertEqual(self.machine.run("stat", "-c", "%a %U %G", "/etc/rivulet/secret"),
                         "600 root root\n")
        self.machine.remove()
        self.machine.install_packages("rivulet")
        self.assertEqual(self.machine.secret, secret)
        self.machine.purge()
        self.machine.install_packages("rivulet")
        self.assertNotEqual(self.machine.secret, secret)

    def test_a_secret_that_is_none(self):
        """An empty one is made anew; where none can be made, it says so, and nothing is left of that."""
        self.machine.run("install", "-D", "-m", "600", "/dev/null", "/etc/rivulet/secret")
        self.addCleanup(self.machine.run, "rm", "-f", "/usr/local/bin/od")
        self.machine.run("sh", "-c", "printf '#!/bin/sh\\nexit 1\\n' >/usr/local/bin/od && "
                         "chmod 755 /usr/local/bin/od")
        self.assertIn("no secret could be made in /etc/rivulet", self.machine.run(
            "dpkg", "--install", self.machine.path("rivulet"), status=1, patience=packaged.PATIENCE))
        self.assertEqual(self.machine.run("find", "/etc/rivulet", "-name", "*secret*", "-size", "+0"), "")
        self.assertEqual(self.machine.run("find", "/etc/rivulet", "-name", ".secret*"), "")
        self.machine.run("rm", "/usr/local/bin/od")
        self.machine.administer("dpkg", "--configure", "rivulet")
        self.assertRegex(self.machine.run("cat", "/etc/rivulet/secret"), r"^[0-9a-f]{64}$")
        self.assertEqual(self.states(), ["active", "inactive"])

    def test_an_upgrade_while_it_runs(self):
        """The socket is the same one, the daemon another, and what was accepted is there."""
        self.machine.install_packages("rivulet")
        self.machine.publish(7)
        process = self.show("rivulet.service", "MainPID")
        opened = self.show("rivulet.socket", "ActiveEnterTimestampMonotonic")
        self.machine.upgrade()
        self.assertEqual(self.machine.version(), self.machine.higher)
        self.assertEqual(self.states(), ["active", "active"])
        self.assertNotIn(self.show("rivulet.service", "MainPID"), (process, "0"))
        self.assertEqual(self.show("rivulet.socket", "ActiveEnterTimestampMonotonic"), opened)
        self.assertTrue(any('"used":7' in line for line in read_until(self.follow(), "data: ")))

    def test_an_upgrade_while_it_does_not_run(self):
        self.machine.install_packages("rivulet")
        self.machine.upgrade()
        self.assertEqual(self.states(), ["active", "inactive"])
        read_until(self.follow(), "data: ")

    def test_purged_it_leaves_nothing(self):
        """Clients that come all the time do not start what is removed."""
        before = self.machine.files()
        self.machine.install_packages("rivulet")
        self.machine.publish(1)
        self.machine.run("sh", "-c", "mkdir /etc/rivulet/rivulet.conf.d && "
                         "echo '[http]' >/etc/rivulet/rivulet.conf.d/mine.conf && "
                         "echo 0123456789abcdef >/etc/rivulet/webhook-secret && "
                         "echo '[http]' >/etc/rivulet/node-3011.conf")
        self.machine.systemctl("start", "rivulet@3011.service")
        read_until(self.follow(), "data: ")
        crowd = self.machine.start("sh", "-c", "while :; do curl -s http://127.0.0.1:3001/; done")
        self.addCleanup(crowd.stdout.close)
        self.addCleanup(crowd.wait)
        self.addCleanup(crowd.kill)

        self.machine.remove()
        self.machine.run("test", "!", "-e", "/run/rivulet")
        self.assertEqual(self.states(), ["inactive", "inactive"])
        self.assertEqual(self.machine.run("pgrep", "-u", "rivulet", status=1), "")
        for folder in "rivulet", "rivulet-3011":
            self.machine.run("test", "-f", f"/var/lib/{folder}/rivulet.db")
        self.machine.purge()
        self.assertEqual(self.machine.files() - before, set())
        self.assertEqual(self.machine.run("find", "/run", "-name", "*rivulet*", status=None), "")
        left = self.machine.run("grep", "-l", "rivulet:", *USERS)
        self.assertEqual(left.split(), USERS, "the user is left, as the documentation says")

    def test_what_is_installed_passes_its_tests(self):
        self.machine.install_packages("rivulet", "rivulet-tests")
        said = self.machine.run(RUN_TESTS, "bus", "cli", patience=packaged.PATIENCE)
        self.assertRegex(said.strip().split("\n")[-1], r"^[1-9]\d+ passed, 0 failed")
