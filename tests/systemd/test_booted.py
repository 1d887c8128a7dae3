# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installed on a machine with systemd: started when needed, closed up, who may do what on the bus."""

import os
import re
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import daemon  # noqa: E402
import metrics  # noqa: E402
from machine import STOPPER, Machine, read_until  # noqa: E402
from waiting import wait_until  # noqa: E402

DENIED = "org.freedesktop.DBus.Error.AccessDenied"
PROPERTIES = "org.freedesktop.DBus.Properties.GetAll"
# The most that systemd-analyze(1) may find open.
MOST = 1.2
# After which the bus gives up what it has systemd start, in seconds.
ACTIVATION_TIMEOUT = 25
# curl's status where nobody listens, or nobody may connect.
REFUSED = 7


@unittest.skipUnless(os.geteuid() == 0, "only root can boot a systemd")
class Booted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = Machine()
        cls.addClassCleanup(cls.machine.stop)

    def setUp(self):
        self.machine.systemctl("stop", "rivulet.service", "rivulet.socket")
        self.machine.systemctl("reset-failed")
        self.machine.systemctl("start", "rivulet.socket")
        self.assertEqual(self.state(), "inactive")

    def state(self):
        return self.machine.systemctl("is-active", "rivulet.service", status=None)

    def explain(self):
        return self.machine.journal()

    def follow(self, *arguments):
        client = self.machine.follow(*arguments)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        return client

    def process(self):
        return self.machine.systemctl("show", "--value", "-p", "MainPID", "rivulet.service")

    def test_a_client_starts_it(self):
        client = self.follow()
        self.assertIn("event: quota\n", read_until(client, "data: "))
        self.assertEqual(self.state(), "active")

    def test_a_publisher_starts_it(self):
        self.machine.publish(3)
        self.assertEqual(self.state(), "active")
        self.assertTrue(any('"used":3' in line for line in read_until(self.follow(), "data: ")))

    def test_nothing_is_lost_when_it_is_killed(self):
        """And no attempt to connect: what comes meanwhile waits in the socket."""
        self.machine.publish(1)
        client = self.follow()
        read_until(client, '"used":1')
        self.machine.publish(7)
        read_until(client, '"used":7')
        before = self.process()
        self.machine.systemctl("kill", "-s", "KILL", "rivulet.service")
        client.wait()
        self.assertTrue(any('"used":7' in line for line in read_until(self.follow(), "data: ")))
        self.assertNotIn(self.process(), (before, "0"))

    def come(self):
        """As a browser does it: who was told to come back, or cut off, comes back; nobody is refused."""
        for _ in range(10):
            client = self.follow()
            if any(line.startswith("data: ") for line in client.stdout):
                return
            self.assertNotEqual(client.wait(), REFUSED)
        self.fail("never served")

    def test_stopped_and_started_no_client_is_refused(self):
        self.machine.publish(1)
        for _ in range(3):
            restart = self.machine.start("systemctl", "restart", "rivulet.service")
            for _ in range(5):
                self.come()
            self.assertEqual(restart.wait(), 0)
            restart.stdout.close()

    def configure(self, line):
        self.machine.run("sh", "-c", "mkdir -p /etc/rivulet/rivulet.conf.d && "
                         f"printf '[http]\n{line}\n' >/etc/rivulet/rivulet.conf.d/tests.conf")
        self.addCleanup(self.machine.run, "rm", "-rf", "/etc/rivulet/rivulet.conf.d")

    def test_reload(self):
        """It is told how that ended, and goes on with what there was where anything is wrong."""
        self.machine.publish(1)
        before = self.process()
        client = self.follow("/quota/stream", "-i")
        self.assertIn("Access-Control-Allow-Origin: http://localhost:3000\n",
                      [line.replace("\r", "") for line in read_until(client, "data: ")])
        for line, ok in ("allowed-origins=https://other", True), ("nonsense=1", False):
            self.configure(line)
            self.machine.systemctl("reload", "rivulet.service", status=0 if ok else 1)
            self.assertEqual((self.state(), self.process()), ("active", before))
            self.assertIn("Access-Control-Allow-Origin: https://other\n",
                          [line.replace("\r", "") for line in
                           read_until(self.follow("/quota/stream", "-i"), "data: ")])
        self.assertIn("nonsense", self.machine.journal())
        self.machine.publish(5)
        read_until(client, '"used":5')

    def test_a_start_that_fails_again_and_again(self):
        """Where what it lacks is there at last, it serves whoever has waited."""
        self.machine.run("mv", "/etc/rivulet/secret", "/etc/rivulet/away")
        client = self.follow()
        wait_until(lambda: int(self.show("NRestarts")) > 1, "some attempts")
        self.assertEqual(self.machine.systemctl("is-active", "rivulet.socket"), "active")
        self.machine.run("mv", "/etc/rivulet/away", "/etc/rivulet/secret")
        read_until(client, "data: ")

    def test_a_socket_that_is_disabled(self):
        """Nobody on the bus opens it again."""
        self.machine.systemctl("disable", "--now", "rivulet.socket")
        self.addCleanup(self.machine.systemctl, "enable", "rivulet.socket")
        started = time.monotonic()
        said = self.machine.run("rivulet", "publish", "--system", "quota", "{}", status=1)
        self.assertIn("rivuletd is not running, and did not start", said)
        self.assertIn("systemctl enable --now rivulet.socket", said)
        self.assertLess(time.monotonic() - started, ACTIVATION_TIMEOUT)
        self.assertEqual(self.machine.systemctl("is-active", "rivulet.socket", "rivulet.service",
                                                status=None).split(), ["inactive"] * 2)

    def test_without_ipv6(self):
        self.machine.systemctl("stop", "rivulet.socket")
        self.machine.run("ip", "address", "del", "::1/128", "dev", "lo")
        self.addCleanup(self.machine.run, "ip", "address", "replace", "::1/128", "dev", "lo")
        self.assertNotIn("::1", self.machine.run("ip", "-6", "address"))
        self.machine.systemctl("start", "rivulet.socket")
        read_until(self.follow(), "data: ")

    def test_other_sockets(self):
        """A port below 1024, which rivuletd itself may not open, and one in the file system."""
        self.machine.systemctl("stop", "rivulet.socket")
        folder = "/run/systemd/system/rivulet.socket.d"
        self.machine.run("sh", "-c", f"mkdir -p {folder} && printf '[Socket]\\nListenStream=\\n"
                         "ListenStream=127.0.0.1:80\\nListenStream=/run/rivulet/public\\n' "
                         f">{folder}/tests.conf")
        self.addCleanup(self.machine.systemctl, "start", "rivulet.socket")
        self.addCleanup(self.machine.systemctl, "daemon-reload")
        self.addCleanup(self.machine.run, "rm", "-r", folder)
        self.addCleanup(self.machine.systemctl, "stop", "rivulet.service", "rivulet.socket")
        self.machine.systemctl("daemon-reload")
        self.machine.systemctl("start", "rivulet.socket")
        clients = [self.follow("/quota/stream", "--connect-to", "::127.0.0.1:80"),
                   self.follow("/quota/stream", "--unix-socket", "/run/rivulet/public")]
        for client in clients:
            read_until(client, "data: ")
        self.machine.publish(9)
        for client in clients:
            read_until(client, '"used":9')
        self.assertEqual(self.machine.run("curl", "-s", "http://127.0.0.1:3001/", status=REFUSED), "")

    def set_watchdog(self, seconds):
        self.machine.run("mkdir", "-p", "/run/systemd/system/rivulet.service.d")
        self.machine.run("sh", "-c", f"printf '[Service]\nWatchdogSec={seconds}\n' "
                         ">/run/systemd/system/rivulet.service.d/watchdog.conf")
        self.machine.systemctl("daemon-reload")
        self.addCleanup(self.machine.systemctl, "daemon-reload")
        self.addCleanup(self.machine.run, "rm", "-r", "/run/systemd/system/rivulet.service.d")

    def show(self, name):
        return self.machine.systemctl("show", "--value", "-p", name, "rivulet.service")

    def test_the_watchdog_is_fed(self):
        self.set_watchdog(6)
        self.machine.publish(1)
        client = self.follow()
        read_until(client, "data: ")
        process = self.process()
        seen = {self.show("WatchdogTimestampMonotonic")}
        wait_until(lambda: seen.add(self.show("WatchdogTimestampMonotonic")) or len(seen) > 4,
                   "the watchdog to be fed")
        self.assertEqual(self.process(), process)
        wait_until(lambda: re.fullmatch(r"1 clients of 4 streams; \d+ updates",
                                        self.show("StatusText")),
                   "a line that says how it is")

    def test_who_gives_no_sign_of_life_is_started_anew(self):
        """One thread that stands still is enough, of those who write to clients or to the disk."""
        self.set_watchdog(6)
        for thread in "fanout-0", "log-writer":
            with self.subTest(thread=thread):
                self.machine.publish(1)
                process = self.process()
                tasks = self.machine.run("sh", "-c", f"grep -lx {thread} /proc/{process}/task/*/comm")
                stopper = self.machine.start("python3", "-c", STOPPER, tasks.split("/")[4])
                self.addCleanup(stopper.stdout.close)
                self.addCleanup(stopper.wait)
                self.addCleanup(stopper.kill)
                read_until(stopper, "stopped")
                wait_until(lambda: self.process() not in (process, "0"), "another process")
                self.assertIn("Watchdog timeout", self.machine.journal())
                self.assertTrue(any('"used":1' in line
                                    for line in read_until(self.follow(), "data: ")))

    def test_it_may_do_little(self):
        self.machine.publish(1)
        status = self.machine.run("cat", f"/proc/{self.process()}/status")
        for name in "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb":
            self.assertRegex(status, rf"{name}:\s+0{{16}}\n")
        self.assertRegex(status, r"NoNewPrivs:\s+1\n")
        self.assertRegex(status, r"Seccomp:\s+2\n")
        user = self.machine.run("id", "-u", "rivulet").strip()
        self.assertRegex(status, rf"Uid:\s+{user}\s+{user}\s+{user}\s+{user}\n")
        state = self.machine.run("stat", "-c", "%a %U", "/var/lib/rivulet",
                                 "/var/lib/rivulet/token-key", "/var/lib/rivulet/rivulet.db")
        self.assertEqual(state, "700 rivulet\n600 rivulet\n600 rivulet\n")

    def look(self, page, user=None, status=0):
        return self.machine.run("curl", "-sS", "--unix-socket", "/run/rivulet/operators",
                                f"http://localhost/{page}", user=user, status=status)

    def test_what_operators_see(self):
        """The process's own figures too, of which the service may see little; others see nothing."""
        self.machine.publish(1)
        self.assertEqual(self.machine.run("stat", "-c", "%a %U %G", "/run/rivulet/operators"),
                         "660 rivulet rivulet\n")
        self.assertEqual(self.look("readyz"), "ok\n")
        found = metrics.Metrics(self.look("metrics", user="rivulet"))
        self.assertEqual(found("rivulet_updates_total", stream="quota", verdict="applied"), 1)
        for name in metrics.PROCESS:
            self.assertGreater(found(name), 0)
        started = self.machine.run("stat", "-c", "%Y", f"/proc/{self.process()}")
        self.assertLess(abs(found("process_start_time_seconds") - int(started)), 60)
        self.look("metrics", user="stranger", status=REFUSED)
        self.machine.systemctl("stop", "rivulet.service")
        self.machine.run("test", "!", "-e", "/run/rivulet/operators")

    def test_the_clients_socket_beside_it(self):
        """It is the manager's, and there also while the service is not."""
        folder = "/run/systemd/system/rivulet.socket.d"
        self.machine.run("mkdir", "-p", folder)
        self.machine.run("sh", "-c", "printf '[Socket]\nListenStream=\nListenStream="
                         f"/run/rivulet/public\n' >{folder}/tests.conf")
        self.machine.systemctl("daemon-reload")
        self.addCleanup(self.machine.systemctl, "daemon-reload")
        self.addCleanup(self.machine.run, "rm", "-r", folder)
        self.machine.systemctl("restart", "rivulet.socket")
        for _ in range(2):
            client = self.follow("/quota/stream", "--unix-socket", "/run/rivulet/public")
            read_until(client, "data: ")
            self.assertEqual(self.look("readyz"), "ok\n")
            self.machine.systemctl("stop", "rivulet.service")
        self.machine.run("test", "-S", "/run/rivulet/public")

    def test_who_may_publish(self):
        self.machine.publish(1)
        self.assertRegex(self.machine.publish(2, user="publisher"), r"^\('[0-9a-f]+-\d+',\)")
        self.assertIn(DENIED, self.machine.publish(3, user="stranger", status=1))
        token = ["42", "['quota']", "60"]
        issue = "io.github.rivulet.Rivulet1.Publisher.IssueToken"
        self.assertIn("eyJ", self.machine.gdbus(issue, *token, user="publisher"))
        self.assertIn(DENIED, self.machine.gdbus(issue, *token, user="stranger", status=1))

    def test_everybody_may_look(self):
        self.machine.publish(1)
        self.assertIn("'Connections'", self.machine.gdbus(
            PROPERTIES, "io.github.rivulet.Rivulet1.Server", user="stranger"))
        self.assertIn("github_events", self.machine.gdbus(
            "org.freedesktop.DBus.ObjectManager.GetManagedObjects", user="stranger"))

    def test_nobody_else_may_be_it(self):
        self.machine.systemctl("stop", "rivulet.service", "rivulet.socket")
        said = self.machine.gdbus_request_name("stranger")
        self.assertIn(DENIED, said)


class Units(unittest.TestCase):
    """As they are installed, without anything being started."""

    @classmethod
    def setUpClass(cls):
        if shutil.which("systemd-analyze") is None:
            raise unittest.SkipTest("systemd-analyze is missing")

    def test_they_are_in_order_and_close_it_up(self):
        service = os.path.join(daemon.BUILD, "data", "rivulet.service")
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", service],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        exposure = re.search(r"Overall exposure level for rivulet.service: ([\d.]+)", done.stdout)
        self.assertLessEqual(float(exposure.group(1)), MOST, done.stdout)
