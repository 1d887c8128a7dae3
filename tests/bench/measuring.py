# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured of one server in one round."""

import statistics

from generator import Failed, Generator

BURST = 100
STALLED_PERCENT = 1
HEARTBEAT_MS = 3000
FEW = 64
DELIVERED = ("cpu-per-delivery", "last-client-median", "last-client-p99", "last-client")


def deliveries(generator, count):
    """Single events; the first one warms up, and is not counted."""
    generator.step("deliver")
    found = [generator.step("deliver") for _ in range(count)]
    if any(figures["without-timestamp"] for figures in found):
        raise Failed("the kernel gives no times of arrival (SO_TIMESTAMPNS)")
    return {name: statistics.median(figures[name] for figures in found) for name in DELIVERED}


def connect(server, generator, clients):
    before = generator.step("memory")["memory"]
    figures = {"cpu-per-connect": generator.step("connect", clients)["cpu-per-connect"]}
    grown = generator.step("memory")["memory"] - before
    figures["memory-per-connection"] = grown / clients
    return figures


def stalled(server, generator, clients, count):
    """With clients of its own: what fills their buffers would count as memory not given back."""
    generator.step("connect", clients)
    generator.step("stall", STALLED_PERCENT)
    if server.queued() == 0:
        raise Failed("stall: nothing waits for the clients that do not read")
    found = deliveries(generator, count)
    generator.step("resume")
    return {"last-client-stalled": found["last-client"]}


def measure(kind, clients, count):
    """All of one server but heartbeats; returns figures by their names."""
    server = kind(clients)
    try:
        with Generator(server.arguments()) as generator:
            figures = connect(server, generator, clients)
            figures.update(deliveries(generator, count))
            burst = generator.step("burst", BURST)
            figures["burst-cpu-per-delivery"] = burst["burst-cpu-per-delivery"]
            generator.step("disconnect")
            if "stall" in server.steps:
                figures.update(stalled(server, generator, clients, count))
        return figures
    finally:
        server.stop()


def measure_idle(kind, clients, seconds):
    """Heartbeats alone, with shorter times between them; and what is left when all have left, held
    against a server that has had a few clients: the first ones load much of a library."""
    server = kind(clients, HEARTBEAT_MS)
    try:
        with Generator(server.arguments()) as generator:
            generator.step("connect", FEW)
            generator.step("disconnect")
            before = generator.step("memory")["memory"]
            generator.step("connect", clients)
            beating = generator.step("idle", seconds)["cpu-per-heartbeat"]
            generator.step("disconnect")
            return {"cpu-per-heartbeat": beating,
                    "memory-after-leaving": generator.step("memory")["memory"] / before}
    finally:
        server.stop()
