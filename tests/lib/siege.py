# SPDX-License-Identifier: LGPL-2.1-or-later
"""A daemon under attack, and what must be as before when the attack is over."""

import contextlib
import os
import shutil
import subprocess
import threading
import time
import unittest

from cases import FreshCase
from publisher import Publisher
from waiting import Deadline, wait_until

# What the same attack, made again, may add to the daemon's memory of 2 to 12 MiB. Six times in a row,
# each attack added up to 100 KiB (of SQLite's cache, which has a bound), and what the allocator keeps
# went up and down by 1.3 MiB. Two pages lost of each of 300 connections are more than this.
MORE_MEMORY = 2 << 20
# The lower latencies went up and down threefold on a machine that was busy otherwise, and come back.
MORE_LATENCY = 4


class SiegeCase(FreshCase):
    """Makes an attack twice, and compares what there is afterwards."""

    config = {}

    @property
    def setting(self):
        """Nothing waits for another rendering of a view, so that latencies are the daemon's own."""
        return {"config": {**self.config, "hub": {"conflate-ms": 0, **self.config.get("hub", {})}}}

    def setUp(self):
        super().setUp()
        self.client = self.follow("quota", "well-behaved")
        self.client.next()
        self.used = 0

    def server(self, name):
        return self.publisher.server_properties()[name]

    def serve(self, publisher=None):
        """The well-behaved client gets an update, within seconds that are returned."""
        self.used += 1
        started = time.monotonic()
        (publisher or self.publisher).publish(
            "quota", {"type": "quota", "quota": {"used": self.used, "remaining": 0}})
        event = self.client.next()
        self.assertEqual(event.data["quota"]["used"], self.used)
        return time.monotonic() - started

    def latency(self):
        """A low one of many: what others on the machine do is in the high ones."""
        return sorted(self.serve() for _ in range(100))[10]

    def over(self):
        wait_until(lambda: self.server("Connections") == 1, "the end of all other connections")

    def attack_meanwhile(self, attack):
        """While the well-behaved client is served, as often as it goes."""
        ended = threading.Event()

        def serve():
            publisher = Publisher(self.rivulet.bus.address)
            self.serve(publisher)
            while not ended.wait(0.01):
                self.serve(publisher)
            publisher.close()

        failures = []
        thread = threading.Thread(target=lambda: run_and_keep(serve, failures))
        thread.start()
        try:
            attack()
        finally:
            ended.set()
            thread.join()
        self.assertEqual(failures, [])
        self.over()

    def besiege(self, attack):
        """Once for all memory that is only made once, and once more."""
        latency = self.latency()
        descriptors = self.rivulet.daemon.descriptors()
        self.attack_meanwhile(attack)
        memory = self.rivulet.daemon.private_dirty()

        self.attack_meanwhile(attack)
        wait_until(lambda: self.rivulet.daemon.descriptors() == descriptors,
                   f"{descriptors} descriptors, as before")
        wait_until(lambda: self.latency() <= latency * MORE_LATENCY, "a latency as before")
        # Of sanitizers, most is their own.
        if not os.environ.get("RIVULET_INSTRUMENTED"):
            wait_until(lambda: self.rivulet.daemon.private_dirty() <= memory + MORE_MEMORY,
                       f"no more than {MORE_MEMORY} bytes above {memory}")


def run_and_keep(function, failures):
    try:
        function()
    except BaseException as error:  # pylint: disable=broad-except
        failures.append(error)


def tool(program):
    if shutil.which(program) is None:
        raise unittest.SkipTest(f"{program} is not installed")
    return program


def run(program, *arguments):
    """Runs one of the tools to its end; returns what it says."""
    done = subprocess.run([tool(program), *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=Deadline(program).left(),
                          check=False)
    if done.returncode != 0:
        raise AssertionError(f"{program} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def running(program, *arguments):
    """A tool that runs meanwhile, and must not end by itself."""
    process = subprocess.Popen([tool(program), *arguments], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
        if process.poll() is not None:
            raise AssertionError(f"{program} ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()
