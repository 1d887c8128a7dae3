# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers that are away, slow, or come back with less than they had."""

import signal
import time

import natslog
from fleet import FleetCase
from publisher import Refusal
from waiting import wait_until


class Alone(FleetCase):
    """One server."""

    def setUp(self):
        super().setUp()
        self.server = self.fleet.servers[0]
        self.nodes = [self.fleet.node(nats={"deadline-seconds": 2}) for _ in range(2)]
        for node in self.nodes:
            node.daemon.expect("the store failed")

    def test_a_server_that_is_started_again(self):
        first, second = self.nodes
        with second.follow("github-events") as client:
            client.next_of("events")
            first.new_event(1)
            self.server.kill()
            with self.assertRaises(Refusal) as caught:
                first.new_event(2)
            self.assertEqual(caught.exception.name, "StoreFailed")
            self.assertIn("push it again", str(caught.exception))
            wait_until(lambda: second.publisher.server_properties()["StoreState"] == "failed",
                       "a store that failed")
            # Streams go on meanwhile.
            with second.follow("quota") as other:
                other.next_of("quota")
            self.server.start()
            wait_until(lambda: first.publisher.server_properties()["StoreState"] == "ok",
                       "a store that is well again")
            first.new_event(3)
            names = [name for _, name in self.fetch(client, 2)]
            if names[1] == "2":  # it reached the log all the same
                names += [name for _, name in self.fetch(client, 1)]
            self.assertEqual((names[0], names[-1]), ("1", "3"))

    def test_order(self):
        """What was under way when a server went is taken in the order in which it was published."""
        node = self.fleet.node(nats={"deadline-seconds": 30})
        node.daemon.expect("the store failed")
        names = [str(number) for number in range(30)]
        updates = [("github-events", {"type": "new-event", "event": {
            "delivery_id": name, "event": "push", "repo_full_name": "a/b"}}) for name in names]

        def start_again():
            self.server.kill()
            self.server.start()

        with node.follow("github-events") as client:
            client.next_of("events")
            self.server.pause()
            node.publisher.publish_all(updates, meanwhile=start_again)
            self.assertEqual([name for _, name in self.fetch(client, len(names))], names)

    def test_a_server_that_is_paused(self):
        """What comes back in time is answered as if nothing had been, once."""
        first, second = self.nodes
        with second.follow("github-events") as client:
            client.next_of("events")
            first.new_event(1)
            self.server.pause()
            try:
                with self.assertRaises(Refusal) as caught:
                    first.new_event(2)
            finally:
                self.server.go_on()
            self.assertEqual(caught.exception.name, "StoreFailed")
            first.new_event(3)
            names = [name for _, name in self.fetch(client, 2)]
            if names[1] == "2":
                names += [name for _, name in self.fetch(client, 1)]
            self.assertEqual((names[0], names[-1]), ("1", "3"))

    def test_a_stop_while_a_server_is_paused(self):
        """What publishers wait for, and what can't be written, holds it up for a while alone."""
        first, second = self.nodes
        second.wait_position(first.new_event(1))
        self.server.pause()
        try:
            updates = [("github-events", {"type": "new-event", "event": {
                "delivery_id": str(number), "event": "push", "repo_full_name": "a/b",
                "pad": 15000 * "x"}}) for number in range(500)]
            for _, name, _ in first.publisher.publish_many(updates):
                self.assertTrue(name.endswith("StoreFailed"))
            for node in self.nodes:
                node.daemon.signal(signal.SIGTERM)
            for node in self.nodes:
                self.assertEqual(node.daemon.wait(), 0)
        finally:
            self.server.go_on()

    def lose_all(self):
        self.server.kill()
        self.server.wipe()
        self.server.start()

    def test_a_server_that_lost_all(self):
        self.check_anew(self.lose_all)

    def test_a_stream_that_was_removed(self):
        """Its checkpoints and its epoch are still there."""
        self.check_anew(lambda: self.server.ask("$JS.API.STREAM.DELETE.rivulet"))

    def check_anew(self, lose):
        """The nodes end, so that whoever watches them starts them; clients start afresh then."""
        first, second = self.nodes
        with second.follow("github-events") as client:
            client.next_of("events")
            first.new_event(1)
            last = self.fetch(client, 1)[0][0]
        lose()
        for node in self.nodes:
            self.assertEqual(node.daemon.wait(), 1)
            self.assertRegex(node.daemon.said(), "the stream rivulet (is gone|was made anew)")
            node.start_again()
            node.daemon.expect("was made anew")
        second.wait_position(first.new_event("new"))
        with second.follow("github-events", headers=[("Last-Event-ID", last)]) as client:
            event = client.next()
            self.assertEqual(event.type, "events")
            self.assertEqual([item["delivery_id"] for item in event.data["events"]], ["new"])
            self.assertNotEqual(event.id.rsplit("-", 1)[0], last.rsplit("-", 1)[0])

    def test_a_node_that_was_away_when_all_was_lost(self):
        first, second = self.nodes
        first.new_event(1)
        for node in self.nodes:
            node.daemon.stop()
        self.server.kill()
        self.server.wipe()
        self.server.start()
        first.start_again()
        first.daemon.expect("was made anew")
        second.start_again()
        second.wait_position(first.new_event(2))
        with second.follow("github-events") as client:
            events = client.next_of("events").data["events"]
            self.assertEqual([item["delivery_id"] for item in events], ["2"])

    def keep_copy(self):
        """Of what the server has, while the nodes ask for nothing."""
        for node in self.nodes:
            node.daemon.signal(signal.SIGSTOP)
        self.server.keep_copy()
        for node in self.nodes:
            node.daemon.signal(signal.SIGCONT)

    def swap_copy(self):
        self.server.kill()
        self.server.swap_copy()
        self.server.start()

    def lose_an_event(self):
        """The nodes have read a second one, and are away when the server has an older copy of its store."""
        first, _ = self.nodes
        self.keep_copy()
        position = first.new_event(2)
        for node in self.fleet.nodes:
            node.wait_position(position)
        for node in self.nodes:
            node.daemon.stop()
        self.swap_copy()

    def test_a_server_that_lost_its_end(self):
        """As when the power fails before the disk has all."""
        first, second = self.nodes
        first.new_event(1)
        self.lose_an_event()
        first.start_again()
        first.daemon.expect("has lost what this node had of it")
        first.daemon.wait_for_line("has lost what this node had of it: all clients start afresh")
        epoch = first.publisher.publish("quota", {"type": "quota", "quota": {
            "used": 1, "remaining": 1}}).rsplit("-", 1)[0]
        second.start_again()
        with second.follow("quota") as client:
            self.assertEqual(client.next_of("quota").id.rsplit("-", 1)[0], epoch)

    def test_an_end_that_was_lost_and_filled_again(self):
        """A node that comes back knows what it read last, although others have gone on without."""
        first, second = self.nodes
        second.wait_position(first.new_event(1))
        self.lose_an_event()
        third = self.fleet.node()
        for name in "another", "and one more":
            last = third.new_event(name)
        first.start_again()
        first.daemon.expect("has lost what this node had of it")
        first.daemon.wait_for_line("has lost what this node had of it: all clients start afresh")
        self.assertEqual(third.daemon.wait(), 1)
        self.assertIn("has a new epoch", third.daemon.said())
        third.start_again()
        for node in first, third:
            node.wait_position(last)

    def test_another_one_in_the_middle(self):
        """As where servers are of different minds: what comes behind it is the same."""
        first, second = self.nodes
        first.new_event("before")
        self.keep_copy()
        position = self.fleet.put("one", "behind", "last")
        for node in self.nodes:
            node.wait_position(position)
        with first.follow("github-events") as client:
            last = client.next_of("events").id
        self.swap_copy()
        self.assertEqual(self.fleet.put("another", "behind", "last"), position)
        for node in self.nodes:
            self.assertEqual(node.daemon.wait(60), 1)
            self.assertIn("the stream rivulet has lost what this node had of it", node.daemon.said())
        first.start_again()
        first.daemon.wait_for_line("has lost what this node had of it: all clients start afresh")
        first.daemon.expect("has lost what this node had of it")
        second.start_again()
        for node in self.nodes:
            with node.follow("github-events", headers=[("Last-Event-ID", last)]) as client:
                event = client.next()
            self.assertEqual(event.type, "events")
            self.assertEqual([item["delivery_id"] for item in event.data["events"]],
                             ["last", "behind", "another", "before"])

    def test_what_takes_the_place_of_a_lost_end(self):
        """A node that was there all the time serves none of it as if it came next."""
        self.nodes[0].new_event(1)
        apart = self.fleet.node()
        apart.daemon.expect("the store failed")
        with apart.follow("github-events") as client:
            client.next_of("events")
            self.lose_an_event()
            third = self.fleet.node()
            for name in "another", "and one more":
                third.new_event(name)
            self.assertEqual(apart.daemon.wait(60), 1)
            self.assertEqual([event.data["event"]["delivery_id"] for event in client.rest()], ["2"])
        self.fleet.drop(apart)

    def test_a_server_that_is_behind_for_a_while(self):
        """However many clients come meanwhile who have more, it is not taken for a loss at once."""
        first, second = self.nodes
        second.wait_position(first.new_event(1))
        self.server.keep_copy()
        last = first.publisher.publish("github-events", {"type": "new-event", "event": {
            "delivery_id": "2", "event": "push", "repo_full_name": "a/b"}})
        position = natslog.position_in(last)
        ahead = f"{last.rsplit('-', 1)[0]}-{position + 1}"
        second.wait_position(position)
        with second.follow("github-events", headers=[("Last-Event-ID", last)]) as client:
            self.server.kill()
            self.server.swap_copy()
            self.server.start()
            second.daemon.wait_for_line("the store failed")
            for _ in range(60):
                second.follow("github-events", headers=[("Last-Event-ID", ahead)]).close()
                time.sleep(0.05)  # not more often than it looks
            self.server.kill()
            self.server.swap_copy()
            self.server.start()
            wait_until(lambda: second.publisher.server_properties()["StoreState"] == "ok",
                       "a store that is well again")
            first.new_event(3)
            self.assertEqual([name for _, name in self.fetch(client, 1)], ["3"])


class Holes(FleetCase):
    def test_what_is_missing_in_the_middle(self):
        """Who has not read it does not pass over it, and says so; who has read it goes on."""
        self.fleet.make_stream()
        first = self.fleet.node()
        positions = [first.new_event(number) for number in range(3)]
        self.fleet.take_out(natslog.sequence_of(positions[1]))
        with self.assertRaisesRegex(AssertionError, "does not have all any more"):
            self.fleet.node()
        first.new_event("more")
