# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a person reads is wrapped, listed and translated; and the checks see where it is not."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import floors
import wording
from test_format import ROOT, tracked

sys.path.append(os.path.join(ROOT, "po"))

import browser  # noqa: E402
from messages import messages  # noqa: E402

PO = os.path.join(ROOT, "po")
POTFILES = os.path.join(PO, "POTFILES")
# Those of meson's preset glib that are used here, and of the dashboard.
KEYWORDS = ["_", "N_", "C_:1c,2", "g_dngettext:2,3", "P_:1,2"]
# Files of these kinds are for people, too.
OTHERS = ["data/*.policy", "data/*.desktop", "data/*.desktop.in", "data/*.metainfo.xml", "data/*.metainfo.xml.in"]
WRAPPING = re.compile(r"(?<!\w)(?:_|N_|C_|g_dngettext)\s*\(")
SCRIPTED = re.compile(r"(?<!\w)(?:N_|C_|P_)\('")
CATALOGS = [os.path.join(ROOT, "data", "systemd", name) for name in ("rivulet.catalog", "rivulet.fr.catalog")]

# What the glossary has another word for, and what no text here says.
NOT_OURS = re.compile(r"\b(jetons?|flux|en-têtes?|points? d’accès|abonner|fils?|dossiers?|veuillez|tu|ton|tes)\b",
                      re.IGNORECASE)
TYPOGRAPHY = [
    (re.compile(r"'"), "an apostrophe is ’"),
    (re.compile("(?<![\u00a0:])[;!?»](?!\\w)"), "before ; ! ? and » there is a no-break space"),
    (re.compile(r"(?<=\w|»|[)%]) :|(?<=[\w)»]):(?= )"), "before : there is a no-break space"),
    (re.compile("«(?!\u00a0)"), "after « there is a no-break space"),
    (re.compile(r'"|“|”'), "quotation marks are « »"),
    (re.compile(r"\.\.\."), "an ellipsis is …"),
    (re.compile("\u202f"), "a narrow no-break space is not everywhere"),
]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def holes(text):
    """What the dashboard puts something in place of."""
    return set(re.findall(r"\{\w+\}", text or ""))


def faults(catalogue, sources):
    """What is wrong with a catalogue, for the messages that the sources have."""
    found = [f"not there: {key[1]}" for key in sources if key not in catalogue]
    for key, entry in catalogue.items():
        if key not in sources or entry is None:
            found.append(f"of no source: {key[1]}")
            continue
        said = entry.said
        if "fuzzy" in entry.flags:
            found.append(f"fuzzy: {key[1]}")
        if not all(said):
            found.append(f"not translated: {key[1]}")
        for text in said:
            # A list of a desktop entry is no sentence.
            found += [f"{why}: {text}" for pattern, why in TYPOGRAPHY
                      if pattern.search(text) and not key[1].endswith(";")]
            found += [f"another word: {text}"] if NOT_OURS.search(text) else []
            found += [f"other names in it: {text}"] if holes(text) not in map(holes, key[1:]) else []
    return found


def listed(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def wrapping_files(root):
    return {path for path in floors.sources(root) if WRAPPING.search(wording.without_comments(
        re.sub(r"^\s*#\s*define.*", "", read(os.path.join(root, path)), flags=re.MULTILINE)))
        or path.endswith(".h") and WRAPPING.search(read(os.path.join(root, path)))}


@unittest.skipUnless(shutil.which("xgettext") and shutil.which("msgfmt"), "gettext is not installed")
class Catalogue(unittest.TestCase):
    maxDiff = None

    def extract(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rivulet.pot")
            done = subprocess.run(["xgettext", "--files-from", POTFILES, "--from-code=UTF-8", "--output", path,
                                   *(f"--keyword={keyword}" for keyword in KEYWORDS)], check=False, cwd=ROOT,
                                  env={**os.environ, "GETTEXTDATADIRS": PO}, capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return messages(read(path))

    def test_every_file_is_listed(self):
        pages = [path for path in tracked("data/dashboard/*.js") if SCRIPTED.search(read(os.path.join(ROOT, path)))]
        self.assertEqual(listed(read(POTFILES)), sorted([*wrapping_files(ROOT), *tracked(*OTHERS), *pages]))

    def test_each_language_is_complete(self):
        """Nothing is missing, left over, fuzzy or empty, or written as it is not in French."""
        sources = self.extract()
        self.assertGreater(len(sources), 250)
        for language in listed(read(os.path.join(PO, "LINGUAS"))):
            self.assertEqual(faults(messages(read(os.path.join(PO, f"{language}.po"))), sources), [])

    def test_each_language_is_valid(self):
        """Formats are what they are in English, among others."""
        for language in listed(read(os.path.join(PO, "LINGUAS"))):
            done = subprocess.run(["msgfmt", "--check", "--output-file=/dev/null", f"{language}.po"], cwd=PO,
                                  check=False, capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))


class ForBrowsers(unittest.TestCase):
    def test_the_table(self):
        """The page's texts alone, by what they are in English; what is not sure stays English."""
        place = f"#: src/main.c {browser.SOURCE}\n"
        self.assertEqual(browser.table(
            f'{place}msgid "one"\nmsgstr "un"\n\n#: src/main.c\nmsgid "two"\nmsgstr "deux"\n\n'
            f'{place}msgctxt "a"\nmsgid "{{n}} one"\nmsgid_plural "{{n}} ones"\nmsgstr[0] "{{n}} un"\n'
            f'msgstr[1] "{{n}} uns"\n\n{place}#, fuzzy\nmsgid "three"\nmsgstr "trois"\n\n'
            f'{place}msgid "four"\nmsgstr ""\n\n#~ msgid "five"\n#~ msgstr "cinq"\n'),
            {"one": "un", "a\4{n} one": {"one": "{n} un", "other": "{n} uns"}})
        with self.assertRaises(SystemExit):
            browser.table(f'{place}msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\nmsgstr[1] "d"\nmsgstr[2] "e"\n')


class TheJournalsCatalog(unittest.TestCase):
    def entries(self, path):
        """{kind: (fields, documentation)}"""
        parts = re.split(r"^-- (\w+)$", read(path), flags=re.MULTILINE)[1:]
        return {kind: (set(re.findall(r"@\w+@", text)), re.findall(r"^(?:Defined|Doc).*", text, re.MULTILINE))
                for kind, text in zip(parts[::2], parts[1::2])}

    def test_it_is_the_same_in_french(self):
        english, french = map(self.entries, CATALOGS)
        self.assertEqual(french, english)
        text = re.sub(r"^(?:#|--|Defined-By|Documentation).*", "", read(CATALOGS[1]), flags=re.MULTILINE)
        text = text.replace("Subject: ", "")
        self.assertEqual([why for pattern, why in TYPOGRAPHY if pattern.search(text)], [])


class Wording(unittest.TestCase):
    def test_what_a_person_reads_is_wrapped(self):
        self.assertEqual([problem for path in floors.sources(ROOT)
                          for problem in wording.problems(path, read(os.path.join(ROOT, path)))], [])


class TheCheckItself(unittest.TestCase):
    GOOD = [
        ("src/a.c", 'g_set_error (error, SSE_CONFIG_ERROR, 1, _ ("%s is no key"), key);'),
        ("src/a.c", 'g_set_error (error, SSE_ERROR, 1, "there is no stream %s", name);'),
        ("src/a.c", 'g_set_error (error, G_IO_ERROR, 1, _ ("%" PRId64 " is too many, "\n"it is"), n);'),
        ("src/a.c", 'g_message ("%s is there", name);'),
        ("src/a.c", '/* _ (thing) */ g_print ("%s\\n", C_ ("stream", "is running"));'),
        ("src/cli/a.c", 'g_string_append (text, "published: ");'),
        ("src/a.c", 'const GOptionEntry entries[] = { { "a-key", 0, 0, X, &x, N_ ("What it does"), NULL } };'),
        ("src/a.c", 'const SseSetting s[] = { { "key", SSE_SETTING_STRING, "x", 0, 0, N_ ("What it is.") } };'),
    ]
    BAD = [
        ("src/a.c", 'g_set_error (error, SSE_CONFIG_ERROR, 1, "%s is no key", key);'),
        ("src/a.c", 'g_set_error (error, SSE_ERROR, 1, _ ("there is no stream %s"), name);'),
        ("src/a.c", 'g_set_error (error, G_IO_ERROR, 1, "cannot listen: %s", why);'),
        ("src/a.c", 'g_printerr ("rivuletd: it is gone\\n");'),
        ("src/a.c", 'sse_config_fail (config, "a", "b", error, "is less than %s", c);'),
        ("src/a.c", 'g_message (_ ("%s is there"), name);'),
        ("src/a.c", 'g_print ("%s", _ (text));'),
        ("src/a.c", 'g_print ("%s", _ ("kept in " FOLDER));'),
        ("src/a.c", 'g_print (_ ("%" G_GUINT64_FORMAT " are there"), n);'),
        ("src/cli/a.c", 'const char *wrong = "is no name";'),
        ("src/a.c", 'const GOptionEntry entries[] = { { "key", 0, 0, X, &x, "What it does", NULL } };'),
        ("src/a.c", 'const SseSetting s[] = { { "key", SSE_SETTING_STRING, NULL, 0, 0, "What it is." } };'),
    ]

    def test_wording(self):
        self.assertEqual([wording.problems(*case) for case in self.GOOD], [[]] * len(self.GOOD))
        for case in self.BAD:
            with self.subTest(case=case):
                self.assertTrue(wording.problems(*case))

    def test_catalogue(self):
        sources = messages('msgid "It is %s."\nmsgstr ""\n\nmsgctxt "a"\nmsgid "one"\nmsgid_plural "two"\n'
                           'msgstr[0] ""\nmsgstr[1] ""')
        right = ('#, c-format\nmsgid "It is %s."\nmsgstr "C’est\u00a0: «\u00a0%s\u00a0»."\n\n'
                 'msgctxt "a"\nmsgid ""\n"one"\nmsgid_plural "two"\nmsgstr[0] "un"\nmsgstr[1] "deux"\n')
        self.assertEqual(faults(messages(right), sources), [])
        for there, instead in [
                ("It is", "It was"), ("#, c-format", "#, fuzzy, c-format"), ('"deux"', '""'), ("C’", "C'"),
                ("\u00a0:", " :"), ("«\u00a0", "« "), ("\u00a0»", " »"), ("\u00a0»", "»"), ("deux", "deux jetons"),
                ("deux", "deux..."), ('msgctxt "a"\n', ""), ("\n\nmsgctxt", '\n\n#~ msgid "x"\n#~ msgstr "y"\n\nmsgctxt')]:
            with self.subTest(there=there, instead=instead):
                self.assertIn(there, right)
                self.assertTrue(faults(messages(right.replace(there, instead)), sources))
