# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tokens that the daemon issues itself, and tokens that are revoked."""

import os
import stat
import time

from gi.repository import GLib

import daemon
import eventstream
import tokens
from cases import DaemonCase, FreshCase
from publisher import MANAGER, PUBLISHER, Refusal
from waiting import wait_until

INVALID = "org.freedesktop.DBus.Error.InvalidArgs"


class Caller:
    """What both kinds of cases ask the daemon for."""

    def issue(self, subject="42", streams=("quota",), seconds=60):
        token = self.publisher.call(PUBLISHER, "IssueToken", GLib.Variant(
            "(sasu)", (subject, list(streams), seconds)))[0]
        return self.rivulet.note(token)

    def revoke(self, subject):
        self.publisher.call(MANAGER, "Revoke", GLib.Variant("(s)", (subject,)))

    def open(self, token, stream="quota"):
        target = f"{eventstream.PATHS[stream]}?token={self.rivulet.note(token)}"
        client = eventstream.StreamClient(self.rivulet.address, target)
        self.addCleanup(client.close)
        return client

    def status(self, token, stream="quota"):
        target = f"{eventstream.PATHS[stream]}?token={self.rivulet.note(token)}"
        with eventstream.StreamClient(self.rivulet.address, target) as client:
            client.read_head()
            return client.head.status

    def issued_at(self, second, subject="42"):
        return tokens.sign(self.rivulet.secret.bytes, {
            "sub": subject, "iat": second, "exp": second + 3600})

    def refused(self, name, call, *arguments):
        with self.assertRaises(Refusal) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.name, name, caught.exception)
        return caught.exception.message


class Issue(Caller, DaemonCase):
    def test_one_user_and_some_streams(self):
        token = self.issue("ann é", ["quota", "posts-stats"])
        self.publisher.publish("quota", {"type": "quota", "quota": {
            "used": 5, "remaining": 6}}, "ann é")
        self.assertEqual(self.open(token).next().data["quota"]["used"], 5)
        self.assertEqual(self.open(token, "posts-stats").next().type, "stats")
        self.assertEqual(self.status(token, "github-events"), 403)
        self.assertEqual(self.status(token, "events-count"), 403)

    def test_it_expires(self):
        client = self.open(self.issue(seconds=1))
        self.assertEqual(client.next().type, "quota")
        client.rest()

    def test_bounds(self):
        for subject in "", "x" * 1025:
            self.assertIn("subject", self.refused(INVALID, self.issue, subject))
        self.assertIn("streams", self.refused(INVALID, self.issue, "42", []))
        self.assertIn("64 streams", self.refused(INVALID, self.issue, "42", ["quota"] * 65))
        for seconds in 0, 86401, 2 ** 32 - 1:
            self.assertIn("86400", self.refused(INVALID, self.issue, "42", ["quota"], seconds))
        for stream in "quotas", "", "revocations", "*":
            self.refused("UnknownStream", self.issue, "42", ["quota", stream])

    def test_its_key_is_for_no_other_token(self):
        """Who has the secret of users' tokens cannot make one of the daemon's own, nor otherwise."""
        head, payload, _ = self.issue().split(".")
        forged = tokens.sign_parts(self.rivulet.secret.bytes,
                                   *(tokens.decode(part) for part in (head, payload)))
        self.assertEqual(self.status(forged), 401)


class Kept(Caller, FreshCase):
    def key_path(self):
        return os.path.join(self.rivulet.folder, "state", "token-key")

    def restart(self):
        self.rivulet.daemon.assert_clean()
        self.rivulet.start_again()

    def test_the_key_is_kept_and_for_nobody_else_to_read(self):
        token = self.issue(seconds=3600)
        self.assertEqual(stat.S_IMODE(os.stat(self.key_path()).st_mode), 0o600)
        with open(self.key_path(), encoding="ascii") as file:
            self.rivulet.note(file.read())
        self.restart()
        self.assertEqual(self.status(token), 200)

    def test_a_damaged_key_is_told(self):
        self.rivulet.daemon.assert_clean()
        with open(self.key_path(), "w", encoding="ascii") as file:
            file.write("none")
        status, _, said = daemon.run_to_end(self.rivulet.arguments, self.rivulet.environment)
        self.assertEqual(status, 1)
        self.assertIn(self.key_path(), said)
        os.unlink(self.key_path())
        self.rivulet.start_again()

    def test_revoked_stays_so(self):
        now = int(time.time())
        before = self.issued_at(now - 1)
        self.revoke("42")
        self.assertEqual(self.status(before), 401)
        for _ in range(2):
            self.restart()
            self.assertEqual(self.status(before), 401)
            self.assertEqual(self.status(self.issued_at(now - 1, "43")), 200)
        self.rivulet.daemon.kill()
        self.rivulet.start_again()
        self.assertEqual(self.status(before), 401)


class Revoke(Caller, DaemonCase):
    def setUp(self):
        super().setUp()
        self.user = self.id().rsplit(".", 1)[-1]

    def test_all_streams_of_that_user_end(self):
        now = int(time.time())
        token, other = self.issued_at(now, self.user), self.issued_at(now, self.user + "2")
        clients = [self.open(token, stream) for stream in eventstream.PATHS for _ in range(3)]
        witness = self.open(other)
        for client in [*clients, witness]:
            client.next()
        self.revoke(self.user)
        for client in clients:
            client.rest()
            if client.chunks:
                self.assertEqual(client.chunks.buffer, b"")
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": 1, "remaining": 0}},
                               self.user + "2")
        self.assertEqual(witness.next().type, "quota-update")
        self.assertEqual(self.status(token), 401)
        self.assertEqual(self.status(other), 200)

    def test_tokens_of_before(self):
        start = len(self.rivulet.daemon.lines)
        self.revoke(self.user)
        now = int(time.time())
        self.assertEqual(self.status(self.issued_at(now - 100, self.user)), 401)
        self.assertEqual(self.status(tokens.sign(self.rivulet.secret.bytes, {
            "sub": self.user, "exp": now + 60})), 401)
        self.rivulet.daemon.wait_for_line("a token was refused: .*revoked", start=start)
        wait_until(lambda: time.time() >= now + 1, "the next second")
        self.assertEqual(self.status(self.issued_at(now + 1, self.user)), 200)

    def test_of_the_daemons_own_too(self):
        old = self.issue(self.user)
        self.revoke(self.user)
        self.assertEqual(self.status(old), 401)
        # One that is issued in the same second is not what was revoked.
        self.assertEqual(self.status(self.issue(self.user)), 200)

    def issue_soon(self):
        def issue():
            try:
                return self.issue(self.user)
            except Refusal as refusal:
                self.assertEqual(refusal.name, "Busy")
                return None

        return wait_until(issue, "a token")

    def test_again_in_the_same_second(self):
        """What was issued between them is revoked too; what is issued then is not."""
        for _ in range(4):
            between = self.issue_soon()
            client = self.open(between)
            client.next()
            self.revoke(self.user)
            client.rest()
            self.assertEqual(self.status(between), 401)
        self.assertEqual(self.status(self.issue_soon()), 200)

    def test_while_clients_come(self):
        """Whoever comes while it happens is ended or refused, and nobody stays."""
        token = self.issued_at(int(time.time()) - 1, self.user)
        clients = [self.open(token) for _ in range(50)]
        self.revoke(self.user)
        for client in clients:
            client.rest()
        self.publisher.wait_clients("quota", 0)

    def test_nobody(self):
        for subject in "", "x" * 1025:
            self.assertIn("subject", self.refused(INVALID, self.revoke, subject))

    def test_it_is_no_stream(self):
        for update in {"type": "revoke"}, {"type": "revoke", "audience": "42"}:
            self.refused("UnknownStream", self.publisher.publish, "revocations", update, "42")
        self.refused("UnknownStream", self.publisher.publish_many, [
            ("quota", {"type": "quota", "quota": {"used": 1, "remaining": 1}}),
            ("revocations", {"type": "revoke"}, "42")])
        self.assertEqual(self.rivulet.get("/revocations").status, 404)


class Reload(Caller, FreshCase):
    def reload(self):
        self.publisher.call(MANAGER, "Reload", None)

    def test_over_the_bus(self):
        token = self.issue()
        self.reload()
        self.assertEqual(self.status(token), 200)
        with open(self.rivulet.config_path, "a", encoding="utf-8") as file:
            file.write("[http]\nhead-timeout-ms=x\n")
        self.rivulet.daemon.expect("the configuration stays as it was")
        self.assertIn("head-timeout-ms", self.refused(INVALID, self.reload))
        self.assertEqual(self.status(token), 200)
