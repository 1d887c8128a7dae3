# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole benchmark, small: every byte is right, and the figures are all there."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from figures import UNITS, Figures  # noqa: E402
from waiting import PATIENCE, wait_until  # noqa: E402

RUNNER = ["/usr/bin/python3", os.path.join(HERE, "runner.py")]
MEMBERS = {"name", "server", "clients", "unit", "median", "min", "max"}
BOTH = {"cpu-per-delivery", "burst-cpu-per-delivery", "memory-per-connection", "cpu-per-connect",
        "last-client", "last-client-median", "last-client-p99"}
IDLE = {"cpu-per-heartbeat", "memory-after-leaving"}


class Small(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "figures.json")
            cls.done = subprocess.run(
                [*RUNNER, "--only", "rivulet,bare", "--clients", "50,200", "--rounds", "1",
                 "--deliveries", "2", "--idle", "4", "--rate", "200", "--json", path],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                timeout=PATIENCE * 4, env={**os.environ, "TMPDIR": folder})
            cls.rows = []
            if cls.done.returncode == 0:
                with open(path, encoding="utf-8") as file:
                    cls.rows = json.load(file)
            cls.left = sorted(os.listdir(folder))

    def test_all_bytes_are_right(self):
        self.assertEqual((self.done.returncode, self.done.stderr), (0, ""), self.done.stdout)

    def test_nothing_is_left_behind(self):
        self.assertEqual(self.left, ["figures.json"])

    def test_rows(self):
        self.assertTrue(self.rows)
        for row in self.rows:
            with self.subTest(row=row):
                self.assertEqual(set(row), MEMBERS)
                self.assertIn(row["unit"], {"µs", "B", "1/s", "1"})
                self.assertTrue(row["min"] <= row["median"] <= row["max"])

    def names(self, server, clients):
        return {row["name"] for row in self.rows
                if (row["server"], row["clients"]) == (server, clients)}

    def test_figures(self):
        growth = {"cpu-per-delivery-growth", "cpu-per-connect-growth"}
        stalled = {"last-client-stalled", "last-client-stalled-ratio"}
        self.assertEqual(self.names("bare", 50), BOTH)
        self.assertEqual(self.names("bare", 200), BOTH | IDLE | growth)
        self.assertEqual(self.names("rivulet", 50), BOTH | stalled)
        self.assertEqual(self.names("rivulet", 200), BOTH | IDLE | growth | stalled)
        self.assertEqual(self.names("rivulet", 0), {"dbus-publish-rate", "webhook-publish-rate"})
        self.assertEqual(self.names("answering-service", 0), {"dbus-publish-rate"})
        self.assertEqual(self.names("rivulet/answering-service", 0), {"dbus-publish-rate-ratio"})
        ratios = {"cpu-per-delivery-ratio", "burst-cpu-per-delivery-ratio", "last-client-ratio",
                  "cpu-per-connect-ratio"}
        self.assertEqual(self.names("rivulet/bare", 50), ratios)
        self.assertEqual(self.names("rivulet/bare", 200),
                         ratios | {"cpu-per-heartbeat-ratio", "cpu-per-delivery-growth-ratio",
                                   "cpu-per-connect-growth-ratio"})

    def test_what_is_printed(self):
        for line in "200 clients ", "without clients ", "ratios of the same round", "bars, ":
            self.assertIn("\n" + line, self.done.stdout)


class Interrupted(unittest.TestCase):
    def test_nothing_is_left_behind(self):
        """As Ctrl-C in a terminal does it: the signal comes to all in the process group."""
        for server in "rivulet", "bare":
            with self.subTest(server=server), tempfile.TemporaryDirectory() as folder:
                with subprocess.Popen(
                        [*RUNNER, "--only", server, "--clients", "50", "--rounds", "1000"],
                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        start_new_session=True, env={**os.environ, "TMPDIR": folder}) as process:
                    wait_until(lambda: os.listdir(folder), "a server's folder")
                    os.killpg(process.pid, signal.SIGINT)
                    told, complaints = process.communicate(timeout=PATIENCE)
                self.assertEqual((process.returncode, complaints), (130, b""), told)
                self.assertEqual(os.listdir(folder), [])
                self.assertIn(b"interrupted", told)
                with self.assertRaises(ProcessLookupError):
                    os.killpg(process.pid, 0)


class Arithmetic(unittest.TestCase):
    def test_ratios_are_of_pairs(self):
        figures = Figures()
        for number, (ours, bare) in enumerate([(1, 2), (4, 4), (9, 3)]):
            figures.add(number, "rivulet", 10, {"cpu-per-delivery": ours})
            figures.add(number, "bare", 10, {"cpu-per-delivery": bare})
        figures.add(3, "rivulet", 10, {"cpu-per-delivery": 100})
        figures.add_ratios()
        ratio = [row for row in figures.rows() if row["name"] == "cpu-per-delivery-ratio"]
        self.assertEqual(ratio, [{"name": "cpu-per-delivery-ratio", "server": "rivulet/bare",
                                  "clients": 10, "unit": "1", "median": 1, "min": 0.5, "max": 3}])

    def test_growth(self):
        figures = Figures()
        for server, least, most in [("rivulet", 10, 11), ("bare", 5, 10)]:
            figures.add(0, server, 10, {"cpu-per-delivery": least})
            figures.add(0, server, 40, {"cpu-per-delivery": most})
        figures.add_ratios()
        self.assertAlmostEqual(figures.get("cpu-per-delivery-growth", "rivulet", 40), 1.1)
        self.assertAlmostEqual(
            figures.get("cpu-per-delivery-growth-ratio", "rivulet/bare", 40), 0.55)

    def test_every_figure_has_a_unit(self):
        self.assertEqual(set(UNITS.values()), {"µs", "B", "1/s", "1"})


class Options(unittest.TestCase):
    def test_wrong_ones(self):
        for wrong in (["--nonsense"], ["--clients", "0"], ["--clients", "a"], ["--rounds", "0"],
                      ["--only", "apache"], ["more"], ["--json", "/nonexistent/file"]):
            with self.subTest(wrong=wrong):
                done = subprocess.run([*RUNNER, *wrong], stdin=subprocess.DEVNULL,
                                      capture_output=True, text=True, timeout=PATIENCE, check=False)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
