# SPDX-License-Identifier: LGPL-2.1-or-later
"""rivulet revoke, with the running daemon."""

import os
import shutil
import signal
import unittest

import command
from cases import DaemonCase, FreshCase
from command import Command
from monitor import Monitor
from notallowed import NotAllowedCase
from privatebus import PrivateBus


class Revoke(DaemonCase):
    def revoke(self, *arguments, **more):
        return command.run("revoke", "--session", *arguments, bus=self.rivulet.bus, **more)

    def test_a_user(self):
        theirs, others = self.follow("quota", "theirs"), self.follow("quota", "others")
        token = self.rivulet.token("theirs")
        for client in theirs, others:
            client.next()
        self.assertEqual(self.revoke("theirs"), (
            0, "theirs: all streams are ended, and tokens issued until now are refused\n", ""))
        theirs.rest()
        self.assertEqual(self.rivulet.get(f"/quota/stream?token={token}").status, 401)
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": 7, "remaining": 0}})
        self.assertEqual(others.next().data["quota"]["used"], 7)

    def test_wrong_command_line(self):
        for arguments, said in (([], "whose tokens?"), (["a", "b"], "whose tokens?"),
                                ([""], "the user: must not be empty"),
                                (["a\x1b[2J"], "the user: must not have control characters"),
                                ([b"\xff"], "the user: must be UTF-8"),
                                (["a", "--system"], "only one of")):
            with self.subTest(arguments=arguments):
                status, out, err = self.revoke(*arguments)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(said, err)
                self.assertIn("Try “rivulet revoke --help”.", err)

    def test_no_such_user(self):
        status, out, err = self.revoke("x" * 1025)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("must be a user's name of 1 to 1024 bytes", err)
        self.assertNotIn("revoke them again", err)

    def test_somebody_may_be_asked(self):
        monitor = Monitor(self.rivulet.bus)
        self.addCleanup(monitor.close)
        self.assertEqual(self.revoke("nobody")[0], 0)
        self.assertTrue(monitor.may_ask("Revoke"))


class NoAnswer(FreshCase):
    def test_it_may_be_done(self):
        monitor = Monitor(self.rivulet.bus)
        self.addCleanup(monitor.close)
        self.rivulet.daemon.signal(signal.SIGSTOP)
        revoke = Command("revoke", "42", "--session", bus=self.rivulet.bus)
        self.addCleanup(revoke.close)
        monitor.wait_for("Revoke")
        self.rivulet.daemon.kill()
        self.assertEqual(revoke.wait(), 1)
        said = revoke.errors.all()
        self.assertTrue(said.startswith("rivulet: 42: "), said)
        self.assertIn("revoke them again", said)
        self.rivulet.start_again()


class NobodyThere(unittest.TestCase):
    def test_it_says_so(self):
        bus = PrivateBus(self.enterContext(command.folder()))
        self.addCleanup(bus.stop)
        status, out, err = command.run("revoke", "42", "--session", bus=bus)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("42: rivuletd is not on the session bus; start it", err)


@unittest.skipUnless(shutil.which("setpriv") and os.geteuid() == 0,
                     "only root may be rivuletd there, and call as another user")
class NotAllowed(NotAllowedCase):
    def test_what_to_do(self):
        self.assertNotIn("revoke them again", self.assert_refused("revoke", "42"))

    def test_root_is(self):
        status, _, err = command.run("revoke", "--system", "42",
                                     DBUS_SYSTEM_BUS_ADDRESS=self.bus.address)
        self.assertEqual((status, err), (0, ""))
