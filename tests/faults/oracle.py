# SPDX-License-Identifier: LGPL-2.1-or-later
"""Judges one life of the daemon after another by what was sent, what is kept, what clients got."""

import bisect
import collections
import copy
import datetime

from database import Row
from eventstream import APPENDED
from ledger import canonical
from model import Model

START = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def time_text(microseconds):
    """As the daemon writes an instant: to the millisecond, downwards."""
    instant = START + datetime.timedelta(microseconds=microseconds)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03}Z"


def can_apply(model, row):
    """Whether the contract has an update applied, or refused for an id that is not kept."""
    kind = row.update["type"]
    if kind == "event-update":
        return model.events.find(row.audience, row.update["event"]["delivery_id"]) is not None
    if kind == "event-delete":
        return model.events.find(row.audience, row.update["eventId"]) is not None
    if kind == "post-delete":
        return (row.audience, str(row.update["postId"])) in model.posts.posts
    return True


def completed(row):
    """The update with what acceptance adds to it."""
    update = copy.deepcopy(row.update)
    if update["type"] == "new-event":
        update["event"].setdefault("received_at", time_text(row.accepted))
    return update


class Settled:
    """What became of the updates of one life: `rows` by position, each with what was sent.

    `retained`: of each stream so many rows must be there, older ones may have been trimmed.
    """

    def __init__(self, rows, sent, retained=None):
        self.rows = {row.position: row for row in rows}
        if retained is not None:
            self.add_trimmed(sent, retained)
        self.sent = {}
        self.calls = collections.defaultdict(list)
        for entry in sent:
            self.calls[entry.call].append(entry)
        self.waiting = collections.defaultdict(list)
        for entry in sent:
            if entry.position is not None:
                self.match_position(entry)
            elif entry.answer != "not taken":
                self.waiting[entry.key].append(entry)
        for position, row in sorted(self.rows.items()):
            if position not in self.sent:
                self.match_key(position, row)
        lost = [entry for entries in self.waiting.values() for entry in entries
                if entry.answer == "taken"]
        if lost:
            raise AssertionError(f"acknowledged, and not kept: {lost}")
        self.check_calls()

    def add_trimmed(self, sent, retained):
        """What was trimmed as it should be is known from what was acknowledged."""
        places = collections.defaultdict(list)
        for position, row in sorted(self.rows.items()):
            places[row.stream].append(position)
        for entry in sent:
            newer = places[entry.stream]
            if (entry.position is not None and entry.position not in self.rows
                    and len(newer) - bisect.bisect(newer, entry.position) >= retained):
                self.rows[entry.position] = Row(entry.position, entry.stream, entry.audience, 0,
                                                canonical(entry.update))

    def match_position(self, entry):
        row = self.rows.get(entry.position)
        if row is None:
            raise AssertionError(f"acknowledged, and not kept: {entry}")
        if row.key != entry.key or entry.position in self.sent:
            raise AssertionError(f"{entry} was acknowledged, and {row.key} kept in its place")
        self.sent[entry.position] = entry

    def match_key(self, position, row):
        entries = self.waiting[row.key]
        if not entries:
            raise AssertionError(f"kept, and not sent, or kept twice: {position} {row.key}")
        # What was answered has a row for certain, what was not may have one. Where the same was sent
        # twice, it is that of a call that is all here, in a row.
        best = min(entries, key=lambda entry: (entry.unknown, not self.is_whole_at(position, entry)))
        whole = self.is_whole_at(position, best)
        for place, entry in self.places(position, best) if whole else [(position, best)]:
            if place in self.rows and place not in self.sent:
                self.sent[place] = entry
                self.waiting[entry.key].remove(entry)

    def places(self, position, entry):
        """Where all of an update's call is, if it is at that position."""
        call = self.calls[entry.call]
        return list(enumerate(call, position - call.index(entry)))

    def is_whole_at(self, position, entry):
        """Whether all of an update's call can be what is kept around its position."""
        return all(self.may_be_at(place, other) for place, other in self.places(position, entry))

    def may_be_at(self, position, entry):
        row = self.rows.get(position)
        if row is None:  # trimmed, if anything
            return position < max(self.rows)
        return row.key == entry.key and self.sent.get(position, entry) is entry

    def check_calls(self):
        """What one call sent is kept altogether or not at all, in its order."""
        places = {id(entry): position for position, entry in self.sent.items()}
        for entries in self.calls.values():
            # What was refused was kept too, at a place that was not told; it may be trimmed.
            entries = [entry for entry in entries if entry.answer != "refused"]
            found = [places[id(entry)] for entry in entries if id(entry) in places]
            if len(entries) > 1 and found and len(found) != len(entries):
                raise AssertionError(f"kept in part: {entries} at {found}")


class Oracle:
    """`appended` has all events that ever were appended to github-events, by position.

    `fates` counts what became of all that was sent.
    """

    def __init__(self):
        self.model = Model()
        self.end = 0
        self.positions = []
        self.appended = {}
        self.fates = collections.Counter()

    def judge(self, rows, sent, connections, covered, retained=None):
        """Judges one life: rows behind `end`, all that was sent, all connections, which have ended.

        `covered (id)` says of an id whether a client must be able to resume with it.
        """
        settled = Settled(rows, sent, retained)
        kept = {id(entry) for entry in settled.sent.values()}
        for entry in sent:
            unanswered = "kept without an answer" if id(entry) in kept else "not kept"
            self.fates[unanswered if entry.unknown else entry.answer] += 1
        before = self.end
        at = collections.defaultdict(list)
        for connection in connections:
            for event in connection.events:
                if event.type in APPENDED:
                    continue
                if event.position < before:
                    raise AssertionError(f"{connection}: {event} is of before {before}")
                at[event.position].append((connection, event))
        self.check_views(at.pop(before, []))
        for position in sorted(set(settled.rows) | set(at)):
            if position in settled.rows:
                self.apply(settled.rows[position], settled.sent[position])
            elif retained is None or position > max(settled.rows):
                raise AssertionError(f"seen, and not kept: {at[position]}")
            self.check_views(at[position])
        for connection in connections:
            self.check_connection(connection, covered)

    def apply(self, row, entry):
        self.end = row.position
        if not can_apply(self.model, row):
            if entry.answer == "taken":
                raise AssertionError(f"{entry} was taken; it should have been refused")
            return
        if entry.answer == "refused":
            raise AssertionError(f"{entry} should not have been refused")
        event = self.model.apply(row.stream, completed(row), row.audience)
        if event is not None:
            self.positions.append(row.position)
            self.appended[row.position] = (row.audience, event)

    def check_views(self, seen):
        """Each view is what its user may see at the position in its id."""
        wanted = {}
        for connection, event in seen:
            key = connection.stream, connection.user, event.type
            if key not in wanted:
                wanted[key] = self.model.view(*key)
            if event.data != wanted[key]:
                raise AssertionError(f"{connection} got\n{event.id} {event.data}\ninstead of\n"
                                     f"{wanted[key]}")

    def between(self, first, last, user):
        """The appended events that a user is to get behind one position up to another."""
        start = bisect.bisect_right(self.positions, first)
        end = bisect.bisect_right(self.positions, last)
        found = [(position, *self.appended[position]) for position in self.positions[start:end]]
        return [(position, event) for position, audience, event in found
                if audience in (None, user)]

    def check_connection(self, connection, covered):
        events = connection.events
        if len({event.epoch for event in events}) > 1:
            raise AssertionError(f"{connection}: several epochs")
        if not events or connection.stream != "github-events":
            return
        start = events[0].position
        if connection.resumed:
            start = int(connection.since.rsplit("-", 1)[1])
        elif connection.since is not None and covered(connection.since):
            raise AssertionError(f"{connection}: had to start afresh by {events[0]}")
        wanted = self.between(start, events[-1].position, connection.user)
        got = [(event.position, event.data) for event in connection.appended()]
        if got != wanted:
            raise AssertionError(f"{connection} got\n{got}\ninstead of\n{wanted}")
