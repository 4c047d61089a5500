"""Where histories part: which commits one of them has and another lacks, and which folders these changed. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Touch:
    """A commit that touched a folder: who made it, and when (RFC 3339)."""

    commit: str
    who: str
    when: str


@dataclass(frozen=True, slots=True)
class Step:
    """A commit with its parents, and the paths (from the root) that it changed against the first of them."""

    touch: Touch
    parents: tuple[str, ...]
    paths: frozenset[str]


class Lines:
    """Some histories, walked from their tips: who touched which folder in which of them."""

    def __init__(self, tips: Iterable[str], steps: Iterable[Step], path: str) -> None:
        """The steps are in an order in which no parent comes before its child; the folders lie in ``path``.

        Of a single history, commits that touched nothing may be left out.
        """
        self._bits = {tip: 1 << number for number, tip in enumerate(tips)}
        self._touches: dict[str, list[tuple[int, Touch]]] = {}
        depth = path.count("/") + 2 if path else 1
        single = len(self._bits) == 1
        having: dict[str, int] = dict(self._bits)  # commit -> the histories that have it
        for step in steps:
            had = 1 if single else having.pop(step.touch.commit, 0)
            for parent in step.parents:
                having[parent] = having.get(parent, 0) | had
            for folder in {"/".join(changed.split("/")[:depth]) for changed in step.paths}:
                self._touches.setdefault(folder, []).append((had, step.touch))

    def of(self, folder: str, tip: str, without: str | None = None) -> list[Touch]:
        """Returns who touched a folder in a tip's history, and not in that of another; the last of them first."""
        has, lacks = self._bits[tip], self._bits[without] if without else 0
        return [touch for had, touch in self._touches.get(folder, ()) if had & has and not had & lacks]


@dataclass(frozen=True, slots=True)
class Apart:
    """Pairs of histories: all ``between`` their tips and a commit that they share; and those asked for ``whole``."""

    between: Lines
    whole: Lines

    def only_in(self, mine: str, other: str | None, folder: str) -> list[Touch]:
        """Returns who touched a folder in ``mine``'s history and not in ``other``'s, the last of them first."""
        return self.between.of(folder, mine, other) if other else self.whole.of(folder, mine)
