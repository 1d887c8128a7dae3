# SPDX-License-Identifier: LGPL-2.1-or-later
"""What browsers ask before and after: origins and the preflight."""

import eventstream
from cases import DaemonCase
from eventstream import PATHS

FIRST = "http://localhost:3000"
SECOND = "https://app.example.org"
STRANGERS = ["http://localhost:3001", "https://localhost:3000", "http://localhost:3000/",
             "http://localhost", "http://localhost:30000", "null", "*", "",
             "https://app.example.org.evil.example", "HTTP://LOCALHOST:3000 ", "x" * 4000]


class TwoOrigins(DaemonCase):
    setting = {"config": {"http": {"allowed-origins": f"{FIRST};{SECOND}"}}, "bus": False}

    def origin_named(self, origin):
        headers = {} if origin is None else {"Origin": origin}
        target = f"/quota/stream?token={self.rivulet.token()}"
        with eventstream.StreamClient(self.rivulet.address, target, headers) as client:
            head = client.read_head()
        self.assertEqual(head.get("Vary"), "Origin")
        self.assertEqual(head.get("Access-Control-Allow-Credentials"), "true")
        refused = self.rivulet.get("/quota/stream", headers).head
        self.assertEqual(refused.get("Access-Control-Allow-Origin"),
                         head.get("Access-Control-Allow-Origin"))
        return head.get("Access-Control-Allow-Origin")

    def test_an_allowed_origin_is_named(self):
        self.assertEqual(self.origin_named(FIRST), FIRST)
        self.assertEqual(self.origin_named(SECOND), SECOND)

    def test_to_all_others_the_first_is_named(self):
        self.assertEqual(self.origin_named(None), FIRST)
        for origin in STRANGERS:
            with self.subTest(origin=origin[:40]):
                self.assertEqual(self.origin_named(origin), FIRST)

    def test_preflight(self):
        for path in PATHS.values():
            for prefix in "", "/api":
                for origin in FIRST, SECOND, "https://evil.example":
                    with self.subTest(path=prefix + path, origin=origin):
                        response = self.rivulet.get(prefix + path, {
                            "Origin": origin,
                            "Access-Control-Request-Method": "GET",
                            "Access-Control-Request-Headers": "authorization,last-event-id",
                        }, "OPTIONS")
                        self.assertIn(response.status, (200, 204))
                        self.assertEqual(response.body, b"")
                        expected = {
                            "Access-Control-Allow-Origin": origin if origin == SECOND else FIRST,
                            "Access-Control-Allow-Credentials": "true",
                            "Access-Control-Allow-Methods": "GET",
                            "Access-Control-Allow-Headers":
                                "Cache-Control, Last-Event-ID, Authorization",
                            "Vary": "Origin",
                        }
                        for name, value in expected.items():
                            self.assertEqual(response.head.get(name), value)

    def test_preflight_with_a_token_and_without_origin(self):
        target = f"/quota/stream?token={self.rivulet.token()}"
        self.assertIn(self.rivulet.get(target, method="OPTIONS").status, (200, 204))

    def test_preflight_of_nothing(self):
        self.assertEqual(self.rivulet.get("/nothing", {"Origin": FIRST}, "OPTIONS").status, 404)
