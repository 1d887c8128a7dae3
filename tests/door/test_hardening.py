# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the compiler and the linker do against those who get further, read from the ELF files."""

import glob
import json
import os
import re
import subprocess
import unittest

from daemon import BUILD, CLI, PLUGINS, PROGRAM
from waiting import Deadline

LIBRARY = os.path.join(BUILD, "src", "api", "libsse-api.so")
HEADER = re.compile(r"^ *(?P<type>GNU_\w+|LOAD|DYNAMIC) +(?:0x\w+ +){5}(?P<flags>[R W E]{3})",
                    re.MULTILINE)


def readelf(option, path):
    return subprocess.run(["readelf", "--wide", option, path], capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}, check=True,
                          timeout=Deadline("readelf").left()).stdout


def compilations():
    """The command lines of all that is installed: src/ and plugins/, no tests."""
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        return {entry["output"]: entry["command"] for entry in json.load(file)
                if entry["output"].startswith(("src/", "plugins/"))}


@unittest.skipIf(os.environ.get("RIVULET_INSTRUMENTED"), "a build with sanitizers is not what is used")
class Hardening(unittest.TestCase):
    def objects(self):
        plugins = sorted(glob.glob(os.path.join(PLUGINS, "**", "*.so"), recursive=True))
        self.assertEqual(len(plugins), 4)
        return [PROGRAM, CLI, LIBRARY, *plugins]

    def headers(self, path):
        return {match["type"]: match["flags"] for match in HEADER.finditer(readelf("--segments", path))}

    def test_programs_are_position_independent(self):
        for path in PROGRAM, CLI:
            with self.subTest(path=path):
                self.assertRegex(readelf("--file-header", path), r"Type: +DYN \(Position-Independent")
                self.assertRegex(readelf("--dynamic", path), r"FLAGS_1\) .*\bPIE\b")

    def test_relocations_are_read_only_and_all_made_at_the_start(self):
        for path in self.objects():
            with self.subTest(path=path):
                self.assertIn("GNU_RELRO", self.headers(path))
                self.assertRegex(readelf("--dynamic", path), r"FLAGS_1\) .*\bNOW\b")

    def test_nothing_is_both_written_and_run(self):
        for path in self.objects():
            with self.subTest(path=path):
                self.assertEqual(self.headers(path)["GNU_STACK"], "RW ")
                self.assertNotIn("TEXTREL", readelf("--dynamic", path))
                self.assertNotRegex(readelf("--segments", path), r"LOAD .* RWE ")

    def test_the_stack_is_guarded(self):
        for path in self.objects():
            with self.subTest(path=path):
                self.assertTrue("__stack_chk_fail" in readelf("--dyn-syms", path))

    def test_every_file_is_compiled_so(self):
        """What is fortified shows in no ELF file here: its functions are GLib's, not libc's."""
        commands = compilations()
        self.assertGreater(len(commands), 100)
        for output, command in commands.items():
            with self.subTest(output=output):
                self.assertRegex(command, r" -D_FORTIFY_SOURCE=[23] ")
                self.assertRegex(command, r" -O[23s] ")
                self.assertIn(" -fstack-protector-strong ", command)
                self.assertRegex(command, r" -f(PIE|PIC) ")
