# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is too many goes while the daemon runs, as there are checkpoints often enough."""

import unittest

import database
from house import USERS, House
from randomupdates import RandomUpdates
from waiting import wait_until

RETAINED = 100


class Retention(unittest.TestCase):
    house = None

    def setUp(self):
        self.house = House({"log": {"retain-updates": RETAINED}}, crowd=False)
        self.addCleanup(self.house.stop)
        self.updates = RandomUpdates(self.id(), [None, *USERS], growing=True)

    def explain(self):
        return "rivuletd said:\n" + self.house.daemon.said() if self.house is not None else ""

    def update(self):
        make = self.updates.random.choice([self.updates.new_event, self.updates.one_post,
                                           self.updates.quota, self.updates.count])
        return *make(), self.updates.random.choice([None, *USERS])

    def excess(self):
        """What there is too much of."""
        return [(table, stream, count)
                for table, counts in database.counts(self.house.state).items()
                for stream, count in counts.items() if count > RETAINED]

    def test_no_more_than_is_to_be_kept(self):
        for _ in range(10 * RETAINED // 5):
            self.assertIsNone(self.house.publish_many([self.update() for _ in range(5)]))
        wait_until(lambda: not self.excess(), "no more of any stream than is to be kept")
        self.assertEqual(len(database.counts(self.house.state)["updates"]), 4)
