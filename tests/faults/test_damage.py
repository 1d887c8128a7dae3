# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that are not as they were left: served exactly or set aside; never wrong, never a crash."""

import collections
import os
import re
import shutil
import unittest

import chance
import database
from crowd import Crowd, Follower
from daemon import run_to_end
from eventstream import INITIAL
from house import USERS, House
from model import Model
from randomupdates import RandomUpdates

# Of the header: its version and whose it is. With one of these changed it looks like somebody
# else's, and is left alone.
FOREIGN = {*range(60, 64), *range(68, 72)}

# Of the header: which journals those who write and read it must know.
FORMATS = [18, 19]


class Kept(unittest.TestCase):
    """A house in which much was published, and a copy of its store as the daemon left it."""

    config = None
    retained = None
    maxDiff = None
    house = None

    def setUp(self):
        self.house = House(self.config, crowd=False)
        self.addCleanup(self.house.abandon)
        self.updates = RandomUpdates(self.id(), [None, *USERS], growing=True)
        self.ids = []
        self.copies = 0

    def explain(self):
        return "rivuletd said:\n" + self.house.daemon.said() if self.house is not None else ""

    def publish_some(self, count):
        """Publishes so many; returns the id of the last that was taken."""
        for _ in range(count):
            stream, update = self.updates.random.choice(
                [self.updates.new_event, self.updates.one_post, self.updates.quota])()
            self.ids.append(self.house.publish(stream, update,
                                               self.updates.random.choice([None, *USERS])))
        return self.ids[-1]

    def keep(self):
        """Copies the store; returns where to."""
        self.copies += 1
        destination = os.path.join(self.house.folder, f"copy-{self.copies}")
        database.copy(self.house.state, destination)
        return destination

    def put_back(self, kept):
        """Makes the store what it was, with nothing else in its directory."""
        shutil.rmtree(self.house.state)
        database.copy(kept, self.house.state)

    def restart(self):
        self.house.launch()
        self.house.address = self.house.daemon.wait_listening()[0]

    def first_of_resume(self, since, user=USERS[0], house=None):
        headers = {"Last-Event-ID": since}
        with (house or self.house).follow("github-events", user, headers) as client:
            return client.next()

    def assert_afresh(self, since, house=None):
        self.assertEqual(self.first_of_resume(since, house=house).type, "events", since)

    def assert_resumes(self, since):
        self.assertNotEqual(self.first_of_resume(since).type, "events", since)

    def views_of(self, model):
        return [{"type": kind, **members} for user in USERS for stream in INITIAL
                for kind, members in model.views(stream, user).items()]

    def served(self):
        """The initial views of every stream for every user."""
        found = []
        for user in USERS:
            for stream, types in INITIAL.items():
                with self.house.follow(stream, user) as client:
                    found += [event.data for event in client.take(len(types))]
        return found


class DamageCase(Kept):
    def setUp(self):
        super().setUp()
        self.random = chance.begin(self.id())

    def live(self, clean):
        """Two lives, the second ended by a stop or a kill; returns where the store was copied."""
        self.publish_some(150)
        self.house.daemon.assert_clean()
        self.house.judge(retained=self.retained)
        self.folded = self.house.oracle.end
        self.house.start()
        self.publish_some(150)
        if clean:
            self.house.daemon.assert_clean()
        else:
            self.house.end()
        self.house.judge(retained=self.retained)
        self.right = self.views_of(self.house.oracle.model)
        self.house.arguments = [argument if argument != "--session" else "--no-bus"
                                for argument in self.house.arguments]
        return self.keep()

    def assert_right_or_aside(self, what, may_be_foreign=False, older=()):
        """Starts with what is there, and looks at what is served."""
        damaged = database.contents(self.house.state)
        daemon = self.house.launch()
        daemon.expect("")
        try:
            self.house.address = daemon.wait_listening()[0]
        except AssertionError:
            self.assertTrue(may_be_foreign, f"{what}: {daemon.said()}")
            self.assertEqual(daemon.wait(), 1, what)
            self.assertEqual(database.contents(self.house.state), damaged, what)
            return "refused"
        served = self.served()
        first = [self.resume_from_the_first(what, user) for user in USERS]
        aside = database.corrupt_names(self.house.state)
        if aside:
            self.assertEqual(served, self.views_of(Model()), what)
            self.assertEqual(first, [[]] * len(USERS), what)
            self.assert_byte_for_byte(aside, damaged, daemon.said(), what)
            outcome = "set aside"
        elif served == self.right:
            outcome = "right"
        else:
            self.assertIn(served, older, f"{what}: {daemon.said()}")
            self.assert_afresh(self.ids[-1])
            outcome = "older"
        self.assertEqual(daemon.stop(), 0, f"{what}: {daemon.said()}")
        return outcome

    def resume_from_the_first(self, what, user):
        """What a client is given that was away since the first id: all of it, or it begins anew."""
        follower = Follower("github-events", user)
        follower.last_id = self.ids[0]
        crowd = Crowd(self.house)
        connection = crowd.connect(follower)
        try:
            crowd.wait_begun()
        finally:
            crowd.abandon()
        got = [(event.position, event.data) for event in connection.appended()]
        if got:
            wanted = self.house.oracle.between(int(self.ids[0].rsplit("-", 1)[1]),
                                               connection.events[-1].position, user)
            self.assertEqual([position for position, _ in got],
                             [position for position, _ in wanted], what)
            self.assertTrue(got == wanted, f"{what}: {got} instead of {wanted}")
        return got

    def assert_byte_for_byte(self, aside, damaged, said, what):
        for name in aside:
            self.assertIn(name.removesuffix("-wal").removesuffix("-shm"), said, what)
        found = database.contents(self.house.state)
        base = min(aside, key=len)
        for name, content in damaged.items():
            self.assertEqual(found.get(name.replace("rivulet.db", base)), content,
                             f"{what}: {name} set aside")


class Damage(DamageCase):
    def test_truncated(self):
        kept = self.live(clean=True)
        path = os.path.join(self.house.state, "rivulet.db")
        whole = os.path.getsize(os.path.join(kept, "rivulet.db"))
        self.assertEqual(self.assert_right_or_aside("as it was"), "right")
        outcomes = []
        for length in (0, 1, 15, 50, 99, 100, 512, 4095, 4096, 4097, 8192, whole // 2, whole - 4096,
                       whole - 1):
            self.put_back(kept)
            os.truncate(path, length)
            outcomes.append(self.assert_right_or_aside(f"{length} of {whole} bytes"))
        self.assertIn("set aside", outcomes)

    def flip(self, name, offset):
        path = os.path.join(self.house.state, name)
        with open(path, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 1 << self.random.randrange(8)]))

    def test_bits_of_the_database(self):
        """A checkpoint, and as many updates behind it, all in the one file."""
        self.live(clean=False)
        database.change(self.house.state)
        kept = self.keep()
        self.assertEqual(self.assert_right_or_aside("as it was"), "right")
        whole = os.path.getsize(os.path.join(kept, "rivulet.db"))
        places = FORMATS + [self.random.randrange(100) for _ in range(max(4, chance.ROUNDS // 4))]
        places += [self.random.randrange(whole) for _ in range(chance.ROUNDS)]
        outcomes = []
        for place in places:
            self.put_back(kept)
            self.flip("rivulet.db", place)
            outcomes.append(self.assert_right_or_aside(f"byte {place}", place in FOREIGN))
        chance.tell(f"{self.id()}: {collections.Counter(outcomes)}")

    def test_events_of_no_stream(self):
        """One whose stream is another now, so that rows are out of order: no check of SQLite's looks."""
        self.live(clean=False)
        database.change(self.house.state)
        kept = self.keep()
        with open(os.path.join(kept, "rivulet.db"), "rb") as file:
            content = file.read()
        # A record of 9 columns' types: the stream in one byte, the position in two, no audience.
        rows = list(re.finditer(
            rb"\x09\x01\x02\x00\x06\x1f(?:[\x80-\xff][\x00-\x7f]|[\x00-\x7f])\x06([\x02-\x7f])",
            content))
        self.assertGreater(len(rows), 3)
        for row in rows[1], rows[len(rows) // 2], rows[-1]:
            self.put_back(kept)
            with open(os.path.join(self.house.state, "rivulet.db"), "r+b") as file:
                file.seek(row.start(1))
                file.write(bytes([row.group(1)[0] ^ 0x80]))
            self.assertEqual(self.assert_right_or_aside(f"byte {row.start(1)}"), "set aside")

    def test_bits_of_the_write_ahead_log(self):
        """SQLite takes a log up to the first frame that is not right: an older state, at worst."""
        kept = self.live(clean=False)
        older = self.older(kept)
        self.assertEqual(self.assert_right_or_aside("as it was"), "right")
        whole = os.path.getsize(os.path.join(kept, "rivulet.db-wal"))
        self.assertGreater(whole, 0)
        places = [self.random.randrange(32) for _ in range(4)]
        places += [self.random.randrange(whole) for _ in range(chance.ROUNDS)]
        outcomes = []
        for place in places:
            self.put_back(kept)
            self.flip("rivulet.db-wal", place)
            outcomes.append(self.assert_right_or_aside(f"byte {place}", older=older))
        chance.tell(f"{self.id()}: {collections.Counter(outcomes)}")

    def test_truncated_write_ahead_log(self):
        kept = self.live(clean=False)
        older = self.older(kept)
        whole = os.path.getsize(os.path.join(kept, "rivulet.db-wal"))
        for length in (0, 1, 31, 32, 33, 4000, whole // 3, whole // 2, whole - 4096, whole - 1):
            self.put_back(kept)
            os.truncate(os.path.join(self.house.state, "rivulet.db-wal"), length)
            self.assert_right_or_aside(f"{length} of {whole} bytes", older=older)

    def older(self, kept):
        """What was right at every position since the log was put into the database."""
        model = Model()
        found = {0: self.views_of(model)}
        for row in database.rows_behind(kept, 0):
            model.apply(row.stream, row.update, row.audience)
            found[row.position] = self.views_of(model)
        return [views for position, views in found.items() if position >= self.folded]


class Meaning(DamageCase):
    """A stream's name, an epoch's end, a position: another value would look right, too."""

    config = {"log": {"retain-updates": 50}}
    retained = 50
    changes = [
        "UPDATE streams SET name = 'quotb' WHERE name = 'quota'",
        "UPDATE epochs SET last = last + 1 WHERE last > 0",
        "UPDATE trimmed SET position = position - 1",
        "UPDATE checkpoint SET position = position - 1",
    ]

    def test_bits_of_what_others_rest_on(self):
        kept = self.live(clean=True)
        for change in self.changes:
            self.put_back(kept)
            place, byte = database.place_of(kept, change)
            with open(os.path.join(self.house.state, "rivulet.db"), "r+b") as file:
                file.seek(place)
                file.write(bytes([byte]))
            self.assertEqual(self.assert_right_or_aside(change), "set aside", change)


class Others(Kept):
    """Databases that are older or newer than what clients have seen, or somebody else's."""

    def test_rolled_back(self):
        last = self.publish_some(50)
        kept = self.keep()
        past = self.publish_some(10)
        self.house.daemon.assert_clean()
        self.put_back(kept)
        self.restart()
        for since in self.ids[50:]:
            self.assert_afresh(since)
        for since in (self.ids[0], self.ids[25], last):
            self.assert_resumes(since)
        self.assertNotEqual(past, last)

    def test_rolled_back_by_some_lives(self):
        last = self.publish_some(50)
        self.house.daemon.assert_clean()
        kept = self.keep()
        self.house.start()
        past = self.publish_some(10)
        self.house.end()
        self.house.start()
        later = self.publish_some(10)
        self.house.end()
        self.put_back(kept)
        self.restart()
        self.publish_some(30)
        self.assert_afresh(past)
        self.assert_afresh(later)
        self.assert_resumes(last)

    def test_copied_and_run_twice(self):
        last = self.publish_some(50)
        self.house.daemon.assert_clean()
        kept = self.keep()
        self.house.start()
        other = House(state=kept, crowd=False)
        self.addCleanup(other.stop)
        here = self.publish_some(10)
        for number in range(20):
            there = other.publish("quota", {"type": "quota", "quota": {"used": number,
                                                                       "remaining": 0}})
        self.assert_afresh(here, other)
        self.assert_afresh(there)
        self.assert_resumes(last)
        self.assert_resumes(here)

    def test_replaced_by_an_empty_one(self):
        empty = House(crowd=False)
        self.addCleanup(empty.abandon)
        empty.daemon.assert_clean()
        last = self.publish_some(50)
        self.house.daemon.assert_clean()
        self.put_back(empty.state)
        self.house.start()
        self.assertEqual(self.served(), self.views_of(Model()))
        self.publish_some(60)
        self.assert_afresh(last)

    def test_removed(self):
        last = self.publish_some(50)
        self.house.daemon.assert_clean()
        shutil.rmtree(self.house.state)
        self.house.start()
        self.assertEqual(self.served(), self.views_of(Model()))
        self.assert_afresh(last)

    def assert_left_alone(self, *words):
        before = database.contents(self.house.state)
        status, _, said = run_to_end(self.house.arguments, self.house.environment)
        self.assertEqual(status, 1, said)
        for word in (os.path.join(self.house.state, "rivulet.db"), *words):
            self.assertIn(word, said)
        self.assertEqual(database.contents(self.house.state), before)

    def test_newer(self):
        self.publish_some(5)
        self.house.daemon.assert_clean()
        ((version,),) = database.query(self.house.state, "PRAGMA user_version")
        database.change(self.house.state, "PRAGMA user_version = 99")
        self.assert_left_alone("99", str(version))

    def test_with_a_journal_of_another_kind(self):
        """As somebody may leave it who looked into it; with it, reading would hold up writing."""
        last = self.publish_some(50)
        self.house.daemon.assert_clean()
        self.house.judge()
        database.change(self.house.state, "PRAGMA journal_mode = DELETE")
        self.house.start()
        self.assertEqual(self.served(), self.views_of(self.house.oracle.model))
        self.assert_resumes(last)
        self.publish_some(5)
        self.house.end()
        self.assertEqual(database.query(self.house.state, "PRAGMA journal_mode"), [("wal",)])
        self.house.judge()
        self.house.start()
        self.house.daemon.assert_clean()
        self.house.judge()

    def test_of_another_program(self):
        self.publish_some(5)
        self.house.daemon.assert_clean()
        database.change(self.house.state, "PRAGMA application_id = 1")
        self.assert_left_alone("not Rivulet")

    def test_older(self):
        """The first version had no events; they cannot be had from it, all else can.

        It does not matter where its migration is interrupted.
        """
        self.publish_some(50)
        self.house.end()
        self.house.judge()
        database.change(self.house.state, "DROP TABLE events", "DROP TABLE trimmed",
                        "PRAGMA user_version = 1")
        for milliseconds in range(0, 40, 4):
            self.house.start_and_end(milliseconds / 1000)
        self.restart()
        self.assertEqual(self.served(), self.views_of(self.house.oracle.model))
        self.assertEqual(database.corrupt_names(self.house.state), [])
        self.house.publisher.wait_owner()
        self.publish_some(5)
        self.house.daemon.assert_clean()
