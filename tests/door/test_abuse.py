# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is made to bring servers down: nobody else is harmed, and nothing of it stays."""

import re

import eventstream
import siege
import webhook
import wire
from waiting import PATIENCE, Deadline, amount, wait_until

# So many at once.
CONNECTIONS = amount(300, 50)
# How long a tool goes on at most, in seconds, where nobody ends what it does: only a failure gets there.
BOUND = int(PATIENCE / 2)

EVENT = {"event": "push", "repo_full_name": "a/b", "body": "x" * 12000}


class Slowhttptest(siege.SiegeCase):
    """Beside it, each deadline is a second or two, and its own are much longer."""

    config = {
        "http": {"head-timeout-ms": 1000, "body-timeout-seconds": 1},
        "clients": {"heartbeat-ms": 500, "peer-timeout-ms": 1500, "queue-bytes": 65536}}

    def arguments(self, *arguments, path):
        return ("slowhttptest", "-c", str(CONNECTIONS), "-r", "1000", "-l", str(BOUND), *arguments,
                "-u", f"http://{self.rivulet.address}{path}")

    def assert_all_closed(self, *arguments, path):
        said = siege.run(*self.arguments(*arguments, path=path))
        self.assertIn("No open connections left", said)
        self.assertIn("YES", said.rpartition("service available")[2])

    def test_slow_heads(self):
        """A line each second: their time is over nevertheless."""
        self.besiege(lambda: self.assert_all_closed("-H", "-i", "1", path="/quota/stream"))

    def test_slow_bodies(self):
        """Nothing for three seconds."""
        self.besiege(lambda: self.assert_all_closed("-B", "-i", "3", path=webhook.PATH))

    def test_slow_reading(self):
        """A byte each second of a stream that is far more than is buffered on the way."""
        for number in range(50):
            self.publisher.publish("github-events", {"type": "new-event", "event": {
                **EVENT, "delivery_id": str(number)}})
        path = f"{eventstream.PATHS['github-events']}?token={self.rivulet.token()}"

        def attack():
            accepted = self.server("Accepted")
            with siege.running(*self.arguments("-X", "-w", "1", "-y", "64", "-z", "1", "-n", "1",
                                               path=path)):
                wait_until(lambda: self.server("Accepted") >= accepted + CONNECTIONS, "the attack")
                self.over()

        self.besiege(attack)


class WrkCase(siege.SiegeCase):
    def wrk(self, target, method="GET"):
        """So many requests as go in two seconds; returns how many, and how many failed."""
        accepted = self.server("Accepted")
        script = f"{self.rivulet.folder}/method.lua"
        with open(script, "w", encoding="ascii") as file:
            file.write(f'wrk.method = "{method}"\n')
        said = siege.run("wrk", "-t", "2", "-c", "50", "-d", f"{amount(2)}s", "-s", script,
                         f"http://{self.rivulet.address}{target}")
        self.assertNotIn("Socket errors", said)
        done = int(re.search(r"(\d+) requests in", said).group(1))
        failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
        # Each on a connection of its own.
        self.assertGreaterEqual(self.server("Accepted") - accepted, done)
        return done, int(failed.group(1)) if failed else 0


class Churn(WrkCase):
    def test_refused(self):
        def attack():
            for target in "/quota/stream?token=wrong", "/nothing":
                done, failed = self.wrk(target)
                self.assertGreater(done, 0)
                self.assertEqual(failed, done)

        self.besiege(attack)

    def test_answered(self):
        def attack():
            done, failed = self.wrk("/quota/stream", "OPTIONS")
            self.assertGreater(done, 0)
            self.assertEqual(failed, 0)

        self.besiege(attack)


class MoreThanMayStay(WrkCase):
    config = {"http": {"max-connections": CONNECTIONS // 2}}

    def test_three_times_as_many(self):
        """Those on top are turned away, and whoever stays is served as before."""
        def attack():
            refused = self.server("RefusedByTotal")
            clients = [self.rivulet.follow("quota", f"user-{number}")
                       for number in range(CONNECTIONS * 3 // 2)]
            served = []
            for client in clients:
                try:
                    client.next()
                    served.append(client)
                except (wire.Ended, ConnectionError):
                    self.assertEqual(client.events, [])
                    client.close()
            self.assertEqual(len(served), CONNECTIONS // 2 - 1)
            self.assertEqual(self.server("RefusedByTotal") - refused, len(clients) - len(served))
            refused = self.server("RefusedByTotal")
            done, failed = self.wrk(f"/quota/stream?token={self.rivulet.token()}")
            self.assertEqual(failed, 0)
            self.assertGreaterEqual(self.server("RefusedByTotal") - refused, done)
            for client in served:
                client.close()

        self.besiege(attack)


class NeverReading(siege.SiegeCase):
    def attack(self, stream, publish):
        """Publishes for clients that don't read until all of them are closed."""
        before = self.server("Connections")
        clients = [self.rivulet.follow(stream, f"user-{number}", receive_buffer=4096)
                   for number in range(CONNECTIONS)]
        wait_until(lambda: self.server("Connections") == before + CONNECTIONS, "the attack")
        deadline = Deadline("the end of clients that don't read")
        while self.server("Connections") > before:
            publish()
            deadline.left()
        for client in clients:
            client.close()


class NeverReadingEvents(NeverReading):
    config = {"clients": {"queue-bytes": 65536}, "hub": {"resume-events": 10}}

    def test_events_that_each_must_get(self):
        """What waits for them is bounded: then they are closed, and whoever reads gets them all."""
        self.publisher.publish("github-events", {"type": "new-event", "event": {
            **EVENT, "delivery_id": "1"}})

        def attack():
            with self.rivulet.follow("github-events", "quick") as quick:
                quick.next()
                self.attack("github-events", lambda: publish(quick))

        def publish(quick):
            identity = self.publisher.publish("github-events", {
                "type": "event-update", "event": {"delivery_id": "1", "status": "again"}})
            self.assertEqual(quick.next_of("event-update").id, identity)

        self.besiege(attack)


class NeverReadingViews(NeverReading):
    config = {"clients": {"heartbeat-ms": 500, "peer-timeout-ms": 2000}}

    def test_views(self):
        """Of views the newest alone waits: who takes nothing is closed for that."""
        self.besiege(lambda: self.attack("posts-stats", lambda: self.publisher.publish(
            "posts-stats", {"type": "post", "post": {
                "id": 1, "status": "draft", "body": "x" * 12000}})))
