# SPDX-License-Identifier: LGPL-2.1-or-later
"""How fast can be published, without clients."""

import os
import subprocess

from fleets import FLEETS
from generator import Generator
from servers import PROGRAMS, Program, Rivulet

CALLS = 500
SERVICE_NAME = "io.github.rivulet.Bench.Answering"


def rate(arguments, count):
    with Generator(arguments) as generator:
        generator.step("rate", max(1, count // 10))
        return generator.step("rate", count)["publish-rate"]


def rates_beside(server, name, database, count, turned):
    """Those of Rivulet and of a service with the same call on the same bus, which alternate."""
    bus = server.setting.bus.address
    program = Program([os.path.join(PROGRAMS, "answering-service"), SERVICE_NAME, *database],
                      server.folder, stdin=subprocess.DEVNULL,
                      env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": bus})
    try:
        program.read_line("answering-service: (.*)")
        ways = [("rivulet", []), (name, ["--bus-name", SERVICE_NAME])]
        return {which: rate(["--publish", f"bus:{bus}", *more], count)
                for which, more in (reversed(ways) if turned else ways)}
    finally:
        program.stop()


def volatile_rates(count, turned):
    server = Rivulet(0, durable=False)
    try:
        return rates_beside(server, "answering-service", [], count, turned)
    finally:
        server.stop()


def durable_rates(count, turned):
    """The service has its database in the same folder; webhooks are measured as well."""
    server = Rivulet(0)
    try:
        found = rates_beside(server, "committing-service",
                             [os.path.join(server.folder, "committing.db")], count, turned)
        hooks = rate(["--publish", f"webhook:http://{server.setting.address}/github/webhook",
                      "--webhook-secret-file", server.setting.hook_secret.path],
                     max(10, count // 10))
        return found, hooks
    finally:
        server.stop()


def measure_rates(count, turned):
    """Returns {(name, server): figure}."""
    found = {("dbus-publish-rate", server): value
             for server, value in volatile_rates(count, turned).items()}
    durable, hooks = durable_rates(count, turned)
    found.update({("durable-publish-rate", server): value for server, value in durable.items()})
    found["webhook-publish-rate", "rivulet"] = hooks
    return found


def measure_call(kind):
    """One call after the other, without clients: what the log adds to a call stands alone then."""
    server = kind(0)
    try:
        with Generator(server.arguments()) as generator:
            generator.step("calls", CALLS // 10)
            found = generator.step("calls", CALLS)
        return {("publish-alone", kind.name): found["call-median"],
                ("publish-alone-p99", kind.name): found["call-p99"]}
    finally:
        server.stop()


def measure_shared_rate(name, count, in_flight, turned, with_plain):
    """At the hub of a node, without D-Bus; and of a publisher that does nothing else, to which it makes no
    difference how many nodes there are."""
    server = FLEETS[name](0)
    try:
        ways = [(name, lambda: server.hub_rate(count, in_flight)),
                ("plain-publisher", lambda: server.plain_rate(count, in_flight))][:1 + with_plain]
        return {("shared-publish-rate", which): measure()
                for which, measure in (reversed(ways) if turned else ways)}
    finally:
        server.stop()
