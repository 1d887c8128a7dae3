# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nothing that an update or a webhook holds breaks the framing of a stream, byte for byte."""

import re

from gi.repository import GLib

import webhook
from cases import DaemonCase
from eventstream import APPENDED, INITIAL
from publisher import Refusal

# What would end a line, an event, a chunk or a response, were it sent as it stands; what some take
# for the end of a line; and what the framing itself is made of.
HOSTILE = [
    "\n", "\r", "\r\n", "\n\n", "\r\r", "\ndata: x", "\r\n\r\n",
    "\n\nid: 7\nevent: quota\ndata: {}\n\n", "\nid: 7", "\nevent: forged", "\nretry: 1", "\n: x",
    "\r\n0\r\n\r\n", "\r\n5\r\nhello\r\n", "id:", "event:", "data: x", ":", "\u2028", "\u2029",
    "\u0085", "\v\f", "\x1c\x1d\x1e\x1f", "\x01\x1b[2J", "\x7f", "\u200b\u202e\ufeff",
    "\ufffe\uffff", "'\"\\/{}[],", "</script>", "é😀",
]
# All that a stream is: events of three lines, the time to wait and heartbeats.
FRAMING = re.compile(
    rb"(?:id: [!-~]+\nevent: [a-z-]+\ndata: \{[^\x00-\x1f\x7f]+\}\n\n"
    rb"|retry: [0-9]+\n\n|:[ a-z]*\n\n)*")
CONTROL = re.compile("[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029]")


def post(text, **more):
    return {"id": text, "status": "draft", text + "?": {text: [text]}, **more}


def event(text, **more):
    return {"delivery_id": text, "event": text, "repo_full_name": text, "status": text,
            text + "?": {text: [text]}, "received_at": "2024-01-01T00:00:00Z", **more}


class Breaking(DaemonCase):
    def assert_framing(self, client):
        body = client.raw.partition(b"\r\n\r\n")[2]
        if client.chunks is not None:
            self.assertEqual(client.chunks.buffer, b"")
            body = b"".join(client.chunks.chunks)
            # A line break outside of a chunk is the chunk's own.
            self.assertEqual(len(client.raw.partition(b"\r\n\r\n")[2]), len(body) + sum(
                len(f"{len(chunk):x}\r\n\r\n") for chunk in client.chunks.chunks))
        self.assertTrue(FRAMING.fullmatch(body), body[-1000:])
        self.assertEqual(len(re.findall(rb"^data: ", body, re.MULTILINE)), len(client.events))

    def follow_both(self, stream, user):
        """A client that gets chunks and one that gets none, both past the first events."""
        clients = [self.follow(stream, user), self.follow(stream, user, version="1.0")]
        for client in clients:
            client.take(len(INITIAL[stream]))
        return clients

    def push(self, clients, stream, update, wanted, user="user"):
        """Publishes it; each client then gets an event with that data."""
        self.publisher.publish(stream, update, user)
        for client in clients:
            if wanted["type"] in APPENDED:
                self.assertEqual(client.next_of(wanted["type"]).data, wanted)
            else:  # of a view, one from before may come first
                client.until(lambda event: event.data == wanted, f"{wanted}")

    def test_github_events(self):
        clients = self.follow_both("github-events", "user")
        for text in HOSTILE:
            with self.subTest(text=text):
                changed = event(text, status=text + text)
                self.push(clients, "github-events", {"type": "new-event", "event": event(text)},
                          {"type": "new-event", "event": event(text)})
                self.push(clients, "github-events", {"type": "event-update", "event": {
                    "delivery_id": text, "status": text + text}},
                          {"type": "event-update", "event": changed})
                self.push(clients, "github-events", {"type": "event-delete", "eventId": text},
                          {"type": "event-delete", "eventId": text})
                self.push(clients, "github-events", {"type": "events", "events": [event(text)]},
                          {"type": "events-update", "events": [event(text)]})
                with self.rivulet.follow("github-events", "user") as late:
                    self.assertEqual(late.next().data, {"type": "events", "events": [event(text)]})
                    self.assert_framing(late)
        for client in clients:
            self.assert_framing(client)

    def test_resuming(self):
        """What a client missed comes from where it is kept."""
        client = self.follow("github-events", "again")
        begin = client.next().id
        for text in HOSTILE:
            self.publisher.publish("github-events", {"type": "new-event", "event": event(text)},
                                   "again")
        client.take(len(HOSTILE))
        for version in "1.1", "1.0":
            late = self.follow("github-events", "again", headers={"Last-Event-ID": begin},
                               version=version)
            self.assertEqual([item.data["event"] for item in late.take(len(HOSTILE))],
                             [event(text) for text in HOSTILE])
            self.assertEqual(late.next().type, "events-update")
            self.assert_framing(late)

    def test_posts_stats(self):
        clients = self.follow_both("posts-stats", "user")
        none = {"drafts": [], "ready": [], "scheduled": [], "published": [], "failed": []}
        for text in HOSTILE:
            with self.subTest(text=text):
                full = {**none, "drafts": [post(text)]}
                for update, lists in [
                        ({"type": "post", "post": post(text)}, full),
                        ({"type": "post-delete", "postId": text}, none),
                        ({"type": "posts-by-status", "postsByStatus": full}, full),
                        ({"type": "posts-by-status", "postsByStatus": none}, none)]:
                    self.push(clients, "posts-stats", update,
                              {"type": "posts-update", "postsByStatus": lists})
        for client in clients:
            self.assert_framing(client)

    def test_quota_and_count(self):
        quotas = self.follow_both("quota", "user")
        counts = self.follow_both("events-count", "user")
        for number, text in enumerate(HOSTILE):
            with self.subTest(text=text):
                quota = {"used": number, "remaining": 0, text: {text: [text]}}
                self.push(quotas, "quota", {"type": "quota", "quota": quota, text: text},
                          {"type": "quota-update", "quota": quota})
                self.push(counts, "events-count", {"type": "count", "count": number, text: text},
                          {"type": "count", "count": number})
        for client in quotas + counts:
            self.assert_framing(client)

    def test_audiences(self):
        for number, text in enumerate(HOSTILE):
            with self.subTest(text=text):
                for stream, update, wanted in [
                        ("github-events", {"type": "new-event", "event": event("1")},
                         {"type": "new-event", "event": event("1")}),
                        ("quota", {"type": "quota", "quota": {"used": number, "remaining": 0}},
                         {"type": "quota-update", "quota": {"used": number, "remaining": 0}})]:
                    with self.rivulet.follow(stream, text) as client:
                        client.next()
                        self.push([client], stream, update, wanted, text)
                        self.assert_framing(client)

    def test_the_webhook(self):
        clients = self.follow_both("github-events", "user")
        for number, text in enumerate(HOSTILE):
            with self.subTest(text=text):
                payload = {"action": text, "sender": {"login": text}, text: text,
                           "repository": {"full_name": text}}
                response = webhook.post(
                    self.rivulet.address, self.rivulet.hook_secret.bytes, "push",
                    f"hostile-{number}", payload, form=number % 2 == 1)
                self.assertEqual(response.status, 202, response.body)
                for client in clients:
                    got = client.next_of("new-event").data["event"]
                    self.assertEqual((got["action"], got["sender"], got["repo_full_name"]),
                                     (text, text, text))
        for client in clients:
            self.assert_framing(client)

    def test_no_message_has_a_line_break(self):
        """What is refused is told in one line, whatever it is called."""
        for text in HOSTILE:
            for stream, update in [
                    (text, {"type": "quota"}), ("quota", {"type": text}),
                    ("posts-stats", {"type": "stats", "stats": {text: 1}}),
                    ("posts-stats", {"type": "post", "post": {"id": text, "status": text}}),
                    ("github-events", {"type": "event-delete", "eventId": "?" + text}),
                    ("github-events", {"type": "new-event", "event": {text: text}})]:
                with self.subTest(stream=stream, update=update):
                    with self.assertRaises(Refusal) as caught:
                        self.publisher.publish(stream, update, "user")
                    self.assertNotRegex(caught.exception.message, CONTROL)
            with self.assertRaises(Refusal) as caught:
                self.publisher.publish("quota", {"type": "quota"}, options={
                    text: GLib.Variant("s", text)})
            self.assertNotRegex(caught.exception.message, CONTROL)
