# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tokens: where they may be, and every one that is refused."""

import base64
import json
import time

import eventstream
import tokens
import wire
from cases import DaemonCase
from eventstream import PATHS

CORS = {
    "Access-Control-Allow-Origin": "http://localhost:3000",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "Cache-Control, Last-Event-ID, Authorization",
    "Vary": "Origin",
}


class TokenCase(DaemonCase):
    def assert_401(self, response, message):
        self.assertEqual(response.status, 401)
        self.assertEqual(response.head.status_line, b"HTTP/1.1 401 Unauthorized")
        body = f'{{"statusCode":401,"message":"{message}","error":"Unauthorized"}}'
        self.assertEqual(response.body, body.encode())
        self.assertEqual(response.head.get("WWW-Authenticate"), "Bearer")
        self.assertTrue(response.head.get("Content-Type").startswith("application/json"))
        for name, value in CORS.items():
            self.assertEqual(response.head.get(name), value)

    def get_quota(self, headers=(), token=None):
        query = f"?token={token}" if token is not None else ""
        return self.rivulet.get("/quota/stream" + query, headers)

    def assert_served(self, headers=(), token=None):
        query = f"?token={token}" if token is not None else ""
        with eventstream.StreamClient(
                self.rivulet.address, "/quota/stream" + query, headers) as client:
            self.assertEqual(client.next().type, "quota")

    def sign(self, claims, *args, **header):
        return self.rivulet.note(tokens.sign(self.rivulet.secret.bytes, claims, *args, **header))


class Places(TokenCase):
    def test_every_place(self):
        good = self.rivulet.token()
        self.assert_served(token=good)
        for value in f"Bearer {good}", good, f"bearer {good}", f"BEARER {good}":
            with self.subTest(value=value[:7]):
                self.assert_served({"Authorization": value})
        self.assert_served([("authorization", f"Bearer {good}")])

    def test_none(self):
        for path in PATHS.values():
            with self.subTest(path=path):
                self.assert_401(self.rivulet.get(path), "Token required")
        self.assert_401(self.rivulet.get("/quota/stream?tok=x&Token=y"), "Token required")
        self.assert_401(self.rivulet.get("/api/quota/stream"), "Token required")

    def test_another_scheme_does_not_count(self):
        basic = "Basic " + base64.b64encode(b"user:password").decode()
        self.assert_401(self.get_quota({"Authorization": basic}), "Token required")
        self.assert_401(self.get_quota({"Authorization": f"Basic {self.rivulet.token()}"}),
                        "Token required")
        self.assert_served({"Authorization": basic}, self.rivulet.token())

    def test_header_before_query(self):
        good = self.rivulet.token()
        self.assert_401(self.get_quota({"Authorization": "Bearer wrong"}, good), "Invalid token")
        self.assert_served({"Authorization": f"Bearer {good}"}, "wrong")

    def test_percent_encoded_in_the_query(self):
        good = self.rivulet.token()
        self.assert_served(token="".join(f"%{ord(letter):02x}" for letter in good))
        self.assert_served(token=good.replace(".", "%2E"))

    def test_the_header_decides_whose_data_it_is(self):
        self.rivulet.publisher.publish("quota", {"type": "quota", "quota": {
            "used": 77, "remaining": 0}}, "header-user")
        with eventstream.StreamClient(
                self.rivulet.address, f"/quota/stream?token={self.rivulet.token('query-user')}",
                {"Authorization": f"Bearer {self.rivulet.token('header-user')}"}) as client:
            self.assertEqual(client.next().data["quota"]["used"], 77)


class Refused(TokenCase):
    def refuse(self, token):
        self.assert_401(self.get_quota(token=token), "Invalid token")
        self.assert_401(self.get_quota({"Authorization": f"Bearer {token}"}), "Invalid token")

    def claims(self, **changes):
        now = int(time.time())
        claims = {"sub": "42", "iat": now, "exp": now + 600, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def test_not_a_token(self):
        for token in "x", "a.b", "a.b.c", "...", "null", "undefined", "e30.e30.", "%00", "x" * 5000:
            with self.subTest(token=token[:10]):
                self.assert_401(self.get_quota(token=token), "Invalid token")

    def test_changed(self):
        good = self.rivulet.token()
        head, payload, signature = good.split(".")
        other = tokens.encode(tokens.compact(self.claims(sub="43")))
        flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
        for token in (f"{head}.{other}.{signature}", f"{head}.{payload}.{flipped}",
                      f"{head}.{payload}.", f"{head}.{payload}", good[:-3], f"{good}.{signature}",
                      f".{payload}.{signature}"):
            self.refuse(self.rivulet.note(token))

    def test_another_secret(self):
        self.refuse(tokens.make(b"another secret of 32 bytes or more", "42"))
        self.refuse(tokens.make(b"", "42"))
        self.refuse(tokens.make(self.rivulet.secret.bytes + b"\n", "42"))

    def test_another_algorithm(self):
        for algorithm in "HS384", "HS512":
            self.refuse(self.sign(self.claims(), algorithm))
        for named in "none", "None", "NONE", "RS256", "ES256", "HS384", "", "hs256x", None, 5:
            with self.subTest(alg=named):
                self.refuse(self.sign(self.claims(), alg=named))
        payload = tokens.encode(tokens.compact(self.claims()))
        for alg in "none", "HS256":
            head = tokens.encode(tokens.compact({"alg": alg, "typ": "JWT"}))
            self.refuse(f"{head}.{payload}.")

    def test_expiry(self):
        for exp in (int(time.time()) - 3600, 0, -1, 1, None, "never", str(int(time.time()) + 600),
                    True, [int(time.time()) + 600], {}):
            with self.subTest(exp=exp):
                self.refuse(self.sign(self.claims(exp=exp)))

    def test_not_yet(self):
        self.refuse(self.sign(self.claims(nbf=int(time.time()) + 3600)))

    def test_subject(self):
        for sub in None, "", True, 1.5, [], ["42"], {}, {"id": 42}, "a\0b":
            with self.subTest(sub=sub):
                self.refuse(self.sign(self.claims(sub=sub)))

    def test_not_claims(self):
        for payload in b"", b"null", b"[]", b"42", b"{", b'{"sub":"42"', b"\xff", b"{}":
            with self.subTest(payload=payload):
                self.refuse(self.rivulet.note(tokens.sign_parts(
                    self.rivulet.secret.bytes, b'{"alg":"HS256","typ":"JWT"}', payload)))

    def test_deeply_nested_claims(self):
        deep = b'{"sub":"42","exp":9999999999,"x":' + b"[" * 1500 + b"]" * 1500 + b"}"
        token = tokens.sign_parts(self.rivulet.secret.bytes, b'{"alg":"HS256"}', deep)
        self.assertIn(self.get_quota({"Authorization": f"Bearer {token}"}).status, (401,))

    def test_refusals_do_not_stop_the_service(self):
        for _ in range(100):
            self.get_quota(token="wrong")
        self.assert_served(token=self.rivulet.token())


class Subjects(TokenCase):
    def test_a_number_is_its_decimal_text(self):
        self.publisher.publish("quota", {"type": "quota", "quota": {
            "used": 9, "remaining": 1}}, "9007199254740991")
        for subject in 9007199254740991, "9007199254740991":
            with self.rivulet.follow("quota", subject) as client:
                self.assertEqual(client.next().data["quota"]["used"], 9)

    def test_any_text(self):
        for subject in "ä ö", "a/b", "x" * 255, "42 ", "0042", "NULL", "*":
            with self.subTest(subject=subject[:10]):
                self.publisher.publish("quota", {"type": "quota", "quota": {
                    "used": len(subject), "remaining": 1}}, subject)
                with self.rivulet.follow("quota", subject) as client:
                    self.assertEqual(client.next().data["quota"]["used"], len(subject))


class Expiry(TokenCase):
    def test_a_stream_closes_at_expiry_and_not_before(self):
        expires = int(time.time()) + 2
        token = self.sign({"sub": "42", "exp": expires})
        lasting = self.follow("quota")
        lasting.next()
        with eventstream.StreamClient(
                self.rivulet.address, f"/quota/stream?token={token}") as client:
            client.rest()
            self.assertGreaterEqual(time.time(), expires)
            self.assertEqual([event.type for event in client.events], ["quota"])
            if client.chunks:
                self.assertEqual(client.chunks.buffer, b"")
        self.assert_401(self.get_quota(token=token), "Invalid token")
        self.publisher.publish("quota", {"type": "quota", "quota": {"used": 1, "remaining": 0}})
        self.assertEqual(lasting.next().type, "quota-update")

    def test_far_future(self):
        for exp in 253402300799, 9007199254740991:
            with self.subTest(exp=exp):
                self.assert_served(token=self.sign({"sub": "42", "exp": exp}))
        # Beyond what every program reads alike.
        self.assert_401(self.get_quota(token=self.sign({"sub": "42", "exp": 2 ** 53})),
                        "Invalid token")


class WithoutExpiry(TokenCase):
    setting = {"config": {"auth": {"require-expiry": "false"}}, "bus": False}

    def test_exp_may_be_absent_but_not_wrong(self):
        self.assert_served(token=self.sign({"sub": "42"}))
        for exp in "never", int(time.time()) - 3600:
            self.assert_401(self.get_quota(token=self.sign({"sub": "42", "exp": exp})),
                            "Invalid token")


class Cookie(TokenCase):
    setting = {"config": {"http": {"cookie-name": "__Host-token"}}, "bus": False}

    def assert_cookie_served(self, value, **headers):
        self.assert_served({"Cookie": value, **headers})

    def assert_cookie_not_there(self, value, **headers):
        self.assert_401(self.get_quota({"Cookie": value, **headers}), "Token required")

    def test_among_others(self):
        good = self.rivulet.token()
        for value in (f"__Host-token={good}", f"a=b; __Host-token={good}",
                      f"__Host-token={good}; a=b", f"a=;__Host-token={good} ;c",
                      f"__Host-token=; __Host-token={good}"):
            with self.subTest(value=value):
                self.assert_cookie_served(value)
        for value in (f"token={good}", f"__host-token={good}", f"a__Host-token={good}",
                      f"__Host-token2={good}", "__Host-token=", "__Host-token", ";;; ;", "="):
            with self.subTest(value=value):
                self.assert_cookie_not_there(value)
        self.assert_401(self.get_quota({"Cookie": "__Host-token=wrong"}), "Invalid token")

    def test_last_of_all_places(self):
        good = self.rivulet.token()
        cookie = {"Cookie": f"__Host-token={good}"}
        self.assert_401(self.get_quota(cookie, "wrong"), "Invalid token")
        self.assert_401(self.get_quota({**cookie, "Authorization": "Bearer wrong"}),
                        "Invalid token")
        self.assert_served({"Cookie": "__Host-token=wrong"}, good)

    def test_not_for_pages_of_elsewhere(self):
        """A browser sends it along whatever page asks."""
        good = self.rivulet.token()
        self.assert_cookie_served(f"__Host-token={good}", Origin="http://localhost:3000")
        for origin in "http://evil.example", "null", "http://localhost:3001":
            self.assert_cookie_not_there(f"__Host-token={good}", Origin=origin)
        self.assert_served({"Origin": "http://evil.example"}, good)

    def test_not_for_what_other_pages_embed(self):
        """An image, say, is asked for without an origin; browsers say from how far away."""
        good = self.rivulet.token()
        site = "Sec-Fetch-Site"
        for value in "same-origin", "none":
            self.assert_cookie_served(f"__Host-token={good}", **{site: value})
        for value in "same-site", "cross-site", "", "same-origin, cross-site":
            self.assert_cookie_not_there(f"__Host-token={good}", **{site: value})
        self.assert_cookie_served(f"__Host-token={good}", Origin="http://localhost:3000",
                                  **{site: "cross-site"})
        self.assert_served({site: "cross-site"}, good)


class NoCookie(TokenCase):
    setting = {"bus": False}

    def test_none_counts_where_none_is_named(self):
        good = self.rivulet.token()
        for name in "token", "", "Authorization":
            self.assert_401(self.get_quota({"Cookie": f"{name}={good}"}), "Token required")


class Messages(DaemonCase):
    setting = {"bus": False}

    def test_bodies_are_json(self):
        for target, status in ("/quota/stream", 401), ("/nothing", 404):
            response = self.rivulet.get(target)
            self.assertEqual(response.status, status)
            body = json.loads(response.body)
            self.assertEqual(body["statusCode"], status)
            self.assertEqual(set(body), {"statusCode", "message", "error"})

    def test_other_methods(self):
        target = f"/quota/stream?token={self.rivulet.token()}"
        for method in "POST", "PUT", "DELETE", "PATCH":
            with self.subTest(method=method):
                response = wire.request(self.rivulet.address, target, method=method, body=b"")
                self.assertEqual(response.status, 405)
                self.assertIn("GET", response.head.get("Allow"))
                self.assertEqual(response.json()["statusCode"], 405)
