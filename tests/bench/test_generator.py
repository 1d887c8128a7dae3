# SPDX-License-Identifier: LGPL-2.1-or-later
"""rivulet-bench sees whatever goes wrong, and says so; its options and answers."""

import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from faultyserver import FIRST, HEAD, FaultyServer, chunk, event  # noqa: E402
from generator import PATH  # noqa: E402
from waiting import PATIENCE  # noqa: E402

CLIENTS = 10
# Which client gets something wrong, and with which event.
CLIENT = 3
EVENT = 2


def bench(*arguments, **more):
    return subprocess.run([PATH, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=PATIENCE, check=False, **more)


def wrong_event(make):
    """A server's `send` that is right but for one event of one client."""
    def send(number, position, text):
        if (number, position) == (CLIENT, EVENT):
            return make(position, text)
        return chunk(event(position, text))
    return send


def wrong_start(make):
    return lambda number: make() if number == CLIENT else HEAD + chunk(FIRST)


class Faults(unittest.TestCase):
    def bench(self, *more, start=None, send=None):
        server = FaultyServer(start, send)
        self.addCleanup(server.close)
        return bench("--url", f"http://{server.address}/", "--clients", str(CLIENTS),
                     "--publish", f"post:http://{server.address}/", "--connects", "1", *more)

    def assert_found(self, done, what, client=CLIENT):
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(what, done.stderr)
        if client is not None:
            self.assertIn(f"client {client}: ", done.stderr)

    def test_nothing_wrong(self):
        done = self.bench("--burst", "3", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        steps = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([step["step"] for step in steps],
                         ["connect", *["deliver"] * 5, "burst", "disconnect"])
        self.assertEqual(steps[-3]["figures"]["event-bytes"], 256)

    def test_a_body_till_the_end_of_the_connection(self):
        head = HEAD.replace(b"Transfer-Encoding: chunked\r\n", b"")
        done = self.bench(start=lambda number: head + FIRST,
                          send=lambda number, position, text: event(position, text))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_one_of_several_streams(self):
        """The others' events are none of it, but their ids."""
        other = b'id: e-%d\nevent: other/x\ndata: {"type":"x"}\n\n'

        def named(block):
            return block.replace(b"event: ", b"event: one/")

        def start(number):
            return HEAD + chunk(named(FIRST)) + chunk(other % 0)

        def send(number, position, text):
            return chunk(named(event(position, text))) + chunk(other % position)

        done = self.bench("--stream", "one", start=start, send=send)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for what, make in [
                ("of type", lambda position, text: event(position, text)),
                ("an id went backwards", lambda position, text: other % 0 + named(event(position, text))),
                ("was never published",
                 lambda position, text: named(event(position, text[:-2] + b" }}")))]:
            with self.subTest(what=what):
                wrong = wrong_event(lambda position, text, make=make: chunk(make(position, text)))

                def mixed(number, position, text, wrong=wrong):
                    right = (number, position) != (CLIENT, EVENT)
                    return (send if right else wrong)(number, position, text)

                self.assert_found(self.bench("--stream", "one", "--deliveries", "0", "--burst", "3",
                                             start=start, send=mixed), what)

    def test_wrong_bytes(self):
        for what, make in [
                ("was never published", lambda data: data.replace(b'"push"', b'"pusH"')),
                ("was never published", lambda data: data.replace(b'"}}', b'"}} ')),
                ("unknown or repeated field", lambda data: data.replace(b"event: ", b"evenT: ")),
                ("unknown or repeated field", lambda data: data.replace(b"data: ", b"data: \ndata: ")),
                ("unknown or repeated field", lambda data: data + b"nonsense\n\n"),
                ("misplaced field", lambda data: data.replace(b"data: ", b"data:")),
                ("misplaced field", lambda data: b"\n".join(
                    [data.split(b"\n")[1], data.split(b"\n")[0], *data.split(b"\n")[2:]])),
                ("without id", lambda data: data.split(b"\n", 1)[1]),
                ("an empty block", lambda data: data + b"\n"),
                ("carriage return", lambda data: data.replace(b"\nevent", b"\r\nevent")),
                ("an id went backwards", lambda data: data.replace(b"e-2", b"e-0")),
                ("an id", lambda data: data.replace(b"e-2", b"e-02")),
                ("not the epoch others got", lambda data: data.replace(b"e-2", b"f-2")),
                ("of type", lambda data: data.replace(b"new-event\ndata", b"events\ndata"))]:
            with self.subTest(what=what):
                self.assert_found(self.bench("--deliveries", "0", "--burst", "3", send=wrong_event(
                    lambda position, text, make=make: chunk(make(event(position, text))))), what)

    def test_missing_twice_and_misplaced(self):
        for what, make in [
                ("missing: event 3 came where event 2 was due", lambda position, text: b""),
                ("twice: event 2 came again, behind event 2",
                 lambda position, text: 2 * chunk(event(position, text)))]:
            with self.subTest(what=what):
                self.assert_found(self.bench("--deliveries", "0", "--burst", "3",
                                             send=wrong_event(make)), what)

    def test_the_last_event_is_missing(self):
        done = self.bench("--deliveries", "2", send=wrong_event(lambda position, text: b""))
        self.assert_found(done, f"missing: 1 of {CLIENTS} clients lack events", None)

    def test_framing(self):
        for what, make in [
                ("a bad byte in a chunk header", lambda frame: b"0" + frame),
                ("a bad byte in a chunk header", lambda frame: frame.replace(b"\r\n", b";a\r\n", 1)),
                ("a bad byte at the end", lambda frame: frame.replace(b"\r\n", b"\r\r", 1)),
                ("a bad byte at the end", lambda frame: frame[:-2] + b"\n\n"),
                ("the server ended the stream", lambda frame: b"0\r\n\r\n"),
                ("bytes behind the last chunk", lambda frame: b"0\r\n\r\nx"),
                ("in the middle of a response", lambda frame: None)]:
            with self.subTest(what=what):
                send = wrong_event(
                    lambda position, text, make=make: make(chunk(event(position, text))))
                if what == "the server ended the stream":
                    def send(number, position, text, rest=send):
                        if number == CLIENT and position > EVENT:
                            return None
                        return rest(number, position, text)
                self.assert_found(self.bench("--deliveries", "0", "--burst", "3", send=send), what)

    def test_heads_and_first_events(self):
        for what, make in [
                ("not the head others got", HEAD.replace(b"\r\n\r\n", b"\r\nX: y\r\n\r\n")
                 + chunk(FIRST)),
                ("a bad header line", HEAD.replace(b"Type: ", b"Type:") + chunk(FIRST)),
                ("not an event stream", HEAD.replace(b"event-stream", b"html")),
                ("no Content-Type", HEAD.replace(b"Content-Type", b"X-Type")),
                ("a bad Transfer-Encoding", HEAD.replace(b"chunked", b"gzip")),
                ("Content-Length", HEAD.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n")),
                ("not an HTTP status line", HEAD.replace(b"HTTP/1.1", b"ICY")),
                ("the server answered: \"503 Busy\"", HEAD.replace(b"200 OK", b"503 Busy")),
                ("--token-file", HEAD.replace(b"200 OK", b"401 Unauthorized")),
                ("first event", HEAD + chunk(FIRST.replace(b":[", b":{["))),
                ("not the first event others got", HEAD + chunk(FIRST.replace(b"]", b"{}]"))),
                ("where \"events\" was due", HEAD + chunk(event(0, b"{}")))]:
            with self.subTest(what=what):
                self.assert_found(self.bench(start=wrong_start(lambda make=make: make)), what)

    def test_nobody_listens(self):
        server = FaultyServer()
        server.close()
        done = bench("--url", f"http://{server.address}/")
        self.assert_found(done, "Connection refused", 0)


class Options(unittest.TestCase):
    def test_help_and_version(self):
        self.assertIn("--token-file", bench("--help").stdout)
        self.assertRegex(bench("--version").stdout, r"\Arivulet-bench \d")

    def test_wrong_ones(self):
        url = ["--url", "http://127.0.0.1:1/"]
        for wrong in ([], ["--nonsense"], [*url, "more"], ["--url", "https://127.0.0.1:1/"],
                      ["--url", "http://localhost:1/"], [*url, "--clients", "0"],
                      [*url, "--clients", "many"], [*url, "--dialect", "english"],
                      [*url, "--dialect", "any", "--stream", "one"],
                      [*url, "--burst", "3"], [*url, "--publish", "shout:loud"],
                      [*url, "--publish", "webhook:http://127.0.0.1:1/"],
                      [*url, "--token-file", "/nonexistent"], [*url, "--token-file", "/dev/null"],
                      [*url, "--pid", "-1"], [*url, "--clients", "1000000"]):
            with self.subTest(wrong=wrong):
                done = bench(*wrong)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done)
                self.assertRegex(done.stderr, r"\Arivulet-bench: \S")

    def test_unknown_steps(self):
        for line in "nonsense", "connect", "connect 0", "connect 1x", "deliver 1", "rate 1":
            with self.subTest(line=line):
                done = subprocess.run([PATH, "--commands"], input=line + "\n", text=True,
                                      capture_output=True, timeout=PATIENCE, check=False)
                self.assertEqual(done.returncode, 2, done)

    def test_an_interrupt_ends_it(self):
        server = FaultyServer()
        self.addCleanup(server.close)
        with subprocess.Popen(
                [PATH, "--url", f"http://{server.address}/", "--commands"], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdin.write("connect 10\nidle 1000\n")
            process.stdin.flush()
            self.assertEqual(json.loads(process.stdout.readline())["step"], "connect")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(PATIENCE), 130)
            self.assertIn("interrupted", process.stderr.read())
