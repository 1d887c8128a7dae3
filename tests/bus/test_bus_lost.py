# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bus goes away and comes back; the name belongs to somebody else: streams go on."""

import signal

from gi.repository import Gio, GLib

import webhook
from cases import FreshCase
from daemon import run_to_end
from publisher import NAME, Publisher


def quota(used):
    return {"type": "quota", "quota": {"used": used, "remaining": 0}}


class BusLost(FreshCase):
    def setUp(self):
        super().setUp()
        # Losing the bus may be complained of.
        self.rivulet.daemon.expect(r"(?i)bus|name")

    def post(self, delivery):
        response = webhook.post(self.rivulet.address, self.rivulet.hook_secret.bytes, "push",
                                delivery, {})
        self.assertEqual(response.status, 202)

    def reconnect(self):
        self.publisher = self.rivulet.publisher = Publisher(self.rivulet.bus.address)
        self.publisher.wait_owner()

    def test_lost_and_back_again(self):
        client = self.follow("github-events")
        client.next()
        for number in range(3):
            self.publisher.publish("quota", quota(number))
            self.publisher.close()
            self.rivulet.bus.stop()
            self.post(f"without-bus-{number}")
            self.assertEqual(client.next().data["event"]["delivery_id"], f"without-bus-{number}")
            with self.rivulet.follow("quota") as newcomer:
                self.assertEqual(newcomer.next().data["quota"]["used"], number)
            self.rivulet.bus.start()
            self.reconnect()
        self.publisher.publish("quota", quota(77))
        objects = self.publisher.call(
            "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", None)[0]
        self.assertGreaterEqual(len(objects), 4)

    def test_lost_with_calls_under_way(self):
        for number in range(200):
            self.publisher.connection.call(
                NAME, "/io/github/rivulet/Rivulet", "io.github.rivulet.Rivulet1.Publisher",
                "Publish", GLib.Variant("(ssa{sv})", ("quota", '{"type":"quota","quota":'
                f'{{"used":{number},"remaining":0}}}}', {})), None, Gio.DBusCallFlags.NONE, -1,
                None, None)
        self.publisher.connection.flush_sync(None)
        self.rivulet.bus.stop()
        self.post("after")
        self.rivulet.bus.start()
        self.reconnect()
        self.publisher.publish("quota", quota(1))

    def test_ends_without_a_bus(self):
        self.publisher.close()
        self.rivulet.bus.stop()
        self.rivulet.daemon.signal(signal.SIGTERM)
        self.assertEqual(self.rivulet.daemon.wait(), 0)


class NameTaken(FreshCase):
    def bus_call(self, publisher, method, parameters):
        return publisher.call("org.freedesktop.DBus", method, parameters,
                              "/org/freedesktop/DBus", "org.freedesktop.DBus")[0]

    def test_before_it_starts(self):
        """It says so and ends; the one that has the name is not disturbed."""
        first = self.rivulet
        status, _, said = run_to_end([*first.arguments, "--state-dir", f"{first.folder}/other"],
                                     {"DBUS_SESSION_BUS_ADDRESS": first.bus.address})
        self.assertEqual(status, 1)
        self.assertIn(NAME, said)
        self.publisher.publish("quota", quota(1))

    def test_it_is_not_given_away(self):
        self.assertEqual(self.bus_call(self.publisher, "RequestName",
                                       GLib.Variant("(su)", (NAME, 2 | 4))), 3)
        self.publisher.publish("quota", quota(1))

    def test_while_the_bus_was_away(self):
        """Streams go on, and the name is taken when it is free."""
        self.rivulet.daemon.expect(r"(?i)bus|name")
        self.publisher.close()
        self.rivulet.bus.stop()
        others = []

        def take(address):
            others.append(Publisher(address))
            self.addCleanup(others[0].close)
            self.assertEqual(self.bus_call(others[0], "RequestName",
                                           GLib.Variant("(su)", (NAME, 0))), 1)

        self.rivulet.bus.start(take)
        with self.rivulet.follow("quota") as client:
            self.assertEqual(client.next().type, "quota")
            self.publisher = self.rivulet.publisher = Publisher(self.rivulet.bus.address)
            self.assertEqual(self.publisher.owner(), others[0].connection.get_unique_name())
            # The daemon is in the queue for the name before it is free, or comes for it then.
            self.bus_call(others[0], "ReleaseName", GLib.Variant("(s)", (NAME,)))
            self.publisher.wait_owner(other_than=others[0].connection.get_unique_name())
            self.publisher.publish("quota", quota(5))
            self.assertEqual(client.next().data["quota"]["used"], 5)
