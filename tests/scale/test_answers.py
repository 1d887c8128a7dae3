# SPDX-License-Identifier: LGPL-2.1-or-later
"""What servers answer to what a node publishes."""

from eavesdropper import Eavesdropper
from fleet import FleetCase
from publisher import Refusal


class Full(FleetCase):
    """A stream that takes no more, which somebody made."""

    STREAM = {"name": "rivulet", "subjects": ["rivulet.log.>"], "storage": "file",
              "duplicate_window": 120 * 10**9, "max_bytes": 2000, "discard": "new"}

    def test_a_stream_that_is_full(self):
        """Who publishes is told what the servers say; what comes when there is room again is taken."""
        server = self.fleet.servers[0]
        self.assertNotIn("error", server.ask("$JS.API.STREAM.CREATE.rivulet", self.STREAM))
        node = self.fleet.node(nats={"deadline-seconds": 2})
        with self.assertRaises(Refusal) as caught:
            for number in range(20):
                node.new_event(number)
        self.assertEqual(caught.exception.name, "StoreFailed")
        self.assertIn("maximum bytes exceeded", str(caught.exception))
        self.assertEqual(node.publisher.server_properties()["StoreState"], "ok")
        roomy = {**self.STREAM, "max_bytes": 10**6}
        self.assertNotIn("error", server.ask("$JS.API.STREAM.UPDATE.rivulet", roomy))
        node.new_event("at last")


class Places(FleetCase):
    """A stream that puts something where a node has already read has lost what was there."""

    def test_a_place_that_was_read(self):
        """But not one that says where the very same message is already."""
        node = self.fleet.node()
        for number in range(3):
            node.new_event(number)
        listener = Eavesdropper(self.fleet.servers[0], "rivulet.log.>")
        self.addCleanup(listener.close)
        node.new_event(3)
        reply = listener.next().reply
        self.assertEqual(reply.rsplit(".", 1)[1], "3")
        listener.answer(reply, {"stream": "rivulet", "seq": 4})
        listener.answer(reply, {"stream": "rivulet", "seq": 2, "duplicate": True})
        listener.answer(reply, {"stream": "rivulet", "seq": 1})
        self.assertEqual(node.daemon.wait(), 1)
        node.daemon.wait_for_line("has lost what it had from 1 on")
        self.fleet.drop(node)
