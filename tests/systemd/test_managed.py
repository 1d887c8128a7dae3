# SPDX-License-Identifier: LGPL-2.1-or-later
"""On a machine with polkit and a journal: who may manage it, and what the journal can be asked."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import daemon  # noqa: E402
import language  # noqa: E402
from machine import Machine, read_until  # noqa: E402
from waiting import wait_until  # noqa: E402

MANAGER = "io.github.rivulet.Rivulet1.Manager"
REFUSED = "io.github.rivulet.Rivulet1.Error.NotAuthorized"
HEADER = os.path.join(daemon.ROOT, "src", "core", "sse-journal.h")
CATALOGS = {language: os.path.join(daemon.ROOT, "data", "systemd", f"rivulet{language}.catalog")
            for language in ("", ".fr")}
# As an administrator would have it that one user manages it without a password.
RULE = """polkit.addRule(function(action, subject) {
  if (action.id == "io.github.rivulet.manage" && subject.user == "publisher")
    return polkit.Result.YES;
});
"""
FRENCH = ["env", "LC_ALL=C.UTF-8", "LANGUAGE=fr"]
RULES = "/etc/polkit-1/rules.d/40-tests.rules"


def kinds():
    with open(HEADER, encoding="utf-8") as file:
        return dict(re.findall(r'#define SSE_JOURNAL_(\w+)\s+"(\w+)"', file.read()))


class Catalogs(unittest.TestCase):
    @unittest.skipUnless(shutil.which("journalctl"), "journalctl is not installed")
    def test_who_reads_french_is_told_in_french(self):
        with tempfile.TemporaryDirectory() as root:
            locale = language.make_locale(root)
            if locale is None:
                self.skipTest("localedef, or what it makes locales of, is not installed")
            os.makedirs(os.path.join(root, "var/lib/systemd/catalog"))
            folder = os.path.join(root, "usr/lib/systemd/catalog")
            os.makedirs(folder)
            for path in CATALOGS.values():
                shutil.copy(path, folder)
            journalctl = ["journalctl", f"--root={root}"]
            subprocess.run([*journalctl, "--update-catalog"], check=True)
            told = subprocess.run([*journalctl, "--dump-catalog", kinds()["CONFIG_LOADED"]], check=True,
                                  capture_output=True, text=True, env={**os.environ, **locale}).stdout
            self.assertIn("Subject: La configuration a été rechargée\n", told)


class OnAMachine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can boot a systemd")
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.stop)

    def explain(self):
        return self.machine.journal()

    def follow(self, *arguments):
        client = self.machine.follow(*arguments)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        return client

    def asked(self, *matches):
        """The messages that journalctl finds by these fields."""
        said = self.machine.run("journalctl", "-q", "-o", "json", "--no-pager", *matches)
        return [json.loads(line) for line in said.splitlines()]

    def wait_asked(self, *matches):
        return wait_until(lambda: self.asked(*matches), f"a message with {matches}")


class Polkit(OnAMachine):
    def allow(self):
        self.machine.run("sh", "-c", 'printf %s "$1" >"$2"', "sh", RULE, RULES)
        self.addCleanup(self.disallow)

    def disallow(self):
        self.machine.run("rm", "-f", RULES)

    def call(self, method, *arguments, **more):
        return self.machine.gdbus(f"{MANAGER}.{method}", *arguments, **more)

    def test_whom_it_allows(self):
        self.assertIn("has to authenticate for io.github.rivulet.manage",
                      self.call("Revoke", "jo", user="publisher", status=1))
        self.allow()
        # The rules are read again when polkitd has noticed.
        wait_until(lambda: self.call("Revoke", "jo", user="publisher", status=None) == "()\n",
                   "polkit to allow it")
        self.assertEqual(self.call("Reload", user="publisher"), "()\n")
        denied = self.call("Revoke", "jo", user="stranger", status=1)
        self.assertIn(REFUSED, denied)
        self.assertIn("io.github.rivulet.manage", denied)
        self.disallow()
        wait_until(lambda: REFUSED in self.call("Reload", user="publisher", status=None),
                   "polkit to allow it no more")

    def test_whom_it_would_ask(self):
        """Who sits at the machine may show that they are an administrator; here nobody can."""
        said = self.machine.run("busctl", "--system", "call", "io.github.rivulet.Rivulet",
                                "/io/github/rivulet/Rivulet", MANAGER, "Reload", user="stranger",
                                status=1)
        self.assertIn("has to authenticate for io.github.rivulet.manage, and nobody could be asked",
                      said)

    def test_root_without_polkit(self):
        self.machine.publish(1)
        self.machine.systemctl("mask", "--runtime", "--now", "polkit.service")
        self.addCleanup(self.machine.systemctl, "unmask", "--runtime", "polkit.service")
        self.machine.systemctl("reload", "rivulet.service")
        self.assertEqual(self.call("Revoke", "jo"), "()\n")
        self.allow()
        said = self.call("Revoke", "jo", user="publisher", status=1)
        self.assertIn(REFUSED, said)
        self.assertIn("polkit can't be asked", said)

    def test_the_action(self):
        said = self.machine.run("pkaction", "--verbose", "--action-id", "io.github.rivulet.manage")
        self.assertRegex(said, r"implicit any: +auth_admin\n")
        self.assertRegex(said, r"implicit active: +auth_admin_keep\n")
        self.assertIn("unix-user:rivulet", said)

    def test_who_was_refused_is_in_the_journal(self):
        self.call("Revoke", "jo", user="stranger", status=1)
        uid = self.machine.run("id", "-u", "stranger").strip()
        told = self.wait_asked(f"MESSAGE_ID={kinds()['CALL_DENIED']}", "SSE_METHOD=Revoke",
                               f"SSE_CALLER_UID={uid}")
        self.assertIn(f"to uid {uid}, ", told[-1]["MESSAGE"])


class Journal(OnAMachine):
    def test_who_published_what_was_refused(self):
        self.machine.run("systemd-run", "--quiet", "--wait", "--uid=publisher", "--unit=tests-publish",
                         "gdbus", "call", "--system", "--dest", "io.github.rivulet.Rivulet",
                         "--object-path", "/io/github/rivulet/Rivulet", "--method",
                         "io.github.rivulet.Rivulet1.Publisher.Publish", "quota", "{}",
                         "{'audience': <'jo'>}", status=1)
        told = self.wait_asked("SSE_PUBLISHER_UNIT=tests-publish.service", "SSE_USER=jo")[-1]
        self.assertEqual(told["MESSAGE_ID"], kinds()["UPDATE_REFUSED"])
        self.assertEqual(told["SSE_STREAM"], "quota")
        self.assertEqual(told["SSE_PUBLISHER_UID"],
                         self.machine.run("id", "-u", "publisher").strip())
        self.assertIn(f"pid {told['SSE_PUBLISHER_PID']} (tests-publish.service)", told["MESSAGE"])

    def test_a_field_is_no_longer_than_a_name(self):
        """Whatever is called a user: a publisher can't fill the disk by it."""
        for letter in "x", "\u00e9":
            self.machine.gdbus("io.github.rivulet.Rivulet1.Publisher.Publish", "quota", "{}",
                               "{'audience': <'%s'>}" % (letter * 5000), status=1)
            told = self.wait_asked(f"MESSAGE_ID={kinds()['UPDATE_REFUSED']}",
                                   f"SSE_USER={letter * (1024 // len(letter.encode()))}")[-1]
            self.assertLess(len(told["MESSAGE"]), 1000)

    def test_what_is_explained(self):
        """Each kind of message has its text, which journalctl -x shows below it."""
        for path in CATALOGS.values():
            with open(path, encoding="utf-8") as file:
                self.assertEqual(sorted(re.findall(r"^-- (\w+)$", file.read(), re.MULTILINE)),
                                 sorted(kinds().values()))
        self.machine.run("journalctl", "--update-catalog")
        for name, kind in kinds().items():
            with self.subTest(name=name):
                said = self.machine.run("journalctl", "--dump-catalog", kind)
                self.assertIn("Subject: ", said)
                self.assertIn("Defined-By: Rivulet", said)

    def test_in_french(self):
        """A person, with what is installed; the journal is English, whatever the machine speaks."""
        self.assertIn("aucune commande", self.machine.run(*FRENCH, "rivulet", status=2))
        self.machine.publish(1)
        self.assertIn("sur le bus système\n", self.machine.run(*FRENCH, "rivulet", "status"))
        self.assertIn("Configuration de rivuletd", self.machine.run(*FRENCH, "rivuletd", "--list-settings"))
        authority = "org.freedesktop.PolicyKit1"
        asked = self.machine.run(
            "env", "LC_ALL=C.UTF-8", "gdbus", "call", "--system", "--dest", authority,
            "--object-path", "/org/freedesktop/PolicyKit1/Authority", "--method",
            f"{authority}.Authority.EnumerateActions", "fr_FR.UTF-8")
        self.assertTrue("Une authentification est nécessaire pour révoquer des tokens" in asked)

        folder = "/run/systemd/system/rivulet.service.d"
        self.machine.run("sh", "-c", f"mkdir -p {folder} /etc/rivulet/rivulet.conf.d && "
                         f"printf '[Service]\\nEnvironment=LC_ALL=C.UTF-8 LANGUAGE=fr\\nRestart=no\\n' "
                         f">{folder}/french.conf && "
                         "printf '[http]\\nlistn=x\\n' >/etc/rivulet/rivulet.conf.d/french.conf")
        self.addCleanup(self.machine.systemctl, "restart", "rivulet.service")
        self.addCleanup(self.machine.systemctl, "daemon-reload")
        self.addCleanup(self.machine.run, "rm", "-r", folder, "/etc/rivulet/rivulet.conf.d")
        self.machine.systemctl("daemon-reload")
        self.machine.systemctl("restart", "rivulet.service", status=1)
        invocation = self.machine.systemctl("show", "--value", "-p", "InvocationID", "rivulet.service")
        said = [told["MESSAGE"] for told in self.asked(f"_SYSTEMD_INVOCATION_ID={invocation}")]
        self.assertTrue([line for line in said if "[http] listn: unknown key; there are:" in line], said)

    def test_what_is_told_of_by_subsystem(self):
        """Of each client only where somebody wants it, and of that subsystem alone."""
        folder = "/run/systemd/system/rivulet.service.d"
        self.machine.run("sh", "-c", f"mkdir -p {folder} && printf '[Service]\\nEnvironment="
                         f"G_MESSAGES_DEBUG=rivulet-hub\\n' >{folder}/debug.conf")
        self.addCleanup(self.machine.systemctl, "restart", "rivulet.service")
        self.addCleanup(self.machine.systemctl, "daemon-reload")
        self.addCleanup(self.machine.run, "rm", "-r", folder)
        self.machine.systemctl("daemon-reload")
        self.machine.systemctl("restart", "rivulet.service")
        read_until(self.follow("/quota/stream", "--max-time", "1"), "data: ")
        gone = self.wait_asked(f"MESSAGE_ID={kinds()['CLIENT_CLOSED']}", "SSE_STREAM=quota",
                               "SSE_USER=42")[-1]
        self.assertEqual((gone["SSE_CLOSE_REASON"], gone["PRIORITY"]), ("gone", "7"))
        invocation = f"_SYSTEMD_INVOCATION_ID={gone['_SYSTEMD_INVOCATION_ID']}"
        self.assertEqual({told["GLIB_DOMAIN"] for told in self.asked("PRIORITY=7", invocation)},
                         {"rivulet-hub"})

    def test_nothing_is_told_of_each_client(self):
        self.machine.publish(1)
        invocation = self.machine.systemctl("show", "--value", "-p", "InvocationID",
                                            "rivulet.service")
        before = len(self.asked(f"_SYSTEMD_INVOCATION_ID={invocation}"))
        for _ in range(3):
            client = self.follow("/quota/stream", "--max-time", "1")
            read_until(client, "data: ")
            client.wait()
        self.machine.gdbus("io.github.rivulet.Rivulet1.Publisher.Publish", "quota", "{}", "{}",
                           status=1)
        self.wait_asked(f"_SYSTEMD_INVOCATION_ID={invocation}",
                        f"MESSAGE_ID={kinds()['UPDATE_REFUSED']}")
        self.assertEqual(len(self.asked(f"_SYSTEMD_INVOCATION_ID={invocation}")), before + 1)
