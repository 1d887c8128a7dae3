# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stands between a proxy and rivuletd, passes everything on, and keeps what was said."""

import re
import select
import socket
import threading

import wire

# Bytes that are passed on at a time.
MOST = 1 << 16
STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3}) ", re.MULTILINE)


class Conversation:
    """One connection: the bytes of both sides."""

    def __init__(self, near, far):
        self.sockets = {near: far, far: near}
        self.said = {near: b"", far: b""}
        self.near = near
        self.far = far

    @property
    def asked(self):
        return self.said[self.near]

    @property
    def statuses(self):
        return [int(status) for status in STATUS.findall(self.said[self.far])]

    def close(self):
        for side in self.sockets:
            side.close()


class Relay:
    """Listens at `address`, HOST:PORT; `upstream` is who gets it."""

    def __init__(self, upstream):
        self.upstream = upstream
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.conversations = []
        self.open = {}
        self.ending, self.end = socket.socketpair()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            ready, _, _ = select.select([self.ending, self.listener, *self.open], [], [])
            if self.ending in ready and not self.ending.recv(1):
                return
            for item in ready:
                if item is self.listener:
                    self._accept()
                elif item in self.open:
                    self._pass(self.open[item], item)

    def _accept(self):
        near, _ = self.listener.accept()
        try:
            far = wire.connect(self.upstream)
        except OSError:
            near.close()
            return
        conversation = Conversation(near, far)
        self.conversations.append(conversation)
        self.open.update({near: conversation, far: conversation})

    def _pass(self, conversation, side, most=MOST):
        other = conversation.sockets[side]
        try:
            data = self._change(conversation, side, side.recv(most))
            conversation.said[side] += data
            other.sendall(data)
        except OSError:
            data = b""
        if not data:
            for item in conversation.sockets:
                self.open.pop(item, None)
            conversation.close()

    def _change(self, conversation, side, data):
        """What is passed on instead."""
        return data

    def freeze(self):
        """Passes nothing on any more of what there is, and ends none of it; others may come."""
        self.open.clear()
        self.end.send(b"x")  # it looks at what is open once more

    def cut(self):
        """Ends all connections that there are, on both sides, in the middle of whatever they say."""
        for side in list(self.open):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has just ended by itself

    def stop(self):
        self.end.close()
        self.thread.join()
        self.ending.close()
        self.listener.close()
        for conversation in self.conversations:
            conversation.close()
