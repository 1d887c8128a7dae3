# SPDX-License-Identifier: LGPL-2.1-or-later
"""rivulet status, once and watching, with the running daemon."""

import json
import os
import pty
import re
import signal
import tempfile
import unittest

import command
from cases import DaemonCase, FreshCase
from command import Command
from daemon import PLUGINS
from monitor import Monitor
from privatebus import OPEN, PrivateBus

STREAMS = ["events-count", "github-events", "posts-stats", "quota"]
CLEAR = b"\x1b[H\x1b[2J"


class Once(DaemonCase):
    setting = {"config": {"http": {"max-connections": 100}}}

    def status(self, *arguments, **more):
        return command.run("status", "--session", *arguments, bus=self.rivulet.bus, **more)

    def test_readable(self):
        refused = self.publisher.server_properties()["TokensRefused"]
        self.assertEqual(self.rivulet.get("/quota/stream?token=x").status, 401)
        self.follow("quota").next()
        status, out, err = self.status()
        self.assertEqual((status, err), (0, ""))
        head, table = out.split("\n\n")
        version = self.publisher.server_properties()["Version"]
        self.assertEqual(head.split("\n")[0], f"rivuletd     {version}, on the session bus")
        self.assertRegex(head, r"\nconnections  \d+ of 100\n")
        self.assertIn(f"\nrefused      0 (too many in all 0, of an address 0, of a user 0); "
                      f"tokens {refused + 1}\n", head)
        self.assertTrue(head.endswith("\nstore        ok"), head)
        rows = [line.split() for line in table.splitlines()]
        self.assertEqual(rows[0], ["STREAM", "STATE", "CLIENTS", "POSITION", "QUEUED", "DROPPED"])
        self.assertEqual([row[:2] for row in rows[1:]], [[name, "running"] for name in STREAMS])
        position = str(self.publisher.stream_properties("quota")["Position"])
        self.assertEqual(rows[4][2:], ["1", position, "0", "B", "0"])

    def test_json(self):
        """All properties, as they are on D-Bus."""
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": 1, "remaining": 0}})
        status, out, err = self.status("--json")
        self.assertEqual((status, err, out.count("\n")), (0, "", 1))
        told = json.loads(out)
        self.assertEqual(set(told), {"Server", "Streams"})
        self.assertEqual(set(told["Server"]), set(self.publisher.server_properties()))
        self.assertEqual(told["Server"]["MaxConnections"], 100)
        self.assertEqual([stream["Name"] for stream in told["Streams"]], STREAMS)
        for stream in told["Streams"]:
            # Clients of other tests may be leaving still.
            stream["Clients"] = 0
            self.assertEqual(
                stream, {**self.publisher.stream_properties(stream["Name"]), "Clients": 0})

    def test_configured_bus(self):
        path = os.path.join(self.rivulet.folder, "other.conf")
        command.daemon.write_config(path, {"bus": {"bus": "session"}})
        status, out, _ = command.run("status", "--config", path, bus=self.rivulet.bus)
        self.assertEqual((status, out.split()[0]), (0, "rivuletd"))

    def test_wrong_command_line(self):
        for arguments, said in ((["quota"], "rivulet clients STREAM"),
                                (["--system"], "only one of"), (["--unheard-of"], "--unheard-of")):
            with self.subTest(arguments=arguments):
                status, out, err = self.status(*arguments)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(said, err)
                self.assertIn("Try “rivulet status --help”.", err)

    def test_help(self):
        status, out, _ = self.status("--help")
        self.assertEqual(status, 0)
        for option in "--watch", "--json", "--session", "--system", "--config":
            self.assertIn(option, out)

    def test_a_full_disk(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            status = Command("status", "--session", bus=self.rivulet.bus, stdout=full)
            self.addCleanup(status.close)
            self.assertEqual(status.wait(), 1)
        self.assertIn("cannot write to standard output", status.errors.all())


class BrokenCase(FreshCase):
    """One plugin works; others, in `broken`, do not."""

    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="rivulet-"))
        os.symlink(os.path.join(PLUGINS, "quota.so"), os.path.join(folder, "quota.so"))
        for name in self.broken:
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as file:
                file.write("not a shared object")
        self.setting = {"plugins": folder, "webhook": False}
        super().setUp()
        self.rivulet.daemon.expect("disabled")


class SameName(BrokenCase):
    broken = ["a/quota.so", "b/quota.so", "c/quota.so"]

    def test_the_one_that_works_is_followed(self):
        watch = Command("watch", "quota", "--session", "--json", "--config", self.rivulet.config_path, "--url",
                        f"http://{self.rivulet.address}", bus=self.rivulet.bus)
        self.addCleanup(watch.close)
        self.assertEqual(json.loads(watch.output.next())["event"], "quota")


class Disabled(BrokenCase):
    broken = ["broken.so"]

    def test_its_reason(self):
        status, out, _ = command.run("status", "--session", bus=self.rivulet.bus)
        self.assertEqual(status, 0)
        rows = out.split("\n\n")[1].splitlines()
        self.assertRegex(rows[1], r"\Abroken +disabled +0 +0 +0 B +0\Z")
        self.assertRegex(rows[2], r"\A  .*broken\.so")
        self.assertRegex(rows[3], r"\Aquota +running ")


class NobodyThere(unittest.TestCase):
    def test_it_says_so_and_starts_nothing(self):
        folder = self.enterContext(command.folder())
        started = os.path.join(folder, "started")
        with open(os.path.join(folder, "rivulet.service"), "w", encoding="ascii") as file:
            file.write("[D-BUS Service]\nName=io.github.rivulet.Rivulet\n"
                       f"Exec=/usr/bin/touch {started}\n")
        bus = PrivateBus(folder, policy=f"{OPEN}<servicedir>{folder}</servicedir>")
        self.addCleanup(bus.stop)
        for arguments in ["status"], ["status", "--json"]:
            status, out, err = command.run(*arguments, "--session", bus=bus)
            self.assertEqual((status, out), (1, ""))
            self.assertIn("rivuletd is not on the session bus; start it", err)
        self.assertFalse(os.path.exists(started))


class Watching(FreshCase):
    def watch(self, *arguments, **more):
        status = Command("status", "--watch", "--session", *arguments, bus=self.rivulet.bus, **more)
        self.addCleanup(status.close)
        return status

    def end(self, status):
        status.interrupt()
        self.assertEqual(status.wait(), 0)
        self.assertEqual(status.errors.all(), "")

    def next_block(self, status):
        """The next state that is shown: its time, and its lines up to the last stream."""
        lines = [status.output.next_with(":")]
        self.assertRegex(lines[0], r"\A\d\d:\d\d:\d\d\Z")
        while not lines[-1].startswith(("quota", "rivuletd is away")):
            lines.append(status.output.next())
        return lines[1:]

    def test_restart(self):
        status = self.watch()
        self.assertRegex(self.next_block(status)[0], r"\Arivuletd     \d")
        self.assertEqual(self.rivulet.daemon.stop(), 0)
        self.assertEqual(self.next_block(status), ["rivuletd is away; waiting for it"])
        self.rivulet.start_again()
        self.assertRegex(self.next_block(status)[0], r"\Arivuletd     \d")
        self.end(status)

    def test_restart_in_json(self):
        status = self.watch("--json")
        self.assertEqual(len(json.loads(status.output.next())["Streams"]), 4)
        self.rivulet.daemon.stop()
        self.assertEqual(json.loads(status.output.next()), {"Server": None, "Streams": []})
        self.rivulet.start_again()
        self.assertEqual(len(json.loads(status.output.next())["Streams"]), 4)
        self.end(status)

    def test_it_comes_later(self):
        self.rivulet.daemon.stop()
        status = self.watch()
        self.assertEqual(self.next_block(status), ["rivuletd is away; waiting for it"])
        self.rivulet.start_again()
        self.assertRegex(self.next_block(status)[0], r"\Arivuletd     \d")
        self.end(status)

    def asking(self):
        """A status that waits for its first answer."""
        monitor = Monitor(self.rivulet.bus)
        self.addCleanup(monitor.close)
        self.rivulet.daemon.signal(signal.SIGSTOP)
        status = self.watch()
        monitor.wait_for("GetAll")
        return status

    def test_killed_before_it_answers(self):
        status = self.asking()
        self.rivulet.daemon.kill()
        self.assertEqual(self.next_block(status), ["rivuletd is away; waiting for it"])
        self.rivulet.start_again()
        self.assertRegex(self.next_block(status)[0], r"\Arivuletd     \d")
        self.end(status)

    def test_interrupted_before_it_answers(self):
        status = self.asking()
        self.end(status)
        self.rivulet.daemon.signal(signal.SIGCONT)

    def test_changes(self):
        status = self.watch("--json")
        first = json.loads(status.output.next())["Streams"]
        self.assertEqual([stream["Clients"] for stream in first], [0] * 4)
        client = self.follow("quota")
        client.next()
        while json.loads(status.output.next())["Streams"][3]["Clients"] != 1:
            pass
        # Two streams change with it, which is told before anything is asked: it is shown once.
        monitor = Monitor(self.rivulet.bus)
        self.addCleanup(monitor.close)
        status.process.send_signal(signal.SIGSTOP)
        self.publisher.publish("github-events", {"type": "new-event", "event": {
            "delivery_id": "1", "event": "push", "repo_full_name": "user/repo"}})
        monitor.wait_for("PropertiesChanged", 2)
        status.process.send_signal(signal.SIGCONT)
        while [stream["Position"] for stream in json.loads(status.output.next())["Streams"]][:2] \
                != [1, 1]:
            pass
        monitor.wait_answered("GetManagedObjects", 2)
        client.close()
        while json.loads(status.output.next())["Streams"][3]["Clients"] != 0:
            pass
        self.end(status)
        lines = status.output.lines
        self.assertEqual([line for line, following in zip(lines, lines[1:]) if line == following],
                         [])

    def test_on_a_terminal(self):
        ours, its = pty.openpty()
        status = self.watch(stdout=its)
        os.close(its)
        self.addCleanup(os.close, ours)
        shown = command.read_until(ours, b"\nquota")
        self.assertEqual(shown.count(CLEAR), 1)
        self.assertTrue(re.match(rb"\x1b\[H\x1b\[2J\d\d:\d\d:\d\d\r\nrivuletd     \d", shown), shown)
        self.rivulet.daemon.stop()
        shown = command.read_until(ours, b"rivuletd is away; waiting for it\r\n", shown)
        self.assertEqual(shown.count(CLEAR), 2)
        self.end(status)

    def test_the_bus_is_lost(self):
        status = self.watch()
        self.next_block(status)
        self.rivulet.bus.stop()
        self.assertEqual(status.wait(), 1)
        self.assertIn("the connection to the bus was lost", status.errors.all())

    def test_nobody_reads(self):
        reading, writing = os.pipe()
        status = self.watch(stdout=writing)
        os.close(writing)
        self.assertIn(b"rivuletd", os.read(reading, 4096))
        os.close(reading)
        self.assertEqual(status.wait(), 0)
