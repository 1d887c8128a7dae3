# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a publisher is answered and a client is sent is on the disk before: the calls show it."""

import unittest

from house import House
from publisher import Refusal
from tracing import Trace, need_strace

CALLS = "fdatasync,fsync,pwrite64,pwritev,write,writev,sendmsg,sendto,send,sendmmsg"
SENDING = {"write", "writev", "sendmsg", "sendto", "sendmmsg"}


def writes(calls, text):
    """The writing of a text to the write-ahead log."""
    return [call for call in calls if call.name in ("pwrite64", "pwritev")
            and call.on("rivulet.db-wal") and text in call.text]


def syncs(calls, after):
    """The syncing of the write-ahead log that began when a call had ended."""
    return [call for call in calls if call.name in ("fdatasync", "fsync")
            and call.on("rivulet.db-wal") and call.begun > after.ended]


def sends(calls, text):
    """The sending of a text to whomever."""
    return [call for call in calls if call.name in SENDING and call.on_socket and text in call.text]


class Order(unittest.TestCase):
    house = None

    def setUp(self):
        need_strace()
        self.house = House(crowd=False)
        self.addCleanup(self.house.stop)

    def explain(self):
        return "rivuletd said:\n" + self.house.daemon.said() if self.house is not None else ""

    def test_sync_then_answer_and_event(self):
        client = self.house.follow("github-events")
        self.addCleanup(client.close)
        client.next()
        event = {"delivery_id": "the-delivery", "event": "push", "repo_full_name": "a/b"}
        with Trace(self.house.daemon.pid, self.house.folder, "-e", f"trace={CALLS}") as trace:
            event_id = self.house.publish("github-events", {"type": "new-event", "event": event})
            self.assertEqual(client.next().id, event_id)
            calls = trace.stop()

        written = writes(calls, "the-delivery")
        answers = sends(calls, f"{event_id}\\0")
        sent = sends(calls, f"id: {event_id}\\n")
        self.assertTrue(written and answers and sent, (written, answers, sent, calls))
        synced = syncs(calls, written[-1])
        self.assertTrue(synced, calls)
        self.assertEqual(synced[0].result, "0", synced)
        for call in answers + sent:
            self.assertGreater(call.begun, synced[0].ended, (written, synced, call))

    def test_sync_that_fails(self):
        """What was written and not synced is seen by nobody before a sync that did not fail."""
        self.house.daemon.expect("the store failed")
        client = self.house.follow("github-events")
        self.addCleanup(client.close)
        client.next()
        event = {"delivery_id": "the-delivery", "event": "push", "repo_full_name": "a/b"}
        with Trace(self.house.daemon.pid, self.house.folder, "-e", f"trace={CALLS}",
                   "-e", "inject=fdatasync:error=EIO:when=1") as trace:
            with self.assertRaises(Refusal) as caught:
                self.house.publish("github-events", {"type": "new-event", "event": event})
            self.assertEqual(caught.exception.name, "StoreFailed")
            # It had reached the file, so it happened all the same.
            got = client.next_of("new-event")
            calls = trace.stop()

        failed = [call for call in syncs(calls, writes(calls, "the-delivery")[-1])
                  if "INJECTED" in call.text]
        self.assertEqual(len(failed), 1, calls)
        synced = [call for call in syncs(calls, failed[0]) if call.result == "0"]
        sent = sends(calls, f"id: {got.id}\\n")
        self.assertTrue(sent and synced, calls)
        self.assertGreater(sent[0].begun, synced[0].ended, (failed, synced, sent))

    def test_many_at_once(self):
        """Of each update of many: the last sync before it is seen is behind its writing."""
        client = self.house.follow("github-events")
        self.addCleanup(client.close)
        client.next()
        names = [f"delivery-{number:03}-" for number in range(100)]
        updates = [("github-events", {"type": "new-event", "event": {
            "delivery_id": name, "event": "push", "repo_full_name": "a/b"}}) for name in names]
        with Trace(self.house.daemon.pid, self.house.folder, "-e", f"trace={CALLS}") as trace:
            ids = self.house.publisher.publish_all(updates)
            client.until(lambda event: event.id == ids[-1], "the last event")
            calls = trace.stop()
        for name, event_id in zip(names, ids):
            seen = sends(calls, f"id: {event_id}\\n") + sends(calls, f"{event_id}\\0")
            self.assertGreaterEqual(len(seen), 2, name)
            first = min(call.begun for call in seen)
            self.assertTrue([call for call in syncs(calls, writes(calls, name)[0])
                             if call.result == "0" and call.ended < first], name)
