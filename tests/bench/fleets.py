# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nodes that share a log on a nats-server, as servers that are measured."""

import os
import signal
import socket
import subprocess
import unittest

import cases
import proxies
from servers import PROGRAMS, Program, Rivulet, Unavailable, free_port
from waiting import wait_until

CONFIG = """listen: 127.0.0.1:{port}
max_payload: 2MB
jetstream {{ store_dir: "{folder}" }}
"""
IN_FLIGHT = 100


def find_server():
    """The path of nats-server."""
    try:
        return proxies.find("nats-server")
    except unittest.SkipTest as reason:
        raise Unavailable(str(reason)) from None


class Nodes(Rivulet):
    """One server of NATS, and nodes on it; the first has all clients and publishers."""

    count = 1
    steps = ()

    def __init__(self, clients, heartbeat_ms=None):
        self.others = []
        self.nats = None
        self.port = None
        super().__init__(clients, **({"heartbeat_ms": heartbeat_ms} if heartbeat_ms else {}))

    def groups(self):
        return {**super().groups(), **self.shared(0)}

    def shared(self, number):
        """The groups with which a node has its log on NATS."""
        folder = os.path.join(self.folder, f"state-{number}")
        return {"log": {"backend": "nats", "directory": folder},
                "nats": {"urls": f"nats://127.0.0.1:{self.port}", "node": f"node-{number}"}}

    def start(self):
        self.port = free_port()
        config = os.path.join(self.folder, "nats.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(port=self.port, folder=os.path.join(self.folder, "nats")))
        self.nats = Program([find_server(), "-c", config], self.folder, stdin=subprocess.DEVNULL)
        wait_until(self.nats_answers, "nats-server that listens")
        super().start()
        for number in range(1, self.count):
            self.others.append(cases.Setting(config=self.shared(number), environment=self.ENVIRONMENT))

    def nats_answers(self):
        if self.nats.process.poll() is not None:
            raise Unavailable(f"nats-server did not start: {self.nats.complaint()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

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
                if self.nats is not None:
                    self.nats.stop()

    def rate(self, program, what, count):
        """What a program says of how many it published each second."""
        done = subprocess.run(
            [os.path.join(PROGRAMS, program), what, str(count), str(IN_FLIGHT)], check=False,
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env={**os.environ, **self.ENVIRONMENT})
        if done.returncode != 0:
            raise Unavailable(f"{program}: {done.stderr.strip()}")
        return float(done.stdout)

    def hub_rate(self, count):
        """Updates that are acknowledged by a hub, which takes the place of the first node."""
        if not self.away:
            self.leave(signal.SIGTERM)
        return self.rate("hub-publisher", self.setting.config_path, count)

    def plain_rate(self, count):
        """Messages that are acknowledged to a publisher that does nothing else."""
        return self.rate("plain-publisher", f"nats://127.0.0.1:{self.port}", count)


FLEETS = {f"nodes-{count}": type(f"Nodes{count}", (Nodes,), {"name": f"nodes-{count}", "count": count})
          for count in (1, 2, 3)}
