# SPDX-License-Identifier: LGPL-2.1-or-later
"""rivulet.js in several tabs: one connection for a user, none for two."""

from browsers import Firefox
from pages import PageCase
from waiting import wait_until

TABS = 10

# All that a tab tells others, kept in `sent`.
SPY = """() => {
  window.sent = [];
  const { postMessage } = BroadcastChannel.prototype;
  BroadcastChannel.prototype.postMessage = function (message) {
    sent.push([this.name, message]);
    return postMessage.call(this, message);
  };
}"""
# All that others may see of it.
SEEN = """async () => JSON.stringify([
  sent, await navigator.locks.query(), { ...localStorage }, { ...sessionStorage },
  document.cookie, await indexedDB.databases(), location.href, history.state,
  performance.getEntriesByType('resource').map(({ name }) => name),
])"""


class Tabs(PageCase):
    def tabs(self, count, *streams):
        return [self.following(*streams) for _ in range(count)]

    def numbers(self, count):
        return [str(number) for number in range(count)]

    def test_one_connection(self):
        tabs = self.tabs(TABS, "github-events", "quota")
        for number in range(10):
            self.new_event(number)
        for tab in tabs:
            self.assertEqual(self.events(tab, 10), self.numbers(10))
            self.assertEqual(self.types(tab, "github-events")[0], "events")
            self.assertEqual(self.types(tab, "quota")[:1], ["quota"])
        self.wait_connections(1)

    def test_a_late_tab_gets_what_there_is(self):
        first = self.following("github-events")
        self.new_event(0)
        self.new_event(1)
        self.events(first, 2)
        second = self.page("github-events", "quota")
        third = self.page("posts-stats")
        for number in range(2, 12):
            self.new_event(number)
        self.assertEqual(self.events(first, 12), self.numbers(12))
        third.wait("() => got.length >= 2")
        self.assertEqual(self.types(third, "posts-stats")[:2], ["stats", "posts-by-status"])
        second.wait("() => got.some(({ data }) => data.event?.delivery_id === '11')")
        known = second.run("""() => got.flatMap(({ type, data }) =>
            type === 'events' ? data.events.map((event) => event.delivery_id).reverse()
            : type === 'new-event' ? [data.event.delivery_id] : [])""")
        self.assertEqual(known, self.numbers(12))
        self.wait_connections(1)

    def test_the_tab_that_leads_is_closed(self):
        """Again and again; the others miss nothing, and get nothing twice."""
        tabs = self.tabs(4, "github-events")
        for round_number in range(3):
            for number in range(5):
                self.new_event(10 * round_number + number)
            tabs.pop(0).close()
            for number in range(5, 10):
                self.new_event(10 * round_number + number)
            for tab in tabs:
                self.assertEqual(self.events(tab, 10 * round_number + 10),
                                 self.numbers(10 * round_number + 10))
        self.assertEqual(self.types(tabs[0], "github-events").count("events"), 1)
        self.wait_connections(1)

    def test_another_tab_leaves(self):
        """What it alone followed is not asked for any more the next time."""
        first, second = self.following("quota"), self.following("github-events")
        self.wait_clients("github-events", 1)
        second.close()
        self.rivulet.daemon.kill()
        first.wait("() => rivulet.state.name !== 'open'")
        self.rivulet.start_again()
        self.wait_state(first, "open")
        self.wait_clients("quota", 1)
        self.wait_clients("github-events", 0)

    def test_a_restart(self):
        tabs = self.tabs(3, "github-events")
        self.new_event(0)
        for tab in tabs:
            self.events(tab, 1)
        self.rivulet.daemon.kill()
        for tab in tabs:
            tab.wait("() => rivulet.state.name !== 'open'")
        self.rivulet.start_again()
        self.new_event(1)
        for tab in tabs:
            self.assertEqual(self.events(tab, 2), self.numbers(2))
        self.wait_connections(1)

    def test_two_users(self):
        """They have a connection each, and nobody sees what is another's."""
        tabs = [self.page("quota", tokens=[self.rivulet.token(user)]) for user in ("1", "2", "2")]
        self.quota(10, "1")
        self.quota(20, "2")
        for tab, used in zip(tabs, (10, 20, 20)):
            self.wait_quota(tab, used)
            self.assertLessEqual(set(tab.run("() => got.map(({ data }) => data.quota.used)")),
                                 {0, used})
        self.wait_connections(2)

    def test_another_user_in_the_same_tab(self):
        """Who logs in as somebody else is on that one's line from the next connection on."""
        first, second = (self.following("quota", tokens=[self.rivulet.token("1")])
                         for _ in range(2))
        first.run("(token) => { window.tokens = [token]; }", self.rivulet.token("2"))
        self.rivulet.daemon.kill()
        for tab in first, second:
            tab.wait("() => rivulet.state.name !== 'open'")
        self.rivulet.start_again()
        self.quota(10, "1")
        self.quota(20, "2")
        self.wait_quota(first, 20)
        self.wait_quota(second, 10)
        self.assertEqual(second.run("() => got.filter(({ data }) => data.quota.used === 20)"), [])
        self.wait_connections(2)

    def test_a_leader_whose_clock_is_slow(self):
        """Browsers do that to hidden tabs: one that is seen has it try in time."""
        first, second = self.tabs(2, "github-events")
        first.run("""() => {
          const { setTimeout } = window;
          window.setTimeout = (call, delay) => setTimeout(call, delay < 100 ? delay : 1e6);
        }""")
        self.rivulet.daemon.kill()
        self.rivulet.start_again()
        self.new_event(1)
        for tab in first, second:
            self.assertEqual(self.events(tab, 1), ["1"])

    def test_no_token_is_told_or_kept(self):
        token = self.rivulet.token()
        tabs = [self.following("quota", tokens=[token], before=SPY) for _ in range(2)]
        self.quota(7)
        for tab in tabs:
            self.wait_quota(tab, 7)
        seen = [tab.run(SEEN) for tab in tabs]
        self.assertIn('"used\\":7', seen[0])  # the leader told what came
        for text in seen:
            self.assertIn("rivulet ", text)
            for part in token.split("."):
                self.assertNotIn(part, text)

    def test_who_does_not_share(self):
        for _ in range(2):
            self.following("quota", share=False)
        self.assertEqual(self.connections(), 2)

    def wait_clients(self, stream, count):
        wait_until(lambda: self.publisher.stream_properties(stream)["Clients"] == count,
                   f"{count} clients of {stream}")


class TabsInFirefox(Tabs):
    browser_kind = Firefox
