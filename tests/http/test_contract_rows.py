# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each row of the contract's tables of streams and updates, on the wire."""

import json
import time

from cases import DaemonCase, FreshCase
from eventstream import INITIAL, PATHS
from model import instant
from publisher import Refusal

EVENT = {"delivery_id": "123", "event": "push", "repo_full_name": "user/repo",
         "status": "processed", "received_at": "2024-01-01T00:00:00Z"}
NO_STATS = {"drafts": 0, "ready": 0, "scheduled": 0, "published": 0, "failed": 0}
NO_POSTS = {"drafts": [], "ready": [], "scheduled": [], "published": [], "failed": []}
EMPTY = {
    "events": {"type": "events", "events": []},
    "stats": {"type": "stats", "stats": NO_STATS},
    "posts-by-status": {"type": "posts-by-status", "postsByStatus": NO_POSTS},
    "quota": {"type": "quota", "quota": {"used": 0, "remaining": 0}},
    "count": {"type": "count", "count": 0},
}


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class OwnUserCase(DaemonCase):
    """Each test has a user of its own, to whom alone its updates go."""

    def setUp(self):
        super().setUp()
        self.user = self.id().rsplit(".", 1)[-1]

    def publish(self, stream, update):
        return self.publisher.publish(stream, update, self.user)

    def join(self, stream):
        """A client that has had its initial events."""
        client = self.follow(stream, self.user)
        self.first = client.take(len(INITIAL[stream]))
        self.assertEqual([event.type for event in self.first], INITIAL[stream])
        return client

    def views(self, stream):
        """What a newcomer gets, by event type."""
        with self.rivulet.follow(stream, self.user) as client:
            return {event.type: event.data for event in client.take(len(INITIAL[stream]))}


class Streams(OwnUserCase):
    def test_initial_events_of_an_empty_state(self):
        for stream, path in PATHS.items():
            for prefix in "", "/api":
                with self.subTest(stream=stream, prefix=prefix):
                    client = self.follow(prefix + path, self.user)
                    events = client.take(len(INITIAL[stream]))
                    self.assertEqual([event.type for event in events], INITIAL[stream])
                    for event in events:
                        self.assertEqual(event.text, compact(EMPTY[event.type]))

    def test_an_event_is_an_id_a_type_and_one_line_of_data(self):
        client = self.join("github-events")
        event_id = self.publish("github-events", {"type": "new-event", "event": EVENT})
        self.assertEqual(client.next().id, event_id)
        data = compact({"type": "new-event", "event": EVENT})
        frame = f"id: {event_id}\nevent: new-event\ndata: {data}\n\n".encode()
        self.assertIn(frame, client.chunks.chunks)

    def test_ids_are_epoch_and_position(self):
        client = self.join("quota")
        ids = [self.publish("quota", {"type": "quota", "quota": {"used": n, "remaining": 1}})
               for n in range(3)]
        positions = [int(event_id.rsplit("-", 1)[1]) for event_id in ids]
        self.assertEqual(positions, list(range(positions[0], positions[0] + 3)))
        self.assertEqual({event_id.rsplit("-", 1)[0] for event_id in ids}, {self.first[0].epoch})
        last = client.until(lambda event: event.data["quota"]["used"] == 2, "the last quota")[-1]
        self.assertEqual(last.id, ids[-1])


class GithubEvents(OwnUserCase):
    def new_event(self, **members):
        return self.publish("github-events", {"type": "new-event", "event": {**EVENT, **members}})

    def test_new_event(self):
        client = self.join("github-events")
        event_id = self.new_event(zusatz={"ä": [1, 2.5, None, True, "\u2028"]})
        event = client.next()
        self.assertEqual((event.type, event.id), ("new-event", event_id))
        whole = {**EVENT, "zusatz": {"ä": [1, 2.5, None, True, "\u2028"]}}
        self.assertEqual(event.data, {"type": "new-event", "event": whole})
        self.assertEqual(self.views("github-events")["events"]["events"], [whole])

    def test_new_event_defaults(self):
        client = self.join("github-events")
        before = time.time()
        needed = {key: EVENT[key] for key in ("delivery_id", "event", "repo_full_name")}
        self.publish("github-events", {"type": "new-event", "event": needed})
        after = time.time()
        event = client.next().data["event"]
        received = event.pop("received_at")
        self.assertEqual(event, {**needed, "status": "pending"})
        self.assertTrue(received.endswith("Z"), received)
        self.assertGreaterEqual(instant(received).timestamp(), int(before * 1000) / 1000 - 0.001)
        self.assertLessEqual(instant(received).timestamp(), after)

    def test_a_new_event_alone_needs_no_list(self):
        client = self.join("github-events")
        self.new_event()
        self.new_event(delivery_id="124")
        self.assertEqual([event.type for event in client.take(2)], ["new-event"] * 2)
        self.publish("github-events", {"type": "event-delete", "eventId": "124"})
        self.assertEqual(client.next().type, "event-delete")

    def test_redelivery(self):
        client = self.join("github-events")
        first = self.new_event()
        again = self.new_event(status="failed", received_at="2025-01-01T00:00:00Z")
        self.assertNotEqual(first, again)
        self.new_event(delivery_id="marker")
        self.assertEqual(client.next().data["event"], EVENT)
        self.assertEqual(client.next().data["event"]["delivery_id"], "marker")
        self.assertIn(EVENT, self.views("github-events")["events"]["events"])

    def test_event_update(self):
        self.new_event(extra=1)
        client = self.join("github-events")
        event_id = self.publish("github-events", {"type": "event-update", "event": {
            "delivery_id": "123", "status": "failed", "more": {"a": 1}}})
        whole = {**EVENT, "extra": 1, "status": "failed", "more": {"a": 1}}
        event = client.next()
        self.assertEqual((event.id, event.data),
                         (event_id, {"type": "event-update", "event": whole}))
        self.assertEqual(client.next().data, {"type": "events-update", "events": [whole]})

    def test_event_delete(self):
        self.new_event()
        self.new_event(delivery_id="124")
        client = self.join("github-events")
        event_id = self.publish("github-events", {"type": "event-delete", "eventId": "123"})
        event = client.next()
        self.assertEqual((event.id, event.text),
                         (event_id, '{"type":"event-delete","eventId":"123"}'))
        self.assertEqual(client.next().data, {
            "type": "events-update", "events": [{**EVENT, "delivery_id": "124"}]})

    def test_deleted_and_replaced_ids_are_still_known(self):
        self.new_event()
        self.publish("github-events", {"type": "event-delete", "eventId": "123"})
        self.new_event()
        self.assertEqual(self.views("github-events")["events"]["events"], [])
        self.new_event(delivery_id="124")
        self.publish("github-events", {"type": "events", "events": []})
        self.new_event(delivery_id="124")
        self.assertEqual(self.views("github-events")["events"]["events"], [])
        with self.assertRaises(Refusal):
            self.publish("github-events", {"type": "event-delete", "eventId": "124"})

    def test_events_replaces_the_list(self):
        self.new_event()
        client = self.join("github-events")
        older = {**EVENT, "delivery_id": "1", "received_at": "2023-01-01T00:00:00Z"}
        newer = {**EVENT, "delivery_id": "2", "received_at": "2025-01-01T00:00:00Z"}
        event_id = self.publish("github-events", {"type": "events", "events": [older, newer]})
        event = client.next()
        self.assertEqual((event.id, event.data),
                         (event_id, {"type": "events-update", "events": [newer, older]}))
        self.assertEqual(self.views("events-count")["count"]["count"], 2)

    def test_the_50_most_recent_newest_first(self):
        for number in range(60):
            self.new_event(delivery_id=str(number),
                           received_at=f"2024-01-01T00:{(number * 7) % 60:02}:00Z")
        self.new_event(delivery_id="tie", received_at="2024-01-01T00:30:00+00:00")
        self.new_event(delivery_id="zone", received_at="2024-01-01T01:30:30+01:00")
        ids = [event["delivery_id"] for event in self.views("github-events")["events"]["events"]]
        expected = sorted(range(60), key=lambda number: -((number * 7) % 60))
        at_30 = next(index for index, number in enumerate(expected) if (number * 7) % 60 == 30)
        expected[at_30:at_30] = ["zone", "tie"]
        self.assertEqual(ids, [str(entry) for entry in expected[:50]])
        self.publish("github-events", {"type": "event-delete", "eventId": "zone"})
        refilled = self.views("github-events")["events"]["events"]
        self.assertEqual(len(refilled), 50)
        self.assertEqual(refilled[-1]["delivery_id"],
                         str([entry for entry in expected if entry != "zone"][49]))

    def test_an_event_of_16_kib(self):
        room = 16 * 1024 - len(compact({**EVENT, "body": ""}))
        self.new_event(body="x" * room)
        self.assertEqual(self.views("github-events")["events"]["events"],
                         [{**EVENT, "body": "x" * room}])
        with self.assertRaises(Refusal) as caught:
            self.new_event(delivery_id="124", body="x" * (room + 1))
        self.assertIn(caught.exception.name, ("InvalidUpdate", "TooLarge"))


class PostsStats(OwnUserCase):
    def post(self, post_id, status, **members):
        post = {"id": post_id, "status": status, **members}
        self.publish("posts-stats", {"type": "post", "post": post})
        return post

    def test_post_adds_and_replaces(self):
        client = self.join("posts-stats")
        first = self.post(7, "draft", title="a", createdAt="2024-01-01T00:00:00Z")
        self.assertEqual(client.next_of("stats-update").data["stats"], {**NO_STATS, "drafts": 1})
        self.assertEqual(client.next_of("posts-update").data["postsByStatus"],
                         {**NO_POSTS, "drafts": [first]})
        second = self.post("7", "published", title="b")
        views = self.views("posts-stats")
        self.assertEqual(views["stats"]["stats"], {**NO_STATS, "published": 1})
        self.assertEqual(views["posts-by-status"]["postsByStatus"],
                         {**NO_POSTS, "published": [second]})

    def test_every_status(self):
        statuses = {"draft": "drafts", "ready": "ready", "scheduled": "scheduled",
                    "published": "published", "failed": "failed"}
        posts = {key: [self.post(status, status)] for status, key in statuses.items()}
        views = self.views("posts-stats")
        self.assertEqual(views["stats"]["stats"], dict.fromkeys(NO_STATS, 1))
        self.assertEqual(views["posts-by-status"]["postsByStatus"], posts)

    def test_post_delete(self):
        self.post("a", "ready")
        keep = self.post("b", "ready")
        client = self.join("posts-stats")
        self.publish("posts-stats", {"type": "post-delete", "postId": "a"})
        self.assertEqual(client.next_of("posts-update").data,
                         {"type": "posts-update", "postsByStatus": {**NO_POSTS, "ready": [keep]}})
        self.assertEqual(self.views("posts-stats")["stats"]["stats"], {**NO_STATS, "ready": 1})

    def test_posts_by_status_replaces_all(self):
        self.post("a", "ready")
        self.publish("posts-stats", {"type": "stats", "stats": dict.fromkeys(NO_STATS, 9)})
        posts = {**NO_POSTS, "failed": [{"id": "x", "status": "failed", "why": "?"}]}
        self.publish("posts-stats", {"type": "posts-by-status", "postsByStatus": posts})
        views = self.views("posts-stats")
        self.assertEqual(views["stats"]["stats"], {**NO_STATS, "failed": 1})
        self.assertEqual(views["posts-by-status"]["postsByStatus"], posts)

    def test_stats_sets_the_counters_and_posts_change_them(self):
        self.post("a", "draft")
        stats = {"drafts": 5, "ready": 2, "scheduled": 3, "published": 10, "failed": 1}
        client = self.join("posts-stats")
        self.publish("posts-stats", {"type": "stats", "stats": stats})
        self.assertEqual(client.next_of("stats-update").text,
                         compact({"type": "stats-update", "stats": stats}))
        self.post("b", "draft")
        self.post("a", "ready")
        self.assertEqual(self.views("posts-stats")["stats"]["stats"],
                         {**stats, "drafts": 5, "ready": 3})

    def test_a_counter_is_never_below_0(self):
        self.post("a", "draft")
        self.publish("posts-stats", {"type": "stats", "stats": NO_STATS})
        self.publish("posts-stats", {"type": "post-delete", "postId": "a"})
        self.assertEqual(self.views("posts-stats")["stats"]["stats"], NO_STATS)
        self.post("b", "draft")
        self.assertEqual(self.views("posts-stats")["stats"]["stats"], NO_STATS)
        self.post("c", "draft")
        self.assertEqual(self.views("posts-stats")["stats"]["stats"], {**NO_STATS, "drafts": 1})

    def test_the_newest_100_of_a_status(self):
        updates = [("posts-stats", {"type": "post", "post": {
            "id": number, "status": "ready",
            "createdAt": f"2024-01-01T00:{number // 60:02}:{number % 60:02}Z"}}, self.user)
            for number in range(110)]
        updates.append(("posts-stats", {"type": "post", "post": {
            "id": "undated", "status": "ready"}}, self.user))
        self.publisher.publish_all(updates)
        views = self.views("posts-stats")
        self.assertEqual([post["id"] for post in views["posts-by-status"]["postsByStatus"]["ready"]],
                         list(range(109, 9, -1)))
        self.assertEqual(views["stats"]["stats"], {**NO_STATS, "ready": 111})


class Quota(OwnUserCase):
    setting = {"config": {"quota": {"default-remaining": 5}}}

    def test_default(self):
        self.assertEqual(self.views("quota")["quota"]["quota"], {"used": 0, "remaining": 5})

    def test_quota(self):
        client = self.join("quota")
        event_id = self.publish("quota", {"type": "quota", "quota": {
            "used": 4, "remaining": 1, "plan": {"name": "größer"}}})
        event = client.next()
        self.assertEqual(event.id, event_id)
        self.assertEqual(event.text, '{"type":"quota-update","quota":'
                         '{"used":4,"remaining":1,"plan":{"name":"größer"}}}')
        self.assertEqual(self.views("quota")["quota"]["quota"],
                         {"used": 4, "remaining": 1, "plan": {"name": "größer"}})


class EventsCount(OwnUserCase):
    def count(self):
        return self.views("events-count")["count"]["count"]

    def test_count_sets_it(self):
        client = self.join("events-count")
        event_id = self.publish("events-count", {"type": "count", "count": 150})
        event = client.next()
        self.assertEqual((event.id, event.text), (event_id, '{"type":"count","count":150}'))
        self.assertEqual(self.count(), 150)

    def test_it_follows_what_github_events_took(self):
        client = self.join("events-count")
        for number in "1", "2", "2", "3":
            self.publish("github-events",
                         {"type": "new-event", "event": {**EVENT, "delivery_id": number}})
        last = client.until(lambda event: event.data["count"] == 3, "a count of 3")[-1]
        self.assertEqual(last.type, "count")
        with self.assertRaises(Refusal):
            self.publish("github-events", {"type": "event-delete", "eventId": "unknown"})
        self.publish("github-events", {"type": "event-delete", "eventId": "1"})
        self.assertEqual(client.next().data["count"], 2)
        self.publish("github-events", {"type": "events", "events": [
            {**EVENT, "delivery_id": str(number)} for number in range(100, 107)]})
        self.assertEqual(client.next().data["count"], 7)

    def test_never_below_0(self):
        self.publish("github-events", {"type": "new-event", "event": EVENT})
        self.publish("events-count", {"type": "count", "count": 0})
        self.publish("github-events", {"type": "event-delete", "eventId": "123"})
        self.assertEqual(self.count(), 0)


class ForEveryone(FreshCase):
    def test_what_a_user_sees(self):
        """The table of audiences, row by row, for one user who has own data and one who has not."""
        everyones = {**EVENT, "delivery_id": "same", "repo_full_name": "for/everyone"}
        own = {**EVENT, "delivery_id": "same", "repo_full_name": "for/me",
               "received_at": "2024-01-02T00:00:00Z"}
        for audience, event in (None, everyones), ("me", own):
            self.publisher.publish("github-events", {"type": "new-event", "event": event}, audience)
            self.publisher.publish("posts-stats", {"type": "post", "post": {
                "id": 1, "status": "draft", "of": audience}}, audience)
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": 1, "remaining": 1}})
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": 2, "remaining": 2}}, "me")
        self.publisher.publish("posts-stats", {"type": "stats", "stats": {**NO_STATS, "ready": 3}}, "me")

        def views(user):
            found = {}
            for stream, types in INITIAL.items():
                with self.rivulet.follow(stream, user) as client:
                    found.update((event.type, event.data) for event in client.take(len(types)))
            return found

        mine, others = views("me"), views("other")
        self.assertEqual(mine["events"]["events"], [own, everyones])
        self.assertEqual(others["events"]["events"], [everyones])
        self.assertEqual(mine["stats"]["stats"], {**NO_STATS, "drafts": 1, "ready": 3})
        self.assertEqual(others["stats"]["stats"], {**NO_STATS, "drafts": 1})
        self.assertCountEqual(mine["posts-by-status"]["postsByStatus"]["drafts"], [
            {"id": 1, "status": "draft", "of": None}, {"id": 1, "status": "draft", "of": "me"}])
        self.assertEqual(others["posts-by-status"]["postsByStatus"]["drafts"],
                         [{"id": 1, "status": "draft", "of": None}])
        self.assertEqual(mine["quota"]["quota"]["used"], 2)
        self.assertEqual(others["quota"]["quota"]["used"], 1)
        self.assertEqual((mine["count"]["count"], others["count"]["count"]), (2, 1))
