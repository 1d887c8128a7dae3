# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publishes over HTTP, as a program does that has no bus."""

import urllib.parse

import wire
from publisher import text_of

# What each error is called on the bus, and answered with over HTTP.
STATUS = {"UnknownStream": 404, "InvalidUpdate": 400, "Refused": 409, "TooLarge": 413,
          "Busy": 503, "StoreFailed": 503}


def body_of(update):
    return update if isinstance(update, bytes) else text_of(update).encode()


def target_of(stream, audience=None, prefix=""):
    query = "" if audience is None else "?" + urllib.parse.urlencode({"audience": audience})
    return f"{prefix}/publish/{stream}{query}"


def head(stream, token, framing, audience=None, fields=(), prefix=""):
    """The head of a request with a body that comes as `framing` says, {name: value}."""
    authorization = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return wire.request_bytes(target_of(stream, audience, prefix),
                              {**authorization, **framing, **dict(fields)}, "POST")


def whole(stream, token, update, audience=None, fields=(), prefix=""):
    body = body_of(update)
    length = {"Content-Length": str(len(body))}
    return head(stream, token, length, audience, fields, prefix) + body


def post(address, stream, token, update, audience=None, fields=(), prefix="", seconds=None):
    """Publishes one update; returns the response."""
    return wire.exchange(address, whole(stream, token, update, audience, fields, prefix), seconds)
