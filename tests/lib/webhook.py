# SPDX-License-Identifier: LGPL-2.1-or-later
"""Posts webhooks as GitHub does."""

import hashlib
import hmac
import json
import urllib.parse

import record
import wire

PATH = "/github/webhook"
CHANGEABLE = {
    "content": "Content-Type",
    "delivery": "X-GitHub-Delivery",
    "event": "X-GitHub-Event",
    "signature": "X-Hub-Signature-256",
}


def signature(secret, body):
    digest = hmac.new(secret, body, hashlib.sha256).hexdigest()
    record.secret(digest)
    return "sha256=" + digest


def encode(payload, form=False):
    """The body and its content type; a payload of text or bytes stays as it is."""
    if not isinstance(payload, (str, bytes)):
        payload = json.dumps(payload, ensure_ascii=False)
    if form:
        body = urllib.parse.urlencode({"payload": payload}).encode()
        return body, "application/x-www-form-urlencoded"
    return payload if isinstance(payload, bytes) else payload.encode(), "application/json"


def post(address, secret, event, delivery, payload, form=False, path=PATH, **changes):
    """Posts one delivery; `changes` replace headers (None: left out). Returns the response."""
    body, content_type = encode(payload, form)
    fields = {
        "User-Agent": "GitHub-Hookshot/044aadd",
        "Accept": "*/*",
        "Content-Type": content_type,
        "X-GitHub-Delivery": delivery,
        "X-GitHub-Event": event,
        "X-Hub-Signature-256": signature(secret, body),
    }
    for name, value in changes.items():
        fields[CHANGEABLE[name]] = value
    fields = {name: value for name, value in fields.items() if value is not None}
    return wire.request(address, path, fields, "POST", body)
