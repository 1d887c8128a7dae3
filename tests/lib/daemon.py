# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts and ends rivuletd, and keeps all that it says on stderr."""

import os
import re
import secrets
import shlex
import signal
import subprocess
import threading

import record
from waiting import Deadline, TimedOut, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("RIVULET_BUILD", os.path.join(ROOT, "build"))
PROGRAM = os.path.join(BUILD, "src", "rivuletd")
CLI = os.path.join(BUILD, "src", "cli", "rivulet")
PLUGINS = os.path.join(BUILD, "plugins")

# Valgrind, say; its own reports end the daemon with a status that is not 0.
WRAPPER = shlex.split(os.environ.get("RIVULET_WRAPPER", ""))

# Whatever the language is of whoever runs the tests.
ENGLISH = {"LC_ALL": "C.UTF-8", "LANGUAGE": ""}

LISTENING = re.compile(r"rivuletd: listening on (\S+)")
FOR_OPERATORS = re.compile(r"rivuletd: listening for operators on (\S+)")
COMPLAINT = re.compile(
    r"^rivuletd: (warning|critical|error): |\*\*|runtime error:|Sanitizer|^==\d+== "
)


def sanitizer_environment():
    return {
        "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
        "LSAN_OPTIONS": "suppressions=" + os.path.join(os.path.dirname(__file__), "lsan.supp")
        + ":print_suppressions=0",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "G_SLICE": "always-malloc",
    }


def write_config(path, groups):
    """Writes {group: {key: value}} as a key file; a value of None leaves the key out."""
    with open(path, "w", encoding="utf-8") as file:
        for group, keys in groups.items():
            file.write(f"[{group}]\n")
            file.writelines(f"{key}={value}\n" for key, value in keys.items() if value is not None)
            file.write("\n")


class Secret:
    """A secret in a file of its own; `line_end` must not be taken for a part of it."""

    def __init__(self, folder, name, value=None, line_end="\n"):
        self.text = value or secrets.token_hex(24)
        self.bytes = self.text.encode()
        record.secret(self.text)
        self.path = os.path.join(folder, name)
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(self.text + line_end)
        os.chmod(self.path, 0o600)


class Daemon:
    def __init__(self, arguments, environment=None):
        self.lines = []
        self.expected = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            [*WRAPPER, PROGRAM, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **sanitizer_environment(), **ENGLISH, **(environment or {})},
        )
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            record.said("rivuletd", line.rstrip(b"\n"))
            with self.changed:
                self.lines.append(line.decode("utf-8", "backslashreplace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.lines.append("")
            self.changed.notify_all()

    def said(self, start=0):
        with self.changed:
            return "\n".join(self.lines[start:])

    def wait_for_line(self, pattern, count=1, start=0, seconds=None):
        """Waits until so many lines of stderr from `start` on match; returns the matches."""
        deadline = Deadline(f"{count} lines like {pattern!r} on the daemon's stderr", seconds)
        with self.changed:
            while True:
                found = [re.search(pattern, line) for line in self.lines[start:]]
                found = [match for match in found if match]
                if len(found) >= count:
                    return found
                if self.process.poll() is not None and not self.reader.is_alive():
                    raise AssertionError(f"rivuletd ended with {self.process.returncode}:\n"
                                         + "\n".join(self.lines))
                try:
                    self.changed.wait(min(1, deadline.left()))
                except TimedOut as error:
                    raise TimedOut(f"{error}:\n" + "\n".join(self.lines)) from None

    def wait_listening(self, count=1):
        """Waits until it serves; returns its addresses as it names them."""
        addresses = [match.group(1) for match in self.wait_for_line(LISTENING, count)]
        record.process("rivuletd", self.pid)
        return addresses

    def wait_for_operators(self, count=1):
        """Waits until it answers operators; returns the addresses as it names them."""
        return [match.group(1) for match in self.wait_for_line(FOR_OPERATORS, count)]

    def expect(self, pattern):
        """Says that lines like this are in order, although they complain."""
        self.expected.append(pattern)

    def complaints(self):
        with self.changed:
            return [line for line in self.lines if COMPLAINT.search(line)
                    and not any(re.search(pattern, line) for pattern in self.expected)]

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=None):
        """Waits for its end; returns its status."""
        try:
            status = self.process.wait(Deadline("the end of rivuletd", seconds).left())
        except subprocess.TimeoutExpired:
            raise TimedOut("rivuletd does not end:\n" + self.said()) from None
        self.reader.join(Deadline("the end of rivuletd's stderr").left())
        if not self.process.stdout.closed:
            record.said("rivuletd's stdout", self.process.stdout.read())
            self.process.stdout.close()
        return status

    def stop(self):
        """Ends it as an administrator would; returns its status."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.wait()

    def assert_clean(self):
        """Ends it, and fails where it ended badly or complained of anything."""
        try:
            status = self.stop()
        except TimedOut:
            self.kill()
            raise
        if status != 0:
            raise AssertionError(f"rivuletd ended with {status}:\n{self.said()}")
        complaints = self.complaints()
        if complaints:
            raise AssertionError("rivuletd complained:\n" + "\n".join(complaints)
                                 + "\n\nof all that it said:\n" + self.said())

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def wait_descriptors(self, count):
        wait_until(lambda: self.descriptors() <= count, f"no more than {count} descriptors")

    def private_dirty(self):
        """Bytes of memory that only this process has."""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as rollup:
            for line in rollup:
                if line.startswith("Private_Dirty:"):
                    return int(line.split()[1]) * 1024
        raise AssertionError("no Private_Dirty in smaps_rollup")


def run_to_end(arguments, environment=None):
    """Runs rivuletd that is to end by itself; returns status, stdout and stderr."""
    done = subprocess.run(
        [*WRAPPER, PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=Deadline("rivuletd").left(), check=False,
        env={**os.environ, **sanitizer_environment(), **ENGLISH, **(environment or {})},
    )
    record.said("rivuletd", done.stdout)
    record.said("rivuletd", done.stderr)
    return done.returncode, done.stdout, done.stderr
