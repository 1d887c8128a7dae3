# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGHUP: the files are read again, what they say takes effect, and no client is dropped."""

import configparser
import os
import signal

import daemon
import eventstream
import publisher
import tokens
import webhook
import wire
from cases import FreshCase
from waiting import Deadline

LOADED = r"^rivuletd: the configuration was loaded again$"
REFUSED = r"^rivuletd: warning: the configuration stays as it was: (.*)$"
AT_START = r"^rivuletd: \[(.*)\] (.*): takes effect with the next start$"
ORIGIN = "https://elsewhere.example"


def quota(used):
    return {"type": "quota", "quota": {"used": used, "remaining": 0}}


def new_event(number, **members):
    return {"type": "new-event", "event": {
        "delivery_id": str(number), "event": "push", "repo_full_name": "a/b", **members}}


class ReloadCase(FreshCase):
    def change(self, path=None, **groups):
        """Changes keys in a file; None takes one out."""
        path = path or self.rivulet.config_path
        parser = configparser.RawConfigParser()
        parser.optionxform = str
        parser.read(path)
        for group, keys in groups.items():
            if group not in parser:
                parser.add_section(group)
            for key, value in keys.items():
                if value is None:
                    parser.remove_option(group, key)
                else:
                    parser.set(group, key, str(value))
        with open(path, "w", encoding="utf-8") as file:
            parser.write(file, space_around_delimiters=False)

    def hang_up(self, pattern):
        start = len(self.rivulet.daemon.lines)
        self.rivulet.daemon.signal(signal.SIGHUP)
        match = self.rivulet.daemon.wait_for_line(pattern, start=start)[0]
        self.said = self.rivulet.daemon.said(start)
        return match

    def reload(self, **groups):
        self.change(**{name.replace("_", "-"): keys for name, keys in groups.items()})
        self.hang_up(LOADED)

    def assert_refused(self, *named):
        """What is wrong is named, and nothing else."""
        self.rivulet.daemon.expect(REFUSED)
        said = self.hang_up(REFUSED).group(1)
        for word in named:
            self.assertIn(word, said)
        self.assertNotIn("next start", self.said)

    def follow_all_along(self):
        """A client that is there before a reload, and gets what comes behind it."""
        self.follower = self.follow("github-events")
        self.follower.next()

    def assert_followed(self):
        published = self.publisher.publish("github-events", new_event("behind the reload"))
        while self.follower.next_of("new-event").id != published:
            pass

    def status(self, token):
        with eventstream.StreamClient(self.rivulet.address, "/quota/stream",
                                      {"Authorization": f"Bearer {token}"}) as client:
            return client.read_head().status


class Http(ReloadCase):
    setting = {"config": {"http": {"head-timeout-ms": 600000, "body-timeout-seconds": 3600}}}

    def allowed(self):
        head = self.rivulet.get("/quota/stream", {"Origin": ORIGIN}).head
        return head.get("Access-Control-Allow-Origin")

    def test_origins(self):
        self.follow_all_along()
        self.assertNotEqual(self.allowed(), ORIGIN)
        self.reload(http={"allowed-origins": f"http://localhost:3000;{ORIGIN}"})
        self.assertEqual(self.allowed(), ORIGIN)
        self.assert_followed()

    def assert_turned_away(self, subject="42"):
        client = self.follow("quota", subject)
        self.assertEqual(client.read_head().status, 200)
        self.assertEqual(client.rest(), [])

    def test_connections_of_a_user(self):
        self.follow_all_along()
        self.reload(http={"max-connections-per-user": 1})
        self.follow("quota", "bob").next()
        self.assert_turned_away("bob")
        self.reload(http={"max-connections-per-user": 2})
        self.follow("quota", "bob").next()
        self.assert_turned_away("bob")
        self.reload(http={"max-connections-per-user": 0})
        self.follow("quota", "bob").next()
        self.assert_followed()

    def test_connections_of_an_address(self):
        self.follow_all_along()
        self.reload(http={"max-connections-per-address": 1})
        self.follow("quota").next()
        self.assert_turned_away()
        self.reload(http={"max-connections-per-address": None})
        self.follow("quota").next()
        self.assert_followed()

    def test_connections(self):
        self.follow_all_along()
        self.reload(http={"max-connections": 1})
        self.assertIn("up to 1 connections", self.said)
        self.assert_turned_away()
        self.reload(http={"max-connections": 2})
        self.follow("quota").next()
        self.assert_turned_away()
        self.assert_followed()

    def test_time_for_a_head(self):
        """Also of those who are waited for already."""
        with wire.connect(self.rivulet.address) as client:
            client.sendall(b"GET /quota/stre")
            self.reload(http={"head-timeout-ms": 100})
            answer = wire.receive(client, Deadline("the answer"))
            self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)

    def test_time_for_a_body(self):
        """Also of those who are waited for already."""
        head = wire.request_bytes(webhook.PATH, {
            "Content-Length": "100", "Expect": "100-continue"}, "POST")
        with wire.connect(self.rivulet.address) as client:
            client.sendall(head)
            answer = wire.receive(client, Deadline("the word to go on"))
            self.assertEqual(answer, b"HTTP/1.1 100 Continue\r\n\r\n")
            self.reload(http={"body-timeout-seconds": 1})
            answer = wire.receive(client, Deadline("the answer"))
            self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)


class Auth(ReloadCase):
    def test_another_secret(self):
        self.follow_all_along()
        old = self.rivulet.token()
        self.assertEqual(self.status(old), 200)
        secret = daemon.Secret(self.rivulet.folder, "secret")
        self.rivulet.note(secret.text)
        new = self.rivulet.note(tokens.make(secret.bytes, "42"))
        self.assertEqual(self.status(new), 401)
        self.hang_up(LOADED)
        self.assertEqual(self.status(old), 401)
        self.assertEqual(self.status(new), 200)
        self.assert_followed()

    def test_require_expiry(self):
        endless = self.rivulet.note(tokens.sign(self.rivulet.secret.bytes, {"sub": "42"}))
        self.assertEqual(self.status(endless), 401)
        self.reload(auth={"require-expiry": "false"})
        self.assertEqual(self.status(endless), 200)
        self.reload(auth={"require-expiry": "true"})
        self.assertEqual(self.status(endless), 401)


class Hub(ReloadCase):
    setting = {"config": {"hub": {"conflate-ms": 60000}}}

    def assert_too_large(self, call, *arguments):
        with self.assertRaises(publisher.Refusal) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.name, "TooLarge")

    def test_bounds(self):
        self.follow_all_along()
        large = new_event("large", body="x" * 5000)
        two = [("quota", quota(1)), ("quota", quota(2))]
        self.reload(hub={"max-update-bytes": 2000, "max-backlog": 1})
        self.assert_too_large(self.publisher.publish, "github-events", large)
        self.assert_too_large(self.publisher.publish_many, two)
        self.reload(hub={"max-update-bytes": None, "max-backlog": None})
        self.publisher.publish("github-events", large)
        self.publisher.publish_many(two)
        self.follower.next_of("new-event")
        self.reload(hub={"max-update-bytes": 1024, "max-backlog-bytes": 1100})
        self.assert_too_large(self.publisher.publish_many, [
            ("github-events", new_event(number, body="x" * 500)) for number in range(3)])
        self.reload(hub={"max-update-bytes": None, "max-backlog-bytes": None})
        self.assert_followed()

    def test_conflation(self):
        """What waits for its turn in a minute need not wait any longer."""
        client = self.follow("quota")
        client.next()
        for used in 1, 2, 3:
            self.publisher.publish("quota", quota(used))
        self.reload(hub={"conflate-ms": 0})
        client.until(lambda event: event.data["quota"]["used"] == 3, "the newest quota")


class Clients(ReloadCase):
    setting = {"config": {"clients": {"heartbeat-ms": 3600000}}}

    def test_heartbeats(self):
        self.follow_all_along()
        self.reload(clients={"heartbeat-ms": 100})
        self.follower.wait_comments(3)
        self.assert_followed()

    def test_retry(self):
        self.follow_all_along()
        self.reload(clients={"retry-min-ms": 4321, "retry-max-ms": 4321})
        self.assertEqual(self.follow("quota").wait_retry(), 4321)
        self.assert_followed()

    def test_shutdown_seconds(self):
        self.reload(clients={"shutdown-seconds": 23})
        self.rivulet.daemon.signal(signal.SIGTERM)
        self.rivulet.daemon.wait_for_line("stopping, within 23 s")
        self.assertEqual(self.rivulet.daemon.wait(), 0)

    def test_what_may_wait(self):
        slow = self.follow("github-events", receive_buffer=4096)
        slow.next()
        self.reload(clients={"queue-bytes": 16384})
        published = 0
        while self.publisher.stream_properties("github-events")["Dropped"] == 0:
            self.publisher.publish("github-events", new_event(published, body="x" * 15000))
            published += 1
            self.assertLess(published, 4000)
        self.assertLess(len(slow.rest()), published)


class Streams(ReloadCase):
    setting = {"config": {"quota": {"default-remaining": 5}}}

    def post(self, secret, delivery):
        return webhook.post(self.rivulet.address, secret.bytes, "push", delivery, {}).status

    def test_settings_of_a_source(self):
        self.follow_all_along()
        client = self.follow("quota")
        self.assertEqual(client.next().data["quota"], {"used": 0, "remaining": 5})
        self.reload(quota={"default-remaining": 7})
        update = client.next()
        self.assertEqual((update.type, update.data["quota"]),
                         ("quota-update", {"used": 0, "remaining": 7}))
        self.assertEqual(self.follow("quota").next().data["quota"]["remaining"], 7)
        self.assert_followed()
        self.assertEqual([event.type for event in self.follower.events], ["events", "new-event"])

    def test_another_webhook_secret(self):
        self.follow_all_along()
        old = self.rivulet.hook_secret
        self.assertEqual(self.post(old, "1"), 202)
        new = daemon.Secret(self.rivulet.folder, "webhook-secret")
        self.rivulet.note(new.text)
        self.assertEqual(self.post(new, "2"), 401)
        self.hang_up(LOADED)
        self.assertEqual(self.post(old, "2"), 401)
        self.assertEqual(self.post(new, "2"), 202)
        self.assert_followed()

    def test_webhooks_come_and_go(self):
        secret = self.rivulet.hook_secret
        self.reload(github_events={"webhook-secret-file": None})
        self.assertEqual(self.post(secret, "1"), 404)
        self.reload(github_events={"webhook-secret-file": secret.path})
        self.assertEqual(self.post(secret, "1"), 202)


class Refused(ReloadCase):
    """Whatever is wrong, nothing changes, though other things did that are right."""

    setting = {"config": {"quota": {"default-remaining": 5}}}
    bad = [("http", "allowed-origins", "*"), ("http", "max-connections", "many"),
           ("http", "base-paths", "api"), ("http", "unknown", "x"),
           ("auth", "require-expiry", "perhaps"), ("hub", "conflate-ms", "-1"),
           ("hub", "max-backlog-bytes", "2000"), ("clients", "retry-min-ms", "3600000"),
           ("clients", "heartbeat-ms", "0"), ("log", "durability", "some"),
           ("plugins", "unknown", "x"), ("github-events", "unknown", "x"),
           ("github-events", "webhook-secret-file", "/nonexistent/file"),
           ("auth", "secret-file", "/nonexistent/file"), ("unknown", "key", "value")]

    def setUp(self):
        super().setUp()
        self.follow_all_along()
        with open(self.rivulet.config_path, encoding="utf-8") as file:
            self.before = file.read()
        self.good = {"http": {"allowed-origins": ORIGIN}, "quota": {"default-remaining": "7"},
                     "clients": {"retry-min-ms": "4321", "retry-max-ms": "4321"}}

    def write(self, text):
        with open(self.rivulet.config_path, "w", encoding="utf-8") as file:
            file.write(text)

    def assert_as_it_was(self):
        head = self.rivulet.get("/quota/stream", {"Origin": ORIGIN}).head
        self.assertEqual(head.get("Access-Control-Allow-Origin"), "http://localhost:3000")
        client = self.follow("quota")
        self.assertEqual(client.next().data["quota"]["remaining"], 5)
        self.assertNotEqual(client.wait_retry(), 4321)

    def test_bad_values(self):
        for group, key, value in self.bad:
            with self.subTest(group=group, key=key):
                self.write(self.before)
                changes = {name: dict(keys) for name, keys in self.good.items()}
                changes.setdefault(group, {})[key] = value
                self.change(**changes)
                self.assert_refused(self.rivulet.config_path, group,
                                    *([key] if group != "unknown" else []))
                self.assert_as_it_was()
        self.assert_followed()

    def test_secrets(self):
        for content in "", "short", "x" * 5000:
            with self.subTest(bytes=len(content)):
                self.write(self.before)
                self.change(**self.good)
                with open(self.rivulet.secret.path, "w", encoding="ascii") as file:
                    file.write(content)
                self.assert_refused("auth", "secret-file")
                self.assert_as_it_was()
        self.assert_followed()

    def test_files(self):
        self.change(**self.good)
        with open(self.rivulet.config_path, "a", encoding="utf-8") as file:
            file.write("nonsense\n")
        self.assert_refused(self.rivulet.config_path)
        os.unlink(self.rivulet.config_path)
        self.assert_refused(self.rivulet.config_path)
        self.assert_as_it_was()
        self.write(self.before)
        self.change(**self.good)
        self.hang_up(LOADED)
        self.assertEqual(self.follow("quota").wait_retry(), 4321)
        self.assert_followed()


class AtStart(ReloadCase):
    changes = {"http": {"base-paths": "/other"}, "hub": {"resume-events": 1, "resume-bytes": 2},
               "clients": {"workers": 7}, "log": {"durability": "none", "retain-hours": 7,
                                                 "retain-updates": 9, "directory": "/elsewhere"},
               "plugins": {"directory": "/elsewhere"}}

    def named(self):
        matches = self.rivulet.daemon.wait_for_line(AT_START, start=self.start)
        return {(match.group(1), match.group(2)) for match in matches}

    def test_what_needs_a_restart_is_named(self):
        self.follow_all_along()
        everything = {(group, key) for group, keys in self.changes.items() for key in keys}
        for _ in range(2):  # it is as true the second time
            self.start = len(self.rivulet.daemon.lines)
            self.reload(**self.changes)
            self.assertEqual(self.named(), everything)
        self.assertEqual(self.rivulet.get("/api/quota/stream").status, 401)
        self.assertEqual(self.rivulet.get("/other/quota/stream").status, 404)
        self.assert_followed()

    def test_the_command_line_counts_more(self):
        self.reload(http={"listen": "127.0.0.1:1"}, bus={"bus": "system"})
        self.assertNotIn("next start", self.said)
        self.follow("quota").next()

    def test_drop_ins(self):
        folder = self.rivulet.config_path + ".d"
        os.mkdir(folder)
        self.change(os.path.join(folder, "50-mine.conf"), quota={"default-remaining": 9})
        self.hang_up(LOADED)
        self.assertEqual(self.follow("quota").next().data["quota"]["remaining"], 9)


class Often(ReloadCase):
    def test_while_publishing(self):
        """Nothing is lost, and nobody."""
        followers = [self.follow("github-events", subject=str(number)) for number in range(20)]
        for client in followers:
            client.next()
        published = []
        for number in range(50):
            self.change(quota={"default-remaining": number}, clients={"heartbeat-ms": 100 + number},
                        http={"max-connections": 1000 + number})
            self.rivulet.daemon.signal(signal.SIGHUP)
            published += self.publisher.publish_all([
                ("github-events", new_event(number * 20 + offset)) for offset in range(20)])
        for client in followers:
            self.assertEqual([client.next_of("new-event").id for _ in published], published)
        self.publisher.wait_clients("github-events", len(followers))
