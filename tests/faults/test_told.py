# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operators are told of a store that fails, and when it is well again."""

import os

import metrics
import wire
from tracing import Failing, need_strace
from trouble import COMPLAINT, TroubleCase
from waiting import wait_until

REASON = "disk I/O error"


class Told(TroubleCase):
    config = {**TroubleCase.config, "operators": {"listen": "127.0.0.1:0"}}

    def setUp(self):
        need_strace()
        super().setUp()
        (self.operators,) = self.house.daemon.wait_for_operators()

    def ready(self):
        answer = wire.request(self.operators, "/readyz")
        return answer.status, answer.body.decode()

    def test_a_store_that_fails_for_a_while(self):
        self.assertEqual(self.ready(), (200, "ok\n"))
        before = metrics.read(self.operators)
        self.assertEqual(before("rivulet_store_up"), 1)
        failure = Failing(self.house.daemon.pid, self.house.folder,
                          [os.path.join(self.house.state, name)
                           for name in ("rivulet.db", "rivulet.db-wal", "rivulet.db-shm")],
                          {"fdatasync": "error=EIO"})
        self.addCleanup(failure.__exit__)
        self.house.daemon.expect(COMPLAINT)
        for _ in range(3):
            self.assert_fails()
        wait_until(lambda: self.ready()[0] == 503, "operators who are told")
        self.assertRegex(self.ready()[1], rf"\Athe store failed: [^\n]*{REASON}[^\n]*\n\Z")
        self.assertEqual(wire.request(self.operators, "/healthz").status, 200)
        failing = metrics.read(self.operators)
        self.assertEqual(failing("rivulet_store_up"), 0)
        self.assertEqual(failing("rivulet_updates_rejected_total", reason="store_failed"),
                         before("rivulet_updates_rejected_total", reason="store_failed") + 3)
        failure.stop()
        self.wait_well()
        self.assertEqual(self.ready(), (200, "ok\n"))
        self.assertEqual(metrics.read(self.operators)("rivulet_store_up"), 1)
