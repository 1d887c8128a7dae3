# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publishes over D-Bus, one by one or many calls at once."""

import json

from gi.repository import Gio, GLib

import record
from waiting import PATIENCE, Deadline, wait_until

NAME = "io.github.rivulet.Rivulet"
PATH = "/io/github/rivulet/Rivulet"
PUBLISHER = "io.github.rivulet.Rivulet1.Publisher"
MANAGER = "io.github.rivulet.Rivulet1.Manager"
SERVER = "io.github.rivulet.Rivulet1.Server"
STREAM = "io.github.rivulet.Rivulet1.Stream"
ERROR = "io.github.rivulet.Rivulet1.Error."

# dbus-daemon's system bus lets one connection have 128 calls without an answer.
IN_FLIGHT = 100


class Refusal(Exception):
    """An error's name, without what all of ours begin with, and its message."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name = name[len(ERROR) :] if name.startswith(ERROR) else name
        self.message = message


def refusal(error):
    name = Gio.DBusError.get_remote_error(error) or "local"
    record.said("D-Bus", f"{name}: {error.message}")
    return Refusal(name, error.message.removeprefix(f"GDBus.Error:{name}: "))


def text_of(update):
    if isinstance(update, str):
        return update
    return json.dumps(update, ensure_ascii=False, separators=(",", ":"))


def options_of(audience, options=None):
    values = dict(options or {})
    if audience is not None:
        values["audience"] = GLib.Variant("s", audience)
    return values


class Publisher:
    def __init__(self, address):
        self.connection = Gio.DBusConnection.new_for_address_sync(
            address,
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION,
            None, None,
        )
        self.connection.set_exit_on_close(False)

    def close(self):
        if not self.connection.is_closed():
            self.connection.close_sync(None)

    def call(self, interface, method, parameters, path=PATH, name=NAME):
        """One call; returns the answer as Python values."""
        try:
            answer = self.connection.call_sync(
                name, path, interface, method, parameters, None,
                Gio.DBusCallFlags.NO_AUTO_START, int(PATIENCE * 1000), None,
            )
        except GLib.Error as error:
            raise refusal(error) from None
        if method == "IssueToken":
            record.secret(answer.unpack()[0])
        else:
            record.said("D-Bus", answer.print_(False))
        return answer.unpack()

    def owner(self, name=NAME):
        """The unique name of the one who has this name, or None."""
        try:
            return self.call("org.freedesktop.DBus", "GetNameOwner",
                             GLib.Variant("(s)", (name,)), "/org/freedesktop/DBus",
                             "org.freedesktop.DBus")[0]
        except Refusal:
            return None

    def wait_owner(self, name=NAME, other_than=None):
        return wait_until(lambda: self.owner(name) not in (None, other_than) and self.owner(name),
                          f"an owner of {name}")

    def publish(self, stream, update, audience=None, options=None):
        """Publishes one update; returns its id."""
        values = options_of(audience, options)
        return self.call(PUBLISHER, "Publish",
                         GLib.Variant("(ssa{sv})", (stream, text_of(update), values)))[0]

    def publish_many(self, updates):
        """Publishes (stream, update[, audience]) in one call; returns (id, name, reason) of each."""
        rows = [(stream, text_of(update), options_of(*rest)) for stream, update, *rest in updates
                for rest in [rest or [None]]]
        return self.call(PUBLISHER, "PublishMany", GLib.Variant("(a(ssa{sv}))", (rows,)))[0]

    def publish_all(self, updates, meanwhile=None):
        """Publishes (stream, update[, audience]), many calls in flight; returns ids or Refusals.

        `meanwhile` is called when the last calls have come, and before it waits for their answers.
        """
        results = [None] * len(updates)
        waiting = set()
        deadline = Deadline(f"answers to {len(updates)} updates", PATIENCE * 4)
        context = GLib.MainContext.ref_thread_default()

        def answered(connection, result, index):
            waiting.discard(index)
            try:
                results[index] = connection.call_finish(result).unpack()[0]
            except GLib.Error as error:
                results[index] = refusal(error)

        for index, (stream, update, *audience) in enumerate(updates):
            while len(waiting) >= IN_FLIGHT:
                context.iteration(True)
                deadline.left()
            waiting.add(index)
            values = options_of(*(audience or [None]))
            self.connection.call(
                NAME, PATH, PUBLISHER, "Publish",
                GLib.Variant("(ssa{sv})", (stream, text_of(update), values)), None,
                Gio.DBusCallFlags.NO_AUTO_START, int(PATIENCE * 1000), None, answered, index,
            )
        if meanwhile is not None:
            self.server_properties()
            meanwhile()
        while waiting:
            context.iteration(True)
            deadline.left()
        return results

    def properties(self, interface, path=PATH):
        return self.call("org.freedesktop.DBus.Properties", "GetAll",
                         GLib.Variant("(s)", (interface,)), path)[0]

    def server_properties(self):
        return self.properties(SERVER)

    def stream_properties(self, stream):
        return self.properties(STREAM, f"{PATH}/streams/{stream.replace('-', '_')}")

    def wait_clients(self, stream, count):
        """Waits until the daemon counts so many clients of a stream."""
        wait_until(lambda: self.stream_properties(stream)["Clients"] == count,
                   f"{count} clients of {stream}")
