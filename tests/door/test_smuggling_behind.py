# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests that two parsers take for different ones, sent through nginx and Caddy.

None reaches rivuletd but as one request of a connection, and nobody gets another's answer.
"""

import re
import unittest

import behind
import proxies
import wire
from relay import Relay
from waiting import Deadline

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
END = b"0\r\n\r\n"


def text(*lines, body=b""):
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def beyond(request):
    """Bytes behind a request, read strictly; negative where some of it is missing."""
    head, _, body = request.partition(b"\r\n\r\n")
    fields = [line.partition(b": ") for line in head.split(b"\r\n")[1:]]
    lengths = [value for name, _, value in fields if name.lower() == b"content-length"]
    codings = [value for name, _, value in fields if name.lower() == b"transfer-encoding"]
    if len(lengths) + len(codings) > 1 or codings not in ([], [b"chunked"]):
        raise AssertionError(f"framed in two ways: {head}")
    if codings:
        wire.Chunks().feed(body)
        return 0
    return len(body) - (int(lengths[0]) if lengths else 0)


class Smuggling(behind.Behind):
    @classmethod
    def upstream(cls):
        cls.relay = Relay(cls.rivulet.address)
        cls.addClassCleanup(cls.relay.stop)
        return cls.relay.address

    def setUp(self):
        self.publish_quota(666, "attacker")
        self.publish_quota(1, "victim")
        self.before = len(self.relay.conversations)
        self.host = f"Host: {proxies.NAME}".encode()
        self.hidden = wire.request_bytes(
            f"/api/quota/stream?token={self.rivulet.token('attacker')}", host=proxies.NAME)

    def answers(self, request):
        """Sends it and an honest request behind it; the statuses of what is answered, to the end."""
        received = b""
        with self.authority.connect(self.proxy.port, "http/1.1") as client:
            deadline = Deadline("the end of the answers")
            try:
                client.sendall(request)
                client.sendall(text(b"GET /nothing HTTP/1.1", self.host, b"Connection: close"))
                while b"event: quota" not in received:
                    data = wire.receive(client, deadline)
                    if not data:
                        break
                    received += data
            except (BrokenPipeError, ConnectionResetError):
                pass
        return [int(status) for status in STATUS.findall(received)]

    def assert_judged(self):
        """Of each connection rivuletd got one request with nothing behind it, or refused it."""
        for conversation in self.relay.conversations[self.before:]:
            self.assertLessEqual(len(conversation.statuses), 1, conversation.asked)
            if conversation.statuses not in ([400], [501]):
                self.assertLessEqual(beyond(conversation.asked), 0, conversation.asked)
        self.before = len(self.relay.conversations)

    def assert_victim_served(self):
        connection = self.connect()
        event = connection.next(connection.request(self.target(subject="victim")))
        self.assertEqual(event.data["quota"]["used"], 1)
        connection.close()

    def try_all(self, requests, allowed):
        for request in requests:
            with self.subTest(request=request[:200]):
                statuses = self.answers(request)
                self.assertTrue(set(statuses) <= allowed | self.kind.also_answered, statuses)
                self.assertLessEqual(len(statuses), 2)
                self.assert_judged()
                self.assert_victim_served()

    def test_length_and_chunks(self):
        """CL.TE, TE.CL, and what looks like chunked but is not."""
        post = (b"POST /github/webhook HTTP/1.1", self.host)
        whole = END + self.hidden
        length = b"Content-Length: %d" % len(whole)
        short = b"Content-Length: 4"
        chunk = b"%x\r\n%s\r\n" % (len(self.hidden), self.hidden) + END
        self.try_all([
            text(*post, length, b"Transfer-Encoding: chunked", body=whole),
            text(*post, b"Transfer-Encoding: chunked", length, body=whole),
            text(*post, short, b"Transfer-Encoding: chunked", body=chunk),
            text(*post, length, short, body=whole),
            text(*post, b"Content-Length: 4, %d" % len(whole), body=whole),
            text(*post, b"Content-Length: +4", body=whole),
            text(*post, length.replace(b":", b" :"), body=whole),
            *(text(*post, length, field, body=whole) for field in (
                b"Transfer-Encoding : chunked", b"Transfer-Encoding: xchunked",
                b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding: chunked\x00",
                b"Transfer-Encoding\x00: chunked", b"X: y\nTransfer-Encoding: chunked",
                b"X: y\rTransfer-Encoding: chunked", b"Transfer-Encoding:\r\n chunked",
                b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
                b"Transfer-Encoding: identity, chunked", b"Transfer-Encoding: chunked, chunked",
                b"Transfer_Encoding: chunked", b" Transfer-Encoding: chunked")),
        ], {400, 401, 404, 411, 415, 501})

    def test_chunks_of_their_own_kind(self):
        post = (b"POST /github/webhook HTTP/1.1", self.host, b"Transfer-Encoding: chunked")
        size = b"%x" % len(self.hidden)
        self.try_all([
            text(*post, body=size + end + self.hidden + b"\r\n" + END)
            for end in (b"\n", b"\r", b";x=\n", b" \r\n", b"\x00\r\n", b"g\r\n")
        ] + [
            text(*post, body=b"-1\r\n" + whole) for whole in (END + self.hidden, self.hidden)
        ] + [
            text(*post, body=b"0x3\r\nabc\r\n" + END + self.hidden[:0]),
            text(*post, body=b"ffffffffffffffff1\r\n" + self.hidden),
            text(*post, body=b"3\r\nabcd\r\n" + END),
        ], {400, 401, 404, 411, 413, 415, 501, 502})

    def test_a_body_where_there_is_none(self):
        for method in b"GET", b"HEAD", b"OPTIONS":
            line = method + b" /quota/stream?token=x HTTP/1.1"
            self.try_all([
                text(line, self.host, b"Content-Length: %d" % len(self.hidden), body=self.hidden),
                text(line, self.host, b"Transfer-Encoding: chunked",
                     body=b"%x\r\n%s\r\n" % (len(self.hidden), self.hidden) + END),
            ], {400, 404, 411, 417})

    def test_lines_and_names(self):
        get = b"GET /quota/stream?token=x HTTP/1.1"
        self.try_all([
            text(get, self.host, b"Content_Length: %d" % len(self.hidden)),
            text(get, self.host, b"X\x00: y"), text(get, self.host, b"X: \x00"),
            text(get, self.host, b"Authorization: a", b"Authorization: b"),
            text(get, self.host, self.host), text(get, self.host, b"Host: other"), text(get),
            text(get, self.host, b"X: y", b" folded"), text(get, self.host, b"no colon"),
            text(get, self.host, b": no name"), text(get.replace(b"GET ", b"GET  "), self.host),
            text(get.replace(b"/1.1", b"/1.1 HTTP/1.1"), self.host),
            text(get.replace(b"/quota", b"http://other/quota"), self.host),
            text(get.replace(b"HTTP/1.1", b"HTTP/0.9"), self.host),
            text(get.replace(b" HTTP/1.1", b""), self.host),
            text(get, self.host).replace(b"\r\n", b"\n"),
        ], {400, 401, 404, 421, 505})

    def test_pipelined(self):
        """Each gets its own answer, in order, on connections of their own."""
        options = text(b"OPTIONS /quota/stream HTTP/1.1", self.host, b"Origin: http://localhost:3000")
        get = text(b"GET /quota/stream HTTP/1.1", self.host)
        self.assertEqual(self.answers(options + get + options), [204, 401, 204, 404])
        self.assertEqual([conversation.statuses for conversation in
                          self.relay.conversations[self.before:]], [[204], [401], [204], [404]])
        self.assert_judged()

    def test_over_http_2(self):
        """What HTTP/2 can say and HTTP/1.1 cannot (RFC 9113, section 10.3)."""
        hidden = self.hidden.decode()
        for path, method, headers, body in (
                ("/github/webhook", "POST", [("content-length", "0")], self.hidden),
                ("/github/webhook", "POST", [("content-length", "4")], END + self.hidden),
                ("/github/webhook", "POST", [("content-length", "9999")], END),
                ("/github/webhook", "POST", [("transfer-encoding", "chunked")], END + self.hidden),
                ("/github/webhook", "POST", [("x", f"y\r\nTransfer-Encoding: chunked\r\n\r\n{hidden}")],
                 END),
                ("/nothing", "GET", [("x", f"y\r\n\r\n{hidden}")], None),
                ("/nothing", "GET", [(f"x: y\r\n\r\n{hidden}", "z")], None),
                ("/nothing", "GET", [("x", "a\0b")], None),
                ("/nothing", "GET", [("x", "a\nb: c")], None),
                ("/nothing", "GET", [("X-Upper", "a")], None),
                ("/nothing", "GET", [("connection", "transfer-encoding")], None),
                ("/nothing", "GET", [("host", "other")], None),
                (f"/nothing HTTP/1.1\r\nHost: x\r\n\r\n{hidden}", "GET", [], None),
                ("/nothing", f"GET /nothing HTTP/1.1\r\n\r\n{hidden}", [], None),
                ("/nothing", "GET", [], self.hidden)):
            with self.subTest(path=path, method=method, headers=headers):
                connection = self.connect()
                status = connection.answer(connection.request(path, method, headers, body))
                self.assertIn(status, (None, 400, 401, 404, 405, 411, 501, 502))
                connection.close()
                self.assert_judged()
                self.assert_victim_served()


class Reading(unittest.TestCase):
    def test_what_is_behind_a_request(self):
        line = b"POST / HTTP/1.1"
        for request, count in ((text(line), 0), (text(line, body=b"x"), 1),
                               (text(line, b"Content-Length: 3", body=b"ab"), -1),
                               (text(line, b"Content-Length: 3", body=b"abcGET"), 3),
                               (text(line, b"Transfer-Encoding: chunked", body=END), 0)):
            self.assertEqual(beyond(request), count)
        for request in (text(line, b"Content-Length: 3", b"Transfer-Encoding: chunked"),
                        text(line, b"Content-Length: 3", b"content-length: 3"),
                        text(line, b"Transfer-Encoding: xchunked"),
                        text(line, b"Transfer-Encoding: chunked", body=END + b"GET")):
            with self.assertRaises(AssertionError):
                beyond(request)


def load_tests(loader, tests, _):
    tests = loader.loadTestsFromTestCase(Reading)
    tests.addTest(proxies.behind_each(loader, Smuggling))
    return tests
