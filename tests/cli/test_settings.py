# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be configured: as rivuletd lists it, as it is installed, and as the manual has it."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import language
from daemon import BUILD, PLUGINS, PROGRAM, ROOT, Secret, run_to_end, write_config
from installation import PAGES, Installation, list_keys
from waiting import Deadline

PROBES = os.path.join(BUILD, "tests", "unit", "core")
CONFIG = "etc/rivulet/rivulet.conf"


def listed(*arguments, status=0, environment=None):
    """What is printed, and what is said; of no configuration of this machine's."""
    told, out, said = run_to_end([*arguments, "--list-settings"], environment)
    if told != status:
        raise AssertionError(f"{told}: {said}")
    return out, said


def settings(text):
    """[(group, key, default)] of a list, in its order."""
    found = []
    group = None
    for line in text.splitlines():
        opened = re.fullmatch(r"#?\[(.+)\]", line)
        key = re.fullmatch(r"#([a-z-]+)=(.*)", line)
        if opened:
            group = opened[1]
        elif key:
            found.append((group, key[1], key[2]))
    return found


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rivulet-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)


class List(Case):
    def probes(self, *names):
        """A folder with these plugins alone."""
        folder = os.path.join(self.folder, "plugins")
        os.mkdir(folder)
        for name in names:
            shutil.copy(os.path.join(PROBES, f"probe-{name}.so"), folder)
        return folder

    def check(self, text):
        """Whether rivuletd would start with such a file, and with nothing to say about it."""
        path = os.path.join(self.folder, "rivulet.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.makedirs(path + ".d", exist_ok=True)
        write_config(os.path.join(path + ".d", "own.conf"),
                     {"auth": {"secret-file": Secret(self.folder, "secret").path},
                      "plugins": {"directory": PLUGINS}})
        status, _, said = run_to_end(["--config", path, "--check-config"])
        self.assertEqual((status, said), (0, ""))

    def test_it_is_a_configuration(self):
        text, said = listed("--plugin-dir", PLUGINS)
        self.assertEqual(said, "")
        self.check(text)

    def test_every_default_is_in_order(self):
        text, _ = listed("--plugin-dir", PLUGINS)
        lines, count = re.subn(r"^#([a-z-]+=.)", r"\1", text, flags=re.MULTILINE)
        self.assertEqual(count, len([found for found in settings(text) if found[2]]))
        self.check(lines)

    def test_every_key_is_there_once(self):
        found = settings(listed("--plugin-dir", PLUGINS)[0])
        keys = [(group, key) for group, key, _ in found]
        self.assertEqual(sorted(set(keys)), sorted(keys))
        for expected in (("http", "listen", "localhost:3001"), ("auth", "secret-file", ""),
                         ("key NAME", "file", ""), ("log", "retain-hours", "72"),
                         ("github-events", "webhook-secret-file", ""),
                         ("quota", "default-remaining", "0")):
            self.assertIn(expected, found)

    def test_types_bounds_and_restarts(self):
        text, _ = listed("--plugin-dir", PLUGINS)
        blocks = {block.splitlines()[-1]: " ".join(line[2:] for line in block.splitlines()[:-1])
                  for block in text.split("\n\n")}
        for line, words in [("#head-timeout-ms=10000", ["A number from 100 to 600000."]),
                            ("#base-paths=/api", ["Several with ; between.", "Needs a restart."]),
                            ("#require-expiry=true", ["true or false."]),
                            ("#secret-file=", ["32 to 4096 bytes.", "credential auth.secret-file"]),
                            ("#webhook-secret-file=", ["16 to 4096 bytes.",
                                                       "github-events.webhook-secret-file"])]:
            for word in words:
                self.assertIn(word, blocks[line])
        self.assertNotIn("Needs a restart", blocks["#max-connections=0"])
        self.assertNotIn("credential", blocks["#file="])

    def test_lines_are_of_a_width(self):
        text, _ = listed("--plugin-dir", PLUGINS)
        self.assertEqual([line for line in text.splitlines() if len(line) > 100], [])
        self.assertEqual([line for line in text.splitlines() if line.endswith(" ")], [])

    def test_another_plugin(self):
        """Its group is there, those of others are not, and one that is broken hides nothing."""
        text, said = listed("--plugin-dir", self.probes("good", "wrong-abi"))
        self.assertIn("\n[probe]\n# The stream of that name.\n\n# What it says.\n#greeting=hello\n",
                      text)
        self.assertNotIn("[quota]", text)
        self.assertIn("probe-wrong-abi.so: disabled", said)
        self.assertIn("#directory=", text)
        self.assertNotIn(self.folder, text)

    def test_a_plugin_that_says_nothing(self):
        """Of its key, as in English, there is only the name: nothing of the translations' own."""
        folder = self.probes("without-help")
        for environment in None, language.FRENCH:
            with self.subTest(environment=environment):
                text, _ = listed("--plugin-dir", folder, environment=environment)
                self.assertIn("\n\n#\n#greeting=hello\n", text)

    def test_the_configured_directory(self):
        path = os.path.join(self.folder, "rivulet.conf")
        write_config(path, {"plugins": {"directory": self.probes("good")}})
        self.assertIn("#greeting=hello", listed("--config", path)[0])
        write_config(path, {"plugins": {"directry": "/x"}})
        self.assertIn("directry", listed("--config", path, status=1)[1])
        # With a directory on the command line, a configuration that is broken is in nobody's way.
        self.assertIn("[quota]", listed("--config", path, "--plugin-dir", PLUGINS)[0])

    def test_no_such_directory(self):
        _, said = listed("--plugin-dir", "/nonexistent/plugins", status=1)
        self.assertIn("/nonexistent/plugins", said)

    def test_a_full_disk(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([PROGRAM, "--list-settings", "--plugin-dir", PLUGINS],
                                  stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                                  timeout=Deadline("rivuletd").left())
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write to standard output", done.stderr)


@unittest.skipIf(os.environ.get("RIVULET_INSTRUMENTED"), "made in builds that can be installed")
class Installed(Installation):
    def list_installed(self):
        """What the installed daemon says with the installed plugins."""
        library = os.path.dirname(self.find("libsse-api.so.1"))
        done = subprocess.run(
            [self.find("bin/rivuletd"), "--list-settings", "--plugin-dir",
             os.path.dirname(self.find("quota.so"))], capture_output=True, text=True, check=True,
            env={**os.environ, "LD_LIBRARY_PATH": library}, timeout=Deadline("rivuletd").left())
        self.assertEqual(done.stderr, "")
        return done.stdout

    def test_the_configuration_is_what_the_daemon_says(self):
        self.assertEqual(self.read(CONFIG), self.list_installed())

    def test_the_manual_has_every_key(self):
        """In its group, with its default, and no other."""
        found = list_keys(self.render(PAGES[1]), "KEYS", "NOTES")
        self.assertEqual([item[:3] for item in found if item[1]], settings(self.read(CONFIG)))

    def test_pages_have_no_fault(self):
        for page in PAGES:
            with self.subTest(page=page):
                self.render(page)

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_finds_no_fault(self):
        for page in PAGES:
            with self.subTest(page=page):
                self.assertEqual(self.lint(page), [])

    def test_no_path_of_the_build(self):
        for name in CONFIG, PAGES[1]:
            self.assertNotIn(ROOT, self.read(name))
            self.assertNotIn(BUILD, self.read(name))
