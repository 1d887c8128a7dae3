# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long a start takes with many updates in the log behind the checkpoint."""

import os
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import time

import daemon
from generator import Failed, Generator
from servers import PROGRAMS, Rivulet

STARTS = 3
FILES = ("rivulet.db", "rivulet.db-wal")
# What belongs to the checkpoint; without it, each source begins as it was made.
CHECKPOINT = ("checkpoint", "trimmed")
BEHIND = "SELECT count(*) FROM updates WHERE position > (SELECT max(position) FROM checkpoint)"
PARSED = re.compile(r"parse-rows: (\d+) rows in (\d+) µs")


def copy(folder, to):
    """What a crash leaves of a store; on the disk, so that nobody waits for that later."""
    os.mkdir(to, 0o700)
    for name in FILES:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            shutil.copy(path, to)
            with open(os.path.join(to, name), "rb") as file:
                os.fsync(file.fileno())
    return to


def rewind(folder, empty, count):
    """Puts back the checkpoint of the beginning: all updates are behind it then."""
    database = sqlite3.connect(os.path.join(folder, FILES[0]), isolation_level=None)
    try:
        database.execute("ATTACH ? AS beginning", (os.path.join(empty, FILES[0]),))
        database.execute("BEGIN IMMEDIATE")
        database.execute("DELETE FROM events")
        for table in CHECKPOINT:
            database.execute(f"DELETE FROM {table}")
            database.execute(f"INSERT INTO {table} SELECT * FROM beginning.{table}")
        database.execute("COMMIT")
        behind = database.execute(BEHIND).fetchone()[0]
    finally:
        database.close()
    if behind != count:
        raise Failed(f"start: {behind} updates are behind the checkpoint, and not {count}")


def make_stores(server, count):
    """Publishes so many updates; returns an empty store and one with all of them to be applied."""
    server.leave(signal.SIGKILL)
    empty = copy(server.state, os.path.join(server.folder, "empty"))
    server.come_back()
    with Generator(["--publish", server.publish]) as generator:
        generator.step("rate", count)
    server.leave(signal.SIGKILL)
    full = copy(server.state, os.path.join(server.folder, "full"))
    rewind(full, copy(empty, os.path.join(server.folder, "beginning")), count)
    return empty, full


def start(server, store, check=None):
    """Starts a daemon of its own on a copy of a store; returns the µs until it listens."""
    folder = copy(store, os.path.join(server.folder, "started"))
    began = time.monotonic()
    process = daemon.Daemon(["--config", server.setting.config_path, "--no-bus", "--listen",
                             "127.0.0.1:0", "--state-dir", folder], {"G_SLICE": ""})
    try:
        address = process.wait_listening()[0]
        took = time.monotonic() - began
        if check is not None:
            check(address)
        return took * 1000000
    finally:
        process.kill()
        shutil.rmtree(folder)


def parse(server, store, count):
    """The µs that parsing the same updates takes, and nothing else."""
    folder = copy(store, os.path.join(server.folder, "parsed"))
    done = subprocess.run([os.path.join(PROGRAMS, "parse-rows"), os.path.join(folder, FILES[0])],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          timeout=60)
    shutil.rmtree(folder)
    found = PARSED.match(done.stdout)
    if not found or int(found.group(1)) != count:
        raise Failed(f"start: {count} updates should be in the log: {done.stdout}{done.stderr}")
    return int(found.group(2))


def check_count(server, count):
    def check(address):
        with server.setting.follow("events-count", address=address) as client:
            there = client.next("the count").data["count"]
        if there != count:
            raise Failed(f"start: {there} of {count} updates were applied")
    return check


def measure_start(count):
    """Returns {(name, server): figure}; starts and parsing take turns."""
    server = Rivulet(0, config={"log": {"retain-updates": 2 * count}})
    try:
        empty, full = make_stores(server, count)
        alone, loaded, parsed = [], [], []
        for _ in range(STARTS):
            alone.append(start(server, empty))
            loaded.append(start(server, full, check_count(server, count)))
            parsed.append(parse(server, full, count))
        replay = statistics.median(loaded) - statistics.median(alone)
        return {("start-empty", "rivulet"): statistics.median(alone),
                ("start-replay", "rivulet"): replay,
                ("start-replay", "parse-rows"): statistics.median(parsed)}
    finally:
        server.stop()
