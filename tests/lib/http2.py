# SPDX-License-Identifier: LGPL-2.1-or-later
"""HTTP/2 with many requests on one connection, good ones and bad ones (python3-h2)."""

import select
import unittest

from eventstream import EventParser
from waiting import Deadline

try:
    import h2.config
    import h2.connection
    import h2.events
    import h2.exceptions
except ImportError:
    h2 = None


def need():
    if h2 is None:
        raise unittest.SkipTest("python3-h2 is not installed")


class Stream:
    """One request, and what has come of its answer."""

    def __init__(self, number):
        self.number = number
        self.fields = None
        self.body = b""
        self.parser = EventParser()
        self.events = []
        self.taken = 0
        self.ended = False
        self.reset = False

    @property
    def status(self):
        return None if self.fields is None else int(self.fields[":status"])


class Connection:
    """Takes a socket that speaks h2, and closes it in the end."""

    def __init__(self, client, host):
        self.socket = client
        self.host = host
        self.streams = {}
        self.ended = False
        # What is not allowed can be sent, too.
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            header_encoding="utf-8", validate_outbound_headers=False,
            normalize_outbound_headers=False))
        self.h2.initiate_connection()
        self._send()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def _send(self):
        self.socket.sendall(self.h2.data_to_send())

    def request(self, path, method="GET", headers=(), body=None):
        """Sends a request; headers are pairs, and nothing in them is looked at."""
        number = self.h2.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "https"), (":authority", self.host),
                  (":path", path), *headers]
        self.h2.send_headers(number, fields, end_stream=body is None)
        self.streams[number] = Stream(number)
        self._send()
        if body is not None:
            self._send_body(number, body)
        return self.streams[number]

    def _send_body(self, number, body):
        deadline = Deadline("room for a body")
        while body and not self.ended and not self.streams[number].reset:
            room = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size)
            if room == 0:
                self.read(deadline)
                continue
            self.h2.send_data(number, body[:room])
            body = body[room:]
            self._send()
        if not self.ended and not self.streams[number].reset:
            self.h2.end_stream(number)
            self._send()

    def cancel(self, stream):
        self.h2.reset_stream(stream.number, 8)
        self._send()

    def read(self, deadline):
        """Takes what comes next."""
        if not self.socket.pending() and not select.select([self.socket], [], [], deadline.left())[0]:
            return
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            self.ended = True
            return
        for event in self.h2.receive_data(data):
            self._take(event)
        self._send()

    def _take(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ConnectionTerminated):
            self.ended = True
        elif stream is None:
            return
        elif isinstance(event, h2.events.ResponseReceived):
            stream.fields = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            stream.body += event.data
            if stream.fields.get("content-type", "").startswith("text/event-stream"):
                stream.events += stream.parser.feed(event.data)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.ended = stream.reset = True

    def wait(self, stream, condition, what):
        deadline = Deadline(what)
        while not condition(stream):
            if self.ended or stream.ended:
                raise AssertionError(f"{what}: ended, status {stream.status}, {stream.body!r}")
            self.read(deadline)

    def next(self, stream, what="an event"):
        """The next event of a stream that was not taken yet."""
        self.wait(stream, lambda stream: len(stream.events) > stream.taken, what)
        stream.taken += 1
        return stream.events[stream.taken - 1]

    def answer(self, stream):
        """Waits until all of an answer is there, or none will be; returns its status or None."""
        deadline = Deadline("an answer")
        while not (stream.ended or self.ended):
            self.read(deadline)
        return stream.status
