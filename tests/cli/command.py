# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the rivulet command as a user would, and a server that answers it as the test says."""

import os
import select
import signal
import socket
import subprocess
import tempfile
import threading

import daemon
import record
from waiting import Deadline, TimedOut

UNSET = {"RIVULET_TOKEN", "NO_COLOR", "DBUS_SESSION_BUS_ADDRESS", "CREDENTIALS_DIRECTORY"}


def environment(**more):
    record.secret(more.get("RIVULET_TOKEN", ""))
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    return {**kept, **daemon.sanitizer_environment(), **daemon.ENGLISH, "TERM": "xterm",
            "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent", **more}


def run(*arguments, given="", bus=None, **more):
    """Runs it to its end; returns status, stdout and stderr."""
    if bus is not None:
        more["DBUS_SESSION_BUS_ADDRESS"] = bus.address
    text = given if isinstance(given, bytes) else given.encode()
    done = subprocess.run([daemon.CLI, *arguments], input=text, capture_output=True, check=False,
                          env=environment(**more), timeout=Deadline("rivulet").left())
    record.said("rivulet", done.stderr)
    if arguments[:1] != ("token",):
        record.said("rivulet", done.stdout)
    return done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "backslashreplace")


class Output:
    """The lines of one of its pipes, as they come."""

    def __init__(self, pipe, what):
        self.pipe = pipe
        self.what = what
        self.lines = []
        self.taken = 0
        self.ended = False
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        try:
            for line in self.pipe:
                with self.changed:
                    self.lines.append(line.decode("utf-8", "backslashreplace").rstrip("\n"))
                    self.changed.notify_all()
        except (OSError, ValueError):
            pass  # the other end of a terminal is gone
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def next(self):
        """The next line; fails where there is none."""
        deadline = Deadline(f"a line on {self.what}")
        with self.changed:
            while len(self.lines) == self.taken:
                if self.ended:
                    raise AssertionError(f"{self.what} ended after {self.lines}")
                self.changed.wait(deadline.left())
            self.taken += 1
            return self.lines[self.taken - 1]

    def next_with(self, text):
        """The next line that has this in it; the others are passed over."""
        while True:
            line = self.next()
            if text in line:
                return line

    def all(self):
        self.reader.join(Deadline(f"the end of {self.what}").left())
        return "\n".join(self.lines)


class Command:
    """A rivulet that runs meanwhile."""

    def __init__(self, *arguments, bus=None, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more):
        if bus is not None:
            more["DBUS_SESSION_BUS_ADDRESS"] = bus.address
        self.process = subprocess.Popen(
            [daemon.CLI, *arguments], stdin=subprocess.PIPE, stdout=stdout, stderr=stderr,
            env=environment(**more))
        self.output = Output(self.process.stdout, "stdout") if self.process.stdout else None
        self.errors = Output(self.process.stderr, "stderr") if self.process.stderr else None
        # In its environment a token may be: RIVULET_TOKEN.
        record.process("rivulet", self.process.pid, ["cmdline"])

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def wait(self):
        """Waits for its end; returns its status."""
        try:
            return self.process.wait(Deadline("the end of rivulet").left())
        except subprocess.TimeoutExpired:
            said = self.errors.lines if self.errors else ""
            raise TimedOut(f"rivulet does not end: {said}") from None

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe, output in ((self.process.stdout, self.output), (self.process.stderr, self.errors)):
            if output is not None:
                output.reader.join(Deadline("the end of a pipe").left())
                pipe.close()
        if self.process.stdin and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass


def read_until(descriptor, text, shown=b""):
    """Reads from a terminal until that has come; returns all that was shown."""
    deadline = Deadline(f"{text!r} on a terminal")
    while text not in shown:
        if select.select([descriptor], [], [], deadline.left())[0]:
            shown += os.read(descriptor, 4096)
    return shown


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"


# At an answer's end: the connection is kept open.
OPEN = b"\0OPEN"


class Server:
    """Answers one connection after the other with what it is told, then has no listener."""

    def __init__(self, *answers):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.answers = answers
        self.requests = []
        self.open = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        for number, answer in enumerate(self.answers):
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            if number == len(self.answers) - 1:
                self.socket.close()
            request = b""
            while b"\r\n\r\n" not in request:
                piece = client.recv(65536)
                if not piece:
                    break
                request += piece
            self.requests.append(request.decode("latin-1"))
            client.sendall(answer.removesuffix(OPEN))
            if answer.endswith(OPEN):
                self.open.append(client)
            else:
                client.close()

    def header(self, number, name):
        """A header's value in the request of that number, None where it is not there."""
        for line in self.requests[number].split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None

    def close(self):
        """Ends it; what it was told to keep open is closed."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.thread.join(Deadline("the end of the server").left())
        for client in self.open:
            client.close()


def folder():
    """A private folder, as a context."""
    return tempfile.TemporaryDirectory(prefix="rivulet-cli-")
