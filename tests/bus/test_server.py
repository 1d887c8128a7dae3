# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon as a whole on D-Bus: its connections, and what was turned away."""

import xml.etree.ElementTree as ET

from gi.repository import GLib

import wire
from cases import DaemonCase, FreshCase
from daemon import run_to_end
from publisher import PATH, SERVER, Refusal
from waiting import wait_until

PROPERTIES = {"Version": "s", "Connections": "u", "MaxConnections": "u", "Accepted": "t",
              "RefusedByTotal": "t", "RefusedByAddress": "t", "RefusedByUser": "t",
              "TokensRefused": "t", "AcceptPauses": "t", "StoreState": "s", "StoreError": "s",
              "LogPosition": "t", "LogLag": "t", "Nodes": "a(stt)"}
DOCUMENTATION = "io.github.rivulet.DocString"


class Server(DaemonCase):
    setting = {"config": {"http": {"max-connections": 100}}}

    def properties(self):
        return self.publisher.server_properties()

    def wait(self, **values):
        wait_until(lambda: {name: self.properties()[name] for name in values} == values,
                   f"{values} of {SERVER}")

    def test_what_it_has(self):
        properties = self.properties()
        self.assertEqual(set(properties), set(PROPERTIES))
        self.assertEqual(f"rivuletd {properties['Version']}\n", run_to_end(["--version"])[1])
        self.assertEqual(properties["MaxConnections"], 100)
        for name in "RefusedByTotal", "RefusedByAddress", "RefusedByUser", "AcceptPauses":
            self.assertEqual(properties[name], 0)

    def test_connections(self):
        """From when they are accepted until they are gone, whatever becomes of them."""
        self.wait(Connections=0)
        accepted = self.properties()["Accepted"]
        silent = wire.connect(self.rivulet.address)
        self.addCleanup(silent.close)
        self.wait(Connections=1, Accepted=accepted + 1)
        client = self.follow("quota")
        client.next()
        self.wait(Connections=2, Accepted=accepted + 2)
        silent.close()
        client.close()
        self.wait(Connections=0, Accepted=accepted + 2)

    def test_tokens(self):
        refused = self.properties()["TokensRefused"]
        self.assertEqual(self.rivulet.get("/quota/stream?token=x").status, 401)
        self.assertEqual(self.rivulet.get("/quota/stream").status, 401)
        self.assertEqual(self.properties()["TokensRefused"], refused + 1)

    def test_read_only(self):
        for name, value in [("Connections", GLib.Variant("u", 0)),
                            ("RefusedByTotal", GLib.Variant("t", 0))]:
            with self.assertRaises(Refusal):
                self.publisher.call("org.freedesktop.DBus.Properties", "Set",
                                    GLib.Variant("(ssv)", (SERVER, name, value)))

    def test_introspection_has_documentation(self):
        node = ET.fromstring(self.publisher.call(
            "org.freedesktop.DBus.Introspectable", "Introspect", None, PATH)[0])
        interface = node.find(f"interface[@name='{SERVER}']")
        for name, signature in PROPERTIES.items():
            element = interface.find(f"property[@name='{name}']")
            self.assertEqual((element.get("type"), element.get("access")), (signature, "read"))
            self.assertTrue([note for note in element.iter("annotation")
                             if note.get("name") == DOCUMENTATION and note.get("value")], name)


class AfterTheBus(FreshCase):
    def test_it_is_there_again(self):
        client = self.follow("quota")
        client.next()
        self.publisher.close()
        self.rivulet.bus.stop()
        self.rivulet.daemon.wait_for_line("the bus is gone")
        self.rivulet.bus.start()
        self.rivulet.daemon.wait_for_line("on the bus again")
        again = type(self.publisher)(self.rivulet.bus.address)
        self.addCleanup(again.close)
        again.wait_owner()
        self.assertEqual(again.server_properties()["Connections"], 1)
