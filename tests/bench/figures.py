# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures of many rounds: medians, and ratios of what was measured in the same round."""

import statistics

UNITS = {
    "cpu-per-delivery": "µs",
    "burst-cpu-per-delivery": "µs",
    "last-client-median": "µs",
    "last-client-p99": "µs",
    "last-client": "µs",
    "last-client-stalled": "µs",
    "memory-per-connection": "B",
    "memory-after-leaving": "1",
    "cpu-per-connect": "µs",
    "cpu-per-heartbeat": "µs",
    "dbus-publish-rate": "1/s",
    "durable-publish-rate": "1/s",
    "webhook-publish-rate": "1/s",
    "shared-publish-rate": "1/s",
    "publish-alone": "µs",
    "publish-alone-p99": "µs",
    "start-empty": "µs",
    "start-replay": "µs",
    "cpu-per-resume": "µs",
    "cpu-per-missed-event": "µs",
    "resume-median": "µs",
    "resume-p99": "µs",
    "storm": "µs",
    "publish-at-rest": "µs",
    "publish-at-rest-p99": "µs",
    "publish-in-storm": "µs",
    "publish-in-storm-p99": "µs",
    "memory-before-storm": "B",
    "memory-peak-in-storm": "B",
}
FLEETS = ("nodes-1", "nodes-2", "nodes-3")
# (figure, server, held against it): their quotient in each round.
RATIOS = [
    ("cpu-per-delivery", "rivulet", "bare"),
    ("cpu-per-delivery", "rivulet", "nchan"),
    ("burst-cpu-per-delivery", "rivulet", "bare"),
    ("burst-cpu-per-delivery", "rivulet", "nchan"),
    ("last-client", "rivulet", "bare"),
    ("last-client", "rivulet", "nchan"),
    ("cpu-per-connect", "rivulet", "nchan"),
    ("cpu-per-connect", "rivulet", "bare"),
    ("memory-per-connection", "rivulet", "nchan"),
    ("cpu-per-heartbeat", "rivulet", "bare"),
    ("cpu-per-delivery", "combined", "rivulet"),
    ("burst-cpu-per-delivery", "combined", "rivulet"),
    ("cpu-per-connect", "combined", "rivulet"),
    ("memory-per-connection", "combined", "rivulet"),
    *((name, nodes, "rivulet") for nodes in FLEETS
      for name in ("cpu-per-delivery", "burst-cpu-per-delivery", "publish-alone")),
    *(("shared-publish-rate", nodes, "plain-publisher") for nodes in FLEETS),
    ("dbus-publish-rate", "rivulet", "answering-service"),
    ("durable-publish-rate", "rivulet", "committing-service"),
    ("start-replay", "rivulet", "parse-rows"),
]
# (name of the quotient, figure, held against it), of the same server in the same situation.
WITHIN = [
    ("last-client-stalled-ratio", "last-client-stalled", "last-client"),
    ("publish-in-storm-ratio", "publish-in-storm", "publish-at-rest"),
    ("publish-in-storm-p99-ratio", "publish-in-storm-p99", "publish-at-rest-p99"),
    ("memory-in-storm-ratio", "memory-peak-in-storm", "memory-before-storm"),
]
FRESH = "rivulet fresh"
GROWING = ("cpu-per-delivery", "cpu-per-connect")


class Figures:
    def __init__(self):
        self.values = {}  # (name, server, clients): {round: value}
        self.units = dict(UNITS)

    def add(self, round_number, server, clients, found):
        for name, value in found.items():
            self.values.setdefault((name, server, clients), {})[round_number] = value

    def get(self, name, server, clients):
        """The median, or None."""
        values = self.values.get((name, server, clients))
        return statistics.median(values.values()) if values else None

    def rounds(self, name, server, clients):
        return len(self.values.get((name, server, clients), ()))

    def having(self, name):
        """Every (server, clients) of which there is such a figure, in the order they came."""
        return [(server, clients) for found, server, clients in self.values if found == name]

    def sizes(self):
        return sorted({clients for _, _, clients in self.values if clients})

    def pair(self, name, above, below):
        """Adds the quotients of two figures, (name, server, clients) each, of the same rounds."""
        first = self.values.get(above, {})
        second = self.values.get(below, {})
        quotients = {number: first[number] / second[number]
                     for number in first if second.get(number)}
        if quotients:
            self.units[name[0]] = "1"
            self.values[name] = quotients

    def add_ratios(self):
        """Ratios between servers, within one server, between its sizes, and of resumes."""
        sizes = self.sizes()
        for name, server, other in RATIOS:
            for clients in [*sizes, 0]:
                self.pair((f"{name}-ratio", f"{server}/{other}", clients),
                          (name, server, clients), (name, other, clients))
        for name, above, below in WITHIN:
            for server, clients in self.having(above):
                self.pair((name, server, clients),
                          (above, server, clients), (below, server, clients))
        for server, clients in self.having("cpu-per-resume"):
            if server != FRESH:
                self.pair(("cpu-per-resume-ratio", f"{server}/fresh", clients),
                          ("cpu-per-resume", server, clients), ("cpu-per-resume", FRESH, clients))
        if len(sizes) > 1:
            self.add_growth(sizes[0], sizes[-1])

    def add_growth(self, least, most):
        servers = {server for _, server, _ in self.values if "/" not in server}
        for name in GROWING:
            for server in sorted(servers):
                self.pair((f"{name}-growth", server, most),
                          (name, server, most), (name, server, least))
            self.pair((f"{name}-growth-ratio", "rivulet/bare", most),
                      (f"{name}-growth", "rivulet", most), (f"{name}-growth", "bare", most))

    def rows(self):
        """What --json writes."""
        return [{"name": name, "server": server, "clients": clients, "unit": self.units[name],
                 "median": statistics.median(values.values()), "min": min(values.values()),
                 "max": max(values.values())}
                for (name, server, clients), values in sorted(
                    self.values.items(), key=lambda item: (item[0][2], item[0][:2]))]
