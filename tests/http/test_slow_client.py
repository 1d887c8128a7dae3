# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that reads too slowly is closed, alone, and may resume."""

from cases import FreshCase


class SlowClient(FreshCase):
    setting = {"config": {"clients": {"queue-bytes": 16384}}}

    def test_overflow_closes_that_one_only(self):
        slow = self.follow("github-events", receive_buffer=4096)
        slow.next()
        quick = self.follow("github-events")
        quick.next()
        published = []
        for number in range(4000):
            update = {"type": "new-event", "event": {
                "delivery_id": str(number), "event": "push", "repo_full_name": "a/b",
                "body": "x" * 12000}}
            published.append(self.publisher.publish("github-events", update))
            self.assertEqual(quick.next().id, published[-1])
            if number % 20 == 0 and self.clients() == 1:
                break
        self.publisher.wait_clients("github-events", 1)
        self.assertGreaterEqual(
            self.publisher.stream_properties("github-events")["Dropped"], 1)

        got = [event.id for event in slow.rest()]
        self.assertEqual(got, published[: len(got)], "a beginning without a gap")
        self.assertLess(len(got), len(published))
        resumed = self.follow("github-events", headers={"Last-Event-ID": slow.events[-1].id})
        missed = [resumed.next().id for _ in published[len(got) :]]
        self.assertEqual(missed, published[len(got) :])

    def clients(self):
        return self.publisher.stream_properties("github-events")["Clients"]


class SlowOnViews(FreshCase):
    setting = {"config": {"clients": {"queue-bytes": 65536}, "hub": {"conflate-ms": 0}}}

    def test_newer_views_take_the_place_of_older_ones(self):
        """However many views come, a client that stands still keeps its place."""
        slow = self.follow("quota", receive_buffer=4096)
        slow.next()
        filler = "x" * 16000
        for used in range(1500):
            self.publisher.publish("quota", {"type": "quota", "quota": {
                "used": used, "remaining": 0, "filler": filler}})
        self.assertEqual(self.publisher.stream_properties("quota")["Clients"], 1)
        used = [event.data["quota"]["used"] for event in
                slow.until(lambda event: event.data["quota"]["used"] == 1499, "the newest quota")]
        self.assertEqual(used, sorted(set(used)))
        self.assertLess(len(used), 1500)
