# SPDX-License-Identifier: LGPL-2.1-or-later
"""rivulet clients, with the running daemon."""

import datetime
import json
import os
import shutil
import time
import unittest

import command
from cases import DaemonCase, FreshCase
from monitor import Monitor
from notallowed import NotAllowedCase
from privatebus import PrivateBus
from waiting import wait_until

HEAD = ["QUEUED", "SINCE", "ADDRESS", "LAST-EVENT-ID", "USER"]


class Clients(DaemonCase):
    def clients(self, *arguments, **more):
        return command.run("clients", "--session", *arguments, bus=self.rivulet.bus, **more)

    def listed(self, *arguments):
        status, out, err = self.clients("--json", *arguments)
        self.assertEqual((status, err), (0, ""))
        return [json.loads(line) for line in out.splitlines()]

    def follow_as(self, stream, *users, **more):
        """Clients that are followers already, as these users."""
        for user in users:
            self.follow(stream, user, **more).next()
        wait_until(lambda: {client["User"] for client in self.listed(stream)} >= set(users),
                   f"{users} among the clients of {stream}")

    def test_one_stream(self):
        before = time.time()
        self.follow_as("quota", "one", headers=[("Last-Event-ID", "e-12")])
        self.follow_as("posts-stats", "other")
        status, out, err = self.clients("quota", TZ="UTC")
        self.assertEqual((status, err), (0, ""))
        rows = [line.split() for line in out.splitlines()]
        self.assertEqual(rows[0], HEAD)
        row = next(row for row in rows if row[-1] == "one")
        self.assertEqual((row[:2], row[4:]), (["0", "B"], ["127.0.0.1", "e-12", "one"]))
        since = datetime.datetime.fromisoformat(f"{row[2]}T{row[3]}+00:00").timestamp()
        self.assertLess(before - 2, since)
        self.assertLess(since, time.time() + 2)
        self.assertNotIn("other", [row[-1] for row in rows])

    def test_all_streams(self):
        self.follow_as("quota", "all-1")
        self.follow_as("posts-stats", "all-2")
        streams = {client["User"]: client["Stream"] for client in self.listed()}
        self.assertEqual((streams["all-1"], streams["all-2"]), ("quota", "posts-stats"))
        _, out, _ = self.clients()
        self.assertEqual(out.splitlines()[0].split(), HEAD[:4] + ["STREAM", "USER"])
        self.assertIn(["-", "posts-stats", "all-2"],
                      [line.split()[-3:] for line in out.splitlines()])

    def test_json(self):
        before = time.time() * 1e6
        self.follow_as("quota", "json", headers=[("Last-Event-ID", "x")])
        client = next(client for client in self.listed("quota") if client["User"] == "json")
        self.assertLess(before - 1e6, client.pop("Since"))
        self.assertEqual(client, {"Stream": "quota", "User": "json", "Address": "127.0.0.1",
                                  "LastEventId": "x", "QueuedBytes": 0})

    def test_no_more_than_asked_for(self):
        self.follow_as("quota", "max-1", "max-2")
        self.follow_as("posts-stats", "max-3")
        monitor = Monitor(self.rivulet.bus)
        self.addCleanup(monitor.close)
        for arguments in ["quota"], []:
            status, out, err = self.clients("--max", "1", *arguments)
            self.assertEqual((status, out.count("\n")), (0, 2))
            self.assertEqual(err, "rivulet: there may be more of them; --max N shows more\n")
            self.assertEqual(len(self.listed("--max", "1", *arguments)), 1)
        self.assertEqual(monitor.wait_for("ListClients").get_body().unpack(), ("quota", 1))

    def test_nothing_moves_the_terminal(self):
        self.follow_as("quota", "a\x1b[2Jb\x9b\n")
        _, out, _ = self.clients("quota")
        self.assertIn("  a\\u001b[2Jb\\u009b \n", out)
        self.assertNotIn("\x1b", out + self.clients("quota", "--json")[1])

    def test_unknown_stream(self):
        status, out, err = self.clients("unheard-of")
        self.assertEqual((status, out), (1, ""))
        self.assertTrue(err.startswith("rivulet: unheard-of: "), err)
        self.assertIn("(UnknownStream)", err)

    def test_wrong_command_line(self):
        for arguments, said in ((["quota", "posts-stats"], "give one stream, or none"),
                                (["--max", "0"], "--max: 0 is not a number of clients"),
                                (["--max", "10001"], "from 1 to 10000"), (["--max", "x"], "x"),
                                ([""], "the stream's name: must not be empty"),
                                (["a\x1b"], "must not have control characters")):
            with self.subTest(arguments=arguments):
                status, out, err = self.clients(*arguments)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(said, err)
                self.assertIn("Try “rivulet clients --help”.", err)

    def test_somebody_may_be_asked(self):
        monitor = Monitor(self.rivulet.bus)
        self.addCleanup(monitor.close)
        self.assertEqual(self.clients("quota")[0], 0)
        self.assertTrue(monitor.may_ask("ListClients"))


class Slow(FreshCase):
    setting = {"config": {"clients": {"queue-bytes": 64 << 20}}}

    def test_those_with_most_queued_come_first(self):
        self.follow("quota", "quick").next()
        slow = self.follow("github-events", "slow", receive_buffer=4096)
        slow.next()
        # More than the sockets take, which is for the kernel to say.
        self.publisher.publish_all([("github-events", {"type": "new-event", "event": {
            "delivery_id": str(number), "event": "push", "repo_full_name": "x" * 16000}})
                                    for number in range(1000)])
        status, out, err = command.run("clients", "--session", bus=self.rivulet.bus)
        self.assertEqual((status, err), (0, ""))
        rows = out.splitlines()
        self.assertRegex(rows[1], r"\A *\d+\.\d MiB .* github-events +slow\Z")
        self.assertRegex(rows[2], r"\A *0 B .* quota +quick\Z")


class NobodyThere(unittest.TestCase):
    def test_it_says_so(self):
        bus = PrivateBus(self.enterContext(command.folder()))
        self.addCleanup(bus.stop)
        for arguments in ["quota"], []:
            status, out, err = command.run("clients", "--session", *arguments, bus=bus)
            self.assertEqual((status, out), (1, ""))
            self.assertIn("rivuletd is not on the session bus; start it", err)


@unittest.skipUnless(shutil.which("setpriv") and os.geteuid() == 0,
                     "only root may be rivuletd there, and call as another user")
class NotAllowed(NotAllowedCase):
    def test_what_to_do(self):
        for arguments in ["clients"], ["clients", "quota"]:
            self.assert_refused(*arguments)
