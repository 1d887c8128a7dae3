# SPDX-License-Identifier: LGPL-2.1-or-later
"""Updates that come together are one message of the log, and are told apart all the same."""

import base64
import threading

from gi.repository import GLib

import natslog
from fleet import FleetCase, new_event, trimmed
from publisher import ERROR, Publisher, Refusal
from waiting import amount, wait_until

NO_UPDATE = "what is at ([0-9]+) of the log is no update"


def delete(name):
    return {"type": "event-delete", "eventId": name}


def events(*updates):
    """Those of github-events, for everyone."""
    return [("github-events", update) for update in updates]


def extent(server):
    """The sequence numbers of the log's messages."""
    state = server.stream("rivulet")["state"]
    return range(state["first_seq"], state["last_seq"] + 1)


def read(server, sequence):
    """The updates of one message; none where it asks for a checkpoint."""
    return natslog.read(server.message("rivulet", sequence))


class MessagesCase(FleetCase):
    def setUp(self):
        super().setUp()
        self.server = self.fleet.servers[0]
        self.nodes = [self.fleet.node() for _ in range(2)]

    def follow(self, node, stream="github-events", last=None, **more):
        headers = [("Last-Event-ID", last)] if last else []
        client = node.follow(stream, headers=headers, **more)
        self.addCleanup(client.close)
        if last is None:
            client.next()
        return client

    def assert_same(self, got, wanted):
        """As assertEqual, which takes minutes to say where long lists differ."""
        self.assertEqual([pair for pair in zip(got, wanted) if pair[0] != pair[1]][:3], [])
        self.assertEqual(len(got), len(wanted))


class Together(MessagesCase):
    def publish(self, node, names):
        """Publishes events by one call; returns (id, name) of each."""
        return list(zip(node.new_events(names), names))

    def test_one_call_is_one_message(self):
        """However many it has: 1000 are, and with the next one there are two."""
        first, second = self.nodes
        clients = [self.follow(node) for node in self.nodes]
        published = []
        for sequence, count in enumerate((50, natslog.MAX_UPDATES), 1):
            published += self.publish(first, [f"{sequence}-{number}" for number in range(count)])
            self.assert_same([natslog.position_in(event_id) for event_id, _ in published[-count:]],
                             [natslog.position_of(sequence, place) for place in range(count)])
            self.assertEqual((extent(self.server)[-1], len(read(self.server, sequence))), (sequence, count))
        more = [f"more-{number}" for number in range(natslog.MAX_UPDATES + 1)]
        published += self.publish(second, more)
        self.assertEqual([len(read(self.server, sequence)) for sequence in extent(self.server)],
                         [50, 1000, 1000, 1])
        for client in clients:
            self.assert_same(self.fetch(client, len(published)), published)

    def test_a_client_that_was_cut_inside_one(self):
        """It gets the rest at another node, be that one that was there or one that reads the log."""
        published = self.publish(self.nodes[0], [str(number) for number in range(10)])
        client = self.follow(self.nodes[0])
        published += self.publish(self.nodes[0], [f"cut-{number}" for number in range(10)])
        last = self.fetch(client, 4)[-1][0]
        client.close()
        self.assertEqual(natslog.position_in(last), natslog.position_of(2, 3))
        published += self.publish(self.nodes[0], ["behind"])
        late = self.fleet.node()
        for node in self.nodes[1], late:
            node.wait_position(natslog.position_in(published[-1][0]))
            again = self.follow(node, last=last)
            self.assertEqual(self.fetch(again, 7), published[14:])

    def test_whom_each_is_for(self):
        """Users' names are theirs, whatever is in them; `*` is a name as well."""
        users = ["*", "ann", "Ann é 100%\n"]
        clients = [self.follow(self.nodes[1], subject=user) for user in users]
        answers = self.nodes[0].publisher.publish_many(
            [("github-events", new_event(name), user) for name, user in
             [("first", None), *((f"of {user}", user) for user in users), ("last", None)]])
        self.assertEqual([natslog.position_in(event_id) for event_id, _, _ in answers],
                         [natslog.position_of(1, place) for place in range(5)])
        for user, client in zip(users, clients):
            self.assertEqual([name for _, name in self.fetch(client, 3)],
                             ["first", f"of {user}", "last"])

    def test_many_publishers(self):
        """At both nodes at once, with many calls in flight: all nodes have one order of them."""
        clients = [self.follow(node) for node in self.nodes]
        count = amount(400, least=200)
        answers = {}

        def publish(node, who):
            context = GLib.MainContext.new()
            context.push_thread_default()
            publisher = Publisher(node.bus.address)
            names = [f"{who}-{number}" for number in range(count)]
            ids = publisher.publish_all(events(*map(new_event, names)))
            answers.update(zip(names, ids))
            publisher.close()
            context.pop_thread_default()

        threads = [threading.Thread(target=publish, args=(self.nodes[who % 2], who))
                   for who in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 4 * count)
        seen = [self.fetch(client, 4 * count) for client in clients]
        self.assert_same(seen[0], seen[1])
        self.assert_same(sorted((name, event_id) for event_id, name in seen[0]),
                         sorted(answers.items()))
        for who in range(4):
            names = [name for _, name in seen[0] if name.startswith(f"{who}-")]
            self.assert_same(names, [f"{who}-{number}" for number in range(count)])
        self.assertLess(len(extent(self.server)), 2 * count)


class Verdicts(MessagesCase):
    """Each update has its own."""

    def test_of_one_call(self):
        first, second = self.nodes
        clients = [self.follow(node) for node in self.nodes]
        answers = first.publisher.publish_many(events(
            new_event("a"), delete("a"), delete("a"), new_event("b"), delete("unknown"),
            new_event("c")))
        self.assertEqual([name for _, name, _ in answers],
                         ["", "", f"{ERROR}Refused", "", f"{ERROR}Refused", ""])
        for client in clients:
            got = [client.next_of("new-event", "event-delete") for _ in range(4)]
            self.assertEqual([event.id for event in got],
                             [event_id for event_id, _, _ in answers if event_id])
            self.assertEqual([event.position for event in got],
                             [natslog.position_of(1, place) for place in (0, 1, 3, 5)])
        with second.follow("github-events") as client:
            self.assertEqual([event["delivery_id"] for event in client.next().data["events"]],
                             ["c", "b"])

    def test_of_many_calls(self):
        """Who is refused shares a message with others who are not."""
        client = self.follow(self.nodes[1])
        count = 200
        updates = [new_event(str(number)) if number % 2 == 0 else delete(f"not-{number}")
                   for number in range(count)]
        answers = self.nodes[0].publisher.publish_all(events(*updates))
        taken = [(answer, str(number)) for number, answer in enumerate(answers)
                 if not isinstance(answer, Refusal)]
        self.assertEqual([name for _, name in taken], [str(n) for n in range(0, count, 2)])
        self.assertEqual(self.fetch(client, count // 2), taken)
        self.assertEqual({answer.name for answer in answers[1::2]}, {"Refused"})
        kinds = [{update.value["type"] for update in read(self.server, sequence)}
                 for sequence in extent(self.server)]
        self.assertIn({"new-event", "event-delete"}, kinds)


class Foreign(MessagesCase):
    """What no node of this version would write."""

    def setUp(self):
        super().setUp()
        for node in self.nodes:
            node.daemon.expect(NO_UPDATE)
        self.clients = [self.follow(node) for node in self.nodes]

    def put(self, body):
        """Writes a message into the log; returns its sequence number."""
        return self.server.ask(natslog.SUBJECT, body)["seq"]

    def body(self, *updates):
        return natslog.write(natslog.Update("github-events", update) for update in updates)

    def assert_seen(self, *seen):
        """By the clients of both nodes: of each event, its place and its name."""
        for client in self.clients:
            self.assert_same([(natslog.position_in(event_id), name)
                              for event_id, name in self.fetch(client, len(seen))],
                             [(natslog.position_of(*place), name) for *place, name in seen])

    def assert_said(self, node, *places):
        """It has passed over what is there, and nothing else."""
        found = node.daemon.wait_for_line(NO_UPDATE, len(places))
        self.assertEqual([int(match.group(1)) for match in found],
                         [natslog.position_of(*place) for place in places])

    def test_one_that_cannot_be_parsed(self):
        """Those beside it are applied, at their places; nodes that come later have the same."""
        sequence = self.put(self.body(new_event("before"), b'{"type":"new-ev', new_event("behind")))
        self.nodes[0].new_event("next")
        self.assert_seen((sequence, 0, "before"), (sequence, 2, "behind"), (sequence + 1, 0, "next"))
        for node in self.nodes:
            self.assert_said(node, (sequence, 1))
        self.nodes[1].daemon.stop()
        self.nodes[1].start_again()
        for node in self.nodes[1], self.fleet.node():
            node.daemon.expect(NO_UPDATE)
            self.assert_said(node, (sequence, 1))
            with node.follow("github-events") as client:
                event = client.next()
                self.assertEqual([item["delivery_id"] for item in event.data["events"]],
                                 ["next", "behind", "before"])
                self.assertEqual(event.position, natslog.position_of(sequence + 1))

    def test_what_is_passed_over_as_a_whole(self):
        good = self.body(new_event("no-1"), new_event("no-2"))
        whole = [
            good[:-1],
            good[:-10],
            good + b"github-events",
            good + good.partition(b"\n")[0] + b"\n",
            good.replace(b" * ", b" %FF ", 1),
            good.replace(b" * ", b" ", 1),
            b"\n" + good,
            b"",
            self.body(*(new_event(f"no-{number}") for number in range(natslog.MAX_UPDATES + 1))),
        ]
        sequences = [self.put(body) for body in whole]
        self.nodes[1].new_event("next")
        self.assert_seen((sequences[-1] + 1, 0, "next"))
        for node in self.nodes:
            self.assert_said(node, *((sequence, 0) for sequence in sequences))

    def test_as_many_as_there_may_be(self):
        names = [str(number) for number in range(natslog.MAX_UPDATES)]
        sequence = self.put(self.body(*map(new_event, names)))
        self.assert_seen(*((sequence, place, name) for place, name in enumerate(names)))


class Large(MessagesCase):
    # Two of them have room in a message that the servers take, and three have not.
    BYTES = 900_000

    def test_more_than_a_message_may_have(self):
        """What one call publishes is in several then, in its order."""
        client = self.follow(self.nodes[1])
        quota = self.follow(self.nodes[1], "quota")
        updates = []
        for number in range(4):
            updates += [
                *events(new_event(str(number))),
                ("quota", {"type": "quota", "quota": {"used": number, "remaining": 0},
                           "note": "x" * self.BYTES}),
            ]
        answers = self.nodes[0].publisher.publish_many(updates)
        self.assertEqual([name for _, name, _ in answers], [""] * len(updates))
        positions = [natslog.position_in(event_id) for event_id, _, _ in answers]
        self.assertEqual(positions, sorted(set(positions)))
        self.assertEqual([natslog.sequence_of(position) for position in positions],
                         [1, 1, 1, 1, 1, 2, 2, 2])
        self.assertEqual(self.fetch(client, 4),
                         [(event_id, str(number))
                          for number, (event_id, _, _) in enumerate(answers[::2])])
        seen = quota.until(lambda event: event.data["quota"]["used"] == 3, "the last one")
        self.assertEqual(seen[-1].id, answers[-1][0])


class Small(FleetCase):
    """A stream that somebody made, which takes no messages as large as the servers do."""

    BYTES = 1_200_000

    def test_no_more_than_it_takes(self):
        server = self.fleet.servers[0]
        self.assertNotIn("error", server.ask("$JS.API.STREAM.CREATE.rivulet", {
            "name": "rivulet", "subjects": ["rivulet.log.>"], "storage": "file",
            "duplicate_window": 120 * 10**9, "max_msg_size": self.BYTES}))
        updates = [("github-events", {**new_event(str(number)), "note": 15000 * "x"})
                   for number in range(100)]
        answers = self.fleet.node().publisher.publish_many(updates)
        self.assertEqual([name for _, name, _ in answers], [""] * len(updates))
        sequences = [natslog.sequence_of(natslog.position_in(event_id)) for event_id, _, _ in answers]
        self.assertEqual((sequences[0], sequences[-1]), (1, 2))


class Counted(FleetCase):
    """Checkpoints are due, and updates stay in the log, by the number of updates."""

    IN_A_MESSAGE = 30
    MESSAGES = 4  # for a checkpoint
    RETAINED = 140  # of five messages, with that which asked for the checkpoint before among them

    def setUp(self):
        super().setUp()
        self.server = self.fleet.servers[0]
        self.nodes = [self.node() for _ in range(2)]
        self.count = 0

    def node(self):
        return self.fleet.node(**trimmed(self.IN_A_MESSAGE * self.MESSAGES - 10, self.RETAINED))

    def publish(self):
        names = [str(self.count + number) for number in range(self.IN_A_MESSAGE)]
        self.nodes[0].new_events(names)
        self.count += len(names)

    def newest(self):
        """The sequence number of the message that asked for the newest checkpoint; 0 for none."""
        message = self.server.last("rivulet-state", "rivulet.state.checkpoint")
        return int(base64.b64decode(message["data"]).split()[1]) if message else 0

    def fill(self):
        """Publishes what a checkpoint is due after, and waits for that."""
        before = self.newest()
        for _ in range(self.MESSAGES):
            self.publish()
        wait_until(lambda: self.newest() > before, "a checkpoint")
        self.assertEqual(self.newest(), before + self.MESSAGES + 1)

    def test_few_messages_with_many_updates(self):
        self.fill()
        for first in 4, 9:
            self.fill()
            wait_until(lambda first=first: extent(self.server)[0] >= first, "a log that is trimmed")
            kept = [len(read(self.server, sequence)) for sequence in extent(self.server)]
            self.assertGreaterEqual(sum(kept), self.RETAINED)
            self.assertLess(sum(kept[1:]), self.RETAINED)
        with self.node().follow("events-count") as client:
            self.assertEqual(client.next_of("count").data["count"], self.count)
