# SPDX-License-Identifier: LGPL-2.1-or-later
"""rivulet-bench as a child that is told step by step what to do."""

import json
import os
import subprocess

from servers import PROGRAMS

PATH = os.path.join(PROGRAMS, "rivulet-bench")


class Failed(Exception):
    """What rivulet-bench found wrong."""


class Generator:
    def __init__(self, arguments):
        self.process = subprocess.Popen(
            [PATH, "--commands", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for pipe in self.process.stdin, self.process.stdout, self.process.stderr:
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def step(self, name, number=None):
        """Runs a step; returns its figures."""
        try:
            self.process.stdin.write(f"{name} {number}\n" if number is not None else f"{name}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            raise Failed(self.process.stderr.read().strip() or "rivulet-bench ended")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(f"{name}: {answer['error']}")
        return answer["figures"]
