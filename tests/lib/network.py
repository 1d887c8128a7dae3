# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host of its own behind a cable, in a network namespace: what loopback cannot show."""

import contextlib
import ctypes
import os
import shutil
import subprocess

CLONE_NEWNET = 0x40000000


class Unavailable(Exception):
    """This machine gives no namespaces; why is the message."""


def run(*command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        raise Unavailable(f"{' '.join(command)}: {result.stderr.strip()}")


@contextlib.contextmanager
def inside(name):
    """Sockets that this thread makes, and processes that it starts meanwhile, are in that namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net", "rb") as here, open(f"/run/netns/{name}", "rb") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
            raise Unavailable(f"setns: {os.strerror(ctypes.get_errno())}")
        try:
            yield
        finally:
            if libc.setns(here.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns, on the way back")


class FarHost:
    """A network namespace with an address, joined by a cable to ours with another."""

    def __init__(self):
        if os.geteuid() != 0 or shutil.which("ip") is None:
            raise Unavailable("network namespaces need root and ip (iproute2)")
        number = os.getpid() % 16384
        net = f"10.213.{number // 64}.{number % 64 * 4}"
        base, last = net.rsplit(".", 1)
        self.near = f"{base}.{int(last) + 1}"
        self.far = f"{base}.{int(last) + 2}"
        self.name = f"rivulet-{os.getpid()}"
        self.link = f"rv{os.getpid()}"
        run("ip", "netns", "add", self.name)
        try:
            there = ("ip", "-n", self.name)
            run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "cable",
                "netns", self.name)
            run("ip", "address", "add", f"{self.near}/30", "dev", self.link)
            run("ip", "link", "set", self.link, "up")
            run(*there, "address", "add", f"{self.far}/30", "dev", "cable")
            run(*there, "link", "set", "cable", "up")
        except Unavailable:
            self.remove()
            raise

    def remove(self):
        # What a connection leaves behind keeps the namespace for a while, but not the cable.
        if os.path.exists(f"/sys/class/net/{self.link}"):
            run("ip", "link", "delete", self.link)
        run("ip", "netns", "delete", self.name)

    def inside(self):
        """Sockets that this thread makes meanwhile are the far host's."""
        return inside(self.name)

    def swallow(self):
        """From now on nothing that we send arrives there, and nobody is told."""
        run("ip", "neighbour", "replace", self.far, "lladdr", "02:00:00:00:00:01", "dev", self.link,
            "nud", "permanent")
