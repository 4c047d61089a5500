# These calls are the hot path, and pathlib would double their cost.
# ruff: noqa: PTH105, PTH108
"""Bytes on disk: whole files put in place at once, ranges written into them, what a file's signature is.

What belongs here: system calls on paths that the tree has already found to be inside a share. No names, no catalogue.
"""

import itertools
import os
import stat
import zlib
from dataclasses import dataclass

PIECE = 1 << 20
RACY_NS = 20_000_000
"""A write within this time of a look may hide in the same tick of the file system's clock."""

_CRC_LIMIT = 4 << 20
_BINARY = getattr(os, "O_BINARY", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True)
class Signature:
    """What the file system says of a file: enough to notice that someone else wrote it."""

    size: int
    mtime: int  # nanoseconds
    inode: int


def look(path: str) -> os.stat_result | None:
    """Returns what is at a path if it is a regular file or a folder; links and devices are not there."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode) else None


def signature(found: os.stat_result) -> Signature:
    """Cuts a stat result down to what is compared."""
    return Signature(found.st_size, found.st_mtime_ns, found.st_ino)


def open_to_read(path: str) -> int:
    """Opens a file, never through a link at its end."""
    return os.open(path, os.O_RDONLY | _BINARY | _NOFOLLOW)


def close(handle: int) -> None:
    """Closes an open file."""
    os.close(handle)


def put_whole(folder: str, path: str, content: bytes, size: int, mtime: int) -> Signature:
    """Puts a file of ``size`` bytes in place at once: ``content``, then zeros. ``folder`` is for the temporary."""
    handle, temporary = _temporary(folder)
    try:
        try:
            if content:
                write_at(handle, content, 0)
            if size != len(content):
                os.truncate(handle, size)
            found = _stamp(handle, temporary, mtime)
        finally:
            os.close(handle)
        os.replace(temporary, path)
    except BaseException:
        remove_quietly(temporary)
        raise
    return found


def write_range(path: str, start: int, content: bytes, mtime: int) -> Signature:
    """Writes bytes into an existing file."""
    handle = os.open(path, os.O_RDWR | _BINARY | _NOFOLLOW)
    try:
        write_at(handle, content, start)
        return _stamp(handle, path, mtime)
    finally:
        os.close(handle)


def clear_range(path: str, start: int, length: int, mtime: int) -> Signature:
    """Writes zeros into an existing file, piece by piece."""
    handle = os.open(path, os.O_RDWR | _BINARY | _NOFOLLOW)
    try:
        end = start + length
        for offset in range(start, end, PIECE):
            write_at(handle, bytes(min(PIECE, end - offset)), offset)
        return _stamp(handle, path, mtime)
    finally:
        os.close(handle)


def resize(path: str, size: int, mtime: int) -> Signature:
    """Cuts or extends an existing file."""
    handle = os.open(path, os.O_RDWR | _BINARY | _NOFOLLOW)
    try:
        os.truncate(handle, size)
        return _stamp(handle, path, mtime)
    finally:
        os.close(handle)


def stamp(path: str, mtime: int) -> Signature:
    """Sets an existing file's time of last write."""
    os.utime(path, ns=(mtime, mtime), follow_symlinks=os.utime not in os.supports_follow_symlinks)
    return signature(os.lstat(path))


def write_at(handle: int, content: bytes, offset: int) -> None:
    """Writes all of the content at an offset."""
    os.lseek(handle, offset, os.SEEK_SET)
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]


def read_at(handle: int, offset: int, size: int) -> bytes:
    """Reads up to ``size`` bytes at an offset."""
    os.lseek(handle, offset, os.SEEK_SET)
    pieces = []
    while size > 0 and (piece := os.read(handle, size)):
        pieces.append(piece)
        size -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def copy_whole(folder: str, source: str, path: str, mtime: int) -> Signature:
    """Puts a copy of a file in place at once, with bounded memory."""
    handle, temporary = _temporary(folder)
    try:
        try:
            reader = open_to_read(source)
            try:
                offset = 0
                while piece := read_at(reader, offset, PIECE):
                    write_at(handle, piece, offset)
                    offset += len(piece)
            finally:
                os.close(reader)
            found = _stamp(handle, temporary, mtime)
        finally:
            os.close(handle)
        os.replace(temporary, path)
    except BaseException:
        remove_quietly(temporary)
        raise
    return found


def checksum(path: str) -> int | None:
    """Returns a small file's checksum, None for a large or vanished one."""
    try:
        handle = open_to_read(path)
    except OSError:
        return None
    try:
        return zlib.crc32(read_at(handle, 0, _CRC_LIMIT)) if os.fstat(handle).st_size <= _CRC_LIMIT else None
    finally:
        os.close(handle)


_numbers = itertools.count()


def _temporary(folder: str) -> tuple[int, str]:
    path = f"{folder}/{os.getpid()}-{next(_numbers)}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o644), path


def remove_quietly(path: str) -> None:
    """Removes a temporary that may already have been moved."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def _stamp(handle: int, path: str, mtime: int) -> Signature:
    os.utime(handle if os.utime in os.supports_fd else path, ns=(mtime, mtime))
    return signature(os.fstat(handle))
