# SPDX-License-Identifier: LGPL-2.1-or-later
"""A tiny server of Rivulet's dialect in which one client gets something wrong."""

import re
import socket
import threading

HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n")
FIRST = b'id: e-0\nevent: events\ndata: {"type":"events","events":[]}\n\n'
REQUEST = re.compile(rb"(GET|POST) \S+ HTTP/1\.1\r\n((?:[^\r\n]+\r\n)*)\r\n")


def chunk(body):
    return b"%x\r\n%s\r\n" % (len(body), body)


def event(position, text):
    return b"id: e-%d\nevent: new-event\ndata: %s\n\n" % (position, text)


def listed(position, texts, epoch=b"e"):
    """The list that ends a resume: the newest 50, the newest first."""
    events = [text[len(b'{"type":"new-event","event":'):-1] for text in texts[::-1][:50]]
    return (b'id: %s-%d\nevent: events-update\ndata: {"type":"events-update","events":[%s]}\n\n'
            % (epoch, position, b",".join(events)))


def resumed(missed, position, texts):
    """What a client that comes back gets; `missed` are pairs of a position and a text."""
    return HEAD + b"".join(chunk(event(*pair)) for pair in missed) + chunk(listed(position, texts))


class FaultyServer:
    """`start` and `send` make what a client gets; they are told which client of how many it is.

    start(number): the head and the first event; send(number, position, text): an event, or None to
    close the connection; resume(number, missed, position, texts): what one gets that comes with a
    Last-Event-ID.
    """

    def __init__(self, start=None, send=None, resume=None):
        self.start = start or (lambda number: HEAD + chunk(FIRST))
        self.resume = resume or (lambda number, *more: resumed(*more))
        self.texts = []
        self.last_ids = []
        self.send = send or (lambda number, position, text: chunk(event(position, text)))
        self.clients = []
        self.position = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.connections = [self.listener]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        with self.lock:
            for connection in self.connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                connection.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections.append(connection)
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection):
        received = b""
        try:
            while data := connection.recv(65536):
                received = self.take(connection, received + data)
        except OSError:
            pass
        with self.lock:
            self.clients = [None if client is connection else client for client in self.clients]

    def begin(self, request):
        """What a new client gets first."""
        last = re.search(rb"Last-Event-ID: (\S+)-(\d+)\r\n", request)
        if not last:
            return self.start(len(self.clients))
        self.last_ids.append(last.group(0).split()[1].decode())
        missed = list(enumerate(self.texts, 1))[int(last.group(2)):]
        return self.resume(len(self.clients), missed, self.position, self.texts)

    def take(self, connection, received):
        """Takes whole requests; returns what is left."""
        while request := REQUEST.match(received):
            length = re.search(rb"Content-Length: (\d+)", request.group(2))
            end = request.end() + (int(length.group(1)) if length else 0)
            if len(received) < end:
                break
            with self.lock:
                if request.group(1) == b"GET":
                    connection.sendall(self.begin(request.group(2)))
                    self.clients.append(connection)
                else:
                    self.publish(received[request.end():end])
                    connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            received = received[end:]
        return received

    def publish(self, text):
        self.position += 1
        self.texts.append(text)
        for number, client in enumerate(self.clients):
            if client is None:
                continue
            sent = self.send(number, self.position, text)
            try:
                if sent is not None:
                    client.sendall(sent)
                    continue
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has left
            self.clients[number] = None
