# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who follows a stream, as the Manager lists them."""

import shutil
import tempfile
import time

from gi.repository import GLib

from cases import FreshCase
from publisher import MANAGER, Refusal
from waiting import wait_until


class Clients(FreshCase):
    def setUp(self):
        folder = tempfile.mkdtemp(prefix="rivulet-clients-")
        self.addCleanup(shutil.rmtree, folder)
        self.setting = {"listen": ("127.0.0.1:0", f"unix:{folder}/socket"),
                        "config": {"clients": {"queue-bytes": "67108864"}}}
        super().setUp()

    def list(self, stream="github-events", most=0):
        return self.publisher.call(MANAGER, "ListClients", GLib.Variant("(su)", (stream, most)))[0]

    def wait_listed(self, count, stream="github-events"):
        return wait_until(lambda: len(self.list(stream)) == count and self.list(stream),
                          f"{count} clients to be listed")

    def test_each_with_what_is_known_of_it(self):
        before = int(time.time() * 1e6)
        event_id = self.publisher.publish("github-events", {"type": "new-event", "event": {
            "delivery_id": "1", "event": "push", "repo_full_name": "a/b"}})
        self.follow("github-events", "jo", headers={"Last-Event-ID": event_id})
        self.follow("github-events", "li", address=self.rivulet.addresses[1])
        self.follow("quota", "jo")
        self.wait_listed(1, "quota")
        listed = {user: rest for user, *rest in self.wait_listed(2)}
        address, since, last, queued = listed["jo"]
        self.assertEqual((address, last, queued), ("127.0.0.1", event_id, 0))
        self.assertTrue(before <= since <= time.time() * 1e6, since)
        self.assertEqual([listed["li"][0], *listed["li"][2:]], ["unix", "", 0])

    def test_the_slowest_first(self):
        for number in range(5):
            self.follow("github-events", f"quick-{number}").next()
        slow = self.follow("github-events", "slow", receive_buffer=4096)
        slow.next()
        for number in range(5, 10):
            self.follow("github-events", f"quick-{number}").next()
        text = "x" * 15000
        self.publisher.publish_all([("github-events", {"type": "new-event", "event": {
            "delivery_id": str(number), "event": text, "repo_full_name": "a/b"}})
            for number in range(500)])
        # What the sockets of those who would read hold back, too.
        first = wait_until(lambda: self.list(most=1)[0][4] > 0 and self.list(most=1),
                           "something that waits")
        self.assertEqual(len(first), 1)
        listed = self.wait_listed(11)
        self.assertEqual([row[4] for row in listed], sorted((row[4] for row in listed), reverse=True))
        self.assertIn("slow", [row[0] for row in listed if row[4] > 0])

    def test_what_there_is_not(self):
        self.assertEqual(self.list(), [])
        with self.assertRaises(Refusal) as caught:
            self.list("nothing")
        self.assertEqual(caught.exception.name, "UnknownStream")
        self.assertIn("nothing", caught.exception.message)
