# SPDX-License-Identifier: LGPL-2.1-or-later
"""What daemons and commands wrote in a whole run of the tests, and the secrets that were used in it.

Both are kept in the folder RIVULET_RECORD, which suites.py makes and takes away again; where there is
none, nothing is kept. test_whole_run of the suite door looks for the one in the other at the end.
"""

import os
import re

# Letters and digits of base64url and hexadecimal; what is shorter is also said for other reasons.
SHORTEST = 12
RUN = re.compile(rb"[A-Za-z0-9_-]{%d,}" % SHORTEST)
# What is wrong whatever the secrets are.
NEVER = re.compile(rb"eyJ[A-Za-z0-9_-]{8,}"  # a token's header or claims
                   rb"|/[\w/-]*\?\w+="  # a target with its query
                   rb"|(?i:bearer|basic) +[\w.+/=-]{8,}"
                   rb"|sha256=[0-9a-f]{16}")

_files = {}


def _append(kind, line):
    folder = os.environ.get("RIVULET_RECORD")
    if not folder:
        return
    path = os.path.join(folder, f"{kind}-{os.getpid()}")
    if path not in _files:
        _files[path] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.write(_files[path], line + b"\n")


def said(source, text):
    """Keeps what was written; `source` says by whom and where."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
    if data:
        _append("said", source.encode() + b": " + data)


def secret(text):
    """Keeps what must not be in it."""
    _append("secrets", text if isinstance(text, bytes) else text.encode("utf-8", "replace"))


def request(target, fields):
    """Keeps what is secret in a request, whatever it is."""
    query = target.partition("?")[2]
    for value in re.findall(r"(?:^|&)token=([^&]*)", query):
        secret(value)
    for name, value in fields:
        if name.lower() == "authorization":
            secret(value.rpartition(" ")[2])
        elif name.lower() == "cookie":
            for cookie in value.split(";"):
                secret(cookie.partition("=")[2])


def process(source, pid, names=("cmdline", "environ")):
    """Keeps what everybody on the machine, or of the same user, sees of a process."""
    for name in names:
        try:
            with open(f"/proc/{pid}/{name}", "rb") as file:
                said(f"{source}'s {name}", file.read().replace(b"\0", b"\n"))
        except OSError:
            pass  # it has ended


def read(folder, kind):
    """All lines of a kind."""
    for name in sorted(os.listdir(folder)):
        if name.startswith(kind + "-"):
            with open(os.path.join(folder, name), "rb") as file:
                yield from file


def keys(secrets):
    """Beginnings and ends of the runs of letters in secrets."""
    found = set()
    for line in secrets:
        for run in RUN.findall(line):
            if len(set(run)) >= 6:
                found.update((run[:SHORTEST], run[-SHORTEST:]))
    return found


def leaks(folder):
    """Lines in which there is a secret, or what looks like one."""
    sought = keys(read(folder, "secrets"))
    innocent = set()
    for line in read(folder, "said"):
        if NEVER.search(line):
            yield line
            continue
        for run in RUN.findall(line):
            if run in innocent:
                continue
            if any(run[at:at + SHORTEST] in sought for at in range(len(run) - SHORTEST + 1)):
                yield line
                break
            innocent.add(run)
