# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that stop halfway: they say nothing, or half of it, or they do not read."""

import resource

import webhook
import wire
from hostile import HostileCase, drip, final, read_to_end, send
from waiting import Deadline, amount, wait_until

HALF_A_HEAD = b"GET /quota/stream HTTP/1.1\r\nHost: localhost\r\nX-Half: "
CHUNKED = {"Transfer-Encoding": "chunked"}


class Stages(HostileCase):
    """Each stage has its time, after which the daemon hangs up, whether the client does or not."""

    setting = {"config": {"http": {"head-timeout-ms": 500, "body-timeout-seconds": 1}}}

    def stages(self):
        post = wire.request_bytes(webhook.PATH, {"Content-Length": "10"}, "POST")
        return {b"": b"", b"G": b"408", HALF_A_HEAD: b"408", HALF_A_HEAD[:-9]: b"408",
                post: b"408", post + b"half": b"408",
                wire.request_bytes(webhook.PATH, CHUNKED, "POST") + b"5\r\nha": b"408"}

    def test_silent_clients_at_every_stage(self):
        stages = list(self.stages().items()) * amount(40)
        clients = [self.connect(sent) for sent, _ in stages]
        self.assert_witness_served()
        for client, (sent, status) in zip(clients, stages):
            answer = read_to_end(client)
            self.assertEqual(answer[9:12], status, sent)
        # They are forgotten although none of them has hung up.
        self.wait_more_connections(0)
        for client in clients:
            client.close()

    def test_dripping_heads(self):
        """The time is for the whole head, however busily it comes."""
        for pause, count in (0.001, 10000), (0.05, 200):
            with self.subTest(pause=pause), wire.connect(self.rivulet.address) as client:
                send(client, HALF_A_HEAD)
                self.assertLess(drip(client, b"x" * count, pause), count)
                self.assert_json(final(read_to_end(client)), 408)

    def test_half_closed_at_every_stage(self):
        """Nothing more can come: then nobody is waited for."""
        for sent in self.stages():
            with self.subTest(sent=sent):
                self.assertEqual(self.answer_to(sent, half_close=True), b"")

    def test_reset_at_every_stage(self):
        for sent in self.stages():
            client = wire.connect(self.rivulet.address)
            send(client, sent)
            wire.reset(client)
        self.wait_more_connections(0)


class Readers(HostileCase):
    def test_who_asks_for_a_stream_and_shuts_its_side_down(self):
        """That is to leave: the stream ends, which says nothing more."""
        target = f"/quota/stream?token={self.rivulet.token()}"
        received = self.answer_to(wire.request_bytes(target), half_close=True)
        self.assertLessEqual(received.count(b"HTTP/1.1 "), 1)

    def test_who_never_reads_its_refusal(self):
        """It is waited for, not for long; it has not hung up when it is forgotten."""
        requests = [b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", b"\0", self.by_length(b"{}"),
                    self.delivery(b"", CHUNKED) + b"x", HALF_A_HEAD + b"\n"]
        clients = [self.connect(requests[number % len(requests)], receive_buffer=1024)
                   for number in range(amount(200))]
        self.assert_witness_served()
        self.wait_more_connections(0)
        for client in clients:
            client.close()

    def test_who_never_reads_a_stream(self):
        """What waits for it is bounded, and so is what all such wait for."""
        target = f"/github/events/stream?token={self.rivulet.token()}"
        clients = [self.connect(wire.request_bytes(target), receive_buffer=1024)
                   for _ in range(amount(20))]
        self.publisher.wait_clients("github-events", len(clients))

        def publish():
            self.publisher.publish_many([("github-events", {"type": "new-event", "event": {
                "delivery_id": f"{publish.n}-{number}", "event": "push", "repo_full_name": "a/b",
                "body": "x" * 15000}}) for number in range(50)])
            publish.n += 1
            return self.publisher.stream_properties("github-events")["Clients"] == 0

        publish.n = 0
        wait_until(publish, "an end of those that do not read")
        self.assertEqual(self.publisher.stream_properties("github-events")["QueuedBytes"], 0)
        for client in clients:
            client.close()


class Descriptors(HostileCase):
    setting = {"config": {"http": {"head-timeout-ms": 1000, "body-timeout-seconds": 1}}}

    def test_hostile_ones_take_them_all(self):
        """Those who are there are served on, and the next one once the hostile ones are cut."""
        pid = self.rivulet.daemon.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        few = self.rivulet.daemon.descriptors() + 8
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (few, before[1]))
        self.addCleanup(resource.prlimit, pid, resource.RLIMIT_NOFILE, before)
        sent = [b"", HALF_A_HEAD, self.delivery(b"", CHUNKED), self.by_length(b"{}")[:-1]]
        clients = [self.connect(sent[number % len(sent)]) for number in range(16)]
        wait_until(lambda: self.rivulet.daemon.descriptors() == few, "all descriptors to be taken")
        self.assert_witness_served()

        with self.rivulet.follow("quota", "late") as late:
            self.assertEqual(late.next().type, "quota")
        self.assertEqual(final(self.answer_to(self.by_length(b"{}"))).status, 202)
        deadline = Deadline("the end of the hostile ones")
        for client in clients:
            read_to_end(client, deadline)
            client.close()
