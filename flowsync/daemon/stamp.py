"""A cheap guess whether anything moved in a repository: what Git's own files look like. Costs no process."""

from flowsync.daemon.place import Place
from flowsync.repo.stamps import Look, look

Stamp = tuple[Look, ...]
_NAMES = ("HEAD", "index", "index.lock", "MERGE_HEAD", "rebase-merge", "rebase-apply", "logs/HEAD")
_SHARED = ("packed-refs", "refs/heads", "config")


def stamp(place: Place) -> Stamp:
    """Returns what changes with a commit, a switch, staging, or a merge or rebase that begins or ends."""
    files = [place.git_dir / name for name in _NAMES] + [place.common_dir / name for name in _SHARED]
    return tuple(look(file) for file in [*files, place.root / ".flowsync.yaml"])
