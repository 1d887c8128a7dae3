# SPDX-License-Identifier: LGPL-2.1-or-later
"""The store's files, looked at while no daemon has them: a second opinion on what was kept."""

import glob
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile

from ledger import canonical

FILES = ["rivulet.db", "rivulet.db-wal", "rivulet.db-shm"]
PAGE = 4096  # bytes


def copy(directory, destination):
    """Copies the database as it lies there, however its last user ended."""
    os.makedirs(destination, exist_ok=True)
    for name in FILES:
        path = os.path.join(directory, name)
        if os.path.exists(path):
            shutil.copyfile(path, os.path.join(destination, name))
        elif os.path.exists(os.path.join(destination, name)):
            os.unlink(os.path.join(destination, name))


def contents(directory):
    """{name: (size, digest)} of databases and what there is in their write-ahead logs."""
    found = {}
    for name in sorted(os.listdir(directory)):
        if name.startswith("rivulet.db") and not name.endswith("-shm"):
            with open(os.path.join(directory, name), "rb") as file:
                data = file.read()
            if data or not name.endswith("-wal"):
                found[name] = len(data), hashlib.sha256(data).hexdigest()
    return found


def corrupt_names(directory):
    """The databases that were set aside."""
    return [os.path.basename(path) for path in
            sorted(glob.glob(os.path.join(glob.escape(directory), "rivulet.db.corrupt-*")))]


def names_aside(directory):
    """All that was set aside, whatever for."""
    return [name for name in os.listdir(directory)
            if name.startswith("rivulet.db.") and not name.startswith("rivulet.db.new")]


class Row:
    def __init__(self, position, stream, audience, accepted, text):
        self.position = position
        self.stream = stream
        self.audience = audience
        self.accepted = accepted  # µs
        self.update = json.loads(text)

    @property
    def key(self):
        return self.stream, self.audience, canonical(self.update)


def query(directory, statement, parameters=()):
    """What a statement tells of a copy of the database."""
    with tempfile.TemporaryDirectory() as folder:
        copy(directory, folder)
        connection = sqlite3.connect(os.path.join(folder, FILES[0]))
        try:
            return connection.execute(statement, parameters).fetchall()
        finally:
            connection.close()


def rows_behind(directory, position):
    """The updates behind a position, in order."""
    return [Row(*row) for row in query(
        directory, "SELECT position, name, audience, accepted, json FROM updates"
        " JOIN streams ON streams.id = updates.stream WHERE position > ? ORDER BY position",
        (position,))]


def trimmed_up_to(directory, stream):
    """The last position of a stream's events that are not there any more."""
    found = query(directory, "SELECT position FROM trimmed JOIN streams ON streams.id = stream"
                             " WHERE name = ?", (stream,))
    return found[0][0] if found else 0


def counts(directory):
    """{table: {stream: rows}} of the database while a daemon has it."""
    uri = f"file:{os.path.join(directory, FILES[0])}?mode=ro"
    connection = sqlite3.connect(uri, uri=True)
    try:
        return {table: dict(connection.execute(
            f"SELECT name, count (*) FROM {table} JOIN streams ON id = stream GROUP BY name"))
            for table in ("updates", "events")}
    finally:
        connection.close()


def place_of(directory, statement):
    """The first byte that a statement would change, and what to: (offset, byte)."""
    with tempfile.TemporaryDirectory() as folder:
        copy(directory, folder)
        change(folder, statement)
        with (open(os.path.join(directory, FILES[0]), "rb") as before,
              open(os.path.join(folder, FILES[0]), "rb") as after):
            old, new = before.read(), after.read()
    # The header tells of each change.
    return next((offset, new[offset]) for offset in range(PAGE, len(old))
                if old[offset] != new[offset])


def change(directory, *statements):
    """Changes the database itself, leaving nothing in its write-ahead log."""
    connection = sqlite3.connect(os.path.join(directory, FILES[0]), isolation_level=None)
    try:
        for statement in statements:
            connection.execute(statement)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()
