"""A file of a folder share as it was seen: its version, its content's digest, and whether that can be trusted.

A version is made of modification time, change time, inode and size. Two traps, and what is done about them:

- A write within the same tick of the file system's clock changes no time. A file that changed in the current tick is
  looked at again when the tick is over; where times have whole seconds, a young file's version is made to match none.
- A program that has the file open can write after we looked. Linux can tell whether any has (``has_writer``).
"""

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from flowsync.errors import ShareUnavailable
from flowsync.share.base import Version
from flowsync.share.folder_dir import Dir

if sys.platform == "linux":
    import fcntl
    import signal

CHUNK = 1024 * 1024
_TRIES = 5
_TICK = 0 if sys.platform == "linux" else 16_000_000  # ns; Linux tells the tick itself
_COARSE_AGE = 2_000_000_000  # ns; FAT counts in steps of two seconds


@dataclass(frozen=True, slots=True)
class Seen:
    """A file held open for reading, with what it held."""

    fd: int
    version: Version
    digest: bytes
    found: os.stat_result

    def same_inode(self, other: os.stat_result) -> bool:
        """Tells whether this is the same file, whatever its content."""
        return (self.found.st_ino, self.found.st_dev) == (other.st_ino, other.st_dev)


def version_of(found: os.stat_result) -> Version:
    """Returns the version of a file from its stat."""
    etag = _etag(found)
    if _changed(found) % 1_000_000_000 == 0 and abs(time.time_ns() - _changed(found)) < _COARSE_AGE:
        etag += f".young-{time.time_ns():x}"  # another write in this second would not show: match nothing, look again
    return Version(etag, found.st_size, written_at(found.st_mtime_ns), str(found.st_ino))


def _etag(found: os.stat_result) -> str:
    return ".".join(f"{part:x}" for part in _key(found))


def written_at(ns: int) -> str:
    """Returns a time as RFC 3339 with seven digits, as Azure Files writes it."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest // 100:07d}Z"


def is_young(found: os.stat_result) -> bool:
    """Tells whether a write right now could leave the same times behind."""
    return _changed(found) >= _kernel_now()


def wait_a_tick() -> None:
    """Waits until the clock that stamps files has moved on (about 4 ms on Linux, 16 ms elsewhere)."""
    start = _kernel_now()
    while 0 <= _kernel_now() - start <= _TICK:
        time.sleep(0.001)


def settled_stat(fd: int) -> os.stat_result:
    """Returns an open file's stat once a later write is sure to show in it."""
    found = os.fstat(fd)
    if not is_young(found):
        return found
    wait_a_tick()
    return os.fstat(fd)


@contextmanager
def seen(folder: Dir, name: str) -> Iterator[Seen]:
    """Opens a file and yields what it held between two equal looks; ShareUnavailable if it will not hold still."""
    fd = folder.open_file(name)
    try:
        yield _hold_still(fd, name)
    finally:
        os.close(fd)


def copy(fd: int, name: str, target: BinaryIO) -> Version:
    """Copies an open file's content and returns the version of exactly these bytes."""
    for _ in range(_TRIES):
        before = settled_stat(fd)
        target.seek(0)
        target.truncate()
        for chunk in _chunks(fd):
            target.write(chunk)
        if _key(os.fstat(fd)) == _key(before):
            target.seek(0)
            return version_of(before)
    raise _restless(name)


def is_open(fd: int, version: Version) -> bool:
    """Tells whether a program has an open file open for writing, or has written to it since this version was copied."""
    return has_writer(fd) or not version.etag.startswith(_etag(os.fstat(fd)))


def digest_of(fd: int) -> bytes:
    """Returns the digest of an open file's content."""
    state = hashlib.sha256()
    for chunk in _chunks(fd):
        state.update(chunk)
    return state.digest()


def has_writer(fd: int) -> bool:
    """Tells whether any program has this file open for writing; False where the system cannot tell."""
    if sys.platform != "linux":
        return False
    try:
        # the signal that a broken lease sends would end the process; this one is ignored unless somebody asks for it
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:  # not the owner, or a file system without leases
        return False
    return False


def _hold_still(fd: int, name: str) -> Seen:
    for _ in range(_TRIES):
        before = settled_stat(fd)
        digest = digest_of(fd)
        if _key(os.fstat(fd)) == _key(before):
            return Seen(fd, version_of(before), digest, before)
    raise _restless(name)


def _restless(name: str) -> ShareUnavailable:
    return ShareUnavailable(f"{name} is being written: it changed each time it was read.", "try again in a moment")


def _chunks(fd: int) -> Iterator[bytes]:
    os.lseek(fd, 0, os.SEEK_SET)
    while chunk := os.read(fd, CHUNK):
        yield chunk


def _key(found: os.stat_result) -> tuple[int, int, int, int]:
    return (found.st_mtime_ns, _changed(found), found.st_ino, found.st_size)


def _changed(found: os.stat_result) -> int:
    # st_ctime is the time of creation on Windows
    return found.st_mtime_ns if os.name == "nt" else found.st_ctime_ns


def _kernel_now() -> int:
    """The clock that the kernel stamps files with, in ns: coarser than the wall clock, and never ahead of it."""
    if sys.platform == "linux":
        return time.clock_gettime_ns(5)  # CLOCK_REALTIME_COARSE, which the time module does not name
    return time.time_ns() - _TICK
