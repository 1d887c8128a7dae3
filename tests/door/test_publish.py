# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publishing over HTTP: what is taken, as it is over D-Bus; who may not, and what is refused."""

import json
import re
import subprocess
import time

from gi.repository import GLib

import badupdates
import eventstream
import poster
import tokens
import wire
from cases import DaemonCase
from eventstream import INITIAL
from hostile import HostileCase, chunked, drip, final, read_to_end, send
from publisher import PUBLISHER, Refusal
from unchanged import GOOD
from waiting import Deadline

KIB = 1 << 10
STREAMS = list(INITIAL)
MOST = 200 * KIB
PUBLISHING = {"config": {"http": {"publish": "true", "cookie-name": "token"},
                         "hub": {"max-update-bytes": MOST}}}
OFF = {"config": {"http": {"cookie-name": "token"}}}
ORIGIN = "http://localhost:3000"


def quota(used, **more):
    return {"type": "quota", "quota": {"used": used, "remaining": 0}, **more}


def of_bytes(length, used=1):
    """A quota that has so many bytes as JSON."""
    empty = poster.body_of(quota(used, note=""))
    return poster.body_of(quota(used, note="x" * (length - len(empty))))


class Posting:
    """What all that publish here have in common."""

    def publisher_token(self, *streams, subject="writer", **claims):
        return self.rivulet.token(subject, publish=list(streams or STREAMS), **claims)

    def post(self, update, stream="quota", token=None, audience=None, **more):
        return poster.post(self.rivulet.address, stream, token or self.publisher_token(), update,
                           audience, **more)

    def used(self, subject="42"):
        with self.rivulet.follow("quota", subject) as client:
            return client.next().data["quota"]["used"]

    def assert_taken(self, response):
        self.assertEqual(response.status, 202, response.body)
        self.assertEqual(list(response.json()), ["id"])
        self.assertTrue(response.head.get("Content-Type").startswith("application/json"))
        self.assertEqual(response.head.get("Connection"), "close")
        return response.json()["id"]

    def assert_refused(self, response, status, message=None):
        self.assertEqual(response.status, status, response.body)
        body = response.json()
        self.assertEqual(list(body), ["statusCode", "message", "error"])
        self.assertEqual(body["statusCode"], status)
        if message is not None:
            self.assertEqual(body["message"], message)
        self.assertEqual(response.head.get("WWW-Authenticate"),
                         "Bearer" if status == 401 else None)
        return body["message"]


class Taken(Posting, HostileCase):
    setting = PUBLISHING

    def test_each_stream(self):
        for stream, update in [*GOOD, ("events-count", {"type": "count", "count": 7})]:
            for claim in stream, [stream], ["else", stream]:
                for prefix in "", "/api":
                    with self.subTest(stream=stream, claim=claim, prefix=prefix):
                        token = self.rivulet.token("writer", publish=claim)
                        self.assert_taken(self.post(update, stream, token, prefix=prefix))

    def test_the_id_is_that_of_the_event(self):
        with self.rivulet.follow("quota") as client:
            client.next()
            for used in range(5):
                identity = self.assert_taken(self.post(quota(used)))
                event = client.next_of("quota-update")
                self.assertEqual((event.id, event.data["quota"]["used"]), (identity, used))

    def test_what_curl_sends(self):
        """As in README.md: its Content-Type is a form's where it is not told another."""
        for number, arguments in enumerate([
                (), ("--http1.0",), ("--header", "Content-Type: application/json"),
                ("--header", "Content-Type:"), ("--header", "Transfer-Encoding: chunked"),
                ("--header", "Expect: 100-continue", "--expect100-timeout", "60")]):
            done = subprocess.run(
                ["curl", "--silent", "--show-error", "--fail", *arguments,
                 "--header", f"Authorization: Bearer {self.publisher_token('quota')}",
                 "--data", json.dumps(quota(number)),
                 f"http://{self.rivulet.address}/publish/quota?audience=curl"],
                capture_output=True, text=True, timeout=Deadline("curl").left(), check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(list(json.loads(done.stdout)), ["id"])
            self.assertEqual(self.used("curl"), number)

    def test_bodies_of_every_size(self):
        for length in 100, 64 * KIB, 64 * KIB + 1, MOST:
            for size in None, 1000, length:
                body = of_bytes(length, length)
                if size is None:
                    sent = poster.whole("quota", self.publisher_token(), body, "sizes")
                else:
                    sent = (poster.head("quota", self.publisher_token(),
                                        {"Transfer-Encoding": "chunked"}, "sizes")
                            + chunked(body, size))
                self.assert_taken(final(self.answer_to(sent)))
                self.assertEqual(self.used("sizes"), length)

    def test_byte_by_byte(self):
        sent = poster.whole("quota", self.publisher_token(), quota(77), "drip")
        with wire.connect(self.rivulet.address) as client:
            self.assertEqual(drip(client, sent, 0), len(sent))
            self.assert_taken(final(read_to_end(client)))
        self.assertEqual(self.used("drip"), 77)

    def test_told_to_go_on(self):
        body = poster.body_of(quota(78))
        with wire.connect(self.rivulet.address) as client:
            client.sendall(poster.head("quota", self.publisher_token(), {
                "Content-Length": str(len(body)), "Expect": "100-continue"}))
            told = wire.receive(client, Deadline("100 Continue"))
            self.assertEqual(told, b"HTTP/1.1 100 Continue\r\n\r\n")
            client.sendall(body)
            self.assert_taken(final(read_to_end(client)))

    def test_audiences(self):
        self.assert_taken(self.post(quota(1)))
        for number, user in enumerate(["ann", "a b+c&d=e?", "é%00", "x" * 1024, "%61nn"]):
            self.assert_taken(self.post(quota(100 + number), audience=user))
            self.assertEqual(self.used(user), 100 + number)
            self.assertEqual(self.used("somebody else"), 1)
        token = self.publisher_token()
        for query in "%61udience=4%332", "&audience=432&":
            sent = poster.whole("quota", token, quota(9)).replace(
                b"/quota ", f"/quota?{query} ".encode(), 1)
            self.assert_taken(final(self.answer_to(sent)))
            self.assertEqual((self.used("432"), self.used("42")), (9, 1))

    def test_a_publisher_follows_too(self):
        for claims in {}, {"streams": ["quota"]}:
            token = self.publisher_token("posts-stats", **claims)
            with eventstream.StreamClient(
                    self.rivulet.address, f"/quota/stream?token={token}") as client:
                self.assertEqual(client.next().type, "quota")
        self.assert_taken(self.post(GOOD[1][1], "posts-stats", token))
        response = self.rivulet.get(f"/github/posts/stats/stream?token={token}")
        self.assertEqual(response.status, 403)


class AsOverTheBus(Posting, DaemonCase):
    setting = PUBLISHING

    def state(self, user):
        found = {}
        for stream, types in INITIAL.items():
            with self.rivulet.follow(stream, user) as client:
                for event in client.take(len(types)):
                    text = re.sub(r'"received_at":"[^"]*"', "", event.text)
                    found[event.type] = text
        return found

    def test_the_same_state(self):
        updates = [*GOOD,
                   ("github-events", {"type": "event-update", "event": {
                       "delivery_id": "known", "status": "processed", "note": "é\u2028"}}),
                   ("posts-stats", {"type": "stats", "stats": {**badupdates.STATS, "drafts": 9}}),
                   ("posts-stats", {"type": "post", "post": {"id": 7, "status": "failed"}}),
                   ("github-events", {"type": "new-event", "event": {
                       **badupdates.EVENT, "delivery_id": "second"}}),
                   ("github-events", {"type": "event-delete", "eventId": "known"})]
        for stream, update in updates:
            self.publisher.publish(stream, update, "bus")
            self.assert_taken(self.post(update, stream, audience="http"))
            self.assertEqual(self.state("bus"), self.state("http"))

    def both(self, stream, update, audience):
        """What is said over D-Bus and over HTTP to a refused update: (name, message), response."""
        with self.assertRaises(Refusal) as caught:
            self.publisher.publish(stream, update, audience)
        return caught.exception, self.post(update, stream, self.publisher_token(stream), audience)

    def assert_same_refusal(self, name, stream, update, audience=None):
        refusal, response = self.both(stream, update, audience)
        self.assertEqual(refusal.name, name)
        self.assert_refused(response, poster.STATUS[name], refusal.message)

    def test_the_same_errors(self):
        before = self.state("42")
        for count, (stream, text, _) in enumerate(badupdates.shapes()):
            if count % 4 == 0 or text in badupdates.NOT_JSON:
                with self.subTest(stream=stream, text=text[:200]):
                    self.assert_same_refusal("InvalidUpdate", stream, text)
        for stream, update, _ in badupdates.UNKNOWN_IDS:
            self.assert_same_refusal("Refused", stream, update)
        for name in "nope", "revocations", "quot", "quota%20", "é".encode().hex(), "a" * 100:
            self.assert_same_refusal("UnknownStream", name, quota(1))
        for length in MOST + 1, 2 * MOST:
            self.assert_same_refusal("TooLarge", "quota", of_bytes(length).decode())
        for audience in "", "x" * 1025:
            self.assert_same_refusal("InvalidUpdate", "quota", quota(1), audience)
        self.assert_same_refusal("InvalidUpdate", "quota", quota(1, audience="42"))
        self.assertEqual(self.state("42"), before)

    def test_what_the_bus_cannot_carry(self):
        for body in b"\xff", b'{"type":"caf\xe9"}', poster.body_of(quota(1)) + b"\0", b"\0":
            self.assertIn("JSON", self.assert_refused(self.post(body), 400))


class Refused(Posting, HostileCase):
    """Whatever is refused, the well-behaved client sees nothing of it."""

    setting = PUBLISHING

    def setUp(self):
        super().setUp()
        self.position = self.publisher.stream_properties("quota")["Position"]

    def tearDown(self):
        self.assertEqual(self.publisher.stream_properties("quota")["Position"], self.position)
        super().tearDown()

    def refuse_at_once(self, sent, status, message=None):
        """Refused for its head alone: the body, which never comes, is not waited or asked for."""
        with wire.connect(self.rivulet.address) as client:
            client.sendall(sent)
            received = read_to_end(client)
            self.assertFalse(received.startswith(b"HTTP/1.1 100"))
            return self.assert_refused(final(received), status, message)

    def test_a_token_that_is_elsewhere(self):
        good = self.publisher_token()
        body = poster.body_of(quota(1))
        length = {"Content-Length": str(len(body))}
        for target, fields in [
                ("/publish/quota", {}), (f"/publish/quota?token={good}", {}),
                ("/publish/quota", {"Cookie": f"token={good}"}),
                ("/publish/quota", {"Cookie": f"token={good}", "Origin": ORIGIN}),
                ("/publish/quota", {"Cookie": f"token={good}", "Sec-Fetch-Site": "same-origin"}),
                ("/publish/quota", {"Authorization": ""}),
                ("/publish/quota", {"Authorization": "Bearer"}),
                ("/publish/quota", {"Authorization": f"Basic {good}"}),
                ("/publish/quota", {"X-Authorization": f"Bearer {good}"}),
                ("/publish/quota", {"Proxy-Authorization": f"Bearer {good}"})]:
            with self.subTest(fields=list(fields)):
                sent = wire.request_bytes(target, {**fields, **length}, "POST")
                self.assert_refused(final(self.answer_to(sent + body)), 401, "Token required")
        for sent in (wire.request_bytes("/publish/quota", {}, "POST"),
                     wire.request_bytes("/publish/nope?x", {"Content-Length": "1"}, "POST")):
            self.refuse_at_once(sent, 401, "Token required")

    def test_a_token_that_is_not_for_it(self):
        message = "The token is not for publishing to this stream"
        follower = self.rivulet.token("42")
        issued = self.rivulet.note(self.publisher.call(PUBLISHER, "IssueToken", GLib.Variant(
            "(sasu)", ("42", STREAMS, 60)))[0])
        for token in (follower, issued, self.publisher_token("posts-stats"),
                      self.publisher_token("quot"), self.publisher_token("*"),
                      self.rivulet.token(publish=[]), self.rivulet.token(publish=""),
                      self.rivulet.token(streams=["quota"]), self.rivulet.token(Publish="quota")):
            self.refuse_at_once(poster.head("quota", token, {"Content-Length": "5"}), 403, message)
            self.refuse_at_once(poster.head("quota", token, {
                "Transfer-Encoding": "chunked", "Expect": "100-continue"}), 403, message)
        for stream in "nope", "Quota", "quo%74a", "%71uota", "quota%2f":
            self.refuse_at_once(poster.head(stream, self.publisher_token(), {
                "Content-Length": "5"}), 403, message)

    def test_queries(self):
        token = self.publisher_token()
        unknown = "option: unknown; there is: audience"
        nobody = "audience: must be a user's name of 1 to 1024 bytes; leave it out for everyone"
        for query, message in [
                ("x", unknown), ("audience=42&x=1", unknown), ("Audience=42", unknown),
                ("audience%00=42", unknown), ("user=42", unknown), ("+audience=42", unknown),
                (f"token={token}", unknown), (token, unknown),
                ("audience=42&audience=43", "option audience: given twice"),
                ("audience=42&audience=42", "option audience: given twice"),
                ("audience", nobody), ("audience=", nobody), ("audience=%00", nobody),
                ("audience=4%002", nobody), ("audience=%ff", nobody),
                ("audience=" + "x" * 1025, nobody)]:
            with self.subTest(query=query[:20]):
                sent = poster.head("quota", token, {"Content-Length": "5"})
                sent = sent.replace(b"/quota ", f"/quota?{query} ".encode(), 1)
                self.refuse_at_once(sent, 400, message)

    def test_lengths(self):
        token = self.publisher_token()
        self.refuse_at_once(poster.head("quota", token, {}), 411)
        for length in MOST + 1, 10**30:
            said = min(length, 2**63 - 1)
            self.refuse_at_once(
                poster.head("quota", token, {"Content-Length": str(length)}), 413,
                f"the update has {said} bytes; at most {MOST} are taken (max-update-bytes)")
        with wire.connect(self.rivulet.address) as client:
            send(client, poster.head("quota", token, {"Transfer-Encoding": "chunked"})
                 + chunked(of_bytes(MOST + 1), 1000))
            self.assert_refused(final(read_to_end(client)), 413)

    def test_framings(self):
        token = self.publisher_token()
        both = {"Transfer-Encoding": "chunked", "Content-Length": "5"}
        twice = poster.head("quota", token, {"Content-Length": "5"}).replace(
            b"Authorization", b"Authorization: Bearer x\r\nAuthorization")
        for sent, status in [(poster.head("quota", token, both), 400), (twice, 400),
                             (poster.head("quota", token, {"Expect": "x"}), 417)]:
            self.refuse_at_once(sent, status)
        broken = poster.head("quota", token, {"Transfer-Encoding": "chunked"}) + b"x\r\n"
        self.assert_refused(final(self.answer_to(broken)), 400)

    def test_half_a_body(self):
        sent = poster.whole("quota", self.publisher_token(), quota(99))
        self.assertEqual(self.answer_to(sent[:-1], half_close=True), b"")

    def test_methods(self):
        for method in "GET", "HEAD", "PUT", "PATCH", "DELETE", "post":
            response = self.rivulet.get("/publish/quota", {
                "Authorization": f"Bearer {self.publisher_token()}"}, method)
            self.assertEqual((response.status, response.head.get("Allow")), (405, "OPTIONS, POST"))

    def test_paths(self):
        token = {"Authorization": f"Bearer {self.publisher_token()}"}
        for path in ("/publish", "/publish/", "/publish/quota/", "//publish/quota", "/Publish/quota",
                     "/%70ublish/quota", "/x/publish/quota", "/api/api/publish/quota",
                     "/publish//quota", "/apipublish/quota"):
            response = self.rivulet.get(path, token, "POST", body=poster.body_of(quota(1)))
            self.assert_refused(response, 404, "Not found")


class NotValid(Posting, DaemonCase):
    setting = PUBLISHING

    def test_why_is_told_in_the_log_alone(self):
        now = int(time.time())
        claims = {"sub": "writer", "iat": now, "exp": now + 600, "publish": "quota"}

        def sign(**changes):
            return tokens.sign(self.rivulet.secret.bytes, {**claims, **changes})

        bad = [("three parts", "x"), ("has expired", sign(exp=now - 1)),
               ("not valid yet", sign(nbf=now + 500)), ("has an aud", sign(aud="other")),
               ("signature is wrong", tokens.sign(b"another secret, which is long enough", claims)),
               ("algorithm", tokens.sign_parts(b"", tokens.compact({"alg": "none"}),
                                               tokens.compact(claims)))]
        shapes = [None, True, 7, {}, {"quota": 1}, ["quota", None], [["quota"]], ["quota"] * 65]
        bad += [("publish is neither a text nor an array of at most 64 texts", sign(publish=shape))
                for shape in shapes]
        for number, (why, token) in enumerate(bad):
            start = len(self.rivulet.daemon.lines)
            response = self.post(quota(1), token=self.rivulet.note(token))
            self.assert_refused(response, 401, "Invalid token")
            self.rivulet.daemon.wait_for_line(f"a token was refused: it.*{why}", start=start)
            self.assertEqual(self.publisher.server_properties()["TokensRefused"], number + 1)
        self.assertEqual(self.used(), 0)


class Rationed(Posting, DaemonCase):
    setting = PUBLISHING

    def test_it_is_not_told_too_often(self):
        for _ in range(60):
            self.assert_refused(self.post(quota(1), token="x.y.z"), 401)
        self.assertLessEqual(self.rivulet.daemon.said().count("a token was refused"), 41)


class Pages(Posting, DaemonCase):
    """A page of an allowed origin may publish with fetch(), and hear what came of it."""

    setting = PUBLISHING

    def fields_of(self, head):
        return {name.removeprefix("Access-Control-Allow-"): value for name, value in head.fields
                if name.startswith("Access-Control-")}

    def test_preflight(self):
        for origin, answered in (ORIGIN, ORIGIN), ("https://stranger.example", ORIGIN):
            for path in "/publish/quota", "/api/publish/quota", "/publish/nope":
                head = self.rivulet.get(path, {
                    "Origin": origin, "Access-Control-Request-Method": "POST",
                    "Access-Control-Request-Headers": "authorization,content-type"}, "OPTIONS").head
                self.assertEqual(head.status, 204)
                self.assertEqual(self.fields_of(head), {
                    "Origin": answered, "Credentials": "true", "Methods": "POST",
                    "Headers": "Content-Type, Authorization"})

    def test_streams_stay_for_following(self):
        head = self.rivulet.get("/quota/stream", {"Origin": ORIGIN}, "OPTIONS").head
        self.assertEqual(self.fields_of(head)["Methods"], "GET")

    def test_answers(self):
        good = self.publisher_token()
        for update, token, stream, status in [
                (quota(1), good, "quota", 202), (quota(-1), good, "quota", 400),
                (b"x" * (MOST + 1), good, "quota", 413), (quota(1), "x", "quota", 401),
                ({"type": "post-delete", "postId": "?"}, good, "posts-stats", 409),
                (quota(1), self.rivulet.token(), "quota", 403)]:
            response = self.post(update, stream, token, fields={"Origin": ORIGIN})
            self.assertEqual(response.status, status)
            self.assertEqual(self.fields_of(response.head)["Origin"], ORIGIN)
            self.assertEqual(self.fields_of(response.head)["Methods"], "POST")
            self.assertEqual(response.head.get("Vary"), "Origin")


class Off(Posting, DaemonCase):
    setting = OFF

    def test_nothing_tells_that_there_is_such_a_thing(self):
        for method in "POST", "OPTIONS", "GET", "PUT":
            for prefix in "", "/api":
                heads = set()
                for path in "/publish/quota", "/publish/nope", "/anything/else":
                    body = poster.body_of(quota(1)) if method in ("POST", "PUT") else None
                    response = self.rivulet.get(
                        prefix + path, {"Authorization": f"Bearer {self.publisher_token()}"},
                        method, body=body)
                    self.assert_refused(response, 404, "Not found")
                    self.assertEqual(response.head.get("Access-Control-Allow-Methods"), "GET")
                    heads.add((re.sub(rb"Date: [^\r]*", b"", response.head.raw), response.body))
                self.assertEqual(len(heads), 1, heads)
        self.assertEqual(self.used(), 0)
