# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine on which Rivulet's packages can be installed; tests/run has built them."""

import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import daemon
import record
from machine import Machine

PACKAGES = os.path.join(daemon.BUILD, "deb")
# On the machine.
FOLDER = "/opt/packages"
TESTS = "/opt/tests"
# dpkg's triggers take their time, such as the index of all manual pages.
PATIENCE = 300


def find(name):
    """The file of a package."""
    found = glob.glob(os.path.join(PACKAGES, f"{name}_*.deb"))
    if len(found) != 1:
        raise unittest.SkipTest(f"{PACKAGES} has no package {name}: `sh tests/run systemd` builds them")
    return found[0]


def make_higher(path, version, target):
    """The same package with another version, in the folder target."""
    with tempfile.TemporaryDirectory() as folder:
        tree = os.path.join(folder, "tree")
        subprocess.run(["dpkg-deb", "--raw-extract", path, tree], check=True)
        control = os.path.join(tree, "DEBIAN", "control")
        with open(control, encoding="utf-8") as file:
            text = file.read()
        with open(control, "w", encoding="utf-8") as file:
            file.write(re.sub("(?m)^Version: .*", f"Version: {version}", text))
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, target], check=True,
                       stdout=subprocess.DEVNULL)


class Packaged(Machine):
    """Nothing of Rivulet is on it at first."""

    higher = "999"

    def install(self):
        folder = self.seed + FOLDER
        os.makedirs(folder)
        for name in "rivulet", "rivulet-dev", "rivulet-tests":
            shutil.copy(find(name), folder)
        make_higher(find("rivulet"), self.higher, folder)
        here = os.path.dirname(os.path.abspath(__file__))
        shutil.copytree(os.path.dirname(daemon.__file__), f"{self.seed}{TESTS}/lib")
        shutil.copy(os.path.join(here, "upgrading.py"), self.seed + TESTS)
        # As on a machine that is one, and not an image of one: what is installed is started.
        self.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 0\n", 0o755)
        self.add_users()
        self.mask()

    def enable(self):
        """The package does that."""

    def administer(self, *command):
        """dpkg or apt-get, which have all they need on the machine; returns what was said."""
        # The index of all manual pages takes longest of all.
        self.run("rm", "-f", "/var/lib/man-db/auto-update")
        return self.run("env", "DEBIAN_FRONTEND=noninteractive", *command, patience=PATIENCE)

    def path(self, name):
        """Of a package's file on the machine."""
        return f"{FOLDER}/{os.path.basename(find(name))}"

    def install_packages(self, *names, tool=("dpkg", "--install")):
        said = self.administer(*tool, *(self.path(name) for name in names))
        self.secret = self.run("cat", "/etc/rivulet/secret")
        record.secret(self.secret)
        return said

    def upgrade(self):
        return self.administer("apt-get", "install", "-y",
                               f"{FOLDER}/rivulet_{self.higher}_{self.architecture()}.deb")

    def remove(self):
        self.administer("dpkg", "--remove", "rivulet")

    def purge(self):
        self.administer("dpkg", "--purge", "rivulet-tests", "rivulet-dev", "rivulet")

    def architecture(self):
        return self.run("dpkg", "--print-architecture").strip()

    def version(self, name="rivulet"):
        return self.run("dpkg-query", "-W", "-f", "${Version}", name)

    def files(self):
        """All that is kept in files, less what apt, dpkg and the log know of the past."""
        said = self.run("find", *LOOKED_AT, "-xdev", *(word for folder in NOT_LOOKED_AT for word in
                        ("-path", folder, "-prune", "-o")), "-print", patience=PATIENCE)
        return set(said.split("\n"))


LOOKED_AT = ["/etc", "/home", "/opt", "/srv", "/usr", "/var"]
NOT_LOOKED_AT = ["/var/cache", "/var/lib/apt", "/var/lib/PackageKit", "/var/log", "/var/tmp"]
