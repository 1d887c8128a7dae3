# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine with a systemd of its own, on which Rivulet is installed as it would be on another."""

import glob
import os
import secrets
import shutil
import subprocess
import tempfile
import unittest

import daemon
import record
import tokens
from waiting import PATIENCE, wait_until

BOOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "boot")
# Its status where that can't be done on this machine.
CANNOT = 125
NAME = "io.github.rivulet.Rivulet"
OBJECT = "/io/github/rivulet/Rivulet"
# What a machine of this kind may have that starts by itself and is not looked at here.
WANTED = ("dbus", "systemd", "getty", "polkit", "rivulet")


class Machine:
    build = daemon.BUILD
    configuration = "etc/rivulet"

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="rivulet-machine-")
        self.seed = os.path.join(self.folder, "seed")
        self.booted = os.path.join(self.folder, "booted")
        os.mkdir(self.booted)
        # Whatever ends this process, the machine ends with it (see boot).
        held, self.hold = os.pipe()
        self.secret = secrets.token_hex(32)
        record.secret(self.secret)
        try:
            self.install()
            done = subprocess.run([BOOT, "start", self.booted, self.seed], check=False,
                                  stdin=held, capture_output=True, text=True)
            if done.returncode == CANNOT:
                raise unittest.SkipTest("no systemd can be booted here: "
                                        + (done.stderr.strip().splitlines() or ["?"])[-1])
            if done.returncode != 0:
                raise AssertionError(f"the boot did not end: {done.stderr}")
            self.enable()
        except BaseException:
            self.stop()
            raise
        finally:
            os.close(held)

    def install(self):
        """As `meson install` has it, and what an administrator does then."""
        subprocess.run(["meson", "install", "--no-rebuild", "--quiet", "-C", self.build],
                       check=True, env={**os.environ, "DESTDIR": self.seed},
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        # The root's /lib may be a link to /usr/lib.
        if os.path.islink("/lib") and os.path.isdir(os.path.join(self.seed, "lib")):
            shutil.copytree(os.path.join(self.seed, "lib"), os.path.join(self.seed, "usr/lib"),
                            symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(os.path.join(self.seed, "lib"))
        self.write(f"{self.configuration}/secret", self.secret + "\n", 0o600)
        self.add_users()
        self.mask()

    def enable(self):
        """Else nobody on the bus starts it."""
        self.systemctl("enable", "rivulet.socket")

    def add_users(self):
        """They are made at the boot, as sysusers.d(5) says; these are those of the tests."""
        self.write("usr/lib/sysusers.d/tests.conf",
                   "g rivulet-publishers -\nu publisher -\nu stranger -\n"
                   "m publisher rivulet-publishers\n")

    def mask(self):
        """What else starts by itself takes its time."""
        folder = os.path.join(self.seed, "etc/systemd/system")
        os.makedirs(folder, exist_ok=True)
        for link in glob.glob("/etc/systemd/system/*.wants/*.service"):
            name = os.path.basename(link)
            if not name.startswith(WANTED):
                os.symlink("/dev/null", os.path.join(folder, name))

    def write(self, path, text, mode=0o644):
        whole = os.path.join(self.seed, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(whole, mode)

    def stop(self):
        subprocess.run([BOOT, "stop", self.booted], check=False, stdin=subprocess.DEVNULL,
                       capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.hold)

    def start(self, *command, user=None, **more):
        """A command on the machine, as it runs."""
        if user is not None:
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *command]
        return subprocess.Popen([BOOT, "run", self.booted, *command], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)

    def run(self, *command, user=None, status=0, patience=PATIENCE):
        """Runs a command to its end; returns what it said, on stdout and stderr."""
        process = self.start(*command, user=user)
        said, _ = process.communicate(timeout=patience)
        if status is not None and process.returncode != status:
            raise AssertionError(f"{command}: {process.returncode}: {said}\n{self.journal()}")
        return said

    def systemctl(self, *arguments, **more):
        return self.run("systemctl", *arguments, **more).strip()

    def journal(self):
        process = self.start("journalctl", "--no-pager", "-q", "-u", "rivulet.service", "-u",
                             "rivulet.socket")
        return process.communicate(timeout=PATIENCE)[0]

    def token(self, subject="42"):
        return tokens.make(self.secret.encode(), subject)

    def gdbus(self, method, *arguments, user=None, status=0):
        return self.run("gdbus", "call", "--system", "--dest", NAME, "--object-path", OBJECT,
                        "--method", method, *arguments, user=user, status=status)

    def publish(self, used, **more):
        return self.gdbus("io.github.rivulet.Rivulet1.Publisher.Publish", "quota",
                          '{"type":"quota","quota":{"used":%d,"remaining":0}}' % used, "{}", **more)

    def gdbus_request_name(self, user):
        """What the bus says to a user who would be rivuletd."""
        return self.run("gdbus", "call", "--system", "--dest", "org.freedesktop.DBus",
                        "--object-path", "/org/freedesktop/DBus", "--method",
                        "org.freedesktop.DBus.RequestName", NAME, "4", user=user, status=1)

    def follow(self, path="/quota/stream", *arguments):
        """curl, with what it says line by line."""
        return self.start("curl", "-sN", "--max-time", str(int(PATIENCE)), *arguments,
                          "-H", f"Authorization: Bearer {self.token()}",
                          f"http://127.0.0.1:3001{path}", bufsize=1)

    def wait_state(self, unit, state):
        wait_until(lambda: self.systemctl("is-active", unit, status=None) == state,
                   f"{unit} to be {state}")


# Stops one thread of a process and nothing else of it, until that is killed (ptrace(2)).
STOPPER = """
import ctypes, os, sys
WALL = 0x40000000
thread = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
for request in 0x4206, 0x4207:  # PTRACE_SEIZE, PTRACE_INTERRUPT
    if libc.ptrace(request, thread, None, None) != 0:
        sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")
os.waitpid(thread, WALL)
print("stopped", flush=True)
os.waitpid(thread, WALL)
"""


def read_until(process, text):
    """The lines that a process says, up to one with a text in it."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(f"no {text!r} in {lines}")
