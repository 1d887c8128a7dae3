# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes what the dashboard's page says in other languages, as a module for browsers, of the catalogues.

    python3 po/browser.py po/fr.po… >translations.js

A text is found there as gettext finds it: by what it is in English, with its context and U+0004 before it where
it has one. A text that is not translated, or fuzzy, is not there.
"""

import json
import os
import sys

from messages import messages

SOURCE = "data/dashboard/strings.js"
# What Intl.PluralRules calls the forms that a language has in its catalogue.
FORMS = {1: ["other"], 2: ["one", "other"]}


def table(text):
    """{text in English: text, or {form: text}} of the page's texts in a catalogue."""
    found = {}
    for (context, english, plural), message in messages(text).items():
        if message is None or SOURCE not in message.places or "fuzzy" in message.flags or not all(message.said):
            continue
        key = english if context is None else f"{context}\4{english}"
        if plural is None:
            found[key] = message.said[0]
        elif len(message.said) in FORMS:
            found[key] = dict(zip(FORMS[len(message.said)], message.said))
        else:
            sys.exit(f"browser.py: FORMS does not say what {len(message.said)} forms are called")
    return found


def main(*paths):
    tables = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            tables[os.path.splitext(os.path.basename(path))[0]] = table(file.read())
    sys.stdout.reconfigure(encoding="utf-8")
    print(f"// Made of po/*.po.\nexport const TRANSLATIONS = {json.dumps(tables, ensure_ascii=False)};")


if __name__ == "__main__":
    main(*sys.argv[1:])
