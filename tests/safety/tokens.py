"""What was written and by whose will it went: the judge of lost writes and of zombies.

Every write brings tokens that exist nowhere else. A token is *alive* until somebody overwrites or deletes, on a side
that holds it, content that has it (*dead*); what a person resets away is *loose*: it may stay or go.
"""

import re
from collections.abc import Iterable

_TOKEN = re.compile(rb"t\d+\b")


def tokens(content: bytes | None) -> set[bytes]:
    """The tokens in a content."""
    return set(_TOKEN.findall(content)) if content else set()


class Ledger:
    """All tokens of one run."""

    def __init__(self) -> None:
        self.alive: dict[bytes, str] = {}  # token -> flow
        self.dead: dict[bytes, str] = {}
        self.moved: set[bytes] = set()  # by a rename: a delete of the old name on the other side does not reach them
        self._count = 0

    def fresh(self) -> bytes:
        """A token that was never used."""
        self._count += 1
        return b"t%d" % self._count

    def wrote(self, flow: str, old: bytes | None, new: bytes | None) -> None:
        """Somebody who had ``old`` before their eyes put ``new`` in its place."""
        before, after = tokens(old), tokens(new)
        for token in before - after:
            self.alive.pop(token, None)
            self.dead[token] = flow
        for token in after - before:
            if token in self.dead:  # brought back as it was: no edit, if the other side has deleted it since
                del self.dead[token]
            else:
                self.alive[token] = flow

    def chose(self, flow: str, sides: Iterable[bytes], new: bytes) -> None:
        """Somebody settled a conflict: what they left out is dead, what they brought back by it may stay or go."""
        after = tokens(new)
        for old in sides:
            for token in tokens(old) - after:
                self.alive.pop(token, None)
                self.dead[token] = flow
        self.loosen(after - self.alive.keys())

    def carried(self, content: Iterable[bytes], flow: str) -> None:
        """A flow came under this name, with all that it held; what happens to the old name is no end of it."""
        for held in content:
            self.moved |= tokens(held)
            self.alive.update((token, flow) for token in tokens(held) & self.alive.keys())

    def loosen(self, some: Iterable[bytes]) -> None:
        """These tokens may stay or go."""
        for token in some:
            self.alive.pop(token, None)
            self.dead.pop(token, None)
