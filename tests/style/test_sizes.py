# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files and functions stay of a size that can be read at once."""

import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = ["src", "plugins", "tests", "data"]
LONGEST_FILE = 450
LONGEST_FUNCTION = 80


def files(*endings):
    for top in FOLDERS:
        for folder, folders, names in os.walk(os.path.join(ROOT, top)):
            folders[:] = sorted(name for name in folders if name not in ("node_modules", "__pycache__"))
            for name in sorted(names):
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(folder, name), ROOT)


def lines_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read().split("\n")


def long_functions(lines, longest=LONGEST_FUNCTION):
    """(name, lines) of functions, which begin and end with a brace in the first column."""
    start = name = None
    for number, line in enumerate(lines, 1):
        if start is None and re.match(r"[a-zA-Z_]\w* \(", line):
            name = line.split(" ", 1)[0]
        elif line == "{" and name:
            start = number
        elif line == "}" and start:
            if number - start - 1 > longest:
                yield name, number - start - 1
            start = name = None


class Sizes(unittest.TestCase):
    def test_files(self):
        found = [f"{path}: {len(lines_of(path))} lines" for path in files(".c", ".h", ".py", ".cjs", ".js", ".mjs")
                 if len(lines_of(path)) > LONGEST_FILE]
        self.assertEqual(found, [])

    def test_functions(self):
        found = [f"{path}: {name} has {length} lines" for path in files(".c")
                 for name, length in long_functions(lines_of(path))]
        self.assertEqual(found, [])

    def test_the_check_itself(self):
        def function(length):
            return ["static void", "long_one (int a)", "{", *["  a++;"] * length, "}", ""]

        self.assertEqual(list(long_functions(function(80))), [])
        self.assertEqual(list(long_functions(function(3) + function(81))), [("long_one", 81)])


class Licence(unittest.TestCase):
    def test_every_file_begins_with_it(self):
        found = [path for path in files(".c", ".h", ".py", ".cjs")
                 if not any("SPDX-License-Identifier: LGPL-2.1-or-later" in line
                            for line in lines_of(path)[:2])]
        self.assertEqual(found, [])
