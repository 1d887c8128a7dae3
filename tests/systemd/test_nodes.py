# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several nodes on one machine, as instances of rivulet@.service, and a nats-server beside them."""

import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import daemon  # noqa: E402
import proxies  # noqa: E402
import tokens  # noqa: E402
from machine import Machine, read_until  # noqa: E402
from test_booted import MOST  # noqa: E402
from waiting import wait_until  # noqa: E402

PORTS = ["3011", "3012"]
UNITS = [f"rivulet@{port}.service" for port in PORTS]
NATS = """listen: 127.0.0.1:4222
max_payload: 2MB
jetstream { store_dir: /var/lib/nats-test }
"""
NODE = """[http]
publish=true
[log]
backend=nats
[nats]
node=node-{port}
"""


class House(Machine):
    """A machine with a nats-server."""

    def install(self):
        self.server = proxies.find("nats-server")
        super().install()
        self.write("etc/nats-test.conf", NATS)
        for port in PORTS:
            self.write(f"etc/rivulet/node-{port}.conf", NODE.format(port=port))

    def enable(self):
        self.start_server()
        for port in PORTS:
            self.systemctl("enable", "--now", f"rivulet@{port}.socket", f"rivulet@{port}.service")

    def start_server(self):
        self.run("systemd-run", "--quiet", "--collect", "--unit=nats-test", self.server, "-c", "/etc/nats-test.conf")

    def journal(self):
        return self.run("journalctl", "--no-pager", "-q", "-u", "rivulet@*", "-u", "nats-test", status=None)


@unittest.skipUnless(os.geteuid() == 0, "only root can boot a systemd")
class Nodes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = House()
        cls.addClassCleanup(cls.machine.stop)

    def explain(self):
        return self.machine.journal()

    def publish(self, port, used):
        """Publishes over HTTP at a node, when that takes it."""
        token = tokens.make(self.machine.secret.encode(), "publisher", publish="quota")
        wait_until(lambda: self.machine.run(
            "curl", "-s", "-w", "%{http_code}", "-H", f"Authorization: Bearer {token}", "-d",
            '{"type":"quota","quota":{"used":%d,"remaining":0}}' % used,
            f"http://127.0.0.1:{port}/publish/quota", status=None).endswith("202"), "an update that is taken")

    def follow(self, port):
        client = self.machine.start("curl", "-sN", "-H", f"Authorization: Bearer {self.machine.token()}",
                                    f"http://127.0.0.1:{port}/quota/stream", bufsize=1)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        return client

    def show(self, unit, name):
        return self.machine.systemctl("show", "--value", "-p", name, unit)

    def test_what_one_takes_the_other_shows(self):
        client = self.follow(PORTS[1])
        read_until(client, "event: quota")
        self.publish(PORTS[0], 3)
        read_until(client, '"used":3')
        for port in PORTS:
            self.machine.run("test", "-s", f"/var/lib/rivulet-{port}/nats-position")
            metrics = self.machine.run("curl", "-sf", "--unix-socket", f"/run/rivulet-{port}/operators",
                                       "http://localhost/metrics")
            self.assertRegex(metrics, r"\nrivulet_log_position [1-9]")

    def test_systemd_finds_nothing_wrong(self):
        self.assertEqual(self.machine.run("systemd-analyze", "verify", *UNITS), "")

    def test_it_reads_its_configuration_again(self):
        self.machine.systemctl("reload", UNITS[0])
        wait_until(lambda: "configuration" in self.machine.run(
            "journalctl", "--no-pager", "-q", "-u", UNITS[0]), "a configuration that is read again")
        self.assertEqual(self.machine.systemctl("is-active", UNITS[0]), "active")

    def test_they_are_started_again_when_the_log_is_lost(self):
        self.publish(PORTS[0], 4)
        client = self.follow(PORTS[1])
        before = read_until(client, '"used":')
        self.machine.systemctl("kill", "-s", "KILL", "nats-test.service")
        wait_until(lambda: self.machine.systemctl("is-active", "nats-test.service", status=None)
                   in ("inactive", "failed"), "an end of the server")
        self.machine.run("rm", "-r", "/var/lib/nats-test")
        self.machine.start_server()
        for unit in UNITS:
            wait_until(lambda unit=unit: self.show(unit, "NRestarts") != "0"
                       and self.show(unit, "ActiveState") == "active", f"{unit} that is started again")
        client.wait()
        self.publish(PORTS[0], 5)
        behind = read_until(self.follow(PORTS[1]), '"used":5')
        epochs = [re.search(r"id: (\w+)-", "".join(lines)).group(1) for lines in (before, behind)]
        self.assertNotEqual(epochs[0], epochs[1])


class Units(unittest.TestCase):
    """As they are installed, without anything being started."""

    @classmethod
    def setUpClass(cls):
        if shutil.which("systemd-analyze") is None:
            raise unittest.SkipTest("systemd-analyze is missing")

    def test_they_close_it_up(self):
        service = os.path.join(daemon.BUILD, "data", "rivulet@.service")
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", service],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        exposure = re.search(r"Overall exposure level for rivulet@\S*: ([\d.]+)", done.stdout)
        self.assertIsNotNone(exposure, done.stdout + done.stderr)
        self.assertLessEqual(float(exposure.group(1)), MOST, done.stdout)
