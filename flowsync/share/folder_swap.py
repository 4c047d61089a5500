"""Renames that the standard library lacks: exchange two names in one step, and move without ever replacing.

Linux has renameat2, macOS renameatx_np. Where the file system refuses (cifs has no exchange), callers are told, so that
they can do the next best thing.
"""

# pathlib has no calls relative to an open directory
# ruff: noqa: PTH104, PTH118

import ctypes
import errno
import functools
import os
import sys
from collections.abc import Callable

from flowsync.share.folder_dir import Dir

_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)
_NO_LINKS = (*_UNSUPPORTED, errno.EPERM, errno.EMLINK, errno.EXDEV)
_Rename = Callable[[int, bytes, int, bytes, int], int]


def exchange(first: Dir, name: str, second: Dir, other: str) -> bool:
    """Exchanges two existing names in one step; False where the system or file system cannot."""
    return _special(first, name, second, other, 2)  # RENAME_EXCHANGE, RENAME_SWAP


def move_new(source: Dir, name: str, target: Dir, new: str) -> None:
    """Moves a file to a name where nothing stands; FileExistsError if something does."""
    if _special(source, name, target, new, 1 if sys.platform == "linux" else 4):  # RENAME_NOREPLACE, RENAME_EXCL
        return
    if os.name == "nt":
        os.rename(os.path.join(source.path, name), os.path.join(target.path, new))  # never replaces on Windows
        return
    try:
        source.link(name, target, new)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _look_and_move(source, name, target, new)
    else:
        source.unlink(name)


def _look_and_move(source: Dir, name: str, target: Dir, new: str) -> None:
    """The last resort of a file system without links: what appears between look and rename would be replaced."""
    try:
        target.look(new)
    except FileNotFoundError:
        source.rename(name, target, new)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)


def _special(first: Dir, name: str, second: Dir, other: str, flag: int) -> bool:
    rename = _system_rename()
    if rename is None or first.fd is None or second.fd is None:
        return False
    if rename(first.fd, os.fsencode(name), second.fd, os.fsencode(other), flag) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), name, None, other)


@functools.cache
def _system_rename() -> _Rename | None:
    names = {"linux": "renameat2", "darwin": "renameatx_np"}
    if sys.platform not in names:
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), names[sys.platform], None)
    if function is None:  # an old C library
        return None
    function.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    function.restype = ctypes.c_int
    return function  # type: ignore[no-any-return]
