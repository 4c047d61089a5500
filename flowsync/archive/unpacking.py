"""Unpacking to a folder: everything into a temporary one beside the target first, then one rename for each flow."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import BinaryIO

from flowsync.archive.contents import contents
from flowsync.archive.reading import Archive, Member
from flowsync.core.tree import Path
from flowsync.errors import UsageError

_TOGETHER = 32  # files that one thread brings to the disk
_SYNCING = 16  # files at once: the disk takes them together, while the next are unpacked


def unpack(
    archive: Archive,
    flows: Mapping[str, Mapping[Path, Member]],
    into: FilePath,
    advance: Callable[[int], None] = lambda _: None,
) -> list[FilePath]:
    """Unpacks each flow to its own new folder in ``into``, or nothing at all. ``advance`` is told the bytes written."""
    targets = {name: into / name for name in flows}
    for target in targets.values():
        if os.path.lexists(target):
            raise UsageError(f"{target} exists already", "choose another folder with --into, or move it away")
    with _made(into), _temporary(into) as folder:
        with ThreadPoolExecutor(_SYNCING) as pool:
            settling = [
                pool.submit(_settle, written)
                for name, files in flows.items()
                for written in _fill(archive.file, files, str(folder / name), advance)
            ]
        for each in settling:
            each.result()
        for name, target in targets.items():
            (folder / name).rename(target)
    return list(targets.values())


@contextmanager
def _made(folder: FilePath) -> Iterator[None]:
    """Makes a folder and its parents, and unmakes those that are new if the work in it fails."""
    new = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for parent in new:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
        raise


@contextmanager
def _temporary(beside: FilePath) -> Iterator[FilePath]:
    folder = FilePath(tempfile.mkdtemp(prefix=".flowsync-import-", dir=beside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _fill(
    file: BinaryIO, files: Mapping[Path, Member], folder: str, advance: Callable[[int], None]
) -> Iterator[list[str]]:
    """Unpacks a flow, and yields the files that are written, some at a time."""
    made, written = {""}, list[str]()
    FilePath(folder).mkdir()
    for path, member in files.items():
        inner = path.rpartition("/")[0]
        if inner not in made:
            FilePath(folder, inner).mkdir(parents=True, exist_ok=True)
            made.add(inner)
        with open(f"{folder}/{path}", "xb") as out:  # noqa: PTH123 (a Path costs more than a small file)
            for piece in contents(file, member):
                out.write(piece)
                advance(len(piece))
        written.append(f"{folder}/{path}")
        if len(written) == _TOGETHER:
            yield written
            written = []
    yield written


def _settle(files: list[str]) -> None:
    """Brings files to the disk, before the rename makes them count."""
    for path in files:
        descriptor = os.open(path, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
