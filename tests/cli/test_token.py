# SPDX-License-Identifier: LGPL-2.1-or-later
"""rivulet token, and what all subcommands have in common."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest

import command
import daemon
import keys


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class TokenTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rivulet-cli-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.secret = daemon.Secret(self.folder, "secret")
        self.config = os.path.join(self.folder, "rivulet.conf")
        daemon.write_config(self.config, {"auth": {"secret-file": self.secret.path}})

    def check(self, text, subject, lifetime, secret=None):
        """A line with a token as RFC 7515 and 7519 say, good from now for so many seconds."""
        self.assertTrue(text.endswith("\n"))
        head, payload, signature = text.strip().split(".")
        self.assertEqual(json.loads(decode(head))["alg"], "HS256")
        claims = json.loads(decode(payload))
        self.assertEqual(claims["sub"], subject)
        self.assertEqual(claims["exp"] - claims["iat"], lifetime)
        self.assertLessEqual(claims["iat"], time.time())
        expected = hmac.new((secret or self.secret).bytes, f"{head}.{payload}".encode(),
                            hashlib.sha256).digest()
        self.assertEqual(decode(signature), expected)

    def claims_of(self, *arguments):
        status, out, err = command.run("token", "--sub", "42", "--config", self.config, *arguments)
        self.assertEqual((status, err), (0, ""))
        return json.loads(decode(out.split(".")[1]))

    def test_streams(self):
        self.assertNotIn("streams", self.claims_of())
        self.assertEqual(self.claims_of("--stream", "quota", "--stream", "posts-stats")["streams"],
                         ["quota", "posts-stats"])

    def test_publish(self):
        self.assertNotIn("publish", self.claims_of("--stream", "quota"))
        claims = self.claims_of("--publish", "quota", "--publish", "posts-stats")
        self.assertEqual(claims["publish"], ["quota", "posts-stats"])
        self.assertNotIn("streams", claims)
        many = [part for number in range(65) for part in ("--publish", f"s{number}")]
        for arguments, word in ((["--publish", ""], "--publish"), (many, "64")):
            status, out, err = command.run(
                "token", "--sub", "42", "--config", self.config, *arguments)
            self.assertNotEqual(status, 0)
            self.assertEqual(out, "")
            self.assertIn(word, err)

    def test_what_the_daemon_asks_of_tokens(self):
        os.makedirs(self.config + ".d", exist_ok=True)
        daemon.write_config(self.config + ".d/50.conf",
                            {"auth": {"issuer": "me", "audience": "you", "algorithm": "HS512"}})
        claims = self.claims_of()
        self.assertEqual((claims["iss"], claims["aud"]), ("me", "you"))

    def test_public_key(self):
        """Only whoever has its private key can sign."""
        key = keys.PrivateKey(self.folder, "ES256")
        daemon.write_config(self.config, {"auth": {"algorithm": "ES256",
                                                   "public-key-file": key.public}})
        status, out, err = command.run("token", "--sub", "42", "--config", self.config)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("private key", err)

    def test_a_secret_beside_a_public_key(self):
        """As where the unit's credential is still there: how it is taken away is told."""
        daemon.write_config(self.config, {"auth": {"algorithm": "ES256",
                                                   "secret-file": self.secret.path}})
        status, out, err = command.run("token", "--sub", "42", "--config", self.config)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("an empty LoadCredential=", err)

    def test_configured_secret(self):
        status, out, err = command.run("token", "--sub", "42", "--config", self.config)
        self.assertEqual((status, err), (0, ""))
        self.check(out, "42", 3600)

    def test_drop_in(self):
        other = daemon.Secret(self.folder, "other")
        os.mkdir(self.config + ".d")
        daemon.write_config(self.config + ".d/50.conf", {"auth": {"secret-file": other.path}})
        status, out, err = command.run("token", "--sub", "42", "--config", self.config)
        self.assertEqual((status, err), (0, ""))
        self.check(out, "42", 3600, other)

    def test_lifetime(self):
        status, out, err = command.run("token", "--sub", "42", "--expires-in", "86400",
                                       "--config", self.config)
        self.assertEqual((status, err), (0, ""))
        self.check(out, "42", 86400)

    def test_secret_file(self):
        other = daemon.Secret(self.folder, "other", line_end="")
        for more in ([], ["--config", self.config]):
            status, out, err = command.run("token", "--sub", "é 世界 \"\\", "--secret-file",
                                           other.path, *more)
            self.assertEqual((status, err), (0, ""))
            self.check(out, "é 世界 \"\\", 3600, other)

    def test_credential(self):
        shutil.copy(self.secret.path, os.path.join(self.folder, "auth.secret-file"))
        daemon.write_config(self.config, {})
        status, out, err = command.run("token", "--sub", "42", "--config", self.config,
                                       CREDENTIALS_DIRECTORY=self.folder)
        self.assertEqual((status, err), (0, ""))
        self.check(out, "42", 3600)

    def test_wrong_command_line(self):
        for arguments, said in (
            ([], "--sub"),
            (["--sub", ""], "--sub: must not be empty"),
            (["--sub", "42", "--stream", ""], "--stream: must not be empty"),
            (["--sub", b"\xff"], "--sub: must be UTF-8"),
            (["--sub", "a\nb"], "--sub: must not have control characters"),
            (["--sub", "42", "--expires-in", "0"], "--expires-in: 0 is not"),
            (["--sub", "42", "--expires-in", "-5"], "--expires-in: -5 is not"),
            (["--sub", "42", "--expires-in", "1h"], "--expires-in"),
            (["--sub", "42", "--expires-in", "99999999999"], "--expires-in: 99999999999 is not"),
            (["42"], "--sub SUB"),
            (["--sub", "42", "--secret", "x"], "--secret"),
        ):
            with self.subTest(arguments=arguments):
                status, out, err = command.run("token", *arguments, "--secret-file",
                                               self.secret.path)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(said, err)
                self.assertIn("Try “rivulet token --help”.", err)

    def test_bad_secret(self):
        short = daemon.Secret(self.folder, "short", "only-31-bytes-are-not-enough-xx")
        empty = daemon.Secret(self.folder, "empty", " ", line_end="")
        for path, said in (
            (short.path, "31 bytes"),
            (empty.path, "1 bytes"),
            (os.path.join(self.folder, "none"), "No such file"),
        ):
            with self.subTest(path=path):
                status, out, err = command.run("token", "--sub", "42", "--secret-file", path)
                self.assertEqual((status, out), (1, ""))
                self.assertIn("--secret-file: [auth] secret-file", err)
                self.assertIn(said, err)
                self.assertNotIn(short.text, err)

    def test_no_secret(self):
        daemon.write_config(self.config, {"http": {"listen": "localhost:3001"}})
        status, out, err = command.run("token", "--sub", "42", "--config", self.config)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("[auth] secret-file: not set", err)
        self.assertRegex(err, "--secret-file /[^ ]*/secret, as root")
        self.assertIn("--config FILE", err)

    def test_bad_config(self):
        daemon.write_config(self.config, {"auth": {"secret-fil": self.secret.path}})
        status, out, err = command.run("token", "--sub", "42", "--config", self.config)
        self.assertEqual((status, out), (1, ""))
        self.assertIn(f"{self.config}: [auth] secret-fil", err)

    def test_no_config(self):
        missing = os.path.join(self.folder, "none.conf")
        status, out, err = command.run("token", "--sub", "42", "--config", missing)
        self.assertEqual((status, out), (1, ""))
        self.assertIn(missing, err)

    def test_subject_too_long(self):
        status, out, err = command.run("token", "--sub", "x" * 9000, "--config", self.config)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("the subject (sub) must be", err)

    def test_full_device(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([daemon.CLI, "token", "--sub", "42", "--config", self.config],
                                  stdout=full, stderr=subprocess.PIPE, check=False,
                                  env=command.environment())
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write to standard output: No space left", done.stderr)

    def test_closed_output(self):
        done = subprocess.run(["sh", "-c", '"$0" "$@" >&-', daemon.CLI, "token", "--sub", "42",
                               "--config", self.config], stderr=subprocess.PIPE, check=False,
                              env=command.environment())
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write to standard output", done.stderr)


class MainTest(unittest.TestCase):
    def test_help(self):
        for arguments in (["--help"], ["token", "--help"], ["publish", "--help"],
                          ["watch", "--help"]):
            with self.subTest(arguments=arguments):
                status, out, err = command.run(*arguments)
                self.assertEqual((status, err), (0, ""))
                self.assertIn(" ".join(["Usage:\n  rivulet", *arguments[:-1]]), out)

    def test_a_help_that_can_not_be_written(self):
        for arguments in ["--help"], ["token", "--help"]:
            with self.subTest(arguments=arguments), open("/dev/full", "wb") as full:
                done = subprocess.run([daemon.CLI, *arguments], stdout=full, stderr=subprocess.PIPE,
                                      check=False, env=command.environment())
                self.assertEqual(done.returncode, 1)
                self.assertIn(b"cannot write to standard output: No space left", done.stderr)

    def test_commands_are_listed(self):
        _, out, _ = command.run("--help")
        for name in ("token", "publish", "watch"):
            self.assertIn(f"\n  {name} ", out)

    def test_version(self):
        status, out, err = command.run("--version")
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"\Arivulet [0-9]+\.[0-9]+\.[0-9]+\n\Z")

    def test_wrong_command_line(self):
        for arguments, said in (
            ([], "no command"),
            (["frobnicate"], "“frobnicate” is not a command; there are: token, publish, watch"),
            (["--frobnicate"], "--frobnicate"),
        ):
            with self.subTest(arguments=arguments):
                status, out, err = command.run(*arguments)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(said, err)
                self.assertIn("Try “rivulet --help”.", err)
