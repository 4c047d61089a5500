"""The findings of a flow on the branch, or in any other of Git's trees; their number is remembered in the cache."""

from collections.abc import Collection
from typing import Any

from flowsync.core.rulebook import Finding
from flowsync.core.tree import File, Path, Problem
from flowsync.sync.link import Link

_KINDS = ("error", "warning")


def findings(link: Link, tree: str | None) -> tuple[int, int]:
    """Returns how many errors and warnings the flow in this folder has; none if there is no folder."""
    if tree is None:
        return 0, 0
    rules = repr(link.validation)
    known = link.cache.findings(tree, rules)
    if known is None:
        found = found_in(link, tree)
        errors, warnings = (sum(finding.severity == kind for finding in found) for kind in _KINDS)
        known = errors, warnings
        link.cache.found(tree, rules, *known)
    return known


def found_in(link: Link, tree: str) -> list[Finding]:
    """Returns the findings of the flow in this folder."""
    from flowsync.core.check import check  # jinja2 and the rules; a second status needs neither

    return check(Stored(link, tree), link.validation)


def finding_json(finding: Finding) -> dict[str, Any]:
    """Returns a finding as programs read it; its file is from the flow's folder."""
    return {
        "rule": finding.code,
        "name": finding.name,
        "level": finding.severity,
        "file": finding.path,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
        "fix": finding.fix,
    }


class Stored:
    """A flow's folder as a commit holds it, as validation reads it."""

    def __init__(self, link: Link, tree: str) -> None:
        self._objects = link.repo.objects
        self._files = self._objects.files(tree)
        self.paths: Collection[str] = [path for path, entry in self._files.items() if isinstance(entry, File)]
        self.links: Collection[str] = [path for path, entry in self._files.items() if isinstance(entry, Problem)]

    def size(self, path: str) -> int:
        """Returns the size of a file in bytes."""
        entry = self._files[Path(path)]
        return self._objects.size(entry.blob) if isinstance(entry, File) else 0

    def read(self, path: str) -> bytes:
        """Returns the content of a file."""
        entry = self._files[Path(path)]
        return self._objects.read(entry.blob) if isinstance(entry, File) else b""

    def beside(self, path: str) -> Collection[str]:
        """Returns the files at or below a path that starts with ``../``: the flow's neighbours are not asked."""
        return (path,)
