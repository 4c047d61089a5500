"""Watching a repository: the system's file events where they work, else a look at the files every second or two.

Only what matters is watched: the refs and the state of git, and the flows' folders. Whatever is seen becomes a rumour.
"""

import errno
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from flowsync.core.tree import FlowName
from flowsync.daemon.quiet import Rumour
from flowsync.daemon.rumours import Grounds

Hear = Callable[[Rumour, FlowName | None], None]
_EVENTS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
_OFTEN = 1.5  # seconds between two looks at the files
_WITHOUT_EVENTS = ("nfs", "nfs4", "cifs", "smb3", "9p", "drvfs", "fuse", "vboxsf", "prl_fs", "afs", "ceph", "virtiofs")
_SYSCTL = "sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=1024"


class Watch:
    """A running watch; ``how`` is ``events`` or ``polling``, ``why`` says why it polls and what would help."""

    def __init__(self, grounds: Grounds, hear: Hear, polling: str = "") -> None:
        self._grounds, self._hear = grounds, hear
        self._observer: BaseObserver | None = None
        self._overflow = _Overflow(lambda: hear(Rumour.ANYTHING, None))
        self._polling: _Polling | None = None
        self.how, self.why = "events", ""
        reason = polling or _no_events(Path(grounds.root))
        if not reason:
            reason = self._start_events()
        if reason:
            self.how, self.why = "polling", reason
            self._polling = _Polling(grounds, hear)

    def _start_events(self) -> str:
        """Starts the system's watching; returns why that cannot be, or nothing."""
        handler = _Handler(self._grounds, self._hear)
        observer: BaseObserver | None = None
        try:
            observer = Observer()
            for folder, deep in folders(self._grounds):
                observer.schedule(handler, str(folder), recursive=deep, event_filter=_EVENTS)
            observer.start()
        except OSError as error:
            if observer is not None and observer.is_alive():
                observer.stop()
            return _refused(error)
        logging.getLogger("watchdog").addHandler(self._overflow)
        self._observer = observer
        return ""

    def stop(self) -> None:
        """Ends the watch."""
        logging.getLogger("watchdog").removeHandler(self._overflow)
        if self._polling is not None:
            self._polling.stop()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(1.0)

    @property
    def alive(self) -> bool:
        """Tells whether it still watches."""
        return self._polling is not None or (self._observer is not None and self._observer.is_alive())


def _refused(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EMFILE):
        what = "watches" if error.errno == errno.ENOSPC else "instances"
        return f"the system's limit of inotify {what} is reached; raise it: {_SYSCTL}"
    return f"the system's file events do not work here ({error.strerror or error})"


def folders(grounds: Grounds) -> Iterator[tuple[Path, bool]]:
    """Yields what to watch, and whether with everything below."""
    root = Path(grounds.root)
    yield Path(grounds.git_dir), False
    if grounds.common_dir != grounds.git_dir:
        yield Path(grounds.common_dir), False
    yield Path(grounds.common_dir) / "refs" / "heads", True
    if root != Path(grounds.git_dir):
        yield root, False
    if not grounds.path:
        yield from ((folder, True) for folder in sorted(root.iterdir()) if folder.is_dir() and folder.name != ".git")
        return
    flows = root / grounds.path
    if flows.is_dir():
        yield flows, True
    else:  # until it is there, its parents tell when it comes
        above = (parent for parent in flows.parents if parent != root and parent.is_relative_to(root))
        yield from ((parent, False) for parent in above if parent.is_dir())


def _no_events(root: Path) -> str:
    """Returns why a disk gives no events of what other machines do, or nothing."""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in mounts:
        _, place, what, *_ = line.split(" ")
        place = place.replace("\\040", " ")
        if root.is_relative_to(place) and len(place) >= len(best):
            best, kind = place, what
    if kind in _WITHOUT_EVENTS or kind.startswith("fuse."):
        return f"the repository lies on {kind}, which does not tell of every change"
    return ""


class _Handler(FileSystemEventHandler):
    def __init__(self, grounds: Grounds, hear: Hear) -> None:
        self._grounds, self._hear = grounds, hear

    def on_any_event(self, event: FileSystemEvent) -> None:
        for place in {event.src_path, event.dest_path}:
            if place:
                rumour = self._grounds.rumour(PurePath(os.fsdecode(place)))
                if rumour:
                    self._hear(*rumour)


class _Overflow(logging.Handler):
    """watchdog says only in its log that the kernel dropped events."""

    def __init__(self, lost: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._lost = lost

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage():
            self._lost()


class _Polling:
    """Compares what the files look like now with how they looked a moment ago."""

    def __init__(self, grounds: Grounds, hear: Hear, every: float = _OFTEN) -> None:
        self._grounds, self._hear, self._every = grounds, hear, every
        self._stopped = threading.Event()
        self._seen = look(grounds)
        self._thread = threading.Thread(target=self._run, name="flowsync-polling", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            now = look(self._grounds)
            changed = {path for path in now.keys() | self._seen.keys() if now.get(path) != self._seen.get(path)}
            self._seen = now
            for rumour in {self._grounds.rumour(PurePath(path)) for path in changed}:
                if rumour:
                    self._hear(*rumour)


def look(grounds: Grounds) -> dict[str, tuple[int, int, int]]:
    """Returns what tells the state of every watched file from any other."""
    found: dict[str, tuple[int, int, int]] = {}
    for folder, deep in folders(grounds):
        _look(str(folder), deep, found)
    return found


def _look(folder: str, deep: bool, found: dict[str, tuple[int, int, int]]) -> None:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # gone meanwhile
        return
    for entry in entries:
        try:
            stat = entry.stat(follow_symlinks=False)
            inner = entry.is_dir(follow_symlinks=False)
        except OSError:
            continue
        if not inner:
            found[entry.path] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        elif deep and entry.name != ".git":
            found[entry.path] = (0, 0, stat.st_ino)
            _look(entry.path, deep, found)
        else:
            found[entry.path] = (0, 0, stat.st_ino)
