# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who calls, where it is hard to tell: they leave, the bus is another, polkit is silent, all stops."""

import os
import shutil
import signal
import subprocess
import time
import unittest

from gi.repository import Gio, GLib

from cases import FreshCase
from publisher import MANAGER, NAME, PATH, PUBLISHER, Publisher, refusal
from waiting import Deadline

QUOTA = '{"type":"quota","quota":{"used":1,"remaining":0}}'
POLKIT = """<node><interface name="org.freedesktop.PolicyKit1.Authority">
  <method name="CheckAuthorization">
    <arg type="(sa{sv})" direction="in"/><arg type="s" direction="in"/>
    <arg type="a{ss}" direction="in"/><arg type="u" direction="in"/>
    <arg type="s" direction="in"/><arg type="(bba{ss})" direction="out"/>
  </method>
  <method name="CancelCheckAuthorization"><arg type="s" direction="in"/></method>
</interface></node>"""
# As another user: calls Reload so often, interactively, tells the first answers, and stays.
CROWD = """
import os, sys
from gi.repository import Gio, GLib
os.setgroups([]); os.setgid(65534); os.setuid(65534)
flags = Gio.DBusConnectionFlags
bus = Gio.DBusConnection.new_for_address_sync(
    sys.argv[1], flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
def answered(bus, result):
    try:
        bus.call_finish(result)
        print("allowed", flush=True)
    except GLib.Error as error:
        print(Gio.DBusError.get_remote_error(error), flush=True)
for _ in range(int(sys.argv[2])):
    bus.call("%s", "%s", "%s", "Reload", None, None,
             Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION, -1, None, answered)
GLib.MainLoop().run()
""" % (NAME, PATH, MANAGER)


def publish(connection, callback=None, *data):
    connection.call(NAME, PATH, PUBLISHER, "Publish", GLib.Variant("(ssa{sv})", ("quota", QUOTA, {})),
                    None, Gio.DBusCallFlags.NO_AUTO_START, -1, None, callback, *data)


class OnASystemBus(FreshCase):
    setting = {"config": {"hub": {"log-accepted": "true"}}, "system": True}

    def test_a_publisher_that_leaves_at_once(self):
        for number in range(20):
            publisher = Publisher(self.rivulet.bus.address)
            publish(publisher.connection)
            # It has the call then, and who waits for no answer leaves.
            publisher.server_properties()
            publisher.close()
        said = self.rivulet.daemon.wait_for_line("quota: an update was accepted as", 20)
        mine = f", by uid {os.getuid()}, pid {os.getpid()}"
        self.assertTrue(all(mine in match.string for match in said), self.rivulet.daemon.said())


@unittest.skipUnless(os.geteuid() == 0, "only root can call as another user")
class SilentPolkit(FreshCase):
    """An agent may be silent for ever, and is its user's own."""

    setting = {"system": True}

    def setUp(self):
        super().setUp()
        os.chmod(self.rivulet.folder, 0o755)
        self.asked, self.taken_back = [], []
        self.polkit = Publisher(self.rivulet.bus.address)
        self.addCleanup(self.polkit.close)
        self.polkit.call("org.freedesktop.DBus", "RequestName",
                         GLib.Variant("(su)", ("org.freedesktop.PolicyKit1", 4)),
                         "/org/freedesktop/DBus", "org.freedesktop.DBus")
        interface = Gio.DBusNodeInfo.new_for_xml(POLKIT).interfaces[0]
        self.polkit.connection.register_object("/org/freedesktop/PolicyKit1/Authority", interface,
                                               self.on_asked, None, None)

    def on_asked(self, connection, sender, path, interface, method, arguments, invocation):
        if method == "CancelCheckAuthorization":
            self.taken_back.append(arguments.unpack()[0])
            invocation.return_value(None)
        else:
            self.asked.append(arguments.unpack()[4])

    def crowd(self, count):
        process = subprocess.Popen(["/usr/bin/python3", "-c", CROWD, self.rivulet.bus.address,
                                    str(count)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def iterate_until(self, condition, what):
        deadline = Deadline(what)
        while not condition():
            GLib.MainContext.default().iteration(False)
            deadline.left()

    def test_one_user_cannot_keep_others_waiting(self):
        process = self.crowd(20)
        for _ in range(16):
            self.assertEqual(process.stdout.readline().strip(), f"{NAME}1.Error.Busy")
        self.iterate_until(lambda: len(self.asked) == 4, "polkit to be asked for four of them")
        process.kill()
        self.iterate_until(lambda: len(self.taken_back) == 4, "what nobody waits for to be taken back")
        self.assertEqual(sorted(self.taken_back), sorted(self.asked))

    def test_a_stop_waits_for_nobody(self):
        process = self.crowd(3)
        self.iterate_until(lambda: len(self.asked) == 3, "polkit to be asked")
        self.rivulet.daemon.signal(signal.SIGTERM)
        for _ in range(3):
            self.assertEqual(process.stdout.readline().strip(), f"{NAME}1.Error.StoreFailed")
        self.assertEqual(self.rivulet.daemon.wait(), 0)


class Stopping(FreshCase):
    def test_all_calls_are_answered(self):
        """Of many callers of which it is not known yet who they are; none is told that it may not."""
        answers = []
        publishers = [Publisher(self.rivulet.bus.address) for _ in range(100)]
        for publisher in publishers:
            self.addCleanup(publisher.close)

        def answered(connection, result):
            try:
                connection.call_finish(result)
                answers.append("taken")
            except GLib.Error as error:
                answers.append(refusal(error).name)

        for publisher in publishers:
            for _ in range(5):
                publish(publisher.connection, answered)
            publisher.connection.call(NAME, PATH, MANAGER, "Revoke", GLib.Variant("(s)", ("jo",)),
                                      None, Gio.DBusCallFlags.NONE, -1, None, answered)
            publisher.connection.flush_sync(None)
        self.rivulet.daemon.signal(signal.SIGTERM)
        self.assertEqual(self.rivulet.daemon.wait(), 0)
        deadline = Deadline("600 answers")
        while len(answers) < 600:
            GLib.MainContext.default().iteration(False)
            deadline.left()
        # Those that the bus still has are answered by the bus.
        self.assertLessEqual(set(answers), {"taken", "StoreFailed", "local",
                                            "org.freedesktop.DBus.Error.ServiceUnknown",
                                            "org.freedesktop.DBus.Error.NameHasNoOwner",
                                            "org.freedesktop.DBus.Error.NoReply"}, answers)


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"),
                     "only root can call as another user")
class AnotherBus(FreshCase):
    setting = {"system": True}

    def test_a_name_that_was_known_elsewhere(self):
        """The bus is another while it is being asked who called: what it said is of no use."""
        self.rivulet.daemon.expect(r"(?i)bus|name")
        os.chmod(self.rivulet.folder, 0o755)
        slow = '{"type":"quota","quota":[' + ",".join(['{"a":1}'] * 8000) + "]}"
        publishers = [Publisher(self.rivulet.bus.address) for _ in range(60)]
        for publisher in publishers:
            self.publisher.connection.call(
                NAME, PATH, PUBLISHER, "Publish", GLib.Variant("(ssa{sv})", ("quota", slow, {})), None,
                Gio.DBusCallFlags.NO_AUTO_START, -1, None, None)
            self.publisher.connection.flush_sync(None)
            publisher.connection.call(NAME, PATH, MANAGER, "Revoke", GLib.Variant("(s)", ("",)), None,
                                      Gio.DBusCallFlags.NO_AUTO_START, -1, None, None)
            publisher.connection.flush_sync(None)
            # One by one, and faster than they are served: the answers that it waits for come behind.
            time.sleep(0.001)
        time.sleep(0.2)
        self.rivulet.bus.stop()
        self.rivulet.bus.start()
        self.rivulet.daemon.wait_for_line("on the bus again")
        done = subprocess.run(
            ["setpriv", "--reuid", "65534", "--clear-groups", "/usr/bin/python3", "-c", """
import sys
from gi.repository import Gio, GLib
flags = Gio.DBusConnectionFlags
kept = []
for _ in range(60):
    bus = Gio.DBusConnection.new_for_address_sync(
        sys.argv[1], flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
    kept.append(bus)
    try:
        bus.call_sync(sys.argv[2], sys.argv[3], sys.argv[4], "Revoke",
                      GLib.Variant("(s)", ("victim",)), None, 0, -1, None)
        sys.exit(f"allowed to {bus.get_unique_name()}")
    except GLib.Error as error:
        assert Gio.DBusError.get_remote_error(error).endswith(".NotAuthorized"), error
""", self.rivulet.bus.address, NAME, PATH, MANAGER], capture_output=True, text=True, check=False,
            timeout=Deadline("the calls").left())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("victim", self.rivulet.daemon.said())
