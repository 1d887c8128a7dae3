# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a package of data/web with npm, and installs it."""

import json
import os
import shutil
import subprocess
import unittest

import daemon

WEB = os.path.join(daemon.ROOT, "data", "web")


def run(*command, folder=WEB):
    """Runs a command to its end; returns its stdout, or fails with all that it said."""
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def install_package(folder):
    """Installs it into a folder, from no registry; returns the path of the archive."""
    if shutil.which("npm") is None:
        raise unittest.SkipTest("npm is not installed")
    told = json.loads(run("npm", "pack", "--json", "--pack-destination", folder))
    archive = os.path.join(folder, told[0]["filename"])
    with open(os.path.join(folder, "package.json"), "w", encoding="utf-8") as file:
        file.write("{}")
    run("npm", "install", "--offline", "--no-audit", "--no-fund", archive, folder=folder)
    return archive
