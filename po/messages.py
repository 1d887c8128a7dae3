# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads catalogues of gettext's."""

import ast
import re
from collections import namedtuple

# The files that it is of, "fuzzy" and the like, and its translations: one, or one for each form of the plural.
Message = namedtuple("Message", ["places", "flags", "said"])

STRING = r'"(?:[^"\\]|\\.)*"'
PART = re.compile(rf"^(?:#~ )?(msg\w+(?:\[\d\])?) ((?:{STRING}(?:\n(?:#~ )?)?)+)", re.MULTILINE)


def comments(block, mark):
    return " ".join(re.findall(rf"^#{mark} (.*)$", block, re.MULTILINE))


def messages(text):
    """{(context, id, plural): Message}; the first two are None or the text; of one that is obsolete, None."""
    found = {}
    for block in text.strip().split("\n\n"):
        parts = {name: "".join(map(ast.literal_eval, re.findall(STRING, strings)))
                 for name, strings in PART.findall(block)}
        key = (parts.get("msgctxt"), parts.get("msgid"), parts.get("msgid_plural"))
        said = [value for name, value in parts.items() if name.startswith("msgstr")]
        found[key] = None if re.search("^#~", block, re.MULTILINE) else Message(
            comments(block, ":").split(), re.findall(r"[\w-]+", comments(block, ",")), said)
    found.pop((None, "", None), None)
    return found
