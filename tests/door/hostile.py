# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests of hostile clients have in common: raw bytes, and all that must be as before."""

import select
import socket

import webhook
import wire
from cases import DaemonCase
from waiting import Deadline, wait_until


def read_to_end(client, deadline=None):
    """All that comes until the peer closes or resets."""
    deadline = deadline or Deadline("the end of a connection")
    received = b""
    while data := wire.receive(client, deadline):
        received += data
    return received


def send(client, data):
    """Sends what the peer takes; returns whether it took all."""
    try:
        client.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def drip(client, data, every=0.02):
    """Sends byte by byte, slowly, until the peer answers or closes; returns how many it took."""
    for index in range(len(data)):
        ready, _, _ = select.select([client], [], [], every)
        if ready or not send(client, data[index : index + 1]):
            return index
    return len(data)


def final(received):
    """The one response that this is, interim ones before it, and nothing behind it."""
    while received.startswith(b"HTTP/1.1 100 "):
        received = received.partition(b"\r\n\r\n")[2]
    raw, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        raise wire.Ended(f"the connection ended with {received!r}")
    head = wire.Head(raw + separator)
    if head.chunked:
        chunks = wire.Chunks()
        body = chunks.feed(body)
        if not chunks.finished:
            raise wire.Malformed("a chunked body that does not end")
    elif len(body) != int(head.get("Content-Length") or 0):
        raise wire.Malformed(f"behind {head.status_line!r}: {body!r}")
    return wire.Response(head, body)


class HostileCase(DaemonCase):
    """A well-behaved client follows meanwhile; after each test it, and all else, is as before."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What is opened once, and stays.
        webhook.post(cls.rivulet.address, b"wrong", "push", "1", {})
        cls.rivulet.get("/quota/stream")

    def setUp(self):
        super().setUp()
        wait_until(lambda: self.connections() == 0, "nobody to be there")
        self.witness = self.follow("quota")
        self.witness.next()
        self.n_published = 0
        self.descriptors_before = self.rivulet.daemon.descriptors()

    def tearDown(self):
        wait_until(lambda: self.connections() == 1, "the well-behaved client alone to be there")
        self.rivulet.daemon.wait_descriptors(self.descriptors_before)
        self.assert_witness_served()
        with self.rivulet.follow("quota", "another") as newcomer:
            self.assertEqual(newcomer.next().type, "quota")
        super().tearDown()

    def connections(self):
        return self.publisher.server_properties()["Connections"]

    def wait_more_connections(self, count):
        """Waits until so many are there besides the well-behaved one."""
        wait_until(lambda: self.connections() == count + 1, f"{count} hostile connections")

    def assert_witness_served(self):
        self.n_published += 1
        self.publisher.publish("quota", {"type": "quota", "quota": {
            "used": self.n_published, "remaining": 0}})
        self.witness.until(lambda event: event.data["quota"]["used"] == self.n_published,
                           "the event")

    def connect(self, sent=b"", **more):
        client = wire.connect(self.rivulet.address, **more)
        self.addCleanup(client.close)
        send(client, sent)
        return client

    def answer_to(self, sent, half_close=False):
        """All that comes back until the daemon closes."""
        with wire.connect(self.rivulet.address) as client:
            send(client, sent)
            if half_close:
                try:
                    client.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            return read_to_end(client)

    def delivery(self, body, framing, **more):
        """The head of a webhook that is in order, but for its framing perhaps."""
        fields = {"Content-Type": "application/json", "X-GitHub-Event": "push",
                  "X-GitHub-Delivery": self.id().rsplit(".", 1)[-1],
                  "X-Hub-Signature-256": webhook.signature(self.rivulet.hook_secret.bytes, body),
                  **framing}
        return wire.request_bytes(webhook.PATH, fields, "POST", **more)

    def by_length(self, body, **fields):
        return self.delivery(body, {"Content-Length": str(len(body)), **fields}) + body

    def in_chunks(self, body, size=None, **fields):
        return (self.delivery(body, {"Transfer-Encoding": "chunked", **fields})
                + chunked(body, size or len(body)))

    def assert_json(self, response, status):
        self.assertEqual(response.status, status, response.body)
        self.assertEqual(response.json()["statusCode"], status)
        self.assertEqual(response.head.get("Connection"), "close")


def chunked(body, size):
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in [*parts, b""])
