# SPDX-License-Identifier: LGPL-2.1-or-later
"""A person is spoken to in French; programs, and whoever reads the log, in English."""

import json
import os
import re
import shutil
import socket
import sqlite3
import tempfile
import unittest

import command
import daemon
import language
from cases import DaemonCase, FreshCase
from language import FRENCH, SIGN
from publisher import MANAGER, Refusal

def setUpModule():
    if not language.has("rivulet"):
        raise unittest.SkipTest("Rivulet is installed without its translations")


COMMANDS = ["token", "publish", "watch", "status", "clients", "revoke"]


class Rivulet(DaemonCase):
    def run_in_french(self, *arguments, **more):
        return command.run(*arguments, bus=self.rivulet.bus, **{**FRENCH, **more})

    def test_help(self):
        """Of the program and of each command; no option is left out."""
        for name in [None, *COMMANDS]:
            arguments = [name] if name else []
            with self.subTest(name=name):
                status, out, err = self.run_in_french(*arguments, "--help")
                _, english, _ = command.run(*arguments, "--help")
                self.assertEqual((status, err), (0, ""))
                if language.has("glib20"):
                    self.assertIn("Utilisation\u00a0:\n  rivulet ", out)
                told = re.findall(r"^  (?:-\w, )?(--[\w-]+)(?:=\S+)? +(.*)", out, re.MULTILINE)
                said = dict(re.findall(r"^  (?:-\w, )?(--[\w-]+)(?:=\S+)? +(.*)", english, re.MULTILINE))
                self.assertEqual([option for option, _ in told], list(said))
                self.assertEqual([option for option, text in told if text == said[option] and option != "--help"],
                                 [])

    def test_errors(self):
        for arguments, words in [
                ([], "aucune commande n’est indiquée"),
                (["nonsense"], "«\u00a0nonsense\u00a0» n’est pas une commande"),
                (["--nonsense"], "Voir «\u00a0rivulet --help\u00a0»"),
                (["clients", "--max", "0"], "--max\u00a0: 0 n’est pas un nombre de clients de 1 à 10000"),
                (["token", "--sub", ""], "--sub\u00a0: ne doit pas être vide"),
                (["publish", "--session", "nonsense", "{}"], "nonsense\u00a0: ")]:
            with self.subTest(arguments=arguments):
                status, out, err = self.run_in_french(*arguments)
                self.assertNotEqual(status, 0)
                self.assertEqual(out, "")
                self.assertTrue(err.startswith("rivulet: "), err)
                self.assertIn(words, err)

    def test_what_came_of_many(self):
        """One is one, and none is one too; two are several."""
        good = json.dumps({"type": "quota", "quota": {"used": 1, "remaining": 2}}) + "\n"
        for given, words in [("", "0 publiée, 0 refusée"), (good, "1 publiée, 0 refusée"),
                             (good * 2 + "{}\n" * 2, "2 publiées, 2 refusées")]:
            with self.subTest(given=given):
                _, _, err = self.run_in_french("publish", "--session", "quota", "-", given=given)
                self.assertTrue(err.endswith(f"rivulet: {words}\n"), err)

    def test_status(self):
        status, out, err = self.run_in_french("status", "--session")
        self.assertEqual((status, err), (0, ""))
        head, table = out.split("\n\n")
        self.assertIn(", sur le bus de session\n", head)
        self.assertRegex(head, r"\nconnexions  \d+ sur \d+\nrefus       0 \(limite totale")
        self.assertTrue(head.endswith("\nstockage    en service"), head)
        rows = [line.split() for line in table.splitlines()]
        self.assertEqual(rows[0], ["STREAM", "ÉTAT", "CLIENTS", "POSITION", "EN", "FILE", "DÉCONNECTÉS"])
        self.assertEqual({row[1] for row in rows[1:]}, {"actif"})
        self.assertIn(" 0\u00a0o ", table)

    def test_what_programs_read_is_the_same(self):
        for arguments in ["status", "--session", "--json"], ["clients", "--session", "--json"]:
            with self.subTest(arguments=arguments):
                english = command.run(*arguments, bus=self.rivulet.bus)
                self.assertEqual(self.run_in_french(*arguments), english)
                self.assertEqual(english[0], 0)

    def test_in_a_locale_of_france(self):
        """As it is set there, with numbers as people there write them."""
        with command.folder() as folder:
            locale = language.make_locale(folder)
            if locale is None:
                self.skipTest("localedef, or what it makes locales of, is not installed")
            self.assertIn("aucune commande", command.run(**locale)[2])
            server = command.Server(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
            self.addCleanup(server.close)
            client = command.Command("watch", "/quota/stream", "--url", server.url, RIVULET_TOKEN="a.b.c",
                                     **locale)
            self.addCleanup(client.close)
            self.assertIn("nouvelle tentative dans 1,0\u00a0s (1 sur 3)", client.errors.next())
            # The C library's newlocale() does not free what it makes of LOCPATH.
            done, said, _ = daemon.run_to_end(["--help"], {**locale, "ASAN_OPTIONS": "detect_leaks=0"})
            self.assertEqual(done, 0)
            self.assertIn("Servir des streams de mises à jour", said)


class Starting(unittest.TestCase):
    """Whoever starts rivuletd is told in their language why it does not."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rivulet-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.secret = daemon.Secret(self.folder, "secret")
        self.state = os.path.join(self.folder, "state")

    def run_in_french(self, *arguments, **groups):
        path = os.path.join(self.folder, "rivulet.conf")
        daemon.write_config(path, {"auth": {"secret-file": self.secret.path},
                                   "plugins": {"directory": daemon.PLUGINS}, **groups})
        return daemon.run_to_end(["--config", path, "--no-bus", "--state-dir", self.state, "--listen",
                                  "127.0.0.1:0", *arguments], FRENCH)

    def refusal(self, *arguments, status=1, **groups):
        told, out, err = self.run_in_french(*arguments, **groups)
        self.assertEqual((told, out), (status, ""), err)
        return err.splitlines()[-1]

    def test_help_and_usage(self):
        status, out, _ = daemon.run_to_end(["--help"], FRENCH)
        self.assertEqual(status, 0)
        self.assertIn("--config=FICHIER ", out)
        self.assertIn("«\u00a0x\u00a0» n’est pas une option", daemon.run_to_end(["x"], FRENCH)[2])
        self.assertEqual(self.run_in_french("--check-config")[1], "La configuration est correcte.\n")

    def test_what_can_be_configured(self):
        """All of it but the names: it is a configuration all the same."""
        arguments = ["--plugin-dir", daemon.PLUGINS, "--list-settings"]
        english, french = (daemon.run_to_end(arguments, environment)[1] for environment in ({}, FRENCH))
        keys = re.compile(r"^#?\[.*\]$|^#[a-z-]+=.*$", re.MULTILINE)
        self.assertEqual(keys.findall(french), keys.findall(english))
        blocks = [keys.sub("", block).strip() for block in french.split("\n\n")]
        self.assertEqual([block for block in blocks if block and block in english], [])
        self.assertNotRegex(french, r"@\w+@")

    def test_the_configuration(self):
        self.assertRegex(self.refusal(http={"listn": "x"}), r"\[http\] listn\u00a0: clé inconnue")
        self.assertRegex(self.refusal(log={"retain-hours": "many"}),
                         r"«\u00a0many\u00a0» n’est pas un nombre de 1 à 87600$")
        if language.has("glib20") and language.has("libc"):
            self.assertRegex(self.refusal(auth={"secret-file": "/nonexistent"}),
                             "ouverture du fichier.*Aucun fichier ou dossier de ce")

    def test_an_address(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            said = self.refusal("--listen", f"127.0.0.1:{port}")
        self.assertTrue(said.startswith(f"rivuletd: impossible d’écouter sur 127.0.0.1:{port}\u00a0: "), said)
        if language.has("libc"):
            self.assertTrue(said.endswith("Adresse déjà utilisée"), said)

    def test_the_log(self):
        os.makedirs(self.state)
        path = os.path.join(self.state, "rivulet.db")
        with sqlite3.connect(path) as file:
            file.execute("CREATE TABLE others (id)")
        file.close()
        self.assertRegex(self.refusal(), "ce n’est pas un fichier de Rivulet")
        os.chmod(self.state, 0o777)
        self.assertRegex(self.refusal(), "d’autres peuvent y écrire")


class Serving(FreshCase):
    """In French, by hand; from when it serves on, all that it says is for programs."""

    setting = {"environment": FRENCH}

    def configure(self, **groups):
        with open(self.rivulet.config_path, encoding="utf-8") as file:
            kept = file.read()
        self.addCleanup(daemon.write_config, self.rivulet.config_path, {})
        with open(self.rivulet.config_path, "a", encoding="utf-8") as file:
            for group, keys in groups.items():
                file.write(f"[{group}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items()))
        return kept

    def reload_refusal(self, **groups):
        kept = self.configure(**groups)
        with self.assertRaises(Refusal) as refused:
            self.publisher.call(MANAGER, "Reload", None)
        with open(self.rivulet.config_path, "w", encoding="utf-8") as file:
            file.write(kept)
        return refused.exception.message

    def test_on_the_bus(self):
        with self.assertRaises(Refusal) as refused:
            self.publisher.publish("nonsense", {})
        self.assertIn("there is no stream named", refused.exception.message)
        self.rivulet.daemon.expect("the configuration stays as it was")
        self.assertIn("is not a number from", self.reload_refusal(hub={"max-backlog": "many"}))
        # What the system has to say, too, which rivuletd had not asked it before.
        self.assertRegex(self.reload_refusal(auth={"secret-file": "/nonexistent"}),
                         "Failed to open file “/nonexistent”: No such file or directory")
        self.assertRegex(self.reload_refusal(auth={"secret-file": self.rivulet.folder}), "Is a directory")

    def test_over_http(self):
        self.assertEqual(self.rivulet.get("/quota/stream").body,
                         b'{"statusCode":401,"message":"Token required","error":"Unauthorized"}')
        self.assertIn(b'"Invalid token"', self.rivulet.get("/quota/stream?token=x").body)

    def test_in_the_log(self):
        self.rivulet.daemon.expect("the configuration stays as it was")
        self.reload_refusal(log={"retain-hours": "many"})
        self.rivulet.daemon.stop()
        said = self.rivulet.daemon.said()
        self.assertIn("the configuration stays as it was: ", said)
        self.assertIn("stopping, within", said)
        self.assertEqual([line for line in said.splitlines() if SIGN.search(line)], [])


class Disabled(DaemonCase):
    """A plugin that can't be loaded: why is said on the bus, whoever is there at the start."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="rivulet-plugins-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        shutil.copy(os.path.join(daemon.PLUGINS, "quota.so"), folder)
        with open(os.path.join(folder, "broken.so"), "wb") as file:
            file.write(b"no module")
        cls.setting = {"plugins": folder, "webhook": False, "environment": FRENCH}
        super().setUpClass()
        cls.rivulet.daemon.expect("broken.so: disabled")

    def test_why(self):
        error = self.publisher.stream_properties("broken")["Error"]
        self.assertRegex(error, "broken.so: (file too short|invalid ELF header)$")
        _, out, _ = command.run("status", "--session", bus=self.rivulet.bus, **FRENCH)
        self.assertRegex(out, r"(?m)^broken +désactivé ")
        self.assertIn(error, out)
