# SPDX-License-Identifier: LGPL-2.1-or-later
"""rivulet.js in several tabs where one of them hangs, is refused, or is of another version."""

import os
import re
import socket

import daemon
from pages import FOLLOW, PageCase

WEB = os.path.join(daemon.ROOT, "data", "web")
# A frame that has no origin, and so no locks.
FRAME = """({ url, token }) => {
  window.states = [];
  addEventListener('message', ({ data }) => states.push(data));
  const frame = document.createElement('iframe');
  frame.sandbox = 'allow-scripts';
  frame.srcdoc = `<script type=module>
    import { Rivulet } from '${url}/rivulet.js';
    const rivulet = new Rivulet('${url}', { token: '${token}', delay: 10,
      onState: (state) => parent.postMessage(state, '*') });
    rivulet.follow('quota', () => {});
  </script>`;
  document.body.append(frame);
}"""
# Other calls overtake the first one.
SLOW_LOCK = """() => {
  const { locks } = navigator;
  const { request } = locks;
  let calls = 0;
  locks.request = async (...given) => {
    if (calls++ === 0) await new Promise((resolve) => { setTimeout(resolve, 300); });
    return request.apply(locks, given);
  };
}"""
HANG = """(url) => {
  setTimeout(() => {
    const request = new XMLHttpRequest();
    request.open('GET', url, false);
    try { request.send(); } catch { /* it was let go */ }
  });
}"""


class Silence:
    """Accepts connections and says nothing until it is stopped."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.accepted = None

    def accept(self):
        self.accepted, _ = self.listener.accept()

    def stop(self):
        if self.accepted:
            self.accepted.close()
            self.accepted = None
        self.listener.close()


class Hanging(PageCase):
    def test_a_leader_that_hangs(self):
        """Another tab takes over, and the one that hung is one of the rest when it goes on."""
        first = self.following("github-events", silence=2000)
        rest = [self.following("github-events", silence=2000) for _ in range(3)]
        self.new_event(0)
        for tab in rest:
            self.events(tab, 1)
        silence = Silence()
        self.addCleanup(silence.stop)
        first.run(HANG, silence.url)
        silence.accept()
        self.new_event(1)
        self.new_event(2)
        for tab in rest:
            self.assertEqual(self.events(tab, 3), ["0", "1", "2"])
        silence.stop()
        self.assertEqual(self.events(first, 3), ["0", "1", "2"])
        self.wait_connections(1)
        self.new_event(3)
        for tab in (first, *rest):
            self.assertEqual(self.events(tab, 4), ["0", "1", "2", "3"])
            self.assertEqual(self.types(tab, "github-events").count("events"), 1)
            self.wait_state(tab, "open")
        self.wait_connections(1)


    def test_a_tab_whose_own_lock_comes_late(self):
        """It does not count as gone: what it follows is followed after a restart too."""
        first = self.following("github-events")
        second = self.following("quota", before=SLOW_LOCK)
        self.rivulet.daemon.kill()
        for tab in first, second:
            tab.wait("() => rivulet.state.name !== 'open'")
        self.rivulet.start_again()
        for tab in first, second:
            self.wait_state(tab, "open")
        self.quota(6)
        self.wait_quota(second, 6)
        self.wait_connections(1)


class Refused(PageCase):
    def test_another_tabs_stream(self):
        """Who wants what there is not is refused; the others miss nothing."""
        first = self.following("github-events")
        second = self.following("github-events")
        wrong = self.page("github-events", "weather")
        self.assertEqual(self.wait_state(wrong, "closed")["reason"], "rejected")
        self.new_event(1)
        for tab in first, second:
            self.assertEqual(self.events(tab, 1), ["1"])
            self.assertNotIn("closed", [state["name"] for state in tab.run("() => states")])
        self.assertEqual(wrong.run("() => got.filter(({ type }) => type === 'new-event')"), [])

    def test_the_leaders_own(self):
        first = self.following("github-events")
        second = self.following("github-events")
        first.run("() => { follow('weather'); }")
        self.assertEqual(self.wait_state(first, "closed")["reason"], "rejected")
        self.new_event(1)
        self.assertEqual(self.events(second, 1), ["1"])
        self.assertNotIn("closed", [state["name"] for state in second.run("() => states")])

    def test_the_leaders_token(self):
        """Another tab leads, with its own."""
        first = self.following("github-events",
                               tokens=[self.rivulet.token(), self.rivulet.token(lifetime=-60)])
        second = self.following("github-events")
        self.rivulet.daemon.kill()
        self.rivulet.start_again()
        self.assertEqual(self.wait_state(first, "closed")["reason"], "unauthorized")
        self.new_event(1)
        self.assertEqual(self.events(second, 1), ["1"])
        self.assertNotIn("closed", [state["name"] for state in second.run("() => states")])

    def test_a_frame_that_may_have_no_locks(self):
        """It tries alone, and is told that its origin is not allowed."""
        tab = self.open()
        tab.run(FRAME, {"url": f"{self.url}/api", "token": self.rivulet.token()})
        state = tab.wait("() => states.find(({ name }) => name === 'closed')")
        self.assertEqual(state["reason"], "failed")


class Users(PageCase):
    def test_another_user_after_close(self):
        """Nothing that is the first one's is seen, though another tab follows as that one."""
        self.quota(10, "1")
        self.quota(20, "2")
        first, second = (self.page(tokens=[self.rivulet.token("1")], retries=1000)
                         for _ in range(2))
        self.rivulet.daemon.kill()
        for tab in first, second:
            tab.run("() => { follow('quota'); }")
            self.wait_state(tab, "waiting")
        second.run("""(token) => {
          rivulet.close();
          Object.assign(window, { tokens: [token], asked: 0 });
          rivulet.open();
        }""", self.rivulet.token("2"))
        self.rivulet.start_again()
        self.wait_quota(first, 10)
        self.wait_quota(second, 20)
        self.assertEqual(second.run("() => got.filter(({ data }) => data.quota.used === 10)"), [])
        self.wait_connections(2)


class Versions(PageCase):
    def test_a_tab_with_another_protocol(self):
        """Of a daemon before or after an upgrade: they have nothing to do with each other."""
        for folder, _, names in os.walk(WEB):
            for name in names:
                path = os.path.join(folder, name)
                if name.endswith(".js"):
                    with open(path, encoding="utf-8") as file:
                        text = re.sub("PROTOCOL = [0-9]+;", "PROTOCOL = 999;", file.read())
                    served = "/api/" + os.path.relpath(path, WEB)
                    self.origin.files[served] = ("text/javascript", text.encode())
        tabs = [self.following("quota")]
        tabs.append(self.open())
        tabs[1].run(FOLLOW.replace("import(`${url}/api", "import(`/api"), {
            "url": self.url, "streams": ["quota"], "options": self.options,
            "tokens": [self.rivulet.token()]})
        self.quota(1)
        for tab in tabs:
            self.wait_quota(tab, 1)
        self.wait_connections(2)
