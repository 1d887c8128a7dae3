# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys of every kind: each takes its own algorithm alone; several by name, and how to change them."""

import os
import shutil
import signal
import tempfile
import time
import unittest

import eventstream
import tokens
from cases import Setting
from daemon import PLUGINS, run_to_end, write_config
from keys import PrivateKey

LOADED = r"^rivuletd: the configuration was loaded again$"
SECRETS = "HS256", "HS384", "HS512"
QUICK = {"heartbeat-ms": "100"}
PUBLIC = "RS256", "RS384", "RS512", "ES256", "ES384", "ES512"


def claims(subject="42", **more):
    now = int(time.time())
    made = {"sub": subject, "iat": now, "exp": now + 600, **more}
    return {name: value for name, value in made.items() if value is not None}


class KeyCase(unittest.TestCase):
    rivulet = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rivulet-keys-")
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, **groups):
        """A daemon whose group auth is as said: `secret-file` is there where it is not None."""
        self.rivulet = Setting(config=groups, bus=False, webhook=False)
        self.addCleanup(self.stop)

    def stop(self):
        if self.rivulet is not None:
            self.rivulet.stop()
        self.rivulet = None

    def status(self, token):
        return self.rivulet.get(f"/quota/stream?token={self.rivulet.note(token)}").status

    def assert_served(self, token):
        target = f"/quota/stream?token={self.rivulet.note(token)}"
        with eventstream.StreamClient(self.rivulet.address, target) as client:
            self.assertEqual(client.next().type, "quota")

    def assert_refused(self, token, why):
        start = len(self.rivulet.daemon.lines)
        self.assertEqual(self.status(token), 401)
        self.rivulet.daemon.wait_for_line(f"a token was refused: .*{why}", start=start)

    def explain(self):
        return self.rivulet.daemon.said() if self.rivulet else ""


class Algorithms(KeyCase):
    def test_secrets(self):
        for algorithm in SECRETS:
            with self.subTest(algorithm=algorithm):
                self.start(auth={"algorithm": algorithm})
                secret = self.rivulet.secret.bytes
                self.assert_served(tokens.sign(secret, claims(), algorithm))
                for other in SECRETS:
                    if other != algorithm:
                        self.assert_refused(tokens.sign(secret, claims(), other), "algorithm")
                        # One that says what it is not.
                        self.assert_refused(tokens.sign(secret, claims(), other, alg=algorithm),
                                            "signature")
                self.stop()

    def test_public_keys(self):
        for algorithm in PUBLIC:
            with self.subTest(algorithm=algorithm):
                key = PrivateKey(self.folder, algorithm)
                other = PrivateKey(self.folder, algorithm, "other")
                self.start(auth={"algorithm": algorithm, "secret-file": None,
                                 "public-key-file": key.public})
                good = key.sign(claims())
                for _ in range(3):
                    self.assert_served(good)
                    self.assert_refused(good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"),
                                        "signature")
                self.assert_refused(other.sign(claims()), "signature")
                self.assert_refused(key.sign(claims(), alg="none"), "algorithm")
                self.assert_refused(key.sign(claims(exp=int(time.time()) - 1)), "expired")
                # The public key is known to all, and is nobody's secret.
                with open(key.public, "rb") as file:
                    pem = file.read()
                for known in pem, pem.rstrip(b"\n"):
                    self.assert_refused(tokens.sign(known, claims()), "algorithm")
                    self.assert_refused(tokens.sign(known, claims(), alg=algorithm), "signature")
                self.stop()

    def test_a_stream_ends_with_a_remembered_token_too(self):
        key = PrivateKey(self.folder, "ES256")
        self.start(auth={"algorithm": "ES256", "secret-file": None, "public-key-file": key.public})
        expires = int(time.time()) + 2
        token = key.sign(claims(exp=expires))
        for _ in range(2):
            client = eventstream.StreamClient(self.rivulet.address, f"/quota/stream?token={token}")
            self.addCleanup(client.close)
            client.next()
        client.rest()
        self.assertGreaterEqual(time.time(), expires)
        self.assert_refused(token, "expired")


class ByName(KeyCase):
    def setUp(self):
        super().setUp()
        self.old = PrivateKey(self.folder, "RS256", "old")
        self.new = PrivateKey(self.folder, "ES256", "new")

    def group(self, key):
        return {"algorithm": key.algorithm, "file": key.public}

    def test_each_token_its_key(self):
        self.start(auth={"secret-file": None},
                   **{"key 2025": self.group(self.old), "key 2026-11": self.group(self.new)})
        self.assert_served(self.old.sign(claims(), kid="2025"))
        self.assert_served(self.new.sign(claims(), kid="2026-11"))
        self.assert_refused(self.old.sign(claims(), kid="2026-11"), "algorithm is not ES256")
        self.assert_refused(self.new.sign(claims(), kid="2025"), "algorithm is not RS256")
        for kid in "2027", "2026", "../2025":
            self.assert_refused(self.old.sign(claims(), kid=kid), "none of the configured keys")
        self.assert_refused(self.old.sign(claims()), "none of the configured keys")
        for kid in ["2025"], "", 2025:
            self.assert_refused(self.old.sign(claims(), kid=kid), "kid")
        # Keys that a token brings along are not looked at.
        self.assert_refused(self.new.sign(claims(), jwk={"kty": "EC"}, jku="http://127.0.0.1/",
                                          x5c=["x"]), "none of the configured keys")

    def test_the_default_key_for_all_others(self):
        self.start(**{"key 2026-11": self.group(self.new)})
        secret = self.rivulet.secret.bytes
        self.assert_served(tokens.sign(secret, claims()))
        self.assert_served(tokens.sign(secret, claims(), kid="whatever"))
        self.assert_served(self.new.sign(claims(), kid="2026-11"))
        self.assert_refused(tokens.sign(secret, claims(), kid="2026-11"), "algorithm is not ES256")

    def reload(self, groups):
        base = {"clients": QUICK, "log": {"directory": os.path.join(self.rivulet.folder, "state")},
                "plugins": {"directory": PLUGINS}}
        write_config(self.rivulet.config_path, {**base, **groups})
        start = len(self.rivulet.daemon.lines)
        self.rivulet.daemon.signal(signal.SIGHUP)
        self.rivulet.daemon.wait_for_line(LOADED, start=start)

    def test_a_change_of_keys_drops_nobody(self):
        self.start(auth={"secret-file": None}, clients=QUICK, **{"key old": self.group(self.old)})
        with_old = self.old.sign(claims(), kid="old")
        with_new = self.new.sign(claims(), kid="new")
        client = eventstream.StreamClient(self.rivulet.address, f"/quota/stream?token={with_old}")
        self.addCleanup(client.close)
        client.next()
        self.assert_refused(with_new, "none of the configured keys")

        self.reload({"key old": self.group(self.old), "key new": self.group(self.new)})
        self.assert_served(with_old)
        self.assert_served(with_new)
        self.reload({"key new": self.group(self.new)})
        self.assert_refused(with_old, "none of the configured keys")
        self.assert_served(with_new)
        client.wait_comments(client.parser.comments + 1)


class Rules(KeyCase):
    def test_issuer_and_audience(self):
        self.start(auth={"issuer": "https://id.example", "audience": "rivulet"})

        def sign(**more):
            return tokens.sign(self.rivulet.secret.bytes, claims(**more))

        self.assert_served(sign(iss="https://id.example", aud="rivulet"))
        self.assert_served(sign(iss="https://id.example", aud=["other", "rivulet"]))
        self.assert_refused(sign(iss="https://id.example"), "no aud")
        self.assert_refused(sign(iss="https://id.example", aud="other"), "aud is not")
        self.assert_refused(sign(aud="rivulet"), "iss is not")
        self.assert_refused(sign(iss="https://id.example/", aud="rivulet"), "iss is not")

    def test_what_is_for_somebody_else(self):
        self.start()
        self.assert_refused(tokens.sign(self.rivulet.secret.bytes, claims(aud="them")), "audience")

    def test_leeway(self):
        self.start(auth={"leeway-seconds": "60"})
        now = int(time.time())
        secret = self.rivulet.secret.bytes
        self.assert_served(tokens.sign(secret, claims(exp=now - 30)))
        self.assert_served(tokens.sign(secret, claims(nbf=now + 30, iat=now + 30)))
        self.assert_refused(tokens.sign(secret, claims(exp=now - 61)), "expired")
        self.assert_refused(tokens.sign(secret, claims(nbf=now + 120)), "not valid yet")
        self.assert_refused(tokens.sign(secret, claims(iat=now + 120)), "future")

    def test_streams(self):
        self.start()
        secret = self.rivulet.secret.bytes
        self.assert_served(tokens.sign(secret, claims(streams=["posts-stats", "quota"])))
        for streams in ["posts-stats"], [], ["quotas"], ["*"]:
            with self.subTest(streams=streams):
                response = self.rivulet.get("/quota/stream", {
                    "Authorization": "Bearer " + tokens.sign(secret, claims(streams=streams))})
                self.assertEqual(response.status, 403)
                self.assertEqual(response.json(), {
                    "statusCode": 403, "message": "The token is not for this stream",
                    "error": "Forbidden"})
                self.assertEqual(response.head.get("Access-Control-Allow-Origin"),
                                 "http://localhost:3000")
        for streams in "quota", None, {"quota": 1}, ["quota", 1], [None]:
            body = {"sub": "42", "exp": int(time.time()) + 60, "streams": streams}
            self.assert_refused(tokens.sign(secret, body), "streams")


class Configuration(KeyCase):
    """What is wrong is named, with file, group and key."""

    def refuse(self, words, **groups):
        path = os.path.join(self.folder, "rivulet.conf")
        write_config(path, {"bus": {"bus": "none"}, "plugins": {"directory": PLUGINS}, **groups})
        status, _, said = run_to_end(["--config", path, "--check-config"])
        self.assertEqual(status, 1, said)
        for word in words:
            self.assertIn(word, said)

    def test_wrong(self):
        rsa = PrivateKey(self.folder, "RS256", "rsa")
        small = PrivateKey(self.folder, "RS256", "small", bits=1024)
        p256 = PrivateKey(self.folder, "ES256", "p256")
        koblitz = PrivateKey(self.folder, "ES256", "koblitz", curve="secp256k1")
        secret = os.path.join(self.folder, "secret")
        with open(secret, "w", encoding="ascii") as file:
            file.write("0123456789abcdef0123456789abcdef")
        public = "[auth] public-key-file"
        for words, auth in [
                ([public, "1024 bits"], {"algorithm": "RS256", "public-key-file": small.public}),
                ([public, "RSA"], {"algorithm": "RS256", "public-key-file": p256.public}),
                ([public, "P-256"], {"algorithm": "ES256", "public-key-file": koblitz.public}),
                ([public, "P-384"], {"algorithm": "ES384", "public-key-file": p256.public}),
                ([public, "private"], {"algorithm": "RS256", "public-key-file": rsa.path}),
                ([public, "PEM"], {"algorithm": "RS256", "public-key-file": secret}),
                ([public, "HS256"], {"public-key-file": rsa.public}),
                (["[auth] secret-file", "RS256"], {"algorithm": "RS256", "secret-file": secret}),
                (["[auth] secret-file", "PEM"], {"secret-file": rsa.public}),
                (["[auth] algorithm", "none"], {"algorithm": "none", "secret-file": secret}),
                (["[auth] algorithm", "PS256"], {"algorithm": "PS256"}),
                (["[auth] issuer", "empty"], {"issuer": "", "secret-file": secret}),
                (["[auth] leeway-seconds", "60"], {"leeway-seconds": "61", "secret-file": secret}),
                (["[auth] secret-file", "not set"], {"algorithm": "ES256"})]:
            with self.subTest(auth=auth):
                self.refuse(words, auth=auth)
        for words, key in [
                (["[key a] file", "not set"], {"algorithm": "ES256"}),
                (["[key a] algorithm", "not set"], {"file": p256.public}),
                (["[key a] algorithm", "es256"], {"algorithm": "es256", "file": p256.public}),
                (["[key a] file", "P-384"], {"algorithm": "ES384", "file": p256.public}),
                (["[key a] file", "No such file"], {"algorithm": "ES256", "file": "/nonexistent"}),
                (["[key a] file", "PEM"], {"algorithm": "HS256", "file": p256.public}),
                (["[key a] kid", "unknown key"], {"algorithm": "ES256", "kid": "b"})]:
            with self.subTest(key=key):
                self.refuse(words, **{"key a": key})
        self.refuse(["[key ] file", "no name"], **{
            "key ": {"algorithm": "ES256", "file": p256.public}})
        for name in "", "a b", "a;b", "a=b", "a,b", "é":
            with self.subTest(cookie=name):
                self.refuse(["[http] cookie-name"], auth={"secret-file": secret},
                            http={"cookie-name": name})
