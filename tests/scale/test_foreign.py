# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is in the log that nodes of this version would not have put there."""

import natslog
from fleet import FleetCase

PASSED_OVER = "is passed over, as it would not be taken here"
EVENT = {"type": "new-event", "event": {"delivery_id": "of another version", "event": "push",
                                        "repo_full_name": "a/b"}}
# Of which stream, for whom, what, and why it is no update of this version.
FOREIGN = (
    ("revocations", None, {"type": "revoke"}, "audience: missing"),
    ("revocations", 1025 * "a", {"type": "revoke"}, "audience: must be a user's name"),
    ("github-events", None, {"type": "new-event"}, "event: "),
    ("github-events", None, {**EVENT, "audience": "ann"}, "audience: belongs beside the update"),
    ("quota", None, {"type": "quota"}, "quota: "),
    ("posts-stats", None, {"type": "of a newer version"}, "type: "),
)


class Foreign(FleetCase):
    """Nodes pass it over, all alike; none ends, be it as it comes or with the next start."""

    def setUp(self):
        super().setUp()
        self.nodes = [self.fleet.node() for _ in range(2)]
        for node in self.nodes:
            node.daemon.expect(PASSED_OVER)

    def put(self, stream, audience, update, seconds_ago=0):
        """Writes an update into the log, accepted by a node so long ago; returns its position."""
        body = natslog.write([natslog.Update(stream, update, audience, seconds_ago)])
        return natslog.position_of(self.fleet.servers[0].ask(natslog.SUBJECT, body)["seq"])

    def assert_passed_over(self, node, found):
        for position, stream, why in found:
            node.daemon.wait_for_line(f"the update at {position} of {stream} {PASSED_OVER}: {why}")

    def test_what_is_no_update(self):
        first, second = self.nodes
        second.wait_position(first.new_event("before"))
        found = [(self.put(stream, audience, update), stream, why)
                 for stream, audience, update, why in FOREIGN]
        with second.follow("github-events") as client:
            client.next_of("events")
            first.new_event("behind")
            self.assertEqual([name for _, name in self.fetch(client, 1)], ["behind"])
        for node in self.nodes:
            self.assert_passed_over(node, found)
        second.daemon.stop()
        second.start_again()
        second.daemon.expect(PASSED_OVER)
        self.assert_passed_over(second, found)
        with second.follow("github-events", subject="ann") as client:
            events = client.next_of("events").data["events"]
            self.assertEqual([event["delivery_id"] for event in events], ["behind", "before"])

    def test_what_is_one(self):
        """It counts, whoever put it there."""
        first, second = self.nodes
        with first.follow("github-events") as client, second.follow("github-events") as other:
            for one in client, other:
                one.next_of("events")
            self.put("github-events", None, EVENT)
            for one in client, other:
                self.assertEqual([name for _, name in self.fetch(one, 1)], ["of another version"])

    def test_what_was_held_up(self):
        """As by a server that hung: it may have been sent again, and been taken, long ago."""
        first, second = self.nodes
        with second.follow("github-events") as client:
            client.next_of("events")
            self.put("github-events", None, EVENT, 90)
            late = {**EVENT, "event": {**EVENT["event"], "delivery_id": "late"}}
            position = self.put("github-events", None, late, 110)
            first.new_event("behind")
            names = [name for _, name in self.fetch(client, 2)]
            self.assertEqual(names, ["of another version", "behind"])
        for node in self.nodes:
            node.daemon.expect("long after it was published")
            node.daemon.wait_for_line(f"what is at {position} is passed over: it came to the "
                                      "servers long after it was published")
