# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operators' page on a phone and a desk, light and dark, by keyboard, in both languages."""

import itertools

from browsers import Firefox
from dashboard import SWITCH, DashboardCase

FOCUS = """() => {
  const node = document.activeElement;
  return [node.id || node.getAttribute('aria-labelledby') || node.className,
    getComputedStyle(node).outlineStyle, node.getBoundingClientRect().left >= 0];
}"""
AXE = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.map(
  ({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html, failureSummary])])"""


class Access(DashboardCase):
    def fill(self):
        """Something of everything, so that all of the page is there."""
        for number, status in enumerate(["pending", "processed", "failed"] * 12):
            self.publisher.publish("github-events", {"type": "new-event", "event": {
                "delivery_id": str(number), "event": "pull_request_review_comment", "status": status,
                "repo_full_name": f"an-organisation-with-a-long-name/and-its-repository-{number}"}})
        for number, status in enumerate(["draft", "ready", "scheduled", "published", "failed"] * 10):
            self.publisher.publish("posts-stats", {"type": "post", "post": {
                "id": number, "status": status, "title": f"A post with quite a long title, number {number}"}})
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": 95, "remaining": 5}})

    def look_full(self, **options):
        self.fill()
        tab = self.look_live(**options)
        tab.wait("() => document.querySelectorAll('#posts li').length === 40")
        tab.wait("() => document.querySelectorAll('#streams tr').length === 4")
        tab.wait("() => document.querySelectorAll('#events li').length === 36")
        return tab

    def assert_accessible(self, tab, what):
        tab.call("load", script="axe-core/axe.min.js")
        for scheme, language, width in itertools.product(("light", "dark"), ("en", "fr"), (320, 1280)):
            with self.subTest(what=what, scheme=scheme, language=language, width=width):
                tab.call("media", media={"colorScheme": scheme})
                tab.call("size", width=width, height=800)
                tab.run(SWITCH, language)
                self.assertEqual(tab.run(AXE), [])
                # Nothing is cut off, or scrolled to sideways (WCAG 2.2, 1.4.10).
                self.assertLessEqual(tab.run("() => document.documentElement.scrollWidth"), width)

    def test_axe(self):
        tab = self.look_full()
        tab.run("() => document.querySelector('#publish-form [type=submit]').click()")
        tab.wait("() => document.querySelector('#publish-result').className === 'good'")
        self.assert_accessible(tab, "all of it")

    def test_axe_without_a_token(self):
        tab = self.look()
        tab.wait("() => document.querySelectorAll('#streams tr').length === 4")
        tab.run("""() => {
          document.querySelector('#token').value = 'x';
          document.querySelector('#token-form [type=submit]').click();
        }""")
        self.assert_accessible(tab, "without a token")

    def test_axe_when_all_is_lost(self):
        tab = self.look_full()
        self.rivulet.daemon.kill()
        tab.wait("() => document.querySelector('#problem').checkVisibility()")
        tab.run("() => document.querySelector('#publish-form [type=submit]').click()")
        tab.wait("() => document.querySelector('#publish-result').className === 'error'")
        self.assert_accessible(tab, "when all is lost")
        self.rivulet.start_again()

    def test_axe_sees(self):
        """What the above relies on: that it runs here, and finds what is wrong."""
        tab = self.look()
        tab.call("load", script="axe-core/axe.min.js")
        tab.run("() => document.querySelector('main').append(document.createElement('input'))")
        self.assertEqual([name for name, _ in tab.run(AXE)], ["label"])


class Colours(DashboardCase):
    def test_forced_ones(self):
        """Where the system's colours are all that there is, dots, badges and bars are seen still."""
        self.publisher.publish("github-events", {"type": "new-event", "event": {
            "delivery_id": "1", "event": "push", "repo_full_name": "a/b"}})
        tab = self.look_live()
        tab.wait("() => document.querySelectorAll('#events li').length === 1")
        tab.call("media", media={"forcedColors": "active"})
        page, *seen = tab.run("""() => {
          const colour = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
          return [colour('main', 'backgroundColor'), colour('.dot', 'borderTopColor'),
            colour('.badge', 'borderTopColor'), colour('body', 'color'), colour('#chart text', 'fill'),
            colour('#chart .grid', 'stroke')];
        }""")
        self.assertEqual(len(set(seen)), 1, seen)
        self.assertNotEqual(page, seen[0])
        for selector in ".dot", ".badge":
            self.assertEqual(tab.run("(selector) => getComputedStyle(document.querySelector(selector)).borderTopStyle",
                                     selector), "solid")


class Keyboard(DashboardCase):
    def walk(self, tab, key="Tab"):
        """Presses it until the page has no more; returns what had the focus, all of it visibly.

        That takes the focus from the page: Firefox goes on to its own controls.
        """
        found = []
        while True:
            name, outline, inside = tab.run(FOCUS)
            if tab.run("() => document.activeElement === document.body") or name in found:
                return found
            self.assertNotEqual(outline, "none", name)
            self.assertTrue(inside, name)
            found.append(name)
            tab.call("press", key=key)

    def test_all_by_keys(self):
        """A token is given, every control is reached both ways, and an update is published."""
        tab = self.look()
        tab.wait("() => document.querySelectorAll('#streams tr').length === 4")
        for name in "skip", "language", "token":
            tab.call("press", key="Tab")
            self.assertEqual(tab.run(FOCUS)[0], name)
        tab.call("type", text=self.token())
        tab.call("press", key="Enter")
        tab.wait("() => document.querySelector('#state').dataset.state === 'open'")
        tab.wait("() => document.activeElement.id === 'forget'")
        self.publisher.publish("github-events", {"type": "new-event", "event": {
            "delivery_id": "1", "event": "push", "repo_full_name": "a/b"}})
        tab.wait("() => document.querySelector('#events li')?.checkVisibility()")

        tab.run("() => document.querySelector('.skip').focus()")
        expected = ["skip", "forget", "language", "events-heading", "publish-stream", "publish-audience",
                    "publish-update", "primary", "streams-caption"]
        self.assertEqual(self.walk(tab), expected)
        tab = self.look_live()
        tab.wait("() => document.querySelector('#events li')?.checkVisibility()")
        tab.run("() => document.querySelector('[aria-labelledby=streams-caption]').focus()")
        self.assertEqual(self.walk(tab, "Shift+Tab"), expected[::-1])

        tab = self.look_live()
        tab.wait("() => document.querySelector('#events li')?.checkVisibility()")
        tab.run("() => document.querySelector('#forget').focus()")
        for _ in range(3):
            tab.call("press", key="Tab")
        self.assertEqual(tab.run(FOCUS)[0], "publish-stream")
        tab.call("type", text="quota")
        self.assertEqual(tab.run("() => document.activeElement.value"), "quota")
        tab.call("press", key="Tab")
        tab.call("type", text="42")
        tab.call("press", key="Tab")
        tab.call("press", key="Control+a")
        tab.call("type", text='{"type":"quota","quota":{"used":7,"remaining":1}}')
        tab.call("press", key="Tab")
        tab.call("press", key="Enter")
        tab.wait("() => document.querySelector('#publish-result').className === 'good'")
        self.wait_shown(tab, [7, "7 of 8 used"], "quota")

    def test_to_the_content(self):
        tab = self.look_live()
        tab.call("press", key="Tab")
        tab.call("press", key="Enter")
        self.assertEqual(tab.run("() => document.activeElement.id"), "main")
        self.assertEqual(tab.run("() => document.querySelector('#state').dataset.state"), "open")


class Languages(DashboardCase):
    def shown(self, tab):
        return [tab.run("() => document.documentElement.lang"), self.text_of(tab, "#count-heading")]

    def test_the_browsers(self):
        english = ["en", "Events so far"]
        for locale, expected in (("fr-CA", ["fr", "Total des événements"]), ("en-US", english),
                                 ("de-DE", english)):
            with self.subTest(locale=locale):
                tab = self.look(locale=locale)
                self.assertEqual(self.shown(tab), expected)
                self.browser.call("forget", profile=self.profile)

    def test_the_switch(self):
        """All follows, numbers too, and it is kept."""
        self.publisher.publish("events-count", {"type": "count", "count": 1234567})
        tab = self.look_live()
        tab.wait("() => document.querySelector('#count').innerText === '1,234,567'")
        tab.run(SWITCH, "fr")
        self.assertEqual(self.shown(tab), ["fr", "Total des événements"])
        self.assertEqual(self.text_of(tab, "#count"), "1\u202f234\u202f567")
        self.assertIn("En direct", self.text_of(tab, "#state"))
        tab.call("reload")
        self.assertEqual(self.shown(tab), ["fr", "Total des événements"])

    def test_every_text_is_there(self):
        """In every language, and all that the page asks for."""
        tab = self.look()
        texts = tab.run("async () => (await import('/strings.js')).TEXTS")
        translations = tab.run("async () => (await import('/translations.js')).TRANSLATIONS")
        self.assertEqual(list(translations), ["fr"])
        self.assertEqual([name for name, (key, _) in texts.items() if key not in translations["fr"]], [])
        several = {key for key, english in texts.values() if isinstance(english, dict)}
        self.assertEqual({key for key, said in translations["fr"].items() if isinstance(said, dict)}, several)
        named = "[...document.querySelectorAll('[data-text]')].map((node) => node.dataset.text)"
        self.assertEqual(set(tab.run(f"() => {named}")) - set(texts), set())


class Calm(DashboardCase):
    def test_a_screen_reader_is_not_flooded(self):
        """Of all that moves, the connection's state alone is told, what is wrong, and what came of one's own update."""
        tab = self.look_live()
        live = "document.querySelectorAll('[aria-live], [role=status], [role=alert], [role=log]')"
        self.assertEqual(tab.run(f"() => [...{live}].map((node) => node.id)"),
                         ["state", "trouble", "token-error", "publish-result"])
        tab.run(f"""() => {{
          window.told = 0;
          const observer = new MutationObserver((records) => {{ told += records.length; }});
          for (const node of {live})
            observer.observe(node, {{ childList: true, characterData: true, subtree: true }});
        }}""")
        for number in range(20):
            self.publisher.publish("github-events", {"type": "new-event", "event": {
                "delivery_id": str(number), "event": "push", "repo_full_name": "a/b"}})
        tab.wait("() => document.querySelectorAll('#events li').length === 20")
        applied = "[data-stream=github-events] td:nth-of-type(2)"
        tab.wait("(cell) => document.querySelector(cell).innerText === '20'", applied)
        self.assertEqual(tab.run("() => told"), 0)

    def test_what_is_read_stays(self):
        """What others' updates do not change is left where it is: a reader is not thrown out, and what is
        new lights up once."""
        for number in range(4):
            self.publisher.publish("github-events", {"type": "new-event", "event": {
                "delivery_id": str(number), "event": "push", "repo_full_name": "a/b"}})
        self.publisher.publish("posts-stats", {"type": "post", "post": {
            "id": 1, "status": "draft", "title": "Read"}})
        tab = self.look_live()
        tab.wait("() => document.querySelectorAll('#events li').length === 4")
        tab.wait("() => document.querySelectorAll('#posts li').length === 1")
        tab.wait("() => document.querySelectorAll('#streams tr').length === 4")
        tab.run("""() => {
          window.read = [...document.querySelectorAll(
            '#events li, #posts li, #daemon dd, #streams td:nth-of-type(2)')];
          window.moved = 0;
          new MutationObserver((records) => {
            moved += records.flatMap(({ addedNodes }) => [...addedNodes])
              .filter((node) => read.includes(node)).length;
          }).observe(document.body, { childList: true, subtree: true });
        }""")
        self.publisher.publish("github-events", {"type": "event-delete", "eventId": "1"})
        self.publisher.publish("github-events", {"type": "event-update", "event": {
            "delivery_id": "2", "status": "processed"}})
        self.publisher.publish("github-events", {"type": "new-event", "event": {
            "delivery_id": "new", "event": "push", "repo_full_name": "c/d"}})
        self.publisher.publish("posts-stats", {"type": "post", "post": {
            "id": 2, "status": "ready", "title": "Other"}})
        tab.wait("() => document.querySelector('#events .new .repo')?.innerText === 'c/d'")
        tab.wait("() => document.querySelector('#events .processed') !== null")
        tab.wait("() => document.querySelectorAll('#posts li').length === 2")
        applied = "[data-stream=github-events] td:nth-of-type(2)"
        tab.wait("(cell) => document.querySelector(cell).innerText === '7'", applied)
        self.assertEqual(tab.run("() => read.filter((node) => !node.isConnected).length"), 1)
        self.assertEqual(tab.run("() => moved"), 0)

    def test_reduced_motion(self):
        """What is new lights up, but not for those who want nothing to move."""
        tab = self.look_live()
        animation = "() => getComputedStyle(document.querySelector('#events li:first-child')).animationName"
        for number, (motion, expected) in enumerate((("no-preference", "arrive"), ("reduce", "none"))):
            tab.call("media", media={"reducedMotion": motion})
            for part in "a", "b":  # the first of all came with the page
                self.publisher.publish("github-events", {"type": "new-event", "event": {
                    "delivery_id": f"{number}{part}", "event": "push", "repo_full_name": "a/b"}})
                tab.wait("(n) => document.querySelectorAll('#events li').length >= n",
                         2 * number + " ab".index(part))
            self.assertEqual(tab.run(animation), expected)


class AccessInFirefox(Access):
    browser_kind = Firefox


class KeyboardInFirefox(Keyboard):
    browser_kind = Firefox


class LanguagesInFirefox(Languages):
    browser_kind = Firefox
