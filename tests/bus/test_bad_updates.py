# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every kind of bad update is refused with the member named, and changes nothing."""

import json

from badupdates import EVENT, NOT_JSON, POST, POSTS, UNKNOWN_IDS, shapes
from publisher import Refusal
from unchanged import GOOD, UnchangedCase


class BadUpdates(UnchangedCase):
    def refuse(self, stream, text, name, *words, audience="user"):
        with self.assertRaises(Refusal) as caught:
            self.publisher.publish(stream, text, self.user if audience == "user" else audience)
        self.assertEqual(caught.exception.name, name, (stream, text[:200], caught.exception))
        for word in words:
            self.assertIn(word, caught.exception.message, (stream, text[:200]))

    def test_every_shape(self):
        count = 0
        for stream, text, member in shapes():
            with self.subTest(stream=stream, text=text[:200]):
                count += 1
                self.refuse(stream, text, "InvalidUpdate", member)
        self.assertGreater(count, 300)
        self.assert_unchanged()

    def test_the_member_leads_the_message(self):
        for stream, text, member in shapes():
            if member in ("JSON", "object"):
                continue
            with self.subTest(stream=stream, text=text[:200]):
                with self.assertRaises(Refusal) as caught:
                    self.publisher.publish(stream, text, self.user)
                self.assertTrue(caught.exception.message.startswith(f"{member}: "),
                                caught.exception.message)

    def test_unknown_ids(self):
        for stream, update, member in UNKNOWN_IDS:
            with self.subTest(stream=stream, update=update):
                self.refuse(stream, json.dumps(update), "Refused", f"{member}: ")
        self.assert_unchanged()

    def test_an_id_of_another_audience_is_unknown(self):
        for stream, update in [
                ("github-events", {"type": "event-delete", "eventId": "known"}),
                ("github-events", {"type": "event-update", "event": {"delivery_id": "known"}}),
                ("posts-stats", {"type": "post-delete", "postId": "known"})]:
            for audience in None, "somebody else":
                with self.subTest(stream=stream, audience=audience):
                    self.refuse(stream, json.dumps(update), "Refused", audience=audience)
        self.assert_unchanged()

    def test_large_entries(self):
        for stream, update in [
                ("github-events", {"type": "new-event", "event": {
                    **EVENT, "delivery_id": "large", "body": "x" * 16384}}),
                ("posts-stats", {"type": "post", "post": {**POST, "id": "l", "body": "x" * 16384}}),
                ("posts-stats", {"type": "posts-by-status", "postsByStatus": {
                    **POSTS, "drafts": [{**POST, "body": "x" * 16384}]}})]:
            with self.subTest(update=str(update)[:100]):
                with self.assertRaises(Refusal) as caught:
                    self.publisher.publish(stream, update, self.user)
                self.assertIn(caught.exception.name, ("InvalidUpdate", "TooLarge"))
                self.assertIn("16", caught.exception.message)
        self.assert_unchanged()

    def test_an_update_that_makes_an_event_too_large(self):
        half = {"type": "event-update", "event": {"delivery_id": "known", "a": "x" * 9000}}
        self.publisher.publish("github-events", half, self.user)
        self.before = self.state()
        self.clients["github-events"].take(2)
        self.refuse("github-events", json.dumps(
            {"type": "event-update", "event": {"delivery_id": "known", "b": "x" * 9000}}),
            "Refused", "16")
        self.assert_unchanged()

    def test_by_publish_many_nothing_happens_at_all(self):
        good = [(stream, {**update, "n": 1}, "many") for stream, update in GOOD]
        for text in NOT_JSON[:5]:
            with self.subTest(text=text):
                with self.assertRaises(Refusal) as caught:
                    self.publisher.publish_many([*good, ("quota", text, "many"), *good])
                self.assertEqual(caught.exception.name, "InvalidUpdate")
        with self.rivulet.follow("github-events", "many") as client:
            self.assertEqual(client.next().data["events"], [])
        self.assert_unchanged()
