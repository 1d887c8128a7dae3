# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion and manual know all commands and options that --help tells of."""

import os
import re
import subprocess
import tempfile
import unittest

import command
from cases import FreshCase
from daemon import CLI, PLUGINS, PROGRAM, ROOT, run_to_end
from waiting import Deadline

COMMANDS = ["token", "publish", "watch", "status", "clients", "revoke"]
# What bash-completion gives, as far as these use it.
SHELL = """
_init_completion ()
{
  words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]}
  prev=${COMP_WORDS[COMP_CWORD - 1]}
}
source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
"_$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete(*words, **more):
    """What may stand in place of the last word."""
    script = os.path.join(ROOT, "data", "completions", words[0])
    path = os.path.dirname(CLI) + ":" + os.environ["PATH"]
    done = subprocess.run(["bash", "-c", SHELL, "bash", script, *words], check=True,
                          capture_output=True, text=True, timeout=Deadline("bash").left(),
                          env=command.environment(PATH=path, **more))
    return set(done.stdout.split())


def options(text):
    """Those that a help tells of."""
    return set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text, re.MULTILINE))


def manual(page):
    with open(os.path.join(ROOT, "data", "man", page), encoding="utf-8") as file:
        return re.sub(r"\\-", "-", file.read())


class Completion(unittest.TestCase):
    def test_commands(self):
        _, told, _ = command.run("--help")
        told = re.search(r"^Commands:\n(.*?)\n\n", told, re.MULTILINE | re.DOTALL)[1]
        self.assertEqual([line.split()[0] for line in told.splitlines()], COMMANDS)
        self.assertEqual(complete("rivulet", ""), set(COMMANDS))

    def test_options(self):
        for name in COMMANDS:
            with self.subTest(command=name):
                told = options(command.run(name, "--help")[1])
                self.assertIn("--config", told)
                self.assertEqual(complete("rivulet", name, "-"), told)

    def test_streams(self):
        for name in "publish", "watch", "clients":
            self.assertEqual(complete("rivulet", name, "q"), {"quota"})
        self.assertEqual(complete("rivulet", "publish", "--audience", "42", "q"), {"quota"})
        self.assertEqual(complete("rivulet", "token", "--stream", "q"), {"quota"})
        for words in (["revoke", ""], ["clients", "--max", ""], ["status", ""], ["publish", "quota", ""],
                      ["publish", "--audience", "42", "quota", ""], ["watch", "--json", "quota", ""]):
            self.assertEqual(complete("rivulet", *words), set())

    def test_daemon(self):
        told = options(run_to_end(["--help"])[1])
        self.assertIn("--list-settings", told)
        self.assertEqual(complete(os.path.basename(PROGRAM), "-"), told)


class Running(FreshCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="rivulet-"))
        os.symlink(os.path.join(PLUGINS, "quota.so"), os.path.join(folder, "quota.so"))
        self.setting = {"plugins": folder, "webhook": False}
        super().setUp()

    def test_its_streams(self):
        """Where rivuletd runs, those that it has, whatever comes with it."""
        self.assertEqual(complete("rivulet", "publish", "--session", "",
                                  DBUS_SESSION_BUS_ADDRESS=self.rivulet.bus.address), {"quota"})


class Manual(unittest.TestCase):
    def test_commands(self):
        """Each has a synopsis and a section, in which its own options are."""
        page = manual("rivulet.1")
        shared = page[page.index(".SS Options of several commands"):]
        for name in COMMANDS:
            with self.subTest(command=name):
                self.assertIn(f"\n.B rivulet {name}\n", page)
                section = re.search(rf"^\.SS rivulet {name}\n(.*?)^\.S[SH] ", page,
                                    re.MULTILINE | re.DOTALL)[1]
                for option in options(command.run(name, "--help")[1]):
                    self.assertRegex(section + shared, rf"\n\.(B|BI|BR) .*{option}\b")

    def test_daemon(self):
        page = manual("rivuletd.8")
        for option in options(run_to_end(["--help"])[1]):
            self.assertRegex(page, rf"\n\.(B|BI|BR) .*{option}\b")
