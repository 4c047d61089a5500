"""One flowsync at work in a repository at a time, in whichever of its worktrees; what a dead one left is put right."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from flowsync.errors import RepositoryError
from flowsync.sync.link import Link

_PATIENCE = 10.0  # seconds to wait for another flowsync at work in this repository


@contextmanager
def alone(link: Link) -> Iterator[None]:
    """Holds the repository's lock; RepositoryError if another flowsync keeps it for long."""
    lock = FileLock(link.repo.state_dir / "lock")
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout as error:
        raise RepositoryError("another flowsync is at work in this repository", "wait for it to finish") from error
    try:
        link.repo.worktree.recover()
        yield
    finally:
        lock.release()
