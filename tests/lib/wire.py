# SPDX-License-Identifier: LGPL-2.1-or-later
"""HTTP/1 over a plain socket: what was sent is kept byte for byte, and framing is read strictly."""

import json
import re
import select
import socket
import struct

import record
from waiting import Deadline

STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2}) [ -~]*\Z")
FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([^\x00-\x1f\x7f]*)\Z")
CHUNK_HEADER = re.compile(rb"(?:0|[1-9A-Fa-f][0-9A-Fa-f]*)\Z")


class Malformed(AssertionError):
    """The peer sent what the protocol does not allow."""


class Ended(AssertionError):
    """The peer closed the connection before what was waited for."""


class Head:
    """A response's head: its bytes, status and header fields as they were sent, in order."""

    def __init__(self, raw):
        self.raw = raw
        lines = raw[: -len(b"\r\n\r\n")].split(b"\r\n")
        status = STATUS_LINE.match(lines[0])
        if not status:
            raise Malformed(f"status line {lines[0]!r}")
        self.status_line = lines[0]
        self.status = int(status.group(1))
        self.fields = []
        for line in lines[1:]:
            field = FIELD_LINE.match(line)
            if not field:
                raise Malformed(f"header line {line!r}")
            self.fields.append((field.group(1).decode(), field.group(2).decode("latin-1")))

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name):
        """The value of a field that is there at most once."""
        values = self.all(name)
        if len(values) > 1:
            raise Malformed(f"{name} {len(values)} times")
        return values[0] if values else None

    @property
    def chunked(self):
        return self.get("Transfer-Encoding") == "chunked"


class Chunks:
    """Takes a chunked body apart (RFC 9112, section 7.1), without extensions or trailers."""

    def __init__(self):
        self.buffer = b""
        self.chunks = []
        self.finished = False

    def feed(self, data):
        """Returns the body's bytes of the chunks that are complete now."""
        self.buffer += data
        body = b""
        while self.buffer and not self.finished:
            header, separator, rest = self.buffer.partition(b"\r\n")
            if not separator:
                if len(self.buffer) > 20:
                    raise Malformed(f"chunk header {self.buffer[:40]!r}")
                break
            if not CHUNK_HEADER.match(header):
                raise Malformed(f"chunk header {header!r}")
            size = int(header, 16)
            if len(rest) < size + 2:
                break
            if rest[size : size + 2] != b"\r\n":
                raise Malformed(f"behind a chunk: {rest[size:size + 2]!r}")
            self.buffer = rest[size + 2 :]
            if size == 0:
                self.finished = True
            else:
                self.chunks.append(rest[:size])
                body += rest[:size]
        if self.finished and self.buffer:
            raise Malformed(f"behind the last chunk: {self.buffer[:40]!r}")
        return body


def connect(address, receive_buffer=None):
    """Connects to HOST:PORT, [IPV6]:PORT or unix:PATH."""
    seconds = Deadline("a connection").left()
    if address.startswith("unix:"):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(seconds)
        client.connect(address[len("unix:") :])
        return client
    host, port = address.rsplit(":", 1)
    host = host.strip("[]")
    client = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(seconds)
    client.connect((host, int(port)))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def reset(client):
    """Closes as a crashed machine does: with a TCP reset instead of an end."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def receive(client, deadline):
    """Some bytes, or b"" at the end; a connection that was reset has ended, too."""
    ready, _, _ = select.select([client], [], [], deadline.left())
    if not ready:
        deadline.left()
        return receive(client, deadline)
    try:
        return client.recv(1 << 16)
    except ConnectionResetError:
        return b""


def request_bytes(target, headers=(), method="GET", version="1.1", host="localhost"):
    fields = [("Host", host)] if host is not None else []
    fields += headers.items() if isinstance(headers, dict) else headers
    record.request(target, fields)
    lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Response:
    """One response that ends: its head and whole body."""

    def __init__(self, head, body):
        self.head = head
        self.status = head.status
        self.body = body
        if self.status >= 400:
            record.said("HTTP", head.raw + body)

    def json(self):
        return json.loads(self.body)


def exchange(address, request, seconds=None):
    """Sends bytes, and reads one whole response by its own framing."""
    deadline = Deadline("a response", seconds)
    with connect(address) as client:
        try:
            client.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the answer may be there before all was sent
        buffer = b""
        while b"\r\n\r\n" not in buffer:
            data = receive(client, deadline)
            if not data:
                raise Ended(f"the connection ended with {buffer!r}")
            buffer += data
        raw, _, body = buffer.partition(b"\r\n\r\n")
        head = Head(raw + b"\r\n\r\n")
        if request.startswith(b"HEAD ") or head.status in (204, 304):
            return Response(head, body)
        if head.chunked:
            chunks = Chunks()
            whole = chunks.feed(body)
            while not chunks.finished:
                data = receive(client, deadline)
                if not data:
                    raise Ended("the connection ended within a chunked body")
                whole += chunks.feed(data)
            return Response(head, whole)
        length = head.get("Content-Length")
        while length is None or len(body) < int(length):
            data = receive(client, deadline)
            if not data:
                break
            body += data
        if length is not None and len(body) != int(length):
            raise Malformed(f"{len(body)} bytes of body, Content-Length: {length}")
        return Response(head, body)


def request(address, target, headers=(), method="GET", body=None, version="1.1", seconds=None):
    fields = list(headers.items() if isinstance(headers, dict) else headers)
    if body is not None:
        fields.append(("Content-Length", str(len(body))))
    sent = request_bytes(target, fields, method, version) + (body or b"")
    return exchange(address, sent, seconds)
