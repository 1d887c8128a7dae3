# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine ends with whoever has it, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import daemon  # noqa: E402
from waiting import Deadline, wait_until  # noqa: E402

# Boots one in which nothing is installed, says where it is, and does nothing more.
STARTER = """
import os, signal, sys
import machine
class Bare(machine.Machine):
    def install(self):
        os.mkdir(self.seed)
        self.mask()
    def enable(self):
        pass
try:
    print(Bare().folder, flush=True)
except Exception as error:
    sys.exit(f"skip: {error}")
signal.pause()
"""


def groups(name):
    """The control groups of a machine."""
    said = subprocess.run(["findmnt", "-n", "-t", "cgroup2", "-o", "TARGET"], check=True,
                          capture_output=True, text=True).stdout.split("\n")[0]
    return os.path.join(said, name)


@unittest.skipUnless(os.geteuid() == 0, "only root can boot a systemd")
class Ended(unittest.TestCase):
    def start(self):
        """A process that has a machine, and the machine's folder."""
        process = subprocess.Popen(
            [sys.executable, "-c", STARTER], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, "PYTHONPATH": f"{os.path.dirname(daemon.__file__)}:{HERE}"})
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        folder = process.stdout.readline().strip()
        if not folder:
            said = process.stderr.read()
            if said.startswith("skip: "):
                self.skipTest(said)
            self.fail(said)
        return process, folder

    def test_it_ends_with_its_starter(self):
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGKILL:
            with self.subTest(signal=number.name):
                process, folder = self.start()
                group = groups(os.path.basename(folder))
                self.assertTrue(os.path.isdir(group))
                # As a suite ends what it runs, and a terminal: all that was started there.
                os.killpg(process.pid, number)
                process.wait(Deadline("the end of the starter").left())
                wait_until(lambda: not os.path.exists(group), "an end of the control group")
                wait_until(lambda: not os.path.exists(folder), "an end of the folder")
