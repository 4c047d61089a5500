"""A cheap guess whether anything moved in a repository: what Git's own files look like. Costs no process."""

import os
from pathlib import Path

from flowsync.daemon.place import Place

Stamp = tuple[tuple[int, int, int] | None, ...]
_NAMES = ("HEAD", "index", "index.lock", "MERGE_HEAD", "rebase-merge", "rebase-apply", "logs/HEAD")
_SHARED = ("packed-refs", "refs/heads", "config")


def stamp(place: Place) -> Stamp:
    """Returns what changes with a commit, a switch, staging, or a merge or rebase that begins or ends."""
    files = [place.git_dir / name for name in _NAMES] + [place.common_dir / name for name in _SHARED]
    return tuple(look(file) for file in [*files, place.root / ".flowsync.yaml"])


def look(file: Path) -> tuple[int, int, int] | None:
    """Returns what changes with each state of a file; None if it is not there."""
    try:
        found = os.stat(os.fspath(file))  # noqa: PTH116 (a dozen of them answer flowsync status)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
