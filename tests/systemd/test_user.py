# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user's own Rivulet: started by their systemd when somebody on the session's bus wants it."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from machine import NAME, OBJECT, Machine, read_until  # noqa: E402
from waiting import wait_until  # noqa: E402

USER = "resident"
HOME = f"/home/{USER}"


@unittest.skipUnless(os.geteuid() == 0, "only root can boot a systemd")
class User(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.stop)
        cls.machine.run("useradd", "--create-home", USER)
        cls.machine.run("sh", "-c", f"cd {HOME} && mkdir -p .config/rivulet && "
                        f"install -m 600 /etc/rivulet/secret .config/rivulet && chown -R {USER}: .config")
        cls.uid = cls.machine.run("id", "-u", USER).strip()
        cls.runtime = f"/run/user/{cls.uid}"
        cls.machine.systemctl("start", f"user@{cls.uid}.service", status=None)
        if cls.machine.systemctl("is-active", f"user@{cls.uid}.service", status=None) != "active":
            raise unittest.SkipTest("no manager of a user can be started here")
        if cls.as_user("systemctl", "--user", "is-active", "dbus.socket", status=None) != "active\n":
            raise unittest.SkipTest("users have no bus of their own here (dbus-user-session)")
        cls.as_user("systemctl", "--user", "enable", "rivulet.socket")

    @classmethod
    def environment(cls):
        return ["env", f"HOME={HOME}", f"XDG_RUNTIME_DIR={cls.runtime}",
                f"DBUS_SESSION_BUS_ADDRESS=unix:path={cls.runtime}/bus"]

    @classmethod
    def as_user(cls, *command, **more):
        return cls.machine.run(*cls.environment(), *command, user=USER, **more)

    def setUp(self):
        self.as_user("systemctl", "--user", "stop", "rivulet.service", "rivulet.socket")
        self.addCleanup(self.machine.run, "rm", "-f", f"{HOME}/.config/rivulet/rivulet.conf")

    def explain(self):
        return self.machine.run("journalctl", "--no-pager", "-q", f"_UID={self.uid}", status=None)

    def states(self):
        return self.as_user("systemctl", "--user", "is-active", "rivulet.socket", "rivulet.service",
                            status=None).split()

    def publish(self, used, **more):
        return self.as_user(
            "gdbus", "call", "--session", "--dest", NAME, "--object-path", OBJECT, "--method",
            "io.github.rivulet.Rivulet1.Publisher.Publish", "quota",
            '{"type":"quota","quota":{"used":%d,"remaining":0}}' % used, "{}", **more)

    def follow(self):
        client = self.machine.start(
            "curl", "-sN", "--unix-socket", f"{self.runtime}/rivulet/public",
            "-H", f"Authorization: Bearer {self.machine.token()}", "http://localhost/quota/stream",
            user=USER, bufsize=1)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        return client

    def test_a_publisher_starts_it(self):
        """Beside the system's, which has another state; and stopped, it is started with what it had."""
        self.machine.publish(1)
        self.assertRegex(self.publish(7), r"^\('[0-9a-f]+-\d+',\)")
        self.assertEqual(self.states(), ["active", "active"])
        client = self.follow()
        read_until(client, '"used":7')
        self.publish(8)
        read_until(client, '"used":8')
        read_until(self.machine.follow(), '"used":1')

        self.as_user("systemctl", "--user", "stop", "rivulet.service")
        self.assertEqual(self.states(), ["active", "inactive"])
        read_until(self.follow(), '"used":8')
        self.as_user("systemctl", "--user", "stop", "rivulet.socket")
        self.assertEqual(self.states(), ["inactive", "inactive"])

    def publish_in_vain(self):
        """What the command says of it."""
        said = self.as_user("rivulet", "publish", "--session", "quota", "{}", status=1)
        self.assertIn("rivuletd is not running, and did not start", said)
        self.assertIn("systemctl --user status rivulet", said)
        self.assertNotIn("again", said)

    def test_who_enabled_none_has_none(self):
        """A call over their bus starts nothing, and ends at once."""
        self.as_user("systemctl", "--user", "disable", "rivulet.socket")
        self.addCleanup(self.as_user, "systemctl", "--user", "enable", "rivulet.socket")
        self.publish_in_vain()
        self.assertEqual(self.states(), ["inactive", "inactive"])

    def test_without_a_secret(self):
        """It fails once for each call; the first call after there is one starts it."""
        secret = f"{HOME}/.config/rivulet/secret"
        self.machine.run("mv", secret, f"{secret}-away")
        self.publish_in_vain()
        self.assertEqual(self.as_user("systemctl", "--user", "show", "-p", "ActiveState", "-p",
                                      "NRestarts", "rivulet.service"),
                         "NRestarts=0\nActiveState=failed\n")
        self.machine.run("mv", f"{secret}-away", secret)
        self.assertRegex(self.publish(2), r"^\('[0-9a-f]+-\d+',\)")
        self.assertEqual(self.states(), ["active", "active"])

    def test_its_configuration_is_the_users(self):
        self.publish(1)
        self.machine.run("sh", "-c",
                         f"printf '[http]\\nnonsense=1\\n' >{HOME}/.config/rivulet/rivulet.conf")
        self.as_user("systemctl", "--user", "reload", "rivulet.service", status=1)
        self.assertEqual(self.states(), ["active", "active"])
        wait_until(lambda: f"{HOME}/.config/rivulet/rivulet.conf" in self.explain(),
                   "a complaint that names the file")

    def test_it_may_do_little(self):
        self.publish(1)
        process = self.as_user("systemctl", "--user", "show", "--value", "-p", "MainPID",
                               "rivulet.service").strip()
        status = self.machine.run("cat", f"/proc/{process}/status")
        self.assertRegex(status, r"NoNewPrivs:\s+1\n")
        self.assertRegex(status, r"Seccomp:\s+2\n")
        self.assertRegex(status, r"CapEff:\s+0{16}\n")
        mounts = self.machine.run("cat", f"/proc/{process}/mountinfo")
        self.assertRegex(mounts, r"\d+ \d+ \S+ / / ro,")
        self.assertEqual(self.machine.run("stat", "-c", "%a %U", f"{HOME}/.config/rivulet/rivulet.db",
                                          f"{HOME}/.config/rivulet/token-key"),
                         f"600 {USER}\n600 {USER}\n")

    def test_who_it_is_for(self):
        """Nobody else on the machine reaches it; the user is its operator."""
        self.publish(1)
        self.as_user("curl", "-sf", "--unix-socket", f"{self.runtime}/rivulet/operators",
                     "http://localhost/readyz")
        self.assertEqual(self.machine.run("stat", "-c", "%a %U", f"{self.runtime}/rivulet/public"),
                         f"600 {USER}\n")
        self.machine.run("curl", "-s", "--unix-socket", f"{self.runtime}/rivulet/public",
                         "http://localhost/", user="stranger", status=7)
