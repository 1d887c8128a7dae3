# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks that are full or read-only, directories that are gone, databases that others hold."""

import os
import shutil
import sqlite3

import daemon
from mounts import FailingDisk, SmallDisk
from publisher import Refusal
from trouble import COMPLAINT, TroubleCase


def quota(used):
    return {"type": "quota", "quota": {"used": used, "remaining": 0}}


class FullDisk(TroubleCase):
    def setUp(self):
        self.disk = SmallDisk()
        self.addCleanup(self.disk.remove)
        self.state = os.path.join(self.disk.path, "state")
        super().setUp()

    def test_full_and_emptied(self):
        self.house.daemon.expect(COMPLAINT)
        self.disk.fill()
        # The files may still have some room of their own.
        while self.store()[0] == "ok":
            try:
                self.publish()
            except Exception:
                break
        self.assert_failing("full")
        self.disk.empty()
        self.assert_well()

    def test_full_at_the_start(self):
        self.house.end()
        self.house.judge()
        self.disk.fill()
        status, _, said = daemon.run_to_end(self.house.arguments, self.house.environment)
        self.assertEqual(status, 1, said)
        self.assertIn(os.path.join(self.state, "rivulet.db"), said)
        self.assertIn("full", said)
        self.disk.empty()
        self.house.start()
        self.house.close()


class ReadOnlyDisk(TroubleCase):
    def setUp(self):
        self.disk = FailingDisk()
        self.addCleanup(self.disk.remove)
        self.state = os.path.join(self.disk.path, "state")
        super().setUp()

    def test_becomes_read_only(self):
        self.disk.give_up()
        self.assert_failing("rivulet.db")
        self.disk.mend()
        self.assert_well()


class Directory(TroubleCase):
    def test_removed_altogether(self):
        """The database is made anew from what the daemon has in memory."""
        self.house.live_again()
        self.house.daemon.expect(COMPLAINT)
        shutil.rmtree(self.house.state)
        self.assert_fails()
        self.assert_well(covered=lambda since: False)

    def test_renamed_away_and_back(self):
        """What failed lies in what comes back, in the place of what was acknowledged since."""
        self.house.daemon.expect(COMPLAINT)
        away = self.house.state + "-away"
        os.rename(self.house.state, away)
        many = [("quota", quota(number), "cleo") for number in range(10)]
        self.assertEqual(self.house.publish_many(many), "StoreFailed")
        self.wait_well()
        self.house.publish("quota", quota(101), "ann")
        self.house.publish("quota", quota(102), "ben")
        shutil.rmtree(self.house.state)
        os.rename(away, self.house.state)
        with self.assertRaises(Refusal):
            self.house.publish("quota", quota(103), "cleo")
        self.wait_well(2)
        self.house.publish("quota", quota(104), "cleo")
        for _ in range(2):
            self.house.end()
            self.house.crowd.finish()
            self.house.start()
            for user, used in ("ann", 101), ("ben", 102), ("cleo", 104):
                with self.house.follow("quota", user) as client:
                    self.assertEqual(client.next().data, quota(used))
        self.house.daemon.assert_clean()

    def test_renamed_away_and_put_back_at_a_start(self):
        """Ids of what was acknowledged elsewhere say nothing about what lies there."""
        self.house.daemon.expect(COMPLAINT)
        away = self.house.state + "-away"
        os.rename(self.house.state, away)
        many = [(*self.updates.new_event(), None) for _ in range(10)]
        self.assertEqual(self.house.publish_many(many), "StoreFailed")
        self.wait_well()
        seen = [self.house.publish(*self.updates.new_event()) for _ in range(5)]
        self.house.daemon.assert_clean()
        self.house.crowd.finish()
        shutil.rmtree(self.house.state)
        os.rename(away, self.house.state)
        self.house.start()
        for since in seen:
            with self.house.follow("github-events", "ann", {"Last-Event-ID": since}) as client:
                self.assertEqual(client.next().type, "events")
        self.house.daemon.assert_clean()

    def refuse_to_start(self, *words):
        status, _, said = daemon.run_to_end(self.house.arguments, self.house.environment)
        self.assertEqual(status, 1, said)
        for word in words:
            self.assertIn(word, said)

    def test_where_all_may_write(self):
        self.house.end()
        self.house.judge()
        os.chmod(self.house.state, 0o777)
        self.refuse_to_start(f"{self.house.state}: others may write there")
        os.chmod(self.house.state, 0o700)
        self.house.start()
        self.house.close()

    def test_symbolic_links(self):
        """What another put in the place of a file is not followed, and stays as it is."""
        self.house.daemon.assert_clean()
        self.house.judge()
        for name, words in ("rivulet.db", "no regular file"), ("lock", "symbolic link"):
            path = os.path.join(self.house.state, name)
            elsewhere = os.path.join(self.house.folder, "elsewhere-" + name)
            os.rename(path, elsewhere)
            os.symlink(elsewhere, path)
            self.refuse_to_start(path, words)
            self.assertEqual(os.readlink(path), elsewhere)
            os.replace(elsewhere, path)
        self.house.start()
        self.house.close()


class Unreadable(TroubleCase):
    def setUp(self):
        if os.geteuid() == 0:
            # To root, permissions say something only without these capabilities.
            if shutil.which("setpriv") is None:
                self.skipTest("setpriv is not installed")
            wrapper = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
            daemon.WRAPPER[:0] = wrapper
            self.addCleanup(daemon.WRAPPER.__delitem__, slice(0, len(wrapper)))
        super().setUp()

    def test_made_unreadable(self):
        os.chmod(self.house.state, 0)
        try:
            self.assert_failing("Permission denied")
        finally:
            os.chmod(self.house.state, 0o700)
        self.assert_well()


class Held(TroubleCase):
    def test_locked_by_another_process(self):
        other = sqlite3.connect(os.path.join(self.house.state, "rivulet.db"), isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN EXCLUSIVE")
        self.assert_failing("another process holds it")
        other.execute("ROLLBACK")
        other.close()
        self.assert_well()

    def test_locked_at_the_start(self):
        self.house.end()
        self.house.judge()
        path = os.path.join(self.house.state, "rivulet.db")
        other = sqlite3.connect(path, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN EXCLUSIVE")
        status, _, said = daemon.run_to_end(self.house.arguments, self.house.environment)
        self.assertEqual(status, 1, said)
        self.assertIn(f"{path}: another process holds it", said)
        other.execute("ROLLBACK")
        other.close()
        self.house.start()
        self.house.close()

    def test_a_second_daemon(self):
        """It is refused, and the first one goes on."""
        arguments = [argument if argument != "--session" else "--no-bus"
                     for argument in self.house.arguments]
        status, _, said = daemon.run_to_end(arguments, self.house.environment)
        self.assertNotEqual(status, 0)
        self.assertIn(self.house.state, said)
        self.assertIn("another", said)
        self.publish_some()
        self.house.live_again()
        self.house.close()
