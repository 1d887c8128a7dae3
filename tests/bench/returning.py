# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that come back: what a resume costs, and a storm of all of them at once."""

import signal
import statistics

from figures import FRESH
from generator import Generator
from servers import Rivulet

# Where what was missed is kept, and how many events it is.
RESUMES = [("ring", 1), ("ring", 100), ("ring", 10000), ("table", 100), ("table", 10000)]
# As many clients resume less often where each misses much.
MUCH = 1000
MUCH_PART = 5
# So few events stay in the ring that all others are only in the table.
SMALL_RING = 10
HOWS = [("stopped", signal.SIGTERM), ("killed", signal.SIGKILL)]
CALLS = 500
# Events that are published while clients come back.
AMID = 3
RETAINED = 1000000


def fill_list(generator):
    """The lists that fresh clients get are as long as they will be, and events of 256 bytes."""
    generator.step("connect", 1)
    generator.step("deliver")
    generator.step("leave")
    generator.step("miss", 100)
    generator.step("return")
    generator.step("disconnect")


def miss(generator, where, missed):
    """An event goes to the table with the commit after its own, and leaves the ring with the next
    event then."""
    if where == "table":
        generator.step("miss", missed - 1)
        generator.step("calls", 1)
        missed = 1
    generator.step("miss", missed)


def resume(generator, where, clients, missed):
    """Returns the cost of a fresh connection, and the figures of resumes."""
    fresh = generator.step("connect", clients)["cpu-per-connect"]
    generator.step("leave")
    miss(generator, where, missed)
    found = generator.step("return")
    generator.step("disconnect")
    cpu = found["cpu-per-return"]
    return fresh, {"cpu-per-resume": cpu, "cpu-per-missed-event": cpu / missed,
                   "resume-median": found["return-median"], "resume-p99": found["return-p99"]}


def resumes_from(where, clients, hub):
    server = Rivulet(clients, config={"hub": hub, "log": {"retain-updates": RETAINED}})
    try:
        found = {}
        fresh = []
        with Generator(server.arguments() + ["--connects", "1"]) as generator:
            fill_list(generator)
            for place, missed in RESUMES:
                if place == where:
                    count = max(1, clients // MUCH_PART) if missed > MUCH else clients
                    cost, found[f"rivulet {where}-{missed}"] = resume(generator, where, count, missed)
                    fresh.append(cost)
        return fresh, found
    finally:
        server.stop()


def measure_resumes(clients):
    """One client after the other comes back; returns {server and situation: figures}."""
    fresh, found = resumes_from("ring", clients, {"resume-events": 100000})
    more, of_table = resumes_from("table", clients, {"resume-events": SMALL_RING})
    return {FRESH: {"cpu-per-resume": statistics.median(fresh + more)}, **found, **of_table}


def storm(server, generator, missed, how):
    rest = generator.step("calls", CALLS)
    generator.step("leave")
    generator.step("miss", missed)
    server.leave(how)
    server.come_back()
    found = generator.step("storm", AMID)
    peak = server.resident("VmHWM")
    # Nobody lost their place: the next one comes to all, once.
    generator.step("deliver")
    return {"storm": found["storm"], "memory-peak-in-storm": peak,
            "publish-at-rest": rest["call-median"], "publish-at-rest-p99": rest["call-p99"],
            "publish-in-storm": found["call-median"], "publish-in-storm-p99": found["call-p99"]}


def measure_storms(clients, missed):
    """All come back at once to a server started anew; returns {server and situation: figures}."""
    found = {}
    for name, how in HOWS:
        server = Rivulet(clients)
        try:
            # The server's processes change; their time is not asked for.
            with Generator(server.arguments(timed=False)) as generator:
                generator.step("connect", clients)
                generator.step("deliver")
                before = server.resident("VmRSS")
                for count in missed:
                    found[f"rivulet {name}-{count}"] = {
                        "memory-before-storm": before, **storm(server, generator, count, how)}
        finally:
            server.stop()
    return found
