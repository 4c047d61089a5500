"""One open directory below a folder share: the system calls, relative to it, that never follow a link.

Where the system can, a directory is held open and every name is used relative to its descriptor, so that a parent that
is swapped for a link meanwhile leads nowhere. Elsewhere (Windows) names are joined to a path whose parts were each
looked at first, which leaves a small window. Nothing here knows what a version or a put is.
"""

# pathlib has no calls relative to an open directory
# ruff: noqa: PTH118, PTH208

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

ANCHORS = os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd and os.scandir in os.supports_fd
"""Whether this system can hold a directory open and work relative to it."""

_LINK_TAGS = (0xA000000C, 0xA0000003)  # Windows: symbolic link, mount point (junction)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # a FIFO must not make us wait for its other end


def is_link(found: os.stat_result) -> bool:
    """Tells whether a name leads elsewhere: a symbolic link, or a junction on Windows."""
    return stat.S_ISLNK(found.st_mode) or getattr(found, "st_reparse_tag", 0) in _LINK_TAGS


@dataclass(frozen=True, slots=True)
class Dir:
    """A directory; ``fd`` is None where the system has no way to work relative to it."""

    path: str
    fd: int | None

    @classmethod
    def root(cls, path: str, anchored: bool = ANCHORS) -> Self:
        """Opens the folder that a person named; it may itself be a link."""
        if anchored:
            return cls(path, os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        os.listdir(path)  # raises the error that says why
        return cls(path, None)

    def close(self) -> None:
        """Lets go of the directory."""
        if self.fd is not None:
            os.close(self.fd)

    @contextmanager
    def below(self, path: str) -> Iterator["Dir"]:
        """Opens the directory at a relative path, part by part; a link on the way is ELOOP."""
        name, _, rest = path.partition("/")
        if not name:
            yield self
            return
        child = self._child(name)
        try:
            with child.below(rest) as found:
                yield found
        finally:
            child.close()

    def scan(self) -> list[str]:
        """Returns the names in this directory."""
        return os.listdir(self.path if self.fd is None else self.fd)

    def look(self, name: str) -> os.stat_result:
        """Returns what stands under a name, without following it."""
        return os.stat(self._at(name), dir_fd=self.fd, follow_symlinks=False)

    def open_file(self, name: str) -> int:
        """Opens a regular file for reading; anything else is ELOOP (a link) or EINVAL."""
        if self.fd is None:
            self._refuse_odd(name, self.look(name))
        fd = os.open(self._at(name), os.O_RDONLY | _NO_FOLLOW | _NO_WAIT, dir_fd=self.fd)
        try:
            self._refuse_odd(name, os.fstat(fd))
        except OSError:
            os.close(fd)
            raise
        return fd

    def open_new(self, name: str, mode: int) -> int:
        """Creates a file where nothing stands, open for reading and writing."""
        return os.open(self._at(name), os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, mode, dir_fd=self.fd)

    def rename(self, name: str, target: "Dir", new: str) -> None:
        """Renames over whatever stands there, in one step."""
        os.replace(self._at(name), target._at(new), src_dir_fd=self.fd, dst_dir_fd=target.fd)

    def link(self, name: str, target: "Dir", new: str) -> None:
        """Gives a file a second name."""
        os.link(self._at(name), target._at(new), src_dir_fd=self.fd, dst_dir_fd=target.fd, follow_symlinks=False)

    def unlink(self, name: str) -> None:
        """Removes a file's name."""
        os.unlink(self._at(name), dir_fd=self.fd)

    def make(self, name: str) -> None:
        """Creates a directory."""
        os.mkdir(self._at(name), dir_fd=self.fd)

    def remove(self, name: str) -> None:
        """Removes an empty directory, and nothing that a link leads to."""
        if is_link(self.look(name)):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
        os.rmdir(self._at(name), dir_fd=self.fd)

    def flush(self) -> None:
        """Makes names that were created or removed here survive a power cut, where the system can."""
        if self.fd is not None:
            os.fsync(self.fd)

    def _at(self, name: str) -> str:
        return name if self.fd is not None else os.path.join(self.path, name)

    def _child(self, name: str) -> "Dir":
        path = os.path.join(self.path, name)
        if self.fd is None:
            found = self.look(name)
            if is_link(found):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
            if not stat.S_ISDIR(found.st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name)
            return Dir(path, None)
        try:
            return Dir(path, os.open(name, os.O_RDONLY | os.O_DIRECTORY | _NO_FOLLOW, dir_fd=self.fd))
        except NotADirectoryError:
            # O_DIRECTORY speaks before O_NOFOLLOW: look which of the two it was
            if is_link(self.look(name)):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name) from None
            raise

    @staticmethod
    def _refuse_odd(name: str, found: os.stat_result) -> None:
        if is_link(found):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), name)
