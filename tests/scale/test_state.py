# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stream beside the log, with the epoch and the checkpoints, is lost."""

import signal

from fleet import FleetCase, trimmed
from waiting import wait_until

EPOCH = "rivulet.state.epoch"
CHECKPOINT = "rivulet.state.checkpoint"
LOST = "the stream rivulet-state was removed or emptied"


class State(FleetCase):
    """Of a log that does not have its beginning any more."""

    def setUp(self):
        super().setUp()
        self.server = self.fleet.servers[0]
        self.nodes = [self.node() for _ in range(2)]
        for node in self.nodes:
            node.daemon.expect(LOST)
        for number in range(25):
            position = self.nodes[0].new_event(number)
        self.nodes[1].wait_position(position)
        wait_until(lambda: self.server.stream("rivulet")["state"]["first_seq"] > 1,
                   "a log that is trimmed")

    def node(self):
        return self.fleet.node(**trimmed(10, 5))

    def lose(self):
        self.assertTrue(self.server.ask("$JS.API.STREAM.DELETE.rivulet-state")["success"])

    def empty(self):
        self.assertTrue(self.server.ask("$JS.API.STREAM.PURGE.rivulet-state")["success"])

    def check_healing(self, lose):
        """Nodes that run put it there again; nobody is sent away, and a node that comes has all."""
        first, second = self.nodes
        epoch = self.server.last("rivulet-state", EPOCH)["data"]
        with second.follow("github-events") as client:
            client.next_of("events")
            lose()
            # nats-server 2.9.10 may crash where a stream is asked for a message while it is made.
            wait_until(lambda: any(LOST in node.daemon.said() for node in self.nodes),
                       "a node that has put it there again")
            wait_until(lambda: self.server.last("rivulet-state", CHECKPOINT), "a checkpoint")
            self.assertEqual(self.server.last("rivulet-state", EPOCH)["data"], epoch)
            first.new_event("next")
            self.assertEqual([name for _, name in self.fetch(client, 1)], ["next"])
        third = self.node()
        with third.follow("events-count") as client:
            self.assertEqual(client.next_of("count").data["count"], 26)

    def test_it_is_removed(self):
        self.check_healing(self.lose)

    def test_it_is_emptied(self):
        self.check_healing(self.empty)

    def test_a_node_that_cannot_begin(self):
        """It leaves the others what they have."""
        first, second = self.nodes
        second.daemon.stop()
        epoch = self.server.last("rivulet-state", EPOCH)["data"]
        first.daemon.signal(signal.SIGSTOP)
        try:
            self.lose()
            with self.assertRaisesRegex(AssertionError, "begins at [0-9]+, and there is no checkpo"):
                self.node()
            self.assertIsNone(self.server.last("rivulet-state", EPOCH))
        finally:
            first.daemon.signal(signal.SIGCONT)
        wait_until(lambda: self.server.last("rivulet-state", CHECKPOINT), "a checkpoint")
        self.assertEqual(self.server.last("rivulet-state", EPOCH)["data"], epoch)
        second.start_again()
        with second.follow("events-count") as client:
            self.assertEqual(client.next_of("count").data["count"], 25)
