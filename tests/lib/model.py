# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each user may see, worked out from the wire contract alone: slowly, and all anew each time.

An update is (stream, object, audience); None is everyone. Updates are applied in the order of
their positions.
"""

import datetime

LIST_LENGTH = 50
KEPT_EVENTS = 1000
KEPT_IDS = 10000
POSTS_SHOWN = 100
STATUSES = {"draft": "drafts", "ready": "ready", "scheduled": "scheduled",
            "published": "published", "failed": "failed"}


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def own_and_everyones(user):
    return {None, user}


class Events:
    def __init__(self):
        self.kept = []  # (audience, event), oldest accepted first
        self.known = {}  # (audience, id), oldest first
        self.counts = {}

    def find(self, audience, event_id):
        for index, (owner, event) in enumerate(self.kept):
            if owner == audience and event["delivery_id"] == event_id:
                return index
        return None

    def remember(self, audience, event_id):
        self.known.setdefault((audience, event_id))
        if len(self.known) > KEPT_IDS:
            del self.known[next(iter(self.known))]

    def apply(self, update, audience):
        """Returns the event that all who see it get, None where nothing is appended."""
        count = self.counts.get(audience, 0)
        kind = update["type"]
        if kind == "new-event":
            event = {"status": "pending", **update["event"]}
            if (audience, event["delivery_id"]) in self.known:
                return None
            self.remember(audience, event["delivery_id"])
            self.kept = (self.kept + [(audience, event)])[-KEPT_EVENTS:]
            self.counts[audience] = count + 1
            return {"type": kind, "event": event}
        if kind == "event-update":
            index = self.find(audience, update["event"]["delivery_id"])
            event = {**self.kept[index][1], **update["event"]}
            self.kept[index] = (audience, event)
            return {"type": kind, "event": event}
        if kind == "event-delete":
            del self.kept[self.find(audience, update["eventId"])]
            self.counts[audience] = max(0, count - 1)
            return update
        assert kind == "events"
        self.kept = [(owner, event) for owner, event in self.kept if owner != audience]
        for event in update["events"]:
            self.remember(audience, event["delivery_id"])
            self.kept.append((audience, {"status": "pending", **event}))
        self.counts[audience] = len(update["events"])
        return None

    def views(self, user):
        seen = [event for owner, event in self.kept if owner in own_and_everyones(user)]
        newest = sorted(reversed(seen), key=lambda event: instant(event["received_at"]),
                        reverse=True)
        return {"events": {"events": newest[:LIST_LENGTH]}}

    def count_views(self, user):
        return {"count": {"count": sum(self.counts.get(owner, 0)
                                       for owner in own_and_everyones(user))}}


class Posts:
    def __init__(self):
        self.posts = {}  # (audience, id as text): post
        self.offsets = {}  # audience: {counter: offset}

    def known(self, audience):
        counters = dict.fromkeys(STATUSES.values(), 0)
        for (owner, _), post in self.posts.items():
            if owner == audience:
                counters[STATUSES[post["status"]]] += 1
        return counters

    def apply(self, update, audience):
        kind = update["type"]
        if kind == "post":
            self.posts[(audience, str(update["post"]["id"]))] = update["post"]
        elif kind == "post-delete":
            del self.posts[(audience, str(update["postId"]))]
        elif kind == "posts-by-status":
            self.posts = {key: post for key, post in self.posts.items() if key[0] != audience}
            for posts in update["postsByStatus"].values():
                for post in posts:
                    self.posts[(audience, str(post["id"]))] = post
            self.offsets.pop(audience, None)
        else:
            assert kind == "stats"
            known = self.known(audience)
            self.offsets[audience] = {key: value - known[key]
                                      for key, value in update["stats"].items()}

    def views(self, user):
        owners = own_and_everyones(user)
        stats = dict.fromkeys(STATUSES.values(), 0)
        by_status = {key: [] for key in STATUSES.values()}
        for owner in owners:
            known = self.known(owner)
            offsets = self.offsets.get(owner, {})
            for key in stats:
                stats[key] += max(0, known[key] + offsets.get(key, 0))
        for (owner, _), post in self.posts.items():
            if owner in owners:
                by_status[STATUSES[post["status"]]].append(post)
        for key, posts in by_status.items():
            dated = [post for post in posts if "createdAt" in post]
            undated = [post for post in posts if "createdAt" not in post]
            dated.sort(key=lambda post: instant(post["createdAt"]), reverse=True)
            by_status[key] = (dated + undated)[:POSTS_SHOWN]
        return {"stats": {"stats": stats}, "posts-by-status": {"postsByStatus": by_status}}


class Quota:
    def __init__(self, remaining):
        self.quotas = {}
        self.default = {"used": 0, "remaining": remaining}

    def apply(self, update, audience):
        self.quotas[audience] = update["quota"]

    def views(self, user):
        quota = self.quotas.get(user, self.quotas.get(None, self.default))
        return {"quota": {"quota": quota}}


class Model:
    """All four streams."""

    VIEW_OF = {
        "events-update": "events",
        "stats-update": "stats",
        "posts-update": "posts-by-status",
        "quota-update": "quota",
    }

    def __init__(self, default_remaining=0):
        self.events = Events()
        self.posts = Posts()
        self.quota = Quota(default_remaining)

    def apply(self, stream, update, audience=None):
        """Applies one update that was accepted; returns what it appends to github-events."""
        if stream == "github-events":
            return self.events.apply(update, audience)
        if stream == "events-count":
            self.events.counts[audience] = update["count"]
        elif stream == "posts-stats":
            self.posts.apply(update, audience)
        else:
            self.quota.apply(update, audience)
        return None

    def views(self, stream, user):
        """{initial event type: members} as this user sees the stream now."""
        if stream == "github-events":
            return self.events.views(user)
        if stream == "posts-stats":
            return self.posts.views(user)
        if stream == "quota":
            return self.quota.views(user)
        return self.events.count_views(user)

    def view(self, stream, user, event_type):
        """The data of a view's event of that type, initial or update, as it should be now."""
        initial = self.VIEW_OF.get(event_type, event_type)
        return {"type": event_type, **self.views(stream, user)[initial]}
