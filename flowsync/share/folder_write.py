"""Guarded writes and removals in one folder of a folder share.

A write puts the whole content into a temporary file, makes it durable, and moves it in with one rename. What was there
is compared twice: before, by version, and after, when an exchange has brought it out and no program can reach it any
more. If something else came out than was seen, the exchange is undone: the other writer's content is never lost.

Where two names cannot be exchanged (cifs, Windows), what is there is compared right before it is replaced: a program
that writes between these two system calls is overwritten. That window is some microseconds, and cannot be closed there.
"""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from flowsync.errors import ShareError, ShareUnavailable
from flowsync.share.base import Outcome, Put, Remove, Removed, Renaming, Stale, Version, Written
from flowsync.share.folder_dir import Dir
from flowsync.share.folder_seen import CHUNK, Seen, digest_of, has_writer, seen, version_of, written_at
from flowsync.share.folder_swap import exchange, move_new

_ROUNDS = 16
_PATIENCE = 1.0  # seconds for a program that has the file open for writing to close it
_NEW_MODE = 0o666
_ALL_BITS = 0o777
_OUT = ".out"  # after a lease id: what a removal has moved out


@dataclass(frozen=True, slots=True)
class Temporary:
    """The new content under its temporary name; ``folder`` is the one for temporaries."""

    folder: Dir
    name: str
    inode: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Placed:
    """Our content was moved in; its version is known once a later write is sure to show (see ``prove``)."""

    put: Put
    inode: int
    digest: bytes


def place(parent: Dir, name: str, put: Put, temporaries: Dir) -> Placed | Stale:
    """Writes the content to a temporary file and moves it in, if what is there is what was expected."""
    mode = _mode_at(parent, name) if put.expect else None
    with _temporary(temporaries, put, mode) as new:
        if put.expect is None:
            try:
                move_new(new.folder, new.name, parent, name)
            except FileExistsError:
                return Stale(put.path, version_at(parent, name))
        else:
            try:
                stale = _replace(parent, name, put, new)
            except FileNotFoundError:  # deleted since it was compared
                stale = Stale(put.path, version_at(parent, name))
            if stale:
                return stale
        return Placed(put, new.inode, new.digest)


def prove(parent: Dir, name: str, placed: Placed) -> Written:
    """Returns the version of our content, one that no file has if somebody has written since.

    The write took effect either way: who wrote since may have read ours, and has changed it, not what was there before.
    """
    with suppress(FileNotFoundError, ShareUnavailable), seen(parent, name) as now:
        if (now.found.st_ino, now.digest) == (placed.inode, placed.digest):
            return Written(placed.put.path, now.version)
    ns = time.time_ns()
    superseded = Version(f"superseded-{ns:x}", placed.put.size, written_at(ns), str(placed.inode))
    return Written(placed.put.path, superseded)


def remove(parent: Dir, name: str, item: Remove, temporaries: Dir) -> Outcome:
    """Moves the file out, makes sure that it is the expected one, and only then deletes it."""
    with _expected(parent, name, item) as old:
        if isinstance(old, Stale):
            return old
        out = item.lease + _OUT
        try:
            if parent.fd is not None:
                move_new(parent, name, temporaries, out)
        except FileNotFoundError:  # deleted since it was compared
            return Stale(item.path, version_at(parent, name))
        if parent.fd is not None:
            if not _is_still(old, temporaries.look(out)):
                _bring_back(parent, name, item.lease, temporaries)
                return Stale(item.path, version_at(parent, name))
            temporaries.unlink(out)
            return Removed(item.path)
    parent.unlink(name)  # without anchors; Windows deletes no file that another program has open
    return Removed(item.path)


def rename(source: Dir, name: str, target: Dir, new: str, item: Renaming) -> Outcome:
    """Moves the file to a name where nothing stands, if it is the expected one; what was written meanwhile goes along.

    A renaming destroys nothing. If the file turns out to have been written to since it was compared, it is moved back.
    """
    with _expected(source, name, item) as old:
        if isinstance(old, Stale):
            return Stale(item.path, None)
        if source.fd is not None:
            return _rename(source, name, target, new, item, old)
    # without anchors: Windows renames no file that is open, so what is there is compared right before
    if version_of(source.look(name)) != item.expect:
        return Stale(item.path, None)
    try:
        move_new(source, name, target, new)
    except FileExistsError:
        return Stale(item.path, version_at(target, new))
    return Written(item.path, found) if (found := version_at(target, new)) else Stale(item.path, None)


def _rename(source: Dir, name: str, target: Dir, new: str, item: Renaming, old: Seen) -> Outcome:
    try:
        move_new(source, name, target, new)
    except FileExistsError:
        return Stale(item.path, version_at(target, new))
    except FileNotFoundError:  # deleted since it was compared
        return Stale(item.path, None)
    with seen(target, new) as now:
        if _is_still(old, now.found):
            return Written(item.path, now.version)
    with suppress(FileExistsError):  # somebody has made the old name anew: then both stay, for the next look
        move_new(target, new, source, name)
    return Stale(item.path, None)


def version_at(parent: Dir, name: str) -> Version | None:
    """Returns the version of the file under this name, or None."""
    try:
        with seen(parent, name) as found:
            return found.version
    except FileNotFoundError:
        return None


def _replace(parent: Dir, name: str, put: Put, new: Temporary) -> Stale | None:
    with _expected(parent, name, put) as old:
        if isinstance(old, Stale):
            return old
        if exchange(new.folder, new.name, parent, name):
            if _is_still(old, new.folder.look(new.name)):
                new.folder.unlink(new.name)
                return None
            _swap_until_ours(parent, name, new)
            return Stale(put.path, version_at(parent, name))
    if version_of(parent.look(name)) != put.expect:
        return Stale(put.path, version_at(parent, name))
    new.folder.rename(new.name, parent, name)
    return None


@contextmanager
def _expected(parent: Dir, name: str, wanted: Put | Remove | Renaming) -> Iterator[Seen | Stale]:
    with ExitStack() as stack:
        try:
            old = stack.enter_context(seen(parent, name))
        except FileNotFoundError:
            yield Stale(wanted.path, None)
        else:
            yield old if old.version == wanted.expect else Stale(wanted.path, old.version)


def _is_still(old: Seen, out: os.stat_result) -> bool:
    """Tells whether what came out is what was seen, and that nobody can change it any more."""
    if not old.same_inode(out):
        return False
    deadline = time.monotonic() + _PATIENCE
    while has_writer(old.fd):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return digest_of(old.fd) == old.digest


def _swap_until_ours(parent: Dir, name: str, new: Temporary) -> None:
    """Puts back what came out unexpectedly, at once; what was written meanwhile is newer still, and wins."""
    inside = new.inode
    for _ in range(_ROUNDS):
        theirs = new.folder.look(new.name).st_ino
        try:
            exchange(new.folder, new.name, parent, name)
        except FileNotFoundError:  # ours was deleted meanwhile; theirs was never meant to be
            move_new(new.folder, new.name, parent, name)
            return
        if new.folder.look(new.name).st_ino == inside and (inside != new.inode or _is_ours(new)):
            break
        inside = theirs
    if not _is_ours(new):
        raise _kept(name, new.folder, new.name)


def _is_ours(new: Temporary) -> bool:
    with seen(new.folder, new.name) as now:
        return (now.found.st_ino, now.digest) == (new.inode, new.digest)


def undo(root: Dir, path: str, lease: str, temporaries: Dir, names: Iterable[str]) -> None:
    """Undoes what a run that died had begun under this lease id, of whose temporaries ``names`` are all.

    What an exchange or a removal had brought out was not yet compared when the run died: it goes back to its place.
    """
    for name in names:
        first, _, rest = name.partition(".")
        if first != lease or rest == "kept":
            continue
        inode, _, digest = rest.partition(".")
        if name == lease or (digest and temporaries.look(name).st_ino == int(inode, 16)):
            temporaries.unlink(name)  # it holds our content, which never came to its place
            continue
        parent, _, leaf = path.rpartition("/")
        try:
            with root.below(parent) as folder:
                if digest:
                    _swap_back(folder, leaf, Temporary(temporaries, name, int(inode, 16), bytes.fromhex(digest)))
                else:
                    _bring_back(folder, leaf, lease, temporaries)
        except FileNotFoundError:  # its folder is gone
            raise _kept(leaf, temporaries, name) from None


def _swap_back(parent: Dir, name: str, new: Temporary) -> None:
    """Puts back what a dead run's exchange brought out, if our content still stands in its place, untouched."""
    try:
        if parent.look(name).st_ino != new.inode:
            raise _kept(name, new.folder, new.name)  # another has come since: then both are somebody's
        exchange(new.folder, new.name, parent, name)
    except FileNotFoundError:  # ours was deleted meanwhile; theirs was never meant to be
        move_new(new.folder, new.name, parent, name)
        return
    if not _is_ours(new):
        raise _kept(name, new.folder, new.name)
    new.folder.unlink(new.name)


def _bring_back(parent: Dir, name: str, lease: str, temporaries: Dir) -> None:
    try:
        move_new(temporaries, lease + _OUT, parent, name)
    except FileExistsError:
        raise _kept(name, temporaries, lease + _OUT) from None


def _kept(name: str, folder: Dir, temporary: str) -> ShareError:
    lease = temporary.partition(".")[0]
    folder.rename(temporary, folder, lease + ".kept")
    return ShareUnavailable(
        f"{name} was written by other programs again and again while flowsync worked on it; "
        f"a version of it that came in between is kept as {Path(folder.path, lease)}.kept.",
        "compare the two, then sync again",
    )


@contextmanager
def _temporary(folder: Dir, put: Put, mode: int | None) -> Iterator[Temporary]:
    """Yields the new content in a temporary file, which goes at the end unless it holds what is not ours."""
    fd = _open_fresh(folder, put.lease)
    try:
        try:
            digest = _fill(fd, put)
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(fd, mode)
            inode = os.fstat(fd).st_ino
        finally:
            os.close(fd)  # Windows renames no open file
    except BaseException:
        folder.unlink(put.lease)
        raise
    # a name that tells, after a kill, whether our content or what it was exchanged for is under it
    new = Temporary(folder, f"{put.lease}.{inode:x}.{digest.hex()}", inode, digest)
    folder.rename(put.lease, folder, new.name)
    try:
        yield new
    finally:
        _forget(new)


def _forget(new: Temporary) -> None:
    try:
        if _is_ours(new):
            new.folder.unlink(new.name)
    except FileNotFoundError:
        pass  # moved into place


def _open_fresh(folder: Dir, name: str) -> int:
    try:
        return folder.open_new(name, _NEW_MODE)
    except FileExistsError:  # ours, from a run that died: the name is a lease id that our journal chose
        folder.unlink(name)
        return folder.open_new(name, _NEW_MODE)


def _fill(fd: int, put: Put) -> bytes:
    state, size = hashlib.sha256(), 0
    with put.open() as source:
        while chunk := source.read(CHUNK):
            state.update(chunk)
            size += len(chunk)
            while chunk:
                chunk = chunk[os.write(fd, chunk) :]
    if size != put.size:
        raise ShareError(f"The new content of {put.path} has {size} bytes, not the {put.size} announced.")
    os.fsync(fd)
    return state.digest()


def _mode_at(parent: Dir, name: str) -> int | None:
    try:
        return parent.look(name).st_mode & _ALL_BITS
    except FileNotFoundError:
        return None
