# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares what clients got with what the model says of each position."""

from eventstream import APPENDED
from model import Model


class History:
    """The updates that were applied, by position."""

    def __init__(self):
        self.updates = {}

    def add(self, event_id, stream, update, audience=None):
        position = int(event_id.rsplit("-", 1)[1])
        assert position not in self.updates, f"two updates at position {position}"
        self.updates[position] = (stream, update, audience)

    def verify(self, clients, default_remaining=0, model=None):
        """Checks all that each (stream, user, events) got, and returns the model as it ends up.

        Every view must be what that user might see at the position in its id, no older one may
        follow a newer one, and of github-events each client must have every appended event behind
        its first view, up to the last position it got, once and in order.
        """
        model = model or Model(default_remaining)
        cursors = [Cursor(*client) for client in clients]
        waiting = sorted((cursor for cursor in cursors if cursor.events),
                         key=lambda cursor: -cursor.first)
        active = []
        positions = {event.position for cursor in waiting for event in cursor.events}
        for position in sorted(positions | set(self.updates)):
            appended = audience = None
            if position in self.updates:
                stream, update, audience = self.updates[position]
                appended = model.apply(stream, update, audience)
            while waiting and waiting[-1].first <= position:
                active.append(waiting.pop())
            for cursor in active:
                cursor.check(position, appended, audience, model)
            active = [cursor for cursor in active if cursor.index < len(cursor.events)]
        return model


class Cursor:
    def __init__(self, stream, user, events):
        self.stream = stream
        self.user = user
        self.events = events
        self.index = 0

    @property
    def first(self):
        """The position of its first view."""
        return self.events[0].position

    def fail(self, what):
        raise AssertionError(f"{self.stream} of {self.user}, event {self.index}: {what}")

    def check(self, position, appended, audience, model):
        events = []
        while self.index < len(self.events) and self.events[self.index].position <= position:
            event = self.events[self.index]
            if event.position < position:
                self.fail(f"{event} behind position {position}")
            events.append(event)
            self.index += 1
        seen = [event for event in events if event.type in APPENDED]
        wanted = []
        if (appended is not None and self.stream == "github-events"
                and audience in (None, self.user)
                and self.first < position <= self.events[-1].position):
            wanted = [appended]
        if [event.data for event in seen] != wanted:
            self.fail(f"at position {position} it got {seen}, and should have got {wanted}")
        for event in events:
            if event.type not in APPENDED:
                expected = model.view(self.stream, self.user, event.type)
                if event.data != expected:
                    self.fail(f"{event.id} {event.text}\nshould have been\n{expected}")
