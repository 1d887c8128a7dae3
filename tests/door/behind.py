# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of rivuletd behind a proxy have in common."""

import os
import select
import shutil
import subprocess
import tempfile
import unittest

import eventstream
import http2
import proxies
from cases import Setting
from waiting import Deadline


class Behind(unittest.TestCase):
    """rivuletd with a proxy in front, for the tests of a class."""

    kind = None
    setting = {}

    @classmethod
    def setUpClass(cls):
        http2.need()
        proxies.find(cls.kind.name)
        cls.folder = tempfile.mkdtemp(prefix="rivulet-proxy-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.authority = proxies.Authority(cls.folder)
        cls.rivulet = Setting(**cls.setting)
        cls.addClassCleanup(cls.rivulet.stop)
        cls.publisher = cls.rivulet.publisher
        cls.proxy = cls.kind(cls.folder, cls.authority, cls.upstream())
        cls.addClassCleanup(cls.proxy.stop, cls.rivulet)

    @classmethod
    def upstream(cls):
        return cls.rivulet.address

    def explain(self):
        return (f"rivuletd said:\n{self.rivulet.daemon.said()}\n"
                f"{self.kind.name} wrote:\n{self.proxy.wrote()[-4000:]}")

    def connect(self):
        connection = http2.Connection(self.authority.connect(self.proxy.port, "h2"), proxies.NAME)
        self.addCleanup(connection.close)
        return connection

    def target(self, stream="quota", subject="42"):
        return f"{eventstream.PATHS[stream]}?token={self.rivulet.token(subject)}"

    def publish_quota(self, used, audience=None):
        return self.publisher.publish(
            "quota", {"type": "quota", "quota": {"used": used, "remaining": 0}}, audience)

    def new_event(self, number):
        return self.publisher.publish("github-events", {"type": "new-event", "event": {
            "delivery_id": str(number), "event": "push", "repo_full_name": "a/b"}})

    def curl(self, target, *arguments, fields=()):
        """A curl that follows; what is secret is not in its command line."""
        return Curl(self, target, arguments, fields)


class Curl:
    """curl as a client of a stream over HTTPS."""

    def __init__(self, case, target, arguments, fields):
        self.process = subprocess.Popen(
            [proxies.find("curl"), "--silent", "--show-error", "--no-buffer", "--include", "--cacert",
             case.authority.certificate, "--resolve", f"{proxies.NAME}:{case.proxy.port}:127.0.0.1",
             *arguments, "--config", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        case.addCleanup(self.close)
        config = f'url = "https://{proxies.NAME}:{case.proxy.port}{target}"\n'
        config += "".join(f'header = "{field}"\n' for field in fields)
        self.process.stdin.write(config.encode())
        self.process.stdin.close()
        self.raw = b""
        self.head = None
        self.parser = eventstream.EventParser()
        self.events = []

    def _read(self, deadline):
        if not select.select([self.process.stdout], [], [], deadline.left())[0]:
            return
        data = os.read(self.process.stdout.fileno(), 1 << 16)
        if not data:
            raise AssertionError(f"curl ended: {self.raw!r} {self.process.stderr.read()!r}")
        self.raw += data
        if self.head is None:
            head, separator, data = self.raw.partition(b"\r\n\r\n")
            if not separator:
                return
            self.head = head.decode("latin-1").lower().split("\r\n")
        self.events += self.parser.feed(data)

    def next(self):
        deadline = Deadline("an event by curl")
        while not self.events:
            self._read(deadline)
        return self.events.pop(0)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
