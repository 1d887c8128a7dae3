# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the unittest classes of one file and tells what came of them in TAP.

    python3 tests/lib/tap.py FILE [NAME…]

NAME is a part of the names of the tests to run; without any, all of them run. A test with failing
sub-tests fails once. Of a failed test that has a method explain(), what that says is told too.
"""

import importlib.util
import os
import sys
import traceback
import unittest

LIB = os.path.dirname(os.path.abspath(__file__))


class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.count = 0
        self.failed = 0
        self.running = None
        self.problems = []
        self.skipped_for = None

    def startTest(self, test):
        super().startTest(test)
        self.running = test
        self.problems = []
        self.skipped_for = None

    def stopTest(self, test):
        super().stopTest(test)
        self.running = None
        self.tell(test)

    def addFailure(self, test, err):
        self.problems.append(self.describe(err))
        if self.running is None:
            self.tell(test)

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.problems.append(f"{subtest}\n{self.describe(err)}")

    def addSkip(self, test, reason):
        self.skipped_for = reason
        if self.running is None:
            self.tell(test)

    def addExpectedFailure(self, test, err):
        self.problems.append("a failure that is expected is not a test")

    def addUnexpectedSuccess(self, test):
        self.problems.append("a failure that is expected is not a test")

    @staticmethod
    def describe(err):
        told = traceback.TracebackException(*err)
        told.stack = traceback.StackSummary.from_list(
            [frame for frame in told.stack if "/unittest/" not in frame.filename]
        )
        return "".join(told.format())

    def tell(self, test):
        """The line of one test, or of one class whose set-up or tear-down did not pass."""
        self.count += 1
        name = test.id().replace("#", "")
        if self.problems:
            self.failed += 1
            print(f"not ok {self.count} {name}")
            explain = getattr(test, "explain", lambda: "")
            for line in "\n".join([*self.problems, explain()]).rstrip().split("\n"):
                print("#", line.replace("\r", "\\r"))
        elif self.skipped_for is not None:
            print(f"ok {self.count} {name} # SKIP {self.skipped_for}")
        else:
            print(f"ok {self.count} {name}")
        sys.stdout.flush()
        self.problems = []
        self.skipped_for = None


def chosen(suite, names):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from chosen(test, names)
        elif not names or any(name in test.id() for name in names):
            yield test


def main(path, *names):
    folder, file_name = os.path.split(os.path.abspath(path))
    sys.path[:0] = [LIB, folder]
    module_name = os.path.splitext(file_name)[0]
    spec = importlib.util.spec_from_file_location(module_name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)

    result = TapResult()
    found = unittest.defaultTestLoader.loadTestsFromModule(module)
    unittest.TestSuite(chosen(found, names)).run(result)
    print(f"1..{result.count}", flush=True)
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
