"""Paths, blobs, entries and trees of one flow; what differs between two trees, and a tree with changes applied.

A tree is the content of one flow's folder: a mapping from the path below that folder to an entry. It holds no Git and
no share: the same type describes base, local and remote.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NewType

FlowName = NewType("FlowName", str)
"""A flow's folder name on the share, such as ``chat`` (never a path)."""

Path = NewType("Path", str)
"""A file's path below its flow's folder, with ``/`` between the parts and none at either end."""

Blob = NewType("Blob", str)
"""A Git blob's object id, 40 hexadecimal digits. Content on every side is compared by this and nothing else."""

Mode = NewType("Mode", str)
"""A Git file mode, ``100644`` or ``100755``. The share has none, so it never counts as a difference."""

REGULAR = Mode("100644")
EXECUTABLE = Mode("100755")


@dataclass(frozen=True, slots=True)
class Version:
    """The share's name for one state of one file. Compared for equality only, never ordered.

    ``etag`` alone decides with Azure Files (it is ChangeTime); a backend without ETags makes one of what it has.
    ``written`` is the last write time, RFC 3339 with up to seven digits, UTC. ``size`` is in bytes.
    """

    etag: str
    size: int = field(compare=False)
    written: str = field(compare=False, default="")
    file_id: str = field(compare=False, default="")


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as the share was last known to hold it: its version, and the content that goes with it."""

    version: Version
    blob: Blob


@dataclass(frozen=True, slots=True)
class File:
    """A file's content, and the mode that Git keeps for it."""

    blob: Blob
    mode: Mode = field(default=REGULAR, compare=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a path cannot be synced now, and what would help."""

    reason: str
    hint: str = ""


Entry = File | Problem
Tree = Mapping[Path, Entry]


@dataclass(frozen=True, slots=True)
class Change:
    """One path's entry before and after; None means that the path is absent."""

    path: Path
    old: Entry | None
    new: Entry | None


def blob_of(content: bytes) -> Blob:
    """Returns the object id that Git gives to this content."""
    return Blob(hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest())


def diff(old: Tree, new: Tree) -> tuple[Change, ...]:
    """Returns what turns ``old`` into ``new``, sorted by path. A change of mode alone is none."""
    return tuple(
        Change(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    )


def apply(tree: Tree, changes: Iterable[Change]) -> dict[Path, Entry]:
    """Returns ``tree`` with ``changes`` made. A replaced file keeps the mode that it had."""
    result = dict(tree)
    for change in changes:
        if change.new is None:
            result.pop(change.path, None)
        else:
            result[change.path] = _with_mode(change.new, result.get(change.path))
    return result


def _with_mode(new: Entry, before: Entry | None) -> Entry:
    if isinstance(new, File) and isinstance(before, File):
        return File(new.blob, before.mode)
    return new
