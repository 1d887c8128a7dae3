# SPDX-License-Identifier: LGPL-2.1-or-later
"""50 users on all streams, against the model: no user ever gets another user's data."""

import datetime
import random

from cases import FreshCase
from eventstream import INITIAL
from publisher import Refusal
from replay import History
from waiting import amount

UPDATE_OF = {"events": "events-update", "stats": "stats-update", "count": "count",
             "posts-by-status": "posts-update", "quota": "quota-update"}
START = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)


class Source:
    """Random updates of all kinds, right ones and such that cannot be applied."""

    def __init__(self, seed, users):
        self.random = random.Random(seed)
        self.audiences = [None, None, *users]
        self.clock = 0

    def time(self):
        """An instant that none had before."""
        self.clock += 1
        instant = START + datetime.timedelta(
            seconds=self.random.randrange(100000), microseconds=self.clock)
        return instant.isoformat().replace("+00:00", "Z")

    def event(self, number):
        event = {"delivery_id": f"d{number}", "event": self.random.choice(["push", "issues"]),
                 "repo_full_name": "user/repo", "received_at": self.time(),
                 "text": "é\"\\\n" * self.random.randrange(4)}
        if self.random.random() < 0.5:
            event["status"] = self.random.choice(["pending", "processed", "failed"])
        return event

    def post(self, number):
        return {"id": self.random.choice([number, str(number)]), "createdAt": self.time(),
                "status": self.random.choice(["draft", "ready", "scheduled", "published", "failed"]),
                "title": f"Post {number}"}

    def number(self):
        return self.random.randrange(12)

    def update(self):
        """(stream, update, audience)"""
        audience = self.random.choice(self.audiences)
        make = self.random.choices(
            [self.new_event, self.event_update, self.event_delete, self.events, self.one_post,
             self.post_delete, self.posts, self.stats, self.quota, self.count],
            [8, 4, 2, 1, 8, 3, 1, 1, 4, 1])[0]
        stream, update = make()
        return stream, update, audience

    def new_event(self):
        return "github-events", {"type": "new-event", "event": self.event(self.number())}

    def event_update(self):
        change = {"delivery_id": f"d{self.number()}", "status": "processed",
                  "note": self.random.randrange(1000)}
        if self.random.random() < 0.3:
            change["received_at"] = self.time()
        return "github-events", {"type": "event-update", "event": change}

    def event_delete(self):
        return "github-events", {"type": "event-delete", "eventId": f"d{self.number()}"}

    def events(self):
        numbers = self.random.sample(range(12), self.random.randrange(6))
        return "github-events", {"type": "events",
                                 "events": [self.event(number) for number in numbers]}

    def one_post(self):
        return "posts-stats", {"type": "post", "post": self.post(self.number())}

    def post_delete(self):
        return "posts-stats", {"type": "post-delete", "postId": self.number()}

    def posts(self):
        by_status = {"drafts": [], "ready": [], "scheduled": [], "published": [], "failed": []}
        for number in self.random.sample(range(12), 5):
            post = self.post(number)
            by_status[{"draft": "drafts"}.get(post["status"], post["status"])].append(post)
        return "posts-stats", {"type": "posts-by-status", "postsByStatus": by_status}

    def stats(self):
        return "posts-stats", {"type": "stats", "stats": {
            key: self.random.randrange(20)
            for key in ("drafts", "ready", "scheduled", "published", "failed")}}

    def quota(self):
        return "quota", {"type": "quota", "quota": {
            "used": self.random.randrange(100), "remaining": self.random.randrange(100)}}

    def count(self):
        return "events-count", {"type": "count", "count": 20 + self.random.randrange(100)}


class Audiences(FreshCase):
    setting = {"config": {"quota": {"default-remaining": 3}}}

    def publish(self, history, updates):
        """Publishes all; what is accepted goes into the history, the rest must be unknown ids."""
        refused = 0
        for (stream, update, audience), result in zip(updates, self.publisher.publish_all(updates)):
            if isinstance(result, Refusal):
                self.assertEqual(result.name, "Refused", (update, result))
                self.assertIn(update["type"], ("event-update", "event-delete", "post-delete"))
                refused += 1
            else:
                history.add(result, stream, update, audience)
        return refused

    def follow_all(self, users):
        return [(stream, user, self.follow(stream, user)) for user in users for stream in INITIAL]

    def finish(self, clients, model):
        """Waits until every client has the newest of each view."""
        for stream, user, client in clients:
            missing = {}
            for name, members in model.views(stream, user).items():
                missing[name] = members
            for event in client.events:
                self.strike(missing, event)
            while missing:
                self.strike(missing, client.next(f"the newest {list(missing)} of {user}"))

    def strike(self, missing, event):
        for name in list(missing):
            if event.type in (name, UPDATE_OF[name]):
                if {"type": event.type, **missing[name]} == event.data:
                    del missing[name]

    def test_50_users(self):
        users = [f"user-{number}" for number in range(50)]
        source = Source("50 users", users)
        history = History()
        self.publish(history, [source.update() for _ in range(amount(2000, 500))])
        clients = self.follow_all(users + ["somebody else"])
        for _, _, client in clients:
            client.next("an initial event")
        refused = self.publish(history, [source.update() for _ in range(amount(6000, 1500))])
        self.assertGreater(refused, 0)
        # A deletion for everyone, so that each client is sent the list as it ends up.
        last = [("github-events", {"type": "new-event", "event": source.event(1000)}, None),
                ("github-events", {"type": "event-delete", "eventId": "d1000"}, None)]
        self.assertEqual(self.publish(history, last), 0)

        self.finish(clients, history.verify([], default_remaining=3))
        history.verify([(stream, user, client.events) for stream, user, client in clients],
                       default_remaining=3)
