# SPDX-License-Identifier: LGPL-2.1-or-later
"""nats-server, alone or several as a cluster."""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess

import ports
import wire
from proxies import find
from waiting import PATIENCE, wait_until

CONFIG = """server_name: {name}
listen: {host}:{port}
http: {host}:{monitor}
max_payload: {payload}
jetstream {{ store_dir: "{folder}" }}
"""
# Servers of one cluster find each other.
CLUSTER = """cluster {{
  name: test
  listen: {host}:{port}
  routes: [{routes}]
}}
"""


# What a server says where there is no message.
NO_MESSAGE = 10037


class Here:
    """Where servers and nodes are: on this host, or see lan.Host."""

    address = "127.0.0.1"

    def inside(self):
        return contextlib.nullcontext()


HERE = Here()


class Server:
    """One nats-server, at a port that stays the same when it is started again."""

    def __init__(self, folder, number, payload="2MB", more="", place=HERE):
        self.folder = os.path.join(folder, f"nats-{number}")
        self.name = f"n{number}"
        self.payload = payload
        self.more = more
        self.place = place
        self.store = os.path.join(self.folder, "store")
        self.config = os.path.join(self.folder, "server.conf")
        self.log = os.path.join(self.folder, "log")
        os.mkdir(self.folder)
        self.held = [ports.hold() for _ in range(3)]
        self.port, self.route, self.monitor = (ports.number(held) for held in self.held)
        self.address = f"{place.address}:{self.port}"
        self.process = None

    def configure(self, routes):
        """Writes its configuration; `routes` as for start()."""
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(name=self.name, host=self.place.address, port=self.port,
                                     monitor=self.monitor, payload=self.payload,
                                     folder=self.store) + self.more)
            if routes:
                names = [f"nats://{server.place.address}:{server.route}" for server in routes]
                file.write(CLUSTER.format(host=self.place.address, port=self.route,
                                          routes=", ".join(names)))

    def start(self, routes=()):
        """`routes`: all servers of its cluster, it among them; none where it is alone."""
        self.configure(routes)
        with open(self.log, "ab") as log, self.place.inside():
            self.process = subprocess.Popen([find("nats-server"), "-c", self.config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.answers, f"{self.name} that listens")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"nats-server ended with {self.process.returncode}: {self.said()}")
        with socket.socket() as probe:
            return probe.connect_ex((self.place.address, self.port)) == 0

    def said(self):
        with open(self.log, encoding="utf-8", errors="backslashreplace") as log:
            return log.read()

    def ask(self, subject, request=None, timeout=None, headers=()):
        """What the server answers to a request, JSON as that is if it is no bytes; an error where
        it does not in time. `headers`: pairs."""
        body = request if isinstance(request, bytes) else json.dumps(request or {}).encode()
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        head = f"NATS/1.0\r\n{lines}\r\n".encode() if headers else b""
        line = (f"HPUB {subject} answer {len(head)} {len(head) + len(body)}\r\n" if head
                else f"PUB {subject} answer {len(body)}\r\n")
        place = (self.place.address, self.port)
        with socket.create_connection(place, timeout or PATIENCE) as client:
            client.sendall(b'CONNECT {"verbose":false,"headers":true}\r\nSUB answer 1\r\n'
                           + line.encode() + head + body + b"\r\n")
            lines = client.makefile("rb")
            try:
                while not (line := lines.readline()).startswith(b"MSG "):
                    if not line:
                        raise AssertionError(f"{self.name} does not answer {subject}")
            except TimeoutError:
                return {"error": f"no answer to {subject}"}
            return json.loads(lines.read(int(line.split()[-1])))

    def stream(self, name):
        """A stream's configuration and state."""
        return self.ask(f"$JS.API.STREAM.INFO.{name}")

    def replicas(self):
        """What this server itself has of each stream, whoever leads that: states by their names."""
        target = "/jsz?accounts=true&streams=true"
        answer = json.loads(wire.request(f"{self.place.address}:{self.monitor}", target).body)
        return {stream["name"]: stream["state"] for account in answer.get("account_details", [])
                for stream in account.get("stream_detail", [])}

    def message(self, stream, sequence):
        """The body of one message; None where there is none."""
        def find():
            answer = self.ask(f"$JS.API.STREAM.MSG.GET.{stream}", {"seq": sequence}, timeout=5)
            if "message" in answer:
                return (base64.b64decode(answer["message"].get("data", "")),)
            missing = isinstance(answer["error"], dict) and answer["error"]["err_code"] == NO_MESSAGE
            return (None,) if missing else None
        return wait_until(find, f"an answer about {stream} at {sequence}")[0]

    def has_leader(self):
        """Whether it and the others have agreed on who leads them."""
        return "error" not in self.ask("$JS.API.INFO", timeout=2)

    def last(self, stream, subject):
        """The last message of a subject, as the server tells it; None where there is none."""
        return self.ask(f"$JS.API.STREAM.MSG.GET.{stream}",
                        {"last_by_subj": subject}).get("message")

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """Ends it as a power failure does; what it wrote stays."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def wipe(self):
        """Takes away all that it stored, while it is away."""
        shutil.rmtree(self.store)

    def keep_copy(self):
        """Keeps what it has stored by now."""
        self.pause()
        shutil.copytree(self.store, self.store + "-copy")
        self.go_on()

    def swap_copy(self):
        """Gives it, while it is away, what it had when the copy was made, or takes that back."""
        copy, aside = self.store + "-copy", self.store + "-aside"
        os.rename(self.store, aside)
        os.rename(copy, self.store)
        os.rename(aside, copy)

    def stop(self):
        self.kill()
        for held in self.held:
            held.close()
