# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whom the operators' page is for, and what it shows when it can not follow."""

import os
import signal
import sqlite3

import tokens
from dashboard import STATE, SWITCH, DashboardCase
from publisher import Refusal

PROBLEM = "() => document.querySelector('#problem').innerText"
QUOTA = {"type": "quota", "quota": {"used": 4, "remaining": 1}}


class Token(DashboardCase):
    def test_in_the_fragment(self):
        """It leaves the address at once, is never sent here, and is kept for this tab alone."""
        token = self.token()
        tab = self.look_live(token)
        self.assertEqual(tab.run("() => location.href"), f"{self.page}/")
        self.assertEqual(self.text_of(tab, "#state").strip(), "Live, as user 42.")
        self.assertEqual(tab.run("() => Object.values({...localStorage}).join()"), "")
        seen = tab.run("() => performance.getEntriesByType('resource').map(({ name }) => name).join()")
        self.assertIn(f"{self.page}/metrics", seen)
        self.assertNotIn(token.rsplit(".", 1)[-1], seen)
        tab.call("reload")
        tab.wait(f"() => ({STATE})() === 'open'")
        other = self.look()
        other.wait("() => document.querySelector('[data-fact=version]') !== null")
        self.assertEqual(other.run(STATE), "none")

    def test_by_hand(self):
        tab = self.look()
        fill = """(token) => {
          document.querySelector('#token').value = token;
          document.querySelector('#token-form [type=submit]').click();
        }"""
        tab.wait("() => document.querySelector('[data-fact=version]') !== null")
        self.assertEqual(tab.run(STATE), "none")
        tab.run(fill, "nonsense")
        self.assertIn("three parts", self.text_of(tab, "#token-error"))
        tab.run(fill, self.rivulet.note(tokens.make(b"x" * 32, "42")))
        tab.wait(f"() => ({STATE})() === 'closed'")
        self.assertIn("the token is not valid here", self.text_of(tab, "#state"))
        tab.run(fill, f"  {self.rivulet.token('7')}\n")
        tab.wait(f"() => ({STATE})() === 'open'")
        self.assertIn("as user 7", self.text_of(tab, "#state"))
        self.assertFalse(tab.run("() => document.querySelector('#token-section').checkVisibility()"))

    def test_forgotten(self):
        """With all that was shown of its user."""
        self.publisher.publish("quota", QUOTA, "42")
        tab = self.look_live()
        self.wait_shown(tab, [4, "4 of 5 used"], "quota")
        tab.run("() => document.querySelector('#forget').click()")
        self.assertEqual(tab.run(STATE), "none")
        self.assertEqual(tab.run("() => [sessionStorage.length, document.activeElement.id]"), [0, "token"])
        self.assertEqual(self.text_of(tab, "#quota-text"), "–")
        self.publisher.wait_clients("quota", 0)

    def test_that_expires(self):
        tab = self.look(self.rivulet.token("42", lifetime=3))
        tab.wait(f"() => ({STATE})() === 'closed'")
        self.assertIn("the token has expired", self.text_of(tab, "#state"))
        self.assertTrue(tab.run("() => document.querySelector('#token-section').checkVisibility()"))

    def test_one_after_the_other(self):
        """A link with another token changes the user; one without, such as to the content, changes nothing."""
        tab = self.look_live()
        for fragment, user in (f"#token={self.rivulet.token('7')}", "7"), ("#main", "7"), ("#token=", "7"):
            tab.run("(fragment) => { location.hash = fragment; }", fragment)
            tab.wait("(user) => document.querySelector('#state').innerText.includes(`as user ${user}`)", user)
            tab.wait(f"() => ({STATE})() === 'open' && !location.hash.includes('token')")

    def test_a_fragment_without_one(self):
        tab = self.look(path="/#token=")
        tab.wait("() => document.querySelector('[data-fact=version]') !== null")
        self.assertEqual(tab.run(STATE), "none")

    def test_for_some_streams(self):
        tab = self.look_live(self.rivulet.token("42", streams=["quota"]))
        self.publisher.wait_clients("quota", 1)
        self.publisher.publish("quota", QUOTA)
        self.wait_shown(tab, [4, "4 of 5 used"], "quota")
        self.assertEqual(self.text_of(tab, "#count"), "–")


class Kept(DashboardCase):
    def test_where_nothing_may_be_kept(self):
        """As where a browser's user has it store nothing: both storages throw, and all goes on without."""
        tab = self.look(path="/healthz")
        tab.run("""(token) => {
          for (const area of ['localStorage', 'sessionStorage']) {
            Object.defineProperty(window, area, {
              get() { throw new DOMException('denied', 'SecurityError'); },
            });
          }
          location.hash = `token=${token}`;
        }""", self.token())
        # The same window, with what was done to it.
        tab.run("""async () => {
          const page = await (await fetch('/')).text();
          document.open();
          document.write(page);
          document.close();
        }""")
        tab.wait(f"() => document.querySelector('#state') !== null && ({STATE})() === 'open'")
        self.assertNotIn("token", tab.run("() => location.href"))
        tab.run(SWITCH, "fr")
        self.assertIn("En direct", self.text_of(tab, "#state"))
        tab.run("() => document.querySelector('#forget').click()")
        self.assertEqual(tab.run(STATE), "none")
        self.assert_quiet(tab, "404 (Not Found)")  # the icon that /healthz has not


class Daemon(DashboardCase):
    config = {"clients": {"retry-min-ms": "100", "retry-max-ms": "100"}}

    def test_it_ends_and_comes_back(self):
        """Killed, or stopped as an administrator does, and away until nothing is tried any more; the page
        is live again by itself."""
        tab = self.look_live()
        for number, end in enumerate((self.rivulet.daemon.kill, self.stop), 1):
            end()
            tab.wait(f"() => ({STATE})() === 'closed'")
            tab.wait(f"() => ({PROBLEM})().includes('does not answer')")
            self.assertEqual(self.text_of(tab, "[data-fact=health] dd"), "does not answer")
            self.rivulet.start_again()
            self.publisher.publish("quota", {"type": "quota", "quota": {"used": number, "remaining": 5}})
            tab.wait(f"() => ({STATE})() === 'open'", seconds=60)
            self.wait_shown(tab, [number, f"{number} of {number + 5} used"], "quota")
            tab.wait(f"() => ({PROBLEM})() === ''")

    def stop(self):
        self.rivulet.daemon.assert_clean()


class Store(DashboardCase):
    def test_that_fails_for_a_while(self):
        """It is said where it is seen, and why; and no more when all is well again."""
        tab = self.look_live()
        other = sqlite3.connect(os.path.join(self.rivulet.folder, "state", "rivulet.db"))
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")  # nobody else writes until it ends
        self.rivulet.daemon.expect("^rivuletd: warning: the store failed: ")
        with self.assertRaises(Refusal):
            self.publisher.publish("quota", QUOTA)
        tab.wait(f"() => ({PROBLEM})() !== ''")
        self.assertRegex(tab.run(PROBLEM), r"^No update is taken, as the store failed: .*rivulet.db: .+\.$")
        self.assertEqual(self.text_of(tab, "[data-fact=health] dd"), "not ready")
        self.assertEqual(self.text_of(tab, "[data-fact=store] dd"), "failed")
        self.assertEqual(tab.run(STATE), "open")
        other.rollback()
        tab.wait(f"() => ({PROBLEM})() === ''")
        self.assertEqual(self.text_of(tab, "[data-fact=health] dd"), "ready")


class Elsewhere(DashboardCase):
    config = {"http": {"allowed-origins": "http://localhost:3000"}}

    def test_an_origin_that_is_not_allowed(self):
        """What to do is said; when it is done, the page follows without being loaded again."""
        tab = self.look(self.token())
        tab.wait(f"() => ({PROBLEM})() !== ''")
        self.assertIn(f"add {self.page} to [http] allowed-origins", tab.run(PROBLEM))
        with open(self.rivulet.config_path, encoding="utf-8") as file:
            text = file.read()
        with open(self.rivulet.config_path, "w", encoding="utf-8") as file:
            file.write(text.replace("allowed-origins=", f"allowed-origins={self.page};"))
        self.rivulet.daemon.signal(signal.SIGHUP)
        tab.wait(f"() => ({STATE})() === 'open'")
        self.assertEqual(tab.run(PROBLEM), "")


class Unreachable(DashboardCase):
    config = {"operators": {"streams-url": "http://127.0.0.1:9"}}

    def test_streams_that_are_not_there(self):
        tab = self.look(self.token())
        tab.wait(f"() => ({STATE})() === 'closed'", seconds=60)
        self.assertIn("http://127.0.0.1:9", tab.run(PROBLEM))
        self.assertIn("[operators] streams-url", tab.run(PROBLEM))
        self.assertTrue(tab.run("() => document.querySelector('#again').checkVisibility()"))
