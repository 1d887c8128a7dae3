# SPDX-License-Identifier: LGPL-2.1-or-later
"""Last-Event-ID: what was missed, once and in order, or all afresh; nothing skipped silently."""

from cases import DaemonCase, FreshCase
from eventstream import INITIAL
from waiting import amount, wait_until


def event(number, **members):
    return {"delivery_id": str(number), "event": "push", "repo_full_name": "user/repo",
            "status": "pending", "received_at": f"2024-01-01T00:00:{number % 60:02}Z", **members}


class ResumeCase(DaemonCase):
    def setUp(self):
        super().setUp()
        self.user = self.id().rsplit(".", 1)[-1]

    def publish(self, update, audience="own", stream="github-events"):
        return self.publisher.publish(stream, update, self.user if audience == "own" else audience)

    def new_event(self, number, audience="own", **members):
        return self.publish({"type": "new-event", "event": event(number, **members)}, audience)

    def resume(self, event_id, stream="github-events", place="header"):
        if place == "header":
            return self.follow(stream, self.user, headers={"Last-Event-ID": event_id})
        return self.follow(stream, self.user, query=f"&lastEventId={event_id}")

    def assert_afresh(self, client):
        self.assertEqual(client.next().type, "events")


class Resume(ResumeCase):
    def test_what_was_missed(self):
        self.new_event(1)
        last = self.new_event(2)
        missed = [self.new_event(3),
                  self.publish({"type": "event-update", "event": {"delivery_id": "1", "x": 1}}),
                  self.publish({"type": "event-delete", "eventId": "2"}),
                  self.new_event(4)]
        for place in "header", "query":
            with self.subTest(place=place):
                client = self.resume(last, place=place)
                events = client.take(5)
                self.assertEqual([got.id for got in events[:4]], missed)
                self.assertEqual([got.data for got in events[:4]], [
                    {"type": "new-event", "event": event(3)},
                    {"type": "event-update", "event": event(1, x=1)},
                    {"type": "event-delete", "eventId": "2"},
                    {"type": "new-event", "event": event(4)}])
                self.assertEqual(events[4].data, {"type": "events-update", "events": [
                    event(4), event(3), event(1, x=1)]})

    def test_then_it_goes_on(self):
        last = self.new_event(1)
        client = self.resume(last)
        self.assertEqual(client.next().type, "events-update")
        for number in range(2, 50):
            event_id = self.new_event(number)
            got = client.next()
            self.assertEqual((got.type, got.id), ("new-event", event_id))

    def test_by_the_id_of_a_view(self):
        self.new_event(1)
        with self.rivulet.follow("github-events", self.user) as client:
            last = client.next().id
        missed = self.new_event(2)
        client = self.resume(last)
        self.assertEqual(client.next().id, missed)
        self.assertEqual(client.next().type, "events-update")

    def test_by_an_id_of_another_stream(self):
        """Positions are those of one log: an id from any stream is as good."""
        last = self.publish({"type": "quota", "quota": {"used": 1, "remaining": 1}}, stream="quota")
        missed = self.new_event(1)
        self.assertEqual(self.resume(last).next().id, missed)

    def test_the_header_wins(self):
        first = self.new_event(1)
        second = self.new_event(2)
        client = self.follow("github-events", self.user, headers={"Last-Event-ID": second},
                             query=f"&lastEventId={first}")
        self.assertEqual(client.next().type, "events-update")

    def test_not_a_good_id(self):
        last = self.new_event(1)
        epoch, position = last.rsplit("-", 1)
        past = f"{epoch}-{int(position) + 1}"
        for bad in (past, f"{epoch}-18446744073709551615", f"{epoch}-18446744073709551616",
                    f"{epoch}-99999999999999999999999", f"x{epoch}-{position}", f"-{position}",
                    position, epoch, f"{epoch}-", f"{epoch}-+1", f"{epoch}--1", f"{epoch}-1.0",
                    f"{epoch}-0x1", f"{epoch}-{position}x", f"{epoch}-{position}-1",
                    f"{epoch.upper()}X-{position}", "null", "undefined", "0", "-", "x" * 4000, "é"):
            with self.subTest(id=bad[:40]):
                self.assert_afresh(self.resume(bad))
        self.assert_afresh(self.resume("%00", place="query"))
        self.assert_afresh(self.resume("", place="query"))

    def test_the_other_streams_begin_anew(self):
        last = self.publish({"type": "quota", "quota": {"used": 1, "remaining": 1}}, stream="quota")
        for stream, types in INITIAL.items():
            if stream != "github-events":
                with self.subTest(stream=stream):
                    client = self.resume(last, stream)
                    self.assertEqual([got.type for got in client.take(len(types))], types)

    def test_far_behind(self):
        """A long way to catch up, slice by slice, while more is published."""
        last = self.new_event(0)
        count = amount(5000, 1000)
        updates = [("github-events", {"type": "new-event", "event": event(
            number, body="x" * 1000)}, self.user) for number in range(1, count)]
        ids = self.publisher.publish_all(updates)
        client = self.resume(last)
        got = client.take(10)
        more = [self.new_event(count + number) for number in range(50)]
        got += client.until(lambda found: found.id == more[-1], "the last event")
        self.assertEqual([found.id for found in got if found.type == "new-event"], ids + more)


class ForEveryone(ResumeCase):
    def test_others_events_are_not_among_them(self):
        last = self.new_event(1)
        self.new_event(2, "somebody else")
        everyones = self.new_event(987654, None)
        own = self.new_event(3)
        client = self.resume(last)
        self.assertEqual([got.id for got in client.take(2)], [everyones, own])
        self.assertEqual(client.next().type, "events-update")


VOLATILE = {"durability": "none", "directory": None}


class Trimmed(ResumeCase):
    setting = {"config": {"hub": {"resume-events": 10}, "log": VOLATILE}}

    def test_older_than_what_is_kept(self):
        ids = [self.new_event(number) for number in range(30)]
        for last in ids[:19]:
            self.assert_afresh(self.resume(last))
        client = self.resume(ids[19])
        self.assertEqual([got.id for got in client.take(10)], ids[20:])
        self.assertEqual(client.next().type, "events-update")


class NothingKept(ResumeCase):
    setting = {"config": {"hub": {"resume-events": 0}, "log": VOLATILE}}

    def test_only_the_newest_id_is_covered(self):
        first = self.new_event(1)
        self.new_event(2)
        self.assert_afresh(self.resume(first))


class FromTheLog(ResumeCase):
    """What is not in memory any more."""

    setting = {"config": {"hub": {"resume-events": 10}}}

    def test_from_anywhere(self):
        ids = [self.new_event(number) for number in range(30)]
        for place, last in enumerate(ids):
            with self.resume(last) as client:
                self.assertEqual([got.id for got in client.take(29 - place)], ids[place + 1 :])
                self.assertEqual(client.next().type, "events-update")

    def test_then_it_goes_on(self):
        last = self.new_event(0)
        ids = [self.new_event(number) for number in range(1, 40)]
        client = self.resume(last)
        ids += [self.new_event(number) for number in range(40, 80)]
        taken = client.until(lambda got: got.id == ids[-1] and got.type == "new-event", "the last")
        self.assertEqual([got.id for got in taken if got.type == "new-event"], ids)

    def test_own_and_everyones(self):
        last = self.new_event(0)
        ids = [self.new_event(1), self.new_event(987655, None)]
        for number in range(2, 30):
            self.new_event(number, "somebody else")
        ids.append(self.new_event(30))
        client = self.resume(last)
        self.assertEqual([got.id for got in client.take(3)], ids)
        self.assertEqual(client.next().type, "events-update")

    def test_in_slices(self):
        """More than a slice has, at once for many clients."""
        last = self.new_event(0)
        count = amount(300)
        ids = [self.new_event(number, text="x" * 4000) for number in range(1, count)]
        clients = [self.resume(last) for _ in range(20)]
        for client in clients:
            self.assertEqual([got.id for got in client.take(count - 1)], ids)
            self.assertEqual(client.next().type, "events-update")


class Retained(FreshCase):
    setting = {"config": {"hub": {"resume-events": 5}, "log": {"retain-updates": 20}}}

    def test_older_than_what_is_kept(self):
        ids = [self.publisher.publish("github-events", {"type": "new-event", "event": event(number)})
               for number in range(40)]
        self.rivulet.daemon.stop()
        self.rivulet.start_again()
        fresh = self.resumes(ids[0])
        self.assertEqual(fresh, ["events"])
        wait_until(lambda: self.resumes(ids[18]) == ["events"], "what is too many to be trimmed")
        self.assertEqual(self.resumes(ids[19]), ids[20:])

    def resumes(self, last):
        """The positions that a client gets, or what it starts afresh by."""
        with self.rivulet.follow("github-events", headers={"Last-Event-ID": last}) as client:
            got = client.until(lambda event: event.type in ("events", "events-update"), "a list")
        epoch = last.rsplit("-", 1)[0]
        return [f"{epoch}-{one.position}" for one in got[:-1]] or [got[-1].type]


class AfterARestart(FreshCase):
    def test_an_id_of_an_earlier_epoch(self):
        """Good up to that epoch's end, after every start and stop, and after a crash."""
        first = self.publish(1)
        missed = []
        for number, end in enumerate(["stop", "kill", "stop"], 2):
            missed.append(self.publish(number))
            getattr(self.rivulet.daemon, end)()
            self.rivulet.start_again()
            with self.rivulet.follow("github-events", headers={"Last-Event-ID": first}) as client:
                events = client.take(len(missed) + 1)
            self.assertEqual([got.position for got in events[:-1]],
                             [int(one.rsplit("-", 1)[1]) for one in missed])
            self.assertEqual(events[-1].type, "events-update")
            self.assertNotEqual(events[0].epoch, first.rsplit("-", 1)[0])

    def test_past_the_end_of_its_epoch(self):
        last = self.publish(1)
        epoch, position = last.rsplit("-", 1)
        self.rivulet.daemon.stop()
        self.rivulet.start_again()
        for number in range(2, 5):
            self.publish(number)
        for past in range(1, 4):
            client = self.follow("github-events",
                                 headers={"Last-Event-ID": f"{epoch}-{int(position) + past}"})
            self.assertEqual(client.next().type, "events")

    def publish(self, number):
        return self.publisher.publish("github-events",
                                      {"type": "new-event", "event": event(number)})


class AnotherEpoch(FreshCase):
    def test_after_a_restart(self):
        with self.rivulet.follow("github-events") as client:
            before = client.next().id
        self.publisher.publish("github-events", {"type": "new-event", "event": event(1)})
        other = type(self)("test_after_a_restart")
        FreshCase.setUp(other)
        self.addCleanup(other.doCleanups)
        for number in range(3):
            other.publisher.publish("github-events", {"type": "new-event", "event": event(number)})
        client = other.follow("github-events", headers={"Last-Event-ID": before})
        self.assertEqual(client.next().type, "events")
        self.assertNotEqual(client.events[0].epoch, before.rsplit("-", 1)[0])
