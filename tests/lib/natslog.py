# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the log on NATS is made of: messages with one update or several, and positions of these."""

import json
import time
import urllib.parse
from typing import NamedTuple

# Where nodes write updates.
SUBJECT = "rivulet.log.updates"
# Of one message, at most.
MAX_UPDATES = 1000


def position_of(sequence, place=0):
    """Where an update is, by its message's sequence number and its place in that."""
    return sequence * MAX_UPDATES + place


def sequence_of(position):
    """The sequence number of the message that has an update, or that is at this position."""
    return position // MAX_UPDATES


def position_in(event_id):
    return int(event_id.rsplit("-", 1)[1])


class Update(NamedTuple):
    """One in a message; `seconds_ago` is when a node accepted it, where it is written."""

    stream: str
    value: object  # what is pushed; bytes for what is no JSON
    audience: str = None
    seconds_ago: float = 0


def write(updates):
    """The body of a message."""
    body = b""
    for stream, value, audience, seconds_ago in updates:
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        accepted = int((time.time() - seconds_ago) * 1e6)
        whom = "*" if audience is None else urllib.parse.quote(audience, safe="")
        body += f"{stream} {accepted} {whom} {len(text)}\n".encode() + text + b"\n"
    return body


def read(body):
    """The updates that a node has written."""
    updates = []
    while body:
        line, _, body = body.partition(b"\n")
        stream, _, whom, length = line.decode().split(" ")
        text, end, body = body[:int(length)], body[int(length):][:1], body[int(length) + 1:]
        assert end == b"\n", line
        updates.append(Update(stream, json.loads(text),
                              None if whom == "*" else urllib.parse.unquote(whom)))
    return updates
