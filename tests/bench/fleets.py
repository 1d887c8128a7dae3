# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nodes that share a log on a cluster of NATS, as servers that are measured."""

import os
import signal
import subprocess
import unittest

import cases
import natslog
from natsserver import Server
from servers import PROGRAMS, Rivulet, Unavailable
from waiting import wait_until

# As data/scale has it: each update is on all of them.
N_SERVERS = 3


def stand_back(pid):
    """Has a process run when nobody else wants to."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setscheduler(int(thread), os.SCHED_IDLE, os.sched_param(0))


class Nodes(Rivulet):
    """Three servers of NATS, and nodes on them; the first has all clients and publishers."""

    count = 1
    steps = ()

    def __init__(self, clients, heartbeat_ms=None):
        self.others = []
        self.nats = []
        super().__init__(clients, **({"heartbeat_ms": heartbeat_ms} if heartbeat_ms else {}))

    def groups(self):
        return {**super().groups(), **self.shared(0)}

    def shared(self, number):
        """The groups with which a node has its log on NATS."""
        folder = os.path.join(self.folder, f"state-{number}")
        urls = ";".join(f"nats://{server.address}" for server in self.nats)
        return {"log": {"backend": "nats", "directory": folder},
                "nats": {"urls": urls, "node": f"node-{number}", "replicas": N_SERVERS}}

    def start(self):
        self.nats = [Server(self.folder, number) for number in range(N_SERVERS)]
        try:
            for server in self.nats:
                server.start(self.nats)
        except (unittest.SkipTest, AssertionError) as error:
            raise Unavailable(str(error)) from None
        wait_until(self.nats[0].has_leader, "a leader of the servers")
        super().start()
        for number in range(1, self.count):
            self.others.append(cases.Setting(config=self.shared(number), environment=self.ENVIRONMENT))

    def stop(self):
        try:
            for other in self.others:
                other.stop()
        except AssertionError as error:
            raise Unavailable(str(error)) from None
        finally:
            try:
                super().stop()
            finally:
                for server in self.nats:
                    server.stop()

    def rate(self, program, *arguments):
        """What a program says of how many it published each second."""
        done = subprocess.run(
            [os.path.join(PROGRAMS, program), *map(str, arguments)], check=False,
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env={**os.environ, **self.ENVIRONMENT})
        if done.returncode != 0:
            raise Unavailable(f"{program}: {done.stderr.strip()}")
        return float(done.stdout)

    def hub_rate(self, count, in_flight):
        """Updates that are acknowledged by a hub, which takes the place of the first node.

        The other nodes get what the processors have left, as each has a machine of its own elsewhere,
        and have to have all of it in the end.
        """
        if not self.away:
            self.leave(signal.SIGTERM)
        for other in self.others:
            stand_back(other.daemon.pid)
        rate = self.rate("hub-publisher", self.setting.config_path, count, in_flight)
        end = natslog.position_of(self.nats[0].stream("rivulet")["state"]["last_seq"])
        for other in self.others:
            wait_until(lambda: other.publisher.server_properties()["LogPosition"] >= end,
                       "a node that has all of the log")
        return rate

    def plain_rate(self, count, in_flight):
        """Messages that are acknowledged to a publisher that does nothing else."""
        return self.rate("plain-publisher", f"nats://{self.nats[0].address}", count, in_flight,
                         N_SERVERS)


FLEETS = {f"nodes-{count}": type(f"Nodes{count}", (Nodes,), {"name": f"nodes-{count}", "count": count})
          for count in (1, 2, 3)}
