# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may be a node, whom a node trusts, and whose tokens are good where."""

import os
import shutil
import tempfile
import unittest

from gi.repository import GLib

import daemon
import eventstream
import natslog
from fleet import Fleet, FleetCase
from proxies import Authority
from publisher import PUBLISHER

PASSWORD = "p4ssw%20rd-of-nobody-else"
TLS = """tls {{
  cert_file: "{server}"
  key_file: "{key}"
  ca_file: "{ca}"
  verify: true
}}
"""


class Security(unittest.TestCase):
    """One server, and what it asks for."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rivulet-security-")
        self.addCleanup(shutil.rmtree, self.folder)

    def authority(self, name, *others):
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        return Authority(folder, *others)

    def fleet(self, more):
        fleet = Fleet(more=more)
        self.addCleanup(fleet.stop)
        return fleet

    def refused(self, fleet, pattern, urls=None, **nats):
        """Fails where a node starts; returns what it said."""
        with self.assertRaisesRegex(AssertionError, pattern) as caught:
            fleet.node(urls, nats={"connect-seconds": 1, **nats})
        return str(caught.exception)


class Certificates(Security):
    def setUp(self):
        super().setUp()
        self.ours = self.authority("ours", "localhost")
        self.tls_fleet = self.fleet(TLS.format(server=self.ours.server, key=self.ours.key,
                                               ca=self.ours.certificate))
        self.urls = [f"tls://localhost:{self.tls_fleet.servers[0].port}"]
        self.own = {"certificate-file": self.ours.server, "key-file": self.ours.key}

    def test_both_sides_have_one(self):
        node = self.tls_fleet.node(self.urls, nats={"ca-file": self.ours.certificate, **self.own})
        self.assertEqual(node.new_event(1), natslog.position_of(1))

    def test_another_authority(self):
        other = self.authority("other", "localhost")
        self.refused(self.tls_fleet, "connecting to tls://localhost:", self.urls,
                     **{"ca-file": other.certificate, **self.own})

    def test_another_name(self):
        """What the authority signed for another server is no server of this node's."""
        urls = [f"tls://127.0.0.1:{self.tls_fleet.servers[0].port}"]
        self.refused(self.tls_fleet, "connecting to tls://127.0.0.1:", urls,
                     **{"ca-file": self.ours.certificate, **self.own})

    def test_no_certificate_of_its_own(self):
        self.refused(self.tls_fleet, "connecting to tls://localhost:", self.urls,
                     **{"ca-file": self.ours.certificate})

    def test_no_authority_of_its_own(self):
        """Then it trusts whom the system trusts, which is not this one."""
        self.refused(self.tls_fleet, "connecting to tls://localhost:", self.urls, **self.own)

    def test_files_that_are_not_there(self):
        path = os.path.join(self.folder, "nowhere")
        for key in "ca-file", "credentials-file":
            self.refused(self.tls_fleet, rf"\[nats\] {key}: cannot read {path}: No such file",
                         self.urls, **{key: path})
        for key in "certificate-file", "key-file":
            self.refused(self.tls_fleet, rf"\[nats\] {key}: cannot read {path}: No such file",
                         self.urls, **{**self.own, key: path})

    def test_files_of_something_else(self):
        secret = self.tls_fleet.secret.path
        self.refused(self.tls_fleet, rf"\[nats\] ca-file={secret}", self.urls,
                     **{"ca-file": secret})
        self.refused(self.tls_fleet, rf"\[nats\] certificate-file={secret}", self.urls,
                     **{**self.own, "certificate-file": secret})


class Passwords(Security):
    def setUp(self):
        super().setUp()
        self.guarded = self.fleet(
            f'authorization {{ users: [{{ user: "node", password: "{PASSWORD}" }}] }}\n')
        self.port = self.guarded.servers[0].port

    def urls(self, password):
        return [f"nats://node:{password}@127.0.0.1:{self.port}"]

    def test_the_right_one(self):
        node = self.guarded.node(self.urls(PASSWORD))
        node.note(PASSWORD)
        self.assertEqual(node.new_event(1), natslog.position_of(1))

    def test_others(self):
        """It is told where, and why, and never with what."""
        said = self.refused(self.guarded, rf"connecting to nats://127\.0\.0\.1:{self.port}: .*[Aa]uth",
                            self.urls("not-that-one"))
        self.assertNotIn("not-that-one", said)
        said = self.refused(self.guarded, "", ["nats://node:not-that-one@127.0.0.1:port"])
        self.assertNotIn("not-that-one", said)

    def test_none(self):
        self.refused(self.guarded, r"connecting to nats://127\.0\.0\.1:", [f"nats://127.0.0.1:{self.port}"])


class Permissions(Security):
    def test_a_right_that_is_missing(self):
        """A person finds out which."""
        fleet = self.fleet("""authorization { users: [{ user: "node", password: "pass",
          permissions: { publish: { deny: "rivulet.nodes" } } }] }\n""")
        node = fleet.node([f"nats://node:pass@127.0.0.1:{fleet.servers[0].port}"])
        node.daemon.expect("rivulet.nodes")
        node.daemon.wait_for_line(
            '(?i)permissions violation for publish to "rivulet.nodes"; the user of .nats. needs it')


class Tokens(FleetCase):
    def issue(self, node):
        [token] = node.publisher.call(PUBLISHER, "IssueToken",
                                      GLib.Variant("(sasu)", ("ann", ["quota"], 60)))
        return node.note(token)

    def target(self, token):
        return f"{eventstream.PATHS['quota']}?token={token}"

    def assert_taken(self, node, token):
        with eventstream.StreamClient(node.address, self.target(token)) as client:
            client.next_of("quota")

    def test_one_secret(self):
        """A token of one node is good at all."""
        secret = daemon.Secret(self.fleet.folder, "issue-secret")
        nodes = [self.fleet.node(auth={"issue-secret-file": secret.path}) for _ in range(2)]
        tokens = [self.issue(node) for node in nodes]
        for node in nodes:
            for token in tokens:
                self.assert_taken(node, token)

    def test_a_secret_each(self):
        """Without it, nodes say so, and a token is good where it was made alone."""
        first, second = self.fleet.node(), self.fleet.node()
        first.daemon.wait_for_line("good at this node alone: .auth. issue-secret-file is not set")
        token = self.issue(first)
        self.assert_taken(first, token)
        self.assertEqual(second.get(self.target(token)).status, 401)
