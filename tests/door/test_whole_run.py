# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nothing that was written in the whole run of the tests has a secret in it. Runs after all others."""

import os
import tempfile
import unittest

from gi.repository import GLib

import record
import tokens
import webhook
import wire
from cases import Setting
from publisher import MANAGER, PUBLISHER, Refusal

SECRET = b"a secret that is long enough for HS256"


class WholeRun(unittest.TestCase):
    def setUp(self):
        if "RIVULET_RECORD" not in os.environ:
            folder = tempfile.TemporaryDirectory(prefix="rivulet-record-")
            self.addCleanup(folder.cleanup)
            self.addCleanup(os.environ.pop, "RIVULET_RECORD")
            os.environ["RIVULET_RECORD"] = folder.name

    def test_no_secret_was_written(self):
        """Nor here, where a daemon says all that it can be made to say."""
        rivulet = Setting(config={"http": {"cookie-name": "token"}},
                          environment={"G_MESSAGES_DEBUG": "all"})
        try:
            for token in rivulet.token(), tokens.make(b"another" + SECRET, "42"), "x" * 10000:
                for target in f"/quota/stream?token={token}", f"/nothing?token={token}":
                    rivulet.get(target, method="OPTIONS")
                    rivulet.get(target, method="POST")
                    rivulet.get(target, version="1.0", method="HEAD")
                    rivulet.get(target, {"Authorization": f"Bearer {token}"}, method="PUT")
            with rivulet.follow("github-events", query="&lastEventId=nonsense") as client:
                client.next()
            for secret in rivulet.hook_secret.bytes, SECRET:
                webhook.post(rivulet.address, secret, "push", "1", {})
            with self.assertRaises(Refusal):
                rivulet.publisher.publish("quota", {"type": rivulet.token()})
            issued = rivulet.publisher.call(PUBLISHER, "IssueToken", GLib.Variant(
                "(sasu)", ("42", ["quota"], 60)))[0]
            rivulet.get(f"/github/events/stream?token={issued}")
            rivulet.publisher.call(MANAGER, "Revoke", GLib.Variant("(s)", ("42",)))
            rivulet.get("/quota/stream", {"Cookie": f"token={issued}"})
            with open(os.path.join(rivulet.folder, "state", "token-key"), "rb") as file:
                record.secret(file.read())
            rivulet.publisher.stream_properties("quota")
            rivulet.daemon.assert_clean()
        finally:
            rivulet.abandon()

        folder = os.environ["RIVULET_RECORD"]
        sources = {line.split(b": ")[0] for line in record.read(folder, "said")}
        for source in (b"rivuletd", b"rivuletd's cmdline", b"rivuletd's environ", b"D-Bus", b"HTTP"):
            self.assertIn(source, sources)
        self.assertGreater(len(record.keys(record.read(folder, "secrets"))), 10)
        found = list(record.leaks(folder))
        self.assertEqual(found, [], f"{len(found)} lines")


class Looking(unittest.TestCase):
    def leaks(self, said, *secrets):
        with tempfile.TemporaryDirectory(prefix="rivulet-record-") as folder:
            for kind, lines in ("said", [said]), ("secrets", secrets):
                with open(os.path.join(folder, f"{kind}-1"), "wb") as file:
                    file.writelines(line + b"\n" for line in lines)
            return list(record.leaks(folder))

    def test_what_is_found(self):
        token = tokens.make(SECRET, "42").encode()
        signature = token.rsplit(b".", 1)[1]
        for said in (token, signature, b"x" + signature, signature + b"x", signature[:20],
                     signature[-20:], token[:20], token.split(b".")[1]):
            self.assertEqual(len(self.leaks(b"rivuletd: a line with " + said, token)), 1, said)
        for said in (b"GET /quota/stream?lastEventId=1", b"Bearer 0123456789", token[:15],
                     b"sha256=0123456789abcdef0123"):
            self.assertEqual(len(self.leaks(b"rivuletd: " + said)), 1, said)

    def test_what_is_not(self):
        token = tokens.make(SECRET, "42").encode()
        for said in (b"a token was refused: it has expired", b"/github/events/stream", b"Bearer",
                     b"listening on 127.0.0.1:3001", b"sse-request-head.c:120: what is this?"):
            self.assertEqual(self.leaks(b"rivuletd: " + said, token, b"short"), [])

    def test_what_is_kept_of_a_request(self):
        with tempfile.TemporaryDirectory(prefix="rivulet-record-") as folder:
            kept = dict(os.environ)
            os.environ["RIVULET_RECORD"] = folder
            try:
                wire.request_bytes("/a?x=1&token=one&token=two", {
                    "Authorization": "Bearer three", "Cookie": "a=four; b=five"})
            finally:
                os.environ.clear()
                os.environ.update(kept)
            self.assertEqual(list(record.read(folder, "secrets")), [b"one\n", b"two\n", b"three\n", b"four\n", b"five\n"])
