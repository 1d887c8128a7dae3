# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nodes that start while servers do not answer."""

import contextlib
import threading

from fleet import FleetCase
from waiting import wait_until

LONG = {"connect-seconds": 600}


@contextlib.contextmanager
def starting(node, said):
    """While a node that was stopped starts again, and has said that it has to wait; then it serves."""
    thread = threading.Thread(target=node.start_again)
    thread.start()
    try:
        wait_until(lambda: said in node.daemon.said() or not thread.is_alive(),
                   f"a node that says: {said}")
        yield
    finally:
        thread.join()


class Alone(FleetCase):
    def test_a_log_that_cannot_be_read_yet(self):
        """It says why it does not get on, once."""
        valve = self.fleet.valve()
        node = self.fleet.node([f"nats://{valve.address}"], nats=LONG)
        for number in range(3):
            node.new_event(number)
        node.daemon.stop()
        valve.trap = b"$JS.API.CONSUMER."  # what it reads with is not made yet
        said = "reading the log, at 0 of 3, has to wait: NATS: "
        with starting(node, said):
            valve.trap = None
            valve.shut = False
        node.daemon.wait_for_line("listening on")
        self.assertEqual(node.daemon.said().count(said), 1)
        with node.follow("events-count") as client:
            self.assertEqual(client.next_of("count").data["count"], 3)


    def test_a_checkpoint_that_is_not_there_yet(self):
        valve = self.fleet.valve()
        node = self.fleet.node([f"nats://{valve.address}"], nats=LONG)
        node.daemon.stop()
        valve.trap = b'"rivulet.state.checkpoint"'  # where it looks for that
        with starting(node, "NATS: the checkpoint: Timeout; it is tried again for a while"):
            valve.trap = None
            valve.shut = False
        node.daemon.wait_for_line("listening on")


class Cluster(FleetCase):
    n_servers = 3

    def test_servers_without_a_leader(self):
        """They are asked again, as long as a node looks for servers at all."""
        wait_until(self.fleet.has_leader, "a leader of the servers")
        node = self.fleet.node(self.fleet.urls[:1], nats=LONG)
        node.daemon.stop()
        for server in self.fleet.servers[1:]:
            server.kill()
        with starting(node, "it is tried again for a while ([nats] connect-seconds)"):
            for server in self.fleet.servers[1:]:
                server.start(self.fleet.servers)
        node.daemon.wait_for_line("listening on")
        # They may have one to choose once more.
        node.daemon.expect("the store failed")
        with node.follow("quota") as client:
            client.next_of("quota")
