# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON that is refused, with an @ before the byte at which it is; and JSON that is taken."""


def take_mark(text):
    """The bytes of a text without its @, and where that was."""
    data = text.encode() if isinstance(text, str) else text
    offset = data.index(b"@")
    return data[:offset] + data[offset + 1 :], offset


# In the place of a value, a level deep; each is refused at the @.
VALUES = [
    # comments, and what else is no JSON
    "@/* x */1", "1@/* x */", "1@// x\n", "1@# x", "@'x'", "@undefined", "@NaN", "-@Infinity",
    "@+1", "0@1", "@.5", "1.@", "1e@", "0@x10", "[1,@]", "[@,1]", "{@a:1}", "{@'a':1}", '{"a":1,@}',
    # the same name twice, also written otherwise, and in an object that follows another
    '{"a":1,@"a":1}', '{"a":1,@"\\u0061":2}', '{"é":1,@"\\u00E9":2}',
    '{"😀":1,@"\\ud83d\\uDE00":2}', '{"":1,@"":2}',
    '{"a":{"a":1},@"a":2}', '[{"a":1},{"b":{"a":1},"a":2,@"b":3}]',
    # strings
    '"a@\\u0000"', '{"a@\\u0000b":1}', '"@\\ud800"', '"@\\udc00"', '"@\\ud800\\u0041"',
    '"@\\uDBFFx"', '"@\\ud800\\ud800\\udc00"', '"a@\nb"', '"a@\rb"', '"a@\tb"', '"@\x01"',
    '"@\\x41"', '"@\\\'"', '"\\u00@zz"',
    # integers beyond ±(2^53 - 1), numbers beyond a double
    "@9007199254740992", "@-9007199254740992", "@9007199254740993", "@18446744073709551617",
    "@-9223372036854775809", "@1e309", "@-1e309", "@1e99999999999999999999", "@" + "1" * 400,
    "@0." + "1" * 400,
    # levels: the update is the first
    "[" * 31 + "@[", '{"a":' * 31 + "@{", "[" * 31 + "@[" + "]" * 32,
    "{" + ",".join(f'"{number}":0' for number in range(4096)) + ',@"4096":0}',
]

# Bytes that no D-Bus message can have.
BYTES = [
    b'"caf@\xe9"', b'"@\xc0\xaf"', b'"@\xed\xa0\x80"', b'"@\xf4\x90\x80\x80"', b'"@\xc3"',
    b'"@\xff"', b'"@\0"', b"@\0",
]

# Before and behind an object.
AROUND = [("@\ufeff", ""), ("@\u00a0", ""), ("@x", ""), ("", "@x"), ("", " @{}"), ("", "@,"),
          ("@// x\n", ""), ("", "@/* x */"), ("[", "@"), ("", "@}"), ("", "\n@\u2028")]

# Values that are taken, and reach a client as the same.
TAKEN = [
    "9007199254740991", "-9007199254740991", "-0", "0.1", "1e300", "-1.5E-7", "9007199254740993.0",
    "1.7976931348623157e308", "5e-324", "1e-400", '"\\u007f\\u0080"',
    '"\ufffe\uffff\\ufdd0\U0010ffff"', '"\\ud83d\\ude00"', '"\\/"', '{"a":1,"A":2,"b":{"a":3}}',
    '{"é":1,"e\u0301":2}', "[]", "{}", "[" * 30 + "]" * 30, "null", " \t\r\n1 \t\r\n",
]
