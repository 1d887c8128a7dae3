# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stand-ins for org.gnome.Platform and org.gnome.Sdk, out of files of this machine's Debian packages.

They have the same layout as the real ones, and of what is in those only what Rivulet takes, in
Debian's versions: they prove a manifest and its permissions, not that it builds with GNOME's own.
"""

import contextlib
import fcntl
import glob
import json
import os
import re
import shutil
import subprocess

import daemon

# What is kept from one run to the next.
FOLDER = os.path.join(daemon.ROOT, "build", "flatpak")
REPOSITORY = os.path.join(FOLDER, "runtimes")
MADE_OF = os.path.join(FOLDER, "runtimes.json")

PLATFORM = [
    "bash", "coreutils", "curl", "dash", "findutils", "grep", "hicolor-icon-theme", "libc-bin",
    "libglib2.0-bin", "libjson-glib-1.0-0", "libsoup-3.0-0", "libsqlite3-0", "libssl3", "mawk", "sed", "util-linux"]
SDK = PLATFORM + [
    "appstream", "appstream-util", "binutils", "desktop-file-utils", "gcc", "gettext", "libc6-dev",
    "libglib2.0-dev", "libglib2.0-dev-bin", "libjson-glib-dev", "libsoup-3.0-dev", "libsqlite3-dev",
    "libssl-dev", "librsvg2-common", "meson", "ninja-build", "pkg-config", "python3", "tar"]
# What they need on a machine that is installed and started, but not in a runtime.
LEFT_OUT = {
    "adduser", "dbus", "dbus-user-session", "dconf-gsettings-backend", "debconf", "dpkg", "glib-networking",
    "libadwaita-1-dev", "libgtk-4-dev", "libpolkit-gobject-1-dev", "libsysprof-ui-5", "systemd"}
# Of what they have, what nobody reads here.
UNREAD = re.compile(r"/usr/(share/(doc|info|lintian|locale|man)|lib/systemd|games)(/|$)|/(var|boot|etc/init)")
# What packages make when they are installed: how files of a kind are known, and pictures read.
MADE = ["/usr/share/mime/mime.cache", "/usr/share/mime/magic", "/usr/lib/*/gdk-pixbuf-2.0/*/loaders.cache",
        "/usr/share/glib-2.0/schemas/gschemas.compiled"]
# Folders of the root that are links into /usr.
MERGED = re.compile(r"^/(bin|lib|lib32|lib64|libx32|sbin)/")

METADATA = """[Runtime]
name={name}
runtime=org.gnome.Platform/{architecture}/{version}
sdk=org.gnome.Sdk/{architecture}/{version}

[Environment]
PATH=/app/bin:/usr/bin
XDG_DATA_DIRS=/app/share:/usr/share:/usr/share/runtime/share:/run/host/user-share:/run/host/share
"""


def ask(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Packages:
    """Those that are installed: what each is of, and what it needs."""

    def __init__(self):
        self.versions = {}
        self.needs = {}
        self.providers = {}
        told = ask("dpkg-query", "-W", "-f", "${db:Status-Status}\t${Package}\t${Version}\t${Provides}\t"
                   "${Pre-Depends}, ${Depends}\n")
        for line in told.splitlines():
            status, name, version, provides, needs = line.split("\t")
            if status == "installed":
                self.versions[name] = version
                self.needs[name] = needs
                for provided in self.names(provides):
                    self.providers.setdefault(provided, name)

    @staticmethod
    def names(relations):
        return [name for name in re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]*)", relations)]

    def choose(self, alternatives):
        names = self.names(alternatives)
        return next((name for name in names if name in self.versions),
                    next((self.providers[name] for name in names if name in self.providers), None))

    def closure(self, names):
        """These, with all that they need; a KeyError names one that is not installed."""
        found = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            needed = [self.choose(each) for each in self.needs[name].split(",") if each.strip()]
            waiting += [each for each in needed if each not in LEFT_OUT | {None}]
        return sorted(found)

    def missing(self):
        return sorted(set(SDK) - set(self.versions))


def copy(path, tree):
    """A file of the root or a link into a runtime's tree; folders follow by themselves."""
    inside = MERGED.sub(r"/usr/\1/", path, count=1)
    inside = re.sub(r"^/etc/", "/usr/etc/", inside)
    if not inside.startswith("/usr/") or UNREAD.match(path) or not os.path.lexists(path):
        return
    target = tree + inside
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.lexists(target):
        return
    if os.path.islink(path):
        os.symlink(os.readlink(path), target)
    elif os.path.isfile(path) and os.access(path, os.R_OK):
        shutil.copyfile(path, target)
        os.chmod(target, 0o755 if os.access(path, os.X_OK) else 0o644)


def copy_packages(packages, names, tree):
    for path in ask("dpkg-query", "-L", *packages.closure(names)).splitlines():
        if path.startswith("/") and (os.path.islink(path) or not os.path.isdir(path)):
            copy(path, tree)
    for path in (path for pattern in MADE for path in glob.glob(pattern)):
        if os.path.isdir(os.path.dirname(tree + path)):
            copy(path, tree)
    # Links that update-alternatives made are in no package: awk is mawk.
    for name in os.listdir("/usr/bin"):
        path = f"/usr/bin/{name}"
        real = os.path.realpath(path)
        if os.path.islink(path) and os.readlink(path).startswith("/etc/alternatives/") \
                and os.path.exists(tree + real) and not os.path.lexists(tree + path):
            os.symlink(real, tree + path)


def export(packages, name, names, version):
    """Commits a runtime to the repository."""
    stage = os.path.join(FOLDER, "stage")
    shutil.rmtree(stage, ignore_errors=True)
    copy_packages(packages, names, stage)
    os.mkdir(os.path.join(stage, "files"))
    with open(os.path.join(stage, "metadata"), "w", encoding="ascii") as file:
        file.write(METADATA.format(name=name, version=version,
                                   architecture=ask("flatpak", "--default-arch").strip()))
    ask("flatpak", "build-export", "--runtime", "--disable-sandbox", "--no-update-summary",
        REPOSITORY, stage, version)
    shutil.rmtree(stage)


def make(version):
    """Makes both where there are none of these packages yet; returns the repository that has them."""
    packages = Packages()
    with open(os.path.abspath(__file__), encoding="utf-8") as file:
        recipe = file.read()
    made_of = {"version": version, "recipe": recipe,
               "packages": {name: packages.versions[name] for name in packages.closure(SDK)}}
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError, ValueError):
            with open(MADE_OF, encoding="utf-8") as file:
                if json.load(file) == made_of:
                    return REPOSITORY
        # And with them what was built against them.
        for folder in (REPOSITORY, *glob.glob(f"{FOLDER}/state-*")):
            shutil.rmtree(folder, ignore_errors=True)
        # Files are not packed, so that they can be linked where it is installed.
        ask("ostree", "init", f"--repo={REPOSITORY}", "--mode=bare-user-only")
        ask("ostree", "config", f"--repo={REPOSITORY}", "set", "core.fsync", "false")
        export(packages, "org.gnome.Platform", PLATFORM, version)
        export(packages, "org.gnome.Sdk", SDK, version)
        ask("flatpak", "build-update-repo", REPOSITORY)
        with open(MADE_OF, "w", encoding="utf-8") as file:
            json.dump(made_of, file)
    return REPOSITORY
