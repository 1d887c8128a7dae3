# SPDX-License-Identifier: LGPL-2.1-or-later
"""strace on a running daemon: in which order it calls, and calls that are made to fail."""

import os
import re
import shutil
import signal
import subprocess
import threading
import unittest

from waiting import Deadline, wait_until

LINE = re.compile(r"(\d+) +(\d+\.\d+) (.*)\Z", re.DOTALL)
BEGUN = re.compile(r"(\w+)\((.*)\Z", re.DOTALL)
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)\Z", re.DOTALL)
UNFINISHED = " <unfinished ...>"


def need_strace():
    """Skips where calls cannot be traced."""
    if shutil.which("strace") is None:
        raise unittest.SkipTest("strace is not installed")
    tried = subprocess.run(["strace", "-e", "trace=none", "true"], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        raise unittest.SkipTest(f"strace may not trace: {tried.stderr.strip()[-200:]}")


class Call:
    """A system call: `begun` and `ended` are line numbers, the order in which things happened."""

    def __init__(self, name, text, begun):
        self.name = name
        self.text = text
        self.begun = begun
        self.ended = None
        self.result = None

    def end(self, rest, number):
        self.text += rest
        self.ended = number
        _, _, self.result = self.text.rpartition(" = ")

    def on(self, path_end):
        """Whether its descriptor is that of a file of which the path ends so."""
        return re.match(r"\d+<[^>]*" + re.escape(path_end) + ">", self.text) is not None

    @property
    def on_socket(self):
        return re.match(r"\d+<(UNIX|UNIX-STREAM|TCP|TCPv6|socket):", self.text) is not None

    def __repr__(self):
        return f"{self.begun}–{self.ended} {self.name}({self.text[:300]}"


def parse(lines):
    """The calls in the order in which they began."""
    calls = []
    open_calls = {}
    for number, line in enumerate(lines):
        match = LINE.match(line)
        if match is None:
            continue
        thread, _, text = match.groups()
        resumed = RESUMED.match(text)
        begun = BEGUN.match(text)
        if resumed and thread in open_calls:
            open_calls.pop(thread).end(resumed.group(2), number)
        elif begun:
            unfinished = text.endswith(UNFINISHED)
            call = Call(begun.group(1), begun.group(2).removesuffix(UNFINISHED), number)
            calls.append(call)
            if unfinished:
                open_calls[thread] = call
            else:
                call.end("", number)
    return calls


class Trace:
    """strace on all threads of a process, from when the constructor returns until stop()."""

    def __init__(self, pid, folder, *options):
        self.path = os.path.join(folder, "trace")
        self.process = subprocess.Popen(
            ["strace", "-f", "-ttt", "-yy", "-s", "100000", "-o", self.path, "-p", str(pid),
             *options], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.said = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        wait_until(lambda: self.attached(pid), "strace attached")

    def _read(self):
        for line in self.process.stderr:
            self.said.append(line.decode("utf-8", "replace"))

    def attached(self, pid):
        if self.process.poll() is not None:
            raise AssertionError("strace ended: " + "".join(self.said))
        threads = set(os.listdir(f"/proc/{pid}/task"))
        for thread in threads:
            with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii") as status:
                if f"TracerPid:\t{self.process.pid}\n" not in status.read():
                    return False
        return True

    def stop(self):
        """Lets the process go; returns the calls."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(Deadline("the end of strace").left())
        self.reader.join(Deadline("the end of strace's stderr").left())
        self.process.stderr.close()
        if not os.path.exists(self.path):
            return []
        with open(self.path, encoding="utf-8", errors="backslashreplace") as file:
            return parse(file.read().split("\n"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()


class Failing(Trace):
    """Calls on some files that fail: each as in `failing`, {name: "error=EIO:when=1"}."""

    def __init__(self, pid, folder, paths, failing):
        options = ["-e", "trace=" + ",".join(failing)]
        for path in paths:
            options += ["-P", path]
        for name, how in failing.items():
            options += ["-e", f"inject={name}:{how}"]
        super().__init__(pid, folder, *options)

    def injected(self):
        """How many calls have failed up to now."""
        if not os.path.exists(self.path):
            return 0
        with open(self.path, encoding="utf-8", errors="backslashreplace") as file:
            return file.read().count("(INJECTED)")
