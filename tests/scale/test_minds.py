# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers that are of different minds about what the log has in one place."""

import json

from eavesdropper import Eavesdropper
from fleet import FleetCase
from waiting import wait_until


class Leaders(FleetCase):
    """Another server may have another message where the one that led them had what a node was given."""

    n_servers = 3

    def is_close(self):
        """Whether all that was read is read again in the next look at the stream."""
        asked = []
        while (said := self.listener.next()).subject != "$JS.API.STREAM.INFO.rivulet":
            if said.subject == "$JS.API.STREAM.MSG.GET.rivulet":
                asked.append(json.loads(said.body)["seq"])
        return asked == [3, 2, 1]

    def test_another_leader(self):
        """What was read is read again, and not only once: what it had may still be under way."""
        wait_until(self.fleet.servers[0].has_leader, "a leader of the servers")
        self.fleet.make_stream()
        node = self.fleet.node()
        node.daemon.expect("the store failed")
        for number in range(3):
            node.new_event(number)
        # What has left is passed over.
        self.fleet.take_out(2)
        self.listener = Eavesdropper(self.fleet.servers[0], "$JS.API.STREAM.>")
        self.addCleanup(self.listener.close)
        looks = []
        while any(looks[-5:]) or len(looks) < 5:
            self.assertLess(len(looks), 30)
            looks.append(self.is_close())
        answer = self.fleet.servers[0].ask("$JS.API.STREAM.LEADER.STEPDOWN.rivulet")
        self.assertTrue(answer.get("success"), answer)
        # Of ten, there is one by itself.
        self.assertGreaterEqual([self.is_close() for _ in range(9)].count(True), 3)


class Minds(FleetCase):
    """A server that gives one node another message than the others have in that place."""

    def setUp(self):
        super().setUp()
        self.server = self.fleet.servers[0]
        self.forger = self.fleet.forger()

    def odd_node(self):
        node = self.fleet.node([f"nats://{self.forger.address}"], nats={"connect-seconds": 1})
        node.daemon.expect("the store failed")
        return node

    def epoch(self):
        return self.server.last("rivulet-state", "rivulet.state.epoch")["data"]

    def refuse_start(self, node, why):
        with self.assertRaisesRegex(AssertionError, why):
            node.start_again()

    def test_a_node_that_was_given_another_one(self):
        """All clients start afresh, once; it does not begin with that again."""
        odd, well = self.odd_node(), self.fleet.node()
        well.daemon.expect("has a new epoch")
        self.forger.to_node = (b"second", b"forged")
        position = self.fleet.put("first", "second", "last")
        for node in odd, well:
            node.wait_position(position)
        epochs = [self.epoch()]
        self.forger.cut()
        self.assertEqual(odd.daemon.wait(60), 1)
        self.assertIn("has lost what this node had of it: there is another message at 2",
                      odd.daemon.said())
        for _ in range(2):
            self.refuse_start(odd, "has another message at 2 than this node was given")
            epochs.append(self.epoch())
        self.assertEqual(well.daemon.wait(), 1)
        self.forger.to_node = ()
        for node in odd, well:
            node.start_again()
            with node.follow("github-events") as client:
                self.assertEqual([event["delivery_id"]
                                  for event in client.next_of("events").data["events"]],
                                 ["last", "second", "first"])
        self.assertEqual([*epochs, self.epoch()], [epochs[0], *3 * [epochs[1]]])
        self.assertNotEqual(epochs[0], epochs[1])

    def test_a_start_that_is_not_told(self):
        """What a node had is asked for until somebody answers."""
        odd = self.odd_node()
        self.forger.to_node = (b"second", b"forged")
        odd.wait_position(self.fleet.put("first", "second"))
        self.forger.to_node = ()
        odd.daemon.stop()
        self.forger.by_node = (b"MSG.GET.rivulet ", b"MSG.GOT.rivulet ")
        self.refuse_start(odd, "a message of the log: ")
        self.forger.by_node = ()
        odd.start_again()
        odd.daemon.expect("has lost what this node had of it: all clients start afresh")
        odd.daemon.wait_for_line("has lost what this node had of it: all clients start afresh")
