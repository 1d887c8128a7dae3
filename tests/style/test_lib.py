# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests' own tools see what is wrong, so that a test that passes has looked."""

import contextlib
import glob
import io
import os
import subprocess
import tempfile
import unittest

import eventstream
import replay
import suites
import tokens
import wire

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
GOOD = b'id: e-1\nevent: quota\ndata: {"type":"quota"}\n\n'


class Parsing(unittest.TestCase):
    def test_a_good_event(self):
        parser = eventstream.EventParser()
        data = b"retry: 1500\n\n:\n\n" + GOOD
        events = [event for byte in range(len(data)) for event in parser.feed(data[byte:byte + 1])]
        self.assertEqual([(event.epoch, event.position, event.type) for event in events],
                         [("e", 1, "quota")])
        self.assertEqual((parser.retries, parser.comments), ([1500], 1))

    def test_bad_events(self):
        for data in (GOOD.replace(b"\n", b"\r\n"), GOOD.replace(b"id: e-1\n", b""),
                     GOOD.replace(b"e-1", b"1"), GOOD.replace(b"e-1", b"e-01"),
                     GOOD.replace(b"event: quota", b"event: count"),
                     GOOD.replace(b"data: ", b"data: \ndata: "), GOOD.replace(b"id: ", b"id:"),
                     b"retry: soon\n\n", b"data: {}\n\n", b"nonsense\n\n", b"\n\n",
                     GOOD.replace(b"{", b"{\r").replace(b"\n\n", b"\n") + b"\n"):
            with self.subTest(data=data):
                with self.assertRaises(wire.Malformed):
                    eventstream.EventParser().feed(data)

    def test_chunks(self):
        chunks = wire.Chunks()
        body = b"".join(chunks.feed(bytes([byte])) for byte in b"3\r\nabc\r\nA\r\n0123456789\r\n")
        self.assertEqual((body, chunks.chunks), (b"abc0123456789", [b"abc", b"0123456789"]))
        self.assertEqual(chunks.feed(b"0\r\n\r\n"[:3]), b"")
        for data in b"g\r\n", b"03\r\nabc\r\n", b"3\r\nabcd\r\n", b"3;x=y\r\nabc\r\n", b"x" * 30:
            with self.subTest(data=data):
                with self.assertRaises(wire.Malformed):
                    wire.Chunks().feed(data)

    def test_heads(self):
        self.assertEqual(wire.Head(HEAD).get("content-type"), "text/event-stream")
        for head in (HEAD.replace(b"200", b"2000"), HEAD.replace(b": ", b":"),
                     HEAD.replace(b"\r\n\r\n", b"\r\n x\r\n\r\n"), HEAD.replace(b"HTTP", b"ICY")):
            with self.subTest(head=head):
                with self.assertRaises(wire.Malformed):
                    wire.Head(head)


class Tokens(unittest.TestCase):
    def test_the_example_of_rfc_7515(self):
        """Appendix A.1."""
        key = tokens.base64.urlsafe_b64decode(
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==")
        token = tokens.sign_parts(
            key, b'{"typ":"JWT",\r\n "alg":"HS256"}',
            b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}')
        self.assertTrue(token.endswith(".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))


class Replay(unittest.TestCase):
    def setUp(self):
        self.history = replay.History()
        for position in range(1, 5):
            self.history.add(f"e-{position}", "github-events", {"type": "new-event", "event": {
                "delivery_id": str(position), "event": "push", "repo_full_name": "a/b",
                "received_at": f"2024-01-01T00:00:0{position}Z"}}, None if position % 2 else "me")
        self.seen = []
        self.join()

    def join(self):
        model = self.history.verify([])
        self.seen = [self.event(0, {"type": "events", "events": []})]
        self.seen += [self.event(position, {"type": "new-event", "event": {
            "status": "pending", **update["event"]}})
            for position, (_, update, _) in self.history.updates.items()]
        self.seen.append(self.event(4, model.view("github-events", "me", "events-update")))

    @staticmethod
    def event(position, data):
        return eventstream.Event(f"e-{position}", data["type"], tokens.compact(data).decode())

    def verify(self, events, user="me"):
        self.history.verify([("github-events", user, events)])

    def test_all_is_well(self):
        self.verify(self.seen)

    def test_missing_twice_misplaced_and_anothers(self):
        first, *news, last = self.seen
        for wrong in ([first, *news[1:], last], [first, news[0], *news, last],
                      [first, news[1], news[0], *news[2:]], [first, *news, first],
                      [first, *news[:2], self.event(3, last.data), news[3]], [*news, first]):
            with self.subTest(wrong=wrong):
                with self.assertRaises(AssertionError):
                    self.verify(wrong)
        with self.assertRaises(AssertionError):
            self.verify(self.seen, "somebody else")


class Counting(unittest.TestCase):
    def run_program(self, script):
        with tempfile.TemporaryDirectory() as folder:
            program = suites.Program("suite", "name", ["sh", "-c", script])
            program.run(folder)
        return program.passed, len(program.failures), len(program.skipped)

    def test_what_is_counted(self):
        for script, counts in [
                ("echo 1..2; echo ok 1 a; echo ok 2 b", (2, 0, 0)),
                ("echo ok 1 a '# SKIP no'; echo not ok 2 b; echo 1..2; exit 1", (0, 1, 1)),
                ("echo 1..2; echo ok 1 a", (1, 1, 0)),
                ("echo ok 1 a; echo 1..1; exit 3", (1, 1, 0)),
                ("echo 1..1; echo ok 1 a; kill -SEGV $$", (1, 1, 0)),
                ("true", (0, 1, 0)), ("echo 1..0", (0, 0, 0))]:
            with self.subTest(script=script):
                self.assertEqual(self.run_program(script), counts)

    def test_who_looks_at_the_record_is_last(self):
        """It sees what all others left, and then the record goes away."""
        def program(name, script):
            return suites.Program("suite", name, ["sh", "-c", f"echo 1..1; {script}"])

        look = 'test "$(cat "$RIVULET_RECORD"/*)" = "$(printf "a\\nb")" && echo "ok 1 $RIVULET_RECORD"'
        programs = [program(suites.LAST[0], look),
                    *(program(name, f'echo {name} >"$RIVULET_RECORD/{name}"; echo ok 1')
                      for name in "ab")]
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            suites.Runner(programs, 2).run()
        self.assertEqual([(item.passed, item.failures) for item in programs], [(1, [])] * 3)
        self.assertIn(f"ok     suite/{suites.LAST[0]}", told.getvalue().splitlines()[-1])
        self.assertEqual(glob.glob(f"{tempfile.gettempdir()}/rivulet-tests-*/{suites.RECORD}/b"), [])

    def test_nothing_is_installed_where_nothing_may_be(self):
        script = ('missing=; me=me; here=$1; . "$2"; missing=nonsense; '
                  'install_packages; unpack_servers nonsense; install_npm "$1/package.json" "$1/npm"')
        with tempfile.TemporaryDirectory() as folder:
            told = subprocess.run(
                ["sh", "-euc", script, "sh", folder, os.path.join(suites.LIB, "building.sh")],
                capture_output=True, text=True, check=True,
                env={**os.environ, "RIVULET_NO_INSTALL": "1"})
            self.assertEqual(os.listdir(folder), [])
        self.assertEqual(told.stdout, "")
        self.assertEqual(told.stderr.count("missing, and not "), 3)

    def test_run_names_its_suites(self):
        run = os.path.join(os.path.dirname(suites.LIB), "run")
        told = subprocess.run(["sh", run, "--list"], capture_output=True, text=True, check=True)
        self.assertEqual([line.split()[0] for line in told.stdout.splitlines()],
                         list(suites.SUITES))
        told = subprocess.run(["sh", run, "nonsense"], capture_output=True, text=True, check=False)
        self.assertEqual(told.returncode, 2)
        self.assertIn("nonsense", told.stderr)


class Names(unittest.TestCase):
    def test_no_module_hides_another(self):
        """A test finds what is beside it and what is in lib by the same names."""
        shared = set(os.listdir(suites.LIB))
        hidden = [path for path in glob.glob(os.path.join(os.path.dirname(suites.LIB), "*", "*.py"))
                  if os.path.dirname(path) != suites.LIB and os.path.basename(path) in shared]
        self.assertEqual(hidden, [])
