"""A fast-forward that was killed on its way: index and worktree are brought back to HEAD, as far as it had moved them.

Only what the fast-forward itself has done is undone: an index entry that is the new commit's, a file that is missing or
holds the new commit's content or the beginning of it. Anything else is a person's, and stays.
"""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from flowsync.repo.plumbing import Git, Locked, fields

_NOTHING = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # the empty tree
_ABSENT = ("000000", "0" * 40)
_PATIENCE = 2.0  # seconds for another git to let go of the index
_GLANCE = 0.02  # seconds from one try to the next


@dataclass(frozen=True, slots=True)
class _Moved:
    """A path that differs between HEAD and the new commit: mode and blob, before and after."""

    path: str
    old: tuple[str, str]
    new: tuple[str, str]


def mend(git: Git, new: str) -> None:
    """Undoes a fast-forward to ``new`` that HEAD has not followed; Locked if another git keeps the index for long."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return _mend(git, new)
        except Locked:
            if time.monotonic() >= until:
                raise
            time.sleep(_GLANCE)


def _mend(git: Git, new: str) -> None:
    head = git.line("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head == new:
        return
    moved = _moved(git, head or _NOTHING, new)
    staged = _staged(git)
    back = [one for one in moved if staged.get(one.path, _ABSENT) == one.new]
    if back:
        lines = "".join(f"{one.old[0]} {one.old[1]}\t{one.path}\0" for one in back)
        git("update-index", "-z", "--index-info", stdin=_raw(lines))
    lost = []
    for one in moved:
        place = git.folder / one.path
        if one.old == _ABSENT:
            if os.path.lexists(place) and _is_of(git, one):
                place.unlink()
        elif not os.path.lexists(place) or (one.new != _ABSENT and _is_of(git, one)):
            lost.append(one.path)
    if lost:
        git("checkout-index", "--force", "-z", "--stdin", stdin=_raw("".join(f"{path}\0" for path in lost)))
    git.run("update-index", "-q", "--refresh")


def _moved(git: Git, old: str, new: str) -> list[_Moved]:
    parts = iter(fields(git("diff-tree", "-r", "-z", "--no-renames", old, new)))
    moved = []
    for header in parts:
        before, after, old_blob, new_blob, _ = header.removeprefix(":").split(" ")
        moved.append(_Moved(next(parts), (before, old_blob), (after, new_blob)))
    return moved


def _staged(git: Git) -> Mapping[str, tuple[str, str]]:
    entries = (line.partition("\t") for line in fields(git("ls-files", "--stage", "-z")))
    return {path: (head.split(" ")[0], head.split(" ")[1]) for head, _, path in entries}


def _is_of(git: Git, one: _Moved) -> bool:
    """Tells whether a file holds the new commit's content, as git checks it out, or the beginning of it."""
    with suppress(OSError):
        place = git.folder / one.path
        if place.is_file() and not place.is_symlink():
            return git("cat-file", "--filters", f"--path={one.path}", one.new[1]).startswith(place.read_bytes())
    return False


def _raw(lines: str) -> bytes:
    return lines.encode("utf-8", "surrogateescape")
