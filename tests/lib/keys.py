# SPDX-License-Identifier: LGPL-2.1-or-later
"""Private keys made by openssl, and tokens signed with them (RFC 7518, sections 3.3 and 3.4)."""

import os
import subprocess

import record
import tokens

CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
NUMBER_BYTES = {"ES256": 32, "ES384": 48, "ES512": 66}


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True,
                          capture_output=True).stdout


def read_numbers(der):
    """The two numbers of an ECDSA signature, which DER has in a sequence."""
    at = 3 if der[1] & 0x80 else 2
    for _ in range(2):
        length = der[at + 1]
        yield int.from_bytes(der[at + 2:at + 2 + length], "big")
        at += 2 + length


class PrivateKey:
    """A key for one algorithm; its public part is in a file."""

    def __init__(self, folder, algorithm, name="key", bits=2048, curve=None):
        self.algorithm = algorithm
        self.path = os.path.join(folder, f"{name}.private.pem")
        self.public = os.path.join(folder, f"{name}.pem")
        if algorithm.startswith("RS"):
            kind = ["RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"]
        else:
            kind = ["EC", "-pkeyopt", f"ec_paramgen_curve:{curve or CURVES[algorithm]}"]
        openssl("genpkey", "-algorithm", *kind, "-out", self.path)
        openssl("pkey", "-in", self.path, "-pubout", "-out", self.public)

    def sign(self, claims, **header):
        head = {"alg": self.algorithm, "typ": "JWT", **header}
        signed = f"{tokens.encode(tokens.compact(head))}.{tokens.encode(tokens.compact(claims))}"
        signature = openssl("dgst", f"-sha{self.algorithm[2:]}", "-sign", self.path,
                            data=signed.encode())
        if self.algorithm.startswith("ES"):
            size = NUMBER_BYTES[self.algorithm]
            signature = b"".join(number.to_bytes(size, "big")
                                 for number in read_numbers(signature))
        token = f"{signed}.{tokens.encode(signature)}"
        record.secret(token)
        return token
