# SPDX-License-Identifier: LGPL-2.1-or-later
"""A node that is known by a credentials file, to servers that ask an operator's accounts."""

import os
import shutil
import tempfile
import time
import unittest

import daemon
import natslog
from fleet import Fleet
from nkeys import Identity, Realm


class Case(unittest.TestCase):
    """One server, and the account that nodes are users of."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rivulet-credentials-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.realm = Realm(self.folder)
        self.fleet = Fleet(more=self.realm.server)
        self.addCleanup(self.fleet.stop)

    def node(self, path):
        return self.fleet.node(nats={"connect-seconds": 1, "credentials-file": path})


class Credentials(Case):
    def refused(self, path, pattern):
        """Fails where a node starts, or does not say of which file it is."""
        with self.assertRaisesRegex(AssertionError, f"rivuletd ended with 1:\n.*{pattern}") as caught:
            self.node(path)
        said = str(caught.exception)
        with open(path, encoding="ascii") as file:
            for line in file:
                if len(line) > 50:
                    self.assertNotIn(line.strip(), said)
        self.assertIn(path, said)

    def test_a_user_of_the_account(self):
        user = self.realm.user("node")
        path, token = self.realm.credentials(user)
        first, second = self.node(path), self.node(path)
        for node in first, second:
            node.note(token)
            node.note(user.seed)
        with second.follow("github-events") as client:
            client.next_of("events")
            self.assertEqual(first.new_event("a"), natslog.position_of(1))
            self.assertEqual(client.next_of("new-event").data["event"]["delivery_id"], "a")

    def test_a_user_of_nobody_that_is_known(self):
        stranger = Identity(self.folder, "account", "stranger")
        path, _ = self.realm.credentials(self.realm.user("theirs"), issuer=stranger)
        self.refused(path, "Authorization Violation")

    def test_the_seed_of_another(self):
        """Who has the token alone can't sign what the server asks."""
        other = self.realm.user("other")
        path, _ = self.realm.credentials(self.realm.user("thief"), seed=other.seed)
        self.refused(path, "Authorization Violation")

    def test_a_seed_that_is_none(self):
        user = self.realm.user("node")
        path, _ = self.realm.credentials(user, seed=user.seed[:-1])
        self.refused(path, "")

    def test_a_user_until_a_minute_ago(self):
        path, _ = self.realm.credentials(self.realm.user("late"), expires=int(time.time()) - 60)
        self.refused(path, "Authorization Violation")

    def test_an_account_that_is_known_no_more(self):
        """A node that is there then ends, and says why: whoever watches it starts it."""
        path, _ = self.realm.credentials(self.realm.user("node"))
        node = self.node(path)
        [server] = self.fleet.servers
        node.daemon.expect("the store failed")
        server.kill()
        other = os.path.join(self.folder, "other")
        os.mkdir(other)
        server.more = Realm(other).server
        server.start()
        self.assertEqual(node.daemon.wait(), 1)
        self.assertIn("the servers do not take this node any more: ", node.daemon.said())
        self.fleet.drop(node)


class Unreadable(Case):
    """Where what the file is worth is not even seen."""

    def setUp(self):
        super().setUp()
        self.path, _ = self.realm.credentials(self.realm.user("node"))

    def cannot(self, path, why):
        with self.assertRaisesRegex(AssertionError, "rivuletd ended with 1:\n.*"
                                    rf"\[nats\] credentials-file: cannot read {path}: {why}"):
            self.node(path)

    def test_it_is_not_there(self):
        self.cannot(f"{self.path}.nowhere", "No such file")

    def test_it_is_not_permitted(self):
        if os.geteuid() == 0:
            # To root, permissions say something only without these capabilities.
            if shutil.which("setpriv") is None:
                self.skipTest("setpriv is not installed")
            wrapper = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
            daemon.WRAPPER[:0] = wrapper
            self.addCleanup(daemon.WRAPPER.__delitem__, slice(0, len(wrapper)))
        os.chmod(self.path, 0)
        self.cannot(self.path, "Permission denied")

    def test_it_is_a_folder(self):
        self.cannot(self.folder, "Is a directory")

    def test_it_is_of_something_else(self):
        with self.assertRaisesRegex(AssertionError, f"rivuletd ended with 1:\n.*{self.fleet.secret.path}"):
            self.node(self.fleet.secret.path)
