# SPDX-License-Identifier: LGPL-2.1-or-later
"""nginx and Caddy in front, as they are shipped: streams, webhooks, and what leaves no trace."""

import base64
import json
import os
import re
import shutil
import tempfile
import unittest

import daemon
import eventstream
import proxies
import webhook
import wire
from behind import Behind
from waiting import amount

REPOSITORY = {"repository": {"full_name": "a/b"}}


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
        # Of this scheme, a proxy may take the name apart, and write it down.
        basic = base64.b64encode(f"{self.rivulet.token()}:".encode()).decode()
        self.assertEqual(connection.answer(connection.request("/quota/stream", headers=[
            ("authorization", f"Basic {basic}")])), 401)

    def test_long_tokens(self):
        token = self.rivulet.token(filler="x" * 5900)
        self.assertTrue(7900 < len(token) <= 8192, len(token))
        target = f"/github/posts/stats/stream?a={'a' * 300}&token={token}"
        connection = self.connect()
        self.assertEqual(connection.next(connection.request(target)).type, "stats")
        self.assertEqual(self.curl(target, "--http1.1").next().type, "stats")

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
            self.assertEqual(self.post(body, f"{size}-without-length"), 202)

    def test_in_chunks(self):
        body = json.dumps({**REPOSITORY, "filler": "x" * 100000}).encode()
        head = wire.request_bytes(
            webhook.PATH, [*self.fields(body, "chunks"), ("transfer-encoding", "chunked")], "POST",
            host=proxies.NAME)
        with self.authority.connect(self.proxy.port, "http/1.1") as client:
            client.sendall(head)
            for start in range(0, len(body), 10000):
                piece = body[start:start + 10000]
                client.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            client.sendall(b"0\r\n\r\n")
            status = wire.STATUS_LINE.match(client.recv(4096).split(b"\r\n")[0]).group(1)
        self.assertEqual(int(status), 202)

    def test_too_large(self):
        """Refused, whoever does it; how the proxy says so is its own matter."""
        body = json.dumps({**REPOSITORY, "filler": "x" * (26 << 20)}).encode()
        position = self.publisher.stream_properties("github-events")["Position"]
        for length in [("content-length", str(len(body)))], []:
            self.assertIn(self.post(body, "huge", *length), (413, 502, None))
        self.assertEqual(self.publisher.stream_properties("github-events")["Position"], position)

    def test_a_wrong_signature(self):
        self.assertEqual(self.post(
            b"{}", "wrong", ("content-length", "2"), secret=b"another secret"), 401)


class Publishing(Behind):
    setting = {"config": {"http": {"publish": "true", "base-paths": "/api;/v1/live"}}}

    def test_nobody_is_let_through(self):
        token = self.rivulet.token("writer", publish="quota")
        body = b'{"type":"quota","quota":{"used":5,"remaining":0}}'
        fields = [("authorization", f"Bearer {token}"), ("content-length", str(len(body)))]
        connection = self.connect()
        for prefix in "", "/api", "/v1/live":
            path = f"{prefix}/publish/quota"
            for target in (path, path + "?audience=42", path.replace("publish", "%70ublish"),
                           f"{prefix}/x/../publish/quota", path.replace("quota", "quo%74a")):
                stream = connection.request(target, "POST", fields, body)
                self.assertEqual(connection.answer(stream), 404, target)
                self.assertNotIn(b"statusCode", stream.body)
            self.assertEqual(wire.request(
                self.rivulet.address, path, dict(fields[:1]), "POST", body).status, 202)
        self.assertEqual(connection.answer(connection.request("/publish/quota", "OPTIONS")), 404)


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
        # But for a browser's EventSource, which never comes back to who answers it so.
        wants = [("accept", "text/event-stream"), ("origin", "https://app.example.org")]
        away = connection.request(self.target(), headers=wants)
        self.assertEqual(connection.answer(away), 200)
        self.assertEqual(away.body, b"")
        self.assertTrue(away.ended and not away.reset)
        for name, value in {"content-type": "text/event-stream", "cache-control": "no-cache",
                            "access-control-allow-origin": "https://app.example.org",
                            "access-control-allow-credentials": "true"}.items():
            self.assertEqual(away.fields[name], value)
        # Who sends a header knows how to try again, and when to give up.
        away = connection.request("/quota/stream", headers=[
            *wants, ("authorization", f"Bearer {self.rivulet.token()}")])
        self.assertEqual(connection.answer(away), 502)

        self.rivulet.start_again()
        missed = self.new_event("missed")
        again = connection.request(self.target("github-events"), headers=[("last-event-id", first)])
        self.assertEqual(connection.next(again).id, missed)


    def test_the_daemon_is_killed(self):
        """nginx tells a stream that was cut from one that ended; Caddy 2.6 ends both alike."""
        connection = self.connect()
        stream = connection.request(self.target())
        connection.next(stream)
        self.rivulet.arguments[self.rivulet.arguments.index("--listen") + 1] = self.rivulet.address
        self.rivulet.daemon.kill()
        connection.answer(stream)
        self.assertTrue(stream.reset or self.kind is proxies.Caddy)
        self.rivulet.start_again()
        connection.next(connection.request(self.target()))


class Silence(unittest.TestCase):
    def test_nginx_waits_longer_than_heartbeats_take(self):
        _, settings, _ = daemon.run_to_end(["--list-settings", "--plugin-dir", daemon.PLUGINS])
        heartbeat = int(re.search(r"#heartbeat-ms=(\d+)", settings).group(1)) / 1000
        with open(os.path.join(daemon.ROOT, "data", "proxy", "nginx.conf"), encoding="utf-8") as file:
            shipped = file.read()
        for name in "proxy_read_timeout", "send_timeout":
            self.assertGreater(int(re.search(rf"{name} (\d+)s;", shipped).group(1)), 2 * heartbeat)


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
    tests = loader.loadTestsFromTestCase(Silence)
    tests.addTest(proxies.behind_each(loader, Streams, Webhooks, Publishing, Heartbeats, Restart,
                                      OverUnixSocket))
    return tests
