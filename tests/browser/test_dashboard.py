# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the operators' page shows, compared with what was published."""

import os
import shutil
import subprocess
import tempfile

import daemon
import model
from browsers import Firefox
from dashboard import ALL, SWITCH, DashboardCase, shown_of
from publisher import Refusal
from randomupdates import RandomUpdates

NASTY = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def event(number, **more):
    return {"type": "new-event", "event": {
        "delivery_id": str(number), "event": "push", "repo_full_name": "user/repo", "status": "pending",
        "received_at": f"2024-01-01T00:00:{number:02}Z", **more}}


class Figures(DashboardCase):
    def publish(self, updates):
        """Publishes (stream, update, audience); what is accepted is in `self.model`."""
        for (stream, update, audience), result in zip(updates, self.publisher.publish_all(updates)):
            if not isinstance(result, Refusal):
                self.model.apply(stream, update, audience)

    def setUp(self):
        super().setUp()
        self.model = model.Model()

    def test_what_was_there_and_what_comes(self):
        """Of all four streams: initial events, new ones, updates and deletions."""
        self.publish([
            *[("github-events", event(number), None) for number in range(3)],
            ("github-events", event(7, status="processed"), "42"),
            ("github-events", event(8), "somebody else"),
            ("posts-stats", {"type": "post", "post": {"id": 1, "status": "draft", "title": "One"}}, None),
            ("quota", {"type": "quota", "quota": {"used": 3, "remaining": 2}}, "42"),
        ])
        tab = self.look_live()
        self.wait_shown(tab, shown_of(self.model, "42"))
        steps = [
            ("github-events", event(5, event="issues"), None),
            *[("github-events", event(7 + number, event=name, received_at=f"2024-01-01T00:00:05.{fraction}Z"),
               None) for number, (name, fraction) in enumerate(
                   [("first", "0000020"), ("last", "00000300"), ("middle", "000002"), ("zero", "0")], 20)],
            ("github-events", {"type": "event-update", "event": {
                "delivery_id": "5", "status": "failed"}}, None),
            ("github-events", {"type": "event-delete", "eventId": "1"}, None),
            ("posts-stats", {"type": "post", "post": {"id": 1, "status": "published", "title": "One"}}, None),
            ("posts-stats", {"type": "post", "post": {"id": 2, "status": "failed", "title": "Two"}}, "42"),
            ("posts-stats", {"type": "post-delete", "postId": 1}, None),
            ("posts-stats", {"type": "stats", "stats": {
                "drafts": 1, "ready": 20, "scheduled": 300, "published": 4000, "failed": 5}}, None),
            ("quota", {"type": "quota", "quota": {"used": 5, "remaining": 0}}, "42"),
            ("events-count", {"type": "count", "count": 123456}, None),
            ("github-events", {"type": "events", "events": []}, None),
        ]
        for step in steps:
            with self.subTest(step=step):
                self.publish([step])
                self.wait_shown(tab, shown_of(self.model, "42"))
        self.assert_quiet(tab)

    def test_random_updates(self):
        """With a page that was there from the beginning, and one that comes when all is done."""
        source = RandomUpdates("dashboard", [None, "42", "7"])
        tab = self.look_live()
        self.publish([source.update() for _ in range(400)])
        self.wait_shown(tab, shown_of(self.model, "42"))
        self.wait_shown(self.look_live(), shown_of(self.model, "42"))

    def test_the_chart(self):
        """What comes while the page is open counts, not what was there."""
        bars = "() => [...document.querySelectorAll('#chart .bar')].map((bar) => Number(bar.dataset.n))"
        self.publish([("github-events", event(number), None) for number in range(3)])
        tab = self.look_live()
        self.publish([("github-events", event(10 + number), None) for number in range(4)])
        tab.wait(f"() => ({bars})().reduce((sum, n) => sum + n, 0) === 4")
        found = tab.run(bars)
        self.assertEqual(len(found), 60)
        self.assertEqual(sum(found[-2:]), 4)
        self.assertIn("4 events came in the last hour", self.text_of(tab, "#chart-text"))
        name = tab.run("() => document.querySelector('#chart svg').getAttribute('aria-label')")
        self.assertEqual(name, self.text_of(tab, "#chart-text"))

    def test_so_many_that_the_axis_has_no_room(self):
        tab = self.look()
        left = tab.run("""async () => {
          const { drawChart } = await import('/chart.js');
          const minutes = Array.from({ length: 60 }, (_, at) => ({ at, n: at === 9 ? 123456 : 0 }));
          document.querySelector('#chart').replaceChildren(drawChart(minutes, 600));
          return [...document.querySelectorAll('#chart .end')].map((label) => label.getBBox().x);
        }""")
        self.assertGreaterEqual(min(left), 0)

    def test_before_anything_is_known(self):
        """Nothing is said to be none before it is told so."""
        figures = "() => [...document.querySelectorAll('.figure')].map((node) => node.innerText)"
        tab = self.look()
        tab.wait("() => document.querySelector('[data-fact=version]') !== null")
        self.assertEqual(tab.run(figures), ["–"] * 7)
        self.assertEqual(self.text_of(tab, "#events-empty"), "–")
        tab = self.look_live()
        tab.wait(f"() => !({figures})().includes('–')")
        self.assertEqual(tab.run(figures), ["0", "0 of 0 used", *["0"] * 5])
        tab.wait("() => document.querySelector('#events-empty').innerText === 'None yet.'")

    def test_more_posts_than_are_listed(self):
        """How many more is by the counter: of thousands, only the newest hundred are told."""
        drafts = [{"id": 12340 + number, "status": "draft"} for number in range(12)]
        self.publish([
            ("posts-stats", {"type": "posts-by-status", "postsByStatus": {
                "drafts": drafts, "ready": [], "scheduled": [], "published": [], "failed": []}}, None),
            ("posts-stats", {"type": "stats", "stats": {
                "drafts": 2345, "ready": 7, "scheduled": 0, "published": 0, "failed": 0}}, None)])
        tab = self.look_live()
        tab.wait("() => document.querySelector('#posts .quiet')?.innerText === 'and 2,337 more'")
        self.assertRegex(self.text_of(tab, "#posts .drafts li"), r"^Post 123\d\d$")
        self.assertEqual(self.text_of(tab, "#posts .ready").split(), ["Ready", "7"])

    def test_the_daemon(self):
        tab = self.look_live()
        fact = "(name) => document.querySelector(`[data-fact=${name}] dd`)?.innerText"
        self.publish([("quota", {"type": "quota", "quota": {"used": 1, "remaining": 1}}, None)])
        tab.wait(f"() => ({fact})('health') === 'ready'")
        self.assertRegex(tab.run(fact, "version"), r"^\d+\.\d+\.\d+$")
        self.assertEqual(tab.run(fact, "store"), "writes to disk")
        row = """() => [...document.querySelectorAll('#streams [data-stream=quota] > *')]
          .map((cell) => cell.innerText)"""
        tab.wait(f"() => ({row})()[2] === '1'")
        self.assertEqual(tab.run(row)[:4], ["quota", "1", "1", "0"])


class Time(DashboardCase):
    """In Chromium, whose clock can be set."""

    def test_when(self):
        """Today's by the time, others by the day."""
        self.publisher.publish("github-events", event(1))
        self.publisher.publish("github-events", event(2, received_at="2023-12-31T12:00:00Z"))
        tab = self.look_live(timezoneId="UTC")
        tab.wait("() => document.querySelectorAll('#events li').length === 2")
        tab.call("time", time=1704103200000)  # the first one's day, 10:00 UTC
        tab.run(SWITCH, "fr")
        tab.run(SWITCH, "en")
        self.assertEqual(tab.run("() => [...document.querySelectorAll('#events time')].map((n) => n.innerText)"),
                         ["00:00:01", "31 Dec 2023"])


class Text(DashboardCase):
    def test_markup_is_text(self):
        """In whatever member, and as whose name: nothing of it is made an element."""
        self.publisher.publish("github-events", event(1, event=NASTY, repo_full_name=NASTY, status=NASTY))
        self.publisher.publish("posts-stats", {"type": "post", "post": {
            "id": 1, "status": "draft", "title": NASTY}})
        self.publisher.publish("posts-stats", {"type": "post", "post": {"id": NASTY, "status": "ready"}})
        tab = self.look_live(self.rivulet.token(NASTY))
        tab.wait("() => document.querySelectorAll('#events li').length === 1")
        tab.wait("() => document.querySelectorAll('#posts li').length === 2")
        for selector in "#events .name", "#events .repo", "#events .badge", "#posts .drafts li", \
                "#posts .ready li", "#state":
            self.assertIn(NASTY, self.text_of(tab, selector))
        self.assertEqual(tab.run("() => document.querySelectorAll('main img, script:not([src])').length"), 0)
        self.assert_quiet(tab)

    def test_a_script_that_got_in_would_not_run(self):
        tab = self.look_live()
        tab.run("""() => {
          window.violations = [];
          document.addEventListener('securitypolicyviolation',
            (event) => violations.push(event.effectiveDirective));
          const script = document.createElement('script');
          script.textContent = 'window.ran = true';
          document.body.append(script);
          const image = new Image();
          image.src = 'http://127.0.0.1:9/leak';
          fetch('http://127.0.0.1:9/leak').catch(() => {});
        }""")
        tab.wait("() => violations.length === 3")
        self.assertEqual(sorted(tab.run("() => violations")), ["connect-src", "img-src", "script-src-elem"])
        self.assertIsNone(tab.run("() => window.ran"))


class Other(DashboardCase):
    def setUp(self):
        """Beside the four streams, that of the plugins' template."""
        self.plugins = tempfile.mkdtemp(prefix="rivulet-plugins-")
        self.addCleanup(shutil.rmtree, self.plugins)
        for name in os.listdir(daemon.PLUGINS):
            if name.endswith(".so"):
                os.symlink(os.path.join(daemon.PLUGINS, name), os.path.join(self.plugins, name))
        flags = subprocess.run(["pkg-config", "--cflags", "json-glib-1.0"], check=True,
                               capture_output=True, text=True).stdout.split()
        subprocess.run(["cc", "-shared", "-fPIC", "-I", os.path.join(daemon.ROOT, "src", "api"), *flags,
                        "-o", os.path.join(self.plugins, "messages.so"),
                        os.path.join(daemon.ROOT, "tests", "plugin-template", "messages.c")], check=True)
        super().setUp()

    def test_a_stream_that_the_page_does_not_know(self):
        tab = self.look_live()
        tab.wait("() => document.querySelector('#others [data-stream=messages]') !== null")
        self.publisher.publish("messages", {"type": "message", "text": NASTY})
        tab.wait("(text) => document.querySelector('#others pre').innerText.includes(text)", NASTY)
        self.assertIn("Last event: message, at ", self.text_of(tab, "#others"))
        self.assertEqual(self.text_of(tab, "#others h3"), "messages")
        self.assert_quiet(tab)


class Publishing(DashboardCase):
    def send(self, tab, stream, update, audience=""):
        """Publishes by the form; returns what is said of it."""
        tab.run("""([stream, update, audience]) => {
          document.querySelector('#publish-result').textContent = '';
          document.querySelector('#publish-stream').value = stream;
          document.querySelector('#publish-update').value = update;
          document.querySelector('#publish-audience').value = audience;
          document.querySelector('#publish-form [type=submit]').click();
        }""", [stream, update, audience])
        result = "document.querySelector('#publish-result')"
        tab.wait(f"() => !['', 'Publishing …'].includes({result}.innerText)")
        return tab.run(f"() => [{result}.className, {result}.innerText]")

    def test_accepted(self):
        tab = self.look_live()
        kind, said = self.send(tab, "quota", '{"type":"quota","quota":{"used":9,"remaining":1}}', "42")
        self.assertEqual(kind, "good")
        self.assertRegex(said, r"^Published, with the id [0-9a-z]+-1\.$")
        self.wait_shown(tab, [9, "9 of 10 used"], "quota")
        kind, _ = self.send(tab, "quota", '{"type":"quota","quota":{"used":1,"remaining":1}}', "7&x=y")
        self.assertEqual(kind, "good")
        self.wait_shown(tab, [9, "9 of 10 used"], "quota")

    def test_examples_are_taken(self):
        """What the form begins with, for each stream, is an update of it."""
        tab = self.look_live()
        for stream in ALL:
            with self.subTest(stream=stream):
                update = tab.run("""(stream) => {
                  const select = document.querySelector('#publish-stream');
                  select.value = stream;
                  select.dispatchEvent(new Event('change'));
                  return document.querySelector('#publish-update').value;
                }""", stream)
                self.assertEqual(self.send(tab, stream, update)[0], "good")

    def test_refused(self):
        tab = self.look_live(self.token(publish=["quota", "github-events", "posts-stats"]))
        for stream, update, audience, words in (
                ("quota", "{", "", "Refused (400): "),
                ("quota", '{"type":"quota","quota":{"used":-1,"remaining":2}}', "", "quota.used"),
                ("github-events", '{"type":"event-delete","eventId":"nobody"}', "", "Refused (409): "),
                ("github-events", '{"type":"new-event","event":{}}', "", "delivery_id")):
            with self.subTest(update=update):
                kind, said = self.send(tab, stream, update, audience)
                self.assertEqual(kind, "error")
                self.assertIn(words, said)
        self.assertNotIn("events-count", self.text_of(tab, "#publish-stream"))

    def test_the_same_example_again(self):
        """An example is another one once it was taken; what was written by hand stays."""
        tab = self.look_live()
        click = """(text) => {
          const update = document.querySelector('#publish-update');
          update.value = text ?? update.value;
          document.querySelector('#publish-result').textContent = '';
          document.querySelector('#publish-form [type=submit]').click();
        }"""
        done = "() => document.querySelector('#publish-result').innerText.startsWith('Published')"
        for number in (1, 2):
            tab.run(click)
            tab.wait(done)
            tab.wait("(n) => document.querySelectorAll('#events li').length === n", number)
        written = '{"type":"event-delete","eventId":"x"}'
        self.publisher.publish("github-events", {"type": "new-event", "event": {
            "delivery_id": "x", "event": "push", "repo_full_name": "a/b"}})
        tab.run(click, written)
        tab.wait(done)
        self.assertEqual(tab.run("() => document.querySelector('#publish-update').value"), written)

    def test_no_answer(self):
        tab = self.look_live()
        self.rivulet.daemon.kill()
        kind, said = self.send(tab, "quota", '{"type":"quota","quota":{"used":1,"remaining":2}}')
        self.assertEqual(kind, "error")
        self.assertIn("whether it was taken is unknown", said)
        self.rivulet.start_again()

    def test_only_for_who_may(self):
        for token in self.rivulet.token("42"), self.token(publish="nothing"):
            tab = self.look_live(token)
            tab.wait("() => document.querySelector('[data-fact=version]') !== null")
            self.assertFalse(tab.run("() => document.querySelector('#publish-section').checkVisibility()"))
        self.assertTrue(self.look_live().run(
            "() => document.querySelector('#publish-section').checkVisibility()"))


class NotPublishing(DashboardCase):
    config = {"http": {"publish": "false"}}

    def test_not_where_it_is_off(self):
        tab = self.look_live()
        tab.wait("() => document.querySelector('[data-fact=version]') !== null")
        self.assertFalse(tab.run("() => document.querySelector('#publish-section').checkVisibility()"))


class FiguresInFirefox(Figures):
    browser_kind = Firefox


class TextInFirefox(Text):
    browser_kind = Firefox
