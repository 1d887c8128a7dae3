# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole benchmark, small: every byte is right, and the figures are all there."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import proxies  # noqa: E402
import servers  # noqa: E402
import table  # noqa: E402
from figures import UNITS, Figures  # noqa: E402
from returning import RESUMES  # noqa: E402
from waiting import PATIENCE, wait_until  # noqa: E402

RUNNER = ["/usr/bin/python3", os.path.join(HERE, "runner.py")]
MEMBERS = {"name", "server", "clients", "unit", "median", "min", "max"}
BOTH = {"cpu-per-delivery", "burst-cpu-per-delivery", "memory-per-connection", "cpu-per-connect",
        "last-client", "last-client-median", "last-client-p99"}
IDLE = {"cpu-per-heartbeat", "memory-after-leaving"}
CALL = {"publish-alone", "publish-alone-p99"}
RESUME = {"cpu-per-resume", "cpu-per-missed-event", "resume-median", "resume-p99"}
STORM = {"storm", "publish-at-rest", "publish-at-rest-p99", "publish-in-storm",
         "publish-in-storm-p99", "memory-before-storm", "memory-peak-in-storm",
         "publish-in-storm-ratio", "publish-in-storm-p99-ratio", "memory-in-storm-ratio"}


def wait_for_server(folder):
    """A server's folder; before it, Python tries whether it may write there."""
    wait_until(lambda: any(name.startswith("rivulet-bench-") for name in os.listdir(folder)),
               "a server's folder")


def programs_in(folder):
    """Command lines of processes that have a path in a folder."""
    found = subprocess.run(["ps", "-ww", "-e", "-o", "args="], check=True, capture_output=True, text=True)
    return [line for line in found.stdout.splitlines() if f"{folder}/" in line]


def is_gone(group):
    """Whether no process is left in a group, nor its status."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


class Small(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "figures.json")
            cls.done = subprocess.run(
                [*RUNNER, "--only", "rivulet,combined,bare", "--clients", "50,200", "--rounds", "1",
                 "--deliveries", "2", "--idle", "4", "--rate", "200", "--rows", "300",
                 "--resumes", "5", "--storm", "20,200", "--json", path],
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
        self.assertEqual(self.names("combined", 50), BOTH)
        self.assertEqual(self.names("rivulet", 50), BOTH | stalled)
        self.assertEqual(self.names("rivulet", 200), BOTH | IDLE | growth | stalled)
        ratios = {"cpu-per-delivery-ratio", "burst-cpu-per-delivery-ratio", "last-client-ratio",
                  "cpu-per-connect-ratio"}
        self.assertEqual(self.names("rivulet/bare", 50), ratios)
        self.assertEqual(self.names("combined/rivulet", 50),
                         {"cpu-per-delivery-ratio", "burst-cpu-per-delivery-ratio",
                          "cpu-per-connect-ratio", "memory-per-connection-ratio"})
        self.assertEqual(self.names("rivulet/bare", 200),
                         ratios | {"cpu-per-heartbeat-ratio", "cpu-per-delivery-growth-ratio",
                                   "cpu-per-connect-growth-ratio"})

    def test_figures_without_clients(self):
        self.assertEqual(self.names("rivulet", 0), {
            "dbus-publish-rate", "durable-publish-rate", "webhook-publish-rate", "start-empty",
            "start-replay"})
        for other, name in [("answering-service", "dbus-publish-rate"),
                            ("committing-service", "durable-publish-rate"),
                            ("parse-rows", "start-replay")]:
            with self.subTest(other=other):
                self.assertEqual(self.names(other, 0), {name})
                self.assertEqual(self.names(f"rivulet/{other}", 0), {f"{name}-ratio"})

    def test_figures_of_resumes(self):
        self.assertEqual(self.names("rivulet fresh", 0), {"cpu-per-resume"})
        for place, missed in RESUMES:
            with self.subTest(place=place, missed=missed):
                self.assertEqual(self.names(f"rivulet {place}-{missed}", 0), RESUME)
                self.assertEqual(self.names(f"rivulet {place}-{missed}/fresh", 0),
                                 {"cpu-per-resume-ratio"})

    def test_figures_of_storms(self):
        for situation in "stopped-20", "stopped-200", "killed-20", "killed-200":
            with self.subTest(situation=situation):
                self.assertEqual(self.names(f"rivulet {situation}", 200), STORM)

    def test_what_is_printed(self):
        for line in ("200 clients ", "without clients ", "resuming, ", "storm, 200 clients ",
                     "ratios of the same round", "bars, ", "  a publish meanwhile, killed-200 "):
            self.assertIn("\n" + line, self.done.stdout)


class Shared(unittest.TestCase):
    """Nodes that share a log on a nats-server."""

    def test_figures(self):
        proxies.find("nats-server")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "figures.json")
            done = subprocess.run(
                [*RUNNER, "--only", "rivulet,nodes-1,nodes-2", "--clients", "50", "--rounds", "1", "--deliveries",
                 "2", "--idle", "0", "--rate", "300", "--rows", "0", "--resumes", "0", "--storm", "0",
                 "--json", path], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                timeout=PATIENCE * 4, env={**os.environ, "TMPDIR": folder})
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
            with open(path, encoding="utf-8") as file:
                rows = json.load(file)
            self.assertEqual(os.listdir(folder), ["figures.json"])
            self.assertEqual(programs_in(folder), [])
        self.assertNotIn("skipped", done.stdout)
        names = {}
        for row in rows:
            if "nodes-" in row["server"] or row["server"] == "plain-publisher":
                names.setdefault((row["server"], row["clients"]), set()).add(row["name"])
        self.assertEqual(names, {
            ("plain-publisher", 0): {"shared-publish-rate"},
            **{key: value for server in ("nodes-1", "nodes-2") for key, value in {
                (server, 50): BOTH,
                (server, 0): {"shared-publish-rate", *CALL},
                (f"{server}/plain-publisher", 0): {"shared-publish-rate-ratio"},
                (f"{server}/rivulet", 50): {"cpu-per-delivery-ratio", "burst-cpu-per-delivery-ratio"},
                (f"{server}/rivulet", 0): {"publish-alone-ratio"}}.items()}})


class Interrupted(unittest.TestCase):
    def test_nothing_is_left_behind(self):
        """As Ctrl-C in a terminal does it: the signal comes to all in the process group."""
        for server in "rivulet", "nodes-2", "bare":
            with self.subTest(server=server), tempfile.TemporaryDirectory() as folder:
                with subprocess.Popen(
                        [*RUNNER, "--only", server, "--clients", "50", "--rounds", "1000"],
                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        start_new_session=True, env={**os.environ, "TMPDIR": folder}) as process:
                    wait_for_server(folder)
                    os.killpg(process.pid, signal.SIGINT)
                    told, complaints = process.communicate(timeout=PATIENCE)
                self.assertEqual((process.returncode, complaints), (130, b""), told)
                self.assertEqual(os.listdir(folder), [])
                self.assertIn(b"interrupted", told)
                wait_until(lambda: is_gone(process.pid), "the end of all that it started")

    def test_in_each_part(self):
        parts = {"logs are in ": [], "a start with": ["--rows", "5000"],
                 "clients that resume": ["--resumes", "50"],
                 "come back at once": ["--storm", "5000"]}
        none = {"--rate": "0", "--rows": "0", "--resumes": "0", "--storm": "0"}
        for part, more in parts.items():
            others = [word for pair in none.items() if pair[0] not in more for word in pair]
            with self.subTest(part=part), tempfile.TemporaryDirectory() as folder:
                with subprocess.Popen(
                        [*RUNNER, "--only", "rivulet", "--clients", "50", "--rounds", "1000",
                         "--deliveries", "1", "--idle", "0", *others, *more],
                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        start_new_session=True, env={**os.environ, "TMPDIR": folder}) as process:
                    while part.encode() not in process.stdout.readline():
                        self.assertIsNone(process.poll())
                    wait_for_server(folder)
                    os.killpg(process.pid, signal.SIGINT)
                    _, complaints = process.communicate(timeout=PATIENCE)
                self.assertEqual((process.returncode, complaints), (130, b""))
                self.assertEqual(os.listdir(folder), [])


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

    def test_ratios_within_one_server(self):
        figures = Figures()
        for situation, here, at_rest in [("stopped-5", 6, 2), ("killed-5", 8, 2)]:
            figures.add(0, f"rivulet {situation}", 10,
                        {"publish-in-storm": here, "publish-at-rest": at_rest})
        figures.add(0, "rivulet fresh", 0, {"cpu-per-resume": 50})
        figures.add(0, "rivulet ring-1", 0, {"cpu-per-resume": 100})
        figures.add_ratios()
        self.assertEqual(figures.get("publish-in-storm-ratio", "rivulet stopped-5", 10), 3)
        self.assertEqual(figures.get("publish-in-storm-ratio", "rivulet killed-5", 10), 4)
        self.assertEqual(figures.get("cpu-per-resume-ratio", "rivulet ring-1/fresh", 0), 2)
        self.assertIsNone(figures.get("cpu-per-resume-ratio", "rivulet fresh/fresh", 0))
        told = {line.split("   ")[0].strip(): line.split()[-1]
                for line in table.bar_table(figures) if "meanwhile" in line}
        self.assertEqual(told, {"a publish meanwhile, stopped-5": "reached",
                                "a publish meanwhile, killed-5": "REACHED"})

    def test_every_figure_has_a_unit(self):
        self.assertEqual(set(UNITS.values()), {"µs", "B", "1/s", "1"})


class Places(unittest.TestCase):
    def test_file_systems(self):
        self.assertEqual(servers.file_system("/proc"), "proc")
        self.assertEqual(servers.file_system("/proc/self/task"), "proc")
        self.assertNotEqual(servers.file_system("/"), "unknown")

    def test_logs_are_not_in_memory(self):
        for kind, place in [("tmpfs", "/var/tmp"), ("ext4", "/nonexistent")]:
            with self.subTest(kind=kind), \
                    mock.patch("tempfile.gettempdir", return_value="/nonexistent"), \
                    mock.patch("servers.file_system", return_value=kind):
                self.assertEqual(servers.place_on_disk(), place)


class Options(unittest.TestCase):
    def test_wrong_ones(self):
        for wrong in (["--nonsense"], ["--clients", "0"], ["--clients", "a"], ["--rounds", "0"],
                      ["--only", "apache"], ["--storm", "-1"], ["--rows", "-1"],
                      ["more"], ["--json", "/nonexistent/file"]):
            with self.subTest(wrong=wrong):
                done = subprocess.run([*RUNNER, *wrong], stdin=subprocess.DEVNULL,
                                      capture_output=True, text=True, timeout=PATIENCE, check=False)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
