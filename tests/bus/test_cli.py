# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rivulet command against the running daemon."""

import json
import os
import signal
import subprocess

import eventstream
from cases import DaemonCase
from daemon import CLI, sanitizer_environment
from waiting import Deadline


class CliCase(DaemonCase):
    def environment(self, **more):
        return {**os.environ, **sanitizer_environment(), "LC_ALL": "C.UTF-8",
                "DBUS_SESSION_BUS_ADDRESS": self.rivulet.bus.address, **more}

    def run_cli(self, *arguments, given="", **environment):
        done = subprocess.run([CLI, *arguments], input=given, capture_output=True, text=True,
                              timeout=Deadline("rivulet").left(), check=False,
                              env=self.environment(**environment))
        self.assertNotIn("Sanitizer", done.stderr)
        self.assertNotIn(self.rivulet.secret.text, done.stdout + done.stderr)
        return done

    def config(self):
        return ["--config", self.rivulet.config_path]

    def quota(self, user):
        with self.rivulet.follow("quota", user) as client:
            return client.next().data["quota"]


class Token(CliCase):
    def test_signed_with_the_configured_secret(self):
        done = self.run_cli("token", *self.config(), "--sub", "cli-user")
        self.assertEqual(done.returncode, 0, done.stderr)
        token = self.rivulet.note(done.stdout.strip())
        self.publisher.publish("quota", {"type": "quota", "quota": {
            "used": 5, "remaining": 5}}, "cli-user")
        with eventstream.StreamClient(
                self.rivulet.address, f"/quota/stream?token={token}") as client:
            self.assertEqual(client.next().data["quota"]["used"], 5)

    def test_what_is_refused(self):
        for arguments in (["--sub", ""], [], ["--sub"], ["--sub", "a\nb"], ["--sub", "x" * 9000],
                          ["--sub", "42", "--expires-in", "0"], ["--sub", "42", "extra"]):
            with self.subTest(arguments=[text[:10] for text in arguments]):
                done = self.run_cli("token", *self.config(), *arguments)
                self.assertNotEqual(done.returncode, 0)
                self.assertEqual(done.stdout, "")
                self.assertNotEqual(done.stderr, "")


class Publish(CliCase):
    def publish(self, *arguments, given=""):
        return self.run_cli("publish", "--session", *arguments, given=given)

    def test_one(self):
        done = self.publish("quota", "--audience", "one",
                            '{"type":"quota","quota":{"used":3,"remaining":2}}')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.quota("one"), {"used": 3, "remaining": 2})

    def test_refused_with_its_reason(self):
        done = self.publish("quota", '{"type":"quota","quota":{"used":-1,"remaining":2}}')
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("quota.used", done.stderr)
        done = self.publish("nothing", "{}")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("nothing", done.stderr)

    def test_lines_from_standard_input(self):
        lines = [json.dumps({"type": "new-event", "event": {
            "delivery_id": f"line-{number}", "event": "push", "repo_full_name": "a/b"}})
            for number in range(3000)]
        client = self.follow("github-events", "lines")
        client.next()
        done = self.publish("github-events", "--audience", "lines", "-", given="\n".join(lines))
        self.assertEqual(done.returncode, 0, done.stderr)
        got = [event.data["event"]["delivery_id"] for event in client.take(3000)]
        self.assertEqual(got, [f"line-{number}" for number in range(3000)])

    def test_a_bad_line_is_named(self):
        good = '{"type":"quota","quota":{"used":%d,"remaining":0}}'
        done = self.publish("quota", "--audience", "bad", "-",
                            given="\n".join([good % 1, "{", good % 2, ""]))
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"\b2\b")

    def test_no_daemon(self):
        done = self.run_cli("publish", "--session", "quota", "{}",
                            DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent")
        self.assertNotEqual(done.returncode, 0)
        self.assertNotEqual(done.stderr, "")


class Watch(CliCase):
    def watch(self, *arguments, **environment):
        process = subprocess.Popen([CLI, "watch", *arguments], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=self.environment(**environment))

        def end():
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()

        self.addCleanup(end)
        return process

    def check(self, process, user):
        event = json.loads(process.stdout.readline())
        self.assertIn("quota", json.dumps(event))
        self.publisher.publish("quota", {"type": "quota", "quota": {
            "used": 987, "remaining": 0}}, user)
        self.assertIn("987", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        process.wait(Deadline("the end of watch").left())

    def test_by_path_with_a_token_of_the_environment(self):
        url = f"http://{self.rivulet.address}"
        self.check(self.watch("--json", "--url", url, "/quota/stream",
                              RIVULET_TOKEN=self.rivulet.token("env")), "env")

    def test_by_name_with_a_token_it_signs(self):
        url = f"http://{self.rivulet.address}"
        self.check(self.watch("--json", "--url", url, "--session", *self.config(), "--sub", "signs",
                              "quota"), "signs")

    def test_a_token_file(self):
        path = os.path.join(self.rivulet.folder, "token")
        with open(path, "w", encoding="ascii") as file:
            file.write(self.rivulet.token("file") + "\n")
        url = f"http://{self.rivulet.address}"
        self.check(self.watch("--json", "--url", url, "--token-file", path, "/quota/stream"), "file")

    def test_a_refused_token(self):
        process = self.watch("--url", f"http://{self.rivulet.address}", "/quota/stream",
                             RIVULET_TOKEN="a.b.c")
        told = process.communicate(timeout=Deadline("the end of watch").left())[1]
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("401", told)
