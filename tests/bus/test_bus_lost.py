# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bus goes away and comes back; the name belongs to somebody else: streams go on."""

import signal

from gi.repository import Gio, GLib

import webhook
from cases import FreshCase
from daemon import Daemon
from eventstream import StreamClient
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
    """Somebody has the name before the daemon starts."""

    def bus_call(self, method, parameters):
        return self.publisher.call("org.freedesktop.DBus", method, parameters,
                                   "/org/freedesktop/DBus", "org.freedesktop.DBus")[0]

    def test_streams_go_on_and_the_name_is_taken_when_it_is_free(self):
        first = self.rivulet
        self.assertEqual(self.bus_call("RequestName", GLib.Variant("(su)", (NAME, 4))), 3,
                         "the name is not given away while it is used")
        second = Daemon(first.arguments, {"DBUS_SESSION_BUS_ADDRESS": first.bus.address})
        self.addCleanup(second.kill)
        address = second.wait_listening()[0]
        with StreamClient(address, f"/quota/stream?token={first.token()}") as client:
            self.assertEqual(client.next().type, "quota")
            owner = self.publisher.owner()
            self.assertEqual(first.daemon.stop(), 0)
            self.publisher.wait_owner(other_than=owner)
            self.publisher.publish("quota", quota(5))
            self.assertEqual(client.next().data["quota"]["used"], 5)
        second.expect(r"(?i)bus|name")
        second.assert_clean()
