"""What the actors write: files of three lines far enough apart for git to join them, and definitions with an input."""

import random

SLOTS = (b"one", b"two", b"three")
NAMES = ("a.py", "b.py", "sub/c.py")
DAG = "flow.dag.yaml"


def fresh(path: str, token: list[bytes]) -> bytes:
    """A new file; ``token`` holds as many as it needs."""
    if path == DAG:
        return b"inputs:\n  q:\n    type: string\n    default: %s\noutputs: {}\nnodes: []\n" % token[0]
    return b"\n\n\n\n".join(b"%s = '%s'" % pair for pair in zip(SLOTS, token, strict=True)) + b"\n"


def needs(path: str) -> int:
    return 1 if path == DAG else len(SLOTS)


def edited(content: bytes, token: bytes, chance: random.Random) -> bytes:
    """The content with one of its values replaced."""
    lines = content.split(b"\n")
    places = [index for index, line in enumerate(lines) if b" = '" in line or b"default: " in line]
    if not places:
        return b"default: %s\n" % token
    at = chance.choice(places)
    head, mark, _ = lines[at].partition(b" = '") if b" = '" in lines[at] else lines[at].partition(b"default: ")
    lines[at] = head + mark + token + (b"'" if mark == b" = '" else b"")
    return b"\n".join(lines)
