# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several rivuletd that share one log, on NATS servers of their own."""

import functools
import os
import select
import shutil
import socket
import subprocess
import tempfile
import unittest

import daemon
import natslog
from cases import Setting
from daemon import Secret
from natsserver import HERE, Server
from proxies import find
from publisher import Refusal
from relay import MOST, Relay
from waiting import wait_until

LOGS = "rivulet", "rivulet-state"
# For servers to agree on who leads them, and to give each other what they lack, in s: 2.9.10 was seen
# to take 50 for that.
AGREEMENT = 150


def trimmed(every, retained):
    """A configuration: a checkpoint after so many updates, and a log that is trimmed behind that."""
    return {"nats": {"checkpoint-updates": every, "retain-seconds": 0},
            "log": {"retain-updates": retained}}


def new_event(delivery_id):
    return {"type": "new-event", "event": {"delivery_id": str(delivery_id), "event": "push",
                                           "repo_full_name": "a/b"}}


class Valve(Relay):
    """A way to a server that can be shut: what is said then comes when it is opened again."""

    def __init__(self, upstream):
        self.shut = False
        self.trap = None  # what shuts it when it is said, before it passes
        self.trapped = b""
        super().__init__(upstream)

    def _pass(self, conversation, side):
        looks = self.trap is not None and side is conversation.near
        most = self._look(side) if looks else MOST
        while self.shut:
            wait_until(lambda: not self.shut, "a valve that is opened")
        super()._pass(conversation, side, most)

    def stop(self):
        self.shut = False
        super().stop()

    def _look(self, side):
        """Returns how much it has seen: what comes behind that is looked at before it passes."""
        try:
            seen = side.recv(MOST, socket.MSG_PEEK)
        except OSError:
            return MOST  # of one that was killed, as is found when it is passed on
        self.trapped = self.trapped[-len(self.trap):] + seen
        self.shut |= self.trap in self.trapped
        return len(seen)


class Forger(Relay):
    """A way to a server that takes some words for others, as long, in what is said on one side."""

    def __init__(self, upstream):
        self.by_node = ()  # (word, other) in what the node says, while that is wanted
        self.to_node = ()  # likewise in what it is told
        super().__init__(upstream)

    def _change(self, conversation, side, data):
        words = self.by_node if side is conversation.near else self.to_node
        return data.replace(*words) if words else data


class Node(Setting):
    """One rivuletd, with its own bus and folder, and the fleet's secret."""

    def __init__(self, fleet, urls, config, plugins=None, place=HERE):
        self.fleet = fleet
        self.place = place
        groups = {"log": {"backend": "nats"}, "nats": {"urls": ";".join(urls)},
                  "auth": {"secret-file": fleet.secret.path}}
        for group, keys in config.items():
            groups[group] = {**groups.get(group, {}), **keys}
        with place.inside():
            super().__init__(config=groups, plugins=plugins, listen=(f"{place.address}:0",))
        self.secret = fleet.secret

    def start_again(self):
        with self.place.inside():
            super().start_again()

    def wait_position(self, position):
        """Waits until it has applied so much."""
        def has_it():
            return self.publisher.stream_properties("github-events")["Position"] >= position
        wait_until(has_it, f"position {position} at a node")

    def new_event(self, delivery_id, audience=None):
        """Publishes one; returns its position."""
        answer = self.publisher.publish("github-events", new_event(delivery_id), audience)
        return natslog.position_in(answer)

    def new_events(self, delivery_ids):
        """Publishes several by one call; returns their ids, or raises what one was refused with."""
        answers = self.publisher.publish_many(
            [("github-events", new_event(delivery_id)) for delivery_id in delivery_ids])
        for _, name, reason in answers:
            if name:
                raise Refusal(name, reason)
        return [event_id for event_id, _, _ in answers]

    def status(self):
        """What `rivulet status` says of it."""
        return subprocess.run(
            [daemon.CLI, "status", "--session"], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=True, env={**os.environ, "LC_ALL": "C.UTF-8",
                                        "DBUS_SESSION_BUS_ADDRESS": self.bus.address}).stdout


class Fleet:
    """Servers, and the nodes on them, which a test starts; `more`: of the servers' configuration."""

    kind = Server

    def __init__(self, n_servers=1, payload="2MB", more="", places=None):
        find("nats-server")
        self.folder = tempfile.mkdtemp(prefix="rivulet-fleet-")
        self.secret = Secret(self.folder, "secret")
        self.servers = [self.kind(self.folder, number, payload, more, places[number] if places else HERE)
                        for number in range(n_servers)]
        self.nodes = []
        self.ways = []
        for server in self.servers:
            server.start(self.routes)

    @property
    def routes(self):
        return self.servers if len(self.servers) > 1 else []

    @property
    def urls(self):
        return [f"nats://{server.address}" for server in self.servers]

    def is_whole(self):
        """Whether each server has all: what a second one loses meanwhile is lost.

        nats-server 2.9.10 says so early of one that was emptied, and of one that was killed when that
        has lost a part.
        """
        before = self.states()
        if before is None:
            return False
        replicas = [server.replicas() for server in self.servers]
        after = self.states()
        if after is None or not all(replica.keys() >= set(LOGS) for replica in replicas):
            return False
        log, beside = ([replica[name] for replica in replicas] for name in LOGS)
        # The log goes on meanwhile, and loses its beginning; it has no holes.
        return (all(state["last_seq"] >= before[0]["last_seq"]
                    and state["first_seq"] <= after[0]["first_seq"]
                    and state["messages"] == state["last_seq"] - state["first_seq"] + 1
                    for state in log)
                and all(state[key] == before[1][key] for state in beside
                        for key in ("messages", "bytes", "first_seq", "last_seq")))

    def states(self):
        """As the leaders know them, in the order of LOGS; None where a replica is not current."""
        states = []
        for name in LOGS:
            answer = self.servers[0].ask(f"$JS.API.STREAM.INFO.{name}", timeout=2)
            replicas = answer.get("cluster", {}).get("replicas", [])
            if len(replicas) != 2 or not all(replica["current"] for replica in replicas):
                return None
            states.append(answer["state"])
        return states

    def find_lost(self, seen):
        """Of events that clients were sent, (id, delivery id), one that the servers have no more.

        Only of the last ones; what was before may have been trimmed, as these may since.
        """
        info = wait_until(lambda: self.servers[0].stream("rivulet").get("state"), "the stream's state")
        first = info["first_seq"]
        for event_id, name in reversed(seen[-100:]):
            sequence, place = divmod(natslog.position_in(event_id), natslog.MAX_UPDATES)
            if sequence < first:
                continue
            updates = natslog.read(self.servers[0].message("rivulet", sequence) or b"")
            if (len(updates) <= place
                    or updates[place].value.get("event", {}).get("delivery_id") != name):
                return f"{name}, which was at {event_id}"
        return None

    def make_stream(self):
        """As somebody may do who wants to take messages out of it, which nodes do not."""
        answer = self.servers[0].ask("$JS.API.STREAM.CREATE.rivulet", {
            "name": "rivulet", "subjects": ["rivulet.log.>"], "storage": "file",
            "retention": "limits", "num_replicas": len(self.servers),
            "duplicate_window": 120 * 10**9})
        assert "error" not in answer, answer

    def take_out(self, sequence):
        answer = self.servers[0].ask("$JS.API.STREAM.MSG.DELETE.rivulet", {"seq": sequence})
        assert answer.get("success"), answer

    def put(self, *names):
        """Writes a message with an event for each, as nodes do, which is known by its name; returns
        the last one's position."""
        for name in names:
            body = natslog.write([natslog.Update("github-events", new_event(name))])
            answer = self.servers[0].ask(natslog.SUBJECT, body, headers=[("Nats-Msg-Id", name)])
            assert "error" not in answer, answer
        return natslog.position_of(answer["seq"])

    def node(self, urls=None, plugins=None, place=HERE, **config):
        config = {group: dict(keys) for group, keys in config.items()}
        config.setdefault("nats", {}).setdefault("replicas", len(self.servers))
        node = Node(self, urls or self.urls, config, plugins, place)
        self.nodes.append(node)
        return node

    def valve(self):
        """A way of its own to the first server."""
        self.ways.append(Valve(self.servers[0].address))
        return self.ways[-1]

    def forger(self):
        """Likewise."""
        self.ways.append(Forger(self.servers[0].address))
        return self.ways[-1]

    def drop(self, node):
        """A node that ended otherwise than it should."""
        self.nodes.remove(node)
        node.abandon()

    def stop(self):
        try:
            for node in self.nodes:
                node.stop()
        finally:
            self.abandon()

    def abandon(self):
        for node in self.nodes:
            node.abandon()
        for way in self.ways:
            way.stop()
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def servers_may_lose(test):
    """A test whose servers fail in ways in which nats-server 2.9.10 may lose what it acknowledged."""
    @functools.wraps(test)
    def run(self):
        try:
            test(self)
        except unittest.SkipTest:
            raise
        except Exception as error:
            self.excuse(error)
            raise
    return run


class FleetCase(unittest.TestCase):
    """A fleet for each test."""

    n_servers = 1

    def setUp(self):
        self.fleet = Fleet(self.n_servers)
        self.addCleanup(self.fleet.stop)

    def fetch(self, client, count):
        """The next appended events' ids and what they are of."""
        events = [client.next_of("new-event") for _ in range(count)]
        return [(event.id, event.data["event"]["delivery_id"]) for event in events]

    def seen(self):
        """All that each client was sent: (id, delivery id) of every event."""
        return []

    def find_lost(self):
        """What servers have no more that a client was sent, or that no other node was given."""
        wait_until(self.fleet.servers[0].has_leader, "a leader of the servers")
        return next(filter(None, map(self.fleet.find_lost, self.seen())), None)

    def excuse(self, error):
        """Skips what failed as the servers have lost something, and the nodes ended."""
        lost = self.find_lost()
        if lost is not None:
            self.fleet.abandon()
            self.fleet.nodes.clear()
            self.skipTest(f"the servers have lost {lost}: {str(error).splitlines()[0]}")

    def wait_connections(self, node, count):
        """Those that are held count, too."""
        wait_until(lambda: node.publisher.server_properties()["Connections"] == count,
                   f"{count} connections")

    def assert_silent(self, client):
        """Nothing has come to one that is connected."""
        came, _, _ = select.select([client.socket], [], [], 0)
        self.assertEqual((came, client.raw), ([], b""))
