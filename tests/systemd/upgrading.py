# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many clients that follow github-events as browsers do, while a publisher goes on, whatever happens.

    upgrading.py FOLLOWING FORGETFUL TOKEN-FILE UPGRADED

Runs on the machine whose Rivulet is upgraded. It says `following` when all clients follow; then it
publishes until the file UPGRADED is there and each client has come back, and says in JSON what was
acknowledged and what is wrong. Clients that are FORGETFUL come back without their Last-Event-ID.
"""

import asyncio
import json
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))

import eventstream  # noqa: E402
import publisher  # noqa: E402
import wire  # noqa: E402

HOST, PORT = "127.0.0.1", 3001
BUS = "unix:path=/run/dbus/system_bus_socket"
STREAM = "github-events"
# Between two updates, and before what was not acknowledged is pushed again; in seconds.
PACE = 0.02
PATIENCE = 120
# Updates after the last client has come back.
LAST = 20


class Client:
    def __init__(self, token, remembers):
        self.token = token
        self.remembers = remembers
        self.last_id = None
        self.retry = 1000
        self.connections = 0
        self.begun = 0
        self.seen = []
        self.trouble = []

    async def follow(self):
        while True:
            self.connections += 1
            try:
                await self.connect()
            except (OSError, EOFError, wire.Malformed) as error:
                self.trouble.append(f"connection {self.connections}: {error!r}")
            await asyncio.sleep(self.retry / 1000)

    async def connect(self, enough=lambda: False):
        """One connection, to its end or until that is enough."""
        reader, writer = await asyncio.open_connection(HOST, PORT)
        try:
            headers = {"Authorization": f"Bearer {self.token}"}
            if self.last_id and self.remembers:
                headers["Last-Event-ID"] = self.last_id
            writer.write(wire.request_bytes(eventstream.PATHS[STREAM], headers))
            await self.read(reader, enough)
        finally:
            writer.close()

    async def read(self, reader, enough):
        head = wire.Head(await reader.readuntil(b"\r\n\r\n"))
        if head.status != 200:
            raise wire.Malformed(f"status {head.status}")
        chunks, parser, first = wire.Chunks(), eventstream.EventParser(), True
        while data := await reader.read(1 << 16):
            for event in parser.feed(chunks.feed(data)):
                self.take(event, first)
                first = False
            if parser.retries:
                self.retry = parser.retries[-1]
            if enough():
                return
        if not chunks.finished:
            raise wire.Malformed("a response without an end")

    def take(self, event, first):
        if first:
            self.begun += 1
        if first and event.type == "events" and self.last_id and self.remembers:
            self.trouble.append(f"connection {self.connections}: starts afresh")
        self.last_id = event.id
        if event.type == "new-event":
            self.seen.append(event.data["event"]["delivery_id"])

    def complaints(self, acknowledged):
        """What is not as it has to be: each event once and in order, and no attempt in vain."""
        if self.seen != acknowledged:
            missing = [name for name in acknowledged if name not in self.seen]
            yield f"{len(self.seen)} events of {len(acknowledged)}; missing: {missing[:5]}"
        yield from self.trouble


class Newcomers:
    """One after the other comes, at all times, has its stream's first event, and leaves.

    Who was let in and is closed before the request was read comes again, as a browser does.
    """

    def __init__(self, token):
        self.token = token
        self.visits = []
        self.served = 0
        self.cut_off = 0
        self.trouble = []

    async def come(self):
        while True:
            self.visits.append(asyncio.create_task(self.visit(len(self.visits))))
            await asyncio.sleep(PACE)

    async def visit(self, number):
        client = Client(self.token, False)
        while not client.begun:
            try:
                await asyncio.wait_for(client.connect(lambda: client.begun), PATIENCE)
            except (EOFError, ConnectionResetError, BrokenPipeError):
                self.cut_off += 1
            except (OSError, asyncio.TimeoutError, wire.Malformed) as error:
                self.trouble.append(f"newcomer {number}: {error!r}")
                return
        self.served += 1


class Publishing:
    """One update after the other, each pushed until it is acknowledged."""

    def __init__(self):
        self.acknowledged = []
        self.again = 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        bus = publisher.Publisher(BUS)
        while not self.ending.wait(PACE):
            self.push(bus)
        for _ in range(LAST):
            self.push(bus)

    def push(self, bus):
        name = f"delivery-{len(self.acknowledged)}"
        update = {"type": "new-event", "event": {
            "delivery_id": name, "event": "push", "repo_full_name": "user/repo"}}
        while True:
            try:
                bus.publish(STREAM, update)
                break
            except publisher.Refusal:
                self.again += 1
                threading.Event().wait(PACE)
        self.acknowledged.append(name)


async def until(condition):
    while not condition():
        await asyncio.sleep(PACE)


async def main(following, forgetful, token_file, upgraded):
    with open(token_file, encoding="ascii") as file:
        token = file.read().strip()
    clients = [Client(token, index < int(following))
               for index in range(int(following) + int(forgetful))]
    tasks = [asyncio.create_task(client.follow()) for client in clients]
    await until(lambda: all(client.begun for client in clients))
    print("following", flush=True)

    newcomers = Newcomers(token)
    tasks.append(asyncio.create_task(newcomers.come()))
    publishing = Publishing()
    publishing.thread.start()
    await until(lambda: os.path.exists(upgraded) and all(client.begun > 1 for client in clients))
    publishing.ending.set()
    await until(lambda: not publishing.thread.is_alive())
    last = publishing.acknowledged[-1]
    await until(lambda: all(last in client.seen[-1:] for client in clients))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*newcomers.visits)

    told = [(client, list(client.complaints(publishing.acknowledged))) for client in clients]
    print(json.dumps({
        "acknowledged": len(publishing.acknowledged), "pushed again": publishing.again,
        "came back": sum(client.begun > 1 for client in clients),
        "newcomers": len(newcomers.visits), "served": newcomers.served,
        "cut off": newcomers.cut_off,
        "complaints": newcomers.trouble
        + [text for client, texts in told if client.remembers for text in texts],
        "forgetful": [text for client, texts in told if not client.remembers for text in texts],
    }), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
