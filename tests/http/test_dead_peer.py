# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client whose network is gone without a word is closed, and no other."""

import unittest

from cases import DaemonCase, Setting
from network import FarHost, Unavailable

CONFIG = {"clients": {"heartbeat-ms": 200, "peer-timeout-ms": 1000}}


class DeadPeer(unittest.TestCase):
    rivulet = None
    said_before = 0
    explain = DaemonCase.explain
    follow = DaemonCase.follow

    def setUp(self):
        try:
            self.host = FarHost()
        except Unavailable as reason:
            self.skipTest(str(reason))
        self.addCleanup(self.host.remove)
        self.rivulet = Setting(config=CONFIG, listen=("127.0.0.1:0", f"{self.host.near}:0"))
        self.addCleanup(self.rivulet.stop)

    def test_swallowed(self):
        publisher = self.rivulet.publisher
        near = self.follow("quota")
        with self.host.inside():
            far = self.follow("quota", address=self.rivulet.addresses[1])
        near.next()
        far.next()

        # As long as it takes the bytes it may say nothing at all.
        far.wait_comments(10)
        self.assertEqual(publisher.stream_properties("quota")["Clients"], 2)

        self.host.swallow()
        publisher.wait_clients("quota", 1)
        publisher.publish("quota", {"type": "quota", "quota": {"used": 1, "remaining": 2}})
        self.assertEqual(near.next().data["quota"]["used"], 1)
        self.assertEqual(publisher.stream_properties("quota")["Dropped"], 0)
