# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the service manager gives the daemon and is told: sockets, readiness, reloading, its end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import daemon
import eventstream
import tokens
import wire
from waiting import Deadline, wait_until


class Manager:
    """The side of the service manager that sd_notify(3) speaks to."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)

    def wait_for(self, line):
        """Waits for a message with this line; returns all lines of that message."""
        deadline = Deadline(line)
        while True:
            self.socket.settimeout(deadline.left())
            lines = self.socket.recv(4096).decode().split("\n")
            if line in lines:
                return lines

    def close(self):
        self.socket.close()


@unittest.skipUnless(shutil.which("systemd-socket-activate"), "systemd-socket-activate is missing")
class Activation(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rivulet-systemd-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.secret = daemon.Secret(self.folder, "secret")
        self.config = os.path.join(self.folder, "rivulet.conf")
        daemon.write_config(self.config, {
            "auth": {"secret-file": self.secret.path}, "bus": {"bus": "none"},
            "plugins": {"directory": daemon.PLUGINS},
            "http": {"listen": "127.0.0.1:1"},
            "log": {"directory": os.path.join(self.folder, "state")}})
        self.manager = Manager(self.folder)
        self.addCleanup(self.manager.close)

    def start(self, *names, listen=("127.0.0.1:0",)):
        """The daemon with sockets that are open before it, as systemd-socket-activate(1) has it; it
        is started when somebody comes."""
        arguments = ["systemd-socket-activate", f"--setenv=NOTIFY_SOCKET={self.manager.path}"]
        for address in listen:
            arguments.append(f"--listen={address}")
        if names:
            arguments.append("--fdname=" + ":".join(names))
        process = subprocess.Popen(
            [*arguments, *daemon.WRAPPER, daemon.PROGRAM, "--config", self.config],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **daemon.sanitizer_environment(), "LC_ALL": "C.UTF-8"})
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def free_port(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def connect_when_open(self, port):
        def connect():
            try:
                return socket.create_connection(("127.0.0.1", port))
            except ConnectionRefusedError:
                return None
        return wait_until(connect, "a socket that is open")

    def test_the_first_client_starts_it(self):
        """It waits for the daemon that its connection starts, and is served by it."""
        port = self.free_port()
        path = os.path.join(self.folder, "public")
        process = self.start(listen=(f"127.0.0.1:{port}", path))
        with self.connect_when_open(port) as first:
            first.sendall(wire.request_bytes("/nothing"))
            self.manager.wait_for("READY=1")
            self.assertIn(b"404", first.recv(4096))
        token = tokens.make(self.secret.bytes, "42")
        for address in f"127.0.0.1:{port}", f"unix:{path}":
            with eventstream.StreamClient(address, f"/quota/stream?token={token}") as client:
                self.assertEqual(client.next().type, "quota")

        process.send_signal(signal.SIGHUP)
        lines = self.manager.wait_for("RELOADING=1")
        self.assertTrue(any(line.startswith("MONOTONIC_USEC=") for line in lines), lines)
        self.manager.wait_for("READY=1")
        process.send_signal(signal.SIGTERM)
        self.manager.wait_for("STOPPING=1")
        self.assertEqual(process.wait(), 0)
        said = process.stderr.read()
        self.assertIn(f"rivuletd: listening on 127.0.0.1:{port}\n", said)
        self.assertIn(f"rivuletd: listening on unix:{path}\n", said)
        self.assertNotIn("127.0.0.1:1\n", said)
        self.assertTrue(os.path.exists(path), "the manager's socket is the manager's to remove")

    def test_a_name_that_is_not_known(self):
        """Both that are known are named."""
        port = self.free_port()
        process = self.start("privat", listen=(f"127.0.0.1:{port}",))
        with self.connect_when_open(port):
            self.assertEqual(process.wait(), 1)
        self.assertRegex(process.stderr.read(), "privat.*; there are: public, operators ")

    def assert_for_operators(self, address):
        self.assertEqual(wire.request(address, "/healthz").status, 200)
        self.assertEqual(wire.request(address, "/quota/stream").status, 404)

    def assert_for_clients(self, address):
        self.assertEqual(wire.request(address, "/healthz").status, 404)
        self.assertEqual(wire.request(address, "/quota/stream").status, 401)

    def configure(self, **listen):
        daemon.write_config(self.config, {
            "auth": {"secret-file": self.secret.path}, "bus": {"bus": "none"},
            "plugins": {"directory": daemon.PLUGINS},
            "log": {"directory": os.path.join(self.folder, "state")},
            **{group: {"listen": address} for group, address in listen.items()}})

    def test_clients_and_operators_are_told_apart(self):
        """In whatever order they come, and several of a kind."""
        names = ["operators", "public", "operators", "public"]
        paths = [os.path.join(self.folder, str(number)) for number in range(len(names))]
        self.configure(http="127.0.0.1:1", operators="127.0.0.1:1")
        process = self.start(*names, listen=paths)
        wait_until(lambda: os.path.exists(paths[-1]), "sockets that are open")
        with wire.connect(f"unix:{paths[0]}"):
            self.manager.wait_for("READY=1")
        for name, path in zip(names, paths):
            if name == "operators":
                self.assert_for_operators(f"unix:{path}")
            else:
                self.assert_for_clients(f"unix:{path}")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)
        said = process.stderr.read()
        for number in 0, 2:
            self.assertIn(f"rivuletd: listening for operators on unix:{paths[number]}\n", said)
            self.assertIn(f"rivuletd: listening on unix:{paths[number + 1]}\n", said)
        self.assertTrue(all(os.path.exists(path) for path in paths))

    def test_each_may_be_the_managers_alone(self):
        """What it does not give is as it is configured."""
        for given, configured, setting in ("public", "operators", "operators"), \
                                          ("operators", "public", "http"):
            with self.subTest(given=given):
                own = {name: os.path.join(self.folder, f"{given}-{name}")
                       for name in (given, configured)}
                other = os.path.join(self.folder, f"{given}-unused")
                self.configure(**{"http": f"unix:{other}", "operators": f"unix:{other}",
                                  setting: f"unix:{own[configured]}"})
                process = self.start(given, listen=(own[given],))
                wait_until(lambda: os.path.exists(own[given]), "a socket that is open")
                with wire.connect(f"unix:{own[given]}"):
                    self.manager.wait_for("READY=1")
                self.assert_for_operators(f"unix:{own['operators']}")
                self.assert_for_clients(f"unix:{own['public']}")
                self.assertFalse(os.path.exists(other))
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(), 0)

    def test_without_a_manager(self):
        """NOTIFY_SOCKET that nobody reads, or that is none, is no reason not to serve."""
        for path in "/nonexistent/socket", "nonsense", "@nobody":
            with self.subTest(path=path):
                running = daemon.Daemon(["--config", self.config, "--listen", "127.0.0.1:0"],
                                        {"NOTIFY_SOCKET": path})
                running.wait_listening()
                running.assert_clean()
