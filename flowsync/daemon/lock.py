"""The daemon's lock: one daemon per repository, all its worktrees included. A process that died holds nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from flowsync.daemon.place import Place
from flowsync.errors import DaemonError


@contextmanager
def locked(place: Place, patience: float = 0.0) -> Iterator[None]:
    """Holds the lock; DaemonError if another daemon does, and still does after ``patience`` seconds.

    For a moment it may be held by someone who only asks whether a daemon runs, or by a child of a daemon that was
    killed before the child became another program.
    """
    try:
        place.state_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place.lock)
        lock.acquire(timeout=patience)
    except Timeout as error:
        raise DaemonError("another daemon serves this repository already", "flowsync daemon status") from error
    except OSError as error:
        said = f"{place.lock} cannot be locked: {error.strerror or error}"
        raise DaemonError(said, "make .git writable") from error
    try:
        yield
    finally:
        lock.release()


def is_running(place: Place) -> bool:
    """Tells whether a daemon holds the lock, whatever files a dead one left."""
    if not place.lock.exists():
        return False
    try:
        with locked(place):
            return False
    except DaemonError:
        return True
