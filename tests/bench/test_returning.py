# SPDX-License-Identifier: LGPL-2.1-or-later
"""rivulet-bench sees whatever goes wrong when clients come back, and says so."""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from faultyserver import (FIRST, HEAD, FaultyServer, chunk, event, listed,  # noqa: E402
                          resumed)
from generator import PATH  # noqa: E402
from waiting import PATIENCE  # noqa: E402

CLIENTS = 10
# Which client gets something wrong when it comes back.
CLIENT = 3
# More than there is room for in a list.
MISSED = 60
STEPS = ["connect", "deliver", "leave", "miss", "return", "deliver", "disconnect"]


class Returning(unittest.TestCase):
    def bench(self, resume=None, steps=STEPS):
        self.server = FaultyServer(resume=resume)
        self.addCleanup(self.server.close)
        numbers = {"connect": CLIENTS, "miss": MISSED, "calls": 1, "storm": 1}
        lines = [f"{step} {numbers[step]}" if step in numbers else step for step in steps]
        url = f"http://{self.server.address}/"
        return subprocess.run([PATH, "--url", url, "--publish", f"post:{url}", "--connects", "1",
                               "--commands"], input="\n".join(lines) + "\n", text=True,
                              capture_output=True, timeout=PATIENCE, check=False)

    def faulty(self, make):
        """A server's `resume` that is right but for one client: `make` is told of what is right."""
        def resume(number, missed, position, texts):
            if number == CLIENTS + CLIENT:
                return make(missed, position, texts)
            return resumed(missed, position, texts)
        return self.bench(resume)

    def assert_found(self, done, what):
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(what, done.stderr)

    def test_nothing_wrong(self):
        done = self.bench()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([answer["step"] for answer in answers], STEPS)
        figures = answers[STEPS.index("return")]["figures"]
        self.assertEqual(figures["clients"], CLIENTS)
        self.assertTrue(0 < figures["return-median"] <= figures["return-p99"] <= figures["return"])
        # The one event before they left is what they had.
        self.assertEqual(self.server.last_ids, ["e-1"] * CLIENTS)

    def test_another_epoch(self):
        """A server that was started anew has another epoch; what all get is of that one."""
        def resume(number, missed, position, texts):
            return resumed(missed, position, texts).replace(b"id: e-", b"id: f-")

        done = self.bench(resume, ["connect", "deliver", "leave", "miss", "return"])
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_twice(self):
        done = self.bench(steps=["connect", "leave", "miss", "return", "leave", "miss", "return"])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.server.last_ids, ["e-0"] * CLIENTS + [f"e-{MISSED}"] * CLIENTS)

    def test_wrong_events(self):
        for what, make in [
                ("missing: event 3 came where event 2 was due", lambda missed: missed[1:]),
                ("missing: event 5 came where event 4 was due",
                 lambda missed: missed[:2] + missed[3:]),
                ("missing: event 60 is not in the list at place 1", lambda missed: missed[:-1]),
                ("missing: event 3 came where event 2 was due",
                 lambda missed: [(2, missed[1][1]), (3, missed[0][1]), *missed[2:]]),
                ("twice: event 2 came again, behind event 2",
                 lambda missed: [missed[0], *missed]),
                ("an id went backwards: 0 behind 1",
                 lambda missed: [(0, missed[0][1]), *missed[1:]]),
                ("was never published",
                 lambda missed: [(2, missed[0][1].replace(b"push", b"pull")), *missed[1:]])]:
            with self.subTest(what=what):
                done = self.faulty(lambda missed, *rest, make=make: resumed(make(missed), *rest))
                self.assert_found(done, what)
                self.assertIn(f"client {CLIENT}: ", done.stderr)

    def test_wrong_lists(self):
        for what, make in [
                ("event 61 is not in the list at place 1", lambda texts: texts[:-1]),
                ("event 60 is not in the list at place 2", lambda texts: texts[:-2] + texts[-1:]),
                ("event 12 is not in the list at place 50", lambda texts: texts[-49:]),
                ("event 61 is not in the list at place 1", lambda texts: []),
                ("event 61 is not in the list at place 1", lambda texts: texts[::-1])]:
            with self.subTest(what=what):
                self.assert_found(self.faulty(
                    lambda missed, position, texts, make=make:
                    resumed(missed, position, make(texts))), what)

    def test_a_list_that_is_too_long(self):
        def make(missed, position, texts):
            good = listed(position, texts)
            return HEAD + b"".join(chunk(event(*pair)) for pair in missed) + chunk(
                good.replace(b"]}", b"," + texts[0][len(b'{"type":"new-event","event":'):-1]
                             + b"]}"))

        self.assert_found(self.faulty(make), "is not in the list at place 51")

    def test_started_afresh(self):
        def make(missed, position, texts):
            return HEAD + chunk(FIRST.replace(b"e-0", b"e-%d" % position))

        self.assert_found(self.faulty(make), 'of type "events" where "new-event" was due')

    def test_an_old_id_in_front(self):
        self.assert_found(self.faulty(lambda *_: HEAD + chunk(event(0, b"{}"))),
                          "an id went backwards")

    def test_steps_that_need_others(self):
        for steps, what in [
                (["leave"], "connected clients"), (["connect", "leave", "leave"], "connected"),
                (["miss"], "clients that left"), (["connect", "miss"], "clients that left"),
                (["connect", "return"], "clients that left"), (["storm"], "clients that left"),
                (["connect", "leave", "return"], "that they missed events"),
                (["calls"], "bus:ADDRESS"),
                (["connect", "leave", "miss", "storm"], "bus:ADDRESS")]:
            with self.subTest(steps=steps):
                done = self.bench(steps=steps)
                self.assertEqual(done.returncode, 2, done)
                self.assertIn(what, done.stderr)
