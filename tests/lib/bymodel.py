# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests have in common that compare clients with the model."""

from publisher import Refusal

UPDATE_OF = {"events": "events-update", "stats": "stats-update", "count": "count",
             "posts-by-status": "posts-update", "quota": "quota-update"}


class ByModel:
    """A part of a test case with a daemon."""

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
