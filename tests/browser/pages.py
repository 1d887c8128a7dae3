# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pages that follow a daemon with the script that it serves."""

import re

import record
from browsers import BrowserCase
from waiting import wait_until

# What a browser says of a request that failed has its target; streams' names are no secret.
STREAMS = re.compile(r"/streams\?stream=[a-z-]+(&stream=[a-z-]+)*(?=[\s'.]|$)")
FOLLOW = """async ({ url, streams, tokens, options }) => {
  const { Rivulet } = await import(`${url}/api/rivulet.js`);
  window.tokens = tokens;
  window.asked = 0;
  window.got = [];
  window.states = [];
  window.rivulet = new Rivulet(`${url}/api`, {
    // The last one for ever.
    token: () => window.tokens[Math.min(window.asked++, window.tokens.length - 1)],
    onState: (state) => states.push(state),
    ...options,
  });
  window.follow = (stream) => rivulet.follow(stream,
    (data, { type, id }) => got.push({ stream, type, id, data }));
  window.ends = Object.fromEntries(streams.map((stream) => [stream, follow(stream)]));
}"""


class PageCase(BrowserCase):
    """Tabs with `got`, all events, and `states`, all states, of one `rivulet`."""

    setting = {"config": {"clients": {"retry-min-ms": 200, "retry-max-ms": 300}}}
    options = {"delay": 100}

    def page(self, *streams, tokens=None, origin=None, before="() => {}", **options):
        """A tab that follows streams, with a token or several, one after the other.

        `before` is run in it before it has the script.
        """
        tab = self.open(origin=origin)
        self.addCleanup(self.record, tab)
        tab.run(before)
        tab.run(FOLLOW, {"url": self.url, "streams": streams,
                         "options": {**self.options, **options},
                         "tokens": tokens or [self.rivulet.token()]})
        return tab

    @staticmethod
    def record(tab):
        if tab.is_open:
            record.said("a page", STREAMS.sub("/streams", "\n".join(tab.said())))

    def following(self, *streams, **more):
        """A tab that has the initial events of all streams."""
        tab = self.page(*streams, **more)
        tab.wait("(streams) => streams.every((name) => got.some(({ stream }) => stream === name))",
                 streams)
        return tab

    def wait_state(self, tab, name, **members):
        """Waits until it is in that state; returns the state."""
        return tab.wait("""(wanted) => Object.entries(wanted).every(([name, value]) =>
            rivulet.state[name] === value) && rivulet.state""", {"name": name, **members})

    def events(self, tab, count):
        """The delivery ids of new events, once there are so many."""
        return tab.wait("""(count) => {
            const events = got.filter(({ type }) => type === 'new-event');
            return events.length >= count && events.map(({ data }) => data.event.delivery_id);
        }""", count)

    def types(self, tab, stream):
        return tab.run("""(name) => got.filter(({ stream }) => stream === name)
            .map(({ type }) => type)""", stream)

    def new_event(self, delivery_id):
        return self.publisher.publish("github-events", {"type": "new-event", "event": {
            "delivery_id": str(delivery_id), "event": "push", "repo_full_name": "user/repo"}})

    def quota(self, used, audience=None):
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": used, "remaining": 0}},
                               audience)

    def wait_quota(self, tab, used):
        tab.wait("""(used) => got.some(({ stream, data }) => stream === 'quota'
            && data.quota.used === used)""", used)

    def connections(self):
        return self.publisher.server_properties()["Connections"]

    def wait_connections(self, count):
        wait_until(lambda: self.connections() == count, f"{count} connections")
