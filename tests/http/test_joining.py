# SPDX-License-Identifier: LGPL-2.1-or-later
"""Joining while others publish: everything after the first view, once and in order."""

import random
import threading

from cases import FreshCase
from publisher import Publisher, Refusal
from replay import History
from waiting import amount


def event(number):
    return {"delivery_id": str(number), "event": "push", "repo_full_name": "user/repo",
            "received_at": f"2024-01-01T00:00:00.{number % 1000000:06}Z"}


class Writer(threading.Thread):
    """Publishes events, changes and deletions without a pause until it is told to stop."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.publisher = Publisher(address)
        self.random = random.Random("joining")
        self.stopping = threading.Event()
        self.history = History()
        self.error = None
        self.number = 0

    def updates(self):
        """A few updates of one stream, as many as one call takes."""
        made = []
        for _ in range(self.random.randrange(1, 6)):
            self.number += 1
            update = {"type": "new-event", "event": event(self.number)}
            older = str(max(1, self.number - self.random.randrange(1, 60)))
            kind = self.random.random()
            if kind < 0.05:
                update = {"type": "event-update", "event": {"delivery_id": older, "n": self.number}}
            elif kind < 0.08:
                update = {"type": "event-delete", "eventId": older}
            made.append(("github-events", update, self.random.choice([None, None, "42", "43"])))
        return made

    def run(self):
        try:
            while not self.stopping.is_set():
                updates = self.updates()
                for update, (event_id, name, _) in zip(updates,
                                                       self.publisher.publish_many(updates)):
                    if not name:
                        self.history.add(event_id, *update)
        except (Refusal, AssertionError) as error:
            self.error = error

    def stop(self):
        self.stopping.set()
        self.join()
        self.publisher.close()


class Joining(FreshCase):
    def test_2000_joins_at_random_moments(self):
        writer = Writer(self.rivulet.bus.address)
        writer.start()
        clients = []
        chance = random.Random(2000)
        try:
            open_clients = []
            for number in range(amount(2000, 100)):
                stream = chance.choice(["github-events"] * 9 + ["events-count"])
                count = 1 if stream == "events-count" else chance.randrange(1, 12)
                user = chance.choice(["42", "43", "44"])
                client = self.rivulet.follow(stream, user,
                                             version=chance.choice(["1.1", "1.1", "1.0"]))
                open_clients.append((stream, user, client, count))
                while len(open_clients) > chance.randrange(8):
                    self.leave(clients, *open_clients.pop(chance.randrange(len(open_clients))))
            for entry in open_clients:
                self.leave(clients, *entry)
        finally:
            writer.stop()
        self.assertIsNone(writer.error)
        for _, _, events in clients:
            self.assertIn(events[0].type, ("events", "count"))
            for later in events[1:]:
                self.assertNotEqual(later.type, "events")
        writer.history.verify(clients)

    def leave(self, clients, stream, user, client, count):
        try:
            client.take(count)
        finally:
            client.close()
        clients.append((stream, user, client.events))
