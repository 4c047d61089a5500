"""Cheap and safe answers to "has it moved?": what files look like, without reading them and without a process."""

import os
from collections.abc import Iterable
from pathlib import Path as FilePath

Look = tuple[int, int, int] | None


def look(file: FilePath, follow: bool = True) -> Look:
    """Returns what changes with each state of a file or folder, or of a link (unless ``follow``); None without one."""
    try:
        found = os.stat(os.fspath(file), follow_symlinks=follow)  # noqa: PTH116 (a dozen answer flowsync status)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def of_refs(common: FilePath, refs: Iterable[str]) -> tuple[Look, ...]:
    """Returns what changes whenever one of these refs, or the names beside it, may have: git writes each file anew."""
    names = list(refs)
    folders = sorted({name.rpartition("/")[0] for name in names})
    return tuple(look(common / name) for name in ("packed-refs", "reftable/tables.list", *folders, *names))
