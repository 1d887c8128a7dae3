# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publishing over HTTP while things change: reloads, revocations, load, the daemon's end."""

import concurrent.futures
import fcntl
import glob
import os
import shutil
import signal
import struct
import tempfile
import termios
import time

from gi.repository import GLib

import daemon
import poster
import wire
from cases import FreshCase
from hostile import final, read_to_end
from publisher import MANAGER
from waiting import Deadline, amount, wait_until

LOADED = r"^rivuletd: the configuration was loaded again$"
ON = {"config": {"http": {"publish": "true"}}}
PUBLISHERS = 16


def quota(used, **more):
    return {"type": "quota", "quota": {"used": used, "remaining": 0}, **more}


def new_event(number):
    return {"type": "new-event", "event": {
        "delivery_id": str(number), "event": "push", "repo_full_name": "a/b"}}


class LifeCase(FreshCase):
    setting = ON

    def setUp(self):
        super().setUp()
        self.writer = self.rivulet.token("writer", publish=["quota", "github-events"])

    def post(self, update, stream="quota", token=None, **more):
        return poster.post(self.rivulet.address, stream, token or self.writer, update, **more)

    def used(self):
        with self.rivulet.follow("quota") as client:
            return client.next().data["quota"]["used"]

    def reload(self, publish):
        """Turns it on or off, or leaves it out (None)."""
        with open(self.rivulet.config_path, encoding="utf-8") as file:
            lines = [line for line in file if not line.startswith("publish=")]
        at = lines.index("[http]\n") + 1
        if publish is not None:
            lines.insert(at, f"publish={publish}\n")
        with open(self.rivulet.config_path, "w", encoding="utf-8") as file:
            file.writelines(lines)
        start = len(self.rivulet.daemon.lines)
        self.rivulet.daemon.signal(signal.SIGHUP)
        self.rivulet.daemon.wait_for_line(LOADED, start=start)

    def begin(self, token=None, update=None):
        """A client that was told to go on, and what is left of its body."""
        body = poster.body_of(update or quota(55))
        client = wire.connect(self.rivulet.address)
        self.addCleanup(client.close)
        client.sendall(poster.head("quota", token or self.writer, {
            "Content-Length": str(len(body)), "Expect": "100-continue"}))
        self.assertEqual(wire.receive(client, Deadline("100 Continue")),
                         b"HTTP/1.1 100 Continue\r\n\r\n")
        client.sendall(body[:1])
        return client, body[1:]

    def finish(self, client, rest):
        client.sendall(rest)
        return final(read_to_end(client))


class Changes(LifeCase):
    def test_a_reload_turns_it_off_and_on(self):
        self.assertEqual(self.post(quota(1)).status, 202)
        witness = self.follow("quota")
        witness.next()
        under_way = self.begin()
        self.reload(None)
        self.assertEqual(self.post(quota(2)).status, 404)
        self.assertEqual(self.finish(*under_way).status, 404)
        self.assertEqual(self.used(), 1)
        self.reload("true")
        self.assertEqual(self.post(quota(3)).status, 202)
        self.assertEqual(witness.next().data["quota"]["used"], 3)
        self.reload("false")
        self.assertEqual(self.post(quota(4)).status, 404)

    def test_a_wrong_value(self):
        daemon.write_config(self.rivulet.config_path + ".wrong", {"http": {"publish": "maybe"}})
        status, _, said = daemon.run_to_end(
            ["--config", self.rivulet.config_path + ".wrong", "--check-config"])
        self.assertNotEqual(status, 0)
        self.assertIn("[http] publish", said)

    def revoke(self, subject):
        self.publisher.call(MANAGER, "Revoke", GLib.Variant("(s)", (subject,)))

    def test_revoked_publishers(self):
        under_way = self.begin()
        other = self.rivulet.token("other", publish="quota")
        self.revoke("writer")
        for response in self.post(quota(1)), self.finish(*under_way):
            self.assertEqual(response.status, 401)
            self.assertEqual(response.json()["message"], "Invalid token")
        self.assertEqual(self.used(), 0)
        self.assertEqual(self.post(quota(2), token=other).status, 202)

    def test_a_token_that_expires_meanwhile(self):
        expiry = int(time.time()) + 2
        token = self.rivulet.token("writer", publish="quota", exp=expiry)
        under_way = self.begin(token)
        wait_until(lambda: time.time() >= expiry, "the token's expiry")
        self.assertEqual(self.finish(*under_way).status, 401)
        self.assertEqual(self.used(), 0)


class Slow(LifeCase):
    setting = {"config": {"http": {"publish": "true", "body-timeout-seconds": 1}}}

    def test_a_body_that_does_not_come(self):
        client, _ = self.begin()
        self.assertEqual(final(read_to_end(client)).status, 408)
        self.assertEqual(self.used(), 0)


class Full(LifeCase):
    setting = {"config": {"http": {"publish": "true", "max-connections": 1}}}

    def test_where_streams_have_all_room(self):
        witness = self.follow("quota")
        witness.next()
        self.assertEqual(self.post(quota(1)).status, 202)
        self.assertEqual(witness.next().data["quota"]["used"], 1)


class CheckedLong(LifeCase):
    """A large update that the daemon has, and checks for a while."""

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="rivulet-socket-")
        self.addCleanup(shutil.rmtree, folder)
        self.setting = {"listen": (f"unix:{folder}/http",), "config": {
            "http": {"publish": "true"}, "hub": {
                "max-backlog": 2, "max-update-bytes": 16 << 20, "max-backlog-bytes": 1 << 30}}}
        super().setUp()

    def begin_long(self):
        """Publishes it; returns when all of it was read, which a Unix socket tells."""
        client = wire.connect(self.rivulet.address)
        self.addCleanup(client.close)
        client.sendall(poster.whole("quota", self.writer, quota(1, note=[0] * 1_000_000)))
        left = struct.Struct("i")
        wait_until(lambda: left.unpack(fcntl.ioctl(client, termios.TIOCOUTQ, left.pack(0)))[0] == 0,
                   "all to be read")
        return client

    def test_more_than_may_wait(self):
        """What comes behind it waits for it."""
        first = self.begin_long()
        clients = [wire.connect(self.rivulet.address) for _ in range(20)]
        for number, client in enumerate(clients):
            self.addCleanup(client.close)
            client.sendall(poster.whole("quota", self.writer, quota(2 + number)))
        answers = [final(read_to_end(client)) for client in clients]
        self.assertEqual(final(read_to_end(first)).status, 202)
        busy = [answer for answer in answers if answer.status != 202]
        self.assertTrue(busy)
        for answer in busy:
            self.assertEqual(answer.status, 503)
            self.assertEqual(answer.head.get("Retry-After"), "1")
            self.assertEqual(answer.json()["message"], "2 updates wait already; push again later")
        self.assertEqual(self.post(quota(77)).status, 202)
        self.assertEqual(self.used(), 77)

    def test_the_daemon_stops_meanwhile(self):
        """What has come is answered and shown; what has not is not waited for."""
        half, _ = self.begin()
        witness = self.follow("quota")
        witness.next()
        client = self.begin_long()
        self.rivulet.daemon.signal(signal.SIGTERM)
        self.assertEqual(final(read_to_end(client)).status, 202)
        self.assertEqual(read_to_end(half), b"")
        self.assertEqual([event.data["quota"]["used"] for event in witness.rest()], [1])
        self.assertEqual(self.rivulet.daemon.wait(), 0)
        self.assertNotIn("the time to stop is over", self.rivulet.daemon.said())


class Many(LifeCase):
    def setUp(self):
        super().setUp()
        self.acknowledged = []

    def publish(self, publisher, numbers):
        """Publishes one after the other until one is not answered; returns how many were taken."""
        for number in numbers:
            try:
                response = self.post(new_event(f"{publisher}-{number}"), "github-events")
            except (OSError, wire.Ended, wire.Malformed):
                return number
            if response.status != 202:
                raise AssertionError(response.body)
            position = int(response.json()["id"].rsplit("-", 1)[1])
            self.acknowledged.append((position, f"{publisher}-{number}"))
        return len(numbers)

    def take(self, client, count):
        events = [client.next_of("new-event") for _ in range(count)]
        return [(event.position, event.data["event"]["delivery_id"]) for event in events]

    def test_each_is_delivered_once(self):
        count = amount(30, 8)
        follower = self.follow("github-events")
        with concurrent.futures.ThreadPoolExecutor(PUBLISHERS) as pool:
            taken = pool.map(lambda number: self.publish(number, range(count)), range(PUBLISHERS))
            seen = self.take(follower, PUBLISHERS * count)
            self.assertEqual(list(taken), [count] * PUBLISHERS)
        self.assertEqual(sorted(seen), sorted(self.acknowledged))
        self.assert_in_order(seen)
        with self.rivulet.follow("events-count") as client:
            self.assertEqual(client.next().data["count"], PUBLISHERS * count)

    def assert_in_order(self, seen):
        """Positions grow, and what each publisher sent one after the other stands so."""
        positions = [position for position, _ in seen]
        self.assertEqual(positions, sorted(set(positions)))
        for publisher in range(PUBLISHERS):
            mine = [name for _, name in seen if name.startswith(f"{publisher}-")]
            self.assertEqual(mine, [f"{publisher}-{number}" for number in range(len(mine))])

    def test_what_was_acknowledged_outlives_a_kill(self):
        follower = self.follow("github-events")
        start = follower.next()
        with concurrent.futures.ThreadPoolExecutor(PUBLISHERS) as pool:
            publishing = [pool.submit(self.publish, number, range(100_000))
                          for number in range(PUBLISHERS)]
            self.take(follower, amount(300, 50))
            self.rivulet.daemon.kill()
            for publisher in publishing:
                publisher.result()
        self.assertGreaterEqual(len(self.acknowledged), amount(300, 50) - PUBLISHERS)

        self.rivulet.start_again()
        again = self.follow("github-events", headers={"Last-Event-ID": start.id})
        kept = []
        while (event := again.next()).type == "new-event":
            kept.append((event.position, event.data["event"]["delivery_id"]))
        self.assertEqual(event.type, "events-update")
        self.assertLessEqual(set(self.acknowledged), set(kept))
        self.assert_in_order(kept)


class Collision(LifeCase):
    """A plugin's stream whose path is /publish/quota."""

    def setUp(self):
        plugins = tempfile.mkdtemp(prefix="rivulet-plugins-")
        self.addCleanup(shutil.rmtree, plugins)
        for path in [*glob.glob(os.path.join(daemon.PLUGINS, "*.so")),
                     os.path.join(daemon.BUILD, "tests", "unit", "core", "probe-publish-path.so")]:
            os.symlink(path, os.path.join(plugins, os.path.basename(path)))
        self.setting = {**ON, "plugins": plugins}
        super().setUp()

    def test_who_has_the_path(self):
        taken = "squatter: not served at /publish/quota, where updates are taken"
        self.rivulet.daemon.expect("not served at")
        self.rivulet.daemon.wait_for_line(taken)
        self.assertEqual(self.post(quota(1)).status, 202)
        self.assertEqual(self.rivulet.get("/publish/quota").status, 405)
        self.reload(None)
        self.assertEqual(self.post(quota(2)).status, 405)
        with self.rivulet.follow("/publish/quota") as client:
            self.assertEqual(client.next().type, "value")
        start = len(self.rivulet.daemon.lines)
        self.reload("true")
        self.rivulet.daemon.wait_for_line(taken, start=start)
        self.assertEqual(self.post(quota(3)).status, 202)
        self.assertEqual(self.used(), 3)
