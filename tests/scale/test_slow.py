# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nodes that are slow, late, or killed all at once; and clients that all move at once."""

import re
import select
import signal
import threading

import natslog
from fleet import FleetCase, trimmed
from relay import Relay
from travellers import Author
from waiting import amount, wait_until

# A node reads no further ahead of what it has applied.
MAX_AHEAD = 16384
FAR_BEHIND = MAX_AHEAD + 1000


class Narrow(Relay):
    """A way to a server by which little comes at a time, as long as it is narrow."""

    BYTES = 512
    SECONDS = 0.01

    narrow = True

    def _pass(self, conversation, side):
        if not self.narrow:
            super()._pass(conversation, side)
            return
        select.select([], [], [], self.SECONDS)
        other = conversation.sockets[side]
        try:
            data = side.recv(self.BYTES)
            other.sendall(data)
        except OSError:
            data = b""
        if not data:
            super()._pass(conversation, side)


def many(count):
    return [("github-events", {"type": "new-event", "event": {
        "delivery_id": str(number), "event": "push", "repo_full_name": "a/b"}})
        for number in range(count)]


class Slow(FleetCase):
    def follow(self, node):
        client = node.follow("github-events")
        self.addCleanup(client.close)
        client.next_of("events")
        return client

    def publish(self, node, count):
        """Publishes many; returns the last one's position."""
        ids = node.publisher.publish_all(many(count))
        self.assertEqual([item for item in ids if not isinstance(item, str)], [])
        return max(natslog.position_in(item) for item in ids)

    def test_a_stopped_node(self):
        """It stands still, with more to be read than it may read ahead; the others don't notice."""
        no_checkpoint = {"nats": {"checkpoint-updates": 10 * FAR_BEHIND}}
        quick, slow = (self.fleet.node(**no_checkpoint) for _ in range(2))
        clients = [self.follow(quick), self.follow(slow)]
        slow.daemon.expect("the store failed")
        slow.daemon.signal(signal.SIGSTOP)
        try:
            position = self.publish(quick, FAR_BEHIND)
            got = self.fetch(clients[0], FAR_BEHIND)
        finally:
            slow.daemon.signal(signal.SIGCONT)
        slow.wait_position(position)
        self.assertEqual(self.fetch(clients[1], FAR_BEHIND), got)
        self.assertEqual(len({name for _, name in got}), FAR_BEHIND)
        # One that was not there at all reads it all before it serves.
        late = self.fleet.node(**no_checkpoint)
        self.assertEqual(late.publisher.server_properties()["LogPosition"], position)

    def test_a_narrow_way(self):
        narrow = Narrow(self.fleet.servers[0].address)
        self.fleet.ways.append(narrow)
        quick = self.fleet.node(nats={"node": "quick"})
        slow = self.fleet.node([f"nats://{narrow.address}"], nats={"node": "slow"})
        slow.daemon.expect("the store failed")
        clients = [self.follow(quick), self.follow(slow)]
        count = 3000
        position = self.publish(quick, count)
        got = self.fetch(clients[0], count)
        # What it asks is answered too late behind all that. It gets on, if slowly.
        slow.daemon.wait_for_line("the store failed")
        reached = slow.publisher.stream_properties("github-events")["Position"]
        wait_until(lambda: re.search(r"\n +slow, at [0-9]+, [0-9]+ messages? behind\n",
                                     quick.status()), "a node that is told to be behind")
        slow.wait_position(reached + 1)
        self.assertLess(slow.publisher.stream_properties("github-events")["Position"], position)
        narrow.narrow = False
        slow.wait_position(position)
        wait_until(lambda: f" slow, at {position}\n" in quick.status(), "a node that caught up")
        self.assertEqual(self.fetch(clients[1], count), got)
        slow.new_event("its own")
        self.assertEqual(self.fetch(clients[0], 1)[0][1], "its own")


class Often(FleetCase):
    """Checkpoints are made all the time, and the log is trimmed behind them."""

    def node(self, **more):
        return self.fleet.node(**trimmed(50, 20), **more)

    def see(self, node, position):
        """What whoever comes is shown at a node that is there."""
        node.wait_position(position)
        with node.follow("github-events") as events, node.follow("events-count") as count:
            event = events.next_of("events")
            return event.id, event.data, count.next_of("count").data["count"]

    def test_a_new_node_while_updates_flow(self):
        nodes = [self.node(), self.node()]
        authors = [Author(node, f"author-{k}") for k, node in enumerate(nodes)]
        for author in authors:
            author.start()
        try:
            for _ in range(3):
                before = [len(author.taken) for author in authors]
                wait_until(lambda: all(len(author.taken) >= start + 60
                                       for author, start in zip(authors, before)), "more updates")
                nodes.append(self.node())
        finally:
            for author in authors:
                author.finish()
        position = nodes[0].new_event("last")
        seen = [self.see(node, position) for node in nodes]
        for other in seen[1:]:
            self.assertEqual(other, seen[0])
        self.assertEqual(seen[0][2], sum(len(author.taken) for author in authors) + 1)

    def test_all_killed_at_once(self):
        nodes = [self.node() for _ in range(3)]
        clients = []
        for node in nodes:
            clients.append(node.follow("github-events"))
            self.addCleanup(clients[-1].close)
            clients[-1].next_of("events")
        taken = [nodes[number % 3].new_event(number) for number in range(70)]
        got = [self.fetch(client, 70) for client in clients]
        self.assertEqual(got[1:], got[:1] * 2)
        for node in nodes:
            node.daemon.signal(signal.SIGKILL)
        for node in nodes:
            node.daemon.wait()
        starting = [threading.Thread(target=node.start_again) for node in nodes]
        for thread in starting:
            thread.start()
        for thread in starting:
            thread.join()
        position = nodes[1].new_event("after")
        self.assertGreater(position, taken[-1])
        seen = [self.see(node, position) for node in nodes]
        self.assertEqual(seen[1:], seen[:1] * 2)
        self.assertEqual(seen[0][2], 71)
        # Whoever was there goes on at another one.
        for number, node in enumerate(nodes):
            with node.follow("github-events", headers=[
                    ("Last-Event-ID", got[number - 1][-1][0])]) as client:
                event = client.next()
                self.assertEqual((event.type, event.data["event"]["delivery_id"]),
                                 ("new-event", "after"))

    def test_ids_from_before_everything(self):
        """Of another log, or of a place that nobody has any more: they start afresh."""
        first = self.node()
        for number in range(120):
            position = first.new_event(number)
        wait_until(lambda: self.fleet.servers[0].stream("rivulet")["state"]["first_seq"] > 50,
                   "a log that is trimmed")
        late = self.node()
        epoch, position = self.see(late, position)[0].rsplit("-", 1)
        for last in (f"{epoch}-0", f"{epoch}-{natslog.position_of(1)}", "0123456789abcdef-7", f"0123456789abcdef-{position}",
                     "older-999999", "nonsense"):
            with late.follow("github-events", headers=[("Last-Event-ID", last)]) as client:
                event = client.next()
                self.assertEqual((event.type, len(event.data["events"])), ("events", 50), last)

    def test_clients_that_all_move(self):
        """At first to nodes that are behind them, and then back and forth while events come."""
        valve = self.fleet.valve()
        nodes = [self.node(), *(self.node(urls=[f"nats://{valve.address}"]) for _ in range(2))]
        for node in nodes[1:]:
            node.daemon.expect("the store failed")
        author = Author(nodes[0], "author")
        count = amount(100)
        clients = [self.start(nodes[0]) for _ in range(count)]
        for client in clients:
            client.next_of("events")
        valve.shut = True
        author.start()
        seen = [[] for _ in clients]
        try:
            for turn in range(1, 5):
                for number, client in enumerate(clients):
                    seen[number] += self.fetch(client, 5)
                    afresh = [event for event in client.events if event.type == "events"]
                    self.assertEqual(len(afresh), 1 if turn == 1 else 0)
                    client.close()
                clients = [self.start(nodes[(turn + number) % 3], seen[number][-1][0])
                           for number in range(count)]
                if valve.shut:
                    for number, node in enumerate(nodes):
                        self.wait_connections(node, len(clients[(number - 1) % 3::3]))
                    valve.shut = False
        finally:
            valve.shut = False
            author.finish()
        for one in seen:
            self.assertEqual([name for _, name in one],
                             [f"author-{number}" for number in range(20)])
            self.assertEqual(one, seen[0])

    def start(self, node, last=None):
        client = node.follow("github-events", headers=[("Last-Event-ID", last)] if last else [])
        self.addCleanup(client.close)
        return client
