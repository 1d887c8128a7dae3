# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures Rivulet and its peers side by side in one run; tests/bench/run calls it.

Each round has every server one after the other, each started afresh, and begins with another one.
What is compared was measured in the same round.
"""

import json
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lib"))

import figures as figures_of  # noqa: E402
import measuring  # noqa: E402
import options as options_of  # noqa: E402
import rates  # noqa: E402
import returning  # noqa: E402
import starting  # noqa: E402
import table  # noqa: E402
from fleets import FLEETS  # noqa: E402
from generator import Failed  # noqa: E402
from servers import SERVERS as SINGLE  # noqa: E402
from servers import Unavailable, file_system, place_on_disk  # noqa: E402

SERVERS = {**SINGLE, **FLEETS}
OURS = ("rivulet", "combined", "bare")
# Servers that take so long for a burst to many that they have a part only in the first rounds, as do
# fleets, with however many.
SLOW = ("nestjs", "better-sse")
FEW_ROUNDS = 3
MANY = 4000
# A round of storms takes minutes.
STORM_ROUNDS = 3
COLUMNS = [*options_of.SERVERS, "answering-service", "committing-service", "plain-publisher", "parse-rows"]


class Run:
    def __init__(self, options):
        self.options = options
        self.figures = figures_of.Figures()
        self.servers = list(options.only)
        self.skipped = {}
        self.started = time.monotonic()

    def say(self, text):
        print(f"[{time.monotonic() - self.started:6.0f} s] {text}", flush=True)

    def drop(self, name, reason):
        """A peer that cannot be measured leaves; without our own there is nothing to tell."""
        if name in OURS:
            raise Failed(f"{name}: {reason}")
        self.say(f"{name} is skipped: {reason}")
        self.skipped[name] = reason
        self.servers.remove(name)

    def one(self, number, name, clients):
        kind = SERVERS[name]
        if number >= FEW_ROUNDS and (name in FLEETS or (name in SLOW and clients >= MANY)):
            return
        try:
            found = measuring.measure(kind, clients, self.options.deliveries)
            if "idle" in kind.steps and self.options.idle and clients == self.options.clients[-1]:
                found.update(measuring.measure_idle(kind, clients, self.options.idle))
        except (Failed, Unavailable) as error:
            self.drop(name, str(error))
            return
        self.figures.add(number, name, clients, found)
        self.say(f"round {number + 1} of {self.options.rounds}, {clients:,} clients, {name:<10} "
                 + ", ".join(table.shown(found[key], figures_of.UNITS[key]) + " " + label
                             for key, label in [("cpu-per-delivery", "a delivery"),
                                                ("burst-cpu-per-delivery", "in a burst"),
                                                ("last-client", "to the last one"),
                                                ("cpu-per-connect", "a connection")]))

    def add_each(self, number, found):
        for (name, server), value in found.items():
            self.figures.add(number, server, 0, {name: value})

    def log(self, number):
        """What the log makes of it: Rivulet alone has one."""
        if self.options.rate:
            self.add_each(number, rates.measure_rates(self.options.rate, number % 2 == 1))
        if self.options.rows:
            self.say(f"round {number + 1}, a start with {self.options.rows:,} updates")
            self.add_each(number, starting.measure_start(self.options.rows))
        if self.options.resumes:
            self.say(f"round {number + 1}, clients that resume")
            for server, found in returning.measure_resumes(self.options.resumes).items():
                self.figures.add(number, server, 0, found)
        if self.options.storm and number < STORM_ROUNDS:
            clients = self.options.clients[-1]
            self.say(f"round {number + 1}, {clients:,} clients come back at once")
            for server, found in returning.measure_storms(clients, self.options.storm).items():
                self.figures.add(number, server, clients, found)

    def share(self, number):
        """How fast can be published where nodes share the log."""
        fleets = [name for name in self.servers if name in FLEETS]
        for name in [*(name for name in ("rivulet",) if name in self.servers), *fleets]:
            self.say(f"round {number + 1}, publishing at {name}")
            try:
                self.add_each(number, rates.measure_call(SERVERS[name]))
                if name not in FLEETS:
                    continue
                self.add_each(number, rates.measure_shared_rate(
                    name, self.options.rate, self.options.in_flight, number % 2 == 1,
                    name == fleets[0]))
            except (Failed, Unavailable) as error:
                self.drop(name, str(error))

    def round(self, number):
        for clients in self.options.clients:
            turned = number % len(self.servers)
            for name in self.servers[turned:] + self.servers[:turned]:
                self.one(number, name, clients)
        if "rivulet" in self.servers:
            self.log(number)
        if self.options.rate and number < FEW_ROUNDS and set(self.servers) & set(FLEETS):
            self.share(number)

    def run(self):
        place = place_on_disk()
        self.say(f"logs are in {place}, on {file_system(place)}")
        for number in range(self.options.rounds):
            self.round(number)
        self.figures.add_ratios()

    def tell(self):
        print()
        for line in table.everything(self.figures, COLUMNS):
            print(line)
        for name, reason in self.skipped.items():
            print(f"skipped {name}: {reason}")
        print(f"\n{self.options.rounds} rounds in {time.monotonic() - self.started:.0f} s")
        if self.options.json:
            with open(self.options.json, "w", encoding="utf-8") as file:
                json.dump(self.figures.rows(), file, indent=1, ensure_ascii=False)
                file.write("\n")


class Interrupts:
    """SIGINT and SIGTERM end the run, once: what cleans up behind it is left alone."""

    def __init__(self):
        self.came = False
        signal.signal(signal.SIGINT, self.on_signal)
        signal.signal(signal.SIGTERM, self.on_signal)

    def on_signal(self, *_):
        if not self.came:
            self.came = True
            raise KeyboardInterrupt


def main(arguments):
    options = options_of.parse(arguments)
    interrupts = Interrupts()
    run = Run(options)
    try:
        run.run()
    # What a daemon did not do that it must is an AssertionError, of tests/lib.
    except (KeyboardInterrupt, Failed, Unavailable, AssertionError) as error:
        # Servers in the terminal's process group get its signal, too, and may end in any way.
        if interrupts.came:
            print("\ninterrupted")
            return 130
        print(f"tests/bench: {error}", file=sys.stderr)
        return 1
    run.tell()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
