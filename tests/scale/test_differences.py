# SPDX-License-Identifier: LGPL-2.1-or-later
"""A node with another plugin than others have: what their checkpoints tell it of that."""

import base64
import os
import shlex
import subprocess
import tempfile

import daemon
import natslog
import wire
from fleet import FleetCase, trimmed
from publisher import Refusal
from waiting import wait_until

TEMPLATE = os.path.join(daemon.ROOT, "tests", "plugin-template", "messages.c")
STREAM = "/messages/stream"
WHY = "is not what another node has at [0-9]+: its plugin is of another version"

# What other versions of the template have in the place of what.
VERSIONS = {
    "another version": ("g_strdup (text)", "g_ascii_strup (text, -1)"),
    "one that is not deterministic": (
        "g_strdup (text)", 'g_strdup_printf ("%s, as %u says", text, g_random_int ())'),
}


def compile_plugin(folder, change=None):
    """Makes a plugin of the template, with a change or as it is, beside those that there are."""
    for name in os.listdir(daemon.PLUGINS):
        if name.endswith(".so"):
            os.symlink(os.path.join(daemon.PLUGINS, name), os.path.join(folder, name))
    with open(TEMPLATE, encoding="utf-8") as file:
        text = file.read()
    if change is not None:
        assert change[0] in text, change
        text = text.replace(*change)
    source = os.path.join(folder, "messages.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    flags = subprocess.run(["pkg-config", "--cflags", "gio-2.0", "gmodule-2.0", "json-glib-1.0"],
                           check=True, capture_output=True, text=True).stdout
    subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-shared", "-fPIC",
                    "-I", os.path.join(daemon.ROOT, "src", "api"), *shlex.split(flags),
                    "-o", os.path.join(folder, "messages.so"), source], check=True)
    return folder


class Differences(FleetCase):
    """Two nodes with the same plugin; one has another, and asks for no checkpoint first."""

    def setUp(self):
        super().setUp()
        self.right = self.plugins()
        self.nodes = [self.node(self.right) for _ in range(2)]
        self.n_published = 0

    def plugins(self, change=None):
        folder = tempfile.TemporaryDirectory(prefix="rivulet-plugins-")
        self.addCleanup(folder.cleanup)
        return compile_plugin(folder.name, change)

    def node(self, plugins, every=10):
        return self.fleet.node(plugins=plugins, operators={"listen": "127.0.0.1:0"},
                               **trimmed(every, 5))

    def publish(self, node, count):
        for _ in range(count):
            self.n_published += 1
            node.publisher.publish("messages", {"type": "message",
                                                "text": f"message {self.n_published}"})

    def odd(self, change):
        node = self.node(self.plugins(change), every=15)
        node.daemon.expect("messages is disabled")
        node.daemon.expect("this node writes no checkpoints")
        return node

    def asked(self):
        """The last message that asks for a checkpoint."""
        return self.fleet.servers[0].last("rivulet", "rivulet.log.checkpoint")

    def assert_disabled(self, odd):
        properties = odd.publisher.stream_properties("messages")
        self.assertEqual(properties["State"], "disabled")
        self.assertRegex(properties["Error"], WHY)
        odd.daemon.wait_for_line(f"messages is disabled: its state {WHY}")
        odd.daemon.wait_for_line("this node writes no checkpoints until it is started again")
        address = odd.daemon.wait_for_operators()[0]
        metrics = wire.request(address, "/metrics").body.decode()
        self.assertIn('\nrivulet_stream_up{stream="messages"} 0\n', metrics)
        self.assertIn('\nrivulet_clients_left_total{stream="messages",reason="disabled"} 2\n',
                      metrics)
        for target in (f"{STREAM}?", "/streams?stream=messages&stream=quota&"):
            answer = odd.get(f"{target}token={odd.token()}")
            self.assertEqual(answer.status, 404)
            self.assertEqual(answer.json()["message"], "The stream “messages” is disabled")
        with self.assertRaises(Refusal) as caught:
            self.publish(odd, 1)
        self.assertEqual(caught.exception.name, "Refused")
        self.assertRegex(str(caught.exception), "the stream messages is disabled: its state " + WHY)

    def check_version(self, change):
        odd = self.odd(change)
        with odd.follow(STREAM) as alone, odd.follow_several(["messages", "quota"]) as several, \
                odd.follow("quota") as other, self.nodes[0].follow(STREAM) as elsewhere:
            alone.next_of("messages")
            several.take(2)
            other.next_of("quota")
            elsewhere.next_of("messages")
            self.publish(self.nodes[0], 12)
            alone.rest()
            several.rest()
            self.assert_disabled(odd)
            # The others go on, and so do its other streams.
            self.publish(self.nodes[1], 1)
            elsewhere.until(lambda event: event.data["text"] == f"message {self.n_published}",
                            "the last message")
            self.nodes[1].publisher.publish("quota", {"type": "quota",
                                                      "quota": {"used": 7, "remaining": 1}})
            self.assertEqual(other.next_of("quota-update").data["quota"]["used"], 7)
        for node in self.nodes:
            self.assertEqual(node.publisher.stream_properties("messages")["State"], "running")
        return odd

    def test_another_version(self):
        odd = self.check_version(VERSIONS["another version"])
        # It writes no checkpoint, be it alone.
        for node in self.nodes:
            node.daemon.stop()
        before = self.asked()
        for number in range(40):
            odd.new_event(number)
        self.assertEqual(self.asked(), before)
        # Until it begins again, with what others have.
        odd.daemon.stop()
        odd.start_again()
        self.assertEqual(odd.publisher.stream_properties("messages")["State"], "running")
        for node in self.nodes:
            self.fleet.drop(node)

    def test_one_that_is_not_deterministic(self):
        self.check_version(VERSIONS["one that is not deterministic"])


class Lacking(FleetCase):
    """One node lacks a plugin, before there is any checkpoint, and would be the first to write one."""

    LACKS = "there is no plugin that works for {}, of which other nodes have a state"

    def begin(self, lacking):
        folder = tempfile.TemporaryDirectory(prefix="rivulet-plugins-")
        self.addCleanup(folder.cleanup)
        for name in os.listdir(daemon.PLUGINS):
            if name.endswith(".so") and name != f"{lacking}.so":
                os.symlink(os.path.join(daemon.PLUGINS, name), os.path.join(folder.name, name))
        self.whole = self.fleet.node(nats={"checkpoint-updates": 20})
        self.plugins = folder.name
        self.odd = self.odd_node()

    def odd_node(self):
        node = self.fleet.node(plugins=self.plugins, nats={"checkpoint-updates": 10})
        node.daemon.expect("there is no plugin that works for")
        return node

    def fill(self, count):
        for number in range(count):
            position = self.whole.new_event(number)
        return position

    def newest(self):
        """The newest checkpoint, as it was written; empty where there is none."""
        message = self.fleet.servers[0].last("rivulet-state", "rivulet.state.checkpoint")
        return base64.b64decode(message["data"]).decode() if message else ""

    def test_an_update_that_it_cannot_apply(self):
        self.begin("posts-stats")
        self.whole.publisher.publish("posts-stats", {"type": "stats", "stats": {
            "drafts": 1, "ready": 0, "scheduled": 0, "published": 0, "failed": 0}})
        # One that is started then finds it in the log.
        for node in self.odd, self.odd_node():
            node.daemon.wait_for_line(self.LACKS.format("posts-stats"))
        position = self.fill(19)
        wait_until(self.newest, "a checkpoint")
        # The first one that was asked for is the other node's, and whole.
        self.assertEqual(int(self.newest().split()[1]),
                         natslog.sequence_of(position) + 1)
        self.assertIn("\nposts-stats ", self.newest())
        self.assertEqual(self.whole.publisher.stream_properties("posts-stats")["State"], "running")

    def test_a_stream_that_follows_another(self):
        """No update names it: those that have it write a checkpoint behind that without it."""
        self.begin("events-count")
        self.fill(15)
        wait_until(lambda: "\nevents-count " in self.newest(), "a checkpoint with all streams")
        self.whole.daemon.wait_for_line("checkpoint at [0-9]+ has no state of events-count: another")
        self.odd.daemon.wait_for_line(self.LACKS.format("events-count"))
        self.assertEqual(self.whole.publisher.stream_properties("events-count")["State"], "running")
        late = self.fleet.node()
        with late.follow("events-count") as client:
            self.assertEqual(client.next_of("count").data["count"], 15)
        # It leaves the next ones to the others, also when it begins with that.
        self.odd.daemon.stop()
        self.odd.start_again()
        self.odd.daemon.expect("there is no plugin that works for")
        self.odd.daemon.wait_for_line(self.LACKS.format("events-count"))
        self.fill(40)
        wait_until(lambda: int(self.newest().split()[1]) > 30, "a newer checkpoint")
        self.assertIn("\nevents-count ", self.newest())


class Trust(FleetCase):
    """The daemon's own stream is no plugin's."""

    CHECKPOINT = "rivulet.state.checkpoint"

    def read(self):
        """The newest checkpoint, as it was written; None where there is none."""
        message = self.fleet.servers[0].last("rivulet-state", self.CHECKPOINT)
        return message and base64.b64decode(message["data"]).decode()

    def setUp(self):
        super().setUp()
        self.node = self.fleet.node(nats={"checkpoint-updates": 10})
        for number in range(10):
            self.node.new_event(number)
        _, _, *self.rest = wait_until(self.read, "a checkpoint").split(" ")

    def contradict(self, *streams):
        """What a node with other states would do: it asks, and writes what it has."""
        server = self.fleet.servers[0]
        other = "f" * 32
        asked = server.ask("rivulet.log.checkpoint", b"", headers=[("Nats-Msg-Id", other)])
        text = " ".join([other, str(asked["seq"]), *self.rest])
        for stream in streams:
            self.assertIn(f"\n{stream} ", text)
            text = text.replace(f"\n{stream} ", f"\n{stream} 0")
        self.assertIn("seq", server.ask(self.CHECKPOINT, text.encode()))

    def test_other_revocations(self):
        """Another node says that other tokens were revoked: none is taken any more."""
        with self.node.follow("quota") as client:
            client.next_of("quota")
            self.contradict("revocations")
            client.rest()
        self.assertEqual(self.node.daemon.wait(), 1)
        self.assertRegex(self.node.daemon.said(),
                         "rivuletd: it is not known what tokens were revoked, so that none can be "
                         f"trusted: its state {WHY}")
        self.assertNotIn("is disabled", self.node.daemon.said())
        self.fleet.drop(self.node)

    def test_several_at_once(self):
        """And those that follow them."""
        self.node.daemon.expect("is disabled|writes no checkpoints")
        self.contradict("quota", "github-events")
        wait_until(lambda: self.state("quota") == self.state("github-events") == "disabled",
                   "streams that are disabled")
        self.assertEqual(self.state("events-count"), "disabled")
        self.assertEqual(self.state("posts-stats"), "running")
        self.node.daemon.wait_for_line("this node writes no checkpoints")

    def state(self, stream):
        return self.node.publisher.stream_properties(stream)["State"]
