# SPDX-License-Identifier: LGPL-2.1-or-later
"""Headers and framing of a stream's response, byte for byte, over HTTP/1.1 and HTTP/1.0."""

import os
import tempfile

import eventstream
import wire
from cases import DaemonCase, FreshCase
from eventstream import INITIAL, PATHS
from waiting import amount

HEADERS = [
    b"Content-Type: text/event-stream; charset=utf-8",
    b"Cache-Control: no-cache",
    b"Connection: keep-alive",
    b"X-Accel-Buffering: no",
    b"Access-Control-Allow-Origin: http://localhost:3000",
    b"Access-Control-Allow-Credentials: true",
    b"Access-Control-Allow-Methods: GET",
    b"Access-Control-Allow-Headers: Cache-Control, Last-Event-ID, Authorization",
    b"Vary: Origin",
]


class Framing(DaemonCase):
    def head_lines(self, client):
        return client.read_head().raw[: -len(b"\r\n\r\n")].split(b"\r\n")

    def test_headers_of_every_stream(self):
        for path in PATHS.values():
            for prefix in "", "/api":
                with self.subTest(path=prefix + path):
                    lines = self.head_lines(self.follow(prefix + path))
                    self.assertEqual(lines[0], b"HTTP/1.1 200 OK")
                    fields = [line for line in lines[1:] if not line.startswith(b"Date: ")]
                    self.assertCountEqual(fields, [*HEADERS, b"Transfer-Encoding: chunked"])

    def test_headers_over_http_1_0(self):
        for path in PATHS.values():
            with self.subTest(path=path):
                lines = self.head_lines(self.follow(path, version="1.0"))
                self.assertRegex(lines[0], rb"\AHTTP/1\.[01] 200 OK\Z")
                fields = [line for line in lines[1:] if not line.startswith(b"Date: ")]
                self.assertCountEqual(fields, HEADERS)

    def test_every_chunk_is_whole_events(self):
        client = self.follow("github-events")
        client.next()
        for number in range(10):
            self.publisher.publish("github-events", {"type": "new-event", "event": {
                "delivery_id": f"chunk-{number}", "event": "push", "repo_full_name": "a/b",
                "body": "é\u2028" * number * 300}})
            client.next()
        for chunk in client.chunks.chunks:
            self.assertTrue(chunk.endswith(b"\n\n"), chunk[-20:])
        self.assertEqual(client.chunks.buffer, b"")

    def test_http_1_0_without_a_host(self):
        for path in "/quota/stream", "/api/quota/stream":
            response = wire.exchange(self.rivulet.address, f"GET {path}?x=1 HTTP/1.0\r\n\r\n".encode())
            self.assertEqual(response.status, 401, path)
            with wire.connect(self.rivulet.address) as client:
                client.sendall(f"GET {path}?token={self.rivulet.token()} HTTP/1.0\r\n\r\n".encode())
                self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 200 OK\r\n"), path)

    def test_http_1_0_has_the_bytes_of_http_1_1_without_chunks(self):
        new = self.follow("quota", "framing")
        old = self.follow("quota", "framing", version="1.0")
        for client in new, old:
            client.next()
        for used in range(5):
            self.publisher.publish("quota", {"type": "quota", "quota": {
                "used": used, "remaining": 0}}, "framing")
            for client in new, old:
                client.until(lambda event, used=used: event.data["quota"]["used"] == used, "it")

        def events_of(body):
            return [block for block in body.split(b"\n\n") if block.startswith(b"id: ")]

        bodies = b"".join(new.chunks.chunks), old.raw.partition(b"\r\n\r\n")[2]
        self.assertEqual(events_of(bodies[0]), events_of(bodies[1]))

    def test_retry_comes_on_connecting_and_is_spread(self):
        seen = set()
        for _ in range(20):
            with self.rivulet.follow("quota") as client:
                client.next()
                seen.add(client.wait_retry())
                self.assertLess(client.raw.index(b"retry: "), len(client.raw))
        self.assertGreater(len(seen), 1)
        self.assertTrue(all(1000 <= retry <= 5000 for retry in seen), seen)

    def test_head_in_pieces(self):
        target = f"/quota/stream?token={self.rivulet.token()}"
        request = wire.request_bytes(target)
        with wire.connect(self.rivulet.address) as client:
            for index in range(len(request)):
                client.sendall(request[index : index + 1])
            self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_large_view(self):
        """A view of many megabytes is one event like any other."""
        bodies = "x" * 16000
        updates = [("posts-stats", {"type": "post", "post": {
            "id": number, "status": status, "body": bodies}}, "large")
            for number, status in enumerate(["draft", "ready", "failed"] * 100)]
        self.publisher.publish_all(updates[: amount(300, 100)])
        client = self.follow("posts-stats", "large")
        views = {event.type: event.data for event in client.take(len(INITIAL["posts-stats"]))}
        posts = views["posts-by-status"]["postsByStatus"]
        self.assertEqual({key: len(posts[key]) for key in posts},
                         views["stats"]["stats"])


class Heartbeat(DaemonCase):
    setting = {"config": {"clients": {"heartbeat-ms": 100}}}

    def test_comments_as_heartbeat(self):
        for version in "1.1", "1.0":
            with self.subTest(version=version):
                client = self.follow("quota", version=version)
                client.next()
                client.wait_comments(3)
                self.assertEqual(len(client.events), 1)


class Addresses(FreshCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rivulet-")
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "socket")
        self.setting = {"listen": ["127.0.0.1:0", "[::1]:0", f"unix:{self.path}"], "bus": False}
        super().setUp()

    def test_several_addresses_and_a_unix_socket(self):
        addresses = self.rivulet.addresses
        self.assertEqual(len(addresses), 3)
        self.assertIn(f"unix:{self.path}", addresses)
        for address in addresses:
            with self.subTest(address=address):
                target = f"/quota/stream?token={self.rivulet.token()}"
                with eventstream.StreamClient(address, target) as client:
                    self.assertEqual(client.next().type, "quota")
                self.assertEqual(wire.request(address, "/quota/stream").status, 401)
        self.assertEqual(self.rivulet.daemon.stop(), 0)
        self.assertFalse(os.path.exists(self.path))


class BasePaths(DaemonCase):
    setting = {"config": {"http": {"base-paths": "/api;/v1/live"}}, "bus": False}

    def test_every_prefix(self):
        for prefix in "", "/api", "/v1/live":
            for stream, path in PATHS.items():
                with self.subTest(path=prefix + path):
                    self.assertEqual(self.follow(prefix + path).next().type, INITIAL[stream][0])

    def test_no_other_prefix(self):
        for path in "/v2/quota/stream", "/apiquota/stream", "/api/api/quota/stream", "/api", "/":
            with self.subTest(path=path):
                response = self.rivulet.get(f"{path}?token={self.rivulet.token()}")
                self.assertEqual(response.status, 404)
