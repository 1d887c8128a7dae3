# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operators' page as it is served: where, with what headers, and what it is told."""

import html.parser
import os
import re
import shutil
import signal
import tempfile

import daemon
import wire
from cases import DaemonCase, FreshCase
from test_config import ConfigCase

FOLDER = os.path.join(daemon.ROOT, "data", "dashboard")
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml; charset=utf-8"}
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
           "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
           "Cache-Control": "no-cache"}


def policy_of(answer):
    """{directive: sources}"""
    parts = [part.split() for part in answer.head.get("Content-Security-Policy").split(";")]
    return {name: sources for name, *sources in parts}


class References(html.parser.HTMLParser):
    """Whatever a page has the browser get, and what would run in it without a file of its own."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.inline = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href") and not value.startswith("#"):
                self.found.append("/" + value)
            if name == "style" or name.startswith("on"):
                self.inline.append((tag, name))
        if tag in ("script", "style") and "src" not in dict(attributes):
            self.inline.append((tag, None))


class Page(DaemonCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="rivulet-operators-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.setting = {"config": {"operators": {
            "listen": f"127.0.0.1:0;unix:{os.path.join(cls.folder, 'socket')}"}}}
        super().setUpClass()
        cls.operators = cls.rivulet.daemon.wait_for_operators(2)
        cls.files = cls.reach()

    @classmethod
    def get(cls, path, headers=(), **more):
        return wire.request(cls.operators[0], path, headers, **more)

    @classmethod
    def reach(cls):
        """{path: answer} of the page and all that it needs, found as a browser finds it."""
        found = {}
        due = ["/"]
        while due:
            path = due.pop()
            if path in found:
                continue
            found[path] = answer = cls.get(path)
            text = answer.body.decode()
            if path == "/":
                due += References(text).found
            elif path.endswith(".js"):
                folder = os.path.dirname(path)
                due += ["/" + os.path.normpath(f"{folder}/{name}").strip("/")
                        for name in re.findall(r"^(?:import|export) .*?from '(.+?)';$", text, re.M | re.S)]
        return found

    def test_all_of_it_is_there(self):
        self.assertGreater(len(self.files), 10)
        for path, answer in self.files.items():
            with self.subTest(path=path):
                self.assertEqual(answer.status, 200)
                ending = os.path.splitext(path)[1] or ".html"
                self.assertEqual(answer.head.get("Content-Type"), TYPES[ending])
                for name, value in HEADERS.items():
                    self.assertEqual(answer.head.all(name), [value])
                self.assertFalse([name for name, _ in answer.head.fields
                                  if name.startswith("Access-Control")])

    def test_nothing_else_is_there(self):
        """What is served is what the page needs: no file too many in the program."""
        if not os.path.isdir(FOLDER):
            self.skipTest("the sources are not here")
        served = {path if path != "/" else "/index.html" for path in self.files}
        # The last one is made of the catalogues.
        there = {f"/{name}" for name in [*os.listdir(FOLDER), "translations.js"] if name.endswith(tuple(TYPES))}
        self.assertEqual({path for path in served if not path.startswith("/rivulet")}, there)

    def test_on_the_socket_too(self):
        answer = wire.request(self.operators[1], "/")
        self.assertEqual((answer.status, answer.body), (200, self.files["/"].body))

    def test_the_policy(self):
        for path, answer in self.files.items():
            with self.subTest(path=path):
                self.assertEqual(policy_of(answer), {
                    "default-src": ["'none'"], "script-src": ["'self'"], "style-src": ["'self'"],
                    "img-src": ["'self'", "data:"], "base-uri": ["'none'"], "form-action": ["'none'"],
                    "frame-ancestors": ["'none'"],
                    "connect-src": ["'self'", f"http://{self.rivulet.address}"]})
        self.assertEqual(References(self.files["/"].body.decode()).inline, [])

    def test_who_has_it_is_told_so(self):
        for path, answer in self.files.items():
            tag = answer.head.get("ETag")
            for known in tag, f'"x", {tag}', f"W/{tag}", "*":
                with self.subTest(path=path, known=known):
                    again = self.get(path, {"If-None-Match": known})
                    self.assertEqual((again.status, again.body), (304, b""))
                    self.assertEqual(again.head.get("ETag"), tag)
                    self.assertIsNone(again.head.get("Content-Length"))
            self.assertEqual(self.get(path, {"If-None-Match": '"x"'}).body, answer.body)
        tags = [answer.head.get("ETag") for answer in self.files.values()]
        self.assertEqual(len(set(tags)), len(tags))

    def test_head(self):
        for path, answer in self.files.items():
            head = self.get(path, method="HEAD")
            self.assertEqual((head.status, head.body), (200, b""))
            self.assertEqual([field for field in head.head.fields if field[0] != "Date"],
                             [field for field in answer.head.fields if field[0] != "Date"])

    def test_other_methods(self):
        for path in "/", "/dashboard.js", "/config.json":
            for method, body in ("POST", b"x"), ("PUT", b"x"), ("DELETE", None), ("OPTIONS", None):
                with self.subTest(path=path, method=method):
                    answer = self.get(path, method=method, body=body)
                    self.assertEqual(answer.status, 405)
                    self.assertEqual(answer.head.get("Allow"), "GET, HEAD")

    def test_other_paths(self):
        for path in ("/index.html", "/dashboard.gresource.xml", "/dashboard", "/dashboard.js/", "//",
                     "/%64ashboard.js", "/../etc/passwd", "/..%2fetc/passwd", "/DASHBOARD.JS", "/config"):
            with self.subTest(path=path):
                self.assertEqual(self.get(path).status, 404)
        self.assertEqual(self.get("/?x=y").status, 200)

    def test_not_for_clients(self):
        """Where clients come there is no page, and nothing of what only it needs."""
        for path in [path for path in self.files if not path.startswith("/rivulet")] + ["/config.json"]:
            for prefix in "", "/api":
                self.assertEqual(self.rivulet.get(prefix + path).status, 404)


class Told(FreshCase):
    """What the page is told of the daemon, and no more."""

    setting = {"config": {
        "http": {"allowed-origins": "http://localhost:3002;https://a.example", "publish": "true"},
        "operators": {"listen": "127.0.0.1:0"}}}

    def config(self):
        (operators,) = self.rivulet.daemon.wait_for_operators()
        answer = wire.request(operators, "/config.json", {"Origin": "http://localhost:3002"})
        self.assertEqual(answer.head.get("Content-Type"), "application/json; charset=utf-8")
        self.assertEqual(answer.head.get("Cache-Control"), "no-store")
        self.assertIsNone(answer.head.get("Access-Control-Allow-Origin"))
        for path in "/config.json", "/metrics", "/healthz", "/readyz":
            head = wire.request(operators, path).head
            self.assertEqual(head.get("X-Content-Type-Options"), "nosniff", path)
            self.assertEqual(head.get("Cross-Origin-Resource-Policy"), "same-origin", path)
        return answer.json()

    def test_all(self):
        config = self.config()
        self.assertRegex(config.pop("version"), r"^\d+\.\d+\.\d+$")
        self.assertEqual(config, {
            "url": f"http://{self.rivulet.address}",
            "streams": [
                {"name": "events-count", "path": "/github/events/length/stream"},
                {"name": "github-events", "path": "/github/events/stream"},
                {"name": "posts-stats", "path": "/github/posts/stats/stream"},
                {"name": "quota", "path": "/quota/stream"}],
            "publish": True,
            "allowedOrigins": ["http://localhost:3002", "https://a.example"]})

    def test_again_when_it_was_loaded_again(self):
        self.assertTrue(self.config()["publish"])
        with open(self.rivulet.config_path, encoding="utf-8") as file:
            text = file.read()
        text = text.replace("publish=true", "publish=false").replace(
            "[operators]", "[operators]\nstreams-url=https://b.example/live")
        with open(self.rivulet.config_path, "w", encoding="utf-8") as file:
            file.write(text)
        self.rivulet.daemon.signal(signal.SIGHUP)
        self.rivulet.daemon.wait_for_line("loaded again")
        config = self.config()
        self.assertEqual((config["publish"], config["url"]), (False, "https://b.example/live"))
        (operators,) = self.rivulet.daemon.wait_for_operators()
        self.assertEqual(policy_of(wire.request(operators, "/"))["connect-src"],
                         ["'self'", "https://b.example"])
        self.assertEqual(wire.request(operators, "/dashboard.js").status, 200)


class Nowhere(FreshCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rivulet-operators-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.setting = {"config": {"operators": {"listen": "127.0.0.1:0"}},
                        "listen": (f"unix:{self.folder}/public",)}
        super().setUp()

    def test_streams_that_no_browser_reaches(self):
        (operators,) = self.rivulet.daemon.wait_for_operators()
        self.assertIsNone(wire.request(operators, "/config.json").json()["url"])
        self.assertEqual(policy_of(wire.request(operators, "/"))["connect-src"], ["'self'"])


class Urls(ConfigCase):
    def test_good_ones(self):
        for url in "https://example.org", "http://127.0.0.1:3001", "https://a-b.example.org:8443/live/x":
            self.write(operators={"streams-url": url})
            self.accepted()

    def test_bad_ones(self):
        for url in ("", "example.org", "ftp://example.org", "https://example.org/", "https://example.org:443",
                    "https://example.org/x?y", "https://example.org/x#y", "https://a;script-src b",
                    "https://a.example,b.example", "https://[::1]:3001", "https://*.example.org",
                    "https://example.org/'x'", "https://user@example.org"):
            with self.subTest(url=url):
                self.write(operators={"streams-url": url})
                self.refused(self.path, "[operators] streams-url", url)
