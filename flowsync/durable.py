"""What a power cut must not take: on the disk before anything is done that relies on it.

What a program has written is on the disk some thirty seconds later, and the name of a new file may be there before its
content: an empty file, then, where Git has an object. Git by itself leaves that to luck for loose objects and refs.
"""

import errno
import os
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_FEW = 4  # places for which threads are not worth it
_SIDE_BY_SIDE = 16  # threads: a file system that keeps a journal writes it once for all who wait
_NO_SUCH_THING = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}  # this file system cannot, mostly for folders


def settle(files: Collection[Path]) -> None:
    """Returns when these files, and their names in their folders, are on the disk; OSError if they cannot be.

    One that is gone was taken by somebody else, who has to see to it. Windows does this only for files that one may
    write to: not for folders, nor for git's objects.
    """
    places = {*files, *(file.parent for file in files)}
    if len(places) <= _FEW:
        for place in places:
            _settle(place)
        return
    with ThreadPoolExecutor(min(_SIDE_BY_SIDE, len(places))) as pool:
        for _ in pool.map(_settle, places):
            pass


def _settle(place: Path) -> None:
    try:
        descriptor = os.open(place, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    except (FileNotFoundError, PermissionError):  # gone, another user's, or as above
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SUCH_THING:
            raise
    finally:
        os.close(descriptor)
