# SPDX-License-Identifier: LGPL-2.1-or-later
"""What nodes begin with that are new or were away."""

import base64
import signal

import natslog
from fleet import FleetCase, trimmed
from waiting import wait_until

OFTEN = trimmed(10, 5)


class Checkpoints(FleetCase):
    def extent(self):
        """The first and the last message of the log, as the server has it."""
        state = self.fleet.servers[0].stream("rivulet")["state"]
        return state["first_seq"], state["last_seq"]

    def fill(self, node, count, start=0):
        for number in range(start, start + count):
            node.new_event(number)

    def test_a_new_node(self):
        """The log is trimmed, and a node that comes then has all the state."""
        first = self.fleet.node(**OFTEN)
        second = self.fleet.node(**OFTEN)
        self.fill(first, 25)
        wait_until(lambda: self.extent()[0] > 10, "a log that is trimmed")
        third = self.fleet.node(**OFTEN)
        lists = []
        for node in first, second, third:
            with node.follow("github-events") as client, node.follow("events-count") as other:
                lists.append((client.next_of("events").data, other.next_of("count").data))
        self.assertEqual(lists[0][1]["count"], 25)
        self.assertEqual(len(lists[0][0]["events"]), 25)
        self.assertEqual(lists[1], lists[0])
        self.assertEqual(lists[2], lists[0])

    def test_what_has_just_been_there_stays(self):
        """For a node that gets nothing for a while, however many updates there are meanwhile."""
        node = self.fleet.node(nats={"checkpoint-updates": 10}, log={"retain-updates": 5})
        newest = 0
        for start in range(0, 50, 10):
            self.fill(node, 10, start)
            wait_until(lambda newest=newest: self.newest_sequence() > newest, "a checkpoint")
            newest = self.newest_sequence()
        self.assertEqual(self.extent()[0], 1)

    def test_nodes_that_are_started_often(self):
        """Each has read less than what stays; the log is trimmed all the same."""
        node = self.fleet.node(**trimmed(10, 50))
        for start in range(0, 120, 30):
            self.fill(node, 30, start)
            node.daemon.stop()
            node.start_again()
        first, last = self.extent()
        self.assertGreater(first, 20)
        self.assertGreaterEqual(last - first, 50)

    def test_one_writes_it(self):
        """Of several nodes; the others have the same state, or would say so."""
        nodes = [self.fleet.node(**OFTEN) for _ in range(3)]
        for number in range(40):
            nodes[number % 3].new_event(number)
        first, last = self.extent()
        # Of 40 updates, there are no more than these that asked for one.
        self.assertLessEqual(last, 40 + 4)
        wait_until(lambda: self.extent()[0] > 20, "a log that is trimmed")

    def test_ids_before_it_start_afresh(self):
        first = self.fleet.node(**OFTEN)
        first.new_event("a")
        with first.follow("github-events") as client:
            last = client.next_of("events").id
        self.fill(first, 25)
        wait_until(lambda: self.extent()[0] > 10, "a log that is trimmed")
        second = self.fleet.node(**OFTEN)
        with second.follow("github-events", headers=[("Last-Event-ID", last)]) as client:
            self.assertEqual(client.next().type, "events")
        # The node that was there all the time has what was missed.
        with first.follow("github-events", headers=[("Last-Event-ID", last)]) as client:
            self.assertEqual(client.next().type, "new-event")

    def test_a_restart(self):
        first = self.fleet.node(**OFTEN)
        self.fill(first, 25)
        wait_until(lambda: self.extent()[0] > 10, "a log that is trimmed")
        first.daemon.stop()
        first.start_again()
        position = first.new_event("next")
        with first.follow("github-events") as client:
            event = client.next_of("events")
        self.assertEqual(len(event.data["events"]), 26)
        self.assertEqual(natslog.position_in(event.id), position)

    def test_a_question_that_is_the_last(self):
        """A node that began behind it gives ids that say its place; others take them."""
        first, second = self.fleet.node(**OFTEN), self.fleet.node(**OFTEN)
        self.fill(first, 10)
        wait_until(lambda: self.extent()[1] == 11, "a checkpoint that is asked for")
        first.daemon.stop()
        first.start_again()
        with first.follow("github-events") as client:
            last = client.next_of("events").id
        self.assertEqual(natslog.position_in(last), natslog.position_of(11))
        with second.follow("github-events", headers=[("Last-Event-ID", last)]) as client:
            client.wait_retry()

    def test_a_log_without_its_beginning(self):
        first = self.fleet.node()
        self.fill(first, 5)
        first.daemon.stop()
        self.fleet.servers[0].ask("$JS.API.STREAM.PURGE.rivulet", {"seq": 4})
        with self.assertRaisesRegex(AssertionError, "begins at 4, and there is no checkpoint"):
            self.fleet.node()

    def check_killed_writer(self, said):
        """A node is killed as it says that, of its checkpoint; another writes the next."""
        valve = self.fleet.valve()
        writer = self.fleet.node([f"nats://{valve.address}"], **OFTEN)
        other = self.fleet.node(**trimmed(25, 5))
        valve.trap = said
        self.fill(other, 12)
        wait_until(lambda: valve.shut, "a checkpoint that is about to be written")
        writer.daemon.signal(signal.SIGKILL)
        writer.daemon.wait()
        valve.cut()  # what it had said, and nobody got, is lost with it
        valve.trap = None
        valve.shut = False
        last = self.fleet.servers[0].last("rivulet-state", "rivulet.state.checkpoint")
        self.assertIsNone(last)
        late = self.fleet.node(**OFTEN)
        self.fill(other, 60, 12)
        wait_until(lambda: self.extent()[0] > 20, "a log that is trimmed")
        writer.start_again()
        newest = self.fleet.node(**OFTEN)
        counts = []
        for node in writer, other, late, newest:
            node.wait_position(natslog.position_of(self.extent()[1] - 1))
            with node.follow("events-count") as count, node.follow("github-events") as events:
                counts.append((count.next_of("count").data["count"], events.next_of("events").data))
        self.assertEqual(counts[0][0], 72)
        self.assertEqual(counts[1:], counts[:1] * 3)
        # What the first one left behind is not there for ever.
        state = self.fleet.servers[0].ask("$JS.API.STREAM.INFO.rivulet-state",
                                          {"subjects_filter": "rivulet.state.chunk.>"})["state"]
        self.assertEqual(len(state["subjects"]), 2, state)

    def test_a_writer_that_is_killed_before_the_states(self):
        self.check_killed_writer(b"PUB rivulet.state.chunk.")

    def test_a_writer_that_is_killed_behind_the_states(self):
        self.check_killed_writer(b"PUB rivulet.state.checkpoint ")

    def hold_up(self, said, count):
        """A node that was held up as it said that, while another one wrote a checkpoint and published up
        to so many; returns it, and what names that checkpoint."""
        valve = self.fleet.valve()
        writer = self.fleet.node([f"nats://{valve.address}"], **OFTEN)
        writer.daemon.expect("the store failed")
        other = self.fleet.node(**trimmed(25, 5))
        valve.trap = said
        self.fill(other, 12)
        wait_until(lambda: valve.shut, f"a writer that says {said}")
        self.fill(other, count, 12)
        newest = wait_until(lambda: self.fleet.servers[0].last(
            "rivulet-state", "rivulet.state.checkpoint"), "a newer checkpoint")
        valve.trap = None
        valve.shut = False
        return writer, newest

    def test_a_writer_that_is_overtaken(self):
        """What it says late does not take the place of a newer one."""
        writer, newest = self.hold_up(b"PUB rivulet.state.checkpoint ", 60)
        writer.daemon.wait_for_line("no checkpoint was written, the next one will be")
        writer.wait_position(natslog.position_of(self.extent()[1] - 1))
        self.assertGreaterEqual(self.newest_sequence(), self.sequence_of(newest))
        late = self.fleet.node(**OFTEN)
        with late.follow("events-count") as count:
            self.assertEqual(count.next_of("count").data["count"], 72)

    def test_a_writer_that_is_far_too_late(self):
        """It finds that there is a newer one, and trims nothing behind its own."""
        # Where it looks whether there is one.
        writer, newest = self.hold_up(b'"rivulet.state.checkpoint"', 40)
        writer.daemon.wait_for_line("no checkpoint was written, the next one will be: there is one "
                                    f"at {self.sequence_of(newest)} already")
        self.assertEqual(self.extent()[0], 1)

    # ---- those that can't be read ----

    def overwrite(self, checkpoint):
        """Puts something else in the place of its states."""
        answer = self.fleet.servers[0].ask(f"rivulet.state.chunk.{checkpoint}.0", b"something")
        self.assertIn("seq", answer)

    def remove(self, checkpoint):
        server = self.fleet.servers[0]
        message = server.last("rivulet-state", f"rivulet.state.chunk.{checkpoint}.0")
        self.assertTrue(server.ask("$JS.API.STREAM.MSG.DELETE.rivulet-state",
                                   {"seq": message["seq"]})["success"])

    def check_unreadable(self, n_updates, damage, why):
        """A node has all the state nevertheless."""
        first = self.fleet.node(**OFTEN)
        self.fill(first, n_updates)
        newest = 11 * (n_updates // 10)
        wait_until(lambda: self.fleet.servers[0].last("rivulet-state", "rivulet.state.checkpoint")
                   and self.newest_sequence() == newest, f"a checkpoint at {newest}")
        wait_until(lambda: self.extent()[0] > 1 or n_updates < 20, "a log that is trimmed")
        damage(newest)
        second = self.fleet.node(**OFTEN)
        second.daemon.expect("the checkpoint at")
        second.daemon.wait_for_line(f"the checkpoint at {newest} {why}: what is before it is taken")
        with second.follow("events-count") as count, second.follow("github-events") as events:
            self.assertEqual(count.next_of("count").data["count"], n_updates)
            self.assertEqual(len(events.next_of("events").data["events"]), n_updates)

    def test_one_that_is_damaged(self):
        """The log has all from its beginning."""
        self.check_unreadable(15, self.overwrite, "is damaged")

    def test_one_that_is_damaged_behind_another(self):
        """The log was trimmed, and there is the one before."""
        self.check_unreadable(25, self.overwrite, "is damaged")

    def test_one_of_which_a_part_is_gone(self):
        self.check_unreadable(35, self.remove, "lacks a part")

    def test_none_that_is_good(self):
        first = self.fleet.node(**OFTEN)
        self.fill(first, 25)
        wait_until(lambda: self.extent()[0] > 1, "a log that is trimmed")
        for checkpoint in 11, 22:
            self.overwrite(checkpoint)
        with self.assertRaisesRegex(AssertionError, "begins at [0-9]+, and there is no checkpoint"):
            self.fleet.node(**OFTEN)

    def sequence_of(self, message):
        return int(base64.b64decode(message["data"]).split()[1])

    def newest_sequence(self):
        newest = self.fleet.servers[0].last("rivulet-state", "rivulet.state.checkpoint")
        return self.sequence_of(newest) if newest else 0
