"""Which folders are flows, and which of them a path belongs to."""

from collections.abc import Collection, Iterable

from flowsync.core.check.folder import parent
from flowsync.core.flow import kind_of

SKIPPED = frozenset({".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".runs", ".tox", ".mypy_cache"})


class Roots:
    """The flows' folders among the files of a tree (paths from its top)."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.flows: set[str] = set()
        self._prompties: set[str] = set()
        for path in paths:
            folder, _, name = path.rpartition("/")
            if kind := kind_of(name):
                (self._prompties if kind == "prompty" else self.flows).add(folder)

    def all(self) -> list[str]:
        """Returns every flow's folder. A .prompty makes a flow of its folder only outside of all others."""
        return sorted(self.flows | {folder for folder in self._prompties if self._above(folder, self.flows) is None})

    def of(self, path: str) -> str | None:
        """Returns the flow that a file belongs to: the nearest above it with a ``flow.*`` file, else a .prompty."""
        folder = parent(path)
        above = self._above(folder, self.flows)
        return above if above is not None else self._above(folder, self._prompties)

    @staticmethod
    def _above(folder: str, among: Collection[str]) -> str | None:
        while True:
            if folder in among:
                return folder
            if not folder:
                return None
            folder = parent(folder)
