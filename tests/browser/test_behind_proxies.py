# SPDX-License-Identifier: LGPL-2.1-or-later
"""Chromium at nginx and Caddy as they are shipped: HTTP/2 from there, HTTP/1.1 to the daemon."""

import json
import re

import proxies
from dashboard import STATE, DashboardCase
from pages import PageCase
from proxied import Proxied
from waiting import wait_until

# Browsers have six connections to a host.
MANY = 12
FOLLOW = """({ urls, types }) => {
  window.got = [];
  window.states = [];
  window.sources = urls.map((url, number) => {
    const source = new EventSource(url, { withCredentials: true });
    for (const type of types)
      source.addEventListener(type, ({ data }) => got.push({ number, type, data: JSON.parse(data) }));
    source.addEventListener('open', () => states.push('open'));
    source.addEventListener('error', () => states.push(
      ['connecting', 'open', 'closed'][source.readyState]));
    return source;
  });
}"""
QUOTA = ("quota", "/quota/stream", ["quota", "quota-update"])
EVENTS = ("github-events", "/api/github/events/stream", ["events", "new-event", "events-update"])


class Case(Proxied, PageCase):
    def native(self, kind, count=1, origin=None):
        """A tab with native EventSources, each with a token in its URL."""
        _, path, types = kind
        tab = self.open(origin=origin)
        tab.run(FOLLOW, {"types": types, "urls": [
            f"{self.url}{path}?token={self.rivulet.token()}" for _ in range(count)]})
        return tab

    def logged(self, pattern):
        return re.findall(pattern, self.proxy.wrote())

    def browser_connections(self):
        """How many connections browsers have to the proxy."""
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table][1:]
        return sum(1 for _, _, remote, state, *_ in rows
                   if int(remote.split(":")[1], 16) == self.proxy.port and state == "01")


class Native(Case):
    def test_it_follows(self):
        tab = self.native(QUOTA)
        tab.wait("() => got.length === 1")
        self.quota(3)
        tab.wait("() => got.length === 2")
        self.assertEqual(tab.run("() => got.map(({ type, data }) => [type, data.quota.used])"),
                         [["quota", 0], ["quota-update", 3]])

    def test_many_over_one_connection(self):
        tab = self.native(QUOTA, MANY)
        tab.wait("(count) => got.length === count", MANY)
        self.publisher.wait_clients("quota", MANY)
        self.quota(5)
        tab.wait("(count) => got.filter(({ data }) => data.quota.used === 5).length === count", MANY)
        # Others may have been made before it was known that one is enough; they are closed unused.
        wait_until(lambda: self.browser_connections() == 1, "one connection")

    def test_the_daemon_is_away(self):
        """It is asked for until it is there again, and resumed: no gap, and nothing twice."""
        tab = self.native(EVENTS)
        tab.wait("() => got.length === 1")
        self.new_event(1)
        self.events(tab, 1)
        self.rivulet.daemon.stop()
        tab.wait("() => states.filter((state) => state === 'connecting').length >= 3")
        self.rivulet.start_again()
        self.new_event(2)
        self.assertEqual(self.events(tab, 2), ["1", "2"])
        self.assertEqual(tab.run("() => got.filter(({ type }) => type === 'events').length"), 1)
        self.assertNotIn("closed", tab.run("() => states"))

    def test_the_proxy_is_away(self):
        tab = self.native(EVENTS)
        tab.wait("() => got.length === 1")
        self.proxy.end()
        tab.wait("() => states.includes('connecting')")
        self.new_event(1)
        self.proxy.start()
        self.assertEqual(self.events(tab, 1), ["1"])
        self.new_event(2)
        self.assertEqual(self.events(tab, 2), ["1", "2"])

    def test_another_origin_gets_nothing(self):
        tab = self.native(QUOTA, origin=self.origin.stranger)
        self.assertEqual(tab.wait("() => states.length === 1 && states"), ["closed"])
        self.assertEqual(tab.run("() => got"), [])
        self.assertIn("Access-Control-Allow-Origin", "\n".join(tab.said()))


class Script(Case):
    def following(self, *streams, **more):
        return super().following(*streams, **{"retries": 1000, "maxDelay": 300, **more})

    def test_two_streams(self):
        tab = self.following("github-events", "quota")
        self.new_event(1)
        self.quota(3)
        self.assertEqual(self.events(tab, 1), ["1"])
        self.wait_quota(tab, 3)
        self.assertEqual(self.connections(), 1)

    def test_the_protocol(self):
        """As the browser knows it, which tells a page of the proxy's own origin, and the proxy."""
        tab = self.following("quota", origin=self.url)
        tab.run("() => rivulet.close()")
        tab.wait("(name) => performance.getEntriesByType('resource').some("
                 "(entry) => entry.name.startsWith(name))", f"{self.url}/api/streams?")
        protocols = tab.run("""() => performance.getEntriesByType('resource')
            .map(({ nextHopProtocol }) => nextHopProtocol)""")
        self.assertEqual(set(protocols), {"h2"})
        wait_until(lambda: self.logged(r"/api/streams"), "a stream in the proxy's log")
        self.assertEqual(set(self.logged(r"HTTP/\d[.\d]*")), {"HTTP/2.0"})

    def test_the_daemon_is_away(self):
        tab = self.following("github-events", "quota")
        self.new_event(1)
        self.events(tab, 1)
        self.rivulet.daemon.stop()
        self.wait_state(tab, "waiting", attempt=3)
        self.rivulet.start_again()
        self.new_event(2)
        self.quota(4)
        self.assertEqual(self.events(tab, 2), ["1", "2"])
        self.wait_quota(tab, 4)
        self.assertEqual(self.types(tab, "github-events").count("events"), 1)

    def test_the_proxy_is_away(self):
        tab = self.following("github-events", "quota")
        self.new_event(1)
        self.events(tab, 1)
        self.proxy.end()
        self.wait_state(tab, "waiting")
        for number in range(2, 5):
            self.new_event(number)
        self.quota(4)
        self.proxy.start()
        self.assertEqual(self.events(tab, 4), ["1", "2", "3", "4"])
        self.wait_quota(tab, 4)
        self.assertEqual(self.types(tab, "github-events").count("events"), 1)

    def test_another_origin_gets_nothing(self):
        tab = self.page("quota", origin=self.origin.stranger, retries=1)
        self.wait_state(tab, "closed", reason="failed")
        self.assertEqual(tab.run("() => got"), [])

    def test_tabs_share(self):
        """As pages from https may: browsers give locks to no others but those of localhost."""
        tabs = [self.following("quota") for _ in range(3)]
        self.quota(3)
        for tab in tabs:
            self.wait_quota(tab, 3)
        self.wait_connections(1)


class Files(Case):
    setting = {"config": {"http": {"publish": "true"}}}

    def test_the_script(self):
        """It is kept by the browser, which asks whether it is current."""
        tab = self.open()
        load = """async (url) => {
          const response = await fetch(url);
          return [response.status, response.headers.get('Content-Type'),
                  response.headers.get('Cache-Control'), (await response.text()).length];
        }"""
        first = tab.run(load, f"{self.url}/rivulet.js")
        self.assertEqual(first[:3], [200, "text/javascript; charset=utf-8", "no-cache"])
        self.assertEqual(tab.run(load, f"{self.url}/rivulet.js"), first)
        direct = self.rivulet.get("/rivulet.js")
        self.assertEqual(len(direct.body.decode()), first[3])
        self.assertEqual(sorted(self.statuses("/rivulet.js")), ["200", "304"])

    def statuses(self, path):
        """With what the proxy answered requests for a path, as it wrote down."""
        wait_until(lambda: len(self.logged(re.escape(path))) >= 2, "two requests in the log")
        if self.kind is proxies.Nginx:
            return self.logged(rf'"GET {path} HTTP/2.0" (\d+)')
        lines = [json.loads(line) for line in self.logged(r"(?m)^.*handled request.*$")]
        return [str(line["status"]) for line in lines if line["request"]["uri"] == path]

    def test_publishing_stays_inside(self):
        """Also for a page of the proxy's own origin, which needs nobody's leave to ask."""
        tab = self.open("/rivulet.js", origin=self.url)
        token = self.rivulet.token(publish="quota")
        update = {"type": "quota", "quota": {"used": 9, "remaining": 0}}
        for path in "/publish/quota", "/api/publish/quota":
            self.assertEqual(tab.run("""async ({ path, token, update }) => {
              const response = await fetch(path, { method: 'POST', body: JSON.stringify(update), headers: {
                'Content-Type': 'application/json', Authorization: `Bearer ${token}` } });
              return response.status;
            }""", {"path": path, "token": token, "update": update}), 404)
            self.assertEqual(self.rivulet.get(
                path, {"Authorization": f"Bearer {token}"}, "POST",
                body=json.dumps(update).encode()).status, 202)


class Dashboard(Proxied, DashboardCase):
    """Of operators, who reach the daemon's own listener for them, while its streams are elsewhere."""

    @property
    def config(self):
        return {"operators": {"streams-url": self.proxied},
                "clients": {"retry-min-ms": 200, "retry-max-ms": 300}}

    def test_it_follows_through_the_proxy(self):
        tab = self.look_live(self.rivulet.token("42"))
        self.quota(tab, 3)
        self.proxy.end()
        tab.wait(f"() => ({STATE})() !== 'open'")
        self.proxy.start()
        # After three attempts it is for who looks at it to say so.
        tab.wait(f"""() => {{
          const again = document.querySelector('#again');
          if (again.checkVisibility()) again.click();
          return ({STATE})() === 'open';
        }}""")
        self.quota(tab, 4)

    def quota(self, tab, used):
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": used, "remaining": 1}})
        self.wait_shown(tab, [used, f"{used} of {used + 1} used"], "quota")


def load_tests(loader, *_):
    return proxies.behind_each(loader, Native, Script, Files, Dashboard)
