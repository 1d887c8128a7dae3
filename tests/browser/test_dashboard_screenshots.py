# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pictures of the operators' page in the README, made anew with RIVULET_SCREENSHOTS=1."""

import datetime
import os
import time
import unittest

from daemon import ROOT
from dashboard import DashboardCase

FOLDER = os.path.join(ROOT, "data", "dashboard", "screenshots")
MAX_BYTES = 150 * 1024
EVENTS = ["push", "pull_request", "issues", "push", "release", "pull_request_review", "push", "issue_comment"]
REPOSITORIES = ["octocat/hello-world", "octocat/spoon-knife", "monalisa/garden"]
STATUSES = ["processed"] * 9 + ["failed"]
POSTS = {
    "draft": ["What we learnt from a year of webhooks", "Notes on back-pressure", "Ideas for spring"],
    "ready": ["Release 2.4 is here", "How we test failure"],
    "scheduled": ["Meet the maintainers", "Release 2.5: what to expect", "A tour of the new site"],
    "published": ["Release 2.3 is here", "Why server-sent events", "Welcome, hubot", "The road map",
                  "Faster builds", "Thank you, contributors"],
    "failed": ["Event recap with photographs"],
}
# Events of each minute: a morning's, busier towards its end.
MINUTES = [1, 0, 2, 1, 3, 2, 1, 0, 0, 1, 4, 2, 3, 1, 2, 2, 5, 3, 2, 1, 0, 2, 3, 4, 2, 1, 3, 6, 4, 3,
           2, 2, 1, 3, 4, 5, 3, 2, 4, 6, 7, 5, 4, 3, 2, 4, 5, 8, 6, 4, 3, 5, 6, 4, 7, 9, 6, 5, 4, 3]


@unittest.skipUnless(os.environ.get("RIVULET_SCREENSHOTS"), "only with RIVULET_SCREENSHOTS=1")
class Screenshots(DashboardCase):
    def publish_event(self, number, at):
        self.publisher.publish("github-events", {"type": "new-event", "event": {
            "delivery_id": str(number), "event": EVENTS[number % len(EVENTS)],
            "repo_full_name": REPOSITORIES[number % len(REPOSITORIES)],
            "received_at": datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime(
                "%Y-%m-%dT%H:%M:%SZ")}})
        if number >= 3:
            self.publisher.publish("github-events", {"type": "event-update", "event": {
                "delivery_id": str(number - 3), "status": STATUSES[number % len(STATUSES)]}})

    def fill(self, tab):
        """An hour of events, told one minute after the other, and what the other streams have."""
        now = time.time()
        number = 0
        self.publisher.publish("events-count", {"type": "count", "count": 12480})
        for minute, count in enumerate(MINUTES):
            at = now - 60 * (len(MINUTES) - 1 - minute)
            tab.call("time", time=int(at * 1000))
            for index in range(count):
                self.publish_event(number, at - count + index)
                number += 1
            tab.wait("(count) => Number(document.querySelector('#count').textContent.replace(/\\D/g, ''))"
                     " === count", 12480 + number)
        for identity, (status, title) in enumerate(
                (status, title) for status, titles in POSTS.items() for title in titles):
            self.publisher.publish("posts-stats", {"type": "post", "post": {
                "id": identity, "status": status, "title": title}})
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": 3, "remaining": 2}}, "42")
        tab.wait("() => document.querySelectorAll('#posts li').length === 15")
        self.wait_shown(tab, [3, "3 of 5 used"], "quota")

    def test_screenshots(self):
        tab = self.look_live(timezoneId="UTC")
        self.fill(tab)
        tab.call("media", media={"reducedMotion": "reduce"})
        os.makedirs(FOLDER, exist_ok=True)
        for name, scheme, width, height in (("light", "light", 1200, 1090), ("dark", "dark", 1200, 1090),
                                            ("phone", "light", 360, 740)):
            tab.call("media", media={"colorScheme": scheme})
            tab.call("size", width=width, height=height)
            width_drawn = "() => document.querySelector('#chart svg').viewBox.baseVal.width"
            tab.wait(f"() => ({width_drawn})() === document.querySelector('#chart').clientWidth")
            path = os.path.join(FOLDER, f"{name}.png")
            tab.call("screenshot", file=path)
            self.assertLess(os.path.getsize(path), MAX_BYTES)
