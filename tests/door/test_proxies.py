# SPDX-License-Identifier: LGPL-2.1-or-later
"""nginx and Caddy in front, as they are shipped: streams, webhooks, and what leaves no trace."""

import json
import os
import re
import select
import shutil
import subprocess
import tempfile
import unittest

import eventstream
import http2
import proxies
import webhook
import wire
from cases import Setting
from waiting import Deadline, amount

REPOSITORY = {"repository": {"full_name": "a/b"}}


def server():
    return proxies.NAME


class Behind:
    """rivuletd with a proxy in front, for the tests of a class; mixed into test cases."""

    kind = None
    setting = {}

    @classmethod
    def setUpClass(cls):
        proxies.find(cls.kind.name)
        cls.folder = tempfile.mkdtemp(prefix="rivulet-proxy-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.authority = proxies.Authority(cls.folder)
        cls.rivulet = Setting(**cls.setting)
        cls.addClassCleanup(cls.rivulet.stop)
        cls.publisher = cls.rivulet.publisher
        cls.proxy = cls.kind(cls.folder, cls.authority, cls.upstream())
        cls.addClassCleanup(cls.stop_proxy)

    @classmethod
    def upstream(cls):
        return cls.rivulet.address

    @classmethod
    def stop_proxy(cls):
        cls.proxy.stop()
        wrote = cls.proxy.wrote()
        cls.rivulet.assert_unsaid(wrote)
        if re.search(r"token=|Bearer \w", wrote):
            raise AssertionError(f"a query or authorisation is in {cls.kind.name}'s log:\n{wrote}")

    def explain(self):
        return (f"rivuletd said:\n{self.rivulet.daemon.said()}\n"
                f"{self.kind.name} wrote:\n{self.proxy.wrote()[-4000:]}")

    def connect(self):
        connection = http2.Connection(self.authority.connect(self.proxy.port, "h2"), server())
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
            ["curl", "--silent", "--show-error", "--no-buffer", "--include", "--cacert",
             case.authority.certificate, "--resolve", f"{server()}:{case.proxy.port}:127.0.0.1",
             *arguments, "--config", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        case.addCleanup(self.close)
        config = f'url = "https://{server()}:{case.proxy.port}{target}"\n'
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


class Streams(Behind):
    def follow_as(self, version, *arguments):
        for fields, target in (((), self.target()),
                               ([f"Authorization: Bearer {self.rivulet.token()}"], "/quota/stream")):
            client = self.curl(target, *arguments, fields=fields)
            self.assertEqual(client.next().type, "quota")
            self.assertEqual(client.head[0].split()[:2], [version, "200"])
            self.assertIn("content-type: text/event-stream; charset=utf-8", client.head)
            self.assertIn("cache-control: no-cache", client.head)
            # One event at a time: none waits for what comes behind it.
            for _ in range(5):
                identity = self.publish_quota(1)
                self.assertEqual(client.next().id, identity)
            client.close()

    def test_curl_over_http_2(self):
        self.follow_as("http/2", "--http2")

    def test_curl_over_http_1_1(self):
        self.follow_as("http/1.1", "--http1.1")

    def test_every_stream_on_one_connection(self):
        connection = self.connect()
        for name, path in eventstream.PATHS.items():
            for prefix in "", "/api":
                stream = connection.request(f"{prefix}{path}?token={self.rivulet.token()}")
                types = [connection.next(stream).type for _ in eventstream.INITIAL[name]]
                self.assertEqual(types, eventstream.INITIAL[name])

    def test_many_on_one_connection(self):
        """Each of another user, who sees nothing of the others."""
        connection = self.connect()
        users = [f"user-{number}" for number in range(amount(100, 20))]
        streams = {user: connection.request(self.target(subject=user)) for user in users}
        for stream in streams.values():
            connection.next(stream)
        for number, user in enumerate(users):
            self.publish_quota(number + 1, user)
        for number, user in enumerate(users):
            event = connection.next(streams[user])
            self.assertEqual(event.data["quota"]["used"], number + 1)
        self.assertFalse(any(len(stream.events) > stream.taken for stream in streams.values()))

    def test_resuming(self):
        connection = self.connect()
        first = connection.request(self.target("github-events"))
        connection.next(first)
        published = [self.new_event(f"{self.id()}-{number}") for number in range(3)]
        seen = connection.next(first)
        self.assertEqual(seen.id, published[0])
        connection.cancel(first)
        for headers, query in (([("last-event-id", seen.id)], ""), ((), f"&lastEventId={seen.id}")):
            again = connection.request(self.target("github-events") + query, headers=headers)
            self.assertEqual([connection.next(again).id for _ in published[1:]], published[1:])
            self.assertEqual(connection.next(again).type, "events-update")
            connection.cancel(again)

    def test_refusals(self):
        connection = self.connect()
        for target, message in (("/quota/stream", "Token required"),
                                ("/quota/stream?token=x", "Invalid token")):
            stream = connection.request(target, headers=[("origin", "http://localhost:3000")])
            self.assertEqual(connection.answer(stream), 401)
            self.assertEqual(json.loads(stream.body)["message"], message)
            self.assertEqual(stream.fields["www-authenticate"], "Bearer")
            self.assertEqual(stream.fields["access-control-allow-credentials"], "true")
        self.assertEqual(connection.answer(connection.request("/nothing")), 404)

    def test_preflight(self):
        connection = self.connect()
        stream = connection.request("/quota/stream", "OPTIONS", [
            ("origin", "http://localhost:3000"), ("access-control-request-method", "GET"),
            ("access-control-request-headers", "authorization")])
        self.assertEqual(connection.answer(stream), 204)
        self.assertEqual(stream.fields["access-control-allow-origin"], "http://localhost:3000")
        self.assertIn("Authorization", stream.fields["access-control-allow-headers"])

    def test_a_client_that_leaves(self):
        """It is noticed long before the next heartbeat."""
        stays = self.connect()
        stays.next(stays.request(self.target("events-count")))
        leaves = self.connect()
        for _ in range(10):
            leaves.next(leaves.request(self.target("events-count")))
        self.publisher.wait_clients("events-count", 11)
        leaves.close()
        self.publisher.wait_clients("events-count", 1)
        cancelled = stays.request(self.target("events-count"))
        stays.next(cancelled)
        stays.cancel(cancelled)
        self.publisher.wait_clients("events-count", 1)
        killed = self.curl(self.target("events-count"), "--http1.1")
        killed.next()
        killed.close()
        self.publisher.wait_clients("events-count", 1)


class Webhooks(Behind):
    def fields(self, body, delivery, secret=None):
        return [("content-type", "application/json"), ("x-github-event", "push"),
                ("x-github-delivery", delivery), ("user-agent", "GitHub-Hookshot/044aadd"),
                ("x-hub-signature-256",
                 webhook.signature(secret or self.rivulet.hook_secret.bytes, body))]

    def post(self, body, delivery, *more, secret=None):
        """Posts over HTTP/2; without a Content-Length it goes on in chunks."""
        connection = self.connect()
        stream = connection.request(webhook.PATH, "POST",
                                    [*self.fields(body, delivery, secret), *more], body)
        status = connection.answer(stream)
        connection.close()
        return status

    def test_small_and_large(self):
        for size in 0, 100000, 24000000:
            body = json.dumps({**REPOSITORY, "filler": "x" * size}).encode()
            self.assertEqual(self.post(body, f"{size}", ("content-length", str(len(body)))), 202)
            self.assertIn(self.post(body, f"{size}-without-length"), self.kind.without_length)

    def test_in_chunks(self):
        body = json.dumps({**REPOSITORY, "filler": "x" * 300000}).encode()
        head = wire.request_bytes(
            webhook.PATH, [*self.fields(body, "chunks"), ("transfer-encoding", "chunked"),
                           ("connection", "close")], "POST", host=server())
        with self.authority.connect(self.proxy.port, "http/1.1") as client:
            client.sendall(head)
            for start in range(0, len(body), 10000):
                piece = body[start:start + 10000]
                client.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            client.sendall(b"0\r\n\r\n")
            status = wire.STATUS_LINE.match(client.recv(4096).split(b"\r\n")[0]).group(1)
        self.assertIn(int(status), self.kind.without_length)

    def test_too_large(self):
        """Refused, whoever does it; how the proxy says so is its own matter."""
        body = json.dumps({**REPOSITORY, "filler": "x" * (26 << 20)}).encode()
        position = self.publisher.stream_properties("github-events")["Position"]
        for length in [("content-length", str(len(body)))], []:
            self.assertIn(self.post(body, "huge", *length), (411, 413, 502, None))
        self.assertEqual(self.publisher.stream_properties("github-events")["Position"], position)

    def test_a_wrong_signature(self):
        self.assertEqual(self.post(
            b"{}", "wrong", ("content-length", "2"), secret=b"another secret"), 401)


class Heartbeats(Behind):
    setting = {"config": {"clients": {"heartbeat-ms": 100}}}

    def test_they_pass(self):
        connection = self.connect()
        stream = connection.request(self.target())
        connection.wait(stream, lambda stream: stream.parser.comments >= 5, "5 heartbeats")


class Restart(Behind):
    def test_the_daemon_is_started_again(self):
        """Its clients hear the end, are refused meanwhile, and resume."""
        connection = self.connect()
        stream = connection.request(self.target("github-events"))
        connection.next(stream)
        first = self.new_event("first")
        self.assertEqual(connection.next(stream).id, first)

        self.rivulet.arguments[self.rivulet.arguments.index("--listen") + 1] = self.rivulet.address
        self.assertEqual(self.rivulet.daemon.stop(), 0)
        self.assertEqual(connection.answer(stream), 200)
        self.assertFalse(stream.reset)
        away = connection.request(self.target())
        self.assertEqual(connection.answer(away), 502)

        self.rivulet.start_again()
        missed = self.new_event("missed")
        again = connection.request(self.target("github-events"), headers=[("last-event-id", first)])
        self.assertEqual(connection.next(again).id, missed)


class OverUnixSocket(Behind):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="rivulet-socket-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.setting = {"listen": (f"unix:{folder}/http",)}
        super().setUpClass()

    @classmethod
    def upstream(cls):
        return cls.kind.unix + cls.rivulet.address.removeprefix("unix:")

    def test_following(self):
        connection = self.connect()
        stream = connection.request(self.target())
        connection.next(stream)
        self.assertEqual(self.publish_quota(5), connection.next(stream).id)


def load_tests(loader, *_):
    """Each of them behind each proxy."""
    return unittest.TestSuite(
        loader.loadTestsFromTestCase(type(f"{part.__name__}Behind{kind.__name__}",
                                          (part, unittest.TestCase), {"kind": kind}))
        for kind in (proxies.Nginx, proxies.Caddy)
        for part in (Streams, Webhooks, Heartbeats, Restart, OverUnixSocket))
