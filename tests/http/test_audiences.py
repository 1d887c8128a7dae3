# SPDX-License-Identifier: LGPL-2.1-or-later
"""50 users on all streams, against the model: no user ever gets another user's data."""

from cases import FreshCase
from eventstream import INITIAL
from bymodel import ByModel
from randomupdates import RandomUpdates
from replay import History
from waiting import amount


class Audiences(ByModel, FreshCase):
    setting = {"config": {"quota": {"default-remaining": 3}}}

    def follow_all(self, users):
        return [(stream, user, self.follow(stream, user)) for user in users for stream in INITIAL]

    def test_50_users(self):
        users = [f"user-{number}" for number in range(50)]
        source = RandomUpdates("50 users", [None, None, *users])
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
