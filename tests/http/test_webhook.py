# SPDX-License-Identifier: LGPL-2.1-or-later
"""GitHub's webhook: who may deliver, what is taken, and what is refused with which reason."""

import json
import urllib.parse

import webhook
import wire
from cases import DaemonCase
from waiting import Deadline

MIB = 1 << 20
PUSH = {"action": "created", "sender": {"login": "octocat"},
        "repository": {"full_name": "octocat/hello"}}


class WebhookCase(DaemonCase):
    def setUp(self):
        super().setUp()
        self.delivery = self.id().rsplit(".", 1)[-1]
        self.before = self.count()

    def post(self, payload=None, event="push", secret=None, delivery=None, **more):
        return webhook.post(
            self.rivulet.address, secret or self.rivulet.hook_secret.bytes, event,
            delivery or self.delivery, PUSH if payload is None else payload, **more)

    def count(self):
        with self.rivulet.follow("events-count") as client:
            return client.next().data["count"]

    def newest(self):
        with self.rivulet.follow("github-events") as client:
            return client.next().data["events"][0]

    def assert_accepted(self, response):
        self.assertEqual(response.status, 202, response.body)
        self.assertEqual(self.count(), self.before + 1)

    def assert_refused(self, response, status, *words):
        """Refused with a JSON body that says why, and nothing changed."""
        self.assertEqual(response.status, status, response.body)
        body = response.json()
        self.assertEqual(body["statusCode"], status)
        for word in words:
            self.assertIn(word, body["message"])
        self.assertEqual(self.count(), self.before)


class Accepted(WebhookCase):
    def test_json(self):
        self.assert_accepted(self.post())
        event = self.newest()
        event.pop("received_at")
        self.assertEqual(event, {
            "delivery_id": self.delivery, "event": "push", "action": "created",
            "sender": "octocat", "repo_full_name": "octocat/hello", "status": "pending"})

    def test_form(self):
        payload = {**PUSH, "text": "a+b&c=d%20 é"}
        self.assert_accepted(self.post(payload, form=True))
        self.assertEqual(self.newest()["repo_full_name"], "octocat/hello")

    def test_with_prefix(self):
        self.assert_accepted(self.post(path="/api" + webhook.PATH))

    def test_what_the_payload_lacks(self):
        for number, payload in enumerate([
                {}, {"repository": None, "sender": None, "action": None},
                {"repository": {}, "sender": {}}, {"repository": 7, "sender": [], "action": {}},
                {"repository": {"full_name": 7}, "sender": {"login": None}, "action": 1}]):
            with self.subTest(payload=payload):
                self.assertEqual(self.post(payload, delivery=f"lacks-{number}").status, 202)
                event = self.newest()
                event.pop("received_at")
                self.assertEqual(event, {"delivery_id": f"lacks-{number}", "event": "push",
                                         "repo_full_name": "unknown", "status": "pending"})

    def test_the_previous_secret(self):
        self.assert_accepted(self.post(secret=self.rivulet.previous_hook_secret.bytes))

    def test_redelivery(self):
        self.assert_accepted(self.post())
        self.assertEqual(self.post({**PUSH, "action": "changed"}).status, 202)
        self.assertEqual(self.count(), self.before + 1)
        self.assertEqual(self.newest()["action"], "created")

    def test_ping(self):
        response = self.post({"zen": "Keep it logically awesome.", "hook_id": 1}, "ping")
        self.assertIn(response.status, range(200, 300))
        self.assertEqual(self.count(), self.before)

    def test_content_type_with_parameters(self):
        self.assert_accepted(self.post(content="application/json; charset=utf-8"))

    def test_large_payload(self):
        self.assert_accepted(self.post({**PUSH, "commits": ["x" * 1000] * 8000}))

    def test_chunked_body(self):
        body = json.dumps(PUSH).encode()
        fields = {
            "Content-Type": "application/json", "X-GitHub-Event": "push",
            "X-GitHub-Delivery": self.delivery, "Transfer-Encoding": "chunked",
            "X-Hub-Signature-256": webhook.signature(self.rivulet.hook_secret.bytes, body)}
        sent = wire.request_bytes(webhook.PATH, fields, "POST")
        for index in range(0, len(body), 7):
            part = body[index : index + 7]
            sent += f"{len(part):x}\r\n".encode() + part + b"\r\n"
        response = wire.exchange(self.rivulet.address, sent + b"0\r\n\r\n")
        self.assert_accepted(response)


class Refused(WebhookCase):
    def test_signature(self):
        body = json.dumps(PUSH).encode()
        good = webhook.signature(self.rivulet.hook_secret.bytes, body)
        for signature in (None, "", "sha256=", good[:-1], good[len("sha256=") :], good + "0",
                          "sha1=" + good[7:], "sha256=" + "0" * 64, good.replace("sha256", "SHA512"),
                          webhook.signature(b"wrong", body), webhook.signature(b"", body),
                          webhook.signature(self.rivulet.secret.bytes, body), f"{good}, {good}"):
            with self.subTest(signature=signature):
                self.assert_refused(self.post(signature=signature), 401)

    def test_signature_is_of_the_raw_body(self):
        body, _ = webhook.encode(PUSH, form=True)
        signature = webhook.signature(self.rivulet.hook_secret.bytes, json.dumps(PUSH).encode())
        self.assert_refused(self.post(form=True, signature=signature), 401)
        self.assertNotIn(b" ", body)

    def test_signature_comes_before_all_else(self):
        self.assert_refused(self.post("not json", signature="sha256=" + "1" * 64), 401)
        self.assert_refused(self.post("{", event=None, signature=None), 401)

    def test_headers(self):
        self.assert_refused(self.post(delivery="x", event=None), 400, "X-GitHub-Event")
        response = webhook.post(self.rivulet.address, self.rivulet.hook_secret.bytes, "push",
                                None, PUSH)
        self.assert_refused(response, 400, "X-GitHub-Delivery")
        self.assert_refused(self.post(event=""), 400, "X-GitHub-Event")

    def test_bodies(self):
        for payload in ("", "{", "null", "[]", "7", '"x"', "{} {}", '{"a":1,"a":2}', "// c\n{}",
                        '{"a":"\\ud800"}', '{"a":"\\u0000"}', "[" * 100000,
                        '{"a":' + "[" * 40 + "]" * 40 + "}"):
            with self.subTest(payload=payload[:20]):
                self.assert_refused(self.post(payload), 400)
                self.assert_refused(self.post(payload, form=True), 400)

    def test_not_utf8(self):
        body = b'{"a":"caf\xe9"}'
        fields = {"Content-Type": "application/json", "X-GitHub-Event": "push",
                  "X-GitHub-Delivery": self.delivery,
                  "X-Hub-Signature-256": webhook.signature(self.rivulet.hook_secret.bytes, body)}
        self.assert_refused(
            wire.request(self.rivulet.address, webhook.PATH, fields, "POST", body), 400)

    def test_forms(self):
        for text in ("", "payload", "payload=", "other=%7B%7D", "payload=%", "payload=%zz",
                     "payload=%7B%7D%00", urllib.parse.urlencode({"Payload": "{}"})):
            with self.subTest(text=text):
                body = text.encode()
                fields = {"Content-Type": "application/x-www-form-urlencoded",
                          "X-GitHub-Event": "push", "X-GitHub-Delivery": self.delivery,
                          "X-Hub-Signature-256":
                              webhook.signature(self.rivulet.hook_secret.bytes, body)}
                self.assert_refused(
                    wire.request(self.rivulet.address, webhook.PATH, fields, "POST", body), 400)

    def test_content_type(self):
        for content in None, "text/plain", "multipart/form-data; boundary=x":
            with self.subTest(content=content):
                response = self.post(content=content)
                self.assertIn(response.status, (400, 415))
                self.assertEqual(self.count(), self.before)

    def test_over_25_mb_is_refused_before_it_is_read(self):
        head = wire.request_bytes(webhook.PATH, {
            "Content-Type": "application/json", "X-GitHub-Event": "push",
            "X-GitHub-Delivery": self.delivery, "X-Hub-Signature-256": "sha256=" + "0" * 64,
            "Content-Length": str(26 * MIB)}, "POST")
        self.assert_refused(wire.exchange(self.rivulet.address, head), 413)

    def test_endless_chunked_body_is_ended(self):
        head = wire.request_bytes(webhook.PATH, {
            "Content-Type": "application/json", "X-GitHub-Event": "push",
            "X-GitHub-Delivery": self.delivery, "X-Hub-Signature-256": "sha256=" + "0" * 64,
            "Transfer-Encoding": "chunked"}, "POST")
        chunk = b"100000\r\n" + b" " * MIB + b"\r\n"
        with wire.connect(self.rivulet.address) as client:
            client.sendall(head)
            refused = False
            try:
                for _ in range(40):
                    client.sendall(chunk)
                client.sendall(b"0\r\n\r\n")
            except (BrokenPipeError, ConnectionResetError):
                refused = True
            answer = wire.receive(client, Deadline("an answer"))
        self.assertTrue(refused or answer[9:12] == b"413", answer[:100])
        self.assertEqual(self.count(), self.before)

    def test_methods(self):
        response = self.rivulet.get(webhook.PATH)
        self.assertEqual(response.status, 405)
        self.assertIn("POST", response.head.get("Allow"))


class WithoutSecret(DaemonCase):
    setting = {"webhook": False, "bus": False}

    def test_there_is_no_route(self):
        for secret in b"", b"x", self.rivulet.hook_secret.bytes:
            response = webhook.post(self.rivulet.address, secret, "push", "1", PUSH)
            self.assertEqual(response.status, 404)
        self.assertEqual(self.rivulet.get(webhook.PATH).status, 404)
