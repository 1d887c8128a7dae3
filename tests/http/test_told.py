# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the log says of clients: nothing, unless they miss something."""

import re

import poster
import webhook
from cases import DaemonCase
from wire import Ended

AFRESH = "starts afresh"


def event(number, text="push"):
    return ("github-events", {"type": "new-event", "event": {
        "delivery_id": str(number), "event": text, "repo_full_name": "a/b"}})


class Told(DaemonCase):
    def said(self):
        return self.rivulet.daemon.said(self.said_before)

    def wait_said(self, text, count=1):
        self.rivulet.daemon.wait_for_line(text, count, self.said_before)

    def come(self, user, stream="github-events", **more):
        with self.rivulet.follow(stream, user, **more) as client:
            client.next()

    def test_who_comes_back_too_late(self):
        self.come("jo", headers={"Last-Event-ID": "long-1"})
        self.wait_said(r"github-events: a client of “jo” starts afresh, .*, at position \d+$")

    def test_who_comes_and_goes(self):
        event_id = self.publisher.publish(*event("one"))
        self.come("jo")
        self.come("jo", headers={"Last-Event-ID": event_id})
        self.come("jo", "quota", headers={"Last-Event-ID": "long-1"})
        self.publisher.wait_clients("github-events", 0)
        self.come("li", headers={"Last-Event-ID": "long-1"})
        self.wait_said("“li”")
        self.assertNotIn("“jo”", self.said())


class Slow(DaemonCase):
    setting = {"config": {"clients": {"queue-bytes": "16384"}}}

    def test_who_reads_too_slowly(self):
        client = self.follow("github-events", "jo\u202e", receive_buffer=4096)
        client.next()
        self.publisher.publish_all([event(number, "x" * 15000) for number in range(500)])
        self.rivulet.daemon.wait_for_line(
            r"github-events: a client of “jo\\u202e” was closed, as it reads too slowly, at position")
        with self.assertRaises(Ended):
            client.take(501)


class Many(DaemonCase):
    def test_they_do_not_fill_the_log(self):
        for number in range(40):
            with self.rivulet.follow("github-events", f"jo-{number}",
                                     headers={"Last-Event-ID": "long-1"}) as client:
                client.next()
        self.publisher.wait_clients("github-events", 0)
        self.assertIn(self.rivulet.daemon.said().count(AFRESH), range(20, 40))


class Posted(DaemonCase):
    """Who published over HTTP, by the token, or by where it was posted to."""

    setting = {"config": {"http": {"publish": "true"}, "hub": {"log-accepted": "true"}}}

    def post(self, update, status, audience=None, subject="jo"):
        token = self.rivulet.token(subject, publish=["quota", "github-events"])
        stream = "quota" if update["type"] == "quota" else "github-events"
        response = poster.post(self.rivulet.address, stream, token, update, audience)
        self.assertEqual(response.status, status, response.body)
        return response.json()

    def wait_said(self, text):
        self.rivulet.daemon.wait_for_line(re.escape(text), 1, self.said_before)

    def test_accepted(self):
        answer = self.post({"type": "quota", "quota": {"used": 1, "remaining": 0}}, 202, "li")
        self.wait_said(f"quota: an update for li was accepted as {answer['id']}, "
                       "by the token of “jo”")

    def test_refused_for_its_shape(self):
        answer = self.post({"type": "quota", "quota": {"used": -1, "remaining": 0}}, 400)
        self.wait_said(f"quota: an update was refused: {answer['message']}, by the token of “jo”")

    def test_refused_for_what_it_changes(self):
        answer = self.post({"type": "event-delete", "eventId": "never"}, 409, subject="li")
        self.wait_said(f"github-events: an update was refused: {answer['message']}, "
                       "by the token of “li”")

    def test_refused_before_its_body(self):
        answer = self.post({"type": "quota", "quota": {"used": 1, "remaining": 0}}, 400, "")
        self.wait_said(f"quota: an update was refused: {answer['message']}, by the token of “jo”")

    def test_a_webhook(self):
        answer = webhook.post(self.rivulet.address, self.rivulet.hook_secret.bytes, "push", "1",
                              {"repository": {"full_name": "a/b"}})
        self.assertEqual(answer.status, 202)
        self.wait_said(f"github-events: an update was accepted as {answer.json()['id']}, "
                       "by who posts to /github/webhook")
