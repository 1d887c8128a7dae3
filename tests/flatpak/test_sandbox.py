# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Flatpak as flatpak-builder makes it of the working tree, and as its user runs it."""

import glob
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import stat
import tempfile
import unittest

import daemon
import portal
import ports
import record
from installation import APP, NAME, Installation
from waiting import PATIENCE

PLUGIN = os.path.join(daemon.ROOT, "tests", "plugin-template", "flatpak.yml")
STREAMS = ["events-count", "github-events", "posts-stats", "quota"]
here = None


def setUpModule():
    global here
    here = Installation()
    unittest.addModuleCleanup(here.remove)


class Case(unittest.TestCase):
    maxDiff = None

    def start(self, *command):
        running = here.start_inside(*command)
        self.addCleanup(running.stop)
        return running

    def start_daemon(self):
        here.configure()
        running = self.start()
        running.wait_for("listening on ")
        return running

    def follow(self, path, *arguments):
        client = here.follow(path, *arguments)
        self.addCleanup(client.stop)
        return client

    def streams(self):
        found = json.loads(here.inside("rivulet", "status", "--json"))
        return sorted(stream["Name"] for stream in found["Streams"])


class Sandbox(Case):
    def setUp(self):
        self.daemon = self.start_daemon()

    def test_what_is_published_outside_is_followed_outside(self):
        client = self.follow("/quota/stream")
        client.wait_for('"type":"quota"')
        self.assertRegex(here.publish("quota", '{"type":"quota","quota":{"used":3,"remaining":2}}'), r"^\('")
        client.wait_for('{"type":"quota-update","quota":{"used":3,"remaining":2}}')

    def test_the_command_inside(self):
        watch = self.start("rivulet", "watch", "--sub", "42", "events-count")
        watch.wait_for("count")
        here.inside("rivulet", "publish", "events-count", '{"type":"count","count":150}')
        watch.wait_for("150")
        self.assertEqual(self.streams(), STREAMS)

    def test_in_french(self):
        """The programs inside, and what a desktop shows of them."""
        self.assertIn("Créer des tokens", here.inside("env", "LC_ALL=C.UTF-8", "LANGUAGE=fr", "rivulet", "--help"))
        # Older ones of flatpak-builder call the description by its older name.
        exports = os.path.join(here.installed, "exports", "share")
        for path, text in (f"applications/{APP}.desktop", "Comment[fr]=Voir et publier"), \
                (f"metainfo/{APP}.*.xml", '<summary xml:lang="fr">'):
            found, = glob.glob(os.path.join(exports, path))
            with open(found, encoding="utf-8") as file:
                self.assertIn(text, file.read())

    def test_its_permissions(self):
        """No more than the network and the name; nothing of the rest is there by default."""
        told = here.flatpak("info", "--show-permissions", APP).split("\n")
        self.assertEqual([line for line in told if line],
                         ["[Context]", "shared=network;", "[Session Bus Policy]", f"{NAME}=own"])

    def own(self, name, status):
        return here.inside("gdbus", "call", "--session", "--dest", "org.freedesktop.DBus", "--object-path",
                           "/org/freedesktop/DBus", "--method", "org.freedesktop.DBus.RequestName", name, "4",
                           status=status)

    def test_names(self):
        """Its own, those below it, and the one that publishers call; no other, not even beside that."""
        for name in NAME, APP, f"{APP}.More":
            with self.subTest(name=name):
                self.own(name, 0)
        for name in "org.example.Other", f"{NAME}2", f"{NAME}.Other", "io.github.rivulet":
            with self.subTest(name=name):
                self.assertRegex(self.own(name, 1), "AccessDenied|ServiceUnknown")

    def test_the_home_folder(self):
        """Neither read nor written, but for the application's own folder in it."""
        path = os.path.join(here.home, "diary")
        with open(path, "w", encoding="utf-8") as file:
            file.write("dear diary")
        for unseen in path, os.path.join(daemon.ROOT, "README.md"), "/root/.bashrc", here.bus.socket:
            self.assertIn("No such file", here.inside("cat", unseen, status=1))
        here.inside("sh", "-c", f"echo lost >{path}; echo lost >{here.home}/new", status=None)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "dear diary")
        self.assertEqual(sorted(os.listdir(here.home)), [".var", "diary"])
        self.assertIn("Read-only", here.inside("sh", "-c", "echo >/app/bin/rivulet", status=None))

    def test_a_second_one(self):
        """It says why it can't be, and the first one runs on."""
        self.assertIn("another rivuletd uses it", here.inside("rivulet-start", status=1))
        self.assertEqual(self.streams(), STREAMS)


class State(Case):
    def test_it_is_kept(self):
        running = self.start_daemon()
        event = {"delivery_id": "1", "event": "push", "repo_full_name": "a/b"}
        here.publish("github-events", json.dumps({"type": "new-event", "event": event}))
        running.stop()
        self.start_daemon()
        self.follow("/github/events/stream").wait_for('"delivery_id":"1"')
        self.follow("/github/events/length/stream").wait_for('"count":')

    def test_it_is_its_users_alone(self):
        self.start_daemon().stop(signal.SIGTERM)
        found = {}
        for folder, _, names in os.walk(here.data):
            for name in names:
                path = os.path.join(folder, name)
                found[os.path.relpath(path, here.data)] = stat.S_IMODE(os.stat(path).st_mode)
        self.assertGreaterEqual(found.keys(), {
            "config/rivulet/rivulet.conf", "config/rivulet/secret", "data/rivulet/rivulet.db",
            "data/rivulet/token-key"})
        self.assertEqual({path: mode for path, mode in found.items() if mode & 0o077}, {})

    def test_a_configuration_is_made_once(self):
        """What its user changed is kept, and each has a secret of their own."""
        self.start_daemon().stop()
        path = os.path.join(here.data, "config", "rivulet", "rivulet.conf")
        with open(path, encoding="utf-8") as file:
            before = file.read()
        here.inside("rivulet-start", "--check-config")
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), before)
        self.assertIn(f"localhost:{here.port}", before)

    def test_two_first_starts(self):
        """Of two at once, what the first made stays: it may have read it."""
        here.configure()
        folder = os.path.join(here.data, "config", "rivulet")
        os.unlink(os.path.join(folder, "secret"))
        other = secrets.token_hex(32)
        record.secret(other)
        # The other one is done while this one makes its own.
        here.inside("sh", "-c", f"""
            umask 077
            mkdir /tmp/bin
            cat >/tmp/bin/od <<'END'
#!/bin/sh
printf {other} >/var/config/rivulet/secret
exec /usr/bin/od "$@"
END
            chmod +x /tmp/bin/od
            PATH=/tmp/bin:$PATH exec rivulet-start --check-config""")
        with open(os.path.join(folder, "secret"), encoding="utf-8") as file:
            self.assertEqual(file.read(), other)
        self.assertEqual(sorted(os.listdir(folder)), ["rivulet.conf", "secret"])


class Dashboard(Case):
    def click(self):
        """Starts what a desktop starts for the entry that it is shown."""
        entry = os.path.join(here.installed, "exports", "share", "applications", f"{APP}.desktop")
        with open(entry, encoding="utf-8") as file:
            command = next(line for line in file if line.startswith("Exec="))
        running = here.start(*shlex.split(command.partition("=")[2]))
        self.addCleanup(running.stop)
        return running

    def setUp(self):
        self.start_daemon().stop()
        folder = tempfile.mkdtemp(prefix="desktop-", dir=here.folder)
        self.desktop = portal.Desktop(folder, here.environment)
        self.addCleanup(self.desktop.stop)

    def read_page(self, path):
        """Where a page leads, and with which token."""
        with open(path, encoding="utf-8") as file:
            url, token = re.search(r"url=(.*)/#token=(.*)\"", file.read()).groups()
        record.secret(token)
        return url, token

    def test_from_the_desktop(self):
        """A click starts what does not run yet, and the browser with a page that only its user can read."""
        first = self.click()
        path = self.desktop.wait_opened(1)[0]
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        url, token = self.read_page(path)
        self.assertEqual(url, f"http://localhost:{here.operators}")
        self.assertIn("<title>Rivulet</title>", here.call("curl", "-sf", f"{url}/"))
        self.assertRegex(here.call("curl", "-sf", "--data", '{"type":"count","count":7}', "--header",
                                   f"Authorization: Bearer {token}",
                                   f"http://localhost:{here.port}/publish/events-count"), '"id"')

        again = self.click()
        self.assertEqual(self.desktop.wait_opened(2), [path, path])
        self.assertEqual(again.process.wait(PATIENCE), 0)
        here.call("flatpak", "kill", APP)
        self.assertNotEqual(first.process.wait(PATIENCE), 0)

    def test_where_its_user_has_it(self):
        """It leads to what the last of the configuration's files says, where a browser can go."""
        folder = os.path.join(here.data, "config", "rivulet", "rivulet.conf.d")
        os.mkdir(folder)
        self.addCleanup(shutil.rmtree, folder)
        held = ports.hold()
        self.addCleanup(held.close)
        port = ports.number(held)

        def configure(address):
            daemon.write_config(os.path.join(folder, "local.conf"), {"operators": {"listen": address}})

        configure(f"*:{port};localhost:0")
        self.click()
        url, _ = self.read_page(self.desktop.wait_opened(1)[0])
        self.assertEqual(url, f"http://localhost:{port}")
        self.assertIn("<title>Rivulet</title>", here.call("curl", "-sf", f"{url}/"))
        configure("unix:/tmp/operators")
        again = self.click()
        again.wait_for("has to be HOST:PORT, not: unix:/tmp/operators")
        self.assertNotEqual(again.process.wait(PATIENCE), 0)
        self.assertEqual(len(self.desktop.read_opened()), 1)


class Demo(Case):
    def test_it_runs_inside(self):
        demo = self.start("rivulet-demo", "--port", str(here.port), "--dashboard-port", str(here.operators))
        link = demo.wait_for(f"http://localhost:{here.operators}/#token=")
        command = demo.wait_for("curl -N 'http://localhost:")
        self.assertTrue(demo.wait_for("gdbus call").startswith("gdbus call --session"))
        demo.wait_for("Ctrl-C ends all of it")
        for line in link, command:
            record.secret(line.rpartition("token=")[2])
        url = command.split("'")[1].replace("/events/stream", "/events/length/stream")
        client = here.start("curl", "-sN", url)
        self.addCleanup(client.stop)
        client.wait_for('"count":1')
        here.publish("quota", '{"type":"quota","quota":{"used":3,"remaining":2}}')
        self.assertIn("Usage: rivulet-demo ", here.inside("rivulet-demo", "--help"))


class Plugin(Case):
    def test_a_fifth_stream(self):
        """An extension brings it, and takes it away again."""
        here.build(PLUGIN)
        running = self.start_daemon()
        self.assertEqual(self.streams(), sorted([*STREAMS, "messages"]))
        client = self.follow("/messages/stream")
        client.wait_for('{"type":"messages","messages":[]}')
        here.publish("messages", '{"type":"message","text":"Hello"}')
        client.wait_for('{"type":"message","text":"Hello"}')
        client.stop()
        running.stop()
        here.flatpak("uninstall", "-y", "--noninteractive", f"{APP}.Plugin.messages")
        self.start_daemon()
        self.assertEqual(self.streams(), STREAMS)


class Uninstalled(Case):
    def test_nothing_is_left(self):
        """Runs last: classes are run in the order of their names."""
        self.start_daemon().stop()
        exported = {os.path.relpath(path, here.installed) for path in here.files() - here.before
                    if "/exports/" in path}
        # Older ones of flatpak-builder call it by its older name.
        exported = {path.replace(".appdata.xml", ".metainfo.xml") for path in exported}
        self.assertEqual(exported, {
            f"exports/bin/{APP}", f"exports/share/applications/{APP}.desktop",
            f"exports/share/icons/hicolor/scalable/apps/{APP}.svg",
            f"exports/share/icons/hicolor/symbolic/apps/{APP}-symbolic.svg",
            f"exports/share/metainfo/{APP}.metainfo.xml"})
        here.flatpak("uninstall", "-y", "--noninteractive", "--delete-data", APP)
        self.assertEqual(here.files() - here.before, set())
        self.assertFalse(os.path.exists(here.data))
