# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operators' page, in a real browser, beside a running daemon."""

import ports
from browsers import BrowserCase, Tab

# What is shown, as the events' own words; `null` for what is not there yet.
SHOWN = """() => {
  const figure = (node) => Number(node.textContent.replace(/\\D/g, ''));
  return {
    events: [...document.querySelectorAll('#events > li')].map((item) => [
      item.querySelector('.name').textContent, item.querySelector('.repo').textContent,
      item.querySelector('.badge').textContent, item.querySelector('time').dateTime]),
    posts: Object.fromEntries([...document.querySelectorAll('#posts > section')].map((column) => [
      column.dataset.status, [figure(column.querySelector('.figure')),
        [...column.querySelectorAll('li')].map((item) => item.textContent)]])),
    quota: [document.querySelector('#quota').value, document.querySelector('#quota-text').textContent],
    count: figure(document.querySelector('#count')),
  };
}"""
SWITCH = """(language) => {
  const select = document.querySelector('#language');
  select.value = language;
  select.dispatchEvent(new Event('change'));
}"""
STATE = "() => document.querySelector('#state').dataset.state"
# So many posts of a status are listed, of those that there are.
LISTED = 8
ALL = ["github-events", "posts-stats", "quota", "events-count"]


def shown_of(model, user):
    """What the page is to show of a model of tests/lib/model.py, in English."""
    events = model.views("github-events", user)["events"]["events"]
    posts = model.views("posts-stats", user)
    quota = model.views("quota", user)["quota"]["quota"]
    total = quota["used"] + quota["remaining"]
    return {
        "events": [[event["event"], event["repo_full_name"], event["status"], event["received_at"]]
                   for event in events],
        "posts": {status: [posts["stats"]["stats"][status], [post["title"] for post in found[:LISTED]]]
                  for status, found in posts["posts-by-status"]["postsByStatus"].items()},
        "quota": [quota["used"], f"{quota['used']} of {total} used"],
        "count": model.views("events-count", user)["count"]["count"],
    }


class DashboardCase(BrowserCase):
    """A daemon that operators reach at `page`, an origin whose pages may follow and publish."""

    plugins = None
    config = {}

    def setUp(self):
        held = ports.hold()
        self.addCleanup(held.close)
        self.page = f"http://127.0.0.1:{ports.number(held)}"
        config = {"http": {"publish": "true", "allowed-origins": self.page},
                  "operators": {"listen": f"127.0.0.1:{ports.number(held)}"}}
        for group, keys in self.config.items():
            config[group] = {**config.get(group, {}), **keys}
        self.setting = {"plugins": self.plugins, "config": config}
        super().setUp()

    def look(self, token=None, path="/", **options):
        """A tab with the page, for a token; options as of playwright's newContext()."""
        fragment = f"#token={token}" if token else ""
        return Tab(self.browser, self.profile, f"{self.page}{path}{fragment}",
                   {"locale": "en-GB", **options})

    def look_live(self, token=None, **options):
        """The same, once it follows."""
        tab = self.look(token or self.token(), **options)
        tab.wait("() => document.querySelector('#state').dataset.state === 'open'")
        return tab

    def token(self, **claims):
        """Of user 42, for publishing to all streams."""
        return self.rivulet.token("42", **{"publish": ALL, **claims})

    def wait_shown(self, tab, expected, part=None):
        """Waits until the page shows what is expected, or that part of it."""
        code = f"""(expected) => {{
          const shown = ({SHOWN})();
          return JSON.stringify({'shown' if part is None else f'shown[{part!r}]'})
            === JSON.stringify(expected);
        }}"""
        try:
            tab.wait(code, expected, seconds=10)
        except AssertionError:
            shown = tab.run(SHOWN)
            self.assertEqual(shown if part is None else shown[part], expected)

    def text_of(self, tab, selector):
        return tab.run("(selector) => document.querySelector(selector).innerText", selector)

    def assert_quiet(self, tab, *allowed):
        """Nothing was refused by the page's policy, and nothing went wrong."""
        self.assertEqual([line for line in tab.said() if not any(word in line for word in allowed)], [])
