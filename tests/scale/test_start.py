# SPDX-License-Identifier: LGPL-2.1-or-later
"""A node that is ended while it starts, and waits for NATS."""

import os
import signal

import daemon
from fleet import FleetCase
from publisher import NAME
from waiting import wait_until

# It asks for the log's messages.
READS = b"PUB $JS.API.CONSUMER.CREATE.rivulet "


class Ended(FleetCase):
    """It ends by the signal, long before it would by itself, and the next one finds all in order."""

    def setUp(self):
        super().setUp()
        self.server = self.fleet.servers[0]
        self.valve = self.fleet.valve()
        self.socket = os.path.join(self.fleet.folder, "operators")
        self.node = self.fleet.node([f"nats://{self.valve.address}"], nats={"connect-seconds": 600},
                                    operators={"listen": f"unix:{self.socket}"})
        self.state = os.path.join(self.node.folder, "state")
        for number in range(3):
            self.node.new_event(number)
        self.node.daemon.stop()
        self.mark = os.path.join(self.state, "nats-position")
        with open(self.mark, encoding="ascii") as file:
            self.position = file.read()
        self.left = sorted(os.listdir(self.state))

    def is_locked(self):
        """Whether it holds its state, which it does before it looks for a server."""
        inode = f":{os.stat(self.mark).st_ino} "
        with open("/proc/locks", encoding="ascii") as locks:
            return any(inode in line and f" {self.node.daemon.pid} " in line for line in locks)

    def check(self, prepare):
        """`prepare` returns what says whether the one that starts then is where it is to end."""
        for number in signal.SIGINT, signal.SIGTERM:
            with self.subTest(signal=number):
                waits = prepare()
                self.node.said_earlier += self.node.daemon.said()
                self.node.daemon = daemon.Daemon(self.node.arguments, self.node.environment)
                self.addCleanup(self.node.daemon.kill)
                wait_until(lambda: self.is_locked() and waits(), "a node that waits for NATS")
                self.node.daemon.signal(number)
                self.assertEqual(self.node.daemon.wait(), -number)
                self.assertEqual(self.node.daemon.complaints(), [])
                self.check_left()

    def check_left(self):
        self.assertEqual(sorted(os.listdir(self.state)), self.left)
        with open(self.mark, encoding="ascii") as file:
            self.assertEqual(file.read(), self.position)
        self.assertFalse(os.path.exists(self.socket))
        self.assertIsNone(self.node.publisher.owner(NAME))

    def assert_starts(self):
        self.node.start_again()
        with self.node.follow("github-events") as client:
            events = client.next_of("events").data["events"]
            self.assertEqual([event["delivery_id"] for event in events], ["2", "1", "0"])
        self.assertEqual(self.node.new_event("after"), 4)

    def test_nobody_listens(self):
        self.server.kill()
        self.check(lambda: lambda: True)
        self.server.start()
        self.assert_starts()

    def test_who_listens_says_nothing(self):
        def count():
            return len(self.valve.conversations)

        def prepare():
            before = count()
            return lambda: count() > before
        self.server.pause()
        self.check(prepare)
        self.server.go_on()
        self.assert_starts()

    def test_the_log_stays_away_while_it_is_read(self):
        def let_pass():
            self.valve.trap = None
            self.valve.shut = False

        def prepare():
            let_pass()
            self.valve.trapped = b""
            self.valve.trap = READS
            return lambda: self.valve.shut
        self.check(prepare)
        let_pass()
        self.assert_starts()
