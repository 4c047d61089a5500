"""What the actors of the soak write: files of eight lines far apart, definitions of eight nodes; who edits which."""

import random
import re
from collections.abc import Callable

SHARED, BLIND, DEFINITION = "shared.py", "blind.py", "flow.dag.yaml"
_SLOT = re.compile(rb"(?m)^(slot_[a-h] = '|    text: )(t\d+)")
_NODES = 8
_WALL = b"\n".join(b"# %d" % number for number in range(6))
_OWN = {"ann": (0, 1), "ben": (0, 1), "cid": (0, 1), "one": (2, 3), "two": (4, 5)}
_COMMON = (6, 7)


def new(path: str, fresh: Callable[[], bytes]) -> bytes:
    """A file as it is at first."""
    if path == DEFINITION:
        return b"inputs: {}\noutputs: {}\nnodes:\n" + b"".join(_node(b"n%d" % at, fresh()) for at in range(_NODES))
    return (b"\n%s\n" % _WALL).join(b"slot_%c = '%s'" % (b"abcdefgh"[at], fresh()) for at in range(_NODES)) + b"\n"


def edited(content: bytes, actor: str, token: bytes, chance: random.Random) -> bytes | None:
    """The content as the actor leaves it, mostly in its own lines; None if what is there is no whole file."""
    found = list(_SLOT.finditer(content))
    if len(found) < _NODES or content.count(b"\0"):
        return None
    if content.startswith(b"inputs:") and chance.random() < 0.15:
        return _other_nodes(content, b"%s_%s" % (actor.encode(), token), token)
    at = found[chance.choice(_COMMON if chance.random() < 0.2 else _OWN[actor])]
    return content[: at.start(2)] + token + content[at.end(2) :]


def _node(name: bytes, token: bytes) -> bytes:
    source = b"  source:\n    type: code\n    path: shared.py\n"
    return b"- name: %s\n  type: python\n%s  inputs:\n    text: %s\n" % (name, source, token)


def _other_nodes(content: bytes, name: bytes, token: bytes) -> bytes:
    """With one node more, or without the last of those that were added."""
    if content.count(b"- name: ") > _NODES + 2:
        return content[: content.rindex(b"- name: ")]
    return content + _node(name, token)
