# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON Web Tokens made by hand (RFC 7515, 7518, 7519), good ones and bad ones."""

import base64
import hashlib
import hmac
import json
import time

import record

HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def sign_parts(secret, header, payload, algorithm="HS256"):
    """Signs what may be anything: header and payload are bytes."""
    signed = f"{encode(header)}.{encode(payload)}"
    signature = hmac.new(secret, signed.encode(), HASHES[algorithm]).digest()
    token = f"{signed}.{encode(signature)}"
    record.secret(token)
    return token


def sign(secret, claims, algorithm="HS256", **header):
    head = {"alg": algorithm, "typ": "JWT", **header}
    return sign_parts(secret, compact(head), compact(claims), algorithm)


def make(secret, subject, lifetime=3600, **claims):
    """A good token of a user for so many seconds."""
    now = int(time.time())
    return sign(secret, {"sub": subject, "iat": now, "exp": now + lifetime, **claims})
