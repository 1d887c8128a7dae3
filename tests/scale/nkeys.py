# SPDX-License-Identifier: LGPL-2.1-or-later
"""NATS's keys and tokens as nsc makes them: an operator's, its accounts' and their users'."""

import base64
import binascii
import hashlib
import os
import time

import record
import tokens
from keys import openssl

# What stands before the 32 bytes of a key, so that it begins with O, A, U, or for a seed with S.
PREFIXES = {"operator": 14 << 3, "account": 0, "user": 20 << 3}
SEED = 18 << 3
HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}
# What an account may, without bounds; and with JetStream, which the system's account may not have.
UNLIMITED = {name: -1 for name in ("subs", "data", "payload", "conn", "leaf", "imports", "exports")}
JETSTREAM = {name: -1 for name in ("mem_storage", "disk_storage", "streams", "consumer")}
# Of a server that knows the accounts of one operator. JetStream needs the system's.
SERVER = """operator: {operator}
system_account: {system}
resolver: MEMORY
resolver_preload: {{
  {accounts}
}}
"""
CREDENTIALS = """-----BEGIN NATS USER JWT-----
{token}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
{seed}
------END USER NKEY SEED------
"""


def base32(data):
    return base64.b32encode(data).rstrip(b"=").decode()


def spell(data):
    """A key in letters, with its sum (CRC-16/XMODEM)."""
    return base32(data + binascii.crc_hqx(data, 0).to_bytes(2, "little"))


class Identity:
    """A pair of keys (Ed25519): who signs tokens, and whom they are of."""

    def __init__(self, folder, kind, name):
        self.kind = kind
        self.name = name
        self.path = os.path.join(folder, f"{name}.pem")
        openssl("genpkey", "-algorithm", "ed25519", "-out", self.path)
        private = openssl("pkey", "-in", self.path, "-outform", "DER")[-32:]
        public = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")[-32:]
        prefix = PREFIXES[kind]
        self.public = spell(bytes([prefix]) + public)
        self.seed = spell(bytes([SEED | prefix >> 5, (prefix & 31) << 3]) + private)
        record.secret(self.seed)

    def sign(self, subject, expires=None, **more):
        """A token that says what `subject` is; `expires`: in seconds since 1970 UTC."""
        claims = {"iat": int(time.time()), "iss": self.public, "name": subject.name,
                  "sub": subject.public,
                  "nats": {"version": 2, "type": subject.kind, **more}}
        if expires is not None:
            claims["exp"] = expires
        claims["jti"] = base32(hashlib.new("sha512_256", tokens.compact(claims)).digest())
        signed = f"{tokens.encode(tokens.compact(HEADER))}.{tokens.encode(tokens.compact(claims))}"
        # openssl takes what it signs this way of a file alone.
        unsigned = os.path.join(os.path.dirname(self.path), "unsigned")
        with open(unsigned, "w", encoding="ascii") as file:
            file.write(signed)
        signature = openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", unsigned)
        token = f"{signed}.{tokens.encode(signature)}"
        record.secret(token)
        return token


class Realm:
    """An operator and one of its accounts; what its servers are configured with, and its users."""

    def __init__(self, folder):
        self.folder = folder
        self.operator = Identity(folder, "operator", "operator")
        self.account = Identity(folder, "account", "account")
        system = Identity(folder, "account", "system")
        known = [(self.account, {**UNLIMITED, **JETSTREAM}), (system, UNLIMITED)]
        self.server = SERVER.format(
            operator=self.operator.sign(self.operator), system=system.public,
            accounts="\n  ".join(f"{account.public}: {self.operator.sign(account, limits=limits)}"
                                 for account, limits in known))

    def user(self, name):
        return Identity(self.folder, "user", name)

    def credentials(self, user, issuer=None, seed=None, expires=None):
        """A file by which someone is a user of the account, and the token in it; or not quite: of
        an issuer that is not the account, with another one's seed, or until some time."""
        token = (issuer or self.account).sign(user, expires, subs=-1, data=-1, payload=-1)
        path = os.path.join(self.folder, f"{user.name}.creds")
        with open(path, "w", encoding="ascii") as file:
            file.write(CREDENTIALS.format(token=token, seed=seed or user.seed))
        return path, token
