# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is built, installed into a folder, and its manual as it is read."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from daemon import BUILD
from waiting import Deadline

PAGES = ["man/man1/rivulet.1", "man/man5/rivulet.conf.5", "man/man8/rivuletd.8"]


def list_keys(read, heading, following):
    """[(group, key, default, help)] of rivulet.conf(5) as it is read, between two headings.

    What is said of a group itself has no key.
    """
    part = re.search(rf"^{heading}\n(.*?)^{following}\n", read, re.MULTILINE | re.DOTALL)[1]
    found = []
    group = None
    for line in part.splitlines():
        opened = re.fullmatch(r"   \[(.+)\]", line)
        item = re.match(r"       (?:([a-z-]+)(?: +|$))?(\S.*)?$", line)
        default = re.search(r"\S  ?\[(\S+)\]$", line)
        if opened:
            group = opened[1]
        elif item:
            found.append([group, item[1] or "", "", item[2] or ""])
        elif line:
            found[-1][3] += line.strip()
        if default:
            found[-1][2] = default[1]
    return [tuple(item) for item in found]


class Installation(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rivulet-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        subprocess.run(["meson", "install", "--no-rebuild", "--quiet", "-C", BUILD], check=True,
                       env={**os.environ, "DESTDIR": self.folder}, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)

    def find(self, end):
        """The installed file whose path ends so."""
        for folder, _, names in os.walk(self.folder):
            for name in names:
                if os.path.join(folder, name).endswith("/" + end):
                    return os.path.join(folder, name)
        raise AssertionError(f"{end} is not installed")

    def read(self, end):
        with open(self.find(end), encoding="utf-8") as file:
            return file.read()

    def man(self, *arguments, **environment):
        """A page as it is read, in lines that are never divided."""
        done = subprocess.run(["man", "--warnings", *arguments], check=True, capture_output=True,
                              text=True, timeout=Deadline("man").left(),
                              env={**os.environ, "MANWIDTH": "2000", "LC_ALL": "C.UTF-8", "LANGUAGE": "",
                                   "MANROFFOPT": "", "MANPAGER": "cat", "MAN_KEEP_FORMATTING": "",
                                   **environment})
        self.assertEqual(done.stderr, "")
        return done.stdout

    def render(self, page):
        return self.man("-l", self.find(page))

    def lint(self, page):
        """What mandoc has to say of it; a page that is of no day has no date."""
        said = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", self.find(page)],
                              capture_output=True, text=True, check=False).stdout
        return [line for line in said.splitlines() if "missing date" not in line]
