# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is shipped in data/scale, with the hosts, ports and paths that there are here."""

import configparser
import os
import re
import signal
import socket
import ssl
import subprocess
import unittest

import daemon
import eventstream
import http2
import natslog
import proxies
from fleet import Fleet
from natsserver import Server
from waiting import PATIENCE, wait_until

SHIPPED = os.path.join(daemon.ROOT, "data", "scale")
HOSTS = [f"nats-{number}.example.org" for number in (1, 2, 3)]
# Nodes say before each update what it is.
NO_UPDATE = b'{"type":"new-event","event":{"delivery_id":"x","event":"push","repo_full_name":"a/b"}}'


def read(name, replacements):
    """A shipped file with what is here in place of what it has; each has to be there."""
    with open(os.path.join(SHIPPED, name), encoding="utf-8") as file:
        text = file.read()
    for old, new in replacements.items():
        if old not in text:
            raise AssertionError(f"{name} has no {old}")
        text = text.replace(old, new)
    return text


def make_certificates(folder):
    """By the commands of the page."""
    os.mkdir(folder)
    commands = re.search(r"^```sh\n(.*?)^```$", read("README.md", {}), re.S | re.M).group(1)
    names = ",".join(f"DNS:{host}" for host in HOSTS)
    if names not in commands:
        raise AssertionError(f"no {names} in:\n{commands}")
    proxies.find("openssl")
    done = subprocess.run(["sh", "-euc", commands.replace(names, "DNS:localhost")], cwd=folder,
                          check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(done.stderr)


class ShippedServer(Server):
    """One of three, at ports of this machine."""

    def __init__(self, folder, number, *more):
        super().__init__(folder, number, *more)
        self.certificates = os.path.join(folder, "certificates")
        if not os.path.isdir(self.certificates):
            make_certificates(self.certificates)

    def configure(self, routes):
        text = read("nats-server.conf", {
            "server_name: nats-1 ": f"server_name: {self.name} ",
            "0.0.0.0:4222": self.address,
            "http: 127.0.0.1:8222": "http: 127.0.0.1:-1",
            "/var/lib/nats": self.store,
            "0.0.0.0:6222": f"127.0.0.1:{self.route}",
            "/etc/nats/": f"{self.certificates}/",
            **{f"nats://{host}:6222": f"nats://localhost:{server.route}"
               for host, server in zip(HOSTS, routes)},
        })
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)


class ShippedFleet(Fleet):
    """Three servers and three nodes."""

    kind = ShippedServer

    def __init__(self):
        super().__init__(3)
        try:
            self.settle()
        except BaseException:
            self.abandon()
            raise

    def settle(self):
        wait_until(self.can_place, "servers that know each other")
        for number in range(3):
            settings = self.settings()
            settings["nats"]["node"] = f"node-{number + 1}"
            self.node(**settings)

    def can_place(self):
        """Whether a stream can be on three servers. What is asked while they have no leader is not
        answered."""
        probe = '{"name":"probe","subjects":["probe"],"num_replicas":3}'
        try:
            made = self.ask("operator", "$JS.API.STREAM.CREATE.probe", probe, seconds=1)
            return '"error"' not in made and self.ask("operator", "$JS.API.STREAM.DELETE.probe")
        except TimeoutError:
            return False

    @property
    def certificates(self):
        return self.servers[0].certificates

    def settings(self):
        """The shipped groups of a node."""
        parser = configparser.ConfigParser(delimiters="=", interpolation=None)
        parser.read_string(read("rivulet.conf", {
            "/etc/rivulet/nats/": f"{self.certificates}/",
            **{f"tls://{host}:4222": f"tls://localhost:{server.port}"
               for host, server in zip(HOSTS, self.servers)},
        }))
        return {group: dict(parser[group]) for group in parser.sections()}

    def connect(self, name, seconds):
        """A plain client of NATS with a certificate, or with none."""
        context = ssl.create_default_context(cafile=os.path.join(self.certificates, "ca.pem"))
        if name is not None:
            context.load_cert_chain(os.path.join(self.certificates, f"{name}.pem"),
                                    os.path.join(self.certificates, f"{name}.key"))
        plain = socket.create_connection(("127.0.0.1", self.servers[0].port), seconds)
        try:
            while plain.recv(1) not in (b"\n", b""):
                pass  # INFO comes before TLS
            return context.wrap_socket(plain, server_hostname="localhost")
        except BaseException:
            plain.close()
            raise

    def talk(self, name, lines, until="PONG\r\n", seconds=PATIENCE):
        """What the server says to `lines` up to its answer to PING, or to its end."""
        with self.connect(name, seconds) as client:
            client.sendall(b'CONNECT {"verbose":false,"headers":true}\r\n' + lines + b"PING\r\n")
            said = ""
            while until not in said and (more := client.recv(65536)):
                said += more.decode()
            return said

    def ask(self, name, subject, body="", seconds=PATIENCE):
        """What is answered to a request."""
        lines = f"SUB _INBOX.a 1\r\nPUB {subject} _INBOX.a {len(body)}\r\n{body}\r\n"
        return self.talk(name, lines.encode(), "}\r\n", seconds).partition("MSG ")[2]

    def send_update(self, name):
        """What the server says to a message in the place of updates."""
        return self.talk(name, b"PUB %s %d\r\n%s\r\n"
                         % (natslog.SUBJECT.encode(), len(NO_UPDATE), NO_UPDATE))


class Shipped(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = ShippedFleet()
        cls.addClassCleanup(cls.fleet.stop)
        cls.nodes = cls.fleet.nodes

    def test_the_files_are_in_order(self):
        for server in self.fleet.servers:
            done = subprocess.run([proxies.find("nats-server"), "-t", "-c", server.config],
                                  check=False, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_one_publishes_is_seen_at_all(self):
        clients = [node.follow("github-events") for node in self.nodes]
        for client in clients:
            self.addCleanup(client.close)
            client.next_of("events")
        for number, node in enumerate(self.nodes):
            node.new_event(f"seen-{number}")
        seen = [[client.next_of("new-event").id for _ in self.nodes] for client in clients]
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0], seen[2])

    def test_where_the_log_is(self):
        """On three servers, in files."""
        for name in "rivulet", "rivulet-state":
            said = self.fleet.ask("operator", f"$JS.API.STREAM.INFO.{name}")
            self.assertIn('"num_replicas":3', said)
            self.assertIn('"storage":"file"', said)

    def test_who_may_write_to_the_log(self):
        """Nodes alone: not the operator, and nobody without a certificate."""
        position = self.nodes[0].new_event("before")
        self.assertIn("Permissions Violation for Publish", self.fleet.send_update("operator"))
        # Over TLS 1.3 a client learns of that when it reads, and may be cut off first.
        try:
            self.assertNotIn("PONG", self.fleet.send_update(None))
        except OSError:
            pass
        behind = self.nodes[0].new_event("behind")
        before, passed_over, last = (natslog.sequence_of(position) + count for count in (1, 2, 3))
        self.assertEqual(behind, natslog.position_of(before))
        # What a node's certificate is used for beside it.
        for node in self.nodes:
            node.daemon.expect(
                f"what is at {natslog.position_of(passed_over)} of the log is no update")
        self.assertNotIn("Violation", self.fleet.send_update("node"))
        self.assertEqual(self.nodes[0].new_event("at last"), natslog.position_of(last))

    def test_a_server_is_no_node(self):
        """Its certificate is for servers among each other."""
        try:
            self.assertIn("Authorization Violation", self.fleet.talk("server", b""))
        except OSError:
            pass

    def test_a_server_of_another_name(self):
        """Certificates are for names, and 127.0.0.1 is not among them."""
        settings = self.fleet.settings()
        settings["nats"].update({"urls": settings["nats"]["urls"].replace("localhost", "127.0.0.1"),
                                 "connect-seconds": "1"})
        with self.assertRaisesRegex(AssertionError, "address mismatch"):
            self.fleet.node(**settings)

    def test_large_updates(self):
        """Servers take nearly the largest that a node does, [hub] max-update-bytes."""
        events = [{"delivery_id": str(number), "event": "push", "repo_full_name": "a/b",
                   "text": "x" * 16000} for number in range(64)]
        with self.nodes[1].follow("github-events") as client:
            client.next_of("events")
            self.nodes[0].publisher.publish("github-events", {"type": "events", "events": events})
            seen = client.next_of("events-update").data["events"]
        self.assertEqual([event["delivery_id"] for event in seen],
                         [event["delivery_id"] for event in events[:len(seen)]])


class NginxBefore(proxies.Nginx):
    """As it is shipped, before three nodes."""

    def __init__(self, folder, authority, nodes):
        self.nodes = nodes
        super().__init__(folder, authority, None)

    def shipped(self, replacements):
        del replacements["127.0.0.1:3001"]
        return read("nginx.conf", {**replacements, **{
            f"node-{number}.example.org:3001": node.address
            for number, node in enumerate(self.nodes, 1)}})


class Behind(unittest.TestCase):
    """Clients of three nodes behind nginx."""

    def setUp(self):
        http2.need()
        proxies.find("nginx")
        self.fleet = Fleet()
        self.addCleanup(self.fleet.stop)
        self.nodes = [self.fleet.node() for _ in range(3)]
        authority = proxies.Authority(self.fleet.folder)
        self.proxy = NginxBefore(self.fleet.folder, authority, self.nodes)
        self.addCleanup(self.proxy.stop, self.nodes[0])
        self.authority = authority

    def connect(self):
        connection = http2.Connection(self.authority.connect(self.proxy.port, "h2"), proxies.NAME)
        self.addCleanup(connection.close)
        return connection

    def target(self):
        return f"{eventstream.PATHS['github-events']}?token={self.nodes[0].token()}"

    def clients_of(self, node):
        return node.publisher.stream_properties("github-events")["Clients"]

    def test_all_nodes_have_clients(self):
        connection = self.connect()
        for _ in range(6):
            connection.next(connection.request(self.target()))
        self.assertEqual([self.clients_of(node) for node in self.nodes], [2, 2, 2])

    def test_a_node_that_is_killed(self):
        """Its clients get the rest from another, each event once."""
        connection = self.connect()
        streams = [connection.request(self.target()) for _ in range(3)]
        for stream in streams:
            connection.next(stream)
        published = [self.nodes[0].new_event(1)]
        lasts = [connection.next(stream).id for stream in streams]
        self.assertEqual(len(set(lasts)), 1)
        self.nodes[2].daemon.signal(signal.SIGKILL)
        self.nodes[2].daemon.wait()
        self.fleet.drop(self.nodes[2])
        for number in range(2, 5):
            published.append(self.nodes[number % 2].new_event(number))
        for node in self.nodes[:2]:
            node.wait_position(published[-1])
        for _ in range(6):
            again = connection.request(self.target(), headers=[("last-event-id", lasts[0])])
            got = [connection.next(again).position for _ in published[1:]]
            self.assertEqual(got, published[1:])
