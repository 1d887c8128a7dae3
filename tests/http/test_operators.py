# SPDX-License-Identifier: LGPL-2.1-or-later
"""What operators are shown, where, and to whom it is not shown."""

import os
import shutil
import signal
import socket
import stat
import tempfile

import metrics
import wire
from cases import DaemonCase, FreshCase
from daemon import run_to_end
from test_config import ConfigCase

TEXT = "text/plain; charset=utf-8"
PAGES = {"/healthz": TEXT, "/readyz": TEXT, "/metrics": metrics.CONTENT_TYPE}
# Beyond the configured limit so many are let in, to be told that there is no room.
HEADROOM = 64


class Pages(DaemonCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="rivulet-operators-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.path = os.path.join(cls.folder, "socket")
        cls.setting = {"config": {"operators": {"listen": f"127.0.0.1:0;unix:{cls.path}"}}}
        super().setUpClass()
        cls.operators = cls.rivulet.daemon.wait_for_operators(2)

    def test_pages(self):
        for address in self.operators:
            for path, content_type in PAGES.items():
                with self.subTest(address=address, path=path):
                    answer = wire.request(address, path, {"Origin": "http://localhost:3000"})
                    self.assertEqual(answer.status, 200)
                    self.assertEqual(answer.head.get("Content-Type"), content_type)
                    self.assertEqual(answer.head.get("Cache-Control"), "no-store")
                    self.assertFalse([name for name, _ in answer.head.fields
                                      if name.startswith("Access-Control") or name == "Vary"])
                    if content_type == TEXT:
                        self.assertEqual(answer.body, b"ok\n")
                    self.assertEqual(wire.request(address, path + "?x=/y").status, 200)

    def test_head(self):
        for path in "/healthz", "/readyz":
            got = wire.request(self.operators[0], path)
            head = wire.request(self.operators[0], path, method="HEAD")
            self.assertEqual((head.status, head.body), (200, b""))
            self.assertEqual([field for field in head.head.fields if field[0] != "Date"],
                             [field for field in got.head.fields if field[0] != "Date"])
        head = wire.request(self.operators[0], "/metrics", method="HEAD")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertGreater(int(head.head.get("Content-Length")), 1000)

    def test_other_methods(self):
        for path in PAGES:
            for method, body in ("POST", b"x"), ("PUT", b"x"), ("DELETE", None), ("OPTIONS", None):
                with self.subTest(path=path, method=method):
                    answer = wire.request(self.operators[0], path, method=method, body=body)
                    self.assertEqual(answer.status, 405)
                    self.assertEqual(answer.head.get("Allow"), "GET, HEAD")

    def test_other_paths(self):
        target = f"/quota/stream?token={self.rivulet.token()}"
        for path in "//", "/metrics/", "/api/metrics", "/METRICS", "/healthz/x", target:
            for method in "GET", "HEAD", "POST":
                with self.subTest(path=path, method=method):
                    self.assertEqual(
                        wire.request(self.operators[0], path, method=method).status, 404)
        self.assertEqual(wire.exchange(self.operators[0], b"GET /metrics\r\n\r\n").status, 400)

    def test_not_for_clients(self):
        for path in PAGES:
            for prefix in "", "/api":
                target = f"{prefix}{path}?token={self.rivulet.token()}"
                self.assertEqual(self.rivulet.get(target).status, 404)

    def test_the_socket_is_closed_to_others(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o660)

    def test_they_are_no_clients(self):
        before = metrics.read(self.operators[0])
        held = [wire.connect(address) for address in self.operators for _ in range(3)]
        for client in held:
            self.addCleanup(client.close)
        after = metrics.read(self.operators[0])
        for name in "rivulet_connections", "rivulet_connections_accepted_total":
            self.assertEqual(after(name), before(name))
        self.assertEqual(self.publisher.server_properties()["Connections"],
                         after("rivulet_connections"))


class Addresses(ConfigCase):
    def runtime(self, *names):
        """Folders as systemd makes them, and what it says of them."""
        folders = [os.path.join(self.folder, name) for name in names]
        for folder in folders:
            os.mkdir(folder)
        return {"RUNTIME_DIRECTORY": ":".join(folders)}

    def test_the_runtime_directory(self):
        """The first one, where nothing is configured. What a killed one left is replaced."""
        self.write()
        environment = self.runtime("first", "second")
        path = os.path.join(self.folder, "first", "operators")
        for _ in range(2):
            daemon = self.start(environment=environment)
            daemon.wait_listening()
            self.assertEqual(daemon.wait_for_operators(), [f"unix:{path}"])
            self.assertEqual(wire.request(f"unix:{path}", "/readyz").status, 200)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o660)
            daemon.kill()
            self.assertTrue(os.path.exists(path))
        daemon = self.start(environment=environment)
        daemon.wait_listening()
        daemon.assert_clean()
        self.assertEqual(os.listdir(os.path.dirname(path)), [])
        self.assertEqual(os.listdir(os.path.join(self.folder, "second")), [])

    def assert_nowhere(self, environment=None):
        daemon = self.start(environment=environment)
        daemon.wait_listening()
        daemon.assert_clean()
        self.assertNotIn("for operators", daemon.said())

    def test_nowhere(self):
        self.write()
        self.assert_nowhere()
        self.assert_nowhere({"RUNTIME_DIRECTORY": ""})
        self.write(operators={"listen": ""})
        environment = self.runtime("run")
        self.assert_nowhere(environment)
        self.assertEqual(os.listdir(os.path.join(self.folder, "run")), [])

    def test_what_is_configured_counts(self):
        self.write(operators={"listen": "127.0.0.1:0"})
        daemon = self.start(environment=self.runtime("run"))
        self.assertRegex(daemon.wait_for_operators()[0], r"^127\.0\.0\.1:\d+$")
        daemon.wait_listening()
        daemon.assert_clean()
        self.assertEqual(os.listdir(os.path.join(self.folder, "run")), [])

    def test_bad_addresses(self):
        for value in "localhost", "localhost:x", "unix:", "127.0.0.1:0;nonsense", "example.org:1":
            with self.subTest(value=value):
                self.write(operators={"listen": value})
                self.refused(self.path, "[operators] listen")
        self.write()
        environment = self.runtime("x" * 120)
        status, _, said = self.run_with(environment)
        self.assertEqual(status, 1)
        self.assertIn("[operators] listen: ", said)

    def run_with(self, environment):
        return run_to_end(["--config", self.path], environment)

    def test_an_address_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.write(operators={"listen": address})
            self.accepted()
            status, _, said = self.run_with(None)
        self.assertEqual(status, 1)
        self.assertIn(f"cannot listen on {address}", said)

    def test_a_check_listens_nowhere(self):
        path = os.path.join(self.folder, "socket")
        self.write(operators={"listen": f"unix:{path}"})
        self.accepted()
        self.assertFalse(os.path.exists(path))

    def test_another_address_needs_a_restart(self):
        self.write(operators={"listen": "127.0.0.1:0"})
        daemon = self.start()
        daemon.wait_listening()
        self.write(operators={"listen": ""})
        daemon.signal(signal.SIGHUP)
        daemon.wait_for_line(r"\[operators\] listen: takes effect with the next start")
        daemon.wait_for_line("loaded again")
        self.assertEqual(wire.request(daemon.wait_for_operators()[0], "/readyz").status, 200)
        daemon.assert_clean()


class Full(FreshCase):
    setting = {"config": {"operators": {"listen": "127.0.0.1:0"}, "http": {"max-connections": 2}}}

    def test_answered_while_clients_are_not(self):
        (operators,) = self.rivulet.daemon.wait_for_operators()
        for _ in range(2 + HEADROOM):
            self.addCleanup(wire.connect(self.rivulet.address).close)
        metrics.wait_for(operators, 2 + HEADROOM, "rivulet_connections")
        waiting = wire.connect(self.rivulet.address)
        self.addCleanup(waiting.close)
        waiting.sendall(wire.request_bytes("/quota/stream"))
        for path in PAGES:
            self.assertEqual(wire.request(operators, path).status, 200)
        found = metrics.read(operators)
        self.assertEqual(found("rivulet_max_connections"), 2)
        self.assertEqual(found("rivulet_connections_accepted_total"), 2 + HEADROOM)

    def test_they_have_a_bound_too(self):
        """Who holds connections of the operators' listener does not take descriptors without end."""
        (operators,) = self.rivulet.daemon.wait_for_operators()
        before = self.rivulet.daemon.descriptors()
        held = [wire.connect(operators) for _ in range(200)]
        self.rivulet.daemon.wait_for_line("no more for now: the limit is reached")
        self.assertLess(self.rivulet.daemon.descriptors(), before + 100)
        self.assertEqual(self.rivulet.get("/quota/stream").status, 401)
        for client in held:
            client.close()
        self.assertEqual(wire.request(operators, "/healthz").status, 200)


class Stopping(FreshCase):
    setting = {"config": {"operators": {"listen": "127.0.0.1:0"},
                          "clients": {"shutdown-seconds": 60}}}

    def test_not_ready_while_it_stops(self):
        """It is answered to the end, and healthy; it ends when the last client has gone."""
        (operators,) = self.rivulet.daemon.wait_for_operators()
        slow = self.follow("github-events", receive_buffer=4096)
        slow.next()
        number = 0
        while metrics.read(operators)("rivulet_queued_bytes", stream="github-events") < 300000:
            self.publisher.publish("github-events", {"type": "new-event", "event": {
                "delivery_id": str(number), "event": "push", "repo_full_name": "a/b",
                "body": "x" * 15000}})
            number += 1
        quick = self.follow("quota")
        quick.next()
        self.rivulet.daemon.signal(signal.SIGTERM)
        self.rivulet.daemon.wait_for_line("stopping")
        metrics.wait_for(operators, 1, "rivulet_clients_left_total", stream="quota",
                         reason="stopped")
        answer = wire.request(operators, "/readyz")
        self.assertEqual((answer.status, answer.body), (503, b"stopping\n"))
        self.assertEqual(answer.head.get("Content-Type"), TEXT)
        self.assertEqual(answer.head.get("Cache-Control"), "no-store")
        self.assertEqual(wire.request(operators, "/readyz", method="HEAD").status, 503)
        self.assertEqual(wire.request(operators, "/healthz").body, b"ok\n")
        self.assertEqual(metrics.read(operators)("rivulet_clients", stream="github-events"), 1)
        slow.close()
        self.assertEqual(self.rivulet.daemon.wait(), 0)
        with self.assertRaises(ConnectionRefusedError):
            wire.connect(operators)
