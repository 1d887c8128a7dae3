# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs EventSource clients from npm in Node."""

import json
import os
import queue
import subprocess
import threading
import unittest

from waiting import Deadline, TimedOut

MODULES = os.environ.get("RIVULET_NODE_MODULES", "")
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "http", "follow.cjs")


def need_modules():
    if not os.path.isdir(os.path.join(MODULES, "eventsource")):
        raise unittest.SkipTest("the npm packages are not installed (no registry reached)")


def example_payloads():
    """(event name, payload) of every example of @octokit/webhooks-examples."""
    index = os.path.join(MODULES, "@octokit", "webhooks-examples", "api.github.com", "index.json")
    with open(index, encoding="utf-8") as file:
        return [(group["name"], payload) for group in json.load(file)
                for payload in group["examples"]]


class Follower:
    def __init__(self, kind, url, token):
        self.process = subprocess.Popen(
            ["node", SCRIPT, MODULES, kind, url, token],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )
        self.kind = kind
        self.queue = queue.Queue()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.queue.put(json.loads(line))
        self.queue.put({"type": "end"})

    def next(self, *types):
        """The next event of one of these types; others are passed over, errors fail."""
        deadline = Deadline(f"{' or '.join(types)} by {self.kind}")
        while True:
            try:
                event = self.queue.get(timeout=deadline.left())
            except queue.Empty:
                raise TimedOut(f"no {' or '.join(types)} by {self.kind}") from None
            if event["type"] in types:
                return event
            if event["type"] in ("error", "end"):
                raise AssertionError(f"{self.kind}: {event}")

    def stop(self):
        self.process.kill()
        self.process.wait(Deadline("the end of node").left())
        self.thread.join()
        self.process.stdout.close()
