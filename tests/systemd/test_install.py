# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `meson install` puts where, below /usr and below other prefixes; and that it is found there."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import daemon  # noqa: E402
from machine import Machine, read_until  # noqa: E402

ABI = "1"
HEADERS = ["batch", "error", "json", "plugin", "receiver", "rules", "setting", "source", "time", "update"]
PLUGINS = ["events-count", "github-events", "posts-stats", "quota"]
SCRIPTS = ["connection", "event-stream", "leader", "line", "subscription"]
BUS = "share/dbus-1"
EXAMPLES = "share/doc/rivulet/examples"

# Below the prefix, whatever that is; LIB is the folder of libraries.
EVERYWHERE = [
    "bin/rivulet", "bin/rivuletd",
    *(f"LIB/libsse-api.so{ending}" for ending in ("", f".{ABI}", f".{ABI}.0.0")), f"LIB/pkgconfig/rivulet-{ABI}.pc",
    *(f"LIB/rivulet/plugins-{ABI}/{name}.so" for name in PLUGINS),
    *(f"include/rivulet-{ABI}/sse-{name}.h" for name in HEADERS),
    "share/bash-completion/completions/rivulet", "share/bash-completion/completions/rivuletd",
    "share/locale/fr/LC_MESSAGES/rivulet.mo",
    "share/man/man1/rivulet.1", "share/man/man5/rivulet.conf.5", "share/man/man8/rivuletd.8",
    "share/man/fr/man1/rivulet.1", "share/man/fr/man5/rivulet.conf.5", "share/man/fr/man8/rivuletd.8",
    f"{BUS}/system-services/io.github.rivulet.Rivulet.service",
    f"{BUS}/services/io.github.rivulet.Rivulet.service",
    "share/polkit-1/actions/io.github.rivulet.policy",
    *(f"{EXAMPLES}/plugin-template/{name}" for name in
      ("README.md", "flatpak.yml", "meson.build", "messages.c")),
    *(f"share/rivulet/web/{name}" for name in ("README.md", "package.json", "rivulet.d.ts", "rivulet.js")),
    *(f"share/rivulet/web/rivulet/{name}.js" for name in SCRIPTS),
    *(f"{EXAMPLES}/proxy/{name}" for name in ("Caddyfile", "README.md", "nginx.conf")),
    *(f"{EXAMPLES}/scale/{name}" for name in ("README.md", "nats-server.conf", "nginx.conf", "rivulet.conf")),
]
POLICY = "dbus-1/system.d/io.github.rivulet.Rivulet.conf"
UNITS = ["rivulet.service", "rivulet.socket"]
NODE_UNITS = ["rivulet@.service", "rivulet@.socket"]


def ask_systemd(variable):
    return subprocess.run(["pkg-config", f"--variable={variable}", "systemd"], check=True,
                          capture_output=True, text=True).stdout.strip()


def library_folder(build):
    options = json.loads(subprocess.run(["meson", "introspect", build, "--buildoptions"], check=True,
                                        capture_output=True, text=True).stdout)
    return next(option["value"] for option in options if option["name"] == "libdir")


def expected(prefix, build, policies, units, user_units, users, catalogs, configuration):
    found = [f"{prefix}/{path}".replace("LIB", library_folder(build)) for path in EVERYWHERE]
    found += [f"{policies}/{POLICY}", f"{users}/rivulet.conf",
              f"{catalogs}/rivulet.catalog", f"{catalogs}/rivulet.fr.catalog",
              f"{configuration}/rivulet.conf"]
    found += [f"{folder}/{unit}" for folder in (units, user_units) for unit in UNITS]
    found += [f"{units}/{unit}" for unit in NODE_UNITS]
    return sorted(found)


class Files(unittest.TestCase):
    maxDiff = None

    def test_below_usr(self):
        """Units and users are where systemd says that it looks for them."""
        with tempfile.TemporaryDirectory() as root:
            subprocess.run(["meson", "install", "--no-rebuild", "--quiet", "-C", daemon.BUILD,
                            "--destdir", root], check=True, stdout=subprocess.DEVNULL)
            found = [os.path.relpath(os.path.join(folder, name), root)
                     for folder, _, names in os.walk(root) for name in names]
        self.assertEqual(sorted(f"/{path}" for path in found), expected(
            "/usr", daemon.BUILD, "/usr/share", ask_systemd("systemdsystemunitdir"),
            ask_systemd("systemduserunitdir"), ask_systemd("sysusersdir"),
            ask_systemd("catalogdir"), "/etc/rivulet"))

    def test_below_another_prefix(self):
        """Nothing is outside it but, for /usr/local, what the bus would look for nowhere in it."""
        for prefix, policies in ("/usr/local", "/etc"), ("/opt/rivulet", "/opt/rivulet/share"):
            with self.subTest(prefix=prefix), tempfile.TemporaryDirectory() as build:
                subprocess.run(["meson", "setup", f"--prefix={prefix}", "-Dtests=false", build,
                                daemon.ROOT], check=True, stdout=subprocess.DEVNULL)
                plan = subprocess.run(["meson", "introspect", build, "--installed"], check=True,
                                      capture_output=True, text=True).stdout
                found = []
                for source, target in json.loads(plan).items():
                    inside = os.listdir(source) if os.path.isdir(source) else []
                    found += [f"{target}/{name}" for name in inside] or [target]
                self.assertEqual(sorted(found), expected(
                    prefix, build, policies, f"{prefix}/lib/systemd/system",
                    f"{prefix}/share/systemd/user", f"{prefix}/lib/sysusers.d",
                    f"{prefix}/lib/systemd/catalog", f"{prefix}/etc/rivulet"))

    def test_without_gettext(self):
        """What is missing is named."""
        with tempfile.TemporaryDirectory() as folder:
            programs = os.path.join(folder, "bin")
            os.mkdir(programs)
            for place in reversed(os.get_exec_path()):
                for name in os.listdir(place) if os.path.isdir(place) else []:
                    path = os.path.join(programs, name)
                    if os.path.lexists(path):
                        os.unlink(path)
                    os.symlink(os.path.join(place, name), path)
            os.unlink(os.path.join(programs, "msgfmt"))
            done = subprocess.run(["meson", "setup", os.path.join(folder, "build"), daemon.ROOT], check=False,
                                  capture_output=True, text=True, env={**os.environ, "PATH": programs})
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout, "ERROR: Program 'msgfmt' not found")


class Local(Machine):
    """Built and installed as by somebody who gives no prefix, which is /usr/local."""

    configuration = "usr/local/etc/rivulet"

    def install(self):
        self.build = os.path.join(self.folder, "build")
        subprocess.run(["meson", "setup", "-Dtests=false", "-Dbuildtype=debug", self.build, daemon.ROOT],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        subprocess.run(["ninja", "-C", self.build], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
        super().install()


@unittest.skipUnless(os.geteuid() == 0, "only root can boot a systemd")
class BelowUsrLocal(unittest.TestCase):
    def test_all_of_it_is_found(self):
        """Its user, its units, its policy, its activation, and the library by the programs."""
        machine = Local()
        self.addCleanup(machine.stop)
        machine.publish(3, user="publisher")
        machine.systemctl("stop", "rivulet.service")
        machine.systemctl("start", "rivulet.socket")
        client = machine.follow()
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        read_until(client, '"used":3')
        self.assertRegex(machine.run("/usr/local/bin/rivulet", "--version"), r"^rivulet \d")
        self.assertEqual(machine.run("systemctl", "--global", "is-enabled", "rivulet.socket",
                                     status=None), "disabled\n")
