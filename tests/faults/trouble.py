# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests of a failing store have in common: it fails, all else goes on, it is well again."""

import unittest

from crowd import Follower
from house import USERS, House
from publisher import Refusal
from randomupdates import RandomUpdates
from waiting import wait_until

COMPLAINT = r"^rivuletd: warning: the store failed: "


class TroubleCase(unittest.TestCase):
    """A house that has lived one life already, so that there is something to be lost."""

    config = {"clients": {"heartbeat-ms": 100}}
    state = None
    house = None
    maxDiff = None

    def setUp(self):
        self.house = House(self.config, self.state)
        self.addCleanup(self.house.abandon)
        self.updates = RandomUpdates(self.id(), [None, *USERS], growing=True)
        self.publish_some(200)
        self.house.live_again()
        self.publish_some(20)

    def explain(self):
        return "rivuletd said:\n" + self.house.daemon.said() if self.house is not None else ""

    def store(self):
        """(StoreState, StoreError) as D-Bus tells them."""
        properties = self.house.publisher.server_properties()
        return properties["StoreState"], properties["StoreError"]

    def wait_well(self, times=1):
        self.house.daemon.wait_for_line("the store is well again$", times)
        self.assertEqual(self.store(), ("ok", ""))

    def publish(self):
        """Publishes something that is never refused for what it is."""
        stream, update = self.updates.random.choice(
            [self.updates.new_event, self.updates.one_post, self.updates.quota])()
        return self.house.publish(stream, update, self.updates.random.choice([None, *USERS]))

    def publish_some(self, count=5):
        for _ in range(count):
            self.publish()

    def assert_fails(self):
        with self.assertRaises(Refusal) as caught:
            self.publish()
        self.assertEqual(caught.exception.name, "StoreFailed", caught.exception)
        return caught.exception.message

    def assert_failing(self, reason):
        """It says so, and why; publishing fails at once, and all else goes on."""
        self.house.daemon.expect(COMPLAINT)
        self.assert_fails()
        wait_until(lambda: self.store()[0] == "failed" and reason in self.store()[1],
                   f"a store that failed because of: {reason}")
        self.house.daemon.wait_for_line(COMPLAINT + ".*" + reason)
        for _ in range(3):
            self.assertIn(reason, self.assert_fails())
        self.assert_goes_on()
        self.assert_unseen()

    def assert_unseen(self):
        """Nobody has seen what is not certain to be kept."""
        last = max(entry.position or 0 for entry in self.house.ledger.sent)
        for connection in self.house.crowd.connections:
            for event in connection.events[:]:
                self.assertLessEqual(event.position, last, (connection, event))

    def assert_goes_on(self):
        """Newcomers are served, and those who are here hear a heartbeat."""
        for follower in [Follower(stream, "newcomer") for stream in
                         ("github-events", "posts-stats", "quota", "events-count")]:
            self.house.crowd.connect(follower)
        self.house.crowd.wait_begun()
        comments = [(connection, connection.client.parser.comments)
                    for connection in self.house.crowd.connections]
        wait_until(lambda: self.house.crowd.check() and all(
            connection.client.parser.comments > count for connection, count in comments),
            "a heartbeat at every client")

    def assert_well(self, covered=lambda since: True, retained=None):
        """By itself it is well again; all that was acknowledged outlives a SIGKILL, and a stop."""
        self.wait_well()
        self.publish_some()
        self.assertEqual(self.house.daemon.complaints(), [])
        self.house.live_again(covered, retained)
        self.publish_some()
        self.house.close(covered)
