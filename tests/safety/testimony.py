"""What the actors of a long run say they wrote and took away, and the judgement over it at the end.

Each actor is a process of its own and keeps its own file; tokens exist once, so the order in which actors did things
does not matter: what was written, and what nobody took away who had it before their eyes, must be on both sides.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .tokens import tokens


class Statement:
    """What one actor says, one line for each thing done."""

    def __init__(self, file: Path, actor: int, actors: int) -> None:
        """``actor`` is its number among ``actors``: tokens of two actors are never the same."""
        self.edits = 0
        self._file = file.open("a", buffering=1)
        self._next, self._step = actor, actors

    def fresh(self) -> bytes:
        """Returns a token that was never used."""
        self._next += self._step
        return b"t%d" % self._next

    def tries(self, old: bytes, new: bytes) -> None:
        """Says what is about to be written over what the actor sees: from now on others may see it."""
        self._say("tried", tokens(new) - tokens(old))

    def wrote(self, old: bytes | None, new: bytes | None, blind: bool = False) -> None:
        """Says that the new content took the place of the old one; ``blind`` if something else may have, as well."""
        self.edits += 1
        self._say("blind" if blind else "wrote", tokens(new) - tokens(old))
        self._say("ended", tokens(old) - tokens(new))

    def overwrote(self, old: bytes, over: bytes, new: bytes) -> None:
        """Says what was there, just before the new content took its place, that the actor had not seen in the old."""
        self._say("overwritten", tokens(over) - tokens(old) - tokens(new))

    def chose(self, sides: Iterable[bytes], new: bytes) -> None:
        """Says how a conflict was settled: what is not in the new content was left out, what is may come back."""
        held = [tokens(side) for side in sides]
        self._say("ended", set().union(*held) - tokens(new))
        self._say("loose", tokens(new) - set.intersection(*held))

    def _say(self, what: str, some: set[bytes]) -> None:
        if some:
            self._file.write(json.dumps([what, sorted(token.decode() for token in some)]) + "\n")


@dataclass
class Account:
    """All testimonies together, as sets of tokens."""

    tried: set[bytes] = field(default_factory=set)
    wrote: set[bytes] = field(default_factory=set)
    blind: set[bytes] = field(default_factory=set)
    overwritten: set[bytes] = field(default_factory=set)
    ended: set[bytes] = field(default_factory=set)
    loose: set[bytes] = field(default_factory=set)

    @classmethod
    def of(cls, files: Iterable[Path]) -> "Account":
        account = cls()
        for file in files:
            for line in file.read_text().splitlines():
                what, some = json.loads(line)
                getattr(account, what).update(token.encode() for token in some)
        return account

    def lost(self, there: set[bytes]) -> set[bytes]:
        """Returns what is not there, and nobody took away."""
        return self.wrote - self.ended - self.loose - there

    def displaced(self, there: set[bytes]) -> set[bytes]:
        """Returns what was written without a guard, and is not there: it has to be in a ref.

        Not so what the next blind save in Studio took the place of: there may have been no moment to see it.
        """
        return self.blind - self.overwritten - self.ended - self.loose - there

    def risen(self, there: set[bytes], unguarded: set[bytes]) -> set[bytes]:
        """Returns what somebody took away and is there nevertheless; ``unguarded`` content may have brought it back."""
        return (self.ended & there) - self.loose - unguarded
