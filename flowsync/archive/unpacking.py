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
            written = [
                pool.submit(_settle, path)
                for name, files in flows.items()
                for path in _fill(archive.file, files, folder / name, advance)
            ]
        for each in written:
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
    file: BinaryIO, files: Mapping[Path, Member], folder: FilePath, advance: Callable[[int], None]
) -> Iterator[FilePath]:
    folder.mkdir()
    made = {""}
    for path, member in files.items():
        inner = path.rpartition("/")[0]
        if inner not in made:
            (folder / inner).mkdir(parents=True, exist_ok=True)
            made.add(inner)
        with (folder / path).open("xb") as out:
            for piece in contents(file, member):
                out.write(piece)
                advance(len(piece))
        yield folder / path


def _settle(path: FilePath) -> None:
    """Brings a file to the disk, before the rename makes it count."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
