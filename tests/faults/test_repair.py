# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is left of the store's files after a failure: trusted no more than it has to be."""

import contextlib
import os
import re

import database
from house import USERS
from publisher import Refusal
from tracing import Failing, Trace, need_strace
from trouble import COMPLAINT, TroubleCase
from waiting import wait_until

ASIDE = "was set aside as"
WELL = "^rivuletd: the store is well again$"
WRITTEN = re.compile(r", (\d+), (\d+)\)\s+= \d+\Z")
# Attempts to become well, of which each is later than the one before.
ATTEMPTS = 4
# The first of an overflow page's bytes is the next page's number.
NO_PAGE = b"\x7f\xff\xff\xff"


class RepairCase(TroubleCase):
    def setUp(self):
        super().setUp()
        self.bulk = 0

    def path(self, suffix=""):
        return os.path.join(self.house.state, "rivulet.db" + suffix)

    def count(self, pattern):
        """How many lines the daemon said that are like it."""
        return len(re.findall(pattern, self.house.daemon.said(), re.MULTILINE))

    def publish_bulk(self, calls=1):
        """Publishes 240 KB each time, of which nobody sees anything; tells the first error."""
        for _ in range(calls):
            updates = []
            for _ in range(20):
                self.bulk += 1
                quota = {"used": self.bulk, "remaining": 0, "mark": f"mark{self.bulk:06}" * 1200}
                updates.append(("quota", {"type": "quota", "quota": quota}, "of nobody here"))
            name = self.house.publish_many(updates)
            if name is not None:
                return name
        return None


class NotSynced(RepairCase):
    def setUp(self):
        need_strace()
        super().setUp()

    def test_nothing_is_built_on_what_was_not_synced(self):
        """The kernel says once that it could not write; next time all is well, and it is not."""
        self.house.daemon.expect(COMPLAINT)
        with Trace(self.house.daemon.pid, self.house.folder, "-P", self.path("-wal"),
                   "-e", "trace=pwrite64,fdatasync",
                   "-e", "inject=fdatasync:error=EIO:when=1") as trace:
            self.assert_fails()
            self.wait_well()
            self.publish_some(20)
            calls = trace.stop()
        self.house.end()
        self.lose_power(calls)
        self.house.judge()
        self.house.start()
        self.house.close()

    def lose_power(self, calls):
        """Of the write-ahead log, what the failed call was to make certain was never written."""
        failed = next(call for call in calls if "(INJECTED)" in call.text)
        written = [(call.begun, *map(int, WRITTEN.search(call.text).groups()))
                   for call in calls if call.name == "pwrite64"]
        lost = {offset: size for begun, size, offset in written if begun < failed.begun}
        again = {offset for begun, _, offset in written if begun > failed.begun}
        self.assertTrue(lost)
        with open(self.path("-wal"), "r+b") as file:
            whole = file.seek(0, os.SEEK_END)
            for offset, size in lost.items():
                if offset not in again and offset < whole:
                    file.seek(offset)
                    file.write(b"\0" * size)


class Rest(RepairCase):
    config = {**TroubleCase.config, "hub": {"resume-events": 1}}

    def databases_open(self):
        """How many connections the daemon has to its database."""
        folder = f"/proc/{self.house.daemon.pid}/fd"
        count = 0
        for fd in os.listdir(folder):
            # A connection may end meanwhile.
            with contextlib.suppress(FileNotFoundError):
                count += os.readlink(os.path.join(folder, fd)) == self.path()
        return count

    def test_write_ahead_log_removed(self):
        """The one who reads for clients that resume has the files open too."""
        since = self.publish()
        self.publish_some(20)
        with self.house.follow("github-events", USERS[0], {"Last-Event-ID": since}) as client:
            self.assertNotEqual(client.next().type, "events")
        self.assertEqual(self.databases_open(), 2)
        self.house.daemon.expect(COMPLAINT)
        self.house.daemon.expect(ASIDE)
        os.unlink(self.path("-wal"))
        self.assert_fails()
        self.assert_well(lambda since: False, 0)


class Corrupt(RepairCase):
    config = {**TroubleCase.config, "log": {"retain-updates": 300}}

    def damage(self):
        """Has what continues some updates continue nowhere; returns how many times.

        They are some of the newest: after a start, SQLite has the oldest in its cache.
        """
        marks = {text.encode() for (text,) in database.query(
            self.house.state, "SELECT substr (json, instr (json, 'mark0'), 10) FROM updates"
            " WHERE json LIKE '%mark0%' ORDER BY position DESC LIMIT 10 OFFSET 40")}
        count = 0
        with open(self.path(), "r+b") as file:
            for offset in range(0, os.path.getsize(self.path()), database.PAGE):
                file.seek(offset)
                page = file.read(database.PAGE)
                found = re.search(rb"mark\d{6}", page[4:])
                if page[0] == 0 and any(page[:4]) and found and found.group() in marks:
                    file.seek(offset)
                    file.write(NO_PAGE)
                    count += 1
        return count

    def test_found_while_it_runs(self):
        """Trimming meets it: it is set aside, and another is made of what is in memory; once."""
        self.assertIsNone(self.publish_bulk(20))
        self.house.daemon.assert_clean()
        self.house.judge(retained=300)
        self.house.start()
        self.assertGreater(self.damage(), 0)
        self.house.daemon.expect(COMPLAINT)
        self.house.daemon.expect(ASIDE)
        wait_until(lambda: self.publish_bulk() is not None, "trimming that meets the damage")
        self.wait_well()
        self.assertIsNone(self.publish_bulk(20))
        self.assertEqual(self.store(), ("ok", ""))
        self.assertEqual((self.count(COMPLAINT), self.count(WELL)), (1, 1))
        self.assertEqual(len([name for name in database.corrupt_names(self.house.state)
                              if not name.endswith("-wal")]), 1)
        self.assert_well(lambda since: False, 0)


class NoRoom(RepairCase):
    def setUp(self):
        need_strace()
        super().setUp()

    def fill(self, *suffixes):
        """Has no room for what is written to some files."""
        failure = Failing(self.house.daemon.pid, self.house.folder,
                          [self.path(suffix) for suffix in suffixes],
                          {"pwrite64": "error=ENOSPC"})
        self.addCleanup(failure.__exit__)
        self.house.daemon.expect(COMPLAINT)
        return failure

    def wait_attempts(self, failure):
        """Waits until it has tried some times; all the while somebody publishes."""
        def tried():
            self.publish_bulk()
            return failure.injected() >= ATTEMPTS
        wait_until(tried, "attempts to become well")

    def test_for_the_database_alone(self):
        """While what is in the write-ahead log can go nowhere, it does not say that it is well."""
        failure = self.fill("")
        self.wait_attempts(failure)
        self.assertEqual((self.count(COMPLAINT), self.count(WELL)), (1, 0))
        self.assertIn("full", self.store()[1])
        failure.stop()
        self.wait_well()
        self.assertEqual(self.count(COMPLAINT), 1)
        self.assert_well()

    def make_anew_without_room(self, *suffixes):
        """The files are gone, and there is no room for new ones; it does not litter."""
        self.house.live_again()
        self.house.daemon.expect(ASIDE)
        failure = self.fill(*suffixes)
        for suffix in "", "-wal", "-shm":
            os.unlink(self.path(suffix))
        self.wait_attempts(failure)
        self.assertLessEqual(len(database.names_aside(self.house.state)), 2)
        failure.stop()
        wait_until(lambda: self.store() == ("ok", ""), "a store that is well")
        self.assertLessEqual(len(database.names_aside(self.house.state)), 2)
        self.assert_well(lambda since: False, 0)

    def test_for_one_made_anew(self):
        self.make_anew_without_room("", "-wal")

    def test_for_one_begun(self):
        self.make_anew_without_room(".new", ".new-wal")
