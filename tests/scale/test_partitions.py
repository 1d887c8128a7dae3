# SPDX-License-Identifier: LGPL-2.1-or-later
"""A network that comes apart: who does not reach each other, nodes and servers."""

from fleet import AGREEMENT, Fleet, FleetCase, servers_may_lose
from lan import Lan
from publisher import Refusal
from waiting import wait_until
from wire import Ended

N_SERVERS = 3


class Partitions(FleetCase):
    """Three hosts with a server and a node each, and a fourth with a node alone.

    Nothing is sent to a leader that is alone: when the others come back, nats-server 2.9.10, which
    Debian 12 has, may keep in its own replica what they do not have.
    """

    def setUp(self):
        self.lan = Lan(N_SERVERS + 1)
        self.addCleanup(self.lan.remove)
        self.hosts = self.lan.hosts
        self.fleet = Fleet(N_SERVERS, places=self.hosts[:N_SERVERS])
        self.addCleanup(self.fleet.stop)
        wait_until(self.fleet.servers[0].has_leader, "a leader of the servers")
        self.clients = []

    def seen(self):
        for client in self.clients:
            client.read_what_came()
        return [[(event.id, event.data["event"]["delivery_id"]) for event in client.events
                 if event.type == "new-event"] for client in self.clients]

    def find_lost(self):
        """Nodes also end where the servers did not have it for as long as that is waited for."""
        def told():
            return next((line for node in self.fleet.nodes for line in node.daemon.said().splitlines()
                         if "has lost what" in line), None)
        return super().find_lost() or told()

    def node(self, host):
        node = self.fleet.node(place=host, nats={"deadline-seconds": 3})
        node.daemon.expect("the store failed")
        client = node.follow("github-events")
        self.addCleanup(client.close)
        client.next_of("events")
        self.clients.append(client)
        return node

    def find_follower(self):
        """The number of a server that does not lead the stream."""
        leader = self.fleet.servers[0].stream("rivulet")["cluster"]["leader"]
        return next(number for number, server in enumerate(self.fleet.servers)
                    if server.name != leader)

    def cut_off(self, one, others):
        for other in others:
            self.lan.cut(one, other)

    def join(self, one, others):
        for other in others:
            self.lan.mend(one, other)

    def wait_well(self, nodes):
        """Waits until all servers have all again, and the nodes know that."""
        wait_until(self.fleet.is_whole, "servers that have all", seconds=AGREEMENT)
        wait_until(lambda: all(node.publisher.server_properties()["StoreState"] == "ok"
                               for node in nodes), "nodes that are well", seconds=AGREEMENT)

    def refuse(self, node, name):
        """What nobody can take is refused; whether it was taken is not known."""
        with self.assertRaises(Refusal) as caught:
            node.new_event(name)
        self.assertEqual(caught.exception.name, "StoreFailed")

    def insist(self, node, name):
        """Publishes until it is taken: the servers may have to choose a leader first."""
        def is_taken():
            try:
                node.new_event(name)
            except Refusal as error:
                self.assertEqual(error.name, "StoreFailed")
                return False
            return True
        wait_until(is_taken, f"{name} to be taken", seconds=AGREEMENT)

    def assert_serves(self, node):
        """Who comes is served; the store is known to have failed."""
        wait_until(lambda: node.publisher.server_properties()["StoreState"] == "failed",
                   "a store that failed")
        with node.follow("quota") as quota, node.follow("github-events") as events:
            quota.next_of("quota")
            events.next_of("events")

    def is_connected(self, node):
        """Whether one on a host without a server thinks that it is."""
        ports = {f"{server.port:04X}" for server in self.fleet.servers}
        with open(f"/proc/{node.daemon.pid}/net/tcp", encoding="ascii") as file:
            rows = [line.split() for line in list(file)[1:]]
        return any(state == "01" and remote.split(":")[1] in ports
                   for _, _, remote, state, *_ in rows)

    def assert_same(self, last):
        """All clients got the same, up to an event and once each."""
        seen = []
        for client in self.clients:
            seen.append([])
            while not seen[-1] or seen[-1][-1][1] != last:
                seen[-1] += self.fetch(client, 1)
        for one in seen[1:]:
            self.assertEqual(one, seen[0])
        names = [name for _, name in seen[0]]
        self.assertEqual(len(set(names)), len(names))
        return names

    def fetch_on(self, node, since, client):
        """What comes behind an id, up to the last event."""
        got = []
        try:
            while "last" not in got:
                got += [name for _, name in self.fetch(client, 1)]
        except Ended:
            # Who waited for too long was let go before anything came, and comes back.
            self.assertEqual(client.raw, b"")
            with node.follow("github-events", headers=[("Last-Event-ID", since)]) as again:
                return self.fetch_on(node, since, again)
        return got

    @servers_may_lose
    def test_a_minority(self):
        """One server and its node are away from all the others."""
        nodes = [self.node(host) for host in self.hosts[:3]]
        number = self.find_follower()
        host, apart = self.hosts[number], nodes.pop(number)
        others = [other for other in self.hosts[:3] if other is not host]
        first, second = nodes
        position = first.new_event("before")
        apart.wait_position(position)
        self.cut_off(host, others)
        # Should its server lead all the same, it does not any more when this is known.
        self.assert_serves(apart)
        self.refuse(apart, "nowhere")
        for number in range(10):
            self.insist(first, f"first-{number}")
            self.insist(second, f"second-{number}")
        self.assertEqual(apart.publisher.stream_properties("github-events")["Position"],
                         position)
        # One who has seen them goes to where they are not.
        with first.follow("github-events") as client:
            last = client.next_of("events").id
        with apart.follow("github-events", headers=[("Last-Event-ID", last)]) as moved:
            self.wait_connections(apart, 2)
            self.assert_silent(moved)
            self.join(host, others)
            self.wait_well([first, second, apart])
            self.insist(apart, "after")
            self.insist(first, "last")
            names = self.assert_same("last")
            got = self.fetch_on(apart, last, moved)
        # What was refused may have reached the log.
        self.assertEqual(got, names[-len(got):])
        self.assertEqual(names[:1] + sorted(names[1:21]), ["before"] + sorted(
            f"{who}-{number}" for who in ("first", "second") for number in range(10)))

    @servers_may_lose
    def test_a_node_without_servers(self):
        first, apart = self.node(self.hosts[0]), self.node(self.hosts[3])
        position = first.new_event("before")
        apart.wait_position(position)
        self.cut_off(self.hosts[3], self.hosts[:3])
        self.refuse(apart, "nowhere")
        self.assert_serves(apart)
        for number in range(20):
            first.new_event(number)
        wait_until(lambda: not self.is_connected(apart), "a connection that is given up")
        self.join(self.hosts[3], self.hosts[:3])
        self.insist(apart, "after")
        self.insist(first, "last")
        names = self.assert_same("last")
        self.assertEqual(names[:21], ["before", *(str(number) for number in range(20))])

    @servers_may_lose
    def test_servers_that_do_not_reach_each_other(self):
        """Each is alone: nothing is taken anywhere, and all is well when they meet again."""
        nodes = [self.node(host) for host in self.hosts[:3]]
        nodes[0].new_event("before")
        pairs = [(self.hosts[0], self.hosts[1:3]), (self.hosts[1], self.hosts[2:3])]
        for pair in pairs:
            self.cut_off(*pair)
        for node in nodes:
            self.assert_serves(node)
        for pair in pairs:
            self.join(*pair)
        self.wait_well(nodes)
        for number, node in enumerate(nodes):
            self.insist(node, number)
        self.insist(nodes[0], "last")
        self.assertEqual(self.assert_same("last"), ["before", "0", "1", "2", "last"])
