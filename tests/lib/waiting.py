# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waiting for a thing itself, with a bound that only a failure ever reaches."""

import os
import select
import time

# Sanitizers and Valgrind make everything slower, a loaded machine too.
PATIENCE = float(os.environ.get("RIVULET_TEST_PATIENCE", "30"))


class TimedOut(AssertionError):
    """What was waited for did not come."""


class Deadline:
    def __init__(self, what, seconds=None):
        self.what = what
        self.seconds = PATIENCE if seconds is None else seconds
        self.end = time.monotonic() + self.seconds

    def left(self):
        """Seconds that are left; raises TimedOut when there are none."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimedOut(f"{self.what}: not within {self.seconds:g} s")
        return left


def wait_until(condition, what, seconds=None):
    """Looks at something that tells nobody when it changes, such as /proc, until it is true."""
    deadline = Deadline(what, seconds)
    while True:
        value = condition()
        if value:
            return value
        select.select([], [], [], min(0.01, deadline.left()))


def amount(count, least=1):
    """A number of repetitions, less where a whole run must be quick (RIVULET_TEST_SCALE)."""
    return max(least, int(count * float(os.environ.get("RIVULET_TEST_SCALE", "1"))))
