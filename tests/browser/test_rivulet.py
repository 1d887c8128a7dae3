# SPDX-License-Identifier: LGPL-2.1-or-later
"""rivulet.js in a page: what it follows, and what it does when something goes wrong."""

import re
import signal
import time

from gi.repository import GLib

import follower
import webhook
from browsers import Firefox
from pages import PageCase
from publisher import MANAGER
from relay import Relay
from waiting import wait_until

HEARTBEAT = re.compile(rb"^:", re.MULTILINE)


class Following(PageCase):
    def test_all_streams_over_one_connection(self):
        tab = self.page("github-events", "posts-stats", "quota", "events-count")
        tab.wait("() => got.length >= 5")
        self.assertEqual([self.types(tab, stream) for stream in
                          ("github-events", "posts-stats", "quota", "events-count")],
                         [["events"], ["stats", "posts-by-status"], ["quota"], ["count"]])
        self.new_event(1)
        self.quota(3)
        self.assertEqual(self.events(tab, 1), ["1"])
        self.wait_quota(tab, 3)
        self.assertEqual(self.connections(), 1)
        self.assertEqual([state["name"] for state in tab.run("() => states")],
                         ["connecting", "open"])

    def test_no_token_in_a_url(self):
        relay = Relay(self.rivulet.address)
        self.addCleanup(relay.stop)
        self.url = f"http://{relay.address}"
        self.following("quota")
        asked = b"".join(conversation.asked for conversation in relay.conversations)
        self.assertIn(b"\r\nauthorization: bearer eyj", asked.lower())
        lines = re.findall(rb"^[A-Z]+ (\S+) HTTP/1.1\r$", asked, re.MULTILINE)
        self.assertIn(b"/api/streams?stream=quota", lines)
        self.assertEqual([line for line in lines if b"eyJ" in line or b"token" in line], [])

    def test_what_is_followed_later(self):
        """It begins with its initial events, and nothing of the rest is lost or comes twice."""
        tab = self.following("github-events")
        for number in range(20):
            self.new_event(number)
            if number == 5:
                tab.run("() => follow('quota') && null")
            if number == 10:
                tab.run("() => ends['github-events'] && follow('posts-stats') && null")
        self.assertEqual(self.events(tab, 20), [str(number) for number in range(20)])
        tab.wait("() => got.some(({ type }) => type === 'posts-by-status')")
        self.assertEqual(self.types(tab, "quota")[0], "quota")
        self.assertEqual(self.types(tab, "posts-stats")[:2], ["stats", "posts-by-status"])
        self.assertEqual(self.types(tab, "github-events").count("events"), 1)

    def test_the_same_stream_once_more(self):
        tab = self.page("quota")
        self.quota(7)
        self.wait_quota(tab, 7)
        tab.run("() => { got.length = 0; follow('quota'); }")
        tab.wait("() => got.length > 0")
        self.assertEqual(tab.run("() => [got[0].type, got[0].data.quota.used]"), ["quota", 7])

    def test_what_is_not_followed_any_more(self):
        tab = self.following("quota", "events-count")
        tab.run("() => ends.quota()")
        self.quota(9)
        self.new_event(1)
        tab.wait("() => got.some(({ data }) => data.count === 1)")
        self.assertEqual(self.types(tab, "quota"), ["quota"])
        tab.run("() => { ends['events-count'](); }")
        self.wait_connections(0)

    def test_close(self):
        tab = self.following("quota")
        tab.run("() => rivulet.close()")
        self.wait_state(tab, "closed", reason="stopped")
        self.wait_connections(0)
        tab.run("() => rivulet.open()")
        self.wait_state(tab, "open")


class Payloads(PageCase):
    def test_all_of_githubs(self):
        """Each example payload of GitHub's webhooks, once and in order, through a restart."""
        follower.need_modules()
        payloads = [(name, payload) for name, payload in follower.example_payloads()
                    if name != "ping"]
        tab = self.following("github-events", "events-count")
        for number, (name, payload) in enumerate(payloads):
            if number == len(payloads) // 2:
                self.rivulet.daemon.kill()
                self.rivulet.start_again()
            webhook.post(self.rivulet.address, self.rivulet.hook_secret.bytes, name, str(number),
                         payload)
        self.assertEqual(self.events(tab, len(payloads)),
                         [str(number) for number in range(len(payloads))])
        tab.wait("(count) => got.some(({ data }) => data.count === count)", len(payloads))
        repositories = tab.run("""() => got.filter(({ type }) => type === 'new-event')
            .map(({ data }) => data.event.repo_full_name)""")
        self.assertEqual(repositories, [
            (payload.get("repository") or {}).get("full_name") or "unknown"
            for _, payload in payloads])


class Refused(PageCase):
    def test_a_forbidden_origin(self):
        tab = self.page("quota", origin=self.origin.stranger)
        state = self.wait_state(tab, "closed")
        self.assertEqual(state["reason"], "failed")
        self.assertEqual(tab.run("() => [got.length, asked]"), [0, 4])

    def test_a_stream_that_there_is_not(self):
        tab = self.page("quota", "weather")
        state = self.wait_state(tab, "closed")
        self.assertEqual(state["reason"], "rejected")

    def test_a_stream_that_the_token_is_not_for(self):
        tab = self.page("quota", "posts-stats", tokens=[self.rivulet.token(streams=["quota"])])
        self.assertEqual(self.wait_state(tab, "closed")["reason"], "forbidden")
        self.assertEqual(tab.run("() => got.length"), 0)

    def test_another_token_is_asked_for_once(self):
        expired = self.rivulet.token(lifetime=-60)
        tab = self.following("quota", tokens=[expired, self.rivulet.token()])
        self.assertEqual(tab.run("() => asked"), 2)

    def test_a_revoked_user(self):
        tab = self.following("quota")
        before = tab.run("() => asked")
        self.publisher.call(MANAGER, "Revoke", GLib.Variant("(s)", ("42",)))
        state = self.wait_state(tab, "closed")
        self.assertEqual((state["reason"], state["error"]), ("unauthorized", "Invalid token"))
        self.assertEqual(tab.run("() => asked") - before, 2)

    def test_a_token_that_can_not_be_had(self):
        """It counts as an attempt, and the next one may succeed."""
        tab = self.page("quota", tokens=[])
        tab.run("""(token) => {
          rivulet.close();
          states.length = 0;
          let calls = 0;
          const { constructor } = rivulet;
          window.rivulet = new constructor(location.href, { delay: 50, token: async () => {
            throw new Error('no session');
          }, onState: (state) => states.push(state) });
          rivulet.follow('quota', () => {});
        }""")
        state = self.wait_state(tab, "closed", reason="failed")
        self.assertEqual(state["error"], "no session")
        self.assertEqual([state["attempt"] for state in tab.run("() => states")
                          if state["name"] == "waiting"], [1, 2, 3])


class Broken(PageCase):
    def test_killed_and_started_again(self):
        tab = self.following("github-events", "quota")
        for number in range(5):
            self.new_event(number)
        self.events(tab, 5)
        for round_number in range(2):
            self.rivulet.daemon.kill()
            tab.wait("() => rivulet.state.name !== 'open'")
            self.rivulet.start_again()
            for number in range(5):
                self.new_event(5 + 5 * round_number + number)
            self.assertEqual(self.events(tab, 10 + 5 * round_number),
                             [str(number) for number in range(10 + 5 * round_number)])
        self.assertEqual(self.types(tab, "github-events").count("events"), 1)

    def test_stopped_and_started_again(self):
        tab = self.following("github-events", retries=100)
        self.new_event(1)
        self.events(tab, 1)
        self.rivulet.daemon.stop()
        self.rivulet.start_again()
        self.new_event(2)
        self.assertEqual(self.events(tab, 2), ["1", "2"])

    def test_three_attempts(self):
        tab = self.following("quota")
        self.rivulet.daemon.kill()
        self.wait_state(tab, "closed", reason="failed")
        waits = [state for state in tab.run("() => states") if state["name"] == "waiting"]
        self.assertEqual([state["attempt"] for state in waits], [1, 2, 3])
        # What the server asked for, doubled.
        first = waits[0]["delay"]
        self.assertEqual([state["delay"] for state in waits], [first, 2 * first, 4 * first])
        self.assertNotEqual(first, self.options["delay"])
        self.rivulet.start_again()
        self.quota(5)
        self.assertEqual(tab.run("() => rivulet.state.name"), "closed")
        # As when the user comes back to the tab.
        tab.run("() => document.dispatchEvent(new Event('visibilitychange'))")
        self.wait_state(tab, "open")
        self.wait_quota(tab, 5)

    def test_the_network_comes_to_a_hidden_tab(self):
        tab = self.following("github-events", retries=0)
        self.set_offline(True)
        self.rivulet.daemon.kill()
        self.rivulet.start_again()
        self.wait_state(tab, "closed", reason="failed")
        tab.run("() => { Object.defineProperty(document, 'hidden', { value: true }); }")
        tab.run("() => { document.dispatchEvent(new Event('visibilitychange')); }")
        self.new_event(1)
        self.assertEqual(tab.run("() => rivulet.state.name"), "closed")
        self.set_offline(False)
        self.assertEqual(self.events(tab, 1), ["1"])

    def test_the_network_goes_and_comes(self):
        tab = self.following("github-events", retries=1)
        self.new_event(1)
        self.events(tab, 1)
        # Chromium's offline lets go on what goes on, and nothing new begin.
        self.set_offline(True)
        self.rivulet.daemon.kill()
        self.rivulet.start_again()
        self.wait_state(tab, "closed", reason="failed")
        self.new_event(2)
        self.set_offline(False)
        self.assertEqual(self.events(tab, 2), ["1", "2"])

    def test_an_expired_token_is_renewed(self):
        """The daemon ends the response; what is published meanwhile comes with the next token."""
        tab = self.following("github-events")
        # The page and its script are there: all of these seconds are the token's.
        tab.run("""(tokens) => {
          rivulet.close();
          Object.assign(window, { tokens, asked: 0, states: [] });
          rivulet.open();
        }""", [self.rivulet.token(lifetime=5), self.rivulet.token()])
        tab.wait("() => states.some(({ name }) => name === 'waiting')")
        self.new_event(1)
        self.assertEqual(self.events(tab, 1), ["1"])
        self.assertEqual(tab.run("() => asked"), 2)
        self.assertNotIn("closed", [state["name"] for state in tab.run("() => states")])


class Asleep(PageCase):
    """In Chromium, whose clock can be set."""

    def test_a_laptops_sleep(self):
        """Its connection is never ended, its clock jumps, and its timers know nothing of that."""
        relay = Relay(self.rivulet.address)
        self.addCleanup(relay.stop)
        self.url = f"http://{relay.address}"
        for hours, share in (1, True), (2, False):
            with self.subTest(share=share):
                # Silence takes longer than this test waits.
                tab = self.following("github-events", share=share, silence=600_000)
                self.new_event(f"{share} before")
                self.events(tab, 1)
                relay.freeze()
                self.set_offline(True)
                self.new_event(f"{share} asleep")
                tab.call("time", time=1000 * (time.time() + 3600 * hours))
                self.set_offline(False)
                self.assertEqual(self.events(tab, 2), [f"{share} before", f"{share} asleep"])
                self.assertEqual([state["name"] for state in tab.run("() => states")],
                                 ["connecting", "open", "connecting", "open"])
                tab.close()


class Cookie(PageCase):
    setting = {"config": {"http": {"cookie-name": "session"}}}

    def test_without_a_token(self):
        """The browser's cookie says who it is; tabs, which can't see who that is, don't share."""
        for count in 1, 2:
            tab = self.open()
            tab.run("""async ({ url, token }) => {
              document.cookie = `session=${token}`;
              const { Rivulet } = await import(`${url}/rivulet.js`);
              window.got = [];
              new Rivulet(url).follow('quota', ({ quota }) => got.push(quota.used));
            }""", {"url": self.url, "token": self.rivulet.token("7")})
            self.quota(5, "7")
            tab.wait("() => got.includes(5)")
            self.wait_connections(count)


class Silent(PageCase):
    setting = {"config": {"clients": {
        "retry-min-ms": 200, "retry-max-ms": 300, "heartbeat-ms": 200}}}

    def test_a_daemon_that_stands_still(self):
        relay = Relay(self.rivulet.address)
        self.addCleanup(relay.stop)
        self.url = f"http://{relay.address}"
        tab = self.following("github-events", silence=2000, retries=100)
        # Heartbeats alone keep it open: these are of three seconds.
        wait_until(lambda: sum(len(HEARTBEAT.findall(conversation.said[conversation.far]))
                               for conversation in relay.conversations) >= 15, "heartbeats")
        self.assertEqual(tab.run("() => states.length"), 2)
        self.rivulet.daemon.signal(signal.SIGSTOP)
        self.addCleanup(self.rivulet.daemon.signal, signal.SIGCONT)
        state = self.wait_state(tab, "waiting")
        self.assertIn("2000 ms", state["error"])
        self.rivulet.daemon.signal(signal.SIGCONT)
        self.wait_state(tab, "open")
        self.new_event(1)
        self.assertEqual(self.events(tab, 1), ["1"])


class FollowingInFirefox(Following):
    browser_kind = Firefox


class RefusedInFirefox(Refused):
    browser_kind = Firefox


class BrokenInFirefox(Broken):
    browser_kind = Firefox


class CookieInFirefox(Cookie):
    browser_kind = Firefox
