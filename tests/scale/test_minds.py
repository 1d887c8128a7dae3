# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers that are of different minds about what the log has in one place."""

import json

from eavesdropper import Eavesdropper
from fleet import FleetCase
from waiting import wait_until


def count_rounds(looks):
    """How often all of three messages were read again, the newest first."""
    return "".join(str(number) for asked in looks for number in asked).count("321")


class Leaders(FleetCase):
    """Another server may have another message where the one that led them had what a node was given."""

    n_servers = 3

    def look(self):
        """What is read again in the next look at the stream."""
        asked = []
        while (said := self.listener.next()).subject != "$JS.API.STREAM.INFO.rivulet":
            if said.subject == "$JS.API.STREAM.MSG.GET.rivulet":
                asked.append(json.loads(said.body)["seq"])
        return asked

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
        quiet = 0
        for _ in range(30):
            quiet = 0 if self.look() else quiet + 1
            if quiet == 5:
                break
        answer = self.fleet.servers[0].ask("$JS.API.STREAM.LEADER.STEPDOWN.rivulet")
        self.assertTrue(answer.get("success"), answer)
        looks = []
        while len(looks) < 20 and count_rounds(looks) < 3:
            looks.append(self.look())
        self.assertEqual(count_rounds(looks), 3, looks)
        self.assertGreaterEqual(len(list(filter(None, looks))), 3)


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
        position = self.fleet.put("first", "second")
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
                                 ["second", "first"])
        self.assertEqual([*epochs, self.epoch()], [epochs[0], *3 * [epochs[1]]])
        self.assertNotEqual(epochs[0], epochs[1])

    def test_a_stop_in_doubt(self):
        """Who starts next asks for what was in doubt, whatever came behind it."""
        odd = self.odd_node()
        self.forger.to_node = (b"second", b"forged")
        odd.wait_position(self.fleet.put("first", "second", "last"))
        listener = Eavesdropper(self.server, "$JS.API.STREAM.MSG.GET.rivulet")
        self.addCleanup(listener.close)
        self.forger.cut()
        for _ in range(2):
            while json.loads(listener.next().body)["seq"] != 2:
                pass
        odd.daemon.stop()
        self.forger.to_node = ()
        odd.start_again()
        odd.daemon.expect("has lost what this node had of it: all clients start afresh")
        odd.daemon.wait_for_line("has lost what this node had of it: all clients start afresh")

    def test_a_start_that_cannot_compare(self):
        """It begins, and says so."""
        self.fleet.make_stream()
        self.fleet.put("first")
        self.forger.by_node = (b"MSG.GET.rivulet ", b"MSG.GOT.rivulet ")
        odd = self.odd_node()
        odd.daemon.wait_for_line("whether the stream rivulet is what was read is not known yet: NATS: ")
        self.forger.by_node = ()

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
