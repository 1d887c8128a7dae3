# SPDX-License-Identifier: LGPL-2.1-or-later
"""The browser's own EventSource, with its token in the URL."""

from browsers import BrowserCase, Firefox

FOLLOW = """(url) => {
  window.got = [];
  window.source = new EventSource(url, { withCredentials: true });
  for (const type of ['quota', 'quota-update'])
    source.addEventListener(type, (event) => got.push([type, JSON.parse(event.data).quota.used]));
  source.addEventListener('error', () => got.push(['error', source.readyState]));
}"""

RESUME = """(url) => {
  window.got = [];
  window.source = new EventSource(url, { withCredentials: true });
  source.addEventListener('events', () => got.push('events'));
  source.addEventListener('new-event', (event) =>
    got.push(JSON.parse(event.data).event.delivery_id));
}"""


class EventSource(BrowserCase):
    def follow(self, origin=None):
        tab = self.open(origin=origin)
        tab.run(FOLLOW, f"{self.url}/quota/stream?token={self.rivulet.token()}")
        return tab

    def test_an_allowed_origin_follows(self):
        tab = self.follow()
        tab.wait("() => got.length === 1")
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": 3, "remaining": 2}})
        self.assertEqual(tab.wait("() => got.length === 2 && got"),
                         [["quota", 0], ["quota-update", 3]])

    def test_another_origin_gets_nothing(self):
        tab = self.follow(self.origin.stranger)
        # 2 is CLOSED: the browser does not try again.
        self.assertEqual(tab.wait("() => got.length === 1 && got"), [["error", 2]])
        self.assertIn("Access-Control-Allow-Origin", "\n".join(tab.said()))

    def test_it_resumes_after_a_restart(self):
        """It has each new event once, also one that was published before it was back."""
        tab = self.open()
        tab.run(RESUME, f"{self.url}/github/events/stream?token={self.rivulet.token()}")
        tab.wait("() => got.includes('events')")
        self.new_event(1)
        tab.wait("() => got.includes('1')")
        self.rivulet.daemon.kill()
        tab.wait("() => source.readyState === 0")
        self.rivulet.start_again()
        self.new_event(2)
        tab.wait("() => got.includes('2')")
        self.new_event(3)
        self.assertEqual(tab.wait("() => got.includes('3') && got"), ["events", "1", "2", "3"])

    def new_event(self, delivery_id):
        self.publisher.publish("github-events", {"type": "new-event", "event": {
            "delivery_id": str(delivery_id), "event": "push", "repo_full_name": "user/repo"}})


class EventSourceInFirefox(EventSource):
    browser_kind = Firefox
