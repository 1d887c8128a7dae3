# SPDX-License-Identifier: LGPL-2.1-or-later
"""Connections made and dropped at every stage: nothing of them stays behind."""

import os

import eventstream
import webhook
import wire
from cases import FreshCase
from waiting import TimedOut, amount, wait_until

MIB = 1 << 20
WAVE = 100
STAGES = ["partial head", "after the head", "during the takeover", "mid-stream", "refused",
          "not asked anything", "partial body", "after the body"]


class Dropping(FreshCase):
    setting = {"config": {"http": {"head-timeout-ms": 600000}}}

    def connections(self, stage):
        """A wave of connections, and how each of them is dropped."""
        path = list(eventstream.PATHS.values())
        made = []
        for number in range(WAVE):
            target = f"{path[number % len(path)]}?token={self.token}"
            if stage in ("mid-stream", "during the takeover"):
                client = eventstream.StreamClient(self.rivulet.address, target)
                made.append(client)
                continue
            client = wire.connect(self.rivulet.address)
            if stage == "partial head":
                client.sendall(wire.request_bytes(target)[: 10 + number % 60])
            elif stage == "after the head":
                client.sendall(wire.request_bytes(target))
            elif stage == "refused":
                client.sendall(wire.request_bytes(target + "x"))
            elif stage == "partial body":
                client.sendall(self.delivery(number)[: -1 - number % 60])
            elif stage == "after the body":
                client.sendall(self.delivery(number))
            made.append(client)
        return made

    def delivery(self, number):
        """One that brings nothing, by its length or in chunks."""
        framing, body = [({"Content-Length": "50"}, b"x" * 50),
                         ({"Transfer-Encoding": "chunked"}, b"32\r\n" + b"x" * 50 + b"\r\n0\r\n\r\n"),
                         ][number % 2]
        return wire.request_bytes(webhook.PATH, framing, "POST") + body

    def drop(self, stage, made):
        for number, client in enumerate(made):
            if stage == "mid-stream":
                client.next()
                if number % 2:
                    self.publisher.publish("quota", {"type": "quota", "quota": {
                        "used": number, "remaining": 0}})
            if isinstance(client, eventstream.StreamClient) and number % 2:
                client.reset()
            else:
                client.close()

    def waves(self, count):
        done = 0
        while done < count:
            for stage in STAGES:
                self.drop(stage, self.connections(stage))
                done += WAVE
            self.daemon.wait_descriptors(self.descriptors)
        for stream in eventstream.PATHS:
            self.publisher.wait_clients(stream, 0)
        return done

    def test_5000_connections(self):
        self.daemon = self.rivulet.daemon
        self.token = self.rivulet.token()
        with self.rivulet.follow("quota") as client:
            client.next()
        self.publisher.wait_clients("quota", 0)
        self.descriptors = self.daemon.descriptors()
        self.waves(1200)  # buffers and tables grow once
        before = self.daemon.private_dirty()
        self.assertGreaterEqual(self.waves(amount(5000, 600)), amount(5000, 600))
        # One that was dropped unaccepted may only come now.
        self.daemon.wait_descriptors(self.descriptors)
        if os.environ.get("RIVULET_INSTRUMENTED"):
            return  # there memory tells of the instrument, which reports leaks itself
        try:
            wait_until(lambda: self.daemon.private_dirty() <= before + MIB,
                       "private dirty memory within 1 MiB of what it was", 5)
        except TimedOut as error:
            grown = self.daemon.private_dirty() - before
            raise AssertionError(f"{error}: it grew by {grown} bytes") from None


class AtShutdown(FreshCase):
    def test_connections_in_every_state(self):
        token = self.rivulet.token()
        target = f"/quota/stream?token={token}"
        following = [self.follow(stream, version=version)
                     for stream in eventstream.PATHS for version in ("1.0", "1.1")
                     for _ in range(30)]
        for client in following:
            client.next()
            client.wait_retry()
        others = []
        for number in range(200):
            client = wire.connect(self.rivulet.address)
            self.addCleanup(client.close)
            others.append(client)
            if number % 4 == 0:
                client.sendall(b"GET /quota/str")
            elif number % 4 == 1:
                client.sendall(wire.request_bytes(target))
            elif number % 4 == 2:
                client.sendall(wire.request_bytes("/github/webhook", {
                    "Content-Length": "100"}, "POST") + b"{")
        self.assertEqual(self.rivulet.daemon.stop(), 0)
        for client in following:
            retries = len(client.parser.retries)
            client.rest()
            self.assertGreater(len(client.parser.retries), retries, "a last retry")
            if client.chunks:
                self.assertTrue(client.chunks.buffer == b"" or client.chunks.finished)
        last = {client.parser.retries[-1] for client in following}
        self.assertGreater(len(last), 1, "spread at random")
