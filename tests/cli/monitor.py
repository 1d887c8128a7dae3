# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sees what goes over a bus."""

import os
import subprocess

from gi.repository import Gio

from waiting import Deadline, wait_until


class Monitor:
    """All messages of a bus, from when it is there."""

    def __init__(self, bus):
        self.process = subprocess.Popen(
            ["dbus-monitor", "--address", bus.address, "--binary"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE)
        self.data = b""
        self.messages = []
        os.set_blocking(self.process.stdout.fileno(), False)
        # The bus tells it that its name is lost: it is a monitor then.
        wait_until(self.read, "dbus-monitor")

    def read(self):
        """What came so far."""
        self.data += self.process.stdout.read() or b""
        while len(self.data) >= 16:
            length = Gio.DBusMessage.bytes_needed(self.data[:16])
            if len(self.data) < length:
                break
            self.messages.append(Gio.DBusMessage.new_from_blob(self.data[:length],
                                                               Gio.DBusCapabilityFlags.NONE))
            self.data = self.data[length:]
        return self.messages

    def wait_for(self, member, count=1):
        """The first call or signal of that name, when there were so many of them."""
        def found():
            messages = [message for message in self.read() if message.get_member() == member]
            return messages[0] if len(messages) >= count else None

        return wait_until(found, f"{count} of {member} on the bus")

    def wait_answered(self, member, count):
        """Waits until so many calls of that name are answered."""
        def answered():
            calls = {(message.get_sender(), message.get_serial()) for message in self.read()
                     if message.get_member() == member}
            return len([message for message in self.messages if message.get_reply_serial()
                        and (message.get_destination(), message.get_reply_serial()) in calls]) >= count

        wait_until(answered, f"{count} answers to {member}")

    def may_ask(self, method):
        """Whether who is called by that name may have somebody type a password."""
        flags = self.wait_for(method).get_flags()
        return bool(flags & Gio.DBusMessageFlags.ALLOW_INTERACTIVE_AUTHORIZATION)

    def close(self):
        self.process.kill()
        self.process.wait(Deadline("the end of dbus-monitor").left())
        self.process.stdout.close()
