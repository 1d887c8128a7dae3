# SPDX-License-Identifier: LGPL-2.1-or-later
"""What drives browsers leaves none of them behind, however it ends."""

import os
import shutil
import signal
import tempfile
import unittest

from browsers import Chromium, Firefox, Tab
from waiting import wait_until


def processes_of(folder):
    """The process ids whose environment or command line names it."""
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        for name in "environ", "cmdline":
            try:
                with open(f"/proc/{number}/{name}", "rb") as file:
                    if os.fsencode(folder) in file.read():
                        found.append(int(number))
            except OSError:
                pass  # it has just ended, or is another user's
    return found


class ChromiumEnds(unittest.TestCase):
    browser_kind = Chromium

    def setUp(self):
        """A browser with a tab, all of whose files are in a folder."""
        self.folder = tempfile.mkdtemp(prefix="rivulet-browser-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.browser = self.browser_kind(TMPDIR=self.folder)
        self.addCleanup(self.browser.stop)
        Tab(self.browser, "a", "about:blank")
        # More than what drives it.
        self.assertGreater(len(set(processes_of(self.folder)) - {self.browser.process.pid}), 1)
        self.assertNotEqual(os.listdir(self.folder), [])

    def wait_processes(self):
        wait_until(lambda: not processes_of(self.folder), "the end of all its processes")

    def wait_files(self):
        wait_until(lambda: not os.listdir(self.folder), "the end of all its files")

    def test_stopped(self):
        self.browser.stop()
        self.wait_processes()
        self.wait_files()

    def test_terminated(self):
        self.browser.process.terminate()
        self.wait_files()
        self.browser.stop()
        self.wait_processes()
        self.wait_files()

    def test_killed(self):
        """No file can be removed then; tests/lib/suites.py does that."""
        self.browser.process.send_signal(signal.SIGKILL)
        self.wait_processes()


class FirefoxEnds(ChromiumEnds):
    browser_kind = Firefox
