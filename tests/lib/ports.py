# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ports for programs that have to be told one, and cannot take 0."""

import socket


def hold(everywhere=False):
    """A socket that keeps a free port of 127.0.0.1 from everybody else until it is closed; `everywhere`:
    of all addresses, for who listens at all of them.

    Servers listen there nevertheless: with SO_REUSEADDR, beside a socket that does not listen. A port
    that was only found to be free may be another client's by the time it is used.
    """
    both = everywhere and socket.has_dualstack_ipv6()
    held = socket.socket(socket.AF_INET6 if both else socket.AF_INET)
    if both:
        held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("" if everywhere else "127.0.0.1", 0))
    return held


def number(held):
    return held.getsockname()[1]
