# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user of their own who has Flatpak, with the development build installed, and what they run of it."""

import atexit
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

import daemon
import ports
import privatebus
import record
import runtime
from waiting import PATIENCE, Deadline, TimedOut, wait_until

APP = "io.github.rivulet.Rivulet.Devel"
NAME = "io.github.rivulet.Rivulet"
OBJECT = "/io/github/rivulet/Rivulet"
MANIFEST = os.path.join(daemon.ROOT, "data", "flatpak", f"{APP}.yml")
VERSION = "49"
# To build all of it, on a machine that does other things too.
BUILDING = 800


def check_machine():
    """Skips where this machine can't have a sandbox, or can't make the runtimes."""
    for program in "flatpak", "flatpak-builder", "eu-strip", "bwrap", "dpkg-query", "dbus-daemon":
        if shutil.which(program) is None:
            raise unittest.SkipTest(f"there is no {program}")
    tried = subprocess.run(
        ["bwrap", "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc", "true"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        raise unittest.SkipTest(f"no sandbox can be made here: {tried.stderr.strip()}")
    missing = runtime.Packages().missing()
    if missing:
        raise unittest.SkipTest(f"the runtime can't be made without {', '.join(missing)}")


class Running:
    """A command that runs, in a process group of its own, as a terminal has it."""

    def __init__(self, command, environment):
        self.lines = []
        self.coming = queue.Queue()
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.coming.put(line.rstrip("\n"))
        self.coming.put(None)

    def wait_for(self, text):
        """Waits for a line with this in it, and returns it."""
        deadline = Deadline(f"a line with {text!r}")
        while True:
            try:
                line = self.coming.get(timeout=deadline.left())
            except (queue.Empty, TimedOut):
                raise TimedOut(f"no line with {text!r} came:\n" + "\n".join(self.lines)) from None
            if line is None:
                raise AssertionError(f"it ended without {text!r}:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if text in line:
                return line

    def send(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def runs(self):
        self.process.poll()
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def stop(self, number=signal.SIGINT):
        """As Ctrl-C does; returns when all of the group are gone."""
        self.send(number)
        try:
            wait_until(lambda: not self.runs(), "the end of the sandbox")
        except TimedOut:
            self.send(signal.SIGKILL)
            raise
        finally:
            self.process.wait()
            self.reader.join()
            self.process.stdout.close()


class Installation:
    """Nothing of the real user's, or of the machine's Flatpak, is seen or touched."""

    def __init__(self):
        check_machine()
        self.folder = tempfile.mkdtemp(prefix="rivulet-flatpak-")
        self.home = os.path.join(self.folder, "home")
        self.data = os.path.join(self.home, ".var", "app", APP)
        self.installed = os.path.join(self.folder, "flatpak")
        self.run_dir = os.path.join(self.folder, "run")
        os.mkdir(self.home)
        os.mkdir(self.run_dir, 0o700)
        self.bus = None
        self.started = []
        # Its sandboxes are in no process group but their own: whoever ends the tests ends them too.
        atexit.register(self.remove)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        self.held = [ports.hold(), ports.hold()]
        self.port, self.operators = map(ports.number, self.held)
        self.bus = privatebus.PrivateBus(self.folder)
        self.environment = self.make_environment()
        self.flatpak("remote-add", "--no-gpg-verify", "runtimes", f"file://{runtime.make(VERSION)}")
        self.flatpak("install", "-y", "--noninteractive", "runtimes",
                     *(f"org.gnome.{name}//{VERSION}" for name in ("Platform", "Sdk")))
        self.before = self.files()
        self.build(MANIFEST)

    def make_environment(self):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("XDG_", "FLATPAK_", "DBUS_", "DISPLAY", "WAYLAND_"))}
        return {**kept, "HOME": self.home, "XDG_RUNTIME_DIR": self.run_dir,
                "FLATPAK_USER_DIR": self.installed, "FLATPAK_SYSTEM_DIR": os.path.join(self.folder, "system"),
                "FLATPAK_CONFIG_DIR": os.path.join(self.folder, "etc"),
                "DBUS_SESSION_BUS_ADDRESS": self.bus.address,
                "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.folder}/no-system-bus", "LC_ALL": "C.UTF-8"}

    def remove(self):
        for started in self.started:
            started.send(signal.SIGKILL)
        if self.bus is not None:
            self.bus.stop()
        for held in self.held:
            held.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, *command, status=0, patience=PATIENCE):
        """Runs a command to its end, outside of any sandbox; returns what it said."""
        done = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=patience)
        if status is not None and done.returncode != status:
            raise AssertionError(f"{command}: {done.returncode}:\n{done.stdout}")
        return done.stdout

    def flatpak(self, verb, *arguments, **more):
        return self.call("flatpak", "--user", verb, *arguments, patience=BUILDING, **more)

    def build(self, manifest):
        """Builds what a manifest says, and installs it; what was built before is kept for the next time."""
        name = os.path.basename(os.path.dirname(manifest))
        self.call("flatpak-builder", "--user", "--install", "--force-clean", "--disable-rofiles-fuse",
                  f"--state-dir={runtime.FOLDER}/state-{name}", f"{runtime.FOLDER}/app-{name}", manifest,
                  patience=BUILDING)

    def command(self, *command):
        inside = [f"--command={command[0]}"] if command else []
        return ["flatpak", "--user", "run", *inside, APP, *command[1:]]

    def start(self, *command):
        """Starts a command outside of any sandbox."""
        self.started.append(Running(command, self.environment))
        return self.started[-1]

    def start_inside(self, *command):
        """Starts a command in the sandbox; without any, what is started by default."""
        return self.start(*self.command(*command))

    def inside(self, *command, **more):
        """Runs a command in the sandbox to its end."""
        return self.call(*self.command(*command), **more)

    def token(self, *arguments):
        token = self.inside("rivulet", "token", "--sub", "42", *arguments).strip()
        record.secret(token)
        return token

    def publish(self, stream, update, **more):
        """From outside, as any program of the session."""
        return self.call("gdbus", "call", "--session", "--dest", NAME, "--object-path", OBJECT, "--method",
                         f"{NAME}1.Publisher.Publish", stream, update, "{}", **more)

    def follow(self, path, *arguments):
        return self.start("curl", "-sN", f"http://localhost:{self.port}{path}?token={self.token(*arguments)}")

    def configure(self):
        """As a user who gives it other ports than those of the first start, which makes it."""
        self.inside("rivulet-start", "--check-config")
        folder = os.path.join(self.data, "config", "rivulet")
        path = os.path.join(folder, "rivulet.conf")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for old, new in (3001, self.port), (3002, self.operators):
            text = text.replace(f"localhost:{old}", f"localhost:{new}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        with open(os.path.join(folder, "secret"), encoding="utf-8") as file:
            record.secret(file.read())

    def files(self):
        """All that Flatpak has installed and shows to the desktop, but for what it keeps of its own."""
        found = {os.path.join(folder, name) for top in ("app", "runtime", "exports")
                 for folder, _, names in os.walk(f"{self.installed}/{top}") for name in names}
        return {path for path in found if not path.endswith((".cache", "/.changed", "/index.theme"))}
