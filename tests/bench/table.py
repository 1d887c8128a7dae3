# SPDX-License-Identifier: LGPL-2.1-or-later
"""The figures as people read them: a table for each size, ratios, and the bars."""

from figures import FLEETS, GROWING, RATIOS, UNITS, WITHIN

ROWS = [
    ("cpu-per-delivery", "CPU per delivery"),
    ("burst-cpu-per-delivery", "CPU per delivery, burst of 100"),
    ("last-client-median", "until half of the clients have it"),
    ("last-client-p99", "until 99% have it"),
    ("last-client", "until the last one has it"),
    ("last-client-stalled", "the same, 1% not reading"),
    ("memory-per-connection", "memory per connection"),
    ("memory-after-leaving", "memory after all left / a few did"),
    ("cpu-per-connect", "CPU per connection made"),
    ("cpu-per-heartbeat", "CPU per heartbeat"),
    ("dbus-publish-rate", "publishes per second, D-Bus"),
    ("durable-publish-rate", "publishes per second, D-Bus, durable"),
    ("webhook-publish-rate", "publishes per second, webhook"),
    ("shared-publish-rate", "publishes per second, on NATS"),
    ("publish-alone", "a publish, one after the other"),
    ("publish-alone-p99", "the same, 99% of them"),
    ("start-empty", "start with an empty log"),
    ("start-replay", "more with updates in it / parsing"),
]
# Tables of Rivulet in several situations, a column each: a title, the figure that all have, rows.
SITUATIONS = [
    ("resuming, what was missed", "cpu-per-resume", [
        ("cpu-per-resume", "CPU per resume"),
        ("cpu-per-missed-event", "CPU per missed event"),
        ("resume-median", "until the last missed event"),
        ("resume-p99", "the same, 99% of the clients"),
    ]),
    ("storm", "storm", [
        ("storm", "until all have all that they missed"),
        ("publish-at-rest", "a publish at rest"),
        ("publish-at-rest-p99", "the same, 99% of them"),
        ("publish-in-storm", "a publish meanwhile"),
        ("publish-in-storm-p99", "the same, 99% of them"),
        ("memory-before-storm", "memory before"),
        ("memory-peak-in-storm", "memory, the most"),
    ]),
]
# (text, figure, server, greatest or least, bound); the size is the greatest one, 0 for rates.
BARS = [
    ("CPU per delivery, of bare", "cpu-per-delivery-ratio", "rivulet/bare", "≤", 1.10),
    ("CPU per delivery, of Nchan", "cpu-per-delivery-ratio", "rivulet/nchan", "<", 1.0),
    ("CPU per delivery in a burst, of bare", "burst-cpu-per-delivery-ratio", "rivulet/bare",
     "≤", 0.05),
    ("until the last client has it, of bare", "last-client-ratio", "rivulet/bare", "<", 1.0),
    ("until the last client has it, of Nchan", "last-client-ratio", "rivulet/nchan", "<", 1.0),
    ("memory per idle connection, B", "memory-per-connection", "rivulet", "≤", 1024),
    ("memory after they left, of before", "memory-after-leaving", "rivulet", "≤", 1.10),
    ("CPU per delivery, three streams, of one", "cpu-per-delivery-ratio", "combined/rivulet",
     "≤", 1.10),
    ("CPU per connection made, of Nchan", "cpu-per-connect-ratio", "rivulet/nchan", "≤", 2.5),
    ("growth of CPU per delivery, of bare's", "cpu-per-delivery-growth-ratio", "rivulet/bare",
     "≤", 1.10),
    ("growth of CPU per connection, of bare's", "cpu-per-connect-growth-ratio", "rivulet/bare",
     "≤", 1.10),
    *((f"CPU per delivery, {nodes}, of the local log", "cpu-per-delivery-ratio", f"{nodes}/rivulet", "≤", 1.10)
      for nodes in FLEETS),
    *((f"publishes per second, {nodes}, of plain", "shared-publish-rate-ratio",
       f"{nodes}/plain-publisher", "≥", 0.5) for nodes in FLEETS),
    ("D-Bus publishes per second, of answering", "dbus-publish-rate-ratio",
     "rivulet/answering-service", "≥", 0.8),
    ("durable ones, of committing", "durable-publish-rate-ratio", "rivulet/committing-service",
     "≥", 0.8),
    ("start with a long log, of parsing it", "start-replay-ratio", "rivulet/parse-rows", "≤", 2.0),
    ("CPU per heartbeat, of bare", "cpu-per-heartbeat-ratio", "rivulet/bare", "≤", 1.2),
    ("last client, 1% not reading, of without", "last-client-stalled-ratio", "rivulet", "≤", 1.10),
]
COMPARE = {"≤": lambda a, b: a <= b, "<": lambda a, b: a < b, "≥": lambda a, b: a >= b}
LABEL = 36
COLUMN = 20


def shown(value, unit):
    if value is None:
        return "–"
    if unit == "µs":
        if value >= 1000:
            return f"{value / 1000:,.2f} ms"
        return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f} µs"
    if unit == "B" and value >= 10 * 1024 * 1024:
        return f"{value / 1024 / 1024:.1f} MiB"
    if unit == "B":
        return f"{value / 1024:.2f} KiB"
    if unit == "1/s":
        return f"{value:,.0f}"
    return f"{value:.3f}"


def size_table(figures, clients, servers):
    present = [server for server in servers
               if any(figures.get(name, server, clients) is not None for name, _ in ROWS)]
    if not present:
        return
    title = f"{clients:,} clients" if clients else "without clients"
    yield title.ljust(LABEL) + "".join(server.rjust(COLUMN) for server in present)
    for name, label in ROWS:
        values = [figures.get(name, server, clients) for server in present]
        if any(value is not None for value in values):
            yield label.ljust(LABEL) + "".join(
                shown(value, UNITS[name]).rjust(COLUMN) for value in values)
    yield ""


def situation_table(figures, title, common, rows):
    present = figures.having(common)
    for clients in sorted({size for _, size in present}):
        servers = [server for server, size in present if size == clients]
        yield ((f"{title}, {clients:,} clients" if clients else title).ljust(LABEL)
               + "".join(server.removeprefix("rivulet ").rjust(COLUMN) for server in servers))
        for name, label in rows:
            yield label.ljust(LABEL) + "".join(
                shown(figures.get(name, server, clients), UNITS[name]).rjust(COLUMN)
                for server in servers)
        yield ""


def quotient(figures, name, server, clients):
    values = figures.values.get((name, server, clients))
    if values:
        yield (f"{name} {server}".ljust(LABEL + COLUMN)
               + f"{clients or '–':>9}{figures.get(name, server, clients):9.3f}"
               + f"  {min(values.values()):.3f} … {max(values.values()):.3f}  ({len(values)})")


def ratio_table(figures):
    sizes = figures.sizes()
    yield ("ratios of the same round".ljust(LABEL + COLUMN)
           + f"{'clients':>9}{'median':>9}  min … max  (rounds)")
    for clients in [*sizes, 0]:
        for name, server, other in RATIOS:
            yield from quotient(figures, f"{name}-ratio", f"{server}/{other}", clients)
        for name in [name for name, _, _ in WITHIN] + ["cpu-per-resume-ratio"]:
            for server in [server for server, size in figures.having(name) if size == clients]:
                yield from quotient(figures, name, server, clients)
    for name in GROWING:
        for server in sorted({server for _, server, _ in figures.values}):
            for kind in "growth", "growth-ratio":
                yield from quotient(figures, f"{name}-{kind}", server, sizes[-1] if sizes else 0)
    yield ""


def bar_table(figures):
    most = max(figures.sizes(), default=0)
    yield f"bars, Rivulet with {most:,} clients (they are meant for 18,000)"
    storms = [(f"a publish meanwhile, {server.removeprefix('rivulet ')}", "publish-in-storm-ratio",
               server, "≤", 3.0) for server, _ in figures.having("publish-in-storm-ratio")]
    for text, name, server, how, bound in BARS + storms:
        value = figures.get(name, server, most)
        if value is None:
            value = figures.get(name, server, 0)
        if value is None:
            state, told = "not measured", "–"
        else:
            state = "reached" if COMPARE[how](value, bound) else "NOT REACHED"
            told = f"{value:.3f}" if value < 100 else f"{value:.0f}"
        yield f"  {text.ljust(42)}{told:>9}   {how} {bound:<6g}{state}"


def everything(figures, servers):
    for clients in [*figures.sizes(), 0]:
        yield from size_table(figures, clients, servers)
    for title, common, rows in SITUATIONS:
        yield from situation_table(figures, title, common, rows)
    yield from ratio_table(figures)
    yield from bar_table(figures)
