# SPDX-License-Identifier: LGPL-2.1-or-later
"""The listener's limits, and request heads that are not let near the HTTP library."""

import wire
from cases import FreshCase
from waiting import wait_until


class Limits(FreshCase):
    setting = {"config": {"http": {"max-connections": 20, "head-timeout-ms": 300}}, "bus": False}

    def test_beyond_max_connections_one_is_asked_to_come_back(self):
        """Never with a status that ends an EventSource for good."""
        clients = [self.follow("quota") for _ in range(20)]
        for client in clients:
            client.next()
        late = self.follow("quota")
        try:
            late.rest()
        except ConnectionError:
            pass
        if late.head is not None:
            self.assertEqual(late.head.status, 200)
            self.assertEqual(late.events, [])
            self.assertEqual(len(late.parser.retries), 1)
        for client in clients:
            client.close()
        self.rivulet.daemon.wait_descriptors(self.rivulet.daemon.descriptors())

        def served():
            with self.rivulet.follow("quota") as again:
                try:
                    return again.next().type == "quota"
                except (wire.Ended, ConnectionError):
                    return False

        wait_until(served, "room for another client")

    def test_a_head_that_does_not_come_is_not_waited_for(self):
        for beginning in b"", b"GET", b"GET /quota/stream HTTP/1.1\r\nHost: x\r\n":
            with self.subTest(beginning=beginning):
                with wire.connect(self.rivulet.address) as client:
                    client.sendall(beginning)
                    rest = b""
                    while data := wire.receive(client, wire.Deadline("the end")):
                        rest += data
                    self.assertIn(rest[9:12], (b"", b"408"))

    def test_a_head_of_more_than_16_kib(self):
        for fields in {"X-Long": "x" * 17000}, {f"X-{n}": "x" * 100 for n in range(200)}:
            sent = wire.request_bytes(f"/quota/stream?token={self.rivulet.token()}", fields)
            with wire.connect(self.rivulet.address) as client:
                client.sendall(sent)
                answer = wire.receive(client, wire.Deadline("an answer"))
                self.assertIn(answer[9:12], (b"", b"400", b"431"), answer[:100])


class StrictHeads(FreshCase):
    setting = {"bus": False}

    def refused(self, request):
        """Answered with 400 and closed, or just closed; never served."""
        with wire.connect(self.rivulet.address) as client:
            client.sendall(request)
            answer = b""
            while data := wire.receive(client, wire.Deadline("an answer")):
                answer += data
                if b"text/event-stream" in answer:
                    break
        self.assertIn(answer[9:12], (b"", b"400", b"405", b"411", b"414", b"431", b"501", b"505"),
                      answer[:200])

    def test_what_is_refused(self):
        line = f"GET /quota/stream?token={self.rivulet.token()} HTTP/1.1\r\n".encode()
        host = b"Host: localhost\r\n"
        for request in [
                line + host + host + b"\r\n",
                line + host + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
                line + host + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                line + host + b"Content-Length: -1\r\n\r\n",
                line + host + b"Content-Length: x\r\n\r\n",
                line + host + b"Transfer-Encoding: gzip\r\n\r\n",
                line + host + b"X: a\r\n folded\r\n\r\n",
                line + host + b"no colon\r\n\r\n",
                line + host + b": no name\r\n\r\n",
                line + host + b"Space : before\r\n\r\n",
                line + host + b"Nul: \0\r\n\r\n",
                line + b"\r\n",
                line.replace(b"\r\n", b"\n") + b"Host: x\n\n",
                line.replace(b"HTTP/1.1", b"HTTP/2.0") + host + b"\r\n",
                line.replace(b"HTTP/1.1", b"HTTP/1.1 x") + host + b"\r\n",
                line.replace(b"GET ", b"GET  ") + host + b"\r\n",
                line.replace(b"GET", b"G\0T") + host + b"\r\n",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 300,
                b"\r\n" * 9000,
        ]:
            with self.subTest(request=request[-60:]):
                try:
                    self.refused(request)
                except (BrokenPipeError, ConnectionResetError):
                    pass
        with self.rivulet.follow("quota") as client:
            self.assertEqual(client.next().type, "quota")


class Pipelining(FreshCase):
    setting = {"bus": False}

    def test_a_second_request_behind_the_first_is_not_served(self):
        """A stream is never left for what comes behind its request."""
        one = wire.request_bytes(f"/quota/stream?token={self.rivulet.token()}")
        with wire.connect(self.rivulet.address) as client:
            client.sendall(one + one)
            received = b""
            deadline = wire.Deadline("the stream")
            while b"event: quota" not in received:
                data = wire.receive(client, deadline)
                if not data:
                    break
                received += data
        self.assertLessEqual(received.count(b"HTTP/1.1 "), 1)
