# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who published goes into the log; on a session's bus, nobody but its user is served."""

import os
import re
import shutil
import subprocess
import unittest

from gi.repository import GLib

from cases import DaemonCase, FreshCase
from privatebus import TO_ALL, PrivateBus
from publisher import MANAGER, NAME, PATH, PUBLISHER, Publisher, Refusal
from waiting import Deadline


def quota(used):
    return {"type": "quota", "quota": {"used": used, "remaining": 0}}


def myself():
    return f"by uid {os.getuid()}, pid {os.getpid()}"


class Refused(DaemonCase):
    """As it comes: refused updates are told of, accepted ones are not."""

    def assert_said(self, text, count=1):
        self.rivulet.daemon.wait_for_line(re.escape(text), count, self.said_before)

    def said(self):
        """All of it: what is refused here is told of last."""
        self.refuse(quota(-77), "the last one")
        self.assert_said("an update for the last one was refused")
        return self.rivulet.daemon.said(self.said_before)

    def refuse(self, update, audience=None, stream="quota"):
        with self.assertRaises(Refusal) as caught:
            self.publisher.publish(stream, update, audience)
        return caught.exception.message

    def test_for_its_shape(self):
        why = self.refuse(quota(-1))
        self.assert_said(f"quota: an update was refused: {why}, {myself()}")

    def test_for_one_user(self):
        why = self.refuse(quota(-1), "jo\u202e\n")
        self.assert_said(f"quota: an update for jo\\u202e\\u000a was refused: {why}, {myself()}")

    def test_of_no_stream(self):
        self.refuse({}, stream="nothing\n")
        self.assert_said("nothing\\u000a: an update was refused: ")

    def test_for_what_it_changes(self):
        why = self.refuse({"type": "event-delete", "eventId": "never"}, stream="github-events")
        self.assert_said(f"github-events: an update was refused: {why}, {myself()}")

    def test_for_its_options(self):
        with self.assertRaises(Refusal):
            self.publisher.publish("quota", quota(1), options={"to": GLib.Variant("s", "x")})
        self.assert_said("quota: an update was refused: option to: unknown")

    def test_some_of_many(self):
        unknown = {"type": "event-delete", "eventId": "never"}
        self.publisher.publish_many([("quota", quota(1)), ("github-events", unknown),
                                     ("github-events", unknown)])
        said = self.said()
        self.assertEqual(said.count("github-events: an update was refused: "), 2)
        self.assertNotIn("quota: an update was", said)

    def test_most_of_very_many(self):
        """Of each call so much that it can't fill the log."""
        unknown = {"type": "event-delete", "eventId": "never"}
        self.publisher.publish_many([("github-events", unknown)] * 250)
        self.assert_said(f"and 150 more updates of the same call, {myself()}")
        self.assertEqual(self.said().count("an update was refused: "), 100)

    def test_all_of_many(self):
        with self.assertRaises(Refusal) as caught:
            self.publisher.publish_many([("quota", quota(1)), ("quota", quota(-1))])
        self.assertIn("updates[1]", caught.exception.message)
        self.assert_said(f"a call of 2 updates was refused: {caught.exception.message}, {myself()}")
        self.assertNotIn("an update was refused", self.said())

    def test_accepted_ones_are_not_told(self):
        self.publisher.publish("quota", quota(5))
        self.assertEqual(self.said().count("an update"), 1)

    def test_of_another_process(self):
        """Of one that is gone when it is answered, too: who it was is known before."""
        process = subprocess.Popen(
            ["gdbus", "call", "--address", self.rivulet.bus.address, "--dest", NAME,
             "--object-path", PATH, "--method", f"{PUBLISHER}.Publish", "quota", "{}", "{}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.assertEqual(process.wait(Deadline("gdbus").left()), 1)
        self.rivulet.daemon.wait_for_line(rf"refused: .*, by uid {os.getuid()}, pid {process.pid}$",
                                          start=self.said_before)


class Many(FreshCase):
    def test_they_do_not_fill_the_log(self):
        """However many are refused; that there were more is told when there is room again."""
        results = self.publisher.publish_all([("quota", quota(-1))] * 700)
        self.assertEqual({result.name for result in results}, {"InvalidUpdate"})
        self.rivulet.daemon.stop()
        self.assertEqual(self.rivulet.daemon.said().count("an update was refused"), 500)


class Accepted(DaemonCase):
    setting = {"config": {"hub": {"log-accepted": "true"}}}

    def test_each_is_told(self):
        event_id = self.publisher.publish("quota", quota(5), "jo")
        self.rivulet.daemon.wait_for_line(
            f"quota: an update for jo was accepted as {event_id}, {myself()}",
            start=self.said_before)

    def test_beside_refused_ones(self):
        unknown = {"type": "event-delete", "eventId": "never"}
        rows = self.publisher.publish_many([("quota", quota(1)), ("github-events", unknown)])
        for line in (f"quota: an update was accepted as {rows[0][0]}, {myself()}",
                     f"github-events: an update was refused: {re.escape(rows[1][2])}, {myself()}"):
            self.rivulet.daemon.wait_for_line(line, start=self.said_before)


class AnotherBus(FreshCase):
    def test_names_are_given_anew(self):
        """After a new bus has come, the name of one that was known is another's."""
        self.rivulet.daemon.expect(r"(?i)bus|name")
        publish = ["gdbus", "call", "--dest", NAME, "--object-path", PATH, "--method",
                   f"{PUBLISHER}.Publish", "quota", "{}", "{}", "--address"]
        seen = set()
        for _ in range(3):
            self.publisher.close()
            self.rivulet.bus.stop()
            self.rivulet.bus.start()
            self.publisher = self.rivulet.publisher = Publisher(self.rivulet.bus.address)
            self.publisher.wait_owner()
            for _ in range(8):
                process = subprocess.Popen([*publish, self.rivulet.bus.address],
                                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL)
                process.wait(Deadline("gdbus").left())
                self.rivulet.daemon.wait_for_line(f"pid {process.pid}$")
                seen.add(process.pid)
        self.assertEqual(len(seen), 24)


@unittest.skipUnless(shutil.which("setpriv") and os.geteuid() == 0,
                     "only root can call as another user")
class OthersOnASessionBus(FreshCase):
    def setUp(self):
        super().setUp()
        os.chmod(self.rivulet.folder, 0o755)
        self.publisher.close()
        self.rivulet.daemon.expect(r"(?i)bus|name")
        self.rivulet.bus.stop()
        self.rivulet.bus = PrivateBus(self.rivulet.folder, policy=TO_ALL)
        self.publisher = self.rivulet.publisher = Publisher(self.rivulet.bus.address)
        self.publisher.wait_owner()

    def call_as(self, user, method, *arguments):
        return subprocess.run(
            ["setpriv", "--reuid", user, "--clear-groups", "gdbus", "call", "--address",
             self.rivulet.bus.address, "--dest", NAME, "--object-path", PATH, "--method", method,
             *arguments], capture_output=True, text=True, check=False,
            timeout=Deadline("gdbus").left(), env={**os.environ, "LC_ALL": "C.UTF-8"})

    def test_nothing_is_done(self):
        before = self.publisher.publish("quota", quota(1))
        for method, arguments in (
                (f"{PUBLISHER}.Publish", ["quota", '{"type":"quota","quota":{"used":9,"remaining":0}}',
                                          "@a{sv} {}"]),
                (f"{PUBLISHER}.PublishMany", ["@a(ssa{sv}) []"]),
                (f"{PUBLISHER}.IssueToken", ["42", "['quota']", "uint32 60"]),
                (f"{MANAGER}.ListClients", ["quota", "uint32 10"]),
                (f"{MANAGER}.Revoke", ["42"]), (f"{MANAGER}.Reload", [])):
            with self.subTest(method=method):
                done = self.call_as("nobody", method, *arguments)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn("Rivulet1.Error.NotAuthorized", done.stderr)
                self.assertIn("for the session's user", done.stderr)
        after = self.publisher.publish("quota", quota(1))
        self.assertEqual(int(after.rsplit("-", 1)[1]) - int(before.rsplit("-", 1)[1]), 1)
        self.rivulet.daemon.wait_for_line(r"Revoke was refused to uid \d+, pid \d+: ")

    def test_refusals_do_not_fill_the_log(self):
        for _ in range(30):
            self.assertEqual(self.call_as("nobody", f"{MANAGER}.Reload").returncode, 1)
        self.assertLess(self.rivulet.daemon.said().count("Reload was refused"), 30)
        self.assertGreaterEqual(self.rivulet.daemon.said().count("Reload was refused"), 20)


class Revoking(FreshCase):
    def test_it_is_told_by_whom(self):
        self.publisher.call(MANAGER, "Revoke", GLib.Variant("(s)", ("jo",)))
        self.rivulet.daemon.wait_for_line(f"the tokens of “jo” were revoked, {myself()}")
