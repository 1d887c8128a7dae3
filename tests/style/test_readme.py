# SPDX-License-Identifier: LGPL-2.1-or-later
"""README.fr.md says what README.md says: the same parts, the same code, and links that lead somewhere."""

import collections
import hashlib
import os
import re
import unittest

from test_format import ROOT
from test_translations import messages

PAGES = ["README.md", "README.fr.md"]
# A shell's or a program's comment; `#token` and `#include` are none.
COMMENT = re.compile(r"(^|\s)\s*# .*$")
# Arguments are words of the language, as po/README says.
ARGUMENTS = {"CHEMIN": "PATH", "COMMANDE": "COMMAND", "HEURE": "TIME", "HÔTE": "HOST", "UTILISATEUR": "USER"}
FRENCH_ARGUMENT = re.compile(r"\b(" + "|".join(ARGUMENTS) + r")\b")


def read(page):
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        return file.read()


def blocks(text):
    """(kind, lines) of a page: a heading with its level, code with its language, a table with its rows, text.

    What is a comment of it is left out.
    """
    found = []
    fence = None
    for line in text.split("\n"):
        if fence is not None:
            if line == "```":
                found.append((f"code {fence}", found.pop()[1]))
                fence = None
            else:
                found[-1][1].append(line)
        elif line.startswith("```"):
            fence = line[3:]
            found.append(("code", []))
        elif line.startswith("#"):
            found.append((line.split(" ")[0], [line.lstrip("# ")]))
        elif not line:
            found.append(("", []))
        elif found[-1][0] in ("table", "text"):
            found[-1][1].append(line)
        else:
            found.append(("table" if line.startswith("|") else "text", [line]))
    return [(kind if kind != "table" else f"table of {len(lines)}", lines) for kind, lines in found
            if kind and not (kind == "text" and lines[0].startswith("<!--"))]


def commands(lines):
    """Code without its comments, which are translated."""
    return [line for line in (COMMENT.sub("", line).rstrip() for line in lines) if line]


def sections(text):
    """[(heading, the code in its sentences and tables)], in English arguments and sorted."""
    found = [("", [])]
    for kind, lines in blocks(text):
        if kind.startswith("#"):
            found.append((lines[0], []))
        elif not kind.startswith("code"):
            found[-1][1].extend(re.findall(r"`([^`]+)`", " ".join(lines)))
    return [(heading, sorted(FRENCH_ARGUMENT.sub(lambda word: ARGUMENTS[word[0]], span) for span in spans))
            for heading, spans in found]


def digests(text):
    """What tells whether a part was changed, a line `DIGEST HEADING` for each; where lines end does not count."""
    found = {}
    for kind, lines in blocks(text):
        if kind.startswith("#"):
            heading = lines[0]
            found[heading] = hashlib.sha256()
        found[heading].update((" " if kind == "text" else "\n").join([*lines, ""]).encode())
    return [f"{digest.hexdigest()[:8]} {heading}" for heading, digest in found.items()]


def said_in_french(english, french):
    """Whether one is a sentence of a message of the programs, and the other of its translation in po/fr.po."""
    catalogue = messages(read("po/fr.po"))
    return english.count(" ") > 3 and any(
        english in key[1] and french in entry.said[0] for key, entry in catalogue.items())


def anchor(heading):
    """What a heading is reached by on GitHub."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


class French(unittest.TestCase):
    maxDiff = None

    def test_the_same_parts(self):
        english, french = ([kind for kind, _ in blocks(read(page))] for page in PAGES)
        self.assertEqual(french, english)

    def test_the_same_code(self):
        english, french = ([commands(lines) for kind, lines in blocks(read(page)) if kind.startswith("code")]
                           for page in PAGES)
        self.assertEqual(french, english)

    def test_the_same_names(self):
        """Each section speaks of the same paths, keys, options and values, as often, and of the same messages."""
        for (section, english), (_, french) in zip(*(sections(read(page)) for page in PAGES), strict=True):
            english, french = collections.Counter(english), collections.Counter(french)
            missing, more = list((english - french).elements()), list((french - english).elements())
            with self.subTest(section=section):
                for span in missing[:]:
                    said = next((text for text in more if said_in_french(span, text)), None)
                    if said:
                        missing.remove(span)
                        more.remove(said)
                self.assertEqual((missing, more), ([], []))

    def test_each_part_as_it_is_now(self):
        """At its end the French page has the digests of the parts that it was made of; what differs has changed."""
        comment = re.search(r"<!-- .*\n((?:.*\n)*)-->\n$", read(PAGES[1]))
        self.assertEqual(comment[1].splitlines(), digests(read(PAGES[0])))

    def test_links(self):
        """Those within the page lead to a heading, the others to a file."""
        for page in PAGES:
            text = read(page)
            headings = {anchor(lines[0]) for kind, lines in blocks(text) if kind.startswith("#")}
            links = re.findall(r'\]\(([^)]+)\)|(?:src|srcset)="([^"]+)"', text)
            self.assertGreater(len(links), 20)
            for link in (first or second for first, second in links):
                with self.subTest(page=page, link=link):
                    if link.startswith("#"):
                        self.assertIn(link[1:], headings)
                    elif not link.startswith("https://"):
                        self.assertTrue(os.path.exists(os.path.join(ROOT, link)))

    def test_each_names_the_other(self):
        for page, other in (PAGES, PAGES[::-1]):
            self.assertIn(f"]({other})", read(page).split("\n## ")[0])

    def test_typography(self):
        """French apostrophes, and a no-break space where a sign would else begin a line."""
        text = "\n".join(re.sub(r"`[^`]*`|\]\([^)]*\)|<[^>]*>", "x", line)
                         for kind, lines in blocks(read(PAGES[1])) if not kind.startswith("code") for line in lines)
        self.assertEqual(re.findall(r".*(?: [:;!?»]|« |'|\").*", text), [])
