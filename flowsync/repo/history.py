"""Questions about history that only a walk over commits can answer."""

from collections.abc import Iterable
from dataclasses import dataclass

from flowsync.repo.plumbing import Git, text


@dataclass(frozen=True, slots=True)
class Touch:
    """A commit that touched a folder: who made it, and when (RFC 3339)."""

    who: str
    when: str


class History:
    """The history of one repository. Paths are from its root and taken literally."""

    def __init__(self, git: Git) -> None:
        self._git = git

    def touching(self, tip: str, path: str, every: bool = False) -> list[str]:
        """Returns the commits in ``tip``'s history that changed ``path``, no parent before its child.

        Where a merge took one side as it was, the other side's commits count only with ``every``.
        """
        sides = ["--full-history"] if every else []
        return self._lines("rev-list", "--topo-order", *sides, tip, "--", _literal(path))

    def common(self, one: str, other: str) -> str | None:
        """Returns the last commit that two histories share, or None."""
        return self._git.line("merge-base", one, other)

    def line(self, tip: str, without: Iterable[str]) -> list[str]:
        """Returns ``tip`` and its first parents that the histories of ``without`` do not hold, oldest first."""
        return self._lines("rev-list", "--first-parent", "--reverse", tip, *(f"^{commit}" for commit in without))

    def only_in(self, mine: str, other: str | None, path: str) -> list[Touch]:
        """Returns who touched ``path`` in ``mine``'s history and not in ``other``'s, newest first."""
        without = [f"^{other}"] if other else []
        lines = self._lines("log", "--format=%an%x1f%aI", mine, *without, "--", _literal(path))
        return [Touch(*line.split("\x1f")) for line in lines]

    def _lines(self, *arguments: str) -> list[str]:
        return text(self._git(*arguments)).splitlines()


def _literal(path: str) -> str:
    return f":(top,literal){path}"
