# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Flatpak, software centres and desktops read is right, and says the same everywhere."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

import daemon

DATA = os.path.join(daemon.ROOT, "data")
APP = "io.github.rivulet.Rivulet.Devel"
MANIFEST = f"flatpak/{APP}.yml"
PLUGIN = "../tests/plugin-template/flatpak.yml"
# The name is the application's, and that is the bus's name.
HINTS = {"cid-contains-uppercase-letter"}


def read(path):
    with open(os.path.join(DATA, path), encoding="utf-8") as file:
        return file.read()


def run(program, *arguments, folder=DATA):
    """Returns status, stdout and stderr."""
    if shutil.which(program) is None:
        raise unittest.SkipTest(f"there is no {program}")
    done = subprocess.run([program, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def read_manifest(path):
    with tempfile.TemporaryDirectory() as folder:  # it leaves something there
        status, out, err = run("flatpak-builder", "--show-manifest", os.path.join(DATA, path), folder=folder)
    if status != 0 or err:
        raise AssertionError(f"{path}: {status}: {err}")
    return json.loads(out)


class Files(unittest.TestCase):
    def test_the_desktop_entry(self):
        self.assertEqual(run("desktop-file-validate", f"flatpak/{APP}.desktop"), (0, "", ""))

    def test_the_metainfo(self):
        status, out, _ = run("appstreamcli", "validate", "--no-net", "--pedantic", "--no-color",
                             f"flatpak/{APP}.metainfo.xml")
        self.assertEqual(status, 0, out)
        self.assertEqual(set(re.findall(r"^[EWIP]: \S+ ([a-z-]+)", out, re.MULTILINE)) - HINTS, set())
        self.assertIn("Validation was successful", out)

    def test_the_manifests_name_what_there_is(self):
        """flatpak-builder says nothing of a key that it does not know where it should be."""
        for path in MANIFEST, PLUGIN:
            shown = json.dumps(read_manifest(path))
            for key in re.findall(r"^ *(?:- )?([a-z-]+):", read(path), re.MULTILINE):
                self.assertIn(f'"{key}"', shown)

    def test_the_plugin_interface(self):
        """Where extensions are, of which branch, and where one is built to be, is told by one number."""
        version = re.search(r"SSE_PLUGIN_ABI (\d+)", read("../src/api/sse-plugin.h")).group(1)
        (name, point), = read_manifest(MANIFEST)["add-extensions"].items()
        plugin = read_manifest(PLUGIN)
        self.assertEqual(point["version"], version)
        self.assertEqual(point["directory"], f"lib/rivulet/plugins-{version}/extensions")
        self.assertEqual(plugin["branch"], version)
        self.assertEqual(plugin["id"], f"{name}.messages")
        self.assertEqual(plugin["build-options"]["prefix"], f"/app/{point['directory']}/messages")

    def test_what_is_built_in_the_tree_stays_out(self):
        """A directory is named by each that builds in it, and has to be by the manifest."""
        skipped, = [source["skip"] for module in read_manifest(MANIFEST)["modules"]
                    for source in module["sources"]]
        named = {name for path in ("../tests/run", "../tests/bench/run", "demo/run", "debian/build", "../CONTRIBUTING.md",
                                  MANIFEST)
                 for name in re.findall(r"\bbuild-[a-z]+\b", read(path))}
        named -= {"build-dep", "build-deps", "build-options"}
        self.assertGreater(len(named), 4)
        self.assertEqual(named - set(skipped), set())

    def test_the_icons(self):
        """One drawing, and of one colour where the desktop gives it another."""
        svg = "{http://www.w3.org/2000/svg}"
        icon = xml.etree.ElementTree.fromstring(read("dashboard/icon.svg"))
        symbolic = xml.etree.ElementTree.fromstring(read("flatpak/symbolic.svg"))
        self.assertEqual(icon.get("viewBox"), "0 0 128 128")
        self.assertEqual(symbolic.get("viewBox"), "0 0 16 16")
        path, = symbolic
        self.assertEqual((path.tag, path.get("fill")), (f"{svg}path", "#2e3436"))
