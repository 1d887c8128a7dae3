# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several streams on one connection, against the model, and resumed after whatever happened."""

import itertools
import random

from cases import FreshCase
from eventstream import INITIAL, part
from bymodel import ByModel
from randomupdates import RandomUpdates
from replay import History
from waiting import amount, wait_until

STREAMS = list(INITIAL)
COMBINATIONS = [streams for length in range(1, 5)
                for streams in itertools.permutations(STREAMS, length)]


class Part:
    """One stream of a client that follows several, as the model knows clients; also where it came
    again and again."""

    def __init__(self, follower, stream):
        self.follower = follower
        self.stream = stream

    @property
    def events(self):
        return part(self.follower.events, self.stream)

    def next(self, what):
        return self.follower.next(what)


class Follower:
    """A client of several streams that comes back by the last id that it has."""

    def __init__(self, case, streams, user):
        self.case = case
        self.streams = streams
        self.user = user
        self.earlier = []
        self.client = None
        self.come()

    @property
    def events(self):
        return self.earlier + self.client.events

    def next(self, what="an event"):
        return self.client.next(what)

    def come(self):
        headers = {"Last-Event-ID": self.earlier[-1].id} if self.earlier else {}
        self.client = self.case.rivulet.follow_several(self.streams, self.user, headers=headers)

    def leave(self):
        """Events that were read count, whatever else was under way."""
        self.client.close()
        self.earlier += self.client.events

    def come_back(self):
        self.leave()
        self.come()

    def parts(self):
        return [(stream, self.user, Part(self, stream)) for stream in self.streams]


class AgainstTheModel(ByModel, FreshCase):
    setting = {"config": {"quota": {"default-remaining": 3}, "hub": {"resume-events": 50}}}

    def setUp(self):
        super().setUp()
        self.random = random.Random("several streams")
        self.users = [f"user-{number}" for number in range(12)]
        self.source = RandomUpdates("several streams", [None, None, *self.users[:8]])
        self.history = History()
        self.followers = []
        self.addCleanup(lambda: [follower.client.close() for follower in self.followers])

    def burst(self, count):
        """Calls of up to 60 updates of all streams, which come in a row."""
        while count > 0:
            updates = [self.source.update() for _ in range(min(count, self.random.randrange(1, 60)))]
            for update, (event_id, name, _) in zip(updates, self.publisher.publish_many(updates)):
                if not name:
                    self.history.add(event_id, *update)
            count -= len(updates)

    def new_followers(self, count):
        for _ in range(count):
            self.followers.append(Follower(self, self.random.choice(COMBINATIONS),
                                           self.random.choice(self.users)))

    def check_all(self):
        # A deletion for everyone, so that each client is sent the list as it ends up.
        number = 10000 + len(self.history.updates)
        last = [("github-events", {"type": "new-event", "event": self.source.event(number)}, None),
                ("github-events", {"type": "event-delete", "eventId": f"d{number}"}, None)]
        self.assertEqual(self.publish(self.history, last), 0)
        parts = [one for follower in self.followers for one in follower.parts()]
        self.finish(parts, self.history.verify([], default_remaining=3))
        self.history.verify([(stream, user, one.events) for stream, user, one in parts],
                            default_remaining=3)

    def test_many_on_many_combinations(self):
        """While others come and updates do, in bursts of all streams."""
        self.burst(300)
        singles = [(stream, user, self.follow(stream, user))
                   for user in self.users for stream in STREAMS]
        for _ in range(10):
            self.new_followers(amount(20, 10))
            self.burst(amount(200, 60))
        self.check_all()
        self.finish(singles, self.history.verify([], default_remaining=3))
        self.history.verify([(stream, user, client.events) for stream, user, client in singles],
                            default_remaining=3)

    def test_coming_back(self):
        """In the middle of anything, from the rings and from the log."""
        self.burst(100)
        self.new_followers(30)
        for _ in range(12):
            self.burst(self.random.choice([10, 120]))
            for follower in self.random.sample(self.followers, 15):
                first = sum(len(INITIAL[stream]) for stream in follower.streams)
                for _ in range(self.random.randrange(first + 1)):
                    follower.next()
                follower.come_back()
        self.check_all()

    def test_through_restarts(self):
        self.burst(100)
        self.new_followers(20)
        for end in "stop", "kill", "kill", "stop":
            for follower in self.followers:
                follower.next()
            self.burst(80)
            for follower in self.followers:
                follower.leave()
            getattr(self.rivulet.daemon, end)()
            self.rivulet.start_again()
            self.burst(80)
            for follower in self.followers:
                follower.come()
        self.check_all()


def event(number, **members):
    return {"delivery_id": str(number), "event": "push", "repo_full_name": "user/repo",
            "received_at": f"2024-01-01T00:00:{number % 60:02}Z", **members}


class Kept(FreshCase):
    def new_event(self, number, **members):
        return self.publisher.publish("github-events",
                                      {"type": "new-event", "event": event(number, **members)})

    def resume(self, last, streams=("quota", "github-events", "events-count")):
        return self.follow_several(streams, headers={"Last-Event-ID": last})

    def got(self, last):
        """The ids of the events missed, then what it gets of each stream."""
        with self.rivulet.follow_several(("quota", "github-events", "events-count"),
                                         headers={"Last-Event-ID": last}) as client:
            events = client.until(lambda one: one.type == "count", "the count")
        missed = [one.position for one in events if one.type == "new-event"]
        return missed, [one.type for one in events[len(missed) :]]


class Trimmed(Kept):
    """All but the last five."""

    setting = {"config": {"hub": {"resume-events": 5},
                          "log": {"durability": "none", "directory": None}}}

    def test_what_is_not_kept_starts_afresh(self):
        ids = [self.new_event(number) for number in range(20)]
        positions = [int(one.rsplit("-", 1)[1]) for one in ids]
        for last in ids[:14]:
            self.assertEqual(self.got(last), ([], ["quota", "events", "count"]))
        for place in range(14, 20):
            self.assertEqual(self.got(ids[place]),
                             (positions[place + 1 :], ["quota", "events-update", "count"]))
        self.assertEqual(self.got("nonsense"), ([], ["quota", "events", "count"]))

    def test_cut_before_it_starts_afresh(self):
        """Whoever does not get to the first events of a stream has not been there: wherever it is
        cut off, it is told to start afresh, or goes on from where it is."""
        for number in range(20):
            last = self.new_event(number)
        old = last.rsplit("-", 1)[0] + "-1"
        for streams in itertools.permutations(("quota", "github-events", "posts-stats")):
            first = [event_type for stream in streams for event_type in INITIAL[stream]]
            for count in range(len(first) + 1):
                with self.subTest(streams=streams, count=count):
                    with self.resume(old, streams) as client:
                        told = [event.type for event in client.take(count)]
                        # Of what arrived together, as much as that is what it got.
                        last = client.events[count - 1].id if count > 0 else old
                    with self.resume(last, streams) as client:
                        told += [event.type for event in client.take(len(first))]
                    self.assertIn("events", told)


class Retained(Kept):
    setting = {"config": {"hub": {"resume-events": 5}, "log": {"retain-updates": 20}}}

    def test_what_is_trimmed_starts_afresh(self):
        ids = [self.new_event(number) for number in range(40)]
        self.rivulet.daemon.stop()
        self.rivulet.start_again()
        positions = [int(one.rsplit("-", 1)[1]) for one in ids]
        afresh = ([], ["quota", "events", "count"])
        self.assertEqual(self.got(ids[0]), afresh)
        wait_until(lambda: self.got(ids[18]) == afresh, "what is too many to be trimmed")
        self.assertEqual(self.got(ids[19]),
                         (positions[20:], ["quota", "events-update", "count"]))


class FarBehind(Kept):
    setting = {"config": {"hub": {"resume-events": 20}}}

    def test_in_slices_out_of_the_log(self):
        """For many at once, while more is published."""
        last = self.new_event(0)
        ids = [self.new_event(number, text="x" * 8000) for number in range(1, amount(400, 150))]
        clients = [self.resume(last) for _ in range(10)]
        ids += [self.new_event(number) for number in range(1000, 1030)]
        for client in clients:
            events = client.until(lambda one: one.id == ids[-1] and one.type == "new-event",
                                  "the last event")
            self.assertEqual([one.id for one in events if one.type == "new-event"], ids)
