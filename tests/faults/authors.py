# SPDX-License-Identifier: LGPL-2.1-or-later
"""Threads that publish as fast as they are answered, until they are stopped."""

import random
import threading

from gi.repository import Gio, GLib

import webhook
import wire
from publisher import ERROR, NAME, PATH, PUBLISHER, Publisher, options_of, refusal, text_of
from waiting import PATIENCE, Deadline


class Author(threading.Thread):
    """`trouble` is what went wrong with the author itself."""

    def __init__(self, ledger):
        super().__init__(daemon=True)
        self.ledger = ledger
        self.stopping = False
        self.trouble = None

    def run(self):
        try:
            self.publish()
        except Exception as error:
            self.trouble = error

    def stop(self):
        self.stopping = True

    def finish(self):
        self.join(Deadline("the end of an author").left())
        if self.is_alive():
            raise AssertionError("an author does not end")
        if self.trouble is not None:
            raise self.trouble


class BusAuthor(Author):
    """Calls over D-Bus, many in flight, every eighth of them with several updates at once."""

    def __init__(self, address, ledger, updates, in_flight):
        super().__init__(ledger)
        self.address = address
        self.updates = updates
        self.in_flight = in_flight
        self.waiting = 0
        self.context = GLib.MainContext.new()

    def stop(self):
        super().stop()
        self.context.wakeup()

    def publish(self):
        self.context.push_thread_default()
        publisher = Publisher(self.address)
        deadline = Deadline("an author's answers", PATIENCE * 4)
        while self.waiting or not self.stopping:
            while self.waiting < self.in_flight and not self.stopping:
                self.call(publisher.connection)
            self.context.iteration(True)
            deadline.left()
        publisher.close()
        self.context.pop_thread_default()

    def call(self, connection):
        many = self.updates.random.randrange(8) == 0
        count = self.updates.random.randrange(2, 12) if many else 1
        entries = self.ledger.send(self.updates.update() for _ in range(count))
        rows = [(entry.stream, text_of(entry.update), options_of(entry.audience))
                for entry in entries]
        self.waiting += 1
        connection.call(
            NAME, PATH, PUBLISHER, "PublishMany" if many else "Publish",
            GLib.Variant("(a(ssa{sv}))", (rows,)) if many
            else GLib.Variant("(ssa{sv})", rows[0]),
            None, Gio.DBusCallFlags.NO_AUTO_START, int(PATIENCE * 1000), None, self.answered,
            entries)

    def answered(self, connection, result, entries):
        self.waiting -= 1
        try:
            answer = connection.call_finish(result).unpack()[0]
        except GLib.Error as error:
            name = refusal(error).name
            # Where nobody has the name, calling again at once would be a busy loop.
            if name.startswith("org.freedesktop.DBus.Error."):
                self.stopping = True
            for entry in entries:
                self.ledger.note_result(entry, None, name)
            return
        results = [(answer, "", "")] if isinstance(answer, str) else answer
        for entry, (event_id, name, _) in zip(entries, results, strict=True):
            self.ledger.note_result(entry, event_id, name.removeprefix(ERROR))


class HookAuthor(Author):
    """Posts signed webhooks, new deliveries and some that came before."""

    def __init__(self, address, secret, ledger, name):
        super().__init__(ledger)
        self.address = address
        self.secret = secret
        self.name = name
        self.random = random.Random(name)

    def publish(self):
        number = 0
        while not self.stopping:
            number += 1
            delivery = f"{self.name}-{self.random.randrange(max(1, number - 3), number + 1)}"
            self.post(delivery)

    def post(self, delivery):
        payload = {"action": "opened", "sender": {"login": "mona"},
                   "repository": {"full_name": "octo/cat"}, "padding": delivery}
        # What the daemon is to make of it.
        event = {"delivery_id": delivery, "event": "issues", "action": "opened", "sender": "mona",
                 "repo_full_name": "octo/cat", "status": "pending"}
        (entry,) = self.ledger.send(
            [("github-events", {"type": "new-event", "event": event}, None)])
        try:
            response = webhook.post(self.address, self.secret, "issues", delivery, payload)
        except ConnectionRefusedError:
            self.ledger.note(entry, "not taken")
            self.stopping = True
        except (OSError, wire.Ended, wire.Malformed) as error:
            self.ledger.note(entry, f"no answer: {error}")
            self.stopping = True
        else:
            self.ledger.note(entry, "taken" if response.status == 202
                             else f"status {response.status}")
