# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads every #include below src/ and plugins/ and tells of each that goes up or sideways."""

import os
import re

INCLUDE = re.compile(r'^[ \t]*#[ \t]*(?:include|import)[ \t]*(["<])([^">]*)[">]', re.MULTILINE)
ANY_INCLUDE = re.compile(r"^[ \t]*#[ \t]*(?:include|include_next|import)\b.*$", re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)

# The rooms that each room stands on, besides itself.
FLOORS = {
    "src/api": set(),
    "src/fanout": set(),
    "src/core": {"src/api", "src/fanout"},
    "src/store": {"src/api", "src/fanout", "src/core"},
    "src/nats": {"src/api", "src/fanout", "src/core"},
    "src/token": {"src/api", "src/core"},
    "src/http": {"src/api", "src/fanout", "src/core", "src/token"},
    "src/operators": {"src/api", "src/fanout", "src/core", "src/http"},
    "src/bus": {"src/api", "src/fanout", "src/core"},
    "src/cli": {"src/api", "src/core", "src/token"},
    "plugins": {"src/api"},
    "daemon": {"src/api", "src/fanout", "src/core", "src/store", "src/nats", "src/token", "src/http",
               "src/operators", "src/bus"},
    "main": {"src/core"},
}
# Single headers that a room takes from where it may take nothing else.
EXCEPTIONS = {("main", "sse-daemon.h"), ("main", "sse-logging.h")}

# Who may take what from outside: a pattern of headers, and the rooms or files that may.
OUTSIDE = [
    (re.compile(r"libsoup/"), {"src/http", "src/cli"}),
    (re.compile(r"gio/gdbus|sse-bus-generated|dbus/"), {"src/bus", "src/cli"}),
    (re.compile(r"sys/epoll\.h"), {"src/fanout", "src/http/sse-listener.c",
                                   "src/http/sse-listener-dispatch.c"}),
    (re.compile(r"openssl/"), {"src/token/sse-token-key.c"}),
    (re.compile(r"sqlite3\.h"), {"src/store"}),
    (re.compile(r"nats/"), {"src/nats"}),
    (re.compile(r"systemd/"), {"src/sse-service.c"}),
    (re.compile(r"json-glib/"), {"src/api", "src/cli", "plugins"}),
]
# The fan-out and the API know GLib; nothing of GObject crosses threads in the fan-out.
NOT_HERE = {
    "src/fanout": re.compile(r"glib-object\.h|gio/|gmodule|json-glib"),
    "src/api": re.compile(r"gio/"),
}


def room_of(path):
    """The room of a source file, by its path from the root."""
    parts = path.split("/")
    if parts[0] == "plugins":
        return "plugins"
    if len(parts) == 2:
        return "main" if parts[1] == "main.c" else "daemon"
    return "/".join(parts[:2])


def sources(root):
    for top in "src", "plugins":
        for folder, folders, files in os.walk(os.path.join(root, top)):
            folders.sort()
            for name in sorted(files):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return COMMENT.sub(lambda found: "\n" * found.group().count("\n"), file.read())


def check_outside(path, room, header):
    """Of headers that belong to libraries."""
    for pattern, allowed in OUTSIDE:
        if pattern.match(header) and not {room, path} & allowed:
            yield f"{path}: {header} is for {', '.join(sorted(allowed))} alone"
    if room in NOT_HERE and NOT_HERE[room].match(header):
        yield f"{path}: {header} has no place in {room}"


def check_project(path, room, header, headers):
    """Of headers of the project's own."""
    name = header.rsplit("/", 1)[-1]
    if "/" in header:
        yield f"{path}: {header} names a folder; the build says which headers there are"
    if name not in headers or name == "config.h":
        return
    target = headers[name]
    target_room = room_of(target)
    if target_room == room:
        if room == "plugins" and target.split("/")[1] != path.split("/")[1]:
            yield f"{path}: {name} is of another plugin"
        return
    if target_room not in FLOORS.get(room, set()) and (room, name) not in EXCEPTIONS:
        yield f"{path}: {name} is in {target_room}, on which {room} does not stand"


def problems(root):
    """All that is wrong, a line each."""
    found = []
    headers = {}
    files = list(sources(root))
    for path in files:
        name = path.rsplit("/", 1)[-1]
        if name.endswith(".h"):
            if name in headers:
                found.append(f"{path}: {headers[name]} has the same name")
            headers[name] = path
    for path in files:
        room = room_of(path)
        if room not in FLOORS:
            found.append(f"{path}: {room} is no room of the house")
            continue
        text = read(root, path)
        includes = INCLUDE.findall(text)
        if len(includes) != len(ANY_INCLUDE.findall(text)):
            found.append(f"{path}: an #include that cannot be read")
        for quote, header in includes:
            found.extend(check_outside(path, room, header))
            if quote == '"' or header in headers:
                found.extend(check_project(path, room, header, headers))
    return found
