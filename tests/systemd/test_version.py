# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packages that are built of a tree that changed have a higher version, so that apt takes them."""

import os
import shutil
import subprocess
import tempfile
import unittest

import daemon

BUILD = "data/debian/build"
CHANGELOG = "data/debian/changelog"
NUMBER = "0.1.0"
# When things are made here, in seconds.
FIRST = 1_800_000_000


class Version(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="rivulet-version-"))
        os.makedirs(os.path.join(self.folder, "data/debian"))
        for name in BUILD, CHANGELOG:
            shutil.copy(os.path.join(daemon.ROOT, name), os.path.join(self.folder, name))
            os.utime(os.path.join(self.folder, name), (FIRST, FIRST))

    def git(self, *arguments, when=FIRST):
        time = f"{when} +0000"
        subprocess.run(["git", "-C", self.folder, "-c", "user.name=x", "-c", "user.email=x@localhost",
                        *arguments], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "GIT_COMMITTER_DATE": time, "GIT_AUTHOR_DATE": time})

    def write(self, name, when):
        path = os.path.join(self.folder, name)
        with open(path, "a", encoding="ascii") as file:
            file.write("more\n")
        os.utime(path, (when, when))

    def version(self):
        return subprocess.run(["sh", os.path.join(self.folder, BUILD), "--version"], check=True,
                              capture_output=True, text=True).stdout.strip()

    def assert_higher(self, pattern, before):
        version = self.version()
        self.assertRegex(version, pattern)
        subprocess.run(["dpkg", "--compare-versions", version, "gt", before], check=True)
        return version

    def test_without_git(self):
        before = self.assert_higher(r"^0\.1\.0\+git20270115\.080000$", NUMBER)
        self.write("README.md", FIRST + 1)
        self.assert_higher(r"^0\.1\.0\+git20270115\.080001$", before)

    def test_each_commit_and_each_change(self):
        self.git("init", "--quiet")
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "first")
        before = self.assert_higher(r"^0\.1\.0\+git20270115\.080000\.[0-9a-f]+$", NUMBER)
        for when, name in (FIRST + 10, "new"), (FIRST + 20, "new"), (FIRST + 30, CHANGELOG):
            self.write(name, when)
            before = self.assert_higher(r"^0\.1\.0\+git[0-9.]+\.[0-9a-f]+\.changed$", before)
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "second", when=FIRST + 40)
        self.assert_higher(r"^0\.1\.0\+git20270115\.080040\.[0-9a-f]+$", before)

    def test_a_release(self):
        """Its number alone, as long as nothing was changed since."""
        self.git("init", "--quiet")
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "first")
        self.git("tag", f"v{NUMBER}")
        self.assertEqual(self.version(), NUMBER)
        self.write("new", FIRST + 10)
        self.assert_higher(r"\.changed$", NUMBER)
