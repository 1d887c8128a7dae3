# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real pages in real browsers, on an origin of their own, beside a running daemon."""

import http.server
import json
import os
import shutil
import subprocess
import threading
import unittest

import ports
from cases import FreshCase, Setting
from waiting import PATIENCE, Deadline

MODULES = os.environ.get("RIVULET_BROWSER_MODULES", "")
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "browser", "drive.cjs")
BLANK = b"<!doctype html><meta charset=utf-8><title>Rivulet</title><link rel=icon href=data:,>"


def need_modules():
    """Skips a test where what tests/browser/package.json names is not installed."""
    if not os.path.isdir(os.path.join(MODULES, "playwright-core")):
        raise unittest.SkipTest("the npm packages are not installed (no registry reached)")


class ScriptError(AssertionError):
    """What was thrown in a page, or what it did not come to in time."""


class Browser:
    """A browser; its profiles have tabs that share workers, storage and being offline."""

    name = None
    program = None
    _shared = None

    @classmethod
    def shared(cls, *flags, **environment):
        """The one of this file's tests, started as the first of them says; skips where it can't run."""
        if cls._shared is None:
            cls._shared = cls(*flags, **environment)
            unittest.addModuleCleanup(cls._shared.stop)
        return cls._shared

    def __init__(self, *flags, **environment):
        program = shutil.which(self.program)
        if program is None or shutil.which("node") is None:
            raise unittest.SkipTest(f"{self.program} or node is not installed")
        need_modules()
        self.process = subprocess.Popen(
            ["node", SCRIPT, self.name, MODULES, program, *flags], env={**os.environ, **environment},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        try:
            self.version = self.call("version")
        except ScriptError as error:
            self.stop()
            raise unittest.SkipTest(f"{self.program} does not start: {error}") from None

    def call(self, name, **arguments):
        try:
            self.process.stdin.write(json.dumps({"call": name, **arguments}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it said why
        line = self.process.stdout.readline()
        if not line:
            raise ScriptError(f"the browser ended at {name}")
        answer = json.loads(line)
        if "error" in answer:
            raise ScriptError(answer["error"])
        return answer.get("value")

    def stop(self):
        type(self)._shared = None
        self.process.stdin.close()
        try:
            self.process.wait(Deadline("the end of the browser").left())
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


class Chromium(Browser):
    name = "chromium"
    program = "chromium"


class Firefox(Browser):
    name = "firefox"
    program = "firefox-esr"


class Tab:
    """One page. Code is a function's text, `async (argument) => …`, and what it returns is JSON."""

    def __init__(self, browser, profile, url, options=None):
        self.browser = browser
        self.number = browser.call("open", profile=profile, url=url, options=options or {})
        self.is_open = True

    def call(self, name, **arguments):
        return self.browser.call(name, tab=self.number, **arguments)

    def run(self, code, argument=None):
        return self.browser.call("run", tab=self.number, code=code, argument=argument,
                                 milliseconds=1000 * PATIENCE)

    def wait(self, code, argument=None, seconds=None):
        """Waits until the function returns what is true; returns that."""
        try:
            return self.browser.call("wait", tab=self.number, code=code, argument=argument,
                                     milliseconds=1000 * (seconds or PATIENCE))
        except ScriptError as error:
            raise ScriptError(f"{code}: {error}; the page said {self.said()}") from None

    def said(self):
        """What it wrote to its console, and what was not caught."""
        return self.browser.call("said", tab=self.number)

    def close(self):
        self.browser.call("close", tab=self.number)
        self.is_open = False


class Origin:
    """Serves pages: a blank one at every path, but for `files`, {path: (type, bytes)}."""

    def __init__(self, tls=None, name="127.0.0.1", stranger="localhost"):
        """`tls` is an ssl.SSLContext, for pages from https; both names lead to 127.0.0.1."""
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                kind, body = origin.files.get(self.path, ("text/html; charset=utf-8", BLANK))
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.files = {}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        port = self.server.server_address[1]
        scheme = "https" if tls else "http"
        if tls:
            # Each client's handshake is its own thread's, so that none waits for another.
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.name = f"{scheme}://{name}:{port}"
        # To a browser another origin, though the same server.
        self.stranger = f"{scheme}://{stranger}:{port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class BrowserCase(FreshCase):
    """A daemon of its own for each test, an origin whose pages may follow it, and tabs there.

    A daemon that is started again listens where the first one did: browsers come back there.
    """

    browser_kind = Chromium

    def setUp(self):
        self.browser = self.browser_kind.shared()
        self.profile = self.id()
        self.origin = self.make_origin()
        self.addCleanup(self.origin.stop)
        config = self.setting.get("config", {})
        config = {**config, "http": {"allowed-origins": self.origin.name, **config.get("http", {})}}
        held = ports.hold()
        self.addCleanup(held.close)
        self.rivulet = Setting(**{**self.setting, "config": config,
                                  "listen": (f"127.0.0.1:{ports.number(held)}",)})
        self.addCleanup(self.rivulet.stop)
        self.publisher = self.rivulet.publisher
        self.url = f"http://{self.rivulet.address}"
        self.addCleanup(self.browser.call, "forget", profile=self.profile)

    def make_origin(self):
        return Origin()

    def open(self, path="/", origin=None):
        """A tab at a path of the origin, or of another one."""
        return Tab(self.browser, self.profile, (origin or self.origin.name) + path)

    def set_offline(self, offline):
        """Takes the network away from all tabs, or gives it back."""
        self.browser.call("offline", profile=self.profile, offline=offline)
