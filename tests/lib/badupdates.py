# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every kind of update that the contract refuses: stream, text, the member to be named."""

import json

EVENT = {"delivery_id": "known", "event": "push", "repo_full_name": "user/repo",
         "received_at": "2024-01-01T00:00:00Z"}
POST = {"id": "known", "status": "draft", "createdAt": "2024-01-01T00:00:00Z"}
STATS = {"drafts": 0, "ready": 0, "scheduled": 0, "published": 0, "failed": 0}
POSTS = {"drafts": [], "ready": [], "scheduled": [], "published": [], "failed": []}
NO_COUNT = [None, -1, 1.5, 1.0, "1", True, [], {}]
NO_TEXT = [None, "", 7, True, [], {}]
NO_OBJECT = [None, 7, "x", True, []]
NO_ARRAY = [None, 7, "x", True, {}]
NO_TIME = [None, "", 7, "yesterday", "2024-01-01", "2024-01-01T00:00:00", "2024-13-01T00:00:00Z",
           "2024-01-01T25:00:00Z", "2024-01-01T00:00:00+99:00", [], {}]
STREAMS = ["github-events", "posts-stats", "quota", "events-count"]

NOT_JSON = [
    "", " ", "quota", "{", "}", "{}}", "nul", "{'type':'quota'}", '{"type":"quota",}',
    '{"type":"quota"} x', '/* */ {"type":"quota"}', '{"type":"quota","type":"quota"}',
    '{"type":"\\ud800"}', '{"type":"a\\u0000b"}', '{"type":01}', '{"type":NaN}', '{"a":1e999}',
    '{"a":99999999999999999999}', '{"a":"\t"}', "[" * 100000, '{"a":' * 33 + "1" + "}" * 33,
]
NOT_AN_OBJECT = ["null", "true", "7", '"quota"', "[]", '[{"type":"quota"}]']

# Their shape is right, and still they cannot be applied.
UNKNOWN_IDS = [
    ("github-events", {"type": "event-update", "event": {"delivery_id": "?"}}, "event.delivery_id"),
    ("github-events", {"type": "event-delete", "eventId": "?"}, "eventId"),
    ("posts-stats", {"type": "post-delete", "postId": "?"}, "postId"),
    ("posts-stats", {"type": "post-delete", "postId": 12345}, "postId"),
]


def without(members, name):
    return {key: value for key, value in members.items() if key != name}


def shapes():
    """Yields (stream, text, what the message must name)."""
    for stream in STREAMS:
        for text in NOT_JSON:
            yield stream, text, "JSON"
        for text in NOT_AN_OBJECT:
            yield stream, text, "object"
    for stream, update, member in members():
        yield stream, json.dumps(update), member


def members():
    for stream in STREAMS:
        yield stream, {}, "type"
        for kind in [*NO_TEXT, "unknown", "Quota", "new_event"]:
            yield stream, {"type": kind}, "type"
    yield "quota", {"type": "count", "count": 1}, "type"
    yield "events-count", {"type": "new-event", "event": EVENT}, "type"
    yield from event_members()
    yield from post_members()
    yield from number_members()


def event_members():
    stream = "github-events"
    for kind in "new-event", "event-update":
        yield stream, {"type": kind}, "event"
        for value in NO_OBJECT:
            yield stream, {"type": kind, "event": value}, "event"
        yield stream, {"type": kind, "event": without(EVENT, "delivery_id")}, "event.delivery_id"
        for name in EVENT:
            for value in NO_TIME if name == "received_at" else NO_TEXT:
                yield stream, {"type": kind, "event": {**EVENT, name: value}}, f"event.{name}"
        for value in NO_TEXT:
            yield stream, {"type": kind, "event": {**EVENT, "status": value}}, "event.status"
    for name in "event", "repo_full_name":
        yield stream, {"type": "new-event", "event": without(EVENT, name)}, f"event.{name}"

    yield stream, {"type": "event-delete"}, "eventId"
    for value in [None, "", True, [], {}]:
        yield stream, {"type": "event-delete", "eventId": value}, "eventId"

    yield stream, {"type": "events"}, "events"
    for value in NO_ARRAY:
        yield stream, {"type": "events", "events": value}, "events"
    for value in NO_OBJECT:
        yield stream, {"type": "events", "events": [EVENT, value]}, "events[1]"
    for name in "delivery_id", "event", "repo_full_name":
        broken = without({**EVENT, "delivery_id": "2"}, name)
        yield stream, {"type": "events", "events": [EVENT, broken]}, f"events[1].{name}"


def post_members():
    stream = "posts-stats"
    yield stream, {"type": "post"}, "post"
    for value in NO_OBJECT:
        yield stream, {"type": "post", "post": value}, "post"
    for name in "id", "status":
        yield stream, {"type": "post", "post": without(POST, name)}, f"post.{name}"
    for value in [None, "", 1.5, True, [], {}]:
        yield stream, {"type": "post", "post": {**POST, "id": value}}, "post.id"
        yield stream, {"type": "post-delete", "postId": value}, "postId"
    for value in [*NO_TEXT, "drafts", "DRAFT", "deleted"]:
        yield stream, {"type": "post", "post": {**POST, "status": value}}, "post.status"
    for value in NO_TIME[1:]:  # null is as good as absent
        yield stream, {"type": "post", "post": {**POST, "createdAt": value}}, "post.createdAt"
    yield stream, {"type": "post-delete"}, "postId"

    yield stream, {"type": "stats"}, "stats"
    yield stream, {"type": "posts-by-status"}, "postsByStatus"
    for value in NO_OBJECT:
        yield stream, {"type": "stats", "stats": value}, "stats"
        yield stream, {"type": "posts-by-status", "postsByStatus": value}, "postsByStatus"
    for name in STATS:
        yield stream, {"type": "stats", "stats": without(STATS, name)}, f"stats.{name}"
        yield (stream, {"type": "posts-by-status", "postsByStatus": without(POSTS, name)},
               f"postsByStatus.{name}")
        for value in NO_COUNT:
            yield stream, {"type": "stats", "stats": {**STATS, name: value}}, f"stats.{name}"
        for value in NO_ARRAY:
            yield (stream, {"type": "posts-by-status", "postsByStatus": {**POSTS, name: value}},
                   f"postsByStatus.{name}")
    for value in NO_OBJECT:
        yield (stream, {"type": "posts-by-status", "postsByStatus": {**POSTS, "drafts": [value]}},
               "postsByStatus.drafts[0]")
    for broken, name in (without(POST, "id"), "id"), ({**POST, "status": "ready"}, "status"):
        yield (stream, {"type": "posts-by-status", "postsByStatus": {**POSTS, "drafts": [broken]}},
               f"postsByStatus.drafts[0].{name}")


def number_members():
    yield "quota", {"type": "quota"}, "quota"
    for value in NO_OBJECT:
        yield "quota", {"type": "quota", "quota": value}, "quota"
    for name in "used", "remaining":
        quota = {"used": 1, "remaining": 1}
        yield "quota", {"type": "quota", "quota": without(quota, name)}, f"quota.{name}"
        for value in NO_COUNT:
            yield "quota", {"type": "quota", "quota": {**quota, name: value}}, f"quota.{name}"
    yield "events-count", {"type": "count"}, "count"
    for value in NO_COUNT:
        yield "events-count", {"type": "count", "count": value}, "count"
