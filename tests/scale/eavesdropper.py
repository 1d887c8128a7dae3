# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who hears what nodes say to NATS servers."""

import json
import socket
from typing import NamedTuple

from waiting import PATIENCE
from wire import Ended


class Said(NamedTuple):
    subject: str
    reply: str  # where it is to be answered
    body: bytes


class Eavesdropper:
    """Hears what nodes say to those subjects, and may answer it beside the servers."""

    def __init__(self, server, subjects):
        self.client = socket.create_connection((server.place.address, server.port), PATIENCE)
        self.lines = self.client.makefile("rb")
        self.client.sendall(b'CONNECT {"verbose":false,"headers":true}\r\n'
                            + f"SUB {subjects} 1\r\nPING\r\n".encode())
        while self._line() != ["PONG"]:
            pass

    def close(self):
        self.lines.close()
        self.client.close()

    def _line(self):
        line = self.lines.readline()
        if not line:
            raise Ended("the server has closed the connection")
        return line.decode().split()

    def _read(self, length):
        data = self.lines.read(length + len(b"\r\n"))
        if not data.endswith(b"\r\n"):
            raise Ended(f"the server has closed the connection behind {data!r}")
        return data[:-2]

    def next(self):
        """The next one that is to be answered."""
        while True:
            words = self._line()
            if words == ["PING"]:
                self.client.sendall(b"PONG\r\n")
            elif len(words) == 5 and words[0] == "MSG":
                return Said(words[1], words[3], self._read(int(words[4])))
            elif len(words) == 6 and words[0] == "HMSG":
                return Said(words[1], words[3], self._read(int(words[5]))[int(words[4]):])

    def answer(self, reply, said):
        body = json.dumps(said, separators=(",", ":")).encode()
        self.client.sendall(f"PUB {reply} {len(body)}\r\n".encode() + body + b"\r\n")
