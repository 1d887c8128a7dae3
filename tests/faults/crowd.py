# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that follow streams, all read by one thread, and that come back as a browser does."""

import select
import threading

from eventstream import APPENDED, INITIAL
from waiting import Deadline, wait_until

# What a client has once it was given what it must get first.
BEGUN = {"github-events": ["events", "events-update"], "posts-stats": ["posts-by-status"],
         "quota": ["quota"], "events-count": ["count"]}


class Connection:
    """One connection of a follower; `since` is the id that it resumed with."""

    def __init__(self, follower, client, since):
        self.follower = follower
        self.client = client
        self.since = since

    @property
    def stream(self):
        return self.follower.stream

    @property
    def user(self):
        return self.follower.user

    @property
    def events(self):
        return self.client.events

    @property
    def begun(self):
        return any(event.type in BEGUN[self.stream] for event in self.events[:])

    @property
    def resumed(self):
        """Whether it was taken for one that resumes: its first event is none of a newcomer's."""
        return self.since is not None and self.events[0].type not in INITIAL[self.stream]

    def appended(self):
        return [event for event in self.events if event.type in APPENDED]

    def __repr__(self):
        return f"{self.stream} of {self.user} since {self.since}"


class Follower:
    """A user's client of one stream, over many connections."""

    def __init__(self, stream, user):
        self.stream = stream
        self.user = user
        self.last_id = None


class Crowd:
    """The connections to one life of the daemon."""

    def __init__(self, rivulet):
        self.rivulet = rivulet
        self.connections = []
        self.reading = []
        self.trouble = None
        self.stopping = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def connect(self, follower):
        since = follower.last_id
        headers = {"Last-Event-ID": since} if since else {}
        client = self.rivulet.follow(follower.stream, follower.user, headers)
        connection = Connection(follower, client, since)
        self.connections.append(connection)
        self.reading.append(connection)
        return connection

    def wait_begun(self):
        """Waits until each connection was given what it must get first."""
        wait_until(lambda: self.check() and all(c.begun for c in self.connections),
                   "the first events of every client")

    def wait_position(self, position):
        """Waits until each connection has something of that position or a later one."""
        wait_until(lambda: self.check() and all(
            connection.events[:] and connection.events[-1].position >= position
            for connection in self.connections), f"position {position} at every client")

    def check(self):
        if self.trouble is not None:
            raise self.trouble
        return True

    def finish(self):
        """Reads all connections to their end, or ends them; followers remember where they were."""
        wait_until(lambda: self.check() and not self.reading, "the end of every connection")
        self.abandon()
        self.check()
        for connection in self.connections:
            if connection.events:
                connection.follower.last_id = connection.events[-1].id
        return self.connections

    def abandon(self):
        self.stopping = True
        self.thread.join(Deadline("the end of the readers").left())
        for connection in self.connections:
            connection.client.close()

    def _run(self):
        try:
            while not self.stopping:
                reading = list(self.reading)
                ready, _, _ = select.select([item.client.socket for item in reading], [], [], 0.02)
                for connection in reading:
                    if connection.client.socket in ready:
                        self._read(connection)
        except Exception as error:
            self.trouble = error

    def _read(self, connection):
        if not connection.client.read(Deadline("what is there to read")):
            self.reading.remove(connection)
