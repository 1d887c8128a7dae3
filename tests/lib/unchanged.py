# SPDX-License-Identifier: LGPL-2.1-or-later
"""One user's state of every stream, which refused updates must leave as it is."""

from badupdates import EVENT, POST
from cases import DaemonCase
from eventstream import INITIAL

GOOD = [
    ("github-events", {"type": "new-event", "event": EVENT}),
    ("posts-stats", {"type": "post", "post": POST}),
    ("quota", {"type": "quota", "quota": {"used": 3, "remaining": 2}}),
]


class UnchangedCase(DaemonCase):
    """Each test has a user of its own, who follows every stream all the while."""

    def setUp(self):
        super().setUp()
        self.user = self.id().rsplit(".", 1)[-1]
        for stream, update in GOOD:
            self.publisher.publish(stream, update, self.user)
        self.before = self.state()
        self.clients = {stream: self.follow(stream, self.user) for stream in INITIAL}
        for stream, client in self.clients.items():
            client.take(len(INITIAL[stream]))

    def state(self):
        found = {}
        for stream, types in INITIAL.items():
            with self.rivulet.follow(stream, self.user) as client:
                found.update((event.type, event.data) for event in client.take(len(types)))
        return found

    def assert_unchanged(self):
        """Neither the state changed, nor was anything sent to those who follow."""
        self.assertEqual(self.state(), self.before)
        self.publisher.publish("github-events", {"type": "new-event", "event": {
            **EVENT, "delivery_id": "marker"}}, self.user)
        marker = self.clients["github-events"].next().data["event"]
        self.assertEqual(marker["delivery_id"], "marker")
        self.assertEqual(self.clients["events-count"].next().data["count"],
                         self.before["count"]["count"] + 1)
        for stream in "posts-stats", "quota":
            self.assertEqual(self.clients[stream].taken, len(self.clients[stream].events))
