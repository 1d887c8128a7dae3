# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several rivuletd that share one log, on NATS servers of their own."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import ports
from cases import Setting
from daemon import Secret
from proxies import find
from relay import Relay
from waiting import PATIENCE, wait_until

CONFIG = """server_name: {name}
listen: {host}:{port}
max_payload: {payload}
jetstream {{ store_dir: "{folder}" }}
"""
# Servers of one cluster find each other.
CLUSTER = """cluster {{
  name: test
  listen: {host}:{port}
  routes: [{routes}]
}}
"""


class Here:
    """Where servers and nodes are: on this host, or see lan.Host."""

    address = "127.0.0.1"

    def inside(self):
        return contextlib.nullcontext()


HERE = Here()


class Server:
    """One nats-server, at a port that stays the same when it is started again."""

    def __init__(self, folder, number, payload="2MB", more="", place=HERE):
        self.folder = os.path.join(folder, f"nats-{number}")
        self.name = f"n{number}"
        self.payload = payload
        self.more = more
        self.place = place
        self.store = os.path.join(self.folder, "store")
        self.config = os.path.join(self.folder, "server.conf")
        self.log = os.path.join(self.folder, "log")
        os.mkdir(self.folder)
        self.held = [ports.hold(), ports.hold()]
        self.port, self.route = (ports.number(held) for held in self.held)
        self.address = f"{place.address}:{self.port}"
        self.process = None

    def configure(self, routes):
        """Writes its configuration; `routes` as for start()."""
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(name=self.name, host=self.place.address, port=self.port,
                                     payload=self.payload, folder=self.store) + self.more)
            if routes:
                names = [f"nats://{server.place.address}:{server.route}" for server in routes]
                file.write(CLUSTER.format(host=self.place.address, port=self.route,
                                          routes=", ".join(names)))

    def start(self, routes=()):
        """`routes`: all servers of its cluster, it among them; none where it is alone."""
        self.configure(routes)
        with open(self.log, "ab") as log, self.place.inside():
            self.process = subprocess.Popen([find("nats-server"), "-c", self.config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.answers, f"{self.name} that listens")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"nats-server ended with {self.process.returncode}: {self.said()}")
        with socket.socket() as probe:
            return probe.connect_ex((self.place.address, self.port)) == 0

    def said(self):
        with open(self.log, encoding="utf-8", errors="backslashreplace") as log:
            return log.read()

    def ask(self, subject, request=None, timeout=None, message_id=None):
        """What the server answers to a request, JSON as that is if it is no bytes; an error where
        it does not in time."""
        body = request if isinstance(request, bytes) else json.dumps(request or {}).encode()
        head = f"NATS/1.0\r\nNats-Msg-Id: {message_id}\r\n\r\n".encode() if message_id else b""
        line = (f"HPUB {subject} answer {len(head)} {len(head) + len(body)}\r\n" if head
                else f"PUB {subject} answer {len(body)}\r\n")
        place = (self.place.address, self.port)
        with socket.create_connection(place, timeout or PATIENCE) as client:
            client.sendall(b'CONNECT {"verbose":false,"headers":true}\r\nSUB answer 1\r\n'
                           + line.encode() + head + body + b"\r\n")
            lines = client.makefile("rb")
            try:
                while not (line := lines.readline()).startswith(b"MSG "):
                    if not line:
                        raise AssertionError(f"{self.name} does not answer {subject}")
            except TimeoutError:
                return {"error": f"no answer to {subject}"}
            return json.loads(lines.read(int(line.split()[-1])))

    def stream(self, name):
        """A stream's configuration and state."""
        return self.ask(f"$JS.API.STREAM.INFO.{name}")

    def last(self, stream, subject):
        """The last message of a subject, as the server tells it; None where there is none."""
        return self.ask(f"$JS.API.STREAM.MSG.GET.{stream}",
                        {"last_by_subj": subject}).get("message")

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """Ends it as a power failure does; what it wrote stays."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def wipe(self):
        """Takes away all that it stored, while it is away."""
        shutil.rmtree(self.store)

    def keep_copy(self):
        """Keeps what it has stored by now."""
        self.pause()
        shutil.copytree(self.store, self.store + "-copy")
        self.go_on()

    def swap_copy(self):
        """Gives it, while it is away, what it had when the copy was made, or takes that back."""
        copy, aside = self.store + "-copy", self.store + "-aside"
        os.rename(self.store, aside)
        os.rename(copy, self.store)
        os.rename(aside, copy)

    def stop(self):
        self.kill()
        for held in self.held:
            held.close()


class Valve(Relay):
    """A way to a server that can be shut: what is said then comes when it is opened again."""

    def __init__(self, upstream):
        self.shut = False
        self.trap = None  # what shuts it when it is said, before it passes
        self.trapped = b""
        super().__init__(upstream)

    def _pass(self, conversation, side):
        if self.trap is not None and side is conversation.near:
            self.trapped = self.trapped[-len(self.trap):] + side.recv(1 << 16, socket.MSG_PEEK)
            self.shut |= self.trap in self.trapped
        while self.shut:
            wait_until(lambda: not self.shut, "a valve that is opened")
        super()._pass(conversation, side)


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
        answer = self.publisher.publish("github-events", {"type": "new-event", "event": {
            "delivery_id": str(delivery_id), "event": "push", "repo_full_name": "a/b"}}, audience)
        return int(answer.rsplit("-", 1)[1])


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
        self.valves = []
        for server in self.servers:
            server.start(self.routes)

    @property
    def routes(self):
        return self.servers if len(self.servers) > 1 else []

    @property
    def urls(self):
        return [f"nats://{server.address}" for server in self.servers]

    def has_leader(self):
        """Whether the servers have agreed on who leads them."""
        return "error" not in self.servers[0].ask("$JS.API.INFO", timeout=2)

    def is_whole(self):
        """Whether each server has all: what a second one loses meanwhile is lost."""
        for name in "rivulet", "rivulet-state":
            answer = self.servers[0].ask(f"$JS.API.STREAM.INFO.{name}", timeout=2)
            replicas = answer.get("cluster", {}).get("replicas", [])
            if len(replicas) != 2 or not all(replica["current"] for replica in replicas):
                return False
        return True

    def node(self, urls=None, plugins=None, place=HERE, **config):
        config = {group: dict(keys) for group, keys in config.items()}
        config.setdefault("nats", {}).setdefault("replicas", len(self.servers))
        node = Node(self, urls or self.urls, config, plugins, place)
        self.nodes.append(node)
        return node

    def valve(self):
        """A way of its own to the first server."""
        valve = Valve(self.servers[0].address)
        self.valves.append(valve)
        return valve

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
        for valve in self.valves:
            valve.shut = False
            valve.stop()
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


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
