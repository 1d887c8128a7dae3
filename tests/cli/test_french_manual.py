# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual in French: it is complete, says what the English one does, and is found and read without fault."""

import collections
import os
import re
import shutil
import subprocess
import unittest

from daemon import ROOT
from installation import PAGES, Installation, list_keys

SOURCES = os.path.join(ROOT, "data", "man")
PO = os.path.join("po", "fr.po")
# Arguments are words of the language, in bold too.
ARGUMENTS = {"COMMAND": "COMMANDE"}


def french(page):
    return page.replace("man/", "man/fr/", 1)


def sentences(text):
    """Those of a key's help, but for its default."""
    return {sentence for sentence in re.split(r"(?<=\.)\s+", text) if not re.fullmatch(r"(\[\S+\])?", sentence)}


@unittest.skipIf(os.environ.get("RIVULET_INSTRUMENTED"), "made in builds that can be installed")
@unittest.skipUnless(shutil.which("po4a"), "po4a is not installed")
class French(Installation):
    def test_the_translation_is_complete(self):
        """Each paragraph of the English pages is, as it is now; rivulet-update-man says what is not."""
        work = os.path.join(self.folder, "sources")
        shutil.copytree(SOURCES, work)
        subprocess.run(["po4a", "--no-translations", "--variable", f"pot={self.folder}", "po4a.cfg"], cwd=work,
                       check=True, capture_output=True)
        told = subprocess.run(["msgfmt", "--check", "--statistics", "--output-file=/dev/null", PO], cwd=work,
                              check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stderr
        self.assertRegex(told, r"^\d+ translated messages\.\n$")
        with open(os.path.join(work, PO), encoding="utf-8") as updated:
            self.assertEqual(re.findall("#~ msgid .*", updated.read()), [], "these are of no page any more")

    def bold(self, page):
        """How often each word is in bold on a page, its headings aside: options, commands, keys and names."""
        read = self.man("-l", self.find(page), MANROFFOPT="-c", GROFF_NO_SGR="1", MAN_KEEP_FORMATTING="1")
        lines = [line for line in read.split("\n") if not re.match(r"( {3})?\S\x08", line)]
        found = re.findall(r"(?:(?:\S)\x08\S)+", re.sub(r"_\x08[^_\s]", "", "\n".join(lines)))
        return collections.Counter(re.sub(r".\x08", "", word) for word in found)

    def test_each_name_is_there(self):
        """As often as in English at least."""
        for page in PAGES:
            with self.subTest(page=page):
                english = self.bold(page)
                self.assertGreater(len(english), 10)
                for name, argument in ARGUMENTS.items():
                    english[argument] += english.pop(name, 0)
                self.assertEqual(english - self.bold(french(page)), collections.Counter())

    def test_the_keys(self):
        """They are those of the English page, with the same defaults, and what they do is said in French."""
        english = list_keys(self.render(PAGES[1]), "KEYS", "NOTES")
        translated = list_keys(self.render(french(PAGES[1])), "CLÉS", "NOTES")
        self.assertEqual([item[:3] for item in translated], [item[:3] for item in english])
        for (group, key, _, said), (*_, help_text) in zip(translated, english):
            with self.subTest(group=group, key=key):
                self.assertEqual(sentences(said) & sentences(help_text), set())

    def test_man_finds_them(self):
        """And they have no fault."""
        manual = self.find(PAGES[0]).removesuffix("/" + PAGES[0].removeprefix("man/"))
        for page in PAGES:
            section, name = re.search(r"/man(\d)/(.+)\.\d$", page).groups()
            with self.subTest(page=page):
                read = self.man("-L", "fr", section, name, MANPATH=manual)
                headings = re.findall(r"^\S.*$", read, re.MULTILINE)
                self.assertEqual((headings[1], headings[-2]), ("NOM", "VOIR AUSSI"))
                self.assertIn(f"\n       {name} - ", read)

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_finds_no_fault(self):
        for page in PAGES:
            with self.subTest(page=page):
                self.assertEqual(self.lint(french(page)), [])
