# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desktop as far as a sandbox sees one: the real portal, and a browser that tells what it is to open."""

import os
import shutil
import subprocess
import unittest

from waiting import PATIENCE, wait_until

FOLDER = "/usr/libexec"
# In their order: each takes those before it.
SERVICES = {
    "xdg-permission-store": "org.freedesktop.impl.portal.PermissionStore",
    "xdg-document-portal": "org.freedesktop.portal.Documents",
    "xdg-desktop-portal": "org.freedesktop.portal.Desktop",
}

BROWSER = """#!/bin/sh
printf '%s\\n' "$1" >>'{opened}'
"""
ENTRY = """[Desktop Entry]
Type=Application
Name=Browser
Exec={program} %f
MimeType=text/html;
"""
# The portal opens nothing where nobody could be asked with what; here there is one choice.
CHOOSER = """[portal]
DBusName=org.example.Chooser
Interfaces=org.freedesktop.impl.portal.AppChooser
UseIn=tests
"""


class Desktop:
    def __init__(self, folder, environment):
        """Starts it on the bus that the environment names; its files are below the folder."""
        for service in SERVICES:
            if not os.access(f"{FOLDER}/{service}", os.X_OK):
                raise unittest.SkipTest(f"there is no {service}")
        if not os.access("/dev/fuse", os.R_OK | os.W_OK) or shutil.which("fusermount3") is None:
            raise unittest.SkipTest("the document portal can't be without FUSE")
        self.folder = folder
        self.opened = os.path.join(folder, "opened")
        self.environment = {**environment, "HOME": folder, "XDG_CURRENT_DESKTOP": "tests",
                            "XDG_DESKTOP_PORTAL_DIR": f"{folder}/portals", "XDG_DATA_DIRS": f"{folder}/share"}
        self.write("portals/tests.portal", CHOOSER)
        self.write("browser", BROWSER.format(opened=self.opened), 0o755)
        self.write("share/applications/browser.desktop", ENTRY.format(program=f"{folder}/browser"))
        subprocess.run(["update-desktop-database", f"{folder}/share/applications"], check=True)
        for shared in "mime", "glib-2.0":
            os.symlink(f"/usr/share/{shared}", f"{folder}/share/{shared}")
        self.processes = []
        try:
            for service, name in SERVICES.items():
                self.start(service, name)
        except BaseException:
            self.stop()
            raise

    def start(self, service, name):
        # In the tests' own process group, with which they end.
        self.processes.append(subprocess.Popen(
            [f"{FOLDER}/{service}"], env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        subprocess.run(["gdbus", "wait", "--session", f"--timeout={PATIENCE:.0f}", name], check=True,
                       env=self.environment, stdin=subprocess.DEVNULL)

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def read_opened(self):
        """What the browser was started with, each time."""
        if not os.path.exists(self.opened):
            return []
        with open(self.opened, encoding="utf-8") as file:
            return file.read().splitlines()

    def wait_opened(self, count):
        return wait_until(lambda: len(self.read_opened()) >= count and self.read_opened(), "the browser")

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()
