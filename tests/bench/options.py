# SPDX-License-Identifier: LGPL-2.1-or-later
"""The options of tests/bench/run. Run for itself, this only says what is wrong with them."""

import argparse
import sys

SERVERS = ("rivulet", "combined", "nodes-1", "nodes-2", "nodes-3", "bare", "nchan", "nestjs", "better-sse")


def numbers(text):
    found = [int(part) for part in text.split(",")]
    if not all(1 <= number <= 1000000 for number in found):
        raise argparse.ArgumentTypeError(f"{text} has a number out of bounds")
    return sorted(set(found))


def numbers_or_none(text):
    return [] if text == "0" else numbers(text)


def names(text):
    found = text.split(",")
    unknown = set(found) - set(SERVERS)
    if unknown:
        raise argparse.ArgumentTypeError(
            f"no server {', '.join(sorted(unknown))}; there are {', '.join(SERVERS)}")
    return found


def writable(path):
    """A file that could not be written would be known of only when all was measured."""
    try:
        with open(path, "a", encoding="utf-8"):
            return path
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path}: {error.strerror}") from None


def count(text):
    found = int(text)
    if found < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return found


def count_or_none(text):
    return 0 if text == "0" else count(text)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="sh tests/bench/run", allow_abbrev=False,
        description="Measures what it costs to send Server-Sent Events to many clients: Rivulet, with "
        "one stream on a connection and with three, nodes of it that share a log on NATS, a bare send() loop, Nchan, "
        "NestJS and better-sse, in one run.",
        epilog="tests/bench/README.md says what the figures are.")
    parser.add_argument("--quick", action="store_true",
                        help="3 rounds with 1000 and 4000 clients: less than 10 minutes")
    parser.add_argument("--json", type=writable, metavar="FILE", help="write every figure there")
    parser.add_argument("--clients", type=numbers, metavar="N,N…",
                        help="how many (1000,4000,18000)")
    parser.add_argument("--rounds", type=count, metavar="N", help="how often (7)")
    parser.add_argument("--only", type=names, metavar="SERVER,…",
                        help=f"only these of {', '.join(SERVERS)}")
    parser.add_argument("--deliveries", type=count, default=5, metavar="N",
                        help="single events in each round (5)")
    parser.add_argument("--idle", type=float, default=6, metavar="SECONDS",
                        help="time with heartbeats alone, with the most clients; 0: none (6)")
    parser.add_argument("--rate", type=count_or_none, default=10000, metavar="N",
                        help="updates for the publishing rates; 0: none (10000)")
    parser.add_argument("--in-flight", type=count, default=100, metavar="N",
                        help="updates on the way at once, for the rates of nodes on NATS (100)")
    parser.add_argument("--rows", type=count_or_none, default=40000, metavar="N",
                        help="updates in the log that is started with; 0: none (40000)")
    parser.add_argument("--resumes", type=count_or_none, default=100, metavar="N",
                        help="clients that resume, one after the other; 0: none (100)")
    parser.add_argument("--storm", type=numbers_or_none, default=[100, 1000], metavar="N,N…",
                        help="events that all clients missed, the most there are, before they come "
                        "back at once; 0: no storm (100,1000)")
    options = parser.parse_args(arguments)
    options.clients = options.clients or ([1000, 4000] if options.quick else [1000, 4000, 18000])
    options.rounds = options.rounds or (3 if options.quick else 7)
    options.only = options.only or list(SERVERS)
    return options


if __name__ == "__main__":
    parse(sys.argv[1:])
