# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dbus-daemon of our own, at an address that stays the same when it is started again."""

import os
import subprocess

from waiting import Deadline

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  {policy}
  <limit name="max_replies_per_connection">{replies}</limit>
</busconfig>
"""


# Everybody may do everything.
OPEN = """<policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>"""

# And be whoever.
TO_ALL = OPEN.replace("<allow own", '<allow user="*"/>\n    <allow own')

# What dbus-daemon's system.conf begins with, and with it all that a package has to allow.
OF_SYSTEM = """<policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
  </policy>
  <include>{path}</include>"""


class PrivateBus:
    """Waiting replies are limited as on a system bus: 128 of one connection."""

    def __init__(self, folder, replies=128, policy=OPEN):
        self.socket = os.path.join(folder, "bus")
        self.hidden = os.path.join(folder, "bus-starting")
        self.config = os.path.join(folder, "bus.conf")
        self.address = f"unix:path={self.socket}"
        self.process = None
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(socket=self.hidden, replies=replies, policy=policy))
        self.start()

    def start(self, before=None):
        """Starts it; `before` is called with its address before it is at its usual one."""
        for path in self.socket, self.hidden:
            if os.path.exists(path):
                os.unlink(path)
        reading, writing = os.pipe()
        self.process = subprocess.Popen(
            ["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={self.config}",
             f"--print-address={writing}"],
            pass_fds=[writing], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading, "rb") as printed:
            if not printed.readline():
                raise AssertionError("dbus-daemon ended before it was ready")
        if before is not None:
            before(f"unix:path={self.hidden}")
        os.rename(self.hidden, self.socket)

    def stop(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.wait(Deadline("the end of dbus-daemon").left())
        self.process = None
