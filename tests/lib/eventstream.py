# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of one stream, or of several at once, that takes nothing but what the contract allows."""

import json
import re
import select

import wire
from waiting import Deadline

EVENT_ID = re.compile(r"[^\s-]+-(0|[1-9][0-9]*)\Z")
UNFINISHED_ID = re.compile(r"[^\s-]+-0(0|[1-9][0-9]*)\Z")
FIELD = re.compile(r"(id|event|data|retry): (.*)\Z", re.DOTALL)

PATHS = {
    "github-events": "/github/events/stream",
    "posts-stats": "/github/posts/stats/stream",
    "quota": "/quota/stream",
    "events-count": "/github/events/length/stream",
}
INITIAL = {
    "github-events": ["events"],
    "posts-stats": ["stats", "posts-by-status"],
    "quota": ["quota"],
    "events-count": ["count"],
}
APPENDED = {"new-event", "event-update", "event-delete"}


class Event:
    """`stream` is what it is of, where the connection has several; `type` is without that. One that
    is `unfinished` comes before its client has been in all of them."""

    def __init__(self, event_id, event_type, data, stream=None):
        self.unfinished = stream is not None and bool(UNFINISHED_ID.match(event_id))
        if not (EVENT_ID.match(event_id) or self.unfinished):
            raise wire.Malformed(f"id {event_id!r}")
        self.id = event_id
        self.epoch, position = event_id.rsplit("-", 1)
        self.position = int(position)
        self.type = event_type
        self.stream = stream
        self.text = data
        self.data = json.loads(data)
        if not isinstance(self.data, dict) or self.data.get("type") != event_type:
            raise wire.Malformed(f"event {event_type} with data {data[:200]}")

    def __repr__(self):
        return f"<{self.id} {self.text[:200]}>"


class EventParser:
    """Takes text/event-stream apart, more strictly than WHATWG HTML, section 9.2.6, asks for."""

    def __init__(self, combined=False):
        self.combined = combined
        self.buffer = b""
        self.retries = []
        self.comments = 0

    def feed(self, data):
        """Returns the events that are complete now."""
        if b"\r" in data or b"\0" in data:
            raise wire.Malformed(f"a carriage return or NUL in {data[:200]!r}")
        *blocks, self.buffer = (self.buffer + data).split(b"\n\n")
        events = []
        for block in blocks:
            event = self.take_block(block.decode("utf-8"))
            if event is not None:
                events.append(event)
        return events

    def take_block(self, block):
        fields = {}
        for line in block.split("\n"):
            if line.startswith(":"):
                self.comments += 1
                continue
            field = FIELD.match(line)
            if not field or field.group(1) in fields:
                raise wire.Malformed(f"line {line[:200]!r} in {block[:200]!r}")
            fields[field.group(1)] = field.group(2)
        if "retry" in fields:
            if not fields["retry"].isdecimal():
                raise wire.Malformed(f"retry {fields['retry']!r}")
            self.retries.append(int(fields.pop("retry")))
        if not fields:
            return None
        if list(fields) != ["id", "event", "data"]:
            raise wire.Malformed(f"an event with {list(fields)}")
        stream = None
        if self.combined:
            stream, slash, fields["event"] = fields["event"].partition("/")
            if not slash:
                raise wire.Malformed(f"an event of no stream: {block[:200]!r}")
        return Event(fields["id"], fields["event"], fields["data"], stream)


def combined_query(streams):
    """What follows the token in the target of a connection with all of these."""
    return "".join(f"&stream={stream}" for stream in streams)


def part(events, stream):
    """Those of a connection with several streams that are of one of them."""
    return [event for event in events if event.stream == stream]


class StreamClient:
    """Follows what is at a target; `raw` is all that came, byte for byte."""

    def __init__(self, address, target, headers=(), version="1.1", receive_buffer=None):
        self.socket = wire.connect(address, receive_buffer)
        self.target = target
        self.raw = b""
        self.head = None
        self.response = None
        self.chunks = None
        self.parser = EventParser(target.partition("?")[0].endswith("/streams"))
        self.events = []
        self.taken = 0
        self.ended = False
        self.fields = [("Accept", "text/event-stream"),
                       *(headers.items() if isinstance(headers, dict) else headers)]
        self.socket.sendall(wire.request_bytes(target, self.fields, version=version))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        wire.reset(self.socket)

    def _feed(self, data):
        self.raw += data
        if self.head is None:
            raw, separator, data = self.raw.partition(b"\r\n\r\n")
            if not separator:
                return
            self.head = wire.Head(raw + separator)
            if self.head.chunked:
                self.chunks = wire.Chunks()
        if self.head.status != 200:
            return
        body = self.chunks.feed(data) if self.chunks else data
        for event in self.parser.feed(body):
            if self.events and event.epoch == self.events[-1].epoch:
                if event.position < self.events[-1].position:
                    raise wire.Malformed(f"{event} behind {self.events[-1]}")
                if event.unfinished and not self.events[-1].unfinished:
                    raise wire.Malformed(f"{event} behind {self.events[-1]}")
            self.events.append(event)

    def read(self, deadline):
        """Reads some more; returns whether there was any."""
        data = wire.receive(self.socket, deadline)
        if data:
            self._feed(data)
        else:
            self.ended = True
        return not self.ended

    def read_what_came(self):
        """Reads as long as there is something, and does not wait."""
        while not self.ended and select.select([self.socket], [], [], 0)[0]:
            self.read(Deadline(f"what came on {self.target}"))

    def read_head(self):
        deadline = Deadline(f"the head of {self.target}")
        while self.head is None:
            if not self.read(deadline):
                raise wire.Ended(f"{self.target} ended with {self.raw!r}")
        return self.head

    def next(self, what="an event", seconds=None):
        """The next event that was not taken yet."""
        deadline = Deadline(f"{what} on {self.target}", seconds)
        while len(self.events) == self.taken:
            if not self.read(deadline):
                raise wire.Ended(f"{self.target} ended instead of {what}: {self.raw[-300:]!r}")
        self.taken += 1
        return self.events[self.taken - 1]

    def next_of(self, *types):
        """The next event of one of these types; the others are passed over."""
        while True:
            event = self.next(" or ".join(types))
            if event.type in types:
                return event

    def take(self, count):
        return [self.next() for _ in range(count)]

    def until(self, condition, what):
        """Takes events up to the first of which that is true; returns them all."""
        taken = []
        while True:
            taken.append(self.next(what))
            if condition(taken[-1]):
                return taken

    def rest(self, seconds=None):
        """Reads to the end of the connection; returns the events that were not taken yet."""
        deadline = Deadline(f"the end of {self.target}", seconds)
        while not self.ended and self.read(deadline):
            pass
        taken, self.taken = self.events[self.taken :], len(self.events)
        return taken

    def wait_retry(self):
        deadline = Deadline(f"retry on {self.target}")
        while not self.parser.retries:
            if not self.read(deadline):
                raise wire.Ended(f"{self.target} ended without retry")
        return self.parser.retries[0]

    def wait_comments(self, count):
        deadline = Deadline(f"{count} heartbeats on {self.target}")
        while self.parser.comments < count:
            if not self.read(deadline):
                raise wire.Ended(f"{self.target} ended without heartbeat")
