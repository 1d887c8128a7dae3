# SPDX-License-Identifier: LGPL-2.1-or-later
"""What publishers sent, and what they were answered."""

import collections
import json
import threading

# Of these errors it is certain that nothing was taken.
NOT_TAKEN = {"Busy", "InvalidUpdate", "org.freedesktop.DBus.Error.ServiceUnknown",
             "org.freedesktop.DBus.Error.NameHasNoOwner"}


def canonical(update):
    return json.dumps(update, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class Sent:
    """One update. `answer` is None as long as there is none, and where there never was one."""

    def __init__(self, stream, update, audience, call):
        self.stream = stream
        self.update = update
        self.audience = audience
        self.call = call  # those sent by one call are committed together
        self.answer = None
        self.position = None

    @property
    def key(self):
        return self.stream, self.audience, canonical(self.update)

    @property
    def unknown(self):
        return self.answer not in ("taken", "refused", "not taken")

    def __repr__(self):
        return f"<{self.answer} {self.position} {self.stream} {self.audience} {self.update}>"


class Ledger:
    """All that was sent to one life of the daemon; used by several threads."""

    def __init__(self):
        self.sent = []
        self.calls = 0
        self.answers = collections.Counter()
        self.changed = threading.Condition()

    def send(self, updates):
        """Notes updates that one call is about to send."""
        with self.changed:
            self.calls += 1
            entries = [Sent(*update, self.calls) for update in updates]
            self.sent += entries
        return entries

    def note(self, entry, answer, event_id=None):
        with self.changed:
            entry.answer = answer
            if event_id is not None:
                entry.position = int(event_id.rsplit("-", 1)[1])
            self.answers[answer] += 1
            self.changed.notify_all()

    def note_result(self, entry, event_id, name):
        """An answer of Publish or PublishMany: an event id or an error's name."""
        if event_id:
            self.note(entry, "taken", event_id)
        elif name == "Refused":
            self.note(entry, "refused")
        elif name in NOT_TAKEN:
            self.note(entry, "not taken")
        else:
            self.note(entry, name)

    def wait_answers(self, count, deadline):
        """Waits for so many updates to be taken or refused."""
        with self.changed:
            while self.answers["taken"] + self.answers["refused"] < count:
                self.changed.wait(deadline.left())
