# SPDX-License-Identifier: LGPL-2.1-or-later
"""Three nodes on a cluster of three servers, of which one after the other fails."""

import base64
import os
import random
import secrets
import signal

import natslog
from fleet import AGREEMENT, FleetCase, servers_may_lose
from travellers import Author, Reader, judge
from waiting import TimedOut, wait_until

ROUNDS = int(os.environ.get("RIVULET_SCALE_ROUNDS", "10"))
# To have a server get all.
ATTEMPTS = 3
SEED = os.environ.get("RIVULET_SCALE_SEED") or secrets.token_hex(4)


class Cluster(FleetCase):
    n_servers = 3

    def setUp(self):
        super().setUp()
        self.chance = random.Random(SEED)
        self.emptied = 0
        wait_until(self.fleet.servers[0].has_leader, "a leader of the servers")
        self.nodes = [self.fleet.node(nats={"deadline-seconds": 3, "checkpoint-updates": 3000},
                                      log={"retain-updates": 1000}) for _ in range(3)]
        for node in self.nodes:
            node.daemon.expect("the store failed")

    def is_well(self):
        return all(node.publisher.server_properties()["StoreState"] == "ok" for node in self.nodes)

    # ---- what happens ----

    def kill_a_node(self):
        """It begins anew with the newest checkpoint; who has not got as far would start afresh there."""
        node = self.chance.choice(self.nodes)
        node.daemon.signal(signal.SIGKILL)
        node.daemon.wait()
        wait_until(lambda: all(reader.position() >= self.checkpoint() for reader in self.readers),
                   "readers that have what is in the checkpoint")
        node.start_again()
        node.daemon.expect("the store failed")

    def checkpoint(self):
        """Where the newest is; 0 for none."""
        message = self.fleet.servers[0].last("rivulet-state", "rivulet.state.checkpoint")
        sequence = int(base64.b64decode(message["data"]).split()[1]) if message else 0
        return natslog.position_of(sequence)

    def bring_back(self, server):
        """Where it has not all that the others have, as may be with nats-server 2.9.10, it is emptied, as
        data/scale says."""
        server.start(self.fleet.servers)
        for _ in range(ATTEMPTS):
            try:
                wait_until(self.fleet.is_whole, "a server that has all", seconds=20)
                return
            except TimedOut:
                self.emptied += 1
                server.kill()
                server.wipe()
                server.start(self.fleet.servers)

    def kill_a_server(self):
        server = self.chance.choice(self.fleet.servers)
        server.kill()
        self.some_more(3)
        self.bring_back(server)

    def pause_a_server(self):
        server = self.chance.choice(self.fleet.servers)
        server.pause()
        self.some_more(3)
        server.go_on()

    def empty_a_server(self):
        """It gets all from the other two."""
        server = self.chance.choice(self.fleet.servers)
        server.kill()
        server.wipe()
        self.some_more(3)
        self.bring_back(server)

    def no_quorum(self):
        """Nothing is taken, publishers are told so, and who comes is served."""
        two = self.chance.sample(self.fleet.servers, 2)
        before = [author.unknown for author in self.authors]
        for server in two:
            server.pause()
        try:
            wait_until(lambda: all(author.unknown > start
                                   for author, start in zip(self.authors, before)),
                       "publishers that are told")
            for node in self.nodes:
                with node.follow("quota") as client:
                    client.next_of("quota")
        finally:
            for server in two:
                server.go_on()

    def some_more(self, count):
        """Waits until each author was told of so many more."""
        before = [len(author.taken) for author in self.authors]
        wait_until(lambda: all(len(author.taken) >= start + count
                               for author, start in zip(self.authors, before)),
                   "more that is acknowledged", seconds=AGREEMENT)

    def happen(self, told):
        """One failure after the other; `told` gets their names."""
        events = [self.kill_a_node, self.kill_a_server, self.pause_a_server, self.empty_a_server,
                  self.no_quorum]
        self.some_more(5)
        for number in range(ROUNDS):
            event = events[number % len(events)]
            told.append(event.__name__)
            event()
            wait_until(self.is_well, f"nodes that are well after {event.__name__}", seconds=AGREEMENT)
            wait_until(self.fleet.is_whole, f"servers that have all after {event.__name__}",
                       seconds=AGREEMENT)
            self.some_more(5)

    def seen(self):
        return [reader.got for reader in self.readers]

    @servers_may_lose
    def test_whatever_happens(self):
        self.authors = [Author(node, f"author-{k}", at_once=1 + 2 * k)
                        for k, node in enumerate(self.nodes)]
        self.readers = [Reader(self.nodes, random.Random(f"{SEED} {k}"), f"reader-{k}")
                        for k in range(4)]
        for reader in self.readers:
            reader.start()
        wait_until(lambda: all(reader.last for reader in self.readers), "readers that are there")
        for author in self.authors:
            author.start()
        told = []
        try:
            self.happen(told)
        finally:
            print(f"# RIVULET_SCALE_SEED={SEED} {' '.join(told)}", flush=True)
            for author in self.authors:
                author.finish()
            self.end_readers()
        judge(self.authors, self.readers)
        print(f"# {sum(len(author.taken) for author in self.authors)} acknowledged, "
              f"{sum(reader.moves for reader in self.readers)} connections, {self.emptied} servers "
              "that had lost something", flush=True)

    def missing(self, reader):
        """Of what was acknowledged, what one does not have (yet)."""
        got = {name for _, name in reader.got}
        return [name for author in self.authors for name in author.taken if name not in got]

    def end_readers(self):
        """When they have all that was acknowledged."""
        try:
            wait_until(lambda: not any(self.missing(reader) for reader in self.readers)
                       or any(reader.error for reader in self.readers), "readers that have all")
        except TimedOut as error:
            raise AssertionError("\n".join(
                f"{reader.name} has {len(reader.got)}, the last at {reader.last}, started afresh "
                f"{reader.fresh - 1} times and lacks {len(missing)}: {missing[:3]}"
                for reader in self.readers
                for missing in [self.missing(reader)])) from error
        finally:
            for reader in self.readers:
                reader.finish()
