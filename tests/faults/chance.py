# SPDX-License-Identifier: LGPL-2.1-or-later
"""How often tests try their luck, and with which seed, which they tell.

RIVULET_FAULT_ROUNDS is how often (20). RIVULET_FAULT_SEED makes a run like another, as far as the
machine allows.
"""

import os
import random
import secrets

ROUNDS = int(os.environ.get("RIVULET_FAULT_ROUNDS", "20"))
SEED = os.environ.get("RIVULET_FAULT_SEED") or secrets.token_hex(4)


def tell(*text):
    """A line for whoever reads the output of a test program."""
    print("#", *text, flush=True)


def begin(name):
    """The chance of one test."""
    tell(f"RIVULET_FAULT_SEED={SEED} RIVULET_FAULT_ROUNDS={ROUNDS} {name}")
    return random.Random(f"{SEED} {name}")
