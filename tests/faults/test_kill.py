# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 at random moments: nothing that was acknowledged is lost, nothing comes twice."""

import collections
import select
import shutil
import unittest

import chance
import database
from authors import BusAuthor, HookAuthor
from crowd import Follower
from house import USERS, House
from randomupdates import RandomUpdates
from waiting import Deadline


class LivesCase(unittest.TestCase):
    """Lives that end at a random moment, one after the other in the same house."""

    in_flight = 24
    retained = 10000
    house = None
    lives = 0

    def begin(self, config=None):
        self.random = chance.begin(self.id())
        self.ids = []
        self.house = House(config)
        self.addCleanup(self.house.abandon)

    def explain(self):
        said = self.house.daemon.said() if self.house is not None else ""
        return f"life {self.lives}; rivuletd said:\n{said}"

    def start_authors(self, hooks):
        authors = []
        for number in range(2):
            updates = RandomUpdates(self.random.random(), [None, None, *USERS], growing=True)
            # No two updates of the whole run may have the same time.
            updates.clock = (2 * self.lives + number) * 100000
            updates.newest += self.lives * 40
            authors.append(BusAuthor(self.house.bus.address, self.house.ledger, updates,
                                     self.in_flight))
        authors += [HookAuthor(self.house.address, self.house.hook_secret.bytes, self.house.ledger,
                               f"hook-{self.lives}-{number}") for number in range(hooks)]
        for author in authors:
            author.start()
        return authors

    def live(self, most_answers=400, hooks=1, end=None, **more):
        """Publishes up to a random moment, at which the daemon is killed or else ended; judges."""
        self.lives += 1
        authors = self.start_authors(hooks)
        self.house.ledger.wait_answers(self.random.randrange(most_answers), Deadline("answers"))
        # The moment itself: anywhere within the next few commits.
        select.select([], [], [], self.random.random() * 0.01)
        (end or self.house.end)()
        for author in authors:
            author.stop()
        for author in authors:
            author.finish()
        self.house.judge(self.covered, **more)
        self.assertEqual(self.house.daemon.complaints(), [])
        self.ids += [self.random.choice(connection.events).id
                     for connection in self.house.crowd.connections
                     if connection.stream == "github-events"]

    def covered(self, since):
        """Whether nothing behind it was trimmed; and of what was, that it was not too much."""
        trimmed = database.trimmed_up_to(self.house.state, "github-events")
        newer = [position for position in self.house.oracle.positions if position > trimmed]
        if trimmed:
            self.assertGreaterEqual(len(newer), self.retained)
        return int(since.rsplit("-", 1)[1]) >= trimmed

    def tell(self, *more):
        chance.tell(f"{self.id()}: {self.lives} lives; {dict(self.house.oracle.fates)}", *more)

    def resume_from_long_ago(self):
        """One more client, that was away since a random life, any number of epochs ago."""
        latecomer = Follower("github-events", self.random.choice(USERS))
        latecomer.last_id = self.random.choice(self.ids)
        self.house.crowd.connect(latecomer)
        self.house.crowd.wait_begun()


class Kill(LivesCase):
    def test_at_random_moments(self):
        self.begin()
        for _ in range(chance.ROUNDS):
            self.live()
            self.house.start()
            self.resume_from_long_ago()
        self.house.close(self.covered)
        self.tell()

    def test_at_random_moments_of_starting(self):
        """Some lives end before they have begun to serve."""
        self.begin()
        for _ in range(max(1, chance.ROUNDS // 4)):
            self.live(100)
            for _ in range(4):
                self.house.start_and_end(self.random.random() * 0.08)
            self.house.start()
            self.resume_from_long_ago()
        self.house.close(self.covered)
        self.tell()

    def test_at_random_moments_of_the_first_start(self):
        """A database that is being made is complete, or none."""
        self.begin()
        for _ in range(max(1, chance.ROUNDS // 4)):
            self.house.end()
            shutil.rmtree(self.house.state)
            for _ in range(4):
                self.house.start_and_end(self.random.random() * 0.04)
            self.house.start()
        self.live(100)
        self.house.start()
        self.house.close(self.covered)


class Little(LivesCase):
    """Of each stream 50 updates and events are kept, of events the newest 10 in memory."""

    retained = 50
    in_memory = 10
    in_flight = 3

    def count_ways(self):
        """How each client of github-events that came back was given what it had missed."""
        for connection in self.house.crowd.connections:
            if connection.stream == "github-events" and connection.since is not None:
                types = [event.type for event in connection.events]
                missed = types.index("events-update") if connection.resumed else 0
                if not connection.resumed:
                    self.ways["afresh"] += 1
                elif missed > self.in_memory:
                    self.ways["from the table"] += 1
                else:
                    self.ways["from memory"] += 1

    def test_at_random_moments(self):
        """Killed two times of three; the other time stopped, which makes a checkpoint."""
        self.ways = collections.Counter()
        self.begin({"log": {"retain-updates": self.retained},
                    "hub": {"resume-events": self.in_memory}})
        for number in range(max(20, chance.ROUNDS)):
            self.live(200, hooks=0, end=self.house.daemon.stop if number % 3 == 2 else None,
                      retained=self.retained)
            self.count_ways()
            self.house.start()
            for _ in range(3):
                self.resume_from_long_ago()
        self.tell(f"clients that came back: {dict(self.ways)}")
        self.assertEqual(len(self.ways), 3, self.ways)
