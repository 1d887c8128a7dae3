# SPDX-License-Identifier: LGPL-2.1-or-later
"""What operators are shown: metrics in Prometheus' text format, read strictly."""

import os
import re

import record
import wire
from waiting import wait_until

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
HELP = re.compile(r"# HELP ([a-z_]+) \S.*\Z")
TYPE = re.compile(r"# TYPE ([a-z_]+) (counter|gauge|histogram)\Z")
VALUE = re.compile(r"([a-z_]+)(?:\{(.+)\})? ([-+.0-9e]+)\Z")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|\Z)')
# Of the process; before Linux 6.2 the kernel does not say how many descriptors are open.
PROCESS = {"process_cpu_seconds_total", "process_resident_memory_bytes",
           "process_virtual_memory_bytes", "process_max_fds", "process_start_time_seconds",
           *(["process_open_fds"] if os.stat("/proc/self/fd").st_size > 0 else [])}
ENDINGS = ("_bucket", "_sum", "_count")


def labels_of(text):
    labels = []
    while text:
        label = LABEL.match(text)
        if not label:
            raise AssertionError(f"labels {text!r}")
        labels.append((label.group(1), label.group(2)))
        text = text[label.end():]
    return frozenset(labels)


def family_of(name, types):
    for ending in ENDINGS:
        if types.get(name.removesuffix(ending)) == "histogram":
            return name.removesuffix(ending)
    return name


class Metrics:
    """The values of one answer; each series is there once, behind its own HELP and TYPE."""

    def __init__(self, text):
        self.types = {}
        self.values = {}
        helped = current = None
        if not text.endswith("\n"):
            raise AssertionError(f"no line's end at the end: {text[-40:]!r}")
        for line in text.split("\n")[:-1]:
            if match := HELP.match(line):
                helped = match.group(1)
            elif match := TYPE.match(line):
                current = match.group(1)
                if helped != current or current in self.types:
                    raise AssertionError(f"{line!r}, behind the HELP of {helped}")
                self.types[current] = match.group(2)
            else:
                self._take(line, current)

    def _take(self, line, current):
        match = VALUE.match(line)
        if not match or family_of(match.group(1), self.types) != current:
            raise AssertionError(f"{line!r}, behind the TYPE of {current}")
        key = (match.group(1), labels_of(match.group(2) or ""))
        if key in self.values:
            raise AssertionError(f"{line!r} for a second time")
        self.values[key] = float(match.group(3))

    def __call__(self, name, **labels):
        return self.values[(name, frozenset(labels.items()))]

    def by(self, name, label, **labels):
        """{value of a label: value} of the series that have these others, but for those that are 0."""
        return {dict(found)[label]: value for (other, found), value in self.values.items()
                if other == name and value and labels.items() <= dict(found).items()}


def read(address):
    answer = wire.request(address, "/metrics")
    record.said("metrics", answer.body)
    if answer.status != 200 or answer.head.get("Content-Type") != CONTENT_TYPE:
        raise AssertionError(f"{answer.head.raw!r}")
    return Metrics(answer.body.decode("utf-8"))


def wait_for(address, value, name, **labels):
    """Waits until a value is this one."""
    wait_until(lambda: read(address)(name, **labels) == value, f"{value} of {name} {labels}")
