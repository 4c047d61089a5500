"""A fast-forward that HEAD did not follow: index and worktree are brought back to HEAD, as far as it had moved them.

Only what the fast-forward itself has done is undone: an index entry that is the new commit's, a file that is missing or
holds the new commit's content (or the beginning of it, if git was killed). Anything else is a person's, and stays, also
what they save while this is at work.
"""

import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path as FilePath

from flowsync.repo.plumbing import Git, Locked, fields
from flowsync.repo.stamps import Look, look

NOTHING = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # the empty tree
ABSENT = ("000000", "0" * 40)
_PATIENCE = 2.0  # seconds for another git to let go of the index
_GLANCE = 0.02  # seconds from one try to the next


@dataclass(frozen=True, slots=True)
class Moved:
    """A path that differs between HEAD and the new commit: mode and blob, before and after."""

    path: str
    old: tuple[str, str]
    new: tuple[str, str]


def mend(git: Git, new: str, killed: bool) -> None:
    """Undoes a fast-forward to ``new`` that HEAD has not followed; Locked if another git keeps the index for long.

    A ``killed`` git may have left files half written.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return _mend(git, new, killed)
        except Locked:
            if time.monotonic() >= until:
                raise
            time.sleep(_GLANCE)


def _mend(git: Git, new: str, killed: bool) -> None:
    head = git.line("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head == new:
        return
    moved = between(git, head or NOTHING, new)
    staged = _staged(git)
    back = [one for one in moved if staged.get(one.path, ABSENT) == one.new]
    if back:
        lines = "".join(f"{one.old[0]} {one.old[1]}\t{one.path}\0" for one in back)
        git("update-index", "-z", "--index-info", stdin=raw(lines))
    lost: dict[str, Look] = {}
    for one in moved:
        place = git.folder / one.path
        found = look(place, follow=False)
        if one.old == ABSENT:
            if found and _is_of(git, one, killed):
                place.unlink()
        elif found is None or (one.new != ABSENT and _is_of(git, one, killed)):
            lost[one.path] = found
    if lost:
        _restore(git, lost)
    git.run("update-index", "-q", "--refresh")


def _restore(git: Git, lost: Mapping[str, Look]) -> None:
    """Puts files back as the index has them, each in one step, unless somebody has saved it since that look."""
    with tempfile.TemporaryDirectory(dir=git.line("rev-parse", "--absolute-git-dir")) as aside:
        paths = "".join(f"{path}\0" for path in lost)
        git("checkout-index", "-z", "--stdin", f"--prefix={aside}/", stdin=raw(paths))
        for path, before in lost.items():
            place = git.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if look(place, follow=False) == before:
                shutil.move(FilePath(aside) / path, place)


def between(git: Git, old: str, new: str) -> list[Moved]:
    """Returns the paths in which two trees differ."""
    parts = iter(fields(git("diff-tree", "-r", "-z", "--no-renames", old, new)))
    moved = []
    for header in parts:
        before, after, old_blob, new_blob, _ = header.removeprefix(":").split(" ")
        moved.append(Moved(next(parts), (before, old_blob), (after, new_blob)))
    return moved


def _staged(git: Git) -> Mapping[str, tuple[str, str]]:
    entries = (line.partition("\t") for line in fields(git("ls-files", "--stage", "-z")))
    return {path: (head.split(" ")[0], head.split(" ")[1]) for head, _, path in entries}


def _is_of(git: Git, one: Moved, killed: bool) -> bool:
    """Tells whether a file holds the new commit's content, as git checks it out, or the beginning of it."""
    with suppress(OSError):
        place = git.folder / one.path
        if place.is_file() and not place.is_symlink():
            new = content(git, one.path, one.new[1])
            there = place.read_bytes()
            return new.startswith(there) if killed else new == there
    return False


def content(git: Git, path: str, blob: str) -> bytes:
    """Returns a blob as git checks it out at a path."""
    return git("cat-file", "--filters", f"--path={path}", blob)


def raw(lines: str) -> bytes:
    """Returns paths as git takes them."""
    return lines.encode("utf-8", "surrogateescape")
