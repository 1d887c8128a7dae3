# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes rivulet.conf(5) of its source and of what `rivuletd --list-settings` printed.

    python3 keys.py rivulet.conf.5.in rivulet.conf >rivulet.conf.5

The list takes the place of the line @KEYS@.
"""

import re
import sys

GROUP = re.compile(r"#?\[([^\]]+)\]")
KEY = re.compile(r"#([a-z0-9-]+)=(.*)")


def escaped(text):
    """Text as troff takes it: what can be copied is not divided, and a line is no request."""
    for character, name in ("\\", r"\e"), ("-", r"\-"), ("~", r"\(ti"), ("^", r"\(ha"):
        text = text.replace(character, name)
    text = re.sub(r"(?<!\S)(?=\S*\w[^\w\s'’]+\w)", r"\\%", text).replace("\u00a0", r"\ ")
    return r"\&" + text if text.startswith((".", "'")) else text


def sentences(lines):
    """The text of comment lines, a sentence a line."""
    text = " ".join(line.removeprefix("# ") for line in lines)
    return [escaped(sentence) for sentence in re.split(r"(?<=\.) ", text)] if text else []


def page(listed):
    """The sections of the groups, as lines of the page."""
    blocks = [block.split("\n") for block in listed.strip().split("\n\n")]
    for block in blocks[1:]:  # the first one is the list's introduction
        group, key = GROUP.fullmatch(block[0]), KEY.fullmatch(block[-1])
        if group:
            yield ".SS " + escaped(f"[{group[1]}]")
            yield from sentences(block[1:])
        elif key:
            yield ".TP"
            yield ".B " + escaped(key[1])
            yield from sentences(block[:-1])
            if key[2]:
                yield escaped(f"[{key[2]}]")
        else:
            sys.exit(f"keys.py: neither a group nor a key: {block}")


def main(source, listed):
    with open(listed, encoding="utf-8") as file:
        keys = "\n".join(page(file.read()))
    with open(source, encoding="utf-8") as file:
        before, after = file.read().split("@KEYS@")
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(before + keys + after)


if __name__ == "__main__":
    main(*sys.argv[1:])
