# SPDX-License-Identifier: LGPL-2.1-or-later
"""rivulet.js as a package of npm: what is in it, its types, and that it works in Node."""

import json
import os
import shutil
import tarfile
import tempfile
import unittest

import browsers
import daemon
from npmpackage import WEB, install_package, run

HERE = os.path.dirname(os.path.abspath(__file__))
COMPILER = {
    "noEmit": True, "strict": True, "target": "ES2022", "module": "NodeNext", "types": [],
    "lib": ["ES2022", "DOM", "DOM.Iterable"],
}


def sources():
    return sorted(os.path.relpath(os.path.join(folder, name), WEB)
                  for folder, _, names in os.walk(WEB) for name in names
                  if name.endswith((".js", ".d.ts")))


class Sources(unittest.TestCase):
    def setUp(self):
        browsers.need_modules()

    def compile(self, folder, files, **options):
        path = os.path.join(folder, "tsconfig.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"compilerOptions": {**COMPILER, **options}, "files": files}, file)
        run("node", os.path.join(browsers.MODULES, "typescript", "bin", "tsc"), "-p", path)

    def test_modules(self):
        """Those that need neither a page nor a daemon."""
        names = sorted(name for name in os.listdir(HERE) if name.endswith(".test.mjs"))
        self.assertNotEqual(names, [])
        for name in names:
            with self.subTest(name=name):
                self.assertRegex(run("node", "--test", os.path.join(HERE, name)), "# pass [1-9]")

    def test_syntax(self):
        for name in sources():
            if name.endswith(".js"):
                run("node", "--check", name)

    def test_types_of_the_sources(self):
        """What JSDoc says, and that the class is what rivulet.d.ts declares."""
        with tempfile.TemporaryDirectory() as folder:
            self.compile(folder, [os.path.join(WEB, name) for name in sources()],
                         allowJs=True, checkJs=True)

    def test_the_same_is_served(self):
        """A module that is new has to be in web.gresource.xml too."""
        with open(os.path.join(WEB, "web.gresource.xml"), encoding="utf-8") as file:
            text = file.read()
        for name in sources():
            self.assertEqual(f"<file>{name}</file>" in text, name.endswith(".js"), name)


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="rivulet-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.archive = install_package(cls.folder)

    def test_what_is_in_it(self):
        with tarfile.open(self.archive) as archive:
            names = sorted(archive.getnames())
        self.assertEqual(names, sorted(f"package/{name}" for name in
                                       ["LICENSE", "README.md", "package.json", *sources()]))

    def test_its_license_is_rivulets(self):
        with open(os.path.join(WEB, "LICENSE"), encoding="utf-8") as own, \
                open(os.path.join(daemon.ROOT, "LICENSE"), encoding="utf-8") as whole:
            self.assertEqual(own.read(), whole.read())

    def test_its_version_is_rivulets(self):
        with open(os.path.join(WEB, "package.json"), encoding="utf-8") as file:
            version = json.load(file)["version"]
        self.assertIn(version, run(daemon.PROGRAM, "--version").split())

    def test_its_types(self):
        browsers.need_modules()
        shutil.copy(os.path.join(HERE, "types.mts"), self.folder)
        Sources.compile(self, self.folder, ["types.mts"])
