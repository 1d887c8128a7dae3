# SPDX-License-Identifier: LGPL-2.1-or-later
"""The oracle sees what is wrong, so that a life that it finds in order was looked at."""

import copy
import json
import unittest

from database import Row
from eventstream import Event
from ledger import Ledger
from oracle import Oracle
from tracing import parse


class Got:
    """A connection that has ended."""

    def __init__(self, stream, user, events, since=None):
        self.stream = stream
        self.user = user
        self.since = since
        self.events = [Event(event_id, data["type"], json.dumps(data)) for event_id, data in events]

    @property
    def resumed(self):
        return self.since is not None and self.events[0].type != "events"

    def appended(self):
        return [event for event in self.events if event.type.startswith(("new-", "event-"))]


def new_event(name):
    return {"type": "new-event", "event": {
        "delivery_id": name, "event": "push", "repo_full_name": "a/b", "status": "pending",
        "received_at": f"2024-01-01T00:00:0{name}Z"}}


def quota(used):
    return {"type": "quota", "quota": {"used": used, "remaining": 0}}


class Judging(unittest.TestCase):
    """One life: events 1 to 3, the second for ann alone, a refused deletion, and a quota."""

    def setUp(self):
        self.ledger = Ledger()
        self.sent = []
        self.rows = []
        for position, (update, audience, answer) in enumerate([
                (new_event("1"), None, "taken"), (new_event("2"), "ann", "taken"),
                ({"type": "event-delete", "eventId": "x"}, None, "refused"),
                (new_event("3"), None, None), (quota(1), "ann", "taken")], 1):
            stream = "quota" if update["type"] == "quota" else "github-events"
            (entry,) = self.ledger.send([(stream, update, audience)])
            if answer:
                self.ledger.note(entry, answer, f"e-{position}" if answer == "taken" else None)
            self.sent.append(entry)
            self.rows.append(Row(position, stream, audience, 0, json.dumps(update)))
        self.ann = [("e-0", {"type": "events", "events": []}), ("e-1", new_event("1")),
                    ("e-2", new_event("2")), ("e-4", new_event("3"))]
        self.ben = [self.ann[0], self.ann[1], self.ann[3]]
        self.list = [new_event(name)["event"] for name in "321"]

    def judge(self, rows=None, sent=None, connections=()):
        oracle = Oracle()
        oracle.judge(self.rows if rows is None else rows, self.sent if sent is None else sent,
                     connections, lambda since: True)
        return oracle

    def assert_wrong(self, why, *arguments, **more):
        with self.assertRaisesRegex(AssertionError, why):
            self.judge(*arguments, **more)

    def test_in_order(self):
        update = {"type": "events-update", "events": self.list}
        for connection in [
                Got("github-events", "ann", self.ann), Got("github-events", "ben", self.ben),
                Got("github-events", "ann", self.ann[2:] + [("e-5", update)], "old-1"),
                Got("github-events", "ann", [("e-5", update)], "old-4"),
                Got("quota", "ann", [("e-0", quota(0)),
                                     ("e-5", {**quota(1), "type": "quota-update"})]),
                Got("events-count", "ann", [("e-3", {"type": "count", "count": 2})])]:
            with self.subTest(connection=connection.events):
                self.assertEqual(self.judge(connections=[connection]).end, 5)

    def test_without_an_answer(self):
        """What had none is there once or not at all."""
        oracle = self.judge([row for row in self.rows if row.position != 4])
        self.assertEqual(oracle.positions, [1, 2])
        again = Row(6, "github-events", None, 0, json.dumps(new_event("3")))
        self.assert_wrong("kept twice", [*self.rows, again])

    def test_lost(self):
        for position in 1, 2, 5:
            self.assert_wrong("acknowledged, and not kept",
                              [row for row in self.rows if row.position != position])

    def test_lost_without_an_id(self):
        """A webhook is answered with none."""
        self.sent[0].position = None
        self.judge()
        self.assert_wrong("acknowledged, and not kept", self.rows[1:])

    def test_never_sent_and_not_what_was_sent(self):
        self.assert_wrong("kept, and not sent",
                          [*self.rows, Row(6, "quota", None, 0, json.dumps(quota(9)))])
        self.rows[4].update["quota"]["used"] = 2
        self.assert_wrong("in its place")

    def test_in_anothers_name(self):
        self.rows[1].audience = "ben"
        self.assert_wrong("in its place")

    def test_wrong_answers(self):
        for entry, answer, why in [(self.sent[2], "taken", "should have been refused"),
                                   (self.sent[0], "refused", "should not have been refused")]:
            before, entry.answer = entry.answer, answer
            self.assert_wrong(why)
            entry.answer = before
        self.sent[3].answer = "not taken"
        self.assert_wrong("kept, and not sent")

    def test_in_part(self):
        self.sent[3].call = self.sent[4].call
        self.judge()
        self.assert_wrong("in part", [row for row in self.rows if row.position != 4])

    def test_the_same_in_two_calls(self):
        """Neither was answered, and the one that was kept is not the one of which more is missing."""
        more = self.ledger.send([("quota", quota(used), "ann") for used in (7, 8)])
        single = self.ledger.send([("quota", quota(7), "ann")])
        self.sent += more + single
        self.rows.append(Row(6, "quota", "ann", 0, json.dumps(quota(7))))
        self.judge()
        single[0].call = more[0].call
        self.assert_wrong("in part")

    def test_the_same_in_a_call_of_which_all_is_kept_for_others(self):
        """None was answered; what was sent first is not what is kept in a row."""
        self.sent += self.ledger.send([("quota", quota(used), "ann") for used in (8, 9)])
        self.sent += self.ledger.send([("quota", quota(used), "ann") for used in (7, 8)])
        self.sent += self.ledger.send([("quota", quota(9), "ann")])
        for position, used in enumerate([7, 8, 9], 6):
            self.rows.append(Row(position, "quota", "ann", 0, json.dumps(quota(used))))
        self.judge()
        del self.rows[-2]
        self.assert_wrong("in part")

    def test_gaps_duplicates_and_others_data(self):
        wrong = [self.ann[:2] + self.ann[3:], self.ann + self.ann[3:],
                 [self.ann[0], self.ann[2], self.ann[1], self.ann[3]],
                 self.ann[:3] + [("e-5", new_event("3"))]]
        changed = copy.deepcopy(self.ann)
        changed[2][1]["event"]["status"] = "processed"
        for events in [*wrong, changed]:
            with self.subTest(events=events):
                self.assert_wrong("instead of", connections=[Got("github-events", "ann", events)])
        self.assert_wrong("instead of", connections=[Got("github-events", "ben", self.ann)])
        unseen = [*self.ann, ("e-6", new_event("4"))]
        self.assert_wrong("instead of", connections=[Got("github-events", "ann", unseen)])
        view = ("e-6", {"type": "events-update", "events": self.list})
        self.assert_wrong("seen, and not kept",
                          connections=[Got("github-events", "ann", [*self.ann, view])])

    def test_resumed_with_a_gap_or_not_at_all(self):
        self.assert_wrong("instead of", connections=[
            Got("github-events", "ann", self.ann[3:], "old-1")])
        self.assert_wrong("instead of", connections=[
            Got("github-events", "ann", self.ann[2:], "old-2")])
        self.assert_wrong("afresh", connections=[
            Got("github-events", "ann", self.ann, "old-0")])

    def test_views_of_another_position(self):
        for stream, event in [("quota", ("e-4", quota(1))), ("quota", ("e-5", quota(0))),
                              ("events-count", ("e-4", {"type": "count", "count": 2}))]:
            self.assert_wrong("instead of", connections=[Got(stream, "ann", [event])])

    def test_two_epochs(self):
        self.ann[3] = ("f-4", self.ann[3][1])
        self.assert_wrong("several epochs", connections=[Got("github-events", "ann", self.ann)])


class Tracing(unittest.TestCase):
    def test_calls_that_are_interrupted(self):
        calls = parse(["7  1.5 fdatasync(3<a/rivulet.db-wal> <unfinished ...>",
                       '8  1.6 write(4<UNIX:[1->2]>, "x", 1) = 1',
                       "7  1.7 <... fdatasync resumed>) = 0", "8  1.8 +++ exited with 0 +++"])
        self.assertEqual([(call.name, call.begun, call.ended, call.result) for call in calls],
                         [("fdatasync", 0, 2, "0"), ("write", 1, 1, "1")])
        self.assertTrue(calls[0].on("rivulet.db-wal") and not calls[0].on("rivulet.db"))
        self.assertTrue(calls[1].on_socket and not calls[0].on_socket)
