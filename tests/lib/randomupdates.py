# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random updates of all kinds, right ones and such that cannot be applied."""

import datetime
import random

START = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
NUMBERS = 12


class RandomUpdates:
    """Of `NUMBERS` events and posts; where `growing`, of the newest so many of more and more."""

    def __init__(self, seed, audiences, growing=False):
        self.random = random.Random(seed)
        self.audiences = audiences
        self.growing = growing
        self.newest = NUMBERS - 1
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
        return self.newest - self.random.randrange(NUMBERS)

    def numbers(self, count):
        return self.random.sample(range(self.newest - NUMBERS + 1, self.newest + 1), count)

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
        if self.growing and self.random.random() < 0.8:
            self.newest += 1
            return "github-events", {"type": "new-event", "event": self.event(self.newest)}
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
        numbers = self.numbers(self.random.randrange(6))
        return "github-events", {"type": "events",
                                 "events": [self.event(number) for number in numbers]}

    def one_post(self):
        return "posts-stats", {"type": "post", "post": self.post(self.number())}

    def post_delete(self):
        return "posts-stats", {"type": "post-delete", "postId": self.number()}

    def posts(self):
        by_status = {"drafts": [], "ready": [], "scheduled": [], "published": [], "failed": []}
        for number in self.numbers(5):
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
