# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests that two programs could read differently: one answer or none, and never a second."""

import wire
import webhook
from hostile import HostileCase, chunked, final, read_to_end, send
from waiting import Deadline

HOST = b"Host: localhost\r\n"
BODY = b'{"zen":"x"}'
CHUNKED = {"Transfer-Encoding": "chunked"}
FIELD = b"Transfer-Encoding: chunked\r\n"


class SmugglingCase(HostileCase):
    def line(self, method="GET", version=b"HTTP/1.1"):
        if method == "POST":
            return f"POST {webhook.PATH} ".encode() + version + b"\r\n"
        return f"{method} /quota/stream?token={self.rivulet.token()} ".encode() + version + b"\r\n"

    def get(self):
        """Also what would be a second request, and followed if anybody took it for one."""
        return self.line() + HOST + b"\r\n"

    def assert_refused(self, sent, *statuses):
        """One answer that says so, and the end."""
        response = final(self.answer_to(sent))
        self.assertIn(response.status, statuses or (400,), sent)
        self.assert_json(response, response.status)

    def assert_all_refused(self, requests, *statuses):
        for sent in requests:
            with self.subTest(sent=sent[-80:]):
                self.assert_refused(sent, *statuses)


class Framing(SmugglingCase):
    """Where the body ends is said once, and in one way."""

    def posts(self, *fields):
        return [self.line("POST") + HOST + field + b"\r\n" + rest
                for field in fields
                for rest in (b"", b"0\r\n\r\n" + self.get(), self.get())]

    def test_both_framings(self):
        self.assert_all_refused(self.posts(
            b"Content-Length: 4\r\n" + FIELD, FIELD + b"Content-Length: 4\r\n",
            b"Content-Length: 0\r\n" + FIELD, FIELD + b"Content-Length: 0\r\n",
            b"content-length: 5\r\ntransfer-encoding: CHUNKED\r\n",
            FIELD + b"X: y\r\nContent-Length: 100\r\n"))

    def test_two_of_one(self):
        self.assert_all_refused(self.posts(
            FIELD + FIELD, b"Content-Length: 5\r\nContent-Length: 5\r\n",
            b"Content-Length: 5\r\nContent-Length: 6\r\n",
            b"Content-Length: 0\r\ncOnTeNt-LeNgTh: 44\r\n"))

    def test_lengths_that_are_none(self):
        self.assert_all_refused(self.posts(*(
            b"Content-Length: " + value + b"\r\n" for value in (
                b"", b" ", b"-1", b"+5", b"5 5", b"5,5", b"5, 5", b"0x5", b"5.0", b"5e1", b"5;", b"'5'",
                b'"5"', b"\xc2\xb5", b"5\t5", b"\xef\xbc\x95", b"five"))))

    def test_length_that_overflows(self):
        self.assert_all_refused(self.posts(
            b"Content-Length: 18446744073709551616\r\n", b"Content-Length: 18446744073709551621\r\n",
            b"Content-Length: 9223372036854775807\r\n", b"Content-Length: 4294967301\r\n",
            b"Content-Length: " + b"9" * 1000 + b"\r\n"), 413)

    def test_encodings_that_are_none(self):
        self.assert_all_refused(self.posts(*(
            b"Transfer-Encoding: " + value + b"\r\n" for value in (
                b"", b"x", b"xchunked", b"chunkedx", b"chunked, chunked", b"chunked,", b",chunked",
                b"gzip, chunked", b"chunked, identity", b"identity", b'"chunked"', b"'chunked'",
                b"chunked;q=1", b"cow", b"\xc3chunked", b"\r\n chunked"))), 501)

    def test_encodings_that_some_take_for_one(self):
        self.assert_all_refused(self.posts(
            b"Transfer-Encoding : chunked\r\n", b" Transfer-Encoding: chunked\r\n",
            b"\tTransfer-Encoding: chunked\r\n", b"Transfer-Encoding\t: chunked\r\n",
            b"Transfer-Encoding:\x0bchunked\r\n", b"Transfer-Encoding: chunked\x00\r\n",
            b"Transfer-Encoding:\n chunked\r\n",
            b"Transfer-Encoding: chunked\n\r\n", b"X: y\nTransfer-Encoding: chunked\r\n",
            b"X: y\rTransfer-Encoding: chunked\r\n", b"Transfer-Encoding\r\n: chunked\r\n",
            b"\x00Transfer-Encoding: chunked\r\n", b"Transfer-Encoding\x00: chunked\r\n",
            b"Transfer-Encoding\xa0: chunked\r\n", b"Transfer Encoding: chunked\r\n",
            b"[Transfer-Encoding]: chunked\r\n", b"Transfer-Encoding: chunked\x7f\r\n"))

    def test_other_names_are_no_framing(self):
        """Then there is neither a length nor chunks, whatever the name looks like."""
        self.assert_all_refused(self.posts(
            b"Transfer_Encoding: chunked\r\n", b"X-Transfer-Encoding: chunked\r\n",
            b"Content_Length: 5\r\n", b"Content-Length-: 5\r\n", b"TE: chunked\r\n"), 411)

    def test_chunks_of_http_1_0(self):
        self.assert_refused(self.line("POST", b"HTTP/1.0") + HOST + FIELD + b"\r\n0\r\n\r\n")

    def test_bodies_where_there_are_none(self):
        smuggled = self.get()
        for method in "GET", "HEAD", "OPTIONS":
            for field in b"Content-Length: %d\r\n" % len(smuggled), FIELD:
                with self.subTest(method=method, field=field):
                    answer = self.answer_to(self.line(method) + HOST + field + b"\r\n" + smuggled)
                    self.assertEqual(answer.count(b"HTTP/1."), 1, answer)
                    self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)

    def test_chunks_that_some_take_for_others(self):
        head = self.delivery(BODY, CHUNKED)
        self.assert_all_refused([head + body + self.get() for body in (
            b"0\n\r\n", b"0\r\n\n", b"0;\r\n\r\n", b"0; x=\"\r\n\r\n", b"0\r\nX: y\r\n\r\n",
            b"0\r\nTransfer-Encoding: chunked\r\n\r\n", b"b;x=\n" + BODY + b"\r\n0\r\n\r\n",
            b"b;x\r\n" + BODY + b"\r\n0\r\n\r\n", b"b\r\n" + BODY + b"0\r\n\r\n",
            b"a\r\n" + BODY + b"\r\n0\r\n\r\n", b"c\r\n" + BODY + b"\r\n0\r\n\r\n",
            b"10000000b\r\n" + BODY + b"\r\n0\r\n\r\n", b"000000000b\r\n" + BODY + b"\r\n0\r\n\r\n",
            b"1000000000000000b\r\n" + BODY + b"\r\n0\r\n\r\n", b"-b\r\n" + BODY + b"\r\n0\r\n\r\n",
            b"0xb\r\n" + BODY + b"\r\n0\r\n\r\n", b"b \r\n" + BODY + b"\r\n0\r\n\r\n",
            b" b\r\n" + BODY + b"\r\n0\r\n\r\n", b"\r\nb\r\n" + BODY + b"\r\n0\r\n\r\n",
            b"b\r\r\n" + BODY + b"\r\n0\r\n\r\n", b"b\x00\r\n" + BODY + b"\r\n0\r\n\r\n")])


class Heads(SmugglingCase):
    def test_line_ends(self):
        get = self.get()
        self.assert_all_refused([
            get.replace(b"\r\n", b"\n"), get.replace(b"\r\n", b"\r"), get.replace(b"\r\n", b"\n\r"),
            self.line() + b"Host: x\n\n", self.line() + b"Host: x\r\n\n", self.line() + b"Host: x\n\r\n",
            self.line()[:-2] + b"\n" + HOST + b"\r\n", self.line()[:-1] + b"X" + HOST + b"\r\n",
            b"\r\n" + get, b"\r\n" * 9000, b"\n" + get, b" " + get,
            self.line() + HOST + b"X: y\r\r\n\r\n", self.line() + HOST + b"X: y\rZ: z\r\n\r\n"])

    def test_folded_and_nameless(self):
        begin = self.line() + HOST
        self.assert_all_refused([begin + field + b"\r\n\r\n" for field in (
            b"X: a\r\n b", b"X: a\r\n\tb", b" X: a", b"\tX: a", b": a", b"X", b"X a", b"X\r\n: a",
            b"X : a", b"X\t: a", b"X(: a", b"X[: a", b"X\xff: a", b"\"X\": a", b"X,Y: a")])

    def test_control_bytes(self):
        for code in [*range(0x20), 0x7f]:
            byte = bytes([code])
            requests = [self.get().replace(b"GET", b"G" + byte + b"T"),
                        self.get().replace(b"/quota", b"/q" + byte + b"ota"),
                        self.line() + HOST + b"X" + byte + b"Y: z\r\n\r\n"]
            if byte != b"\t":
                requests.append(self.line() + HOST + b"X: y" + byte + b"z\r\n\r\n")
            self.assert_all_refused(requests)

    def test_request_lines(self):
        target = self.line().split(b" ")[1]
        self.assert_all_refused([line + b"\r\n" + HOST + b"\r\n" for line in (
            b"GET", b"GET ", b"GET " + target, b"GET  " + target + b" HTTP/1.1",
            b"GET " + target + b"  HTTP/1.1", b"GET\t" + target + b" HTTP/1.1",
            b"GET " + target + b" HTTP/1.1 ", b"GET " + target + b" HTTP/1.1 x",
            b"GET " + target + b" http/1.1", b"GET " + target + b" HTTP/1", b"GET " + target + b" HTTP/1.",
            b"GET " + target + b" HTTP/1.1.1", b"GET " + target + b" HTTP/ 1.1",
            b"GET " + target + b" HTTP/1.1\x00", b"GET " + target + b" HTTPS/1.1",
            b"GET http://localhost" + target + b" HTTP/1.1", b"GET //" + b"\x00 HTTP/1.1",
            b"GET * HTTP/1.1", b"OPTIONS * HTTP/1.1", b"GET ?token=x HTTP/1.1",
            b"GET quota/stream HTTP/1.1", b"CONNECT localhost:80 HTTP/1.1",
            b"GET " + target + b"#x HTTP/1.1", b"GET /quota stream HTTP/1.1",
            b"GET /%zz HTTP/1.1", b"GET /%0 HTTP/1.1", b"GET /\xc3\xa9 HTTP/1.1",
            b"<xml/>", b"{}", b"GET /<script> HTTP/1.1")])

    def test_other_protocols(self):
        target = self.line().split(b" ")[1]
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500
        self.assert_all_refused([
            b"GET " + target + b"\r\n", b"GET /\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
            hello, b"SSH-2.0-OpenSSH_9.2\r\n", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n" + self.get(),
            b"\r\n\r\n\0\r\nQUIT\n" + self.get(), b"*1\r\n$4\r\nPING\r\n", b"\0" * 64, b"\xff" * 64])
        self.assert_all_refused([
            self.line(version=version) + HOST + b"\r\n" for version in (
                b"HTTP/0.9", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/3.0", b"HTTP/9.9")], 505)

    def test_upgrades_are_not_made(self):
        """A stream is served as ever, and nothing else is spoken."""
        for fields in ({"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings",
                        "HTTP2-Settings": "AAMAAABkAAQAAP__"},
                       {"Upgrade": "websocket", "Connection": "Upgrade",
                        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                        "Sec-WebSocket-Version": "13"}):
            with self.rivulet.follow("quota", headers=fields) as client:
                self.assertEqual(client.next().type, "quota")
                self.assertEqual(client.head.status, 200)

    def test_fields_that_are_there_once(self):
        begin = self.line() + HOST
        self.assert_all_refused([begin + (name + b": x\r\n") * 2 + b"\r\n" for name in (
            b"Host", b"Authorization", b"Cookie", b"Origin", b"Last-Event-ID")])
        self.assert_all_refused([self.line() + field + b"\r\n" for field in (
            b"", b"X-Host: x\r\n", b"Host:\r\n", b"Host: a b\r\n", b"Host: a/b\r\n", b"Host: a@b\r\n",
            b"Host: a:b\r\n", b"Host: a, b\r\n", b"Host: [\r\n", b"Host: a\r\nhost: a\r\n")])

    def test_range_and_expect(self):
        begin = self.line() + HOST
        self.assert_all_refused([begin + b"Range: bytes=0-\r\n\r\n",
                                 self.line("POST") + HOST + b"Range: bytes=0-0,1-1\r\n\r\n"])
        self.assert_all_refused([
            begin + b"Expect: 100-continue\r\n\r\n", begin + b"Expect: x\r\n\r\n",
            self.line("POST") + HOST + b"Content-Length: 1\r\nExpect: 200-ok\r\n\r\nx"], 417)

    def test_bounds(self):
        begin = self.line() + HOST
        self.assert_all_refused([b"GET /" + b"x" * 17000], 414)
        self.assert_all_refused([begin + b"X: " + b"x" * 17000, begin + b"X" * 17000,
                                 begin + b"X: y\r\n" * 64 + b"\r\n"], 431)
        self.assert_all_refused([b"X" * 17000], 501)


class Behind(SmugglingCase):
    """What comes behind a request is none."""

    def test_behind_a_post(self):
        smuggled = self.get()
        for sent in self.by_length(BODY), self.in_chunks(BODY), self.in_chunks(BODY, 1):
            for rest in smuggled, smuggled * 10, b"\r\n" + smuggled, sent, b"\0" * 100_000:
                with self.subTest(sent=sent[-30:], rest=rest[:10]):
                    self.assertEqual(final(self.answer_to(sent + rest)).status, 202)

    def test_behind_a_refusal(self):
        for sent in (b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n",
                     b"GET /quota/stream HTTP/1.1\r\n" + HOST + b"\r\n",
                     b"GET /quota/stream HTTP/1.1\r\nConnection: keep-alive\r\n" + HOST + b"\r\n",
                     b"GET /quota/stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
                     b"PUT /quota/stream HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\n"):
            with self.subTest(sent=sent):
                response = final(self.answer_to(sent + self.get() * 3))
                self.assertIn(response.status, (401, 404, 405))

    def test_behind_a_stream(self):
        """Neither at once nor later, and the stream goes on."""
        with wire.connect(self.rivulet.address) as client:
            send(client, self.get() + self.get() + self.by_length(BODY))
            received = b""
            deadline = Deadline("two events")
            for expected in b"event: quota\n", b"event: quota-update\n":
                while expected not in received:
                    data = wire.receive(client, deadline)
                    self.assertTrue(data, received)
                    received += data
                send(client, self.get() + self.by_length(BODY))
                self.assert_witness_served()
        self.assertEqual(received.count(b"HTTP/1."), 1, received)

    def test_behind_a_preflight(self):
        answer = self.answer_to(b"OPTIONS /quota/stream HTTP/1.1\r\n" + HOST + b"\r\n" + self.get())
        self.assertEqual(answer.count(b"HTTP/1."), 1)
        self.assertTrue(answer.startswith(b"HTTP/1.1 204 "), answer)

    def test_nothing_smuggled_was_published(self):
        """Deliveries in deliveries: each connection brought one."""
        def count():
            with self.rivulet.follow("events-count") as client:
                return client.next().data["count"]

        before = count()
        for number in range(20):
            inner = self.delivery(BODY, {"X-GitHub-Delivery": f"inner-{number}",
                                         "Content-Length": str(len(BODY))}) + BODY
            fields = {"X-GitHub-Delivery": f"outer-{number}", **CHUNKED}
            sent = self.delivery(BODY, fields) + chunked(BODY, 1 + number % 5) + inner
            with wire.connect(self.rivulet.address) as client:
                send(client, sent)
                self.assertEqual(final(read_to_end(client)).status, 202)
        self.assertEqual(count(), before + 20)
