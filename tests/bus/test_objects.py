# SPDX-License-Identifier: LGPL-2.1-or-later
"""The streams as D-Bus objects, and what tools find by introspection."""

import os
import subprocess
import tempfile
import xml.etree.ElementTree as ET

from gi.repository import GLib

from cases import DaemonCase, FreshCase
from daemon import PLUGINS
from eventstream import PATHS
from publisher import NAME, PATH, PUBLISHER, STREAM, Refusal

PROPERTIES = {"Name": "s", "Path": "s", "Plugin": "s", "State": "s", "Error": "s",
              "Clients": None, "Position": "t", "QueuedBytes": "t", "Dropped": "t"}
DOCUMENTATION = "io.github.rivulet.DocString"


class Objects(DaemonCase):
    def managed(self):
        return self.publisher.call("org.freedesktop.DBus.ObjectManager", "GetManagedObjects", None)[0]

    def introspect(self, path=PATH):
        return ET.fromstring(self.publisher.call(
            "org.freedesktop.DBus.Introspectable", "Introspect", None, path)[0])

    def test_every_stream_is_an_object(self):
        objects = self.managed()
        streams = {path: interfaces[STREAM] for path, interfaces in objects.items()
                   if STREAM in interfaces}
        self.assertEqual(set(streams), {
            f"{PATH}/streams/{name}"
            for name in ("github_events", "posts_stats", "quota", "events_count")})
        for properties in streams.values():
            self.assertEqual(set(properties), set(PROPERTIES))
            self.assertEqual(properties["Path"], PATHS[properties["Name"]])
            self.assertEqual(properties["Error"], "")
            self.assertNotEqual(properties["State"], "")
            self.assertNotEqual(properties["Plugin"], "")

    def test_clients_and_position(self):
        before = self.publisher.stream_properties("quota")
        client = self.follow("quota")
        client.next()
        self.publisher.wait_clients("quota", before["Clients"] + 1)
        event_id = self.publisher.publish("quota", {"type": "quota", "quota": {
            "used": 1, "remaining": 0}})
        self.assertEqual(self.publisher.stream_properties("quota")["Position"],
                         int(event_id.rsplit("-", 1)[1]))
        client.close()
        self.publisher.wait_clients("quota", before["Clients"])

    def test_properties_are_read_only(self):
        path = f"{PATH}/streams/quota"
        for name, value in ("Name", GLib.Variant("s", "x")), ("Clients", GLib.Variant("u", 0)):
            with self.assertRaises(Refusal):
                self.publisher.call("org.freedesktop.DBus.Properties", "Set",
                                    GLib.Variant("(ssv)", (STREAM, name, value)), path)

    def test_introspection_has_documentation(self):
        node = self.introspect()
        interface = node.find(f"interface[@name='{PUBLISHER}']")
        self.assertIsNotNone(interface)
        for method in "Publish", "PublishMany":
            element = interface.find(f"method[@name='{method}']")
            self.assertIsNotNone(element, method)
            texts = [note.get("value") for note in element.iter("annotation")
                     if note.get("name") == DOCUMENTATION]
            self.assertTrue(texts and all(texts), method)
        stream = self.introspect(f"{PATH}/streams/quota").find(f"interface[@name='{STREAM}']")
        for name, signature in PROPERTIES.items():
            element = stream.find(f"property[@name='{name}']")
            self.assertEqual(element.get("access"), "read")
            if signature:
                self.assertEqual(element.get("type"), signature)
            self.assertTrue([note for note in element.iter("annotation")
                             if note.get("name") == DOCUMENTATION], name)

    def test_the_tree_can_be_walked(self):
        names = {node.get("name") for node in self.introspect(f"{PATH}/streams").findall("node")}
        self.assertEqual(names, {"github_events", "posts_stats", "quota", "events_count"})
        self.assertIn("streams", {node.get("name") for node in self.introspect().findall("node")})

    def test_gdbus_and_busctl(self):
        environment = {"DBUS_SESSION_BUS_ADDRESS": self.rivulet.bus.address, "PATH": "/usr/bin:/bin"}
        told = subprocess.run(
            ["gdbus", "call", "--session", "--dest", NAME, "--object-path", PATH,
             "--method", f"{PUBLISHER}.Publish", "quota",
             '{"type":"quota","quota":{"used":3,"remaining":2}}', "{'audience': <'by-gdbus'>}"],
            env=environment, capture_output=True, text=True, check=True, timeout=60)
        self.assertRegex(told.stdout, r"^\('[^'\s-]+-\d+',\)\n$")
        with self.rivulet.follow("quota", "by-gdbus") as client:
            self.assertEqual(client.next().data["quota"], {"used": 3, "remaining": 2})
        refused = subprocess.run(
            ["gdbus", "call", "--session", "--dest", NAME, "--object-path", PATH,
             "--method", f"{PUBLISHER}.Publish", "nothing", "{}", "{}"],
            env=environment, capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("Rivulet1.Error.UnknownStream", refused.stderr)

    def test_other_objects_are_unknown(self):
        for path in "/", "/io", f"{PATH}/streams/nothing":
            with self.assertRaises(Refusal):
                self.publisher.call(PUBLISHER, "PublishMany",
                                    GLib.Variant("(a(ssa{sv}))", ([],)), path)


class SomePlugins(FreshCase):
    """One plugin, and one file that is none: that one is disabled with its reason."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rivulet-")
        self.addCleanup(folder.cleanup)
        os.symlink(os.path.abspath(os.path.join(PLUGINS, "quota.so")),
                   os.path.join(folder.name, "quota.so"))
        with open(os.path.join(folder.name, "broken.so"), "w", encoding="ascii") as file:
            file.write("not a shared object")
        self.setting = {"plugins": folder.name, "webhook": False}
        super().setUp()
        self.rivulet.daemon.expect(r"broken")

    def test_what_is_not_there(self):
        with self.assertRaises(Refusal) as caught:
            self.publisher.publish("posts-stats", {"type": "stats"})
        self.assertEqual(caught.exception.name, "UnknownStream")
        token = self.rivulet.token()
        for path in PATHS["posts-stats"], PATHS["github-events"]:
            self.assertEqual(self.rivulet.get(f"{path}?token={token}").status, 404)

    def test_the_others_run_on(self):
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": 1, "remaining": 1}})
        with self.rivulet.follow("quota") as client:
            self.assertEqual(client.next().data["quota"]["used"], 1)

    def test_its_reason_shows(self):
        objects = self.publisher.call("org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                                      None)[0]
        broken = [interfaces[STREAM] for interfaces in objects.values()
                  if STREAM in interfaces and interfaces[STREAM]["Error"]]
        self.assertEqual(len(broken), 1)
        self.assertIn("broken", broken[0]["Error"] + broken[0]["Plugin"] + broken[0]["Name"])
        self.rivulet.daemon.wait_for_line("broken")
