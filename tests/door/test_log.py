# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemon writes down: why it refused, and never a token or secret."""

import time

import tokens
import webhook
from cases import FreshCase
from waiting import amount


class Log(FreshCase):
    # All that it can be made to say.
    setting = {"environment": {"G_MESSAGES_DEBUG": "all"}}

    def test_no_token_is_ever_written(self):
        note = self.rivulet.note
        bad = note(tokens.make(b"another secret of 32 bytes or more", "42"))
        expired = note(tokens.make(self.rivulet.secret.bytes, "42", -100))
        cut = note(self.rivulet.token()[:-1])
        for token in bad, expired, cut:
            for target, fields in (
                    (f"/quota/stream?token={token}", {}),
                    ("/quota/stream", {"Authorization": f"Bearer {token}"}),
                    ("/quota/stream", {"Authorization": f"Basic {token}"}),
                    (f"/nothing?token={token}", {}),
                    (f"/nothing/{token}", {}),
                    (f"/quota/stream?token={token}", {"Last-Event-ID": token})):
                self.assertIn(self.rivulet.get(target, fields).status, (401, 404))
        self.rivulet.get(f"/quota/stream?token={self.rivulet.token()}", method="POST")
        with self.rivulet.follow("github-events", headers={"Last-Event-ID": "nonsense"}) as client:
            client.next()
        signature = note(webhook.signature(b"wrong", b"{}")[len("sha256="):])
        webhook.post(self.rivulet.address, self.rivulet.hook_secret.bytes, "push", "1", {},
                     signature=f"sha256={signature}")
        self.rivulet.assert_nothing_leaked()

    def test_why_a_token_is_invalid_is_in_the_log_alone(self):
        before = len(self.rivulet.daemon.lines)
        token = tokens.make(self.rivulet.secret.bytes, "42", -3600)
        response = self.rivulet.get(f"/quota/stream?token={token}")
        self.assertEqual(response.json()["message"], "Invalid token")
        self.rivulet.daemon.wait_for_line(r"(?i)expire", start=before)

    def test_lines_cannot_be_forged(self):
        """What a client sends never begins a line of its own."""
        self.rivulet.get("/quota/stream?token=a%0Arivuletd:%20forged",
                         {"Last-Event-ID": "x"})
        self.rivulet.get("/%0Arivuletd:%20forged")
        with self.rivulet.follow("quota", "a\nrivuletd: forged") as client:
            client.read_head()
        self.assertNotIn("\nrivuletd: forged", self.rivulet.daemon.said())


class Filling(FreshCase):
    def test_reasons_are_told_now_and_then(self):
        """However many tokens are refused: 20 times in 10 seconds."""
        started = time.monotonic()
        for _ in range(amount(300, 60)):
            self.assertEqual(self.rivulet.get("/quota/stream?token=wrong").status, 401)
        spans = 1 + int((time.monotonic() - started) / 10)
        self.rivulet.daemon.assert_clean()
        told = self.rivulet.daemon.said().count("a token was refused")
        self.assertTrue(1 <= told <= 20 * spans, f"{told} in {spans} times 10 seconds")
