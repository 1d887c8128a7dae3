# SPDX-License-Identifier: LGPL-2.1-or-later
"""All example payloads of GitHub's webhooks, seen by EventSource clients from npm."""

import follower
import webhook
from cases import FreshCase
from model import LIST_LENGTH


def expected(name, delivery, payload):
    """What the contract takes from a delivery: never the payload itself."""
    event = {"delivery_id": delivery, "event": name, "status": "pending",
             "repo_full_name": (payload.get("repository") or {}).get("full_name") or "unknown"}
    if isinstance(payload.get("action"), str):
        event["action"] = payload["action"]
    if isinstance((payload.get("sender") or {}).get("login"), str):
        event["sender"] = payload["sender"]["login"]
    return event


class Octokit(FreshCase):
    @classmethod
    def setUpClass(cls):
        follower.need_modules()
        cls.deliveries = [(name, f"{number:08x}-0000-4000-8000-000000000000", payload)
                          for number, (name, payload) in enumerate(follower.example_payloads())]
        cls.events = [expected(*delivery) for delivery in cls.deliveries if delivery[0] != "ping"]

    def start(self, kind, path):
        client = follower.Follower(kind, f"http://{self.rivulet.address}{path}",
                                   self.rivulet.token())
        self.addCleanup(client.stop)
        return client

    def post_all(self, form):
        for name, delivery, payload in self.deliveries:
            response = webhook.post(self.rivulet.address, self.rivulet.hook_secret.bytes, name,
                                    delivery, payload, form)
            wanted = range(200, 300) if name == "ping" else (202,)
            self.assertIn(response.status, wanted, (name, response.body))

    def count(self):
        with self.rivulet.follow("events-count") as client:
            return client.next().data["count"]

    def check(self, form):
        self.assertEqual((len(self.deliveries), len(self.events)), (329, 325))
        clients = [self.start(kind, f"{prefix}/github/events/stream")
                   for kind, prefix in (("eventsource", "/api"), ("polyfill", ""))]
        counting = self.start("polyfill", "/api/github/events/length/stream")
        for client in clients:
            self.assertEqual(client.next("events")["data"]["events"], [])
        self.assertEqual(counting.next("count")["data"]["count"], 0)

        self.post_all(form)
        for client in clients:
            ids = []
            for wanted in self.events:
                event = client.next("new-event")
                ids.append(int(event["id"].rsplit("-", 1)[1]))
                got = event["data"]["event"]
                self.assertRegex(got.pop("received_at"), r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
                self.assertEqual(got, wanted)
            self.assertEqual(ids, sorted(set(ids)))
        while counting.next("count")["data"]["count"] != 325:
            pass
        self.assertEqual(self.count(), 325)

        self.post_all(not form)
        self.assertEqual(self.count(), 325)
        webhook.post(self.rivulet.address, self.rivulet.hook_secret.bytes, "push", "the-last", {})
        for client in clients:
            self.assertEqual(client.next("new-event")["data"]["event"]["delivery_id"], "the-last")
        with self.rivulet.follow("github-events") as client:
            listed = [event["delivery_id"] for event in client.next().data["events"]]
        newest = [event["delivery_id"] for event in reversed(self.events)]
        self.assertEqual(listed, ["the-last", *newest[: LIST_LENGTH - 1]])

    def test_as_json_and_again_as_forms(self):
        self.check(form=False)

    def test_as_forms_and_again_as_json(self):
        self.check(form=True)
