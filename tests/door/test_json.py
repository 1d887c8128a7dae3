# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON from outside, by D-Bus and by the webhook: what is refused, where, and what is taken."""

import json

import webhook
from badjson import AROUND, BYTES, TAKEN, VALUES, take_mark
from badupdates import EVENT, POST, STREAMS
from publisher import Refusal
from unchanged import UnchangedCase

UPDATES = {
    "github-events": {"type": "new-event", "event": {**EVENT, "delivery_id": "refused"}},
    "posts-stats": {"type": "post", "post": {**POST, "id": "refused"}},
    "quota": {"type": "quota", "quota": {"used": 9, "remaining": 9}},
    "events-count": {"type": "count", "count": 9},
}
PAYLOAD = {"action": "opened", "sender": {"login": "user"}, "repository": {"full_name": "a/b"}}


def texts(members, values=VALUES):
    """Texts that would be in order, but for one thing: as bytes, and the byte where that is."""
    whole = json.dumps(members)
    for value in values:
        data = value.encode() if isinstance(value, str) else value
        yield take_mark(whole[:-1].encode() + b',"x":' + data + b"}")
    for before, behind in AROUND:
        yield take_mark(before + whole + behind)


class Refused(UnchangedCase):
    def refuse(self, publish, offset, prefix=""):
        with self.assertRaises(Refusal) as caught:
            publish()
        self.assertEqual(caught.exception.name, "InvalidUpdate")
        self.assert_message(caught.exception.message, offset, prefix)

    def assert_message(self, message, offset, prefix=""):
        self.assertTrue(message.startswith(f"{prefix}not JSON: "), message)
        self.assertTrue(message.endswith(f" at byte {offset}"), (message, offset))

    def test_by_publish(self):
        for stream in STREAMS:
            for data, offset in texts(UPDATES[stream]):
                with self.subTest(stream=stream, data=data[:200]):
                    self.refuse(lambda stream=stream, text=data.decode():
                                self.publisher.publish(stream, text, self.user), offset)
        self.assert_unchanged()

    def test_by_publish_many(self):
        good = [(stream, UPDATES[stream], self.user) for stream in STREAMS]
        for data, offset in texts(UPDATES["quota"]):
            with self.subTest(data=data[:200]):
                self.refuse(lambda text=data.decode(): self.publisher.publish_many(
                    [*good, ("quota", text, self.user), *good]), offset, f"updates[{len(good)}]: ")
        self.assert_unchanged()

    def test_in_a_thread(self):
        """Larger updates are looked at elsewhere, no less strictly."""
        members = {**UPDATES["quota"], "padding": "x" * 100000}
        for data, offset in texts(members):
            with self.subTest(data=data[-200:]):
                self.refuse(lambda text=data.decode():
                            self.publisher.publish("quota", text, self.user), offset)
        self.assert_unchanged()

    def test_by_the_webhook(self):
        for form in False, True:
            for data, offset in texts(PAYLOAD, [*VALUES, *BYTES]):
                with self.subTest(form=form, data=data[:200]):
                    response = webhook.post(
                        self.rivulet.address, self.rivulet.hook_secret.bytes, "push", "refused",
                        data, form)
                    self.assertEqual(response.status, 400, response.body)
                    self.assert_message(response.json()["message"], offset)
        self.assert_unchanged()

    def test_a_number_that_is_whole_but_no_integer(self):
        """Where an integer is needed, one written as a fraction or a power is none."""
        for number in "1e300", "1e2", "3.0", "9007199254740993.0", "1E+2", "0e0":
            for stream, text, member in [
                    ("quota", '{"type":"quota","quota":{"used":%s,"remaining":1}}', "quota.used"),
                    ("events-count", '{"type":"count","count":%s}', "count"),
                    ("posts-stats", '{"type":"post","post":{"id":%s,"status":"draft"}}', "post.id"),
                    ("posts-stats", '{"type":"post-delete","postId":%s}', "postId")]:
                with self.subTest(stream=stream, number=number):
                    with self.assertRaises(Refusal) as caught:
                        self.publisher.publish(stream, text % number, self.user)
                    self.assertEqual(caught.exception.name, "InvalidUpdate")
                    self.assertTrue(caught.exception.message.startswith(f"{member}: must be "))
        self.assert_unchanged()


class Taken(UnchangedCase):
    def test_values(self):
        client = self.clients["quota"]
        for value in TAKEN:
            with self.subTest(value=value):
                self.publisher.publish("quota", '{"type":"quota","quota":{"used":1,"remaining":1,'
                                       f'"x":{value}}}}}', self.user)
                quota = client.next().data["quota"]
                self.assertEqual(quota, {"used": 1, "remaining": 1, "x": json.loads(value)})
                self.assertIs(type(quota["x"]), type(json.loads(value)))

    def test_a_count_of_minus_zero(self):
        self.publisher.publish("events-count", '{"type":"count","count":-0}', self.user)
        self.assertEqual(self.clients["events-count"].next().text, '{"type":"count","count":0}')

    def test_by_the_webhook(self):
        for number, value in enumerate(TAKEN):
            with self.subTest(value=value):
                text = json.dumps(PAYLOAD)[:-1] + f',"x":{value}}}'
                response = webhook.post(
                    self.rivulet.address, self.rivulet.hook_secret.bytes, "push",
                    f"taken-{number}", text, form=number % 2 == 1)
                self.assertEqual(response.status, 202, response.body)
                event = self.clients["github-events"].next().data["event"]
                self.assertEqual((event["delivery_id"], event["action"]),
                                 (f"taken-{number}", "opened"))
