# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls on the store's files that fail, once and for a while."""

import os

from gi.repository import Gio, GLib

import poster
from publisher import PATH, SERVER
from tracing import Failing, need_strace
from trouble import COMPLAINT, TroubleCase
from waiting import Deadline, wait_until

# As SQLite tells them, and the kernel.
FAILED = "disk I/O error"
FULL = "disk is full"
NOT_OPENED = "Too many open files"


class Inject(TroubleCase):
    config = {**TroubleCase.config, "http": {"publish": "true"}}

    def setUp(self):
        need_strace()
        super().setUp()

    def fail(self, **failing):
        paths = [os.path.join(self.house.state, name)
                 for name in ("rivulet.db", "rivulet.db-wal", "rivulet.db-shm")]
        failure = Failing(self.house.daemon.pid, self.house.folder, paths, failing)
        self.addCleanup(failure.__exit__)
        return failure

    def fail_once(self, call, error, reason=FAILED):
        self.house.daemon.expect(COMPLAINT)
        failure = self.fail(**{call: f"error={error}:when=1"})
        self.assert_fails()
        wait_until(failure.injected, "a call that failed")
        self.house.daemon.wait_for_line(COMPLAINT + ".*" + reason)
        self.assert_well()

    def fail_for_a_while(self, reason, **failing):
        failure = self.fail(**failing)
        self.assert_failing(reason)
        wait_until(failure.injected, "a call that failed")
        failure.stop()
        self.assert_well()

    def test_pwrite_once_eio(self):
        self.fail_once("pwrite64", "EIO")

    def test_pwrite_once_enospc(self):
        self.fail_once("pwrite64", "ENOSPC", FULL)

    def test_fdatasync_once_eio(self):
        self.fail_once("fdatasync", "EIO")

    def test_fdatasync_once_enospc(self):
        self.fail_once("fdatasync", "ENOSPC")

    def test_pwrite_for_a_while_eio(self):
        self.fail_for_a_while(FAILED, pwrite64="error=EIO")

    def test_pwrite_for_a_while_enospc(self):
        self.fail_for_a_while("", pwrite64="error=ENOSPC")

    def test_fdatasync_for_a_while_eio(self):
        self.fail_for_a_while(FAILED, fdatasync="error=EIO")

    def test_fdatasync_for_a_while_enospc(self):
        self.fail_for_a_while(FAILED, fdatasync="error=ENOSPC")

    def test_over_http(self):
        """Who publishes there hears the same, and when to push again."""
        token = self.house.token("writer", publish="quota")

        def post():
            return poster.post(self.house.address, "quota", token, {
                "type": "quota", "quota": {"used": 1, "remaining": 1}}, "of nobody else")

        failure = self.fail(fdatasync="error=EIO")
        self.assert_failing(FAILED)
        answer = post()
        self.assertEqual(answer.status, 503)
        self.assertEqual(int(answer.head.get("Retry-After")), 5)
        self.assertEqual(answer.json()["message"], self.assert_fails())
        failure.stop()
        self.wait_well()
        self.assertEqual(post().status, 202)

    def test_openat_after_a_failure(self):
        """What failed is reopened, which fails too for a while."""
        failure = self.fail(fdatasync="error=EIO:when=1", openat="error=EMFILE")
        self.house.daemon.expect(COMPLAINT)
        self.assert_fails()
        self.house.daemon.wait_for_line(COMPLAINT + ".*" + NOT_OPENED)
        self.assert_failing(NOT_OPENED)
        failure.stop()
        self.assert_well()

    def test_killed_while_it_fails(self):
        """What failed is there after the restart, or not; what was acknowledged before is."""
        self.fail(fdatasync="error=EIO")
        self.assert_failing(FAILED)
        self.house.live_again()
        self.publish_some()
        self.house.close()

    def test_the_change_is_told(self):
        told = []
        subscription = self.house.publisher.connection.signal_subscribe(
            None, "org.freedesktop.DBus.Properties", "PropertiesChanged", PATH, SERVER,
            Gio.DBusSignalFlags.NONE, lambda *signal: told.append(signal[5].unpack()[1]))
        self.addCleanup(self.house.publisher.connection.signal_unsubscribe, subscription)
        self.fail_once("fdatasync", "EIO")
        context = GLib.MainContext.default()
        deadline = Deadline("signals of the store's state")
        while len(told) < 2:
            context.iteration(False)
            deadline.left()
        states = [values.get("StoreState") for values in told]
        self.assertEqual(states[:2], ["failed", "ok"], told)
        self.assertIn(FAILED, told[0]["StoreError"])
        self.assertEqual(told[1]["StoreError"], "")
