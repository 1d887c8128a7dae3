# SPDX-License-Identifier: LGPL-2.1-or-later
"""The script for pages, as it is served."""

import os

import daemon
from cases import DaemonCase, FreshCase

WEB = os.path.join(daemon.ROOT, "data", "web")
FIELDS = {
    "Content-Type": "text/javascript; charset=utf-8",
    "Cache-Control": "no-cache",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


def scripts():
    for folder, _, names in os.walk(WEB):
        for name in names:
            if name.endswith(".js"):
                yield "/" + os.path.relpath(os.path.join(folder, name), WEB)


class Script(DaemonCase):
    setting = {"bus": False, "config": {"http": {"base-paths": "/api;/v1/live"}}}

    def test_all_of_it_is_served(self):
        """Byte for byte, to everybody, without a token."""
        for path in scripts():
            with open(WEB + path, "rb") as file:
                text = file.read()
            for prefix in "", "/api", "/v1/live":
                with self.subTest(path=prefix + path):
                    response = self.rivulet.get(prefix + path, {"Origin": "https://evil.example"})
                    self.assertEqual((response.status, response.body), (200, text))
                    for name, value in FIELDS.items():
                        self.assertEqual(response.head.all(name), [value])

    def test_what_the_client_has_is_not_sent(self):
        etag = self.rivulet.get("/rivulet.js").head.get("ETag")
        response = self.rivulet.get("/rivulet.js", {"If-None-Match": etag})
        self.assertEqual((response.status, response.body), (304, b""))
        self.assertEqual(response.head.get("ETag"), etag)
        self.assertEqual(response.head.get("Access-Control-Allow-Origin"), "*")
        self.assertEqual(self.rivulet.get("/rivulet.js", {"If-None-Match": '"x"'}).status, 200)

    def test_methods(self):
        whole = self.rivulet.get("/rivulet.js")
        response = self.rivulet.get("/rivulet.js", method="HEAD")
        self.assertEqual((response.status, response.body), (200, b""))
        self.assertEqual(response.head.get("Content-Length"), str(len(whole.body)))
        for method in "POST", "PUT", "OPTIONS", "DELETE":
            with self.subTest(method=method):
                response = self.rivulet.get("/rivulet.js", method=method)
                self.assertEqual(response.status, 405)
                self.assertEqual(response.head.get("Allow"), "GET, HEAD")

    def test_nothing_beside_it(self):
        for path in ("/rivulet", "/rivulet/", "/rivulet/../rivulet.js", "/rivulet.d.ts",
                     "/rivulet%2ejs", "/rivulet/line.js/", "/package.json", "/v1/rivulet.js"):
            with self.subTest(path=path):
                self.assertIn(self.rivulet.get(path).status, (400, 404))


class FullHouse(FreshCase):
    setting = {"bus": False, "config": {"http": {"max-connections": 1}}}

    def test_a_script_takes_no_room(self):
        """Where no more can follow, a page hears of that from its connection, not from its script."""
        with self.rivulet.follow("quota") as client:
            client.next()
            self.assertIn(b"class Rivulet", self.rivulet.get("/rivulet.js").body)
            refused = self.rivulet.get(f"/quota/stream?token={self.rivulet.token('43')}")
            self.assertNotIn(b"event:", refused.body)
