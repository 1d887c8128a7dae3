# SPDX-License-Identifier: LGPL-2.1-or-later
"""The figures as people read them: a table for each size, ratios, and the bars."""

from figures import GROWING, RATIOS, UNITS

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
    ("webhook-publish-rate", "publishes per second, webhook"),
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
    ("CPU per connection made, of Nchan", "cpu-per-connect-ratio", "rivulet/nchan", "≤", 2.5),
    ("growth of CPU per delivery, of bare's", "cpu-per-delivery-growth-ratio", "rivulet/bare",
     "≤", 1.10),
    ("growth of CPU per connection, of bare's", "cpu-per-connect-growth-ratio", "rivulet/bare",
     "≤", 1.10),
    ("D-Bus publishes per second, of answering", "dbus-publish-rate-ratio",
     "rivulet/answering-service", "≥", 0.8),
    ("CPU per heartbeat, of bare", "cpu-per-heartbeat-ratio", "rivulet/bare", "≤", 1.2),
    ("last client, 1% not reading, of without", "last-client-stalled-ratio", "rivulet", "≤", 1.10),
]
COMPARE = {"≤": lambda a, b: a <= b, "<": lambda a, b: a < b, "≥": lambda a, b: a >= b}
LABEL = 36
COLUMN = 18


def shown(value, unit):
    if value is None:
        return "–"
    if unit == "µs":
        if value >= 1000:
            return f"{value / 1000:,.2f} ms"
        return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f} µs"
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
        yield from quotient(figures, "last-client-stalled-ratio", "rivulet", clients)
    for name in GROWING:
        for server in sorted({server for _, server, _ in figures.values}):
            for kind in "growth", "growth-ratio":
                yield from quotient(figures, f"{name}-{kind}", server, sizes[-1] if sizes else 0)
    yield ""


def bar_table(figures):
    most = max(figures.sizes(), default=0)
    yield f"bars, Rivulet with {most:,} clients (they are meant for 18,000)"
    for text, name, server, how, bound in BARS:
        clients = 0 if name.startswith("dbus") else most
        value = figures.get(name, server, clients)
        if value is None:
            state, told = "not measured", "–"
        else:
            state = "reached" if COMPARE[how](value, bound) else "NOT REACHED"
            told = f"{value:.3f}" if value < 100 else f"{value:.0f}"
        yield f"  {text.ljust(42)}{told:>9}   {how} {bound:<6g}{state}"


def everything(figures, servers):
    for clients in [*figures.sizes(), 0]:
        yield from size_table(figures, clients, servers)
    yield from ratio_table(figures)
    yield from bar_table(figures)
