# SPDX-License-Identifier: LGPL-2.1-or-later
"""A daemon that is ended and started again, and all that is kept of its lives."""

import os
import select

import database
from cases import Setting
from crowd import Crowd, Follower
from daemon import Daemon
from eventstream import INITIAL
from ledger import Ledger
from oracle import Oracle
from publisher import ERROR

USERS = ["ann", "ben", "cleo"]
NOBODY = "somebody else"  # of whom nothing is published


class House(Setting):
    """Setting, with a directory for the store and a crowd of clients that come back.

    `judge()` after each life, while no daemon runs; `start()` begins the next.
    """

    def __init__(self, config=None, state=None, crowd=True, **more):
        self.state = state
        self.oracle = Oracle()
        self.ledger = Ledger()
        self.crowd = None
        self.followers = [Follower(stream, user) for user in [*USERS, NOBODY]
                          for stream in INITIAL] if crowd else []
        super().__init__(config, **more)
        self.gather()

    def _configure(self, config, webhook, plugins):
        if self.state is None:
            self.state = os.path.join(self.folder, "state")
        log = {"directory": self.state, **config.get("log", {})}
        super()._configure({**config, "log": log}, webhook, plugins)

    def launch(self):
        """Starts the daemon, and waits for nothing."""
        self.daemon = Daemon(self.arguments, self.environment)
        return self.daemon

    def start(self):
        """Begins a life, with the crowd back."""
        self.launch()
        self.addresses = self.daemon.wait_listening()
        self.address = self.addresses[0]
        self.publisher.wait_owner()
        self.ledger = Ledger()
        self.gather()

    def gather(self):
        if self.crowd is not None:
            self.crowd.abandon()
        self.crowd = Crowd(self)
        for follower in self.followers:
            self.crowd.connect(follower)
        self.crowd.wait_begun()

    def end(self):
        """Ends a life by SIGKILL."""
        self.daemon.kill()

    def start_and_end(self, seconds):
        """A life that ends within its first moments."""
        self.launch()
        select.select([], [], [], seconds)
        self.end()
        if self.daemon.complaints():
            raise AssertionError(self.daemon.said())

    def publish(self, stream, update, audience=None):
        """Publishes one update as Publisher.publish() does, and notes what it was answered."""
        (entry,) = self.ledger.send([(stream, update, audience)])
        try:
            event_id = self.publisher.publish(stream, update, audience)
        except Exception as error:
            self.ledger.note_result(entry, None, getattr(error, "name", str(error)))
            raise
        self.ledger.note_result(entry, event_id, None)
        return event_id

    def publish_many(self, updates):
        """Publishes (stream, update, audience) in one call; returns the name of the first error."""
        entries = self.ledger.send(updates)
        results = self.publisher.publish_many(updates)
        for entry, (event_id, name, _) in zip(entries, results):
            self.ledger.note_result(entry, event_id, name.removeprefix(ERROR))
        return next((entry.answer for entry in entries if entry.answer != "taken"), None)

    def judge(self, covered=lambda since: True, retained=None):
        """After a life's end: what was acknowledged is kept once, and clients got just that."""
        connections = self.crowd.finish()
        rows = database.rows_behind(self.state, self.oracle.end)
        self.oracle.judge(rows, self.ledger.sent, connections, covered, retained)
        self.assert_nothing_leaked()
        return rows

    def live_again(self, *judging):
        """Kills, judges and starts."""
        self.end()
        self.judge(*judging)
        self.start()

    def close(self, *judging):
        """A last clean life: stops it, judges, starts once more, and looks at what is there."""
        self.daemon.assert_clean()
        self.judge(*judging)
        self.start()
        self.daemon.assert_clean()
        self.judge(*judging)
        self.abandon()

    def abandon(self):
        if self.daemon is not None:
            self.daemon.kill()
        if self.crowd is not None:
            self.crowd.abandon()
        if self.publisher is not None:
            self.publisher.close()
        super().abandon()
