# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several streams on one connection: each as on its own path, but for the names before its types."""

import itertools
import os
import re
import shutil
import tempfile
import unittest

from gi.repository import GLib

import wire
from cases import DaemonCase, FreshCase, Setting
from daemon import PLUGINS
from eventstream import INITIAL, StreamClient, combined_query, part
from metrics import Metrics
from publisher import MANAGER
from waiting import Deadline, wait_until

STREAMS = list(INITIAL)


def event(number, **members):
    return {"delivery_id": str(number), "event": "push", "repo_full_name": "user/repo",
            "status": "pending", "received_at": f"2024-01-01T00:00:{number % 60:02}Z", **members}


def quota(used):
    return {"type": "quota", "quota": {"used": used, "remaining": 1}}


def initial(streams):
    return [(stream, event_type) for stream in streams for event_type in INITIAL[stream]]


def told(events):
    return [(event.stream, event.type) for event in events]


class Format(DaemonCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.publisher.publish("github-events", {"type": "new-event", "event": event(1)})
        cls.publisher.publish("quota", quota(3))
        cls.publisher.publish("quota", quota(4), "42")
        cls.publisher.publish("posts-stats", {"type": "post", "post": {"id": 1, "status": "draft"}})

    def body(self, client, count):
        """The bytes of so many first events, without `retry:`."""
        client.take(count)
        raw = client.raw.partition(b"\r\n\r\n")[2]
        body = wire.Chunks().feed(raw)
        return body.partition(b"\n\n")[2]

    def expected(self, alone, streams):
        """What comes before the first of `github-events`, which alone can be resumed, has a zero
        before its position, and cannot be."""
        bodies = [alone[stream] for stream in streams]
        if "github-events" in streams:
            for place in range(streams.index("github-events")):
                bodies[place] = re.sub(rb"^(id: .*-)", rb"\g<1>0", bodies[place], flags=re.MULTILINE)
        return b"".join(bodies)

    def test_each_as_on_its_own_path(self):
        """Byte for byte, in the order asked for: all of two to four, and one alone."""
        alone = {}
        for stream in STREAMS:
            body = self.body(self.follow(stream), len(INITIAL[stream]))
            alone[stream] = body.replace(b"\nevent: ", f"\nevent: {stream}/".encode())
        for length in range(1, 5):
            for streams in itertools.permutations(STREAMS, length):
                with self.subTest(streams=streams):
                    count = len(initial(streams))
                    with self.rivulet.follow_several(streams) as client:
                        self.assertEqual(self.body(client, count), self.expected(alone, streams))
                        self.assertEqual(told(client.events), initial(streams))
                        self.assertEqual(len(client.parser.retries), 1)

    def test_the_head_is_that_of_a_stream(self):
        several = self.follow_several(STREAMS).read_head()
        single = self.follow("quota").read_head()
        self.assertEqual(vars(several), vars(single))

    def test_http_1_0(self):
        client = self.follow_several(["quota", "events-count"], version="1.0")
        self.assertEqual(told(client.take(2)), initial(["quota", "events-count"]))
        self.assertFalse(client.head.chunked)
        for used in range(10, 20):
            self.publisher.publish("quota", quota(used), "42")
            client.until(lambda got, used=used: got.data.get("quota", {}).get("used") == used,
                         "the newest")
        self.publisher.publish("quota", quota(4), "42")

    def test_base_paths_and_wherever_the_token_is(self):
        token = self.rivulet.token()
        query = combined_query(["quota", "events-count"])
        for target, headers in ((f"/api/streams?token={token}{query}", {}),
                                (f"/streams?{query}", {"Authorization": f"Bearer {token}"}),
                                (f"/streams?{query[1:]}&token={token}", {"Authorization": "Basic x"})):
            with self.subTest(target=target):
                with StreamClient(self.rivulet.address, target, headers) as client:
                    self.assertEqual(told(client.take(2)), initial(["quota", "events-count"]))

    def test_preflight_and_methods(self):
        for path in "/streams", "/api/streams":
            answer = self.rivulet.get(path, {"Origin": "http://localhost:3000",
                                             "Access-Control-Request-Method": "GET"}, "OPTIONS")
            self.assertEqual(answer.status, 204)
            self.assertEqual(answer.head.get("Access-Control-Allow-Methods"), "GET")
            for method in "HEAD", "POST", "PUT", "DELETE":
                with self.subTest(path=path, method=method):
                    refused = self.rivulet.get(path + "?stream=quota", {"Content-Length": "0"}
                                               if method in ("POST", "PUT") else {}, method)
                    self.assertEqual(refused.status, 405)
                    self.assertEqual(refused.head.get("Allow"), "GET, OPTIONS")


class Refused(DaemonCase):
    def answer(self, query, token=None, **headers):
        token = token or self.rivulet.token()
        return self.rivulet.get(f"/streams?token={token}{query}", headers)

    def assert_answer(self, answer, status, text):
        self.assertEqual(answer.status, status)
        self.assertEqual(answer.json()["statusCode"], status)
        self.assertIn(text, answer.json()["message"])
        self.assertIsNotNone(answer.head.get("Access-Control-Allow-Origin"))
        self.assertEqual(self.publisher.stream_properties("quota")["Clients"], 0)

    def test_names(self):
        many = "".join(f"&stream=s{number}" for number in range(17))
        for query, text in (("", "names none"), ("&stream=", "names none"),
                            ("&stream", "names none"), ("&stream=quota&stream=%00", "names none"),
                            ("&stream=quota&stream=quota", "names one twice"),
                            ("&stream=quota&stream=quot%61", "names one twice"),
                            (many, "names too many"), ("&streams=quota", "names none")):
            with self.subTest(query=query):
                self.assert_answer(self.answer(query), 400, text)

    def test_unknown(self):
        for name in "nothing", "Quota", "quota%20", "revocations", "x" * 1000, "%22%C3%A9%0A", "quota,":
            with self.subTest(name=name):
                self.assert_answer(self.answer(f"&stream=quota&stream={name}"), 404,
                                   "There is no stream named “")
        self.assertIn("“nothing”", self.answer("&stream=nothing").json()["message"])

    def test_tokens(self):
        both = "&stream=quota&stream=events-count"
        for streams, status in ((["quota", "events-count"], 200), (["quota"], 403), ([], 403),
                                (["events-count", "posts-stats"], 403)):
            token = self.rivulet.token(streams=streams)
            with self.subTest(streams=streams):
                if status == 403:
                    missing = "quota" if "quota" not in streams else "events-count"
                    self.assert_answer(self.answer(both, token), 403, missing)
                else:
                    target = f"/streams?token={token}{both}"
                    with StreamClient(self.rivulet.address, target) as client:
                        client.take(2)
                    self.publisher.wait_clients("quota", 0)
        self.assert_answer(self.answer(both, "nonsense"), 401, "Invalid token")
        self.assert_answer(self.rivulet.get("/streams?stream=quota"), 401, "Token required")


class Disabled(unittest.TestCase):
    def test_is_named(self):
        folder = tempfile.mkdtemp(prefix="rivulet-plugins-")
        self.addCleanup(shutil.rmtree, folder)
        for name in os.listdir(PLUGINS):
            if name.endswith(".so"):
                os.symlink(os.path.join(PLUGINS, name), os.path.join(folder, name))
        with open(os.path.join(folder, "broken.so"), "wb"):
            pass
        rivulet = Setting(plugins=folder)
        self.addCleanup(rivulet.stop)
        rivulet.daemon.expect("broken.so: disabled")
        answer = rivulet.get(f"/streams?token={rivulet.token()}&stream=quota&stream=broken")
        self.assertEqual(answer.status, 404)
        self.assertEqual(answer.json()["message"], "The stream “broken” is disabled")


class Orders(DaemonCase):
    def test_each_gets_its_own(self):
        """Those that differ in order alone are one combination."""
        one = self.follow_several(["quota", "events-count"])
        other = self.follow_several(["events-count", "quota"])
        self.assertEqual(told(one.take(2)), initial(["quota", "events-count"]))
        self.assertEqual(told(other.take(2)), initial(["events-count", "quota"]))
        self.publisher.publish("quota", quota(1))
        self.assertEqual(told([one.next(), other.next()]), [("quota", "quota-update")] * 2)


class Audiences(DaemonCase):
    setting = {"config": {"hub": {"conflate-ms": 0}}}

    def test_own_in_one_and_everyones_in_the_other(self):
        self.publisher.publish("quota", quota(5))
        self.publisher.publish("quota", quota(6), "ann")
        ann, bob = self.follow_several(STREAMS, "ann"), self.follow_several(STREAMS, "bob")
        for client, used in (ann, 6), (bob, 5):
            events = client.take(len(initial(STREAMS)))
            self.assertEqual(part(events, "quota")[0].data["quota"]["used"], used)
        self.publisher.publish("quota", quota(7))
        self.publisher.publish("quota", quota(8), "bob")
        self.publisher.publish("github-events", {"type": "new-event", "event": event(1)}, "ann")
        self.publisher.publish("github-events", {"type": "new-event", "event": event(2)})
        for client, used, numbers in (ann, [], ["1", "2"]), (bob, [7, 8], ["2"]):
            events = client.until(lambda got: got.type == "new-event"
                                  and got.data["event"]["delivery_id"] == "2", "the last")
            got = [one.data["quota"]["used"] for one in part(events, "quota")]
            self.assertEqual([one for one in got if one != 6], used)
            self.assertEqual([one.data["event"]["delivery_id"] for one in events
                              if one.type == "new-event"], numbers)


class Counted(FreshCase):
    setting = {"config": {"operators": {"listen": "127.0.0.1:0"},
                          "http": {"max-connections-per-user": 3}}}

    def clients(self):
        return {stream: self.publisher.stream_properties(stream)["Clients"] for stream in STREAMS}

    def listed(self, stream):
        rows = self.publisher.call(MANAGER, "ListClients", GLib.Variant("(su)", (stream, 0)))[0]
        return sorted(row[0] for row in rows)

    def left(self):
        answer = wire.request(self.operators, "/metrics")
        return {stream: Metrics(answer.body.decode()).by("rivulet_clients_left_total", "reason",
                                                         stream=stream) for stream in STREAMS}

    def test_in_each_of_its_streams(self):
        self.operators = self.rivulet.daemon.wait_for_operators()[0]
        one = self.follow_several(["quota", "events-count"], "ann")
        two = self.follow_several(["quota", "posts-stats"], "bob")
        single = self.follow("quota", "eve")
        expiring = self.rivulet.token("dan", lifetime=2)
        three = StreamClient(self.rivulet.address, f"/streams?token={expiring}&stream=quota"
                             "&stream=posts-stats")
        self.addCleanup(three.close)
        for client in one, two, single, three:
            client.next()
        self.assertEqual(self.clients(), {"github-events": 0, "posts-stats": 2, "quota": 4,
                                          "events-count": 1})
        self.assertEqual(self.listed("quota"), ["ann", "bob", "dan", "eve"])
        self.assertEqual(self.listed("posts-stats"), ["bob", "dan"])
        self.assertEqual(self.listed("github-events"), [])

        self.publisher.call(MANAGER, "Revoke", GLib.Variant("(s)", ("ann",)))
        one.rest()
        two.close()
        three.rest()
        self.publisher.wait_clients("quota", 1)
        wait_until(lambda: self.left() == {
            "github-events": {}, "quota": {"revoked": 1, "gone": 1, "expired": 1},
            "posts-stats": {"gone": 1, "expired": 1}, "events-count": {"revoked": 1}}, "the counts")
        self.assertTrue(one.raw.endswith(b"0\r\n\r\n"))
        self.assertTrue(three.raw.endswith(b"0\r\n\r\n"))

    def test_as_one_connection(self):
        clients = [self.follow_several(STREAMS) for _ in range(3)]
        for client in clients:
            client.take(len(initial(STREAMS)))
        late = self.follow_several(STREAMS)
        self.assertEqual(late.rest(), [])
        self.assertEqual(late.head.status, 200)
        self.assertGreaterEqual(late.parser.retries[0], 5000)
        self.assertEqual(self.publisher.server_properties()["Connections"], 3)
        clients[0].reset()
        wait_until(lambda: self.publisher.server_properties()["Connections"] == 2, "room")
        self.follow_several(STREAMS).take(len(initial(STREAMS)))


class Ended(FreshCase):
    def test_a_proper_end_after_retry(self):
        clients = [self.follow_several(streams) for streams in
                   itertools.combinations(STREAMS, 2)]
        for client in clients:
            client.next()
        self.rivulet.daemon.stop()
        for client in clients:
            client.rest()
            self.assertTrue(client.raw.endswith(b"0\r\n\r\n"))
            self.assertEqual(len(client.parser.retries), 2)


class Idle(DaemonCase):
    setting = {"config": {"clients": {"heartbeat-ms": 200}}}

    def test_heartbeats(self):
        client = self.follow_several(STREAMS)
        deadline = Deadline("heartbeats")
        while client.parser.comments < 3:
            self.assertTrue(client.read(deadline))


class SlowClient(FreshCase):
    setting = {"config": {"clients": {"queue-bytes": 16384}}}

    def test_overflow_closes_that_one_only(self):
        """It resumes all its streams by the last id that it has."""
        streams = ["github-events", "quota"]
        slow = self.follow_several(streams, receive_buffer=4096)
        quick = self.follow_several(streams)
        slow.take(2)
        quick.take(2)
        published = []
        for number in range(4000):
            update = {"type": "new-event", "event": event(number, body="x" * 12000)}
            published.append(self.publisher.publish("github-events", update))
            self.publisher.publish("quota", quota(number))
            quick.until(lambda got: got.id == published[-1], "the event")
            if number % 20 == 0 and self.publisher.stream_properties("quota")["Clients"] == 1:
                break
        for stream in streams:
            self.publisher.wait_clients(stream, 1)
            self.assertEqual(self.publisher.stream_properties(stream)["Dropped"], 1)
        slow.rest()
        got = [one.id for one in slow.events if one.type == "new-event"]
        self.assertEqual(got, published[: len(got)], "a beginning without a gap")
        self.assertLess(len(got), len(published))
        last = slow.events[-1].id
        resumed = self.follow_several(streams, headers={"Last-Event-ID": last})
        events = resumed.until(lambda found: found.type == "quota", "the quota")
        self.assertEqual([one.id for one in events if one.type == "new-event"],
                         published[len(got) :])
        self.assertEqual(told(events[-2:]), [("github-events", "events-update"),
                                             ("quota", "quota")])
        self.assertEqual(events[-1].data["quota"]["used"], number)

    def test_newer_views_take_the_place_of_older_ones(self):
        slow = self.follow_several(["quota", "events-count"], receive_buffer=4096)
        slow.take(2)
        filler = "x" * 8000
        for used in range(600):
            update = quota(used)
            update["quota"]["filler"] = filler
            self.publisher.publish("quota", update)
            self.publisher.publish("events-count", {"type": "count", "count": used})
        self.assertEqual(self.publisher.stream_properties("quota")["Clients"], 1)
        seen = {"quota": [], "count": []}
        while seen["quota"][-1:] != [599] or seen["count"][-1:] != [599]:
            got = slow.next("the newest")
            value = got.data["count"] if got.type == "count" else got.data["quota"]["used"]
            seen["count" if got.type == "count" else "quota"].append(value)
        self.assertEqual(seen["quota"], sorted(set(seen["quota"])))
        self.assertEqual(seen["count"], sorted(set(seen["count"])))
        self.assertLess(len(seen["quota"]), 600)
