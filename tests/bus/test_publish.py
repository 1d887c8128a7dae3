# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publish and PublishMany: what is answered, in which order, and errors by name."""

from gi.repository import GLib

from cases import DaemonCase, FreshCase
from publisher import ERROR, PUBLISHER, Publisher, Refusal


def quota(used):
    return {"type": "quota", "quota": {"used": used, "remaining": 0}}


def event(number, **members):
    return {"type": "new-event", "event": {
        "delivery_id": str(number), "event": "push", "repo_full_name": "a/b", **members}}


def position(event_id):
    return int(event_id.rsplit("-", 1)[1])


class PublishCase(DaemonCase):
    def setUp(self):
        super().setUp()
        self.user = self.id().rsplit(".", 1)[-1]

    def used(self, user=None):
        with self.rivulet.follow("quota", user or self.user) as client:
            return client.next().data["quota"]["used"]

    def refused(self, name, *arguments, **more):
        with self.assertRaises(Refusal) as caught:
            self.publisher.publish(*arguments, **more)
        self.assertEqual(caught.exception.name, name, caught.exception)
        return caught.exception.message


class Publish(PublishCase):
    def test_what_is_answered_is_applied(self):
        for used in range(20):
            self.publisher.publish("quota", quota(used), self.user)
            self.assertEqual(self.used(), used)

    def test_unknown_stream(self):
        for stream in "", "quotas", "Quota", "github_events", "../quota", "é":
            with self.subTest(stream=stream):
                self.assertIn(stream, self.refused("UnknownStream", stream, quota(1)))
        self.assertLess(len(self.refused("UnknownStream", "x" * 100000, quota(1))), 1000)

    def test_options(self):
        for options in ({"audience": GLib.Variant("s", "")}, {"audience": GLib.Variant("i", 42)},
                        {"audience": GLib.Variant("as", ["42"])}, {"Audience": GLib.Variant("s", "1")},
                        {"audiences": GLib.Variant("s", "1")}, {"": GLib.Variant("s", "1")},
                        {"audience": GLib.Variant("s", self.user), "x": GLib.Variant("b", True)}):
            with self.subTest(options=str(options)):
                message = self.refused("InvalidUpdate", "quota", quota(66), options=options)
                for name in set(options) - ({"audience"} if len(options) > 1 else set()):
                    self.assertIn(name, message)
        self.assertEqual(self.used(), 0)
        self.assertEqual(self.used("1"), 0)

    def test_an_audience_in_the_update_is_not_for_everyone(self):
        message = self.refused("InvalidUpdate", "quota", {**quota(77), "audience": self.user})
        self.assertTrue(message.startswith("audience: "), message)
        self.assertEqual(self.used(), 0)
        self.assertEqual(self.used("1"), 0)

    def test_wrong_types_are_the_bus_error(self):
        for parameters in (GLib.Variant("(s)", ("quota",)), GLib.Variant("(ss)", ("quota", "{}")),
                           GLib.Variant("(sss)", ("quota", "{}", "42"))):
            with self.assertRaises(Refusal) as caught:
                self.publisher.call(PUBLISHER, "Publish", parameters)
            self.assertEqual(caught.exception.name, "org.freedesktop.DBus.Error.InvalidArgs")

    def test_pipelined_calls_are_answered_in_their_order(self):
        ids = self.publisher.publish_all([("quota", quota(n), self.user) for n in range(2000)])
        positions = [position(event_id) for event_id in ids]
        self.assertEqual(positions, sorted(set(positions)))
        self.assertEqual(self.used(), 1999)

    def test_two_publishers_in_turns(self):
        other = Publisher(self.rivulet.bus.address)
        self.addCleanup(other.close)
        ids = [publisher.publish("quota", quota(n), self.user)
               for n in range(50) for publisher in (self.publisher, other)]
        positions = [position(event_id) for event_id in ids]
        self.assertEqual(positions, list(range(positions[0], positions[0] + 100)))

    def test_an_answer_also_where_nothing_changed(self):
        first = self.publisher.publish("github-events", event(1), self.user)
        again = self.publisher.publish("github-events", event(1), self.user)
        self.assertEqual(position(again), position(first) + 1)


class TooLarge(PublishCase):
    setting = {"config": {"hub": {"max-update-bytes": 4096}}}

    def test_a_limit_in_bytes(self):
        text = '{"type":"quota","quota":{"used":1,"remaining":0,"note":"%s"}}'
        room = 4096 - len(text % "")
        self.publisher.publish("quota", text % ("x" * room), self.user)
        self.assertEqual(self.used(), 1)
        message = self.refused("TooLarge", "quota", text % ("x" * (room + 1)))
        self.assertIn("4096", message)
        self.refused("TooLarge", "quota", text % ("é" * (room // 2 + 1)))
        self.refused("TooLarge", "quota", "x" * 5000)


class PublishMany(PublishCase):
    def test_results_of_each(self):
        results = self.publisher.publish_many([
            ("quota", quota(7), self.user),
            ("github-events", event(1), self.user),
            ("github-events", event(1), self.user),
            ("github-events", {"type": "event-delete", "eventId": "unknown"}, self.user),
            ("posts-stats", {"type": "post-delete", "postId": 5}, self.user),
            ("events-count", {"type": "count", "count": 9}, self.user),
        ])
        self.assertEqual(len(results), 6)
        positions = []
        for index, (event_id, name, reason) in enumerate(results):
            if index in (3, 4):
                self.assertEqual((event_id, name), ("", ERROR + "Refused"))
                self.assertNotEqual(reason, "")
            else:
                self.assertEqual((name, reason), ("", ""))
                positions.append(position(event_id) - index)
        self.assertEqual(len(set(positions)), 1, "positions in a row")
        self.assertEqual(self.used(), 7)

    def test_none(self):
        self.assertEqual(self.publisher.publish_many([]), [])

    def test_many(self):
        results = self.publisher.publish_many(
            [("github-events", event(n), self.user) for n in range(3000)])
        self.assertEqual([name for _, name, _ in results], [""] * 3000)
        with self.rivulet.follow("events-count", self.user) as client:
            self.assertEqual(client.next().data["count"], 3000)

    def test_one_wrong_shape_and_nothing_happens(self):
        good = ("quota", quota(55), self.user)
        wrong = [
            ("InvalidUpdate", ("quota", quota(-1), self.user)),
            ("InvalidUpdate", ("quota", "{", self.user)),
            ("InvalidUpdate", ("quota", quota(1), "")),
            ("UnknownStream", ("quotas", quota(1), self.user)),
            ("InvalidUpdate", ("quota", quota(1), None, {"x": GLib.Variant("b", True)})),
        ]
        for name, update in wrong:
            for updates in [update, good], [good, update], [good, update, good]:
                with self.subTest(name=name, updates=str(updates)):
                    with self.assertRaises(Refusal) as caught:
                        self.publisher.publish_many(updates)
                    self.assertEqual(caught.exception.name, name)
        self.assertEqual(self.used(), 0)

    def test_in_one_turn(self):
        """What one call published is seen together: the newest view alone."""
        with self.rivulet.follow("quota", self.user) as client:
            client.next()
            results = self.publisher.publish_many(
                [("quota", quota(n), self.user) for n in range(1, 101)])
            event_got = client.next()
            self.assertEqual(event_got.data["quota"]["used"], 100)
            self.assertEqual(event_got.id, results[-1][0])


class Busy(FreshCase):
    setting = {"config": {"hub": {"max-backlog": 2}}}

    def test_more_than_may_wait(self):
        """A large update is checked for a while, and what comes behind it waits for it."""
        large = {"type": "quota", "quota": {"used": 1, "remaining": 0}, "note": "x" * 1000000}
        answers = self.publisher.publish_all(
            [("quota", large), ("quota", quota(2)), ("quota", quota(3))])
        self.assertEqual([getattr(answer, "name", "taken") for answer in answers],
                         ["taken", "taken", "Busy"])
        self.publisher.publish("quota", quota(4))
        with self.rivulet.follow("quota") as client:
            self.assertEqual(client.next().data["quota"]["used"], 4)

    def test_more_than_can_ever_wait(self):
        with self.assertRaises(Refusal) as caught:
            self.publisher.publish_many([("quota", quota(n)) for n in range(1, 4)])
        self.assertEqual(caught.exception.name, "TooLarge")
        results = self.publisher.publish_many([("quota", quota(n)) for n in range(1, 3)])
        self.assertEqual([name for _, name, _ in results], ["", ""])


class BusyBytes(FreshCase):
    setting = {"config": {"hub": {"max-backlog-bytes": 8192, "max-update-bytes": 8192}}}

    def test_more_bytes_than_can_ever_wait(self):
        text = '{"type":"quota","quota":{"used":1,"remaining":0,"note":"%s"}}' % ("x" * 4000)
        with self.assertRaises(Refusal) as caught:
            self.publisher.publish_many([("quota", text)] * 3)
        self.assertEqual(caught.exception.name, "TooLarge")
        self.publisher.publish("quota", text)
