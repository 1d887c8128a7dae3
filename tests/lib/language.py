# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that speak French: with the translations of the build, else with those that are installed."""

import os
import re
import shutil
import subprocess

from daemon import BUILD

TRANSLATED = os.path.join(BUILD, "po")
PLACE = {"RIVULET_LOCALE_DIR": TRANSLATED} if os.path.isdir(TRANSLATED) else {}
# The one locale but C that the C library brings; LANGUAGE says what is spoken in it.
FRENCH = {"LC_ALL": "C.UTF-8", "LANGUAGE": "fr", **PLACE}
# What is ours, the C library's and GLib's: a system without them says it in English.
INSTALLED = "/usr/share/locale/fr/LC_MESSAGES"
SOURCES = "/usr/share/i18n/locales/fr_FR"
# A letter, a quotation mark or a space that English has not.
SIGN = re.compile("[àâçéèêëîïôùûÀÉÈ«»\u00a0]")


def has(domain):
    """Whether there are French texts of that domain."""
    return bool(PLACE) and domain == "rivulet" or os.path.exists(f"{INSTALLED}/{domain}.mo")


def make_locale(folder):
    """The environment of somebody in France, with a locale that is made there."""
    if shutil.which("localedef") is None or not os.path.exists(SOURCES):
        return None
    subprocess.run(["localedef", "-i", "fr_FR", "-f", "UTF-8", os.path.join(folder, "fr_FR.UTF-8")],
                   check=True, capture_output=True)
    return {"LOCPATH": folder, "LC_ALL": "", "LANG": "fr_FR.UTF-8", "LANGUAGE": "", **PLACE}
