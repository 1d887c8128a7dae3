# SPDX-License-Identifier: LGPL-2.1-or-later
"""The formatter would change nothing."""

import os
import shutil
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def tracked(*patterns):
    """The files that are committed or about to be; all where there is no repository."""
    told = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False).stdout.split("\n")
    return sorted(path for path in told if path and os.path.exists(os.path.join(ROOT, path)))


class Format(unittest.TestCase):
    @unittest.skipUnless(shutil.which("clang-format"), "clang-format is not installed")
    def test_clang_format(self):
        told = subprocess.run(["clang-format", "--dry-run", "-Werror", *tracked("*.c")], cwd=ROOT,
                              stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(told.returncode, 0, told.stderr[-3000:])

    def test_shell_scripts_parse(self):
        for path in "tests/run", ".ci/run":
            shell = "bash" if path.startswith(".ci") else "sh"
            told = subprocess.run([shell, "-n", path], cwd=ROOT, capture_output=True, text=True,
                                  check=False)
            self.assertEqual((told.returncode, told.stderr), (0, ""))

    def test_white_space(self):
        found = []
        for path in tracked("*.c", "*.h", "*.py", "*.cjs", "*.build", "*.md", "tests/run"):
            with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                text = file.read()
            if text and not text.endswith("\n") or text.endswith("\n\n"):
                found.append(f"{path}: must end with one line end")
            for number, line in enumerate(text.split("\n"), 1):
                if line != line.rstrip() or "\t" in line:
                    found.append(f"{path}:{number}: a tab, or space at the end")
        self.assertEqual(found, [])
