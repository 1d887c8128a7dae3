# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stream from outside: built with what rivulet-dev installs alone, loaded beside the others."""

import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import packaged  # noqa: E402
from machine import read_until  # noqa: E402

TEMPLATE = "/usr/share/doc/rivulet/examples/plugin-template"
HEADERS = "/usr/include/rivulet-1"
OURS = ["events-count", "github-events", "posts-stats", "quota"]
PATH = "/messages/stream"

# Of the template, what is put in the place of what; and what the daemon then says of it.
WRONG = {
    "abi": ('SSE_PLUGIN_DEFINE ("messages", "1.0", messages_source_get_type)',
            "G_MODULE_EXPORT extern const SsePluginInfo sse_plugin_info;\n"
            "const SsePluginInfo sse_plugin_info = { SSE_PLUGIN_ABI + 1, sizeof (SsePluginInfo), "
            '"messages", "1.0", messages_source_get_type };',
            "version 2 of the plugin interface, this is version 1; build it anew"),
    "type": ('"1.0", messages_source_get_type)', '"1.0", g_object_get_type)',
             "its type GObject is no class that implements SseSource"),
    "initialisation": (
        "G_IMPLEMENT_INTERFACE (SSE_TYPE_SOURCE,",
        "G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, fail_interface_init) "
        "G_IMPLEMENT_INTERFACE (SSE_TYPE_SOURCE,", "cannot be made today"),
    "settings": ('g_variant_lookup (settings, "shown", "x", &MESSAGES_SOURCE (source)->shown);\n'
                 "  return TRUE;",
                 'g_set_error_literal (error, SSE_ERROR, SSE_ERROR_REFUSED, "takes no settings today");\n'
                 "  return FALSE;", "takes no settings today"),
}
# Before all else, for the one that fails to be made.
FAILING = """#include <gio/gio.h>
#include <sse-plugin.h>

static gboolean
fail (GInitable *initable, GCancellable *cancellable, GError **error)
{
  g_set_error_literal (error, SSE_ERROR, SSE_ERROR_REFUSED, "cannot be made today");
  return FALSE;
}

static void
fail_interface_init (GInitableIface *iface)
{
  iface->init = fail;
}

"""


@unittest.skipUnless(os.geteuid() == 0, "only root can boot a systemd")
class Plugin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = packaged.Packaged()
        cls.addClassCleanup(cls.machine.stop)
        cls.machine.install_packages("rivulet", "rivulet-dev")
        cls.folder = cls.machine.run("pkg-config", "--variable=plugindir", "rivulet-1").strip()

    def setUp(self):
        self.addCleanup(self.machine.run, "rm", "-f", f"{self.folder}/messages.so")

    def explain(self):
        return self.machine.journal()

    def restart(self):
        self.machine.systemctl("restart", "rivulet.service")

    def streams(self):
        """What ObjectManager tells of each stream, by the plugin's name."""
        said = self.machine.run(
            "busctl", "--system", "--json=short", "call", "io.github.rivulet.Rivulet",
            "/io/github/rivulet/Rivulet", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        found = {}
        for interfaces in json.loads(said)["data"][0].values():
            stream = interfaces.get("io.github.rivulet.Rivulet1.Stream")
            if stream is not None:
                found[stream["Plugin"]["data"].partition(".so")[0]] = {
                    name: value["data"] for name, value in stream.items()}
        return found

    def publish(self, update, **more):
        return self.machine.gdbus("io.github.rivulet.Rivulet1.Publisher.Publish", "messages",
                                  json.dumps(update), "{}", **more)

    def follow(self):
        client = self.machine.follow(PATH)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        return client

    def build(self, name, *steps):
        """Builds the template in a copy of it, changed by some steps in a shell before."""
        self.machine.run("sh", "-ec", "\n".join([
            f"rm -rf /tmp/{name}; cp -r {TEMPLATE} /tmp/{name}; cd /tmp/{name}", *steps,
            "meson setup -Dwerror=true build", "meson install -C build"]), patience=packaged.PATIENCE)

    def test_each_header_can_be_included_alone(self):
        """In C and, as G_BEGIN_DECLS in each promises, in C++."""
        headers = self.machine.run("ls", HEADERS).split()
        self.assertIn("sse-plugin.h", headers)
        for compiler, language in ("cc", "c"), ("c++", "c++"):
            for header in headers:
                with self.subTest(header=header, language=language):
                    self.machine.run(
                        "sh", "-c", f"echo '#include <{header}>' | {compiler} -x {language} - "
                        "-fsyntax-only -Wall -Wextra -Werror $(pkg-config --cflags rivulet-1)")

    def test_a_fifth_stream(self):
        self.build("good")
        self.restart()
        streams = self.streams()
        self.assertEqual(sorted(streams), sorted([*OURS, "messages"]))
        self.assertEqual((streams["messages"]["State"], streams["messages"]["Path"],
                          streams["messages"]["Error"]), (streams["quota"]["State"], PATH, ""))

        client = self.follow()
        self.assertEqual(read_until(client, "data: ")[-1],
                         'data: {"type":"messages","messages":[]}\n')
        self.publish({"type": "message", "text": "Hello"})
        self.assertEqual(read_until(client, "data: ")[-1],
                         'data: {"type":"message","text":"Hello"}\n')
        self.assertIn("InvalidUpdate: text", self.publish({"type": "message"}, status=1))
        for number in range(11):
            self.publish({"type": "message", "text": f"again “{number}”"})

        self.restart()
        last = json.loads(read_until(self.follow(), "data: ")[-1][len("data: "):])
        self.assertEqual(last, {"type": "messages",
                                "messages": [f"again “{number}”" for number in range(1, 11)]})

    def test_what_is_wrong_is_refused(self):
        """Each for its own reason, and all others run on."""
        for name, (before, after, said) in WRONG.items():
            with self.subTest(name=name):
                script = ("import sys; text = open('messages.c').read(); "
                          "changed = text.replace(sys.argv[1], sys.argv[2]); "
                          "assert changed != text; "
                          "open('messages.c', 'w').write(sys.argv[3] + changed)")
                self.build("wrong", "python3 -c '%s' '%s' '%s' '%s'" % (
                    script.replace("'", "'\\''"), before, after,
                    FAILING if name == "initialisation" else ""))
                self.restart()
                streams = self.streams()
                self.assertEqual(sorted(streams), sorted([*OURS, "messages"]))
                self.assertIn(said, streams["messages"]["Error"])
                self.assertNotEqual(streams["messages"]["State"], streams["quota"]["State"])
                self.assertIn(said, self.machine.journal())
                self.assertEqual({streams[ours]["Error"] for ours in OURS}, {""})
                self.machine.publish(3)
                refused = self.publish({"type": "message", "text": "Hello"}, status=1)
                self.assertIn("Refused: the stream messages is disabled: ", refused)
