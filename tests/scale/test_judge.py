# SPDX-License-Identifier: LGPL-2.1-or-later
"""What says whether a cluster did right says so where it did not."""

import unittest
from types import SimpleNamespace

from travellers import judge


def saw(*numbers, fresh=1):
    """A reader of events, each at the position that is its number."""
    return SimpleNamespace(name="reader", fresh=fresh,
                           got=[(f"ep-{number}", f"a-{number}") for number in numbers])


class Judge(unittest.TestCase):
    author = SimpleNamespace(name="author", taken=["a-1", "a-2", "a-4"])

    def refuse(self, why, *readers):
        with self.assertRaisesRegex(AssertionError, why):
            judge([self.author], readers)

    def test_all_is_well(self):
        """What was not acknowledged may be there or not, and one may not have come to the end."""
        judge([self.author], [saw(1, 2, 3, 4), saw(1, 2), saw()])
        judge([self.author], [saw(1, 2, 4)])

    def test_a_gap(self):
        for readers in (saw(1, 3, 4), saw(1, 2, 3, 4)), (saw(1, 2, 3, 4, 5), saw(2, 3, 4)):
            self.refuse("saw .* where another one saw", *readers)

    def test_a_gap_of_all(self):
        self.refuse(r"acknowledged to author, and not seen: \['a-2'\]", saw(1, 3, 4), saw(1, 3))

    def test_an_end_that_is_missing(self):
        self.refuse(r"not seen: \['a-4'\]", saw(1, 2, 3))

    def test_one_that_is_seen_twice(self):
        self.refuse("where another one saw", saw(1, 2, 2, 4), saw(1, 2, 4))
        self.refuse("positions do not ascend", saw(1, 2, 2, 4), saw(1, 2))

    def test_one_that_is_appended_twice(self):
        reader = saw(1, 2, 4)
        reader.got.append(("ep-5", "a-2"))
        self.refuse("appended twice", reader)

    def test_another_order(self):
        self.refuse("where another one saw", saw(1, 2, 4, 3), saw(1, 2, 3, 4))
        self.refuse("positions do not ascend", saw(1, 2, 4, 3))

    def test_another_place(self):
        reader = saw(1, 2, 4)
        reader.got[1] = ("ep-3", "a-2")
        self.refuse("where another one saw", reader, saw(1, 2, 4))

    def test_a_fresh_start(self):
        self.refuse("had to start afresh 1 times", saw(1, 2, 4), saw(1, 2, 4, fresh=2))

    def test_another_epoch(self):
        reader = saw(1, 2, 4)
        reader.got[2] = ("new-4", "a-4")
        self.refuse("new epoch", reader)
