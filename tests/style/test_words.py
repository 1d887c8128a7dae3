# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nothing unfinished is left behind, and no path of the machine that it was made on."""

import os
import re
import unittest

from test_format import ROOT, tracked

UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE = re.compile(r"(?<![\w$}.-])/(work|home|root|Users)/\w")


class Words(unittest.TestCase):
    def lines(self):
        for path in tracked():
            if path == "LICENSE" or path.startswith("tests/fuzz/corpus/") or \
                    os.path.islink(os.path.join(ROOT, path)):
                continue
            with open(os.path.join(ROOT, path), "rb") as file:
                data = file.read()
            if b"\0" in data:
                continue
            for number, line in enumerate(data.decode("utf-8").split("\n"), 1):
                yield path, number, line

    def test_nothing_unfinished(self):
        self.assertEqual([f"{path}:{number}: {line.strip()}" for path, number, line in self.lines()
                          if UNFINISHED.search(line)], [])

    def test_no_path_of_one_machine(self):
        self.assertEqual([f"{path}:{number}: {line.strip()}" for path, number, line in self.lines()
                          if MACHINE.search(line)], [])
