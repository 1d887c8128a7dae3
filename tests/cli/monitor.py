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

    def call_of(self, method):
        """The call of a method, waited for."""
        return wait_until(lambda: next((message for message in self.read()
                                        if message.get_member() == method), None),
                          f"a call of {method}")

    def close(self):
        self.process.kill()
        self.process.wait(Deadline("the end of dbus-monitor").left())
        self.process.stdout.close()
