# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bodies: in chunks or not, slow, endless, broken, too large, and too many of them."""

import json
import os
import signal
import subprocess
import unittest

import webhook
import wire
from cases import FreshCase
from hostile import HostileCase, drip, final, read_to_end, send
from waiting import Deadline, amount, wait_until

MIB = 1 << 20
MOST = 25 * MIB
ALL_TOGETHER = 256 * MIB
PUSH = json.dumps({"repository": {"full_name": "octocat/hello"}}).encode()
CHUNKED = {"Transfer-Encoding": "chunked"}


def padded(length):
    """JSON of so many bytes."""
    return b'{"zen":"' + b"x" * (length - 10) + b'"}'


class Taken(HostileCase):
    def setUp(self):
        super().setUp()
        self.delivered = 0

    def count(self):
        with self.rivulet.follow("events-count") as client:
            return client.next().data["count"]

    def curl(self, body, *arguments):
        """Posts a delivery; returns the status, and what curl tells of what it sent and got."""
        self.delivered += 1
        path = os.path.join(self.rivulet.folder, "body")
        with open(path, "wb") as file:
            file.write(body)
        secret = self.rivulet.hook_secret.bytes
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--verbose", "--output", os.devnull,
             "--write-out", "%{http_code}", "--data-binary", f"@{path}",
             "--header", "Content-Type: application/json",
             "--header", "X-GitHub-Event: push",
             "--header", f"X-GitHub-Delivery: {self.id()}-{self.delivered}",
             "--header", f"X-Hub-Signature-256: {webhook.signature(secret, body)}", *arguments,
             f"http://{self.rivulet.address}{webhook.PATH}"],
            capture_output=True, text=True, timeout=Deadline("curl").left(), check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, done.stderr

    def test_what_curl_sends(self):
        before = self.count()
        for body in PUSH, padded(3 * MIB):
            for arguments in (), ("--header", "Transfer-Encoding: chunked"):
                for version in "--http1.1", "--http1.0":
                    if arguments and version == "--http1.0":
                        continue
                    with self.subTest(length=len(body), arguments=arguments, version=version):
                        status, _ = self.curl(body, version, *arguments)
                        self.assertEqual(status, "202")
        self.assertEqual(self.count(), before + 6)

    def test_curl_waits_until_it_is_told_to_go_on(self):
        for arguments in (), ("--header", "Transfer-Encoding: chunked"):
            status, told = self.curl(padded(2 * MIB), "--header", "Expect: 100-continue",
                                     "--expect100-timeout", "60", *arguments)
            self.assertEqual(status, "202")
            self.assertIn("< HTTP/1.1 100 Continue", told)

    def test_chunks_of_every_size(self):
        before = self.count()
        for size in 1, 7, len(PUSH) - 1, len(PUSH):
            head = self.delivery(PUSH, {**CHUNKED, "X-GitHub-Delivery": f"size-{size}"})
            response = final(self.answer_to(head + self.in_chunks(PUSH, size).partition(
                b"\r\n\r\n")[2]))
            self.assertEqual(response.status, 202, response.body)
        self.assertEqual(self.count(), before + 4)

    def test_byte_by_byte(self):
        for sent in self.by_length(PUSH), self.in_chunks(PUSH, 10):
            with wire.connect(self.rivulet.address) as client:
                self.assertEqual(drip(client, sent, 0), len(sent))
                self.assertEqual(final(read_to_end(client)).status, 202)

    def test_a_wrong_signature_in_chunks(self):
        sent = self.in_chunks(PUSH).replace(b"octocat", b"octodog")
        self.assert_json(final(self.answer_to(sent)), 401)

    def test_who_says_nothing_more_gets_the_answer(self):
        for sent in self.by_length(PUSH), self.in_chunks(PUSH):
            self.assertEqual(final(self.answer_to(sent, half_close=True)).status, 202)


class Refused(HostileCase):
    def test_broken_chunks(self):
        head = self.delivery(b"[true]", CHUNKED)
        for body in (b"x\r\n", b"\r\n", b"\n", b" 6\r\n[true]\r\n0\r\n\r\n",
                     b"6 \r\n[true]\r\n0\r\n\r\n", b"0x6\r\n[true]\r\n0\r\n\r\n", b"-6\r\n[true]",
                     b"+6\r\n[true]", b"6\n[true]\r\n0\r\n\r\n", b"6\r\n[true]\n0\r\n\r\n",
                     b"6\r\n[true]0\r\n\r\n", b"6\r\n[true\r\n0\r\n\r\n",
                     b"5\r\n[true]\r\n0\r\n\r\n", b"6\r[true]\r\n", b"6\r\n[true]x\n0\r\n\r\n",
                     b"6;ext=1\r\n[true]\r\n0\r\n\r\n", b"6;\r\n[true]\r\n0\r\n\r\n",
                     b"0\r\nTrailer: x\r\n\r\n", b"0\r\nContent-Length: 6\r\n\r\n", b"0\n\n",
                     b"0\r\n\n", b"0\r\n\r0", b"000000006\r\n[true]\r\n0\r\n\r\n",
                     b"10000000000000006\r\n[true]\r\n0\r\n\r\n", b"fffffffffffffffe\r\n[true]",
                     b"6\0\r\n[true]\r\n0\r\n\r\n", b"\0", b"\x80\r\n", b"6\r\n\r\n[true]\r\n"):
            with self.subTest(body=body):
                response = final(self.answer_to(head + body))
                self.assert_json(response, 400)
                self.assertIn("chunk", response.json()["message"])

    def test_too_large(self):
        just = self.in_chunks(padded(MOST), MIB)
        self.assertEqual(final(self.answer_to(just)).status, 202)
        more = self.in_chunks(padded(MOST + 1), MIB)
        self.assert_json(final(self.answer_to(more)), 413)
        self.assert_json(final(self.answer_to(self.delivery(b"", {
            "Content-Length": str(MOST + 1), "Expect": "100-continue"}))), 413)

    def test_endless(self):
        chunk = b"100000\r\n" + b" " * MIB + b"\r\n"
        with wire.connect(self.rivulet.address) as client:
            send(client, self.delivery(b"", CHUNKED))
            taken = 0
            while taken < 100 and send(client, chunk):
                taken += 1
            read_to_end(client)
        self.assertLess(taken, 100)

    def test_one_byte_chunks_do_not_cost_more(self):
        body = padded(amount(400_000))
        self.assertEqual(final(self.answer_to(self.in_chunks(body, 1))).status, 202)

    def test_half_a_body_and_an_end(self):
        for sent in self.by_length(PUSH)[:-1], self.in_chunks(PUSH)[:-1], self.in_chunks(PUSH)[:-9]:
            self.assertEqual(self.answer_to(sent, half_close=True), b"")

    def test_half_a_body_and_a_reset(self):
        for sent in self.by_length(PUSH)[:-1], self.in_chunks(PUSH)[:-1]:
            client = wire.connect(self.rivulet.address)
            send(client, sent)
            self.wait_more_connections(1)
            wire.reset(client)
            self.wait_more_connections(0)


class Slow(HostileCase):
    setting = {"config": {"http": {"body-timeout-seconds": 1}}}

    def assert_cut(self, sent, head_length):
        with wire.connect(self.rivulet.address) as client:
            send(client, sent[:head_length])
            self.assertLess(drip(client, sent[head_length:], 0.05), len(sent) - head_length)
            self.assert_json(final(read_to_end(client)), 408)

    def test_dripping_is_cut_at_the_deadline(self):
        body = padded(1000)
        for sent in self.by_length(body), self.in_chunks(body), self.in_chunks(body, 1):
            self.assert_cut(sent, sent.index(b"\r\n\r\n") + 4)

    def test_silent_ones(self):
        heads = [self.by_length(PUSH)[:-1], self.delivery(PUSH, CHUNKED), self.in_chunks(PUSH)[:-1]]
        clients = [self.connect(heads[number % len(heads)]) for number in range(amount(300))]
        self.wait_more_connections(len(clients))
        self.assert_witness_served()
        for client in clients:
            self.assert_json(final(read_to_end(client)), 408)
            client.close()


class Together(HostileCase):
    def room_for(self, length):
        """Whether one that announces so much would be told to go on."""
        head = self.delivery(b"", {"Content-Length": str(length), "Expect": "100-continue"})
        with wire.connect(self.rivulet.address) as client:
            send(client, head)
            answer = wire.receive(client, Deadline("an answer"))
        if answer.startswith(b"HTTP/1.1 100 "):
            return True
        self.assert_json(final(answer), 503)
        self.assertEqual(final(answer).head.get("Retry-After"), "1")
        return False

    def hold_all(self):
        """Clients that have sent all but a byte, so that there is no room for another such."""
        body = padded(MOST)
        sent = [self.by_length(body)[:-1], self.in_chunks(body, MIB)[:-1]]
        clients = [self.connect(sent[number % 2]) for number in range(ALL_TOGETHER // MOST)]
        wait_until(lambda: not self.room_for(MOST), "all room to be taken")
        return clients

    def test_what_has_come_is_bounded(self):
        clients = self.hold_all()
        self.assertTrue(self.room_for(1000))
        growing = self.connect(self.in_chunks(padded(MOST), MIB)[:-1])
        self.assert_json(final(read_to_end(growing)), 503)
        growing.close()
        self.assert_witness_served()
        for client in clients:
            client.close()
        wait_until(lambda: self.room_for(MOST), "room again")

    def test_what_is_only_announced_takes_no_room(self):
        clients = [self.connect(self.delivery(b"", {"Content-Length": str(MOST)}))
                   for _ in range(100)]
        self.wait_more_connections(len(clients))
        self.assertTrue(self.room_for(MOST))
        for client in clients:
            client.close()

    @unittest.skipIf(os.environ.get("RIVULET_INSTRUMENTED"), "memory is what the sanitizer makes it")
    def test_memory_after(self):
        def peak():
            for client in self.hold_all():
                client.close()
            self.wait_more_connections(0)
            return self.rivulet.daemon.private_dirty()

        before = self.rivulet.daemon.private_dirty()
        self.assertLess(peak(), before + 8 * MIB)
        self.assertLess(peak(), before + 8 * MIB)


class Stopping(FreshCase):
    def test_half_bodies_are_not_waited_for(self):
        head = wire.request_bytes(webhook.PATH, CHUNKED, "POST")
        clients = [wire.connect(self.rivulet.address) for _ in range(20)]
        for number, client in enumerate(clients):
            self.addCleanup(client.close)
            client.sendall(head + b"5\r\nhello"[: number % 9])
        witness = self.follow("quota")
        witness.next()
        self.rivulet.daemon.signal(signal.SIGTERM)
        for client in clients:
            self.assertEqual(read_to_end(client), b"")
        self.assertEqual(self.rivulet.daemon.wait(), 0)
        self.assertNotIn("the time to stop is over", self.rivulet.daemon.said())
