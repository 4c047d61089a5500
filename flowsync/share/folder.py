"""The share as a folder of this machine: any directory, or a mount of the real share.

Nothing outside the folder is read or written: no link is followed, in no part of a path. How a write is guarded is in
``folder_write``, what a version is in ``folder_seen``, the system calls in ``folder_dir``.
"""

import errno
import io
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from flowsync.closing import Closing
from flowsync.core.tree import Problem
from flowsync.errors import ShareError, ShareMissing
from flowsync.share.base import (
    TEMPORARIES,
    Content,
    Failed,
    Listing,
    Outcome,
    Put,
    Remove,
    Renaming,
    Stale,
    Version,
)
from flowsync.share.folder_dir import ANCHORS, Dir, is_link
from flowsync.share.folder_errors import explain
from flowsync.share.folder_seen import copy, is_open, is_young, version_of, wait_a_tick
from flowsync.share.folder_swap import move_new
from flowsync.share.folder_write import Placed, place, prove, remove, rename, undo
from flowsync.share.paths import printable, problem, refuse_illegal

_IN_MEMORY = 4 * 1024 * 1024  # a larger file goes to a temporary file on disk while it is read
_BATCH = 64  # writes that wait for the file system's clock together
_LEFT_ALONE = (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)
_Item = TypeVar("_Item", Put, Remove, Renaming)
_Result = TypeVar("_Result")


class FolderShare(Closing):
    """A remote's folder that this machine can open. ``anchored`` is off where the system cannot (and in tests)."""

    def __init__(self, folder: str, anchored: bool = ANCHORS) -> None:
        self._folder = folder
        self._anchored = anchored
        self._requests = 0

    @property
    def requests(self) -> int:
        """Folders listed, files read and writes tried so far."""
        return self._requests

    @property
    def keeps_ids(self) -> bool:
        """An inode is used again as soon as its file is gone, and a file's times can be set."""
        return False

    def identity(self) -> str:
        """Returns the file system's id and the folder's inode."""
        with self._root() as root, _explained(self._folder):
            found = Path(root.path).stat() if root.fd is None else os.fstat(root.fd)
            system = os.statvfs(root.path) if hasattr(os, "statvfs") else None
        # A network mount gets another device number each time; its file system id is the share's own.
        return f"folder:{(system.f_fsid if system else 0) or found.st_dev:x}:{found.st_ino:x}"

    def now(self) -> datetime | None:
        """Returns this machine's time: a folder has no clock of its own that could be asked."""
        return datetime.now(UTC) if self._requests else None

    def list(self, folders: Sequence[str]) -> Mapping[str, Listing | ShareError]:
        """Lists each folder, one level deep."""
        with self._root() as root:
            return {folder: self._list(root, folder) for folder in folders}

    def read(self, paths: Sequence[str], known: Mapping[str, Version] | None = None) -> Iterator[Content | Failed]:
        """Yields each file's content; a large one comes from a temporary file."""
        with self._root() as root:
            for path in paths:
                self._requests += 1
                yield self._read(root, path)

    def write(self, puts: Sequence[Put]) -> Iterator[Outcome]:
        """Writes each file, guarded."""
        with self._root() as root, self._temporaries(root) as temporaries:
            for start in range(0, len(puts), _BATCH):
                batch = puts[start : start + _BATCH]
                done = [self._one(root, put, lambda at, name, put: place(at, name, put, temporaries)) for put in batch]
                _flush(root, batch)
                for result in done:
                    if isinstance(result, Placed):
                        yield self._proven(root, result)
                    else:
                        yield result

    def remove(self, removes: Sequence[Remove]) -> Iterator[Outcome]:
        """Deletes each file, guarded."""
        with self._root() as root, self._temporaries(root) as temporaries:
            for item in removes:
                yield self._one(root, item, lambda at, name, item: remove(at, name, item, temporaries))
            _flush(root, removes)

    def rename(self, renamings: Sequence[Renaming]) -> Iterator[Outcome]:
        """Renames each file, guarded."""
        with self._root() as root:
            for item in renamings:
                yield self._one(root, item, partial(self._rename, root))
            _flush(root, [*renamings, *(replace(item, path=item.source) for item in renamings)])

    def rename_folder(self, source: str, target: str) -> bool:
        """Renames a folder with all that is in it."""
        refuse_illegal(target)
        self._requests += 1
        (above, _, name), (parent, _, new) = source.rpartition("/"), target.rpartition("/")
        try:
            with self._root() as root, root.below(above) as old, root.below(parent) as folder:
                if not stat.S_ISDIR(old.look(name).st_mode):
                    return False
                move_new(old, name, folder, new)
                folder.flush()
                old.flush()
        except OSError as error:
            if error.errno not in _LEFT_ALONE:
                raise explain(error, source) from error
            return False
        return True

    def make_folders(self, paths: Sequence[str]) -> None:
        """Creates each folder and its missing parents."""
        with self._root() as root:
            for path in paths:
                refuse_illegal(path)
                parts = path.split("/")
                for depth in range(len(parts)):
                    self._make(root, "/".join(parts[:depth]), parts[depth])

    def remove_folders(self, paths: Sequence[str]) -> None:
        """Removes each empty folder, deepest first."""
        with self._root() as root:
            for path in sorted(paths, key=lambda path: path.count("/"), reverse=True):
                parent, _, name = path.rpartition("/")
                self._requests += 1
                try:
                    with root.below(parent) as folder:
                        folder.remove(name)
                except OSError as error:
                    if error.errno not in _LEFT_ALONE:
                        raise explain(error, path) from error

    def release(self, leases: Mapping[str, str]) -> None:
        """Undoes what a run that died had begun, and removes its temporaries; a folder has no leases."""
        with self._root() as root:
            try:
                with _explained(TEMPORARIES), root.below(TEMPORARIES) as folder:
                    for path, lease in leases.items():
                        undo(root, path, lease, folder, folder.scan())
            except ShareMissing:
                return
        self.close()

    def owed(self) -> Mapping[str, str]:
        """Returns nothing: a folder has no leases, and what is left in it is seen at once."""
        return {}

    def close(self) -> None:
        """Removes the folder for temporaries, if it is empty."""
        try:
            root = Dir.root(self._folder, self._anchored)
        except (FileNotFoundError, NotADirectoryError):  # what is not there holds no temporaries
            return
        try:
            root.remove(TEMPORARIES)
        except OSError as error:
            if error.errno not in _LEFT_ALONE:
                raise explain(error, TEMPORARIES) from error
        finally:
            root.close()

    @contextmanager
    def _root(self) -> Iterator[Dir]:
        try:
            root = Dir.root(self._folder, self._anchored)
        except FileNotFoundError as error:
            raise ShareMissing(
                f"The share's folder {self._folder} is not there.", "mount it, or correct the share URL", "ENOENT"
            ) from error
        except OSError as error:
            raise explain(error, f"The share's folder {self._folder}") from error
        try:
            yield root
        finally:
            root.close()

    @contextmanager
    def _temporaries(self, root: Dir) -> Iterator[Dir]:
        with _explained(f"The folder {TEMPORARIES} for temporary files"), ExitStack() as stack:
            self._make(root, "", TEMPORARIES)
            folder = stack.enter_context(root.below(TEMPORARIES))
            yield folder

    def _list(self, root: Dir, folder: str) -> Listing | ShareError:
        self._requests += 1
        try:
            with root.below(folder) as opened:
                return _listing(opened, hide=TEMPORARIES if not folder else "")
        except OSError as error:
            return explain(error, folder or "The share's folder")

    def _read(self, root: Dir, path: str) -> Content | Failed:
        parent, _, name = path.rpartition("/")
        try:
            refuse_illegal(path)
            with root.below(parent) as folder:
                fd = folder.open_file(name)
            try:
                size = os.fstat(fd).st_size
                # whoever gets the content closes it
                data = io.BytesIO() if size <= _IN_MEMORY else tempfile.TemporaryFile()  # noqa: SIM115
                version = copy(fd, path, cast(BinaryIO, data))
                return Content(path, version, cast(BinaryIO, data), is_open(fd, version))
            finally:
                os.close(fd)
        except OSError as error:
            return Failed(path, explain(error, path))
        except ShareError as error:
            return Failed(path, error)

    def _one(self, root: Dir, item: _Item, act: Callable[[Dir, str, _Item], _Result]) -> _Result | Failed:
        self._requests += 1
        parent, _, name = item.path.rpartition("/")
        try:
            refuse_illegal(item.path)
            with root.below(parent) as folder:
                return act(folder, name, item)
        except OSError as error:
            return Failed(item.path, explain(error, item.path))
        except ShareError as error:
            return Failed(item.path, error)

    def _rename(self, root: Dir, target: Dir, new: str, item: Renaming) -> Outcome:
        refuse_illegal(item.source)
        parent, _, name = item.source.rpartition("/")
        with ExitStack() as stack:
            try:
                source = stack.enter_context(root.below(parent))
            except FileNotFoundError:
                return Stale(item.path, None)
            return rename(source, name, target, new, item)

    def _make(self, root: Dir, parent: str, name: str) -> None:
        self._requests += 1
        with _explained(f"{parent}/{name}".lstrip("/")), root.below(parent) as folder:
            try:
                folder.make(name)
            except FileExistsError:
                with folder.below(name):  # raises if it is a file or a link
                    return

    def _proven(self, root: Dir, placed: Placed) -> Outcome:
        return self._one(root, placed.put, lambda at, name, _: prove(at, name, placed))


def _flush(root: Dir, items: Sequence[Put] | Sequence[Remove] | Sequence[Renaming]) -> None:
    for parent in {item.path.rpartition("/")[0] for item in items}:
        try:
            with root.below(parent) as folder:
                folder.flush()
        except OSError as error:
            # a network file system may not know how; a folder that is gone needs nothing
            if error.errno not in (*_LEFT_ALONE, errno.EINVAL, errno.ELOOP):
                raise explain(error, parent or "The share's folder") from error


def _listing(folder: Dir, hide: str) -> Listing:
    found = {name: _look(folder, name) for name in sorted(folder.scan()) if name != hide}
    young = [name for name, entry in found.items() if entry and is_young(entry)]
    if young:
        wait_a_tick()
        found.update({name: _look(folder, name) for name in young})
    files: dict[str, Version] = {}
    folders: dict[str, str] = {}
    problems: dict[str, Problem] = {}
    for name, entry in found.items():
        if entry is None:
            continue
        if found_wrong := problem(name):
            problems[printable(name)] = found_wrong
        elif is_link(entry):
            problems[name] = Problem("it is a link, and links are never followed", "put the file itself there")
        elif stat.S_ISDIR(entry.st_mode):
            folders[name] = str(entry.st_ino)
        elif stat.S_ISREG(entry.st_mode):
            files[name] = version_of(entry)
        else:
            problems[name] = Problem("it is neither a file nor a folder", "move it elsewhere")
    return Listing(files, folders, problems)


def _look(folder: Dir, name: str) -> os.stat_result | None:
    try:
        return folder.look(name)
    except FileNotFoundError:  # gone since the folder was read
        return None


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise explain(error, what) from error
