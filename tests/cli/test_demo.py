# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demo, as someone who has just cloned the repository runs it."""

import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import command
import eventstream
import ports
import record
import wire
from command import Output
from waiting import Deadline, wait_until

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), os.pardir, os.pardir))
RUN = os.path.join(ROOT, "data", "demo", "run")
# The first one builds all of it.
BUILDING = 900


def start(*arguments, script=RUN, temporary, stdout=subprocess.PIPE, **more):
    return subprocess.Popen(
        ["sh", script, *arguments], cwd="/", stdin=subprocess.DEVNULL, stdout=stdout,
        stderr=subprocess.PIPE, start_new_session=True,
        env={**command.environment(), "TMPDIR": temporary, **more})


def run(*arguments, **more):
    """Runs it to its end; returns status, stdout and stderr."""
    with command.folder() as temporary:
        demo = start(*arguments, temporary=temporary, **more)
        out, err = demo.communicate(timeout=Deadline("the demo").left())
        return demo.returncode, out.decode(), err.decode()


class Demo:
    """One demo that runs; its temporary files are in a folder of its own."""

    def __init__(self, *arguments, **more):
        self.temporary = tempfile.mkdtemp(prefix="rivulet-demo-test-", dir="/tmp")
        self.held = [ports.hold(), ports.hold()]
        self.port, self.dashboard_port = map(ports.number, self.held)
        self.process = start("--port", str(self.port), "--dashboard-port", str(self.dashboard_port),
                             *arguments, temporary=self.temporary, **more)
        self.output = Output(self.process.stdout, "the demo's stdout")
        self.errors = Output(self.process.stderr, "the demo's stderr")

    def wait_ready(self):
        wait_until(lambda: self.output.ended or "Ctrl-C ends all of it." in self.output.lines,
                   "the demo", BUILDING)
        if self.output.ended:
            raise AssertionError("the demo ended:\n" + self.said())
        lines = self.output.lines
        self.curls = [line for line in lines if line.startswith("curl ")]
        self.link, = (line for line in lines if line.startswith("http://"))
        for token in re.findall(r"token=([\w.-]+)", "\n".join([*self.curls, self.link])):
            record.secret(token)
        self.calls = [line for line in lines if line.startswith("DBUS_SESSION_BUS_ADDRESS=")]
        return self

    def said(self):
        return "\n".join([*self.output.lines, *self.errors.lines])

    def processes(self):
        """Those that have to do with it: its folder is in their command line or environment."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as line:
                    told = line.read()
                with open(f"/proc/{pid}/environ", "rb") as environment:
                    told += environment.read()
            except OSError:
                continue
            if self.temporary.encode() in told:
                found.append(int(pid))
        return found

    def wait(self):
        status = self.process.wait(Deadline("the end of the demo").left())
        self.output.all()
        self.errors.all()
        return status

    def close(self):
        """Ends it in any case, and keeps what its rivuletd said."""
        for path in glob.glob(f"{self.temporary}/*/rivuletd.log"):
            with open(path, "rb") as log:
                record.said("rivuletd", log.read())
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        for item in (self.process.stdout, self.process.stderr, *self.held):
            item.close()
        shutil.rmtree(self.temporary, ignore_errors=True)


def paste(line, **more):
    """Runs a line in a shell, as someone does who has pasted it."""
    return subprocess.Popen(["sh", "-c", line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=command.environment(**more))


class RunningTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Another way to the same checkout, with a space in it.
        cls.links = cls.enterClassContext(command.folder())
        linked = os.path.join(cls.links, "a checkout")
        os.symlink(ROOT, linked)
        cls.demo = Demo(script=os.path.join(linked, "data", "demo", "run"))
        cls.addClassCleanup(cls.demo.close)
        cls.demo.wait_ready()

    def follow(self, line):
        """What a pasted curl line prints."""
        curl = paste("exec " + line)

        def end():
            curl.kill()
            curl.wait()
            output.all()
            curl.stdout.close()
            curl.stderr.close()

        output = Output(curl.stdout, line)
        self.addCleanup(end)
        return output

    def test_curl_lines(self):
        self.assertEqual(len(self.demo.curls), 4)
        for line, stream in zip(self.demo.curls, eventstream.PATHS):
            with self.subTest(stream=stream):
                self.assertIn(f"http://localhost:{self.demo.port}{eventstream.PATHS[stream]}", line)
                output = self.follow(line)
                self.assertEqual(output.next_with("event: "),
                                 f"event: {eventstream.INITIAL[stream][0]}")

    def test_every_stream_is_fed(self):
        outputs = [self.follow(line) for line in self.demo.curls]
        for output, event in zip(outputs, ("new-event", "stats-update", "quota-update", "count")):
            output.next_with(f"event: {event}")
        outputs[0].next_with('"delivery_id":"webhook-')

    def test_gdbus_lines(self):
        self.assertEqual(len(self.demo.calls), 3)
        for line in self.demo.calls:
            with self.subTest(line=line):
                call = paste(line)
                out, err = call.communicate(timeout=Deadline("gdbus").left())
                self.assertEqual((call.returncode, err), (0, b""))
                self.assertRegex(out.decode(), r"\A\('[0-9a-z]+-\d+',\)\n\Z")
        self.assertIn("'audience': <'42'>", self.demo.calls[2])

    def test_what_operators_see(self):
        line, = (line for line in self.demo.output.lines if "/metrics" in line)
        look = paste(line[line.index("curl "):])
        out, _ = look.communicate(timeout=Deadline("curl").left())
        self.assertIn(b'\nrivulet_stream_up{stream="quota"} 1\n', out)

    def test_the_dashboard(self):
        """Its link has a token that is good for all that it does, and its page may follow."""
        origin, token = self.demo.link.split("/#token=")
        self.assertEqual(origin, f"http://localhost:{self.demo.dashboard_port}")
        page = wire.request(f"127.0.0.1:{self.demo.dashboard_port}", "/")
        self.assertEqual(page.status, 200)
        self.assertIn(f" http://localhost:{self.demo.port};", page.head.get("Content-Security-Policy"))
        clients = f"127.0.0.1:{self.demo.port}"
        for stream in eventstream.PATHS:
            answer = wire.request(clients, f"/publish/{stream}", {
                "Origin": origin, "Authorization": f"Bearer {token}"}, method="POST", body=b"{}")
            self.assertEqual((answer.status, answer.head.get("Access-Control-Allow-Origin")), (400, origin))

    def test_secrets_are_private(self):
        folder, = (os.path.join(self.demo.temporary, name)
                   for name in os.listdir(self.demo.temporary))
        self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)
        for name in ("secret", "webhook-secret"):
            path = os.path.join(folder, name)
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            with open(path, encoding="ascii") as file:
                secret = file.read()
            self.assertGreaterEqual(len(secret), 64)
            self.assertNotIn(secret, self.demo.said())
            for pid in self.demo.processes():
                with open(f"/proc/{pid}/cmdline", "rb") as line:
                    self.assertNotIn(secret.encode(), line.read())

    def test_root_is_warned(self):
        self.assertEqual("Warning: this runs as root" in "\n".join(self.demo.errors.lines),
                         os.geteuid() == 0)

    def test_occupied_port(self):
        status, out, err = run("--port", str(self.demo.port))
        self.assertEqual((status, out), (1, ""))
        self.assertIn(f"port {self.demo.port} is taken already", err)
        self.assertIn("--port ", err)
        with ports.hold() as held:
            status, out, err = run("--port", str(ports.number(held)),
                                   "--dashboard-port", str(self.demo.dashboard_port))
        self.assertEqual((status, out), (1, ""))
        self.assertIn(f"port {self.demo.dashboard_port} is taken already", err)
        self.assertIn("--dashboard-port", err)


class EndingTest(unittest.TestCase):
    def start(self, *arguments, **more):
        demo = Demo(*arguments, **more)
        self.addCleanup(demo.close)
        return demo

    def assert_gone(self, demo):
        self.assertEqual(demo.wait(), 0, demo.said())
        self.assertEqual(demo.processes(), [])
        self.assertEqual(os.listdir(demo.temporary), [])

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            for arguments in ([], ["--quiet"]):
                with self.subTest(number=number, arguments=arguments):
                    demo = self.start(*arguments).wait_ready()
                    demo.process.send_signal(number)
                    self.assert_gone(demo)

    def test_interrupt_of_the_whole_group(self):
        demo = self.start().wait_ready()
        os.killpg(demo.process.pid, signal.SIGINT)
        self.assert_gone(demo)
        self.assertNotIn("rivulet: ", demo.said())

    def test_while_building(self):
        demo = self.start()
        demo.output.next_with("Building")
        demo.process.terminate()
        self.assert_gone(demo)

    def test_in_the_sandbox_of_an_editor(self):
        """Beside its sources it builds them, whichever Flatpak the terminal is in."""
        demo = self.start(FLATPAK_ID="org.gnome.Builder")
        demo.output.next_with("Building")
        demo.process.terminate()
        self.assert_gone(demo)

    def test_output_closed(self):
        reading, writing = os.pipe()
        with command.folder() as temporary, ports.hold() as held, ports.hold() as other:
            demo = start("--port", str(ports.number(held)), "--dashboard-port", str(ports.number(other)),
                         temporary=temporary, stdout=writing)
            os.close(writing)
            with os.fdopen(reading, "rb") as pipe:
                pipe.readline()
            # Its next line finds nobody.
            demo.communicate(timeout=BUILDING)
            self.assertEqual(demo.returncode, 0)
            self.assertEqual(os.listdir(temporary), [])

    def test_daemon_dies(self):
        demo = self.start("--quiet").wait_ready()
        for pid in demo.processes():
            with open(f"/proc/{pid}/comm", encoding="ascii") as name:
                if name.read() == "rivuletd\n":
                    os.kill(pid, signal.SIGKILL)
        self.assertEqual(demo.wait(), 1)
        self.assertIn("rivuletd ended by itself", demo.said())
        self.assertEqual(demo.processes(), [])
        self.assertEqual(os.listdir(demo.temporary), [])


class QuietTest(unittest.TestCase):
    def test_nothing_is_fed(self):
        demo = Demo("--quiet")
        self.addCleanup(demo.close)
        demo.wait_ready()
        call = paste(demo.calls[0])
        self.assertRegex(call.communicate()[0].decode(), r"\A\('[0-9a-z]+-1',\)\n\Z")


class CommandLineTest(unittest.TestCase):
    def test_help(self):
        status, out, err = run("--help")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("Usage: sh data/demo/run [--port N] [--dashboard-port N] [--quiet]", out)

    def test_where_it_is_installed(self):
        """It goes by another name, and builds nothing."""
        with command.folder() as folder:
            shutil.copytree(os.path.dirname(RUN), f"{folder}/demo")
            status, out, err = run("--help", script=f"{folder}/demo/run")
            self.assertEqual((status, err), (0, ""))
            self.assertIn("Usage: rivulet-demo [--port N]", out)
            self.assertNotIn("uild", out)
            self.assertIn("Try “rivulet-demo --help”.", run("--prot", script=f"{folder}/demo/run")[2])

    def test_wrong_options(self):
        for arguments, said in (
            (["--prot", "3002"], "“--prot” is not an option"),
            (["3002"], "“3002” is not an option"),
            (["--port"], "--port: which?"),
            (["--port", "0"], "--port: “0” is not a number"),
            (["--port=65536"], "--port: “65536” is not a number"),
            (["--port", "123456"], "--port: “123456” is not a number"),
            (["--port", "http"], "--port: “http” is not a number"),
            (["--port", ""], "--port: “” is not a number"),
            (["--dashboard-port"], "--dashboard-port: which?"),
            (["--dashboard-port=x"], "--dashboard-port: “x” is not a number"),
            (["--port", "3002", "--dashboard-port", "3002"], "--dashboard-port: clients come to that one"),
        ):
            with self.subTest(arguments=arguments):
                status, out, err = run(*arguments)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(said, err)
                self.assertIn("--help", err)

    def test_occupied_port(self):
        for host, family in (("127.0.0.1", socket.AF_INET), ("0.0.0.0", socket.AF_INET),
                             ("::1", socket.AF_INET6), ("::", socket.AF_INET6)):
            with self.subTest(host=host):
                try:
                    listener = socket.create_server((host, 0), family=family)
                except OSError as error:
                    self.skipTest(f"no {host} on this machine: {error}")
                with listener:
                    port = listener.getsockname()[1]
                    status, out, err = run("--port", str(port))
                self.assertEqual((status, out), (1, ""))
                self.assertIn(f"port {port} is taken already", err)
