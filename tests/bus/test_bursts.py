# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is published at once reaches each worker at once."""

import glob
import re

from cases import FreshCase

BURST = 100
WORKERS = 2


def new_event(name):
    return ("github-events", {"type": "new-event", "event": {
        "delivery_id": name, "event": "push", "repo_full_name": "a/b"}}, None)


class Bursts(FreshCase):
    setting = {"config": {"clients": {"workers": WORKERS, "heartbeat-ms": 3600000}}}

    def read_switches(self):
        """How often each worker has gone to sleep."""
        switches = {}
        for folder in glob.glob(f"/proc/{self.rivulet.daemon.pid}/task/*"):
            with open(f"{folder}/comm", encoding="utf-8") as file:
                name = file.read().strip()
            if name.startswith("fanout-"):
                with open(f"{folder}/status", encoding="utf-8") as file:
                    counted = re.search(r"^voluntary_ctxt_switches:\s*(\d+)", file.read(), re.M)
                switches[name] = int(counted.group(1))
        return switches

    def test_one_wake_up(self):
        clients = [self.follow("github-events") for _ in range(WORKERS)]
        for client in clients:
            client.next()
        counts = []
        for burst in range(40):
            names = [f"{burst}-{number}" for number in range(BURST)]
            before = self.read_switches()
            self.publisher.publish_many([new_event(name) for name in names])
            for client in clients:
                got = [client.next().data["event"]["delivery_id"] for _ in names]
                self.assertEqual(got, names)
            after = self.read_switches()
            self.assertEqual(len(after), WORKERS)
            counts.append(sum(after[name] - before[name] for name in after))
        # A burst may be cut where the machine is busy; most are not.
        self.assertEqual(sorted(counts)[len(counts) // 2], WORKERS, counts)
