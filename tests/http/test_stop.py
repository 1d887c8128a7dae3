# SPDX-License-Identifier: LGPL-2.1-or-later
"""A clean stop: publishers get their answers, clients what was accepted and a proper end."""

import itertools
import os
import select
import shutil
import signal
import subprocess
import unittest

from gi.repository import Gio, GLib

import eventstream
import publisher
import webhook
import wire
from cases import FreshCase, Setting
from daemon import Daemon
from waiting import PATIENCE, Deadline

CLIENTS = 300
CALLERS, CALLS = 20, 100
LEAST, GREATEST = 20000, 90000
GONE = {f"org.freedesktop.DBus.Error.{name}"
        for name in ("NameHasNoOwner", "NoReply", "ServiceUnknown")}
LEFT_OVER = "clients that are closed as they are: "


def new_event(number, **members):
    return {"type": "new-event", "event": {
        "delivery_id": str(number), "event": "push", "repo_full_name": "a/b", **members}}


def quota(used):
    return {"type": "quota", "quota": {"used": used, "remaining": 0}}


def read_to_end(client):
    """Reads to the end, which must not be a reset; returns the events that were not taken yet."""
    deadline = Deadline(f"the end of {client.target}")
    while not client.ended:
        ready, _, _ = select.select([client.socket], [], [], deadline.left())
        data = client.socket.recv(1 << 16) if ready else None
        if data:
            client._feed(data)  # pylint: disable=protected-access
        elif ready:
            client.ended = True
    return client.rest()


def stall(rivulet, client):
    """Publishes until much waits for a client that does not read; returns how many events."""
    client.next()
    published = 0
    while rivulet.publisher.stream_properties("github-events")["QueuedBytes"] < 300000:
        rivulet.publisher.publish("github-events", new_event(published, body="x" * 15000))
        published += 1
    return published


class StopCase(FreshCase):
    def terminate(self):
        self.rivulet.daemon.signal(signal.SIGTERM)
        self.rivulet.daemon.wait_for_line(r"^rivuletd: stopping")

    def assert_proper_end(self, client):
        """Reads to the end, and returns the events up to there."""
        retries = len(client.parser.retries)
        events = read_to_end(client)
        self.assertEqual(len(client.parser.retries), retries + 1, client.raw[-200:])
        self.assertEqual(client.parser.buffer, b"")
        if client.chunks:
            self.assertTrue(client.chunks.finished, client.raw[-200:])
        return events

    def assert_stopped(self, left_over=None):
        self.assertEqual(self.rivulet.daemon.wait(), 0)
        if left_over:
            self.assertRegex(self.rivulet.daemon.said(), f"{LEFT_OVER}{left_over}\n")
        else:
            self.assertNotIn(LEFT_OVER, self.rivulet.daemon.said())


class Clients(StopCase):
    setting = {"config": {"clients": {"retry-min-ms": LEAST, "retry-max-ms": GREATEST},
                          "hub": {"conflate-ms": 20000}}}

    def publish_everywhere(self):
        """So often that what is touched last would only be rendered in 20 s."""
        for number in range(3):
            self.publisher.publish("github-events", new_event(number))
            self.publisher.publish("posts-stats", {
                "type": "post", "post": {"id": number, "status": "draft"}})
            self.publisher.publish("quota", quota(number))

    def assert_got_everything(self, stream, events):
        if stream == "github-events":
            self.assertEqual([event.data["event"]["delivery_id"] for event in events
                              if event.type == "new-event"], ["0", "1", "2"])
        elif stream == "posts-stats":
            last = {event.type: event.data for event in events}
            self.assertEqual(last["stats-update"]["stats"]["drafts"], 3)
            self.assertEqual(len(last["posts-update"]["postsByStatus"]["drafts"]), 3)
        elif stream == "quota":
            self.assertEqual(events[-1].data["quota"]["used"], 2)
        else:
            self.assertEqual(events[-1].data["count"], 3)

    def test_everyone_gets_everything_and_an_end(self):
        streams = list(eventstream.PATHS)
        clients = [self.follow(streams[number % 4], subject=str(number % 7),
                               version="1.0" if number % 5 == 0 else "1.1")
                   for number in range(CLIENTS)]
        for client in clients:
            client.next()
            client.wait_retry()
        self.publish_everywhere()
        self.terminate()
        for number, client in enumerate(clients):
            self.assert_proper_end(client)
            self.assert_got_everything(streams[number % 4], client.events)
        retries = [client.parser.retries[-1] for client in clients]
        self.assertGreaterEqual(min(retries), LEAST)
        self.assertLessEqual(max(retries), GREATEST)
        self.assertGreater(len(set(retries)), CLIENTS - 10)
        self.assertGreater(max(retries) - min(retries), (GREATEST - LEAST) // 2)
        self.assert_stopped()

    def test_one_that_talks_is_not_reset(self):
        client = self.follow("quota")
        client.next()
        client.socket.sendall(wire.request_bytes("/quota/stream") * 100)
        self.terminate()
        deadline = Deadline("the last chunk")
        while not client.chunks.finished:
            self.assertTrue(client.read(deadline))
        client.socket.sendall(wire.request_bytes("/quota/stream") * 100)
        read_to_end(client)
        client.close()
        self.assert_stopped()

    @unittest.skipUnless(shutil.which("curl"), "no curl")
    def test_curl_is_content(self):
        curl = subprocess.Popen(
            ["curl", "--silent", "--show-error", "--no-buffer", "--max-time", str(int(PATIENCE)),
             "--header", f"Authorization: Bearer {self.rivulet.token()}",
             f"http://{self.rivulet.address}/quota/stream"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(curl.kill)
        self.publisher.wait_clients("quota", 1)
        self.publisher.publish("quota", quota(1))
        self.terminate()
        said, complaint = curl.communicate(timeout=PATIENCE)
        self.assertEqual((curl.returncode, complaint), (0, b""))
        self.assertIn(b"event: quota-update", said)
        self.assertRegex(said.rsplit(b"data: ", 1)[1], rb"retry: \d+\n\n\Z")
        self.assert_stopped()

    def test_nobody_comes_in_meanwhile(self):
        slow = self.follow("github-events", receive_buffer=4096)
        published = stall(self.rivulet, slow)
        self.terminate()
        with self.assertRaises(ConnectionRefusedError):
            wire.connect(self.rivulet.address)
        with self.assertRaises(publisher.Refusal) as caught:
            self.publisher.publish("quota", quota(1))
        self.assertEqual(caught.exception.name, "StoreFailed")
        self.assertIn("stops", caught.exception.message)
        events = self.assert_proper_end(slow)
        self.assertEqual([event.type for event in events], ["new-event"] * published)
        self.assert_stopped()

    def test_who_asked_for_nothing_is_not_waited_for(self):
        clients = [wire.connect(self.rivulet.address) for _ in range(8)]
        for number, client in enumerate(clients):
            self.addCleanup(client.close)
            if number % 2:
                client.sendall(b"GET /quota/stre")
        self.terminate()
        self.assert_stopped()


class Publishers(StopCase):
    def setUp(self):
        super().setUp()
        self.answers = {}
        self.waiting = set()

    def call(self, caller, number, interface, method, parameters=None):
        def answered(connection, result, _):
            self.waiting.discard(number)
            try:
                self.answers[number] = connection.call_finish(result).unpack()
            except GLib.Error as error:
                self.answers[number] = publisher.refusal(error)

        self.waiting.add(number)
        caller.connection.call(
            publisher.NAME, publisher.PATH, interface, method, parameters, None,
            Gio.DBusCallFlags.NO_AUTO_START, int(PATIENCE * 1000), None, answered, None)

    def publish(self, caller, number):
        text = publisher.text_of(new_event(number))
        self.call(caller, number, publisher.PUBLISHER, "Publish",
                  GLib.Variant("(ssa{sv})", ("github-events", text, {})))

    def refused(self):
        return {answer.name for answer in self.answers.values() if not isinstance(answer, tuple)}

    def wait_answers(self):
        deadline = Deadline("all answers")
        while self.waiting:
            GLib.MainContext.default().iteration(True)
            deadline.left()

    def test_each_is_answered_and_what_was_acknowledged_was_seen(self):
        client = self.follow("github-events")
        client.next()
        callers = [publisher.Publisher(self.rivulet.bus.address) for _ in range(CALLERS)]
        for number in range(CALLERS * CALLS):
            self.publish(callers[number % CALLERS], number)
        while len(self.answers) < CALLS:
            GLib.MainContext.default().iteration(True)
        self.rivulet.daemon.signal(signal.SIGTERM)
        self.wait_answers()
        for caller in callers:
            caller.close()

        acknowledged = {answer[0] for answer in self.answers.values() if isinstance(answer, tuple)}
        self.assertLessEqual(self.refused(), {"StoreFailed", *GONE})
        self.assertGreaterEqual(len(acknowledged), CALLS)
        seen = [event.id for event in self.assert_proper_end(client) if event.type == "new-event"]
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual(set(seen), acknowledged)
        self.assert_stopped()

    def test_a_reload_finds_nothing_that_is_gone(self):
        """Calls keep coming while everything is taken down, until nobody takes them any more."""
        number = itertools.count()
        stopped = False
        while not self.refused() & GONE:
            while len(self.waiting) < CALLS:
                self.call(self.publisher, next(number), publisher.MANAGER, "Reload")
            GLib.MainContext.default().iteration(True)
            if len(self.answers) >= CALLS and not stopped:
                self.rivulet.daemon.signal(signal.SIGTERM)
                stopped = True
        self.wait_answers()
        self.assertLessEqual(self.refused(),
                             {"org.freedesktop.DBus.Error.InvalidArgs", "StoreFailed", *GONE})
        self.assert_stopped()

    def test_a_webhook_that_has_come_is_answered(self):
        body = b'{"zen": "' + b"x" * 5_000_000 + b'"}'
        fields = {"Content-Type": "application/json", "X-GitHub-Delivery": "1",
                  "X-GitHub-Event": "push", "Content-Length": str(len(body)),
                  "X-Hub-Signature-256": webhook.signature(self.rivulet.hook_secret.bytes, body)}
        answer = b""
        with wire.connect(self.rivulet.address) as client:
            client.sendall(wire.request_bytes(webhook.PATH, fields, "POST") + body)
            self.terminate()
            deadline = Deadline("the answer")
            while data := wire.receive(client, deadline):
                answer += data
        if answer:  # else the daemon had not read all of it
            self.assertRegex(answer, rb"\AHTTP/1.1 (202|50[03]) ")
            self.assertTrue(answer.endswith(b"}"), answer)
        self.assert_stopped()


class Resuming(StopCase):
    setting = {"config": {"hub": {"resume-events": 10}}}

    def test_who_is_behind_gets_a_beginning_and_an_end(self):
        published = self.publisher.publish_all([
            ("github-events", new_event(number, body="x" * 2000)) for number in range(2000)])
        clients = [self.follow("github-events", headers={"Last-Event-ID": published[0]},
                               receive_buffer=4096) for _ in range(40)]
        for client in clients:
            client.wait_retry()
        self.terminate()
        for client in clients:
            missed = [event.id for event in self.assert_proper_end(client)
                      if event.type == "new-event"]
            self.assertEqual(missed, published[1 : len(missed) + 1])
        self.assert_stopped()


class InOneSecond(StopCase):
    setting = {"config": {"clients": {"shutdown-seconds": 1}}}
    left_over = "1"

    def test_who_does_not_read_is_closed_in_the_end(self):
        stall(self.rivulet, self.follow("github-events", receive_buffer=4096))
        other = self.follow("quota")
        other.next()
        self.terminate()
        self.assert_proper_end(other)
        self.assert_stopped(self.left_over)


class AtOnce(InOneSecond):
    """Even then those get a proper end whose sockets take it."""

    setting = {"config": {"clients": {"shutdown-seconds": 0}}}
    left_over = "[12]"


class AtTheStart(FreshCase):
    setting = {"bus": False}

    def test_a_signal_that_comes_early(self):
        """Whatever it was doing, it ends, and starts again."""
        state = os.path.join(self.rivulet.folder, "other")
        for _ in range(20):
            process = Daemon([*self.rivulet.arguments, "--state-dir", state])
            self.addCleanup(process.kill)
            process.signal(signal.SIGTERM)
            self.assertIn(process.wait(), (0, -signal.SIGTERM))


class SecondSignal(unittest.TestCase):
    explain = FreshCase.explain
    said_before = 0

    def test_it_ends_at_once(self):
        for number in signal.SIGTERM, signal.SIGINT:
            with self.subTest(signal=number):
                self.rivulet = Setting(config={"clients": {"shutdown-seconds": 3600}})
                self.addCleanup(self.rivulet.abandon)
                client = self.rivulet.follow("github-events", receive_buffer=4096)
                self.addCleanup(client.close)
                stall(self.rivulet, client)
                self.rivulet.daemon.signal(signal.SIGTERM)
                self.rivulet.daemon.wait_for_line(r"^rivuletd: stopping")
                self.rivulet.daemon.signal(number)
                self.assertEqual(self.rivulet.daemon.wait(), -number)
