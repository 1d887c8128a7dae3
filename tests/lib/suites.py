# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs suites of test programs that speak TAP, some at a time, and counts what they tell.

    python3 tests/lib/suites.py SUITE…

The last line says how many tests passed, failed and were skipped; the exit status is 1 where one
failed. tests/run calls it, having built all that is needed.
"""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

LIB = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(LIB)
ROOT = os.path.dirname(TESTS)
LINE = re.compile(r"\s*(not )?ok\b\s*(\d+)?\s*-?\s*(.*)")
SKIP = re.compile(r"\s*#\s*SKIP\s*(.*)", re.IGNORECASE)
# How long one program may take in all; only one that hangs ever takes so long.
BOUND = float(os.environ.get("RIVULET_PROGRAM_BOUND", "900"))
# And to end, once it was asked to.
GRACE = 10
# It is asked to also where this process is killed.
OURS = ["setpriv", "--pdeathsig", "TERM"]


# Where they leave what was said and what was secret (record.py), in the temporary folder.
RECORD = "record"
# Those that look at that, and so run after all others.
LAST = ("test_whole_run",)


class Program:
    """One test program, and what it told."""

    def __init__(self, suite, name, command, environment=None, folder=ROOT):
        self.suite = suite
        self.name = name
        self.command = command
        self.environment = environment or {}
        self.folder = folder
        self.process = None
        self.passed = 0
        self.failures = []  # (name, text)
        self.skipped = []  # (name, reason)
        self.seconds = 0.0

    def run(self, temporary):
        started = time.monotonic()
        environment = {**os.environ, "TMPDIR": temporary, "HOME": temporary, "PYTHONDONTWRITEBYTECODE": "1",
                       "RIVULET_RECORD": os.path.join(temporary, RECORD), **self.environment}
        with tempfile.TemporaryFile() as output:
            self.process = subprocess.Popen(
                [*OURS, *self.command], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                status = self.process.wait(BOUND)
            except subprocess.TimeoutExpired:
                status = f"no end within {BOUND:g} s"
            self.end()
            output.seek(0)
            text = output.read().decode("utf-8", "backslashreplace")
        self.seconds = time.monotonic() - started
        self.read(text, status)

    def end(self):
        """Ends it and all that it started, which is in its process group."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(GRACE)
            except subprocess.TimeoutExpired:
                pass
        self.signal(signal.SIGKILL)
        self.process.wait()

    def signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def read(self, text, status):
        planned = None
        told = 0
        before = []
        failing = None
        for line in text.splitlines():
            plan = re.fullmatch(r"1\.\.(\d+)(\s*#.*)?", line)
            result = LINE.match(line) if re.match(r"(not )?ok\b", line) else None
            if plan:
                planned = int(plan.group(1))
            elif result:
                told += 1
                name, _, _ = result.group(3).partition(" # ")
                skip = SKIP.search(result.group(3))
                failing = None
                if skip:
                    self.skipped.append((name, skip.group(1)))
                elif result.group(1):
                    failing = [*before, line]
                    self.failures.append((name, failing))
                else:
                    self.passed += 1
                before = []
            elif failing is not None:
                failing.append(line)
            else:
                before.append(line)
        complaint = None
        if status != 0 and not self.failures:
            complaint = f"ended with status {status}"
        elif planned is None or planned != told:
            complaint = f"told of {told} tests, and planned {planned}; status {status}"
        if complaint:
            self.failures.append((complaint, text.splitlines()[-200:]))


class Runner:
    def __init__(self, programs, jobs):
        self.waiting = []
        self.programs = list(programs)
        self.jobs = jobs
        self.lock = threading.Lock()
        self.running = set()
        self.stopping = False
        self.temporary = tempfile.mkdtemp(prefix="rivulet-tests-")
        os.chmod(self.temporary, 0o755)
        os.mkdir(os.path.join(self.temporary, RECORD), 0o700)
        self.terminal = sys.stdout.isatty()

    def work(self):
        while True:
            with self.lock:
                if self.stopping or not self.waiting:
                    return
                program = self.waiting.pop(0)
                self.running.add(program)
                self.progress()
            program.run(self.temporary)
            with self.lock:
                self.running.discard(program)
                if not self.stopping:
                    self.report(program)

    def progress(self):
        if self.terminal:
            names = ", ".join(sorted(f"{item.suite}/{item.name}" for item in self.running))
            done = sum(item.seconds > 0 for item in self.programs)
            width = shutil.get_terminal_size().columns - 1
            print("\r\x1b[K" + f"[{done}/{len(self.programs)}] {names}"[:width], end="", flush=True)

    def report(self, program):
        if self.terminal:
            print("\r\x1b[K", end="")
        state = "FAILED" if program.failures else "ok"
        print(f"{state:6} {program.suite}/{program.name}: {program.passed} passed, "
              f"{len(program.failures)} failed, {len(program.skipped)} skipped "
              f"({program.seconds:.1f} s)")
        for name, reason in program.skipped:
            print(f"  skipped {name}: {reason}")
        for name, lines in program.failures:
            print(f"  FAILED {name}")
            for line in lines:
                print(f"    {line}")
        sys.stdout.flush()

    def run_all(self, programs):
        self.waiting = programs
        threads = [threading.Thread(target=self.work, daemon=True) for _ in range(self.jobs)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.5)
        finally:
            with self.lock:
                self.stopping |= bool(self.waiting or self.running)
                running = list(self.running)
            for program in running:
                program.end()
            for thread in threads:
                thread.join(10)

    def run(self):
        try:
            self.run_all([item for item in self.programs if item.name not in LAST])
            self.run_all([item for item in self.programs if item.name in LAST])
        finally:
            shutil.rmtree(self.temporary, ignore_errors=True)


def tap_programs(suite, folder, environment, without=()):
    for path in sorted(glob.glob(os.path.join(TESTS, folder, "test_*.py"))):
        name = os.path.splitext(os.path.basename(path))[0]
        if name in without:
            continue
        yield Program(suite, name, ["/usr/bin/python3", os.path.join(LIB, "tap.py"), path],
                      environment)


def meson_programs(suite, build, environment, kind="unit", prefixes=("",)):
    told = subprocess.run(["meson", "introspect", build, "--tests"], check=True,
                          stdout=subprocess.PIPE).stdout
    for test in json.loads(told):
        if any(kind in name for name in test["suite"]) and test["name"].startswith(prefixes):
            yield Program(suite, test["name"], test["cmd"], {**test["env"], **environment},
                          test["workdir"] or build)


def sanitized(**more):
    return {
        "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
        "LSAN_OPTIONS": f"suppressions={LIB}/lsan.supp:print_suppressions=0",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
        "G_SLICE": "always-malloc",
        "RIVULET_INSTRUMENTED": "1",
        "RIVULET_TEST_PATIENCE": "90",
        **more,
    }


def of_build(name, **more):
    return {"RIVULET_BUILD": os.path.join(ROOT, name), **more}


VALGRIND = ("valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite"
            " --errors-for-leak-kinds=definite --num-callers=30"
            " --suppressions=/usr/share/glib-2.0/valgrind/glib.supp"
            f" --suppressions={LIB}/valgrind.supp")


def leak_programs(suite):
    environment = of_build("build", RIVULET_WRAPPER=VALGRIND, RIVULET_INSTRUMENTED="1",
                           RIVULET_TEST_PATIENCE="300", G_SLICE="always-malloc")
    path = os.path.join(TESTS, "http", "test_dropping.py")
    yield Program(suite, "test_dropping", ["/usr/bin/python3", os.path.join(LIB, "tap.py"), path],
                  environment)


# Unit tests in which threads have work to do.
THREADED = ("fanout/", "store/")

SUITES = {
    "style": lambda suite: tap_programs(suite, "style", {}),
    "unit": lambda suite: meson_programs(suite, os.path.join(ROOT, "build"), {}),
    "bus": lambda suite: tap_programs(suite, "bus", of_build("build")),
    "http": lambda suite: tap_programs(suite, "http", of_build("build")),
    "browser": lambda suite: tap_programs(suite, "browser", of_build("build")),
    "door": lambda suite: tap_programs(suite, "door", of_build("build")),
    "cli": lambda suite: tap_programs(suite, "cli", of_build("build")),
    "faults": lambda suite: tap_programs(suite, "faults", of_build("build")),
    "scale": lambda suite: tap_programs(suite, "scale", of_build("build")),
    "bench": lambda suite: tap_programs(suite, "bench", of_build("build")),
    "systemd": lambda suite: tap_programs(suite, "systemd", of_build("build")),
    "flatpak": lambda suite: tap_programs(suite, "flatpak", {}),
    "fuzz": lambda suite: meson_programs(
        suite, os.path.join(ROOT, "build-fuzz"), sanitized(), "fuzz"),
    "unit-asan": lambda suite: meson_programs(
        suite, os.path.join(ROOT, "build-asan"), sanitized()),
    "bus-asan": lambda suite: tap_programs(
        suite, "bus", sanitized(**of_build("build-asan", RIVULET_TEST_SCALE="0.25"))),
    "http-asan": lambda suite: tap_programs(
        suite, "http", sanitized(**of_build("build-asan", RIVULET_TEST_SCALE="0.25"))),
    "door-asan": lambda suite: tap_programs(
        suite, "door", sanitized(**of_build("build-asan", RIVULET_TEST_SCALE="0.25"))),
    "cli-asan": lambda suite: tap_programs(
        suite, "cli", sanitized(**of_build("build-asan", RIVULET_TEST_SCALE="0.25")), ["test_demo"]),
    "threads": lambda suite: meson_programs(
        suite, os.path.join(ROOT, "build-tsan"), sanitized(), prefixes=THREADED),
    "leaks": leak_programs,
}


def interrupted(*_):
    raise KeyboardInterrupt


def main(names):
    only = os.environ.get("RIVULET_TEST_ONLY", "")
    programs = [program for name in names for program in SUITES[name](name)
                if only in program.name]
    signal.signal(signal.SIGTERM, interrupted)
    runner = Runner(programs, max(1, os.cpu_count() or 1))
    try:
        runner.run()
    except KeyboardInterrupt:
        print("\ninterrupted")
        return 130
    finished = [program for program in programs if program.process is not None]
    passed = sum(program.passed for program in finished)
    failed = sum(len(program.failures) for program in finished)
    skipped = sum(len(program.skipped) for program in finished)
    print()
    if failed:
        print("failed:")
        for program in finished:
            for name, _ in program.failures:
                print(f"  {program.suite}/{program.name}: {name}")
    line = f"{passed} passed, {failed} failed"
    print(line + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
