# SPDX-License-Identifier: LGPL-2.1-or-later
"""What changes of a stream's properties is told, and not more often than anybody can read it."""

import time

from gi.repository import Gio, GLib

from cases import FreshCase
from publisher import NAME, PATH, STREAM
from waiting import Deadline


def quota(used):
    return {"type": "quota", "quota": {"used": used, "remaining": 0}}


class Changes(FreshCase):
    setting = {"config": {"clients": {"queue-bytes": "67108864"}}}

    def setUp(self):
        super().setUp()
        self.told = []  # (when, stream's path, properties)
        self.known = {path: dict(interfaces[STREAM]) for path, interfaces in self.publisher.call(
            "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", None)[0].items()
            if STREAM in interfaces}
        subscription = self.publisher.connection.signal_subscribe(
            NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged", None, STREAM,
            Gio.DBusSignalFlags.NONE, self.take)
        self.addCleanup(self.publisher.connection.signal_unsubscribe, subscription)

    def take(self, connection, sender, path, interface, signal, parameters):
        changed = parameters.unpack()[1]
        self.told.append((time.monotonic(), path, changed))
        self.known[path].update(changed)

    def wait_known(self, stream, **expected):
        """Waits until the signals have told this much."""
        path = f"{PATH}/streams/{stream.replace('-', '_')}"
        deadline = Deadline(f"{stream} to be told as {expected}")
        while any(self.known[path][name] != value for name, value in expected.items()):
            GLib.MainContext.default().iteration(False) or time.sleep(0.01)
            deadline.left()

    def test_clients_come_and_go(self):
        first = self.follow("quota")
        self.wait_known("quota", Clients=1)
        self.follow("quota").next()
        self.wait_known("quota", Clients=2)
        first.close()
        self.wait_known("quota", Clients=1)
        self.assertTrue(all(set(changed) == {"Clients"} for _, _, changed in self.told), self.told)

    def test_positions(self):
        event_id = self.publisher.publish("quota", quota(1))
        self.wait_known("quota", Position=int(event_id.rsplit("-", 1)[1]))
        self.assertEqual([path for _, path, _ in self.told], [f"{PATH}/streams/quota"])

    def test_those_who_follow_another(self):
        event_id = self.publisher.publish("github-events", {
            "type": "new-event", "event": {"delivery_id": "1", "event": "push",
                                           "repo_full_name": "a/b"}})
        position = int(event_id.rsplit("-", 1)[1])
        self.wait_known("github-events", Position=position)
        self.wait_known("events-count", Position=position)

    def test_a_stream_that_changes_often(self):
        """It is told in the end, and a few times at most meanwhile."""
        began = time.monotonic()
        for number in range(40):
            event_id = self.publisher.publish_all([("quota", quota(number))] * 50)[-1]
        self.wait_known("quota", Position=int(event_id.rsplit("-", 1)[1]))
        self.assertLessEqual(len(self.told), 2 + time.monotonic() - began)

    def test_what_waits_and_who_is_dropped(self):
        """What waits for a client that does not read is told, and also that it waits no more."""
        text = "x" * 15000
        client = self.follow("github-events", receive_buffer=4096)
        client.next()
        self.publisher.publish_all([("github-events", {"type": "new-event", "event": {
            "delivery_id": str(number), "event": text, "repo_full_name": "a/b"}})
            for number in range(350)])
        path = f"{PATH}/streams/github_events"
        deadline = Deadline("something to wait, and to be told of")
        while self.known[path]["QueuedBytes"] == 0:
            GLib.MainContext.default().iteration(False) or time.sleep(0.01)
            deadline.left()
        client.take(350)
        self.wait_known("github-events", QueuedBytes=0)
        self.assertEqual(self.known[path]["Dropped"], 0)
