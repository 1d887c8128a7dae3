# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that people have, cut off and resuming: no event is missed or comes twice."""

import json
import os
import queue
import shutil
import subprocess
import threading
import unittest

import browsers
import eventstream
from cases import FreshCase
from relay import Relay
from npmpackage import install_package
from waiting import Deadline, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
PATH = "/github/events/stream"
ROUNDS = 3


class Follower:
    """What a program prints: an event on each line."""

    def __init__(self, folder, client, url, token):
        self.client = client
        self.process = subprocess.Popen(
            ["node", "client.mjs", client, url], cwd=folder, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process.stdin.write(token)
        self.process.stdin.close()
        self.queue = queue.Queue()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.queue.put(json.loads(line))
        self.queue.put(None)

    def next(self):
        try:
            event = self.queue.get(timeout=Deadline(f"an event by {self.client}").left())
        except queue.Empty:
            raise AssertionError(f"no event by {self.client}") from None
        if event is None:
            raise AssertionError(f"{self.client} ended")
        return event

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()


class Curl(Follower):
    """curl, started again with the last id whenever it ends, as a script would."""

    def __init__(self, folder, url, token):
        self.headers = os.path.join(folder, "headers")
        self.client = "curl"
        self.url = url
        self.token = token
        self.stopped = False
        self.queue = queue.Queue()
        self.start("")
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def start(self, last):
        with open(self.headers, "w", encoding="ascii") as file:
            file.write(f"Authorization: Bearer {self.token}\nLast-Event-ID: {last}\n")
        self.process = subprocess.Popen(
            ["curl", "--silent", "--no-buffer", "--header", f"@{self.headers}", self.url],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def _read(self):
        last = ""
        while not self.stopped:
            parser = eventstream.EventParser()
            while data := os.read(self.process.stdout.fileno(), 1 << 16):
                for event in parser.feed(data):
                    last = event.id
                    self.queue.put({"type": event.type, "id": event.id, "data": event.data})
            self.process.wait()
            if not self.stopped:
                self.process.stdout.close()
                self.start(last)

    def stop(self):
        self.stopped = True
        super().stop()


class Clients(FreshCase):
    setting = {"config": {"clients": {"retry-min-ms": 100, "retry-max-ms": 200}}}

    def setUp(self):
        browsers.need_modules()
        super().setUp()
        self.relay = Relay(self.rivulet.address)
        self.addCleanup(self.relay.stop)
        self.folder = os.path.join(self.rivulet.folder, "client")
        os.mkdir(self.folder)
        shutil.copy(os.path.join(HERE, "client.mjs"), self.folder)
        os.symlink(browsers.MODULES, os.path.join(self.folder, "node_modules"))
        self.published = 0

    def publish(self, count):
        for _ in range(count):
            self.published += 1
            self.publisher.publish("github-events", {"type": "new-event", "event": {
                "delivery_id": str(self.published), "event": "push",
                "repo_full_name": "user/repo"}})

    def take(self, follower):
        """Takes new events up to the last that was published; returns their ids."""
        taken = []
        while not taken or taken[-1] != str(self.published):
            event = follower.next()
            if event["type"] == "new-event":
                taken.append(event["data"]["event"]["delivery_id"])
            else:
                self.assertIn(event["type"], ("events", "events-update"))
        return taken

    def check(self, client, path=PATH):
        follower = Follower(self.folder, client, f"http://{self.relay.address}{path}",
                            self.rivulet.token())
        self.check_follower(follower)

    def check_follower(self, follower):
        self.addCleanup(follower.stop)
        first = follower.next()
        self.assertEqual((first["type"], first["data"]["events"]), ("events", []))
        taken = []
        for _ in range(ROUNDS):
            self.publish(5)
            taken += self.take(follower)
            before = len(self.relay.conversations)
            self.relay.cut()
            self.publish(5)
            wait_until(lambda: len(self.relay.conversations) > before, "a client that comes back")
            self.publish(5)
            taken += self.take(follower)
        self.assertEqual(taken, [str(number) for number in range(1, self.published + 1)])

    def test_eventsource_2(self):
        self.check("eventsource 2")

    def test_eventsource_3(self):
        self.check("eventsource 3")

    def test_eventsource_4(self):
        self.check("eventsource 4")

    def test_event_source_polyfill(self):
        self.check("event-source-polyfill")

    def test_fetch_event_source(self):
        self.check("fetch-event-source")

    def test_eventsource_client(self):
        self.check("eventsource-client")

    def test_rivulet_client(self):
        """As npm packs and installs it."""
        os.unlink(os.path.join(self.folder, "node_modules"))
        install_package(self.folder)
        self.check("rivulet-client", "/?stream=github-events")

    def test_curl(self):
        if shutil.which("curl") is None:
            raise unittest.SkipTest("curl is not installed")
        self.check_follower(Curl(self.folder, f"http://{self.relay.address}{PATH}",
                                 self.rivulet.token()))
