# SPDX-License-Identifier: LGPL-2.1-or-later
"""What README.md and data/web/README.md have page authors write, in a page."""

import os
import re

import daemon
from pages import PageCase

BLOCK = re.compile(r"^```js\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLE = "https://app.example.org/api"
# The names that the lines leave to the page.
RUN = """async ({ code, token }) => {
  Object.assign(window, { shown: [], listed: [], added: [], asked: 0 });
  window.fetchToken = async () => { asked++; return token; };
  window.show = ({ used }) => shown.push(used);
  window.list = (events) => listed.push(events.length);
  window.add = ({ delivery_id }) => added.push(delivery_id);
  await new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.type = 'module';
    script.onload = resolve;
    script.onerror = () => reject(new Error('a module is missing'));
    script.src = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    document.head.append(script);
  });
}"""


class Documented(PageCase):
    def check(self, name, imported):
        with open(os.path.join(daemon.ROOT, name), encoding="utf-8") as file:
            text = file.read()
        self.assertIn(f"'{EXAMPLE}/rivulet.js'", text)
        code, = (block for block in BLOCK.findall(text) if "new Rivulet(" in block)
        self.assertIn(f"'{imported}'", code)
        code = code.replace(f"'{imported}'", f"'{EXAMPLE}/rivulet.js'")
        self.new_event(1)
        tab = self.open()
        tab.run(RUN, {"code": code.replace(EXAMPLE, f"{self.url}/api"),
                      "token": self.rivulet.token()})
        tab.wait("() => shown.length === 1 && listed.length === 1")
        self.new_event(2)
        self.quota(3)
        tab.wait("() => added.length === 1 && shown.length === 2")
        self.assertEqual(tab.run("() => [shown, listed, added, asked]"),
                         [[0, 3], [1], ["2"], 1])

    def test_readme(self):
        self.check("README.md", f"{EXAMPLE}/rivulet.js")

    def test_readme_of_the_package(self):
        self.check(os.path.join("data", "web", "README.md"), "rivulet-client")
