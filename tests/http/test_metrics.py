# SPDX-License-Identifier: LGPL-2.1-or-later
"""Metrics: what happened is counted once, where it belongs, and Prometheus can read it."""

import os
import shutil
import subprocess
import tempfile
import time
import unittest

from gi.repository import GLib

import metrics
import wire
from cases import FreshCase, Setting
from daemon import PLUGINS, run_to_end
from proxies import find
from publisher import MANAGER, Refusal

STREAMS = {"events-count", "github-events", "posts-stats", "quota"}
QUOTA = {"type": "quota", "quota": {"used": 1, "remaining": 2}}


def new_event(number, **members):
    return {"type": "new-event", "event": {
        "delivery_id": str(number), "event": "push", "repo_full_name": "a/b", **members}}


class MetricsCase(FreshCase):
    setting = {"config": {"operators": {"listen": "127.0.0.1:0"}}}

    def setUp(self):
        super().setUp()
        (self.operators,) = self.rivulet.daemon.wait_for_operators()

    def read(self):
        return metrics.read(self.operators)

    def wait_left(self, count, stream, reason):
        metrics.wait_for(self.operators, count, "rivulet_clients_left_total", stream=stream,
                         reason=reason)


class AsPrometheusWantsThem(MetricsCase):
    def test_promtool(self):
        """Its linter has nothing to say: of forms, names, units and texts."""
        program = find("promtool")
        self.publisher.publish("quota", QUOTA)
        text = wire.request(self.operators, "/metrics").body
        done = subprocess.run([program, "check", "metrics"], input=text, capture_output=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
        wrong = text.replace(b"rivulet_tokens_refused_total", b"rivulet_tokens_refused")
        done = subprocess.run([program, "check", "metrics"], input=wrong, capture_output=True,
                              check=False)
        self.assertNotEqual(done.returncode, 0, "the check itself")

    def test_what_it_is(self):
        found = self.read()
        version = run_to_end(["--version"])[1].split()[1]
        self.assertEqual(found("rivulet_build_info", version=version), 1)
        self.assertEqual(found.by("rivulet_stream_up", "stream"), dict.fromkeys(STREAMS, 1))
        self.assertEqual(found("rivulet_store_up"), 1)
        self.assertEqual(found("rivulet_store_durable"), 1)

    def test_the_process(self):
        found = self.read()
        pid = self.rivulet.daemon.pid
        self.assertEqual({name for name in found.types if name.startswith("process_")},
                         metrics.PROCESS)
        if "process_open_fds" in metrics.PROCESS:
            # The connection that asked may be closed meanwhile.
            self.assertIn(found("process_open_fds") - self.rivulet.daemon.descriptors(), (0, 1))
        with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
            (files,) = [line.split() for line in limits if line.startswith("Max open files")]
        self.assertEqual(found("process_max_fds"), int(files[3]))
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            sizes = dict(line.split(":", 1) for line in status)
        self.assertEqual(found("process_virtual_memory_bytes"),
                         int(sizes["VmSize"].split()[0]) * 1024)
        self.assertGreater(found("process_resident_memory_bytes"), 1 << 20)
        self.assertLess(found("process_resident_memory_bytes"),
                        found("process_virtual_memory_bytes"))
        self.assertLess(found("process_start_time_seconds"), time.time() + 1)
        self.assertEqual(self.read()("process_start_time_seconds"),
                         found("process_start_time_seconds"))


class Updates(MetricsCase):
    def refused(self, *arguments):
        with self.assertRaises(Refusal) as caught:
            self.publisher.publish(*arguments)
        return caught.exception.name

    def test_verdicts(self):
        for number in range(3):
            self.publisher.publish("github-events", new_event(number))
        self.publisher.publish("github-events", new_event(1))
        self.assertEqual(self.refused("github-events", {"type": "event-delete", "eventId": "x"}),
                         "Refused")
        self.publisher.publish("quota", QUOTA, "42")
        found = self.read()
        self.assertEqual(found.by("rivulet_updates_total", "verdict", stream="github-events"),
                         {"applied": 3, "unchanged": 1, "refused": 1})
        self.assertEqual(found.by("rivulet_updates_total", "verdict", stream="quota"),
                         {"applied": 1})
        # It follows github-events.
        self.assertEqual(found.by("rivulet_updates_total", "verdict", stream="events-count"),
                         {"applied": 3})
        self.assertEqual(found.by("rivulet_updates_total", "verdict", stream="posts-stats"), {})
        self.assertEqual(found("rivulet_log_position"), 6)
        self.assertEqual(found.by("rivulet_stream_position", "stream"),
                         {"github-events": 3, "events-count": 3, "quota": 6})
        self.assertEqual(found("rivulet_update_commit_seconds_count"), 6)
        self.assertEqual(found("rivulet_update_commit_seconds_bucket", le="+Inf"), 6)
        self.assertGreater(found("rivulet_update_commit_seconds_sum"), 0)
        self.assertEqual(found.by("rivulet_updates_rejected_total", "reason"), {})

    def test_rejected(self):
        self.assertEqual(self.refused("nowhere", QUOTA), "UnknownStream")
        self.assertEqual(self.refused("quota", "{"), "InvalidUpdate")
        self.assertEqual(self.refused("quota", {"type": "quota"}), "InvalidUpdate")
        self.assertEqual(self.refused("quota", "x" * (1 << 21)), "TooLarge")
        with self.assertRaises(Refusal):
            self.publisher.publish_many([("quota", QUOTA), ("quota", {}), ("quota", QUOTA)])
        found = self.read()
        self.assertEqual(found.by("rivulet_updates_rejected_total", "reason"),
                         {"unknown_stream": 1, "invalid_update": 5, "too_large": 1})
        self.assertEqual(found.by("rivulet_updates_total", "verdict"), {})
        self.assertEqual(found("rivulet_update_commit_seconds_count"), 0)

    def test_a_restart_counts_anew(self):
        self.publisher.publish("quota", QUOTA)
        self.rivulet.daemon.assert_clean()
        self.rivulet.start_again()
        (self.operators,) = self.rivulet.daemon.wait_for_operators()
        found = self.read()
        self.assertEqual(found.by("rivulet_updates_total", "verdict"), {})
        self.assertEqual(found("rivulet_log_position"), 1)
        self.assertEqual(found("rivulet_stream_position", stream="quota"), 1)


class Clients(MetricsCase):
    setting = {"config": {"operators": {"listen": "127.0.0.1:0"},
                          "clients": {"queue-bytes": 16384}}}

    def test_who_came_and_why_they_left(self):
        gone, revoked = self.follow("quota", "gone"), self.follow("quota", "revoked")
        stays = self.follow("quota", "stays")
        expiring = self.follow(
            "/github/posts/stats/stream?token=" + self.rivulet.token("x", lifetime=2) + "&")
        for client in gone, revoked, stays, expiring:
            client.next()
        found = self.read()
        self.assertEqual(found.by("rivulet_clients", "stream"), {"quota": 3, "posts-stats": 1})
        self.assertEqual(found.by("rivulet_clients_joined_total", "stream"),
                         {"quota": 3, "posts-stats": 1})
        self.assertEqual(found.by("rivulet_clients_left_total", "reason", stream="quota"), {})

        gone.close()
        self.wait_left(1, "quota", "gone")
        self.publisher.call(MANAGER, "Revoke", GLib.Variant("(s)", ("revoked",)))
        self.wait_left(1, "quota", "revoked")
        self.wait_left(1, "posts-stats", "expired")
        found = self.read()
        self.assertEqual(found.by("rivulet_clients", "stream"), {"quota": 1})
        self.assertEqual(found.by("rivulet_clients_joined_total", "stream"),
                         {"quota": 3, "posts-stats": 1})
        self.assertEqual(found.by("rivulet_clients_left_total", "reason", stream="quota"),
                         {"gone": 1, "revoked": 1})
        self.assertEqual(found.by("rivulet_clients_left_total", "reason", stream="posts-stats"),
                         {"expired": 1})

    def test_who_reads_too_slowly(self):
        slow = self.follow("github-events", receive_buffer=4096)
        slow.next()
        for number in range(4000):
            self.publisher.publish("github-events", new_event(number, body="x" * 12000))
            if number % 20 == 0 and not self.read()("rivulet_clients", stream="github-events"):
                break
        self.wait_left(1, "github-events", "overflow")
        self.assertEqual(self.read()("rivulet_queued_bytes", stream="github-events"), 0)
        self.assertEqual(self.publisher.stream_properties("github-events")["Dropped"], 1)


class Connections(MetricsCase):
    setting = {"config": {"operators": {"listen": "127.0.0.1:0"},
                          "http": {"max-connections": 3, "max-connections-per-address": 2,
                                   "max-connections-per-user": 1}}}

    def refused(self):
        return self.read().by("rivulet_connections_refused_total", "limit")

    def test_what_was_refused(self):
        before = self.read()
        self.assertEqual(before("rivulet_max_connections"), 3)
        self.assertEqual(self.refused(), {})
        self.follow("quota", "one").next()
        turned_away = self.follow("quota", "one")
        turned_away.wait_retry()
        self.assertEqual(self.refused(), {"user": 1})
        turned_away.close()
        metrics.wait_for(self.operators, 1, "rivulet_connections")
        self.follow("quota", "two").next()
        self.follow("quota", "three").wait_retry()
        self.assertEqual(self.refused(), {"user": 1, "address": 1})
        found = self.read()
        self.assertEqual(before("rivulet_connections_accepted_total"), 0)
        self.assertEqual(found("rivulet_connections_accepted_total"), 4)
        self.assertEqual(found("rivulet_accept_pauses_total"), 0)

    def test_tokens(self):
        for target in "/quota/stream?token=x", "/quota/stream":
            self.assertEqual(self.rivulet.get(target).status, 401)
        self.assertEqual(self.read()("rivulet_tokens_refused_total"), 1)


class Total(MetricsCase):
    setting = {"config": {"operators": {"listen": "127.0.0.1:0"}, "http": {"max-connections": 1}}}

    def test_more_than_all(self):
        self.follow("quota", "one").next()
        self.follow("quota", "two").wait_retry()
        self.assertEqual(self.read().by("rivulet_connections_refused_total", "limit"),
                         {"total": 1})


class Odd(unittest.TestCase):
    def test_a_plugin_that_is_none(self):
        """With a name that no label's value may end at; and nothing is kept."""
        folder = tempfile.mkdtemp(prefix="rivulet-plugins-")
        self.addCleanup(shutil.rmtree, folder)
        with open(os.path.join(folder, 'a"b\\c\nd"} 1.so'), "w", encoding="ascii") as file:
            file.write("no library")
        os.symlink(os.path.join(PLUGINS, "quota.so"), os.path.join(folder, "quota.so"))
        rivulet = Setting({"operators": {"listen": "127.0.0.1:0"}, "log": {"durability": "none"}},
                          bus=False, webhook=False, plugins=folder)
        self.addCleanup(rivulet.stop)
        rivulet.daemon.expect("disabled")
        found = metrics.read(rivulet.daemon.wait_for_operators()[0])
        self.assertEqual(found("rivulet_stream_up", stream="quota"), 1)
        self.assertEqual(found("rivulet_stream_up", stream='a\\"b\\\\c\\nd\\"} 1'), 0)
        self.assertEqual(found("rivulet_store_durable"), 0)
