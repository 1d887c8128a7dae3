# SPDX-License-Identifier: LGPL-2.1-or-later
"""Limits of connections: in all, of an address, of a user, and of descriptors."""

import resource
import socket
import unittest

import eventstream
import webhook
import wire
from cases import FreshCase
from waiting import Deadline, wait_until

NONE = {"RefusedByTotal": 0, "RefusedByAddress": 0, "RefusedByUser": 0}
RESERVED = 512

# Those that an address may have beyond its limit, to be told so.
HEADROOM_PER_ADDRESS = 16


def have_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


class LimitCase(FreshCase):
    def properties(self):
        return self.publisher.server_properties()

    def wait(self, **values):
        wait_until(lambda: {name: self.properties()[name] for name in values} == values,
                   f"{values} of the server")

    def assert_refused(self, **values):
        properties = self.properties()
        self.assertEqual({name: properties[name] for name in NONE}, {**NONE, **values})

    def served(self, stream="quota", subject="42", **more):
        client = self.follow(stream, subject, **more)
        client.next()
        return client

    def connect_from(self, source, sent=b""):
        host, port = self.rivulet.address.rsplit(":", 1)
        client = socket.create_connection((host, int(port)), Deadline("a connection").left(),
                                          (source, 0))
        self.addCleanup(client.close)
        client.sendall(sent)
        return client

    def request(self, subject="42"):
        return wire.request_bytes(f"/quota/stream?token={self.rivulet.token(subject)}")

    def served_from(self, source):
        client = self.connect_from(source, self.request())
        received = b""
        deadline = Deadline(f"a stream from {source}")
        while b"\nevent: quota\n" not in received:
            data = wire.receive(client, deadline)
            self.assertTrue(data, received)
            received += data
        return client

    def assert_turned_away(self, client):
        """Never with a status that ends an EventSource for good."""
        self.assertEqual(client.rest(), [])
        self.assertEqual(client.head.status, 200)
        self.assertEqual(client.head.get("Content-Type"), "text/event-stream; charset=utf-8")
        self.assertEqual(client.head.get("Cache-Control"), "no-cache")
        self.assertEqual(client.head.get("Access-Control-Allow-Origin"), "http://localhost:3000")
        self.assertEqual(client.head.get("Connection"), "close")
        self.assertEqual(len(client.parser.retries), 1)
        self.assertTrue(5000 <= client.parser.retries[0] <= 30000, client.parser.retries)

    def outcomes(self, clients):
        """How many of them are served, and how many turned away or closed."""
        n_served = 0
        for client in clients:
            try:
                client.next()
                n_served += 1
            except (wire.Ended, ConnectionError):
                self.assertEqual(client.events, [])
        return n_served, len(clients) - n_served

    def burst(self, count, token=None, address=None):
        """So many requests, sent before any answer is read."""
        target = f"/quota/stream?token={token or self.rivulet.token()}"
        clients = []
        for _ in range(count):
            clients.append(eventstream.StreamClient(address or self.rivulet.address, target))
            self.addCleanup(clients[-1].close)
        return clients

    def assert_webhook_taken(self, delivery):
        answer = webhook.post(self.rivulet.address, self.rivulet.hook_secret.bytes, "push",
                              delivery, {"repository": {"full_name": "a/b"}})
        self.assertEqual(answer.status, 202, answer.body)


class InAll(LimitCase):
    setting = {"config": {"http": {"max-connections": 4}}}

    def test_the_answer(self):
        clients = [self.served(stream, subject) for stream, subject in
                   zip(eventstream.PATHS, "abcd")]
        start = len(self.rivulet.daemon.lines)
        late = self.follow("quota", "e")
        self.assert_turned_away(late)
        self.assert_refused(RefusedByTotal=1)
        self.rivulet.daemon.wait_for_line(r"4 connections.*max-connections", start=start)
        self.assert_webhook_taken("at-the-limit")
        self.assertEqual(self.rivulet.get("/quota/stream", method="OPTIONS").status, 204)
        self.assertEqual(self.rivulet.get("/nothing").status, 404)

        clients[0].close()
        self.wait(Connections=3)
        self.served("quota", "e")
        self.assert_refused(RefusedByTotal=1)

    def test_a_burst(self):
        self.assertEqual(self.outcomes(self.burst(30)), (4, 26))
        self.assert_refused(RefusedByTotal=26)

    def test_it_is_told_once(self):
        for client in self.burst(10):
            client.read_head()
        self.assertEqual(len(self.rivulet.daemon.wait_for_line("is turned away")), 1)


class OfAnAddress(LimitCase):
    setting = {"config": {"http": {"max-connections-per-address": 3}}}

    def test_the_answer(self):
        clients = [self.served(subject=subject) for subject in "abc"]
        start = len(self.rivulet.daemon.lines)
        self.assert_turned_away(self.follow("quota", "d"))
        self.assert_refused(RefusedByAddress=1)
        told = self.rivulet.daemon.wait_for_line("max-connections-per-address", start=start)
        self.assertNotIn("127.0.0.1", told[0].string)
        self.assert_webhook_taken("at-the-limit")
        for _ in range(3):
            self.served_from("127.0.0.2")
        self.assert_refused(RefusedByAddress=1)

        clients[0].close()
        self.wait(Connections=5)
        self.served("quota", "d")

    def test_a_burst(self):
        served, refused = self.outcomes(self.burst(30))
        self.assertEqual((served, refused), (3, 27))
        self.assert_refused(RefusedByAddress=27)
        self.served_from("127.0.0.2")

    def test_silent_ones(self):
        """They take no place from others, and of some more than may be served all are closed."""
        silent = [self.connect_from("127.0.0.2") for _ in range(3 + HEADROOM_PER_ADDRESS)]
        self.wait(Connections=len(silent))
        late = self.connect_from("127.0.0.2")
        self.assertEqual(wire.receive(late, Deadline("the end")), b"")
        self.assert_refused(RefusedByAddress=1)
        self.served()
        silent[0].close()
        self.wait(Connections=len(silent))
        self.served_from("127.0.0.2")
        self.assert_refused(RefusedByAddress=1)

    def test_refused_requests_leave(self):
        for _ in range(40):
            self.assertEqual(self.rivulet.get("/quota/stream").status, 401)
        self.wait(Connections=0)
        self.assertEqual(self.outcomes(self.burst(3)), (3, 0))


@unittest.skipUnless(have_ipv6(), "there is no IPv6")
class OfEachFamily(LimitCase):
    setting = {"config": {"http": {"max-connections-per-address": 1}},
               "listen": ("*:0",)}

    def test_they_are_told_apart(self):
        port = self.rivulet.address.rsplit(":", 1)[1]
        for host in "[::1]", "127.0.0.1":
            first, late = self.burst(2, address=f"{host}:{port}")
            first.next()
            self.assert_turned_away(late)
        self.assert_refused(RefusedByAddress=2)


class OfAUser(LimitCase):
    setting = {"config": {"http": {"max-connections-per-user": 2},
                          "clients": {"queue-bytes": 16384}}}

    def test_the_answer(self):
        """All streams of a user count together, those of others don't."""
        clients = [self.served("quota"), self.served("events-count")]
        start = len(self.rivulet.daemon.lines)
        self.assert_turned_away(self.follow("quota"))
        self.assert_refused(RefusedByUser=1)
        told = self.rivulet.daemon.wait_for_line("max-connections-per-user", start=start)
        self.assertNotIn("42", told[0].string)
        self.served("quota", "43")
        self.assert_webhook_taken("at-the-limit")
        self.assertEqual(self.rivulet.get("/quota/stream?token=x").status, 401)

        clients[1].reset()
        self.wait(Connections=2)
        self.served("quota")
        self.assert_refused(RefusedByUser=1)

    def test_a_burst(self):
        self.assertEqual(self.outcomes(self.burst(30)), (2, 28))
        self.assert_refused(RefusedByUser=28)
        self.served("quota", "43")

    def test_after_the_token_expired(self):
        for client in self.burst(2, self.rivulet.token(lifetime=2)):
            client.next()
            client.rest()
        self.wait(Connections=0)
        self.assertEqual(self.outcomes(self.burst(2)), (2, 0))

    def test_after_an_overflow(self):
        slow = self.served("github-events", receive_buffer=4096)
        quick = self.served("github-events", "43")
        self.served("quota")
        for number in range(4000):
            self.publisher.publish("github-events", {"type": "new-event", "event": {
                "delivery_id": str(number), "event": "push", "repo_full_name": "a/b",
                "body": "x" * 12000}})
            quick.next()
            if number % 20 == 0 and self.properties()["Connections"] == 2:
                break
        self.wait(Connections=2)
        slow.close()
        self.served("quota")
        self.assert_refused()

    def test_after_they_were_cut(self):
        """Whatever had become of the request by then."""
        for number in range(60):
            client = self.follow("quota")
            if number % 3 == 1:
                client.read_head()
            if number % 2:
                client.reset()
            else:
                client.close()
            # One that was not accepted yet is not there either.
            self.wait(Accepted=number + 1, Connections=0)
        self.assertEqual(self.outcomes(self.burst(2)), (2, 0))
        self.assert_refused()


class OfDescriptors(LimitCase):
    def test_by_default_they_are_the_limit(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        most = hard - min(RESERVED, hard // 2)
        self.assertEqual(self.properties()["MaxConnections"], most)
        self.rivulet.daemon.wait_for_line(rf"^rivuletd: up to {most} connections \({hard} descrip")
        self.assertEqual(self.outcomes(self.burst(100)), (100, 0))
        self.assert_refused()

    def test_when_they_run_out(self):
        """Nothing is lost: who cannot be accepted waits."""
        pid = self.rivulet.daemon.pid
        first = self.served()
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE,
                         (self.rivulet.daemon.descriptors() + 4, before[1]))
        clients = [self.follow("quota") for _ in range(10)]
        wait_until(lambda: self.properties()["AcceptPauses"] > 0, "a pause")
        self.rivulet.daemon.wait_for_line("and no more for now")
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": 1, "remaining": 0}})
        self.assertEqual(first.next().type, "quota-update")

        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        self.assertEqual(self.outcomes(clients), (10, 0))
        self.assert_refused()


class MoreThanDescriptors(LimitCase):
    setting = {"config": {"http": {"max-connections": 1000000}}}

    @unittest.skipIf(resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 1000000, "there are as many")
    def test_it_is_told(self):
        most = self.properties()["MaxConnections"]
        self.assertLess(most, 1000000)
        self.rivulet.daemon.wait_for_line(
            rf"up to {most} connections .*, not 1000000 \(max-connections\)")
