# SPDX-License-Identifier: LGPL-2.1-or-later
"""rivulet publish, and rivulet watch, with the running daemon."""

import json
import os
import pty
import re
import select
import shutil
import signal
import unittest

import command
from cases import DaemonCase, FreshCase, Setting
from command import Command
from notallowed import NotAllowedCase
from privatebus import OPEN, PrivateBus
from waiting import amount


def new_event(delivery_id, **more):
    return json.dumps({"type": "new-event", "event": {
        "delivery_id": str(delivery_id), "event": "push", "repo_full_name": "user/repo", **more}})


QUOTA = '{"type":"quota","quota":{"used":3,"remaining":2}}'
REFUSED = '{"type":"event-delete","eventId":"unheard-of"}'


class PublishTest(DaemonCase):
    setting = {"config": {"bus": {"bus": "session"}}}

    def publish(self, *arguments, given=""):
        return command.run("publish", "--config", self.rivulet.config_path, *arguments,
                           given=given, bus=self.rivulet.bus)

    def test_one(self):
        client = self.follow("quota")
        client.next()
        status, out, err = self.publish("quota", QUOTA)
        self.assertEqual((status, err), (0, ""))
        event = client.next()
        self.assertEqual(event.data["quota"], {"used": 3, "remaining": 2})
        self.assertEqual(event.id, out.rstrip("\n"))

    def test_audience(self):
        theirs, others = self.follow("quota", "theirs"), self.follow("quota", "others")
        for client in (theirs, others):
            client.next()
        self.assertEqual(self.publish("quota", "--audience", "theirs", QUOTA)[0], 0)
        self.assertEqual(theirs.next().type, "quota-update")
        # Had the others been sent it, it would have come before this one.
        self.publish("quota", "--audience", "others",
                     '{"type":"quota","quota":{"used":9,"remaining":9}}')
        self.assertEqual(others.next().data["quota"], {"used": 9, "remaining": 9})

    def test_refused(self):
        for stream, update, said in (
            ("quota", "{", "InvalidUpdate"),
            ("quota", '{"type":"quota","quota":{"used":3}}', "quota.remaining"),
            ("github-events", REFUSED, "Refused"),
            ("unheard-of", QUOTA, "UnknownStream"),
        ):
            with self.subTest(update=update):
                status, out, err = self.publish(stream, update)
                self.assertEqual((status, out), (1, ""))
                self.assertTrue(err.startswith(f"rivulet: {stream}: "), err)
                self.assertIn(said, err)
                self.assertEqual(err.count("\n"), 1)

    def test_wrong_command_line(self):
        for arguments, said in (
            ([], "which stream"),
            (["quota"], "or - to read one a line"),
            (["quota", QUOTA, QUOTA], "more than one update"),
            (["quota", b"\xff"], "not UTF-8"),
            (["", QUOTA], "must not be empty"),
            (["quota", QUOTA, "--audience", ""], "--audience: must not be empty"),
            (["quota", QUOTA, "--session", "--system"], "only one of"),
        ):
            with self.subTest(arguments=arguments):
                status, out, err = self.publish(*arguments)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(said, err)
                self.assertIn("Try “rivulet publish --help”.", err)

    def test_bus_by_option(self):
        status, _, err = command.run("publish", "--session", "quota", QUOTA, bus=self.rivulet.bus)
        self.assertEqual((status, err), (0, ""))

    def test_system_bus_by_default(self):
        with open(self.rivulet.config_path + ".empty", "w", encoding="utf-8"):
            pass
        status, _, err = command.run("publish", "--config", self.rivulet.config_path + ".empty",
                                     "quota", QUOTA, bus=self.rivulet.bus)
        self.assertEqual(status, 1)
        self.assertIn("cannot reach the system bus", err)
        self.assertIn("--session", err)

    def test_lines(self):
        first = [new_event(f"first-{number}") for number in range(3)]
        text = f"{first[0]}\n\n  \r\n{first[1]}\r\n{{\n{first[2]}\n{REFUSED}\n{first[0]}"
        status, out, err = self.publish("github-events", "-", given=text)
        self.assertEqual((status, out), (1, ""))
        said = err.rstrip("\n").split("\n")
        self.assertEqual(len(said), 3)
        refused = sorted(said[:2])
        self.assertRegex(refused[0], r"\Arivulet: line 5: .*\(InvalidUpdate\)\Z")
        self.assertRegex(refused[1], r"\Arivulet: line 7: eventId: .*\(Refused\)\Z")
        self.assertEqual(said[2], "rivulet: 4 published, 2 refused")

    def test_lines_of_odd_bytes(self):
        text = b"\xff\n" + QUOTA.encode() + b"\n{\"a\0b\":1}\n"
        status, _, err = self.publish("quota", "-", given=text)
        self.assertEqual(status, 1)
        self.assertIn("line 1: not UTF-8", err)
        self.assertIn("line 3: not UTF-8, or with a NUL in it", err)
        self.assertIn("1 published, 2 refused", err)

    def test_nothing(self):
        self.assertEqual(self.publish("quota", "-"), (0, "", "rivulet: 0 published, 0 refused\n"))

    def test_many_in_order(self):
        count = amount(2000, 200)
        client = self.follow("github-events")
        client.next()
        text = "".join(new_event(f"ordered-{number}") + "\n" for number in range(count))
        status, _, err = self.publish("github-events", "-", given=text)
        self.assertEqual((status, err), (0, f"rivulet: {count} published, 0 refused\n"))
        seen = [client.next_of("new-event").data["event"]["delivery_id"] for _ in range(count)]
        self.assertEqual(seen, [f"ordered-{number}" for number in range(count)])

    def test_large_lines(self):
        # Three take up more than may be under way; one is more than the daemon takes.
        large = '{"type":"quota","quota":{"used":1,"remaining":1},"x":"' + "x" * 900_000 + '"}\n'
        too_large = '{"x":"' + "x" * 1_100_000 + '"}\n'
        status, _, err = self.publish("quota", "-", given=(large * 30) + too_large + QUOTA)
        self.assertEqual(status, 1)
        self.assertIn("line 31: ", err)
        self.assertIn("(TooLarge)", err)
        self.assertIn("refused\n", err)

    def test_unknown_stream_stops_at_once(self):
        status, _, err = self.publish("unheard-of", "-", given=(QUOTA + "\n") * 1000)
        self.assertEqual(status, 1)
        self.assertEqual(len(re.findall("UnknownStream", err)), 1)
        self.assertRegex(err, r"line 1: .*; stopping here\n")

    def test_progress_on_a_terminal(self):
        ours, its = pty.openpty()
        load = Command("publish", "--session", "quota", "-", bus=self.rivulet.bus, stderr=its)
        self.addCleanup(load.close)
        os.close(its)
        self.addCleanup(os.close, ours)
        load.process.stdin.write((QUOTA + "\n").encode())
        load.process.stdin.flush()
        shown = command.read_until(ours, b"\r\x1b[K1 published, 0 refused")
        load.process.stdin.close()
        shown = command.read_until(ours, b"rivulet: 1 published, 0 refused\r\n", shown)
        # The progress is wiped away first.
        self.assertIn(b"\r\x1b[Krivulet: ", shown)
        self.assertEqual(load.wait(), 0)


class InterruptTest(FreshCase):
    def load(self):
        load = Command("publish", "--session", "github-events", "-", bus=self.rivulet.bus)
        self.addCleanup(load.close)
        return load

    def test_interrupt(self):
        client = self.follow("github-events")
        client.next()
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number=number):
                load = self.load()
                load.process.stdin.write((new_event(number) + '\n{"type":"cut').encode())
                load.process.stdin.flush()
                client.next_of("new-event")
                load.process.send_signal(number)
                self.assertEqual(load.wait(), 0)
                self.assertEqual(load.errors.all(), "rivulet: 1 published, 0 refused")

    def fill(self, load, most, size=1000):
        """Writes updates until nothing more is read; returns how many whole ones that were."""
        pipe = load.process.stdin.fileno()
        os.set_blocking(pipe, False)
        text = "".join(new_event(number, filler="x" * size) + "\n" for number in range(most))
        data, written = text.encode(), 0
        # A reader that goes on takes much less than this time for its next piece.
        while written < len(data) and select.select([], [pipe], [], 2)[1]:
            written += os.write(pipe, data[written : written + 65536])
        self.assertLess(written, len(data), "all of it was read, though nothing was answered")
        return data[:written].count(b"\n")

    def test_bounded_while_no_answers_come(self):
        self.rivulet.daemon.signal(signal.SIGSTOP)
        self.addCleanup(self.rivulet.daemon.signal, signal.SIGCONT)
        load = self.load()
        count = self.fill(load, 5000)
        # 100 calls, and what the pipe and one piece of input hold.
        self.assertLess(count, 400)

        self.rivulet.daemon.signal(signal.SIGCONT)
        load.interrupt()
        self.assertEqual(load.wait(), 0)
        published = int(re.fullmatch(r"rivulet: (\d+) published, 0 refused", load.errors.all())[1])
        self.assertGreaterEqual(published, 100)
        self.assertLessEqual(published, count)
        # Those that were published are the first ones: none was left out.
        events = self.follow("github-events").next().data["events"]
        self.assertEqual([event["delivery_id"] for event in events],
                         [str(number) for number in reversed(range(published - 50, published))])

    def test_bounded_in_bytes_too(self):
        self.rivulet.daemon.signal(signal.SIGSTOP)
        self.addCleanup(self.rivulet.daemon.signal, signal.SIGCONT)
        load = self.load()
        # 16 MiB and the line that goes beyond, not 100 lines.
        self.assertLess(self.fill(load, 60, 1_000_000), 25)
        load.close()

    def test_daemon_dies(self):
        rivulet = Setting()
        self.addCleanup(rivulet.abandon)
        rivulet.daemon.signal(signal.SIGSTOP)
        load = Command("publish", "--session", "github-events", "-", bus=rivulet.bus)
        self.addCleanup(load.close)
        self.fill(load, 5000)
        rivulet.daemon.kill()
        self.assertEqual(load.wait(), 1)
        said = load.errors.all().split("\n")
        self.assertEqual(len(said), 2)
        self.assertIn("stopping here", said[0])
        self.assertRegex(said[1], r"\Arivulet: 0 published, 0 refused, 100 without an answer, "
                                  r"taken or not: publish them again, from line 1 on\Z")

    def test_second_interrupt(self):
        self.rivulet.daemon.signal(signal.SIGSTOP)
        self.addCleanup(self.rivulet.daemon.signal, signal.SIGCONT)
        load = self.load()
        self.fill(load, 5000)
        status = None
        while status is None:
            load.interrupt()
            try:
                status = load.process.wait(0.1)
            except command.subprocess.TimeoutExpired:
                pass
        self.assertEqual(status, -signal.SIGINT)


class NotStartedTest(unittest.TestCase):
    """The bus was to start it, and could not: nothing was taken, and more of it won't be either."""

    def bus(self, program):
        folder = self.enterContext(command.folder())
        with open(os.path.join(folder, "rivulet.service"), "w", encoding="ascii") as file:
            file.write(f"[D-BUS Service]\nName=io.github.rivulet.Rivulet\nExec={program}\n")
        bus = PrivateBus(folder, policy=OPEN + f"<servicedir>{folder}</servicedir>"
                         '<limit name="service_start_timeout">1000</limit>')
        self.addCleanup(bus.stop)
        return bus

    def test_it_says_so(self):
        for program in "/bin/false", "/nonexistent", "/bin/sleep 2":
            bus = self.bus(program)
            for arguments in (["publish", "quota", QUOTA], ["publish", "quota", "-"], ["revoke", "42"],
                              ["watch", "quota", "--url", "http://127.0.0.1:9"]):
                with self.subTest(program=program, arguments=arguments):
                    status, out, err = command.run(*arguments, "--session", bus=bus,
                                                   given=QUOTA + "\n" + QUOTA + "\n")
                    self.assertEqual((status, out), (1, ""))
                    self.assertIn("rivuletd is not running, and did not start", err)
                    self.assertIn("systemctl --user status rivulet", err)
                    self.assertNotIn("again", err)
                    self.assertNotIn("GDBus", err)


class NobodyThereTest(unittest.TestCase):
    def test_no_daemon(self):
        folder = self.enterContext(command.folder())
        bus = PrivateBus(folder)
        self.addCleanup(bus.stop)
        for arguments, given in ((["publish", "quota", QUOTA], ""),
                                 (["publish", "quota", "-"], QUOTA + "\n"),
                                 (["watch", "quota", "--url", "http://127.0.0.1:9"], "")):
            with self.subTest(arguments=arguments):
                status, out, err = command.run(*arguments, "--session", given=given, bus=bus)
                self.assertEqual((status, out), (1, ""))
                self.assertIn("rivuletd is not on the session bus; start it", err)

    def test_no_bus(self):
        status, _, err = command.run("publish", "--session", "quota", QUOTA,
                                     DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent")
        self.assertEqual(status, 1)
        self.assertIn("cannot reach the session bus", err)

    def test_configured_without_bus(self):
        folder = self.enterContext(command.folder())
        config = os.path.join(folder, "rivulet.conf")
        command.daemon.write_config(config, {"bus": {"bus": "none"}})
        status, _, err = command.run("publish", "--config", config, "quota", QUOTA)
        self.assertEqual(status, 1)
        self.assertIn(f"{config}: [bus] bus: is none", err)


class WatchTest(DaemonCase):
    def watch(self, stream, *arguments, **more):
        watch = Command("watch", stream, "--session", "--config", self.rivulet.config_path,
                        "--url", f"http://{self.rivulet.address}", "--json", *arguments,
                        bus=self.rivulet.bus, **more)
        self.addCleanup(watch.close)
        return watch

    def test_every_stream_by_name(self):
        for stream, first in (("github-events", ["events"]),
                              ("posts-stats", ["stats", "posts-by-status"]),
                              ("quota", ["quota"]), ("events-count", ["count"])):
            with self.subTest(stream=stream):
                watch = self.watch(stream)
                self.assertEqual([json.loads(watch.output.next())["event"] for _ in first], first)
                watch.interrupt()
                self.assertEqual(watch.wait(), 0)
                self.assertEqual(watch.errors.all(), "")

    def test_subject(self):
        self.publisher.publish("quota", QUOTA, audience="me")
        first = [json.loads(self.watch("quota", *sub).output.next())["data"]["quota"]
                 for sub in (["--sub", "me"], ["--sub", "you"], [])]
        self.assertEqual(first, [{"used": 3, "remaining": 2}] + [{"used": 0, "remaining": 0}] * 2)

    def test_resumes(self):
        first = self.watch("github-events")
        first.output.next()
        last_id = self.publisher.publish("github-events", new_event("seen"))
        self.assertEqual(json.loads(first.output.next())["id"], last_id)
        first.close()
        self.publisher.publish("github-events", new_event("missed"))
        second = self.watch("/api/github/events/stream", "--last-event-id", last_id)
        event = json.loads(second.output.next())
        self.assertEqual((event["event"], event["data"]["event"]["delivery_id"]),
                         ("new-event", "missed"))

    def test_unknown_stream(self):
        watch = self.watch("unheard-of")
        self.assertEqual(watch.wait(), 1)
        self.assertIn("unheard-of: no such stream; there are: ", watch.errors.all())
        for stream in ("github-events", "posts-stats", "quota", "events-count"):
            self.assertIn(stream, watch.errors.all())

    def test_unknown_path(self):
        watch = self.watch("/unheard/of")
        self.assertEqual(watch.wait(), 1)
        self.assertIn("no such stream (404)", watch.errors.all())

    def test_wrong_token(self):
        watch = self.watch("quota", RIVULET_TOKEN="not.a.token")
        self.assertEqual(watch.wait(), 1)
        self.assertIn("does not take the token (401)", watch.errors.all())
        self.assertNotIn("not.a.token", watch.errors.all())


@unittest.skipUnless(shutil.which("setpriv") and os.geteuid() == 0,
                     "only root may be rivuletd there, and call as another user")
class NotAllowedTest(NotAllowedCase):
    remedy = "group rivulet-publishers"

    def test_what_to_do(self):
        self.assert_refused("publish", "quota", QUOTA)


class OwnTest(FreshCase):
    """A user's own, where systemd has it listen, with the secret that its unit has."""

    def setUp(self):
        self.folder = self.enterContext(command.folder())
        self.socket = os.path.join(self.folder, "rivulet", "public")
        os.mkdir(os.path.dirname(self.socket))
        self.setting = {"listen": [f"unix:{self.socket}"]}
        super().setUp()

    def watch(self, **more):
        watch = Command("watch", "quota", "--session", "--json", bus=self.rivulet.bus,
                        XDG_RUNTIME_DIR=self.folder, XDG_CONFIG_HOME=self.folder, **more)
        self.addCleanup(watch.close)
        return watch

    def test_it_is_followed(self):
        shutil.copy(self.rivulet.secret.path, os.path.join(self.folder, "rivulet", "secret"))
        self.assertEqual(json.loads(self.watch().output.next())["event"], "quota")

    def test_nobody_else_gets_the_token(self):
        os.unlink(self.socket)
        watch = self.watch(RIVULET_TOKEN="a.b.c")
        self.assertEqual(watch.wait(), 1)
        said = watch.errors.all()
        self.assertIn(f"your own Rivulet does not listen on {self.socket}", said)
        self.assertIn("--url URL", said)

    def test_another_secret(self):
        watch = Command("watch", "/quota/stream", "--url", f"unix:{self.socket}", "--json",
                        "--secret-file", self.rivulet.secret.path)
        self.addCleanup(watch.close)
        self.assertEqual(json.loads(watch.output.next())["event"], "quota")


class DefaultAddressTest(FreshCase):
    def test_url_from_the_configuration(self):
        config = self.rivulet.config_path + ".with-address"
        port = self.rivulet.address.rsplit(":", 1)[1]
        for address in (self.rivulet.address, f"*:{port}", f"localhost:{port};unix:/nonexistent"):
            with self.subTest(address=address):
                command.daemon.write_config(config, {
                    "http": {"listen": address}, "bus": {"bus": "session"},
                    "auth": {"secret-file": self.rivulet.secret.path}})
                watch = Command("watch", "quota", "--config", config, bus=self.rivulet.bus)
                self.addCleanup(watch.close)
                self.assertIn('{"type":"quota"', watch.output.next())
                watch.interrupt()
                self.assertEqual(watch.wait(), 0)
