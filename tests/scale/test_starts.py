# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nodes that start while servers do not answer: they wait, and can be ended."""

import contextlib
import os
import signal
import threading

import daemon
import natslog
from fleet import FleetCase
from publisher import NAME
from waiting import wait_until

LONG = {"connect-seconds": 600}
# It asks for the log's messages.
READS = b"PUB $JS.API.CONSUMER.CREATE.rivulet "


@contextlib.contextmanager
def starting(node, said):
    """While a node that was stopped starts again, and has said that it has to wait; then it serves."""
    thread = threading.Thread(target=node.start_again)
    thread.start()
    try:
        wait_until(lambda: said in node.daemon.said() or not thread.is_alive(),
                   f"a node that says: {said}")
        yield
    finally:
        thread.join()


class Alone(FleetCase):
    def test_a_log_that_cannot_be_read_yet(self):
        """It says why it does not get on, once."""
        valve = self.fleet.valve()
        node = self.fleet.node([f"nats://{valve.address}"], nats=LONG)
        for number in range(3):
            node.new_event(number)
        node.daemon.stop()
        valve.trap = b"$JS.API.CONSUMER."  # what it reads with is not made yet
        said = "reading the log, at 0 of 3, has to wait: NATS: "
        with starting(node, said):
            valve.trap = None
            valve.shut = False
        node.daemon.wait_for_line("listening on")
        self.assertEqual(node.daemon.said().count(said), 1)
        with node.follow("events-count") as client:
            self.assertEqual(client.next_of("count").data["count"], 3)

    def test_a_checkpoint_that_is_not_there_yet(self):
        valve = self.fleet.valve()
        node = self.fleet.node([f"nats://{valve.address}"], nats=LONG)
        node.daemon.stop()
        valve.trap = b'"rivulet.state.checkpoint"'  # where it looks for that
        with starting(node, "NATS: the checkpoint: Timeout; it is tried again for a while"):
            valve.trap = None
            valve.shut = False
        node.daemon.wait_for_line("listening on")


class Cluster(FleetCase):
    n_servers = 3

    def test_servers_without_a_leader(self):
        """They are asked again, as long as a node looks for servers at all."""
        wait_until(self.fleet.servers[0].has_leader, "a leader of the servers")
        node = self.fleet.node(self.fleet.urls[:1], nats=LONG)
        node.daemon.stop()
        for server in self.fleet.servers[1:]:
            server.kill()
        with starting(node, "it is tried again for a while ([nats] connect-seconds)"):
            for server in self.fleet.servers[1:]:
                server.start(self.fleet.servers)
        node.daemon.wait_for_line("listening on")
        # They may have one to choose once more.
        node.daemon.expect("the store failed")
        with node.follow("quota") as client:
            client.next_of("quota")


class Ended(FleetCase):
    """It ends by the signal, long before it would by itself, and the next one finds all in order."""

    def setUp(self):
        super().setUp()
        self.server = self.fleet.servers[0]
        self.valve = self.fleet.valve()
        self.socket = os.path.join(self.fleet.folder, "operators")
        self.node = self.fleet.node([f"nats://{self.valve.address}"], nats=LONG,
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
        self.assertEqual(self.node.new_event("after"), natslog.position_of(4))

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
