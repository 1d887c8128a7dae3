# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nodes that share a log: all see the same, and a client goes from one to another."""

import signal
import threading

from gi.repository import GLib

import natslog
import wire
from fleet import Fleet, FleetCase
from publisher import MANAGER, Refusal
from waiting import amount, wait_until


class Nodes(FleetCase):
    def test_all_see_the_same(self):
        """Three publish at once; clients of all of them get the same events, with the same ids."""
        nodes = [self.fleet.node() for _ in range(3)]
        clients = [node.follow("github-events") for node in nodes]
        for client in clients:
            self.addCleanup(client.close)
            client.next_of("events")
        count = amount(40)
        threads = [threading.Thread(target=lambda node=node, k=k: [
            node.new_event(f"{k}-{i}") for i in range(count)]) for k, node in enumerate(nodes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        got = [self.fetch(client, 3 * count) for client in clients]
        self.assertEqual(got[0], got[1])
        self.assertEqual(got[0], got[2])
        self.assertEqual(sorted(name for _, name in got[0]),
                         sorted(f"{k}-{i}" for k in range(3) for i in range(count)))

    def test_resuming_on_another(self):
        first, second = self.fleet.node(), self.fleet.node()
        with first.follow("github-events") as client:
            client.next_of("events")
            first.new_event(1)
            last = self.fetch(client, 1)[0][0]
        position = 0
        for number in range(2, 6):
            position = first.new_event(number)
        second.wait_position(position)
        with second.follow("github-events", headers=[("Last-Event-ID", last)]) as client:
            self.assertEqual([name for _, name in self.fetch(client, 4)], ["2", "3", "4", "5"])

    def test_a_node_that_starts_late(self):
        first = self.fleet.node()
        for number in range(5):
            first.new_event(number)
        second = self.fleet.node()
        with second.follow("github-events") as client:
            events = client.next_of("events")
            self.assertEqual([event["delivery_id"] for event in events.data["events"]],
                             ["4", "3", "2", "1", "0"])

    def test_answers_are_of_who_asked(self):
        """The same is refused wherever it comes, and only who sent it is told."""
        first, second = self.fleet.node(), self.fleet.node()
        first.new_event("known", "ann")
        for node in first, second:
            with self.assertRaises(Refusal) as caught:
                node.publisher.publish("github-events", {"type": "event-delete", "eventId": "x"})
            self.assertEqual(caught.exception.name, "Refused")
        position = second.publisher.publish(
            "github-events", {"type": "event-delete", "eventId": "known"}, "ann")
        self.assertTrue(position)

    def test_revoking(self):
        first, second = self.fleet.node(), self.fleet.node()
        with second.follow("quota", "ann") as client:
            client.next_of("quota")
            token = second.token("ann")
            first.publisher.call(MANAGER, "Revoke", GLib.Variant("(s)", ("ann",)))
            client.rest()
        self.assertEqual(second.get(f"/quota/stream?token={token}").status, 401)

    def test_the_group(self):
        """What the nodes, the command and the metrics say of it."""
        first = self.fleet.node(nats={"node": "one"})
        second = self.fleet.node(nats={"node": "two"}, operators={"listen": "127.0.0.1:0"})
        position = first.new_event(1)
        group = [("one", position, 0), ("two", position, 0)]
        wait_until(lambda: second.publisher.server_properties()["Nodes"] == group, str(group))
        properties = first.publisher.server_properties()
        self.assertEqual((properties["LogPosition"], properties["LogLag"]), (position, 0))
        self.assertRegex(first.status(), rf"nodes +one, at {position}\n +two, at {position}\n")
        address = second.daemon.wait_for_operators()[0]
        self.assertIn("\nrivulet_log_lag_messages 0\n",
                      wire.request(address, "/metrics").body.decode())
        first.daemon.stop()
        wait_until(lambda: second.publisher.server_properties()["Nodes"] == group[1:],
                   "a node that is gone")

    def test_a_killed_node_comes_back(self):
        first, second = self.fleet.node(), self.fleet.node()
        with second.follow("github-events") as client:
            client.next_of("events")
            first.new_event(1)
            last = self.fetch(client, 1)[0][0]
            second.daemon.signal(signal.SIGKILL)
            client.rest()
        second.daemon.wait()
        first.new_event(2)
        second.start_again()
        with second.follow("github-events", headers=[("Last-Event-ID", last)]) as client:
            self.assertEqual([name for _, name in self.fetch(client, 1)], ["2"])


class Ahead(FleetCase):
    """One node is kept from what the servers have."""

    def setUp(self):
        super().setUp()
        self.valve = self.fleet.valve()
        self.quick = self.fleet.node()
        # A stop that waited for its clients would do so for as long.
        self.slow = self.fleet.node([f"nats://{self.valve.address}"],
                                    clients={"shutdown-seconds": 600})
        self.slow.daemon.expect("the store failed")
        with self.quick.follow("quota") as client:
            self.epoch = client.next_of("quota").id.rsplit("-", 1)[0]

    def test_a_client_waits_for_what_it_has(self):
        position = self.quick.new_event(1)
        self.slow.wait_position(position)
        self.valve.shut = True
        for number in 2, 3:
            self.quick.new_event(number)
        last = self.quick.publisher.publish("quota", {
            "type": "quota", "quota": {"used": 7, "remaining": 1}})
        ahead = [("Last-Event-ID", last)]
        with self.slow.follow("quota", headers=ahead) as quota, \
                self.slow.follow_several(["github-events", "quota"], query="") as both, \
                self.slow.follow("github-events", headers=[
                    ("Last-Event-ID", f"{self.epoch}-{position}")]) as behind:
            # Who is not ahead is served with what there is.
            behind.wait_retry()
            both.next_of("events")
            self.wait_connections(self.slow, 3)
            self.assert_silent(quota)
            self.valve.shut = False
            self.assertEqual(quota.next_of("quota").data["quota"]["used"], 7)
            self.assertEqual([name for _, name in self.fetch(behind, 2)], ["2", "3"])

    def test_an_invented_id_starts_afresh(self):
        self.quick.new_event(1)
        with self.slow.follow("github-events", headers=[
                ("Last-Event-ID", f"{self.epoch}-{natslog.position_of(999)}")]) as client:
            self.assertEqual(client.next().type, "events")

    def test_who_is_revoked_does_not_wait(self):
        self.valve.shut = True
        self.quick.publisher.call(MANAGER, "Revoke", GLib.Variant("(s)", ("ann",)))
        position = self.quick.new_event(1)
        with self.slow.follow("quota", "ann", headers=[
                ("Last-Event-ID", f"{self.epoch}-{position}")]) as client:
            self.wait_connections(self.slow, 1)
            self.valve.shut = False
            client.rest()
            self.assertEqual(client.raw, b"")

    def test_a_stop_does_not_wait_for_them(self):
        """They are told nothing, and come back to others."""
        self.valve.shut = True
        position = self.quick.new_event(1)
        with self.slow.follow("quota", headers=[
                ("Last-Event-ID", f"{self.epoch}-{position}")]) as client:
            wait_until(lambda: self.slow.publisher.server_properties()["Connections"] == 1,
                       "a client that waits")
            self.slow.daemon.signal(signal.SIGTERM)
            client.rest()
            self.assertEqual(client.raw, b"")
            self.valve.shut = False
            self.assertEqual(self.slow.daemon.wait(), 0)


class Unfit(FleetCase):
    LOG = {"name": "rivulet", "subjects": ["rivulet.log.>"], "storage": "file",
           "duplicate_window": 120 * 10**9}
    STATE = {"name": "rivulet-state", "subjects": ["rivulet.state.>"], "storage": "file",
             "max_msgs_per_subject": 1}
    FAULTS = (
        ({"subjects": [natslog.SUBJECT]}, "its subjects"),
        ({"storage": "memory"}, "its storage"),
        ({"no_ack": True}, "that it acknowledges nothing"),
        ({"retention": "interest"}, "its retention"),
        ({"max_age": 200 * 10**9}, "a limit by which messages leave it"),
        ({"max_msgs": 1000}, "a limit by which messages leave it"),
        ({"max_bytes": 1000000, "discard": "old"}, "that it discards old messages"),
    )
    FAULTS_OF_LOG = (
        ({"max_msgs_per_subject": 1}, "how many messages of a subject"),
        ({"max_msg_size": 1048576}, "the size of the messages"),
        ({"duplicate_window": 60 * 10**9}, "that it soon forgets"),
    )
    FAULTS_OF_STATE = (
        ({"subjects": ["rivulet.state.*"]}, "its subjects"),
        ({"max_msgs_per_subject": -1}, "how many messages of a subject"),
        ({"max_msgs_per_subject": 2}, "how many messages of a subject"),
    )

    def setUp(self):
        pass

    def test_streams_that_somebody_made(self):
        """Those are refused that would not keep what they get, and that would give too little."""
        fleet = Fleet()
        self.addCleanup(fleet.stop)
        server = fleet.servers[0]

        def make(config):
            server.ask(f"$JS.API.STREAM.DELETE.{config['name']}")
            self.assertNotIn("error", server.ask(f"$JS.API.STREAM.CREATE.{config['name']}", config))

        for config, faults in ((self.LOG, self.FAULTS + self.FAULTS_OF_LOG),
                               (self.STATE, self.FAULTS[1:] + self.FAULTS_OF_STATE)):
            for change, why in faults:
                with self.subTest(config["name"], **change):
                    make({**config, **change})
                    with self.assertRaisesRegex(AssertionError, f"{config['name']} .*for {why}"):
                        fleet.node()
            make({**config, "max_bytes": 10**8, "discard": "new"})
        fleet.node().new_event(1)

    def test_too_small_messages(self):
        fleet = Fleet(payload="512KB")
        self.addCleanup(fleet.stop)
        with self.assertRaisesRegex(AssertionError, "raise max_payload"):
            fleet.node()

    def test_no_server(self):
        fleet = Fleet()
        self.addCleanup(fleet.stop)
        fleet.servers[0].kill()
        with self.assertRaisesRegex(AssertionError, f"connecting to {fleet.urls[0]}"):
            fleet.node(nats={"connect-seconds": 1})
