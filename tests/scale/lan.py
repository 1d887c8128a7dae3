# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hosts that can be cut off from each other: network namespaces on a bridge."""

import os
import shutil
import unittest

import network
from network import Unavailable, run

NOBODY = "02:00:00:00:00:01"


class Host:
    """A network namespace with an address; `cable` joins it to the others and to us."""

    def __init__(self, lan, number):
        self.name = f"{lan.name}-{number}"
        self.address = lan.address(number)
        run("ip", "netns", "add", self.name)
        lan.made.append(self.name)
        lan.plug(("netns", self.name), "cable", number)
        self.run("address", "add", f"{self.address}/24", "dev", "cable")
        self.run("link", "set", "cable", "up")
        self.run("link", "set", "lo", "up")

    def run(self, *command):
        run("ip", "-n", self.name, *command)

    def inside(self):
        """Processes that this thread starts meanwhile are on the host."""
        return network.inside(self.name)


class Lan:
    """So many hosts, and us, on one bridge in a namespace of its own."""

    def __init__(self, n_hosts):
        if os.geteuid() != 0 or shutil.which("ip") is None:
            raise unittest.SkipTest("network namespaces need root and ip (iproute2)")
        self.number = os.getpid() % 65536
        self.name = f"rivulet-{os.getpid()}"
        self.link = f"rv{os.getpid()}"
        self.made = []
        try:
            run("ip", "netns", "add", self.name)
            self.made.append(self.name)
            run("ip", "-n", self.name, "link", "add", "bridge", "type", "bridge")
            run("ip", "-n", self.name, "link", "set", "bridge", "up")
            self.plug((), self.link, 0)
            run("ip", "address", "add", f"{self.address(0)}/24", "dev", self.link)
            run("ip", "link", "set", self.link, "up")
            self.hosts = [Host(self, number + 1) for number in range(n_hosts)]
        except Unavailable as error:
            self.remove()
            raise unittest.SkipTest(f"no network namespaces here: {error}") from None

    def address(self, number):
        """Ours is that of 0."""
        return f"10.{214 + self.number // 256 % 8}.{self.number % 256}.{number + 1}"

    def plug(self, where, link, number):
        """A cable from the bridge to a link of that name in a namespace, or in ours."""
        run("ip", "link", "add", link, *where, "type", "veth", "peer", "name", f"port{number}",
            "netns", self.name)
        run("ip", "-n", self.name, "link", "set", f"port{number}", "master", "bridge", "up")

    def cut(self, one, other):
        """From now on nothing that one sends arrives at the other, and nobody is told."""
        for host, peer in (one, other), (other, one):
            host.run("neighbour", "replace", peer.address, "lladdr", NOBODY, "dev", "cable", "nud",
                     "permanent")

    def mend(self, one, other):
        for host, peer in (one, other), (other, one):
            host.run("neighbour", "delete", peer.address, "dev", "cable")

    def remove(self):
        # What a connection leaves behind keeps a namespace for a while, but not the cable.
        if os.path.exists(f"/sys/class/net/{self.link}"):
            run("ip", "link", "delete", self.link)
        for name in reversed(self.made):
            run("ip", "netns", "delete", name)
