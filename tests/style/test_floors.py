# SPDX-License-Identifier: LGPL-2.1-or-later
"""The house stands: includes go down only. And the check itself sees what goes wrong."""

import os
import tempfile
import unittest

import floors

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

HOUSE = {
    "src/api/sse-error.h": "#include <glib.h>\n",
    "src/api/sse-json.h": "#include <json-glib/json-glib.h>\n",
    "src/fanout/sse-frame.h": "#include <glib.h>\n#include <sys/epoll.h>\n",
    "src/core/sse-hub.h": '#include "sse-frame.h"\n#include "sse-error.h"\n#include <gio/gio.h>\n',
    "src/core/sse-config.h": "",
    "src/http/sse-front.h": '#include "sse-hub.h"\n#include <libsoup/soup.h>\n',
    "src/http/sse-listener.c": "#include <sys/epoll.h>\n",
    "src/token/sse-token.h": "",
    "src/token/sse-token-key.c": '#include "sse-token.h"\n#include <openssl/evp.h>\n',
    "src/bus/sse-bus.h": '#include "sse-hub.h"\n#include "sse-bus-generated.h"\n',
    "src/cli/main.c": '#include "sse-config.h"\n#include "sse-token.h"\n',
    "src/sse-daemon.h": '#include "sse-bus.h"\n#include "sse-front.h"\n#include "sse-frame.h"\n',
    "src/main.c": '#include "config.h"\n#include "sse-daemon.h"\n#include "sse-config.h"\n',
    "plugins/quota/sse-quota.h": '#include "sse-error.h"\n',
    "plugins/count/sse-count.h": '#include "sse-json.h"\n',
}
WRONG = [
    ("src/api/sse-error.h", '#include "sse-frame.h"'),
    ("src/api/sse-error.h", '#include "sse-hub.h"'),
    ("src/api/sse-error.h", "#include <sse-hub.h>"),
    ("src/api/sse-error.h", "#include <gio/gio.h>"),
    ("src/fanout/sse-frame.h", '#include "sse-error.h"'),
    ("src/fanout/sse-frame.h", "#include <glib-object.h>"),
    ("src/core/sse-hub.h", '#include "sse-front.h"'),
    ("src/core/sse-hub.h", '#include "sse-bus.h"'),
    ("src/core/sse-hub.h", '#include "sse-daemon.h"'),
    ("src/core/sse-hub.h", "#include <sys/epoll.h>"),
    ("src/core/sse-hub.h", "#include <libsoup/soup.h>"),
    ("src/http/sse-front.h", '#include "sse-bus.h"'),
    ("src/http/sse-front.h", '#include "sse-quota.h"'),
    ("src/http/sse-front.h", "#include <gio/gdbus.h>"),
    ("src/http/sse-front.h", "#include <openssl/evp.h>"),
    ("src/http/sse-front.h", "  #  include  <sys/epoll.h>"),
    ("src/bus/sse-bus.h", '#include "sse-front.h"'),
    ("src/bus/sse-bus.h", '#include "sse-token.h"'),
    ("src/bus/sse-bus.h", "#include <libsoup/soup.h>"),
    ("src/cli/main.c", '#include "sse-front.h"'),
    ("src/cli/main.c", '#include "sse-frame.h"'),
    ("src/cli/main.c", '#include "sse-daemon.h"'),
    ("src/sse-daemon.h", '#include "sse-quota.h"'),
    ("src/main.c", '#include "sse-hub.h"\n#include "sse-front.h"'),
    ("plugins/quota/sse-quota.h", '#include "sse-hub.h"'),
    ("plugins/quota/sse-quota.h", '#include "sse-frame.h"'),
    ("plugins/quota/sse-quota.h", '#include "sse-count.h"'),
    ("plugins/quota/sse-quota.h", '#include "../count/sse-count.h"'),
    ("plugins/quota/sse-quota.h", '#include "../../src/core/sse-hub.h"'),
    ("plugins/quota/sse-quota.h", "#include HEADER"),
    ("src/new/sse-new.h", ""),
]


class Floors(unittest.TestCase):
    def test_includes_go_down_only(self):
        self.assertEqual(floors.problems(ROOT), [])

    def test_there_is_something_to_read(self):
        self.assertGreater(len(list(floors.sources(ROOT))), 30)


class TheCheckItself(unittest.TestCase):
    def problems(self, changes):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in {**HOUSE, **changes}.items():
                whole = os.path.join(folder, path)
                os.makedirs(os.path.dirname(whole), exist_ok=True)
                with open(whole, "w", encoding="utf-8") as file:
                    file.write(text)
            return floors.problems(folder)

    def test_what_is_right_passes(self):
        self.assertEqual(self.problems({}), [])
        self.assertEqual(self.problems({
            "src/api/sse-error.h": '/* #include "sse-hub.h" */\n// #include "sse-hub.h"\n'}), [])

    def test_each_wrong_include_is_found(self):
        for path, line in WRONG:
            with self.subTest(path=path, line=line):
                found = self.problems({path: HOUSE.get(path, "") + line + "\n"})
                self.assertTrue(found)
                self.assertTrue(all(path in problem for problem in found), found)

    def test_a_name_that_is_there_twice_is_found(self):
        found = self.problems({"src/http/sse-error.h": ""})
        self.assertIn("src/http/sse-error.h: src/api/sse-error.h has the same name", found)
