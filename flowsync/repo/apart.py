"""Where histories part: which commits one of them has and another lacks, and which folders these changed. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Touch:
    """A commit that touched a folder: who made it, and when (RFC 3339)."""

    who: str
    when: str


@dataclass(frozen=True, slots=True)
class Step:
    """A commit with its parents, and the paths (from the root) that it changed against all of them."""

    commit: str
    parents: tuple[str, ...]
    touch: Touch
    paths: frozenset[str]


class Apart:
    """Histories that part: all that lies between their tips and a commit that they share; and some whole ones."""

    def __init__(self, tips: Iterable[str], between: Iterable[Step], whole: Mapping[str, Iterable[Step]], path: str):
        """The steps are in an order in which no parent comes before its child; the folders lie in ``path``.

        ``whole`` are the steps of each history that is asked for alone.
        """
        self._depth = path.count("/") + 2 if path else 1
        self._bits = {tip: 1 << number for number, tip in enumerate(tips)}
        having: dict[str, int] = dict(self._bits)  # commit -> the histories that have it
        self._between: dict[str, list[tuple[int, Touch]]] = {}
        for step in between:
            had = having.pop(step.commit, 0)
            for parent in step.parents:
                having[parent] = having.get(parent, 0) | had
            for folder in self._folders(step):
                self._between.setdefault(folder, []).append((had, step.touch))
        self._whole: dict[tuple[str, str], list[Touch]] = {}
        for tip, steps in whole.items():
            for step in steps:
                for folder in self._folders(step):
                    self._whole.setdefault((tip, folder), []).append(step.touch)

    def _folders(self, step: Step) -> set[str]:
        return {"/".join(changed.split("/")[: self._depth]) for changed in step.paths}

    def only_in(self, mine: str, other: str | None, folder: str) -> list[Touch]:
        """Returns who touched a folder in ``mine``'s history and not in ``other``'s, the last of them first."""
        if other is None:
            return self._whole.get((mine, folder), [])
        has, lacks = self._bits[mine], self._bits[other]
        return [touch for had, touch in self._between.get(folder, ()) if had & has and not had & lacks]
