# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one fuzz target for a while, and tells what came of it in TAP.

    python3 tests/fuzz/bounded.py BINARY

First it is given its corpus as it is committed, then what the fuzzer makes of that, as many times
as RIVULET_FUZZ_RUNS says. An input that breaks it is told, in full where it is small, and kept
where RIVULET_FUZZ_FINDINGS names a folder, relative to the sources.
"""

import base64
import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RUNS = int(os.environ.get("RIVULET_FUZZ_RUNS", "20000"))
FINDINGS = os.environ.get("RIVULET_FUZZ_FINDINGS")
LARGEST_TOLD = 4096
# Of an input, in bytes, where no committed one is larger: small ones find more in a given time.
LARGEST = 1024
# libnats frees in a thread of its own, so that each input seems to leak: to look for that each time
# takes thirty times as long. What did leak is found at the end.
LEAKS_AT_END = {"nats-message"}
# Of one input, in seconds and MiB; only one that hangs or eats memory gets there.
LIMITS = ["-timeout=30", "-rss_limit_mb=2048", "-malloc_limit_mb=512"]
DONE = re.compile(r"^Done (\d+) runs in (\d+) second", re.MULTILINE)
COVERAGE = re.compile(r"cov: (\d+)")
PROGRESS = re.compile(r"#\d+\s|\tNEW_FUNC")


def environment():
    # GLib's slices would hide from the sanitizer what is freed; it need not remember much for long.
    asan = os.environ.get("ASAN_OPTIONS", "detect_leaks=1:strict_string_checks=1")
    return {**os.environ, "ASAN_OPTIONS": asan + ":quarantine_size_mb=32",
            "G_SLICE": "always-malloc", "LC_ALL": "C.UTF-8"}


class Target:
    def __init__(self, binary):
        self.binary = binary
        self.name = os.path.basename(binary).removeprefix("fuzz-")
        self.corpus = os.path.join(HERE, "corpus", self.name)
        kind = self.name.split("-")[0] if self.name.startswith(("update-", "restore-")) else self.name
        self.dictionary = os.path.join(HERE, f"{kind}.dict")

        self.seeds = glob.glob(os.path.join(self.corpus, "*"))

    def run(self, count, folder):
        """Runs it with new inputs kept in @folder; returns its status, what it said and what broke
        it."""
        findings = os.path.join(ROOT, FINDINGS) if FINDINGS else os.path.join(folder, "findings")
        fresh = os.path.join(folder, "fresh")
        for path in findings, fresh:
            os.makedirs(path, exist_ok=True)
        largest = max([LARGEST, *map(os.path.getsize, self.seeds)])
        command = [self.binary, *LIMITS, f"-max_len={largest}", f"-runs={count}",
                   "-print_final_stats=1", f"-artifact_prefix={findings}/{self.name}-"]
        if self.name in LEAKS_AT_END:
            command.append("-detect_leaks=0")
        if os.path.exists(self.dictionary):
            command.append(f"-dict={self.dictionary}")
        known = set(os.listdir(findings))
        done = subprocess.run([*command, fresh, self.corpus], env=environment(), check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        found = sorted(set(os.listdir(findings)) - known)
        return (done.returncode, done.stdout.decode("utf-8", "backslashreplace"),
                [os.path.join(findings, name) for name in found])


def tell_input(path):
    """An input that broke something, so that it can be made again from what was told."""
    with open(path, "rb") as file:
        data = file.read()
    yield f"input: {os.path.basename(path)}, {len(data)} bytes"
    if len(data) <= LARGEST_TOLD:
        yield f"in base64: {base64.b64encode(data).decode()}"


def tell(line):
    print(f"# {line}", flush=True)


def run_and_tell(target, number, what, count, folder):
    """One of the two tests; returns whether it passed."""
    status, said, found = target.run(count, folder)
    done = DONE.search(said)
    if status == 0 and done and target.seeds:
        print(f"ok {number} {target.name} {what}")
        coverage = COVERAGE.findall(said)[-1]
        tell(f"{done.group(1)} executions, {done.group(2)} s, coverage {coverage}")
        return True
    print(f"not ok {number} {target.name} {what}")
    for line in said.splitlines():
        if not PROGRESS.match(line):
            tell(line)
    for path in found:
        for line in tell_input(path):
            tell(line)
    if not target.seeds:
        tell(f"there is nothing in {target.corpus}")
    return False


def main(binary):
    target = Target(binary)
    print("1..2")
    with tempfile.TemporaryDirectory(prefix="rivulet-fuzz-") as folder:
        passed = [run_and_tell(target, number, what, count, os.path.join(folder, what))
                  for number, (what, count) in enumerate((("corpus", 0), ("runs", RUNS)), 1)]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
