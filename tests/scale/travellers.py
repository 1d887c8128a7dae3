# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publishers that do not give up, and clients that go from node to node all the time."""

import threading

import natslog
import wire
from publisher import Refusal
from waiting import TimedOut


class Traveller(threading.Thread):
    """Does something again and again until it is told to stop; keeps what went wrong."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stopping = threading.Event()
        self.error = None

    def run(self):
        try:
            while not self.stopping.is_set():
                self.go()
        except BaseException as error:  # told by finish()
            self.error = error

    def go(self):
        raise NotImplementedError

    def finish(self):
        self.stopping.set()
        self.join()
        if self.error is not None:
            raise self.error


class Author(Traveller):
    """Publishes one event after the other at one node, or several at once, each until it is acknowledged."""

    def __init__(self, node, name, at_once=1):
        super().__init__()
        self.node = node
        self.name = name
        self.at_once = at_once
        self.taken = []
        self.unknown = 0  # how often it was told that nobody knows whether one was taken

    def go(self):
        delivery_ids = [f"{self.name}-{len(self.taken) + more}" for more in range(self.at_once)]
        while not self.stopping.is_set():
            try:
                self.node.new_events(delivery_ids)
            except Refusal as error:
                self.unknown += error.name == "StoreFailed"
                self.stopping.wait(0.05)
            else:
                self.taken += delivery_ids
                # Servers that come back have to get what they missed while others go on, and readers
                # as well: who falls behind by more than resume-events starts afresh.
                self.stopping.wait(0.02 * self.at_once)
                return


class Reader(Traveller):
    """Follows the events at one node after the other; `got` has (id, delivery id) of each."""

    def __init__(self, nodes, chance, name):
        super().__init__()
        self.nodes = nodes
        self.chance = chance
        self.name = name
        self.last = None
        self.got = []
        self.fresh = 0
        self.moves = 0

    def go(self):
        node = self.chance.choice(self.nodes)
        headers = [("Last-Event-ID", self.last)] if self.last else []
        self.moves += 1
        try:
            with node.follow("github-events", headers=headers) as client:
                self.follow(client, self.chance.randrange(1, 60))
        except (OSError, wire.Ended, TimedOut):
            self.stopping.wait(0.05)

    def position(self):
        """How far it is."""
        return natslog.position_in(self.last)

    def follow(self, client, count):
        while count and not self.stopping.is_set():
            event = client.next(seconds=2)
            if event.type == "events":
                self.fresh += 1
                if self.last is None:
                    self.last = event.id
            if event.type == "new-event":
                self.got.append((event.id, event.data["event"]["delivery_id"]))
                self.last = event.id
                count -= 1


def judge(authors, readers):
    """Fails where readers did not see the same, or not all that was acknowledged, once, in order.

    All of the readers are there before the first author begins.
    """
    longest = max((reader.got for reader in readers), key=len)
    for reader in readers:
        if reader.got != longest[:len(reader.got)]:
            place = next(i for i, seen in enumerate(reader.got) if seen != longest[i])
            raise AssertionError(f"{reader.name} saw {reader.got[place:place + 3]} where another "
                                 f"one saw {longest[place:place + 3]}")
        if reader.fresh > 1:
            raise AssertionError(f"{reader.name} had to start afresh {reader.fresh - 1} times")
    places = [event_id.rsplit("-", 1) for event_id, _ in longest]
    if len({epoch for epoch, _ in places}) > 1:
        raise AssertionError("there was a new epoch")
    positions = [int(position) for _, position in places]
    if any(one >= other for one, other in zip(positions, positions[1:])):
        raise AssertionError(f"positions do not ascend: {positions}")
    names = [name for _, name in longest]
    if len(set(names)) != len(names):
        raise AssertionError("an event was appended twice")
    for author in authors:
        missing = set(author.taken) - set(names)
        if missing:
            raise AssertionError(f"acknowledged to {author.name}, and not seen: {sorted(missing)}")
