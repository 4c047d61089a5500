"""A share in memory, as the service sees it: what is stored, and what each request does to it or is refused.

Clients (``memory.MemoryShare``) and Studio (tests that call ``save``, ``discard`` …) change the same store. It has the
service's rules where they matter to sync: no If-Match, leases, versions that are the time of the last change, ids that
follow a renamed file, names compared without case. The clock is injected; the default one is logical.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from flowsync.share.base import Version
from flowsync.share.codes import failure

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_TICK = timedelta(milliseconds=1)


def logical_clock(start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> Callable[[], datetime]:
    """Returns a clock that moves on by a millisecond each time it is asked."""
    times = iter(range(2**62))
    return lambda: start + next(times) * _TICK


@dataclass(slots=True)
class _Node:
    path: str
    file_id: int
    content: bytes | None = None  # None for a folder
    ticks: int = 0
    written: datetime = _EPOCH
    lease: str = ""


@dataclass(slots=True)
class Store:
    """Everything on one share. Paths are whole, from the share's root."""

    name: str = "memory"
    clock: Callable[[], datetime] = field(default_factory=logical_clock)
    _nodes: dict[str, _Node] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: iter(range(0x2000, 2**62)))
    _last: int = 0
    last_answer: datetime | None = None

    # As Studio, or anyone beside flowsync

    def save(self, path: str, content: bytes) -> Version:
        """Writes a file as Studio does: whatever is there is overwritten, folders are made; refused while leased."""
        self.make_folders(path.rpartition("/")[0])
        return self.create(path, content, None)

    def discard(self, path: str) -> None:
        """Deletes a file, or a folder with all that is in it."""
        for node in list(self._nodes.values()):
            if _key(node.path) == _key(path) or _key(node.path).startswith(_key(path) + "/"):
                del self._nodes[_key(node.path)]

    def make_folders(self, path: str) -> None:
        """Makes a folder and its parents."""
        parts = path.split("/") if path else []
        for depth in range(1, len(parts) + 1):
            if not self.is_folder("/".join(parts[:depth])):
                self.make_folder("/".join(parts[:depth]))

    def files(self, below: str = "") -> dict[str, bytes]:
        """Returns the content of every file, by path."""
        start = _key(below) + "/" if below else ""
        return {
            n.path: n.content for k, n in sorted(self._nodes.items()) if n.content is not None and k.startswith(start)
        }

    def folders(self) -> set[str]:
        """Returns the paths of all folders."""
        return {node.path for node in self._nodes.values() if node.content is None}

    def leases(self) -> dict[str, str]:
        """Returns the lease id of every leased file, by path."""
        return {node.path: node.lease for node in self._nodes.values() if node.lease}

    # As the service

    def look(self, path: str) -> Version:
        """Returns a file's version."""
        return _version(self._file(path))

    def read(self, path: str) -> tuple[Version, bytes]:
        """Returns a file's version and content."""
        node = self._file(path)
        return _version(node), node.content or b""

    def create(self, path: str, content: bytes, lease: str | None) -> Version:
        """Writes a file whole, over one that is there; its id and lease stay."""
        self._parent(path)
        node = self._nodes.get(_key(path))
        if node is None:
            node = self._nodes[_key(path)] = _Node(path, next(self._ids))
        elif node.content is None:
            raise failure("ResourceTypeMismatch", path, 409)
        self._check_lease(node, lease)
        node.content = content
        node.written = self._touch(node)
        return _version(node)

    def rename(self, source: str, path: str, replace: bool, lease: str | None, carried: str | None = None) -> Version:
        """Moves a file and its lease; with ``replace``, over another, which is gone then, and its lease with it."""
        node = self._file(source)
        self._check_lease(node, carried)
        self._parent(path)
        target = self._nodes.get(_key(path))
        if target is not None and target is not node:
            if target.content is None or not replace:
                raise failure("ResourceAlreadyExists", path, 409)
            self._check_lease(target, lease)
        del self._nodes[_key(source)]
        node.path = path
        self._nodes[_key(path)] = node
        self._touch(node)
        return _version(node)

    def rename_folder(self, source: str, path: str) -> None:
        """Moves a folder with all that is in it; ids, versions and leases stay."""
        self.folder_id(source)
        self._parent(path)
        if _key(path) in self._nodes:
            raise failure("ResourceAlreadyExists", path, 409)
        for key in [key for key in self._nodes if f"{key}/".startswith(f"{_key(source)}/")]:
            node = self._nodes.pop(key)
            node.path = path + node.path[len(source) :]
            self._nodes[_key(node.path)] = node
        self._touch(self._nodes[_key(path)])

    def delete(self, path: str, lease: str | None) -> None:
        """Deletes a file."""
        self._check_lease(self._file(path), lease)
        del self._nodes[_key(path)]

    def acquire(self, path: str, lease: str) -> None:
        """Takes the lease of a file."""
        node = self._file(path)
        if node.lease and node.lease != lease:
            raise failure("LeaseAlreadyPresent", path, 409)
        node.lease = lease

    def release(self, path: str, lease: str) -> None:
        """Gives a lease back."""
        node = self._file(path)
        if node.lease != lease:
            raise failure("LeaseIdMismatchWithLeaseOperation", path, 409)
        node.lease = ""

    def make_folder(self, path: str) -> None:
        """Makes one folder."""
        self._parent(path)
        if _key(path) in self._nodes:
            raise failure("ResourceAlreadyExists", path, 409)
        self._touch(self._nodes.setdefault(_key(path), _Node(path, next(self._ids))))

    def remove_folder(self, path: str) -> None:
        """Removes one empty folder."""
        if not path or not self.is_folder(path):
            raise failure("ResourceNotFound", path, 404)
        if any(True for _ in self._children(path)):
            raise failure("DirectoryNotEmpty", path, 409)
        del self._nodes[_key(path)]

    def page(self, path: str, marker: str, size: int) -> tuple[dict[str, Version | str], str]:
        """Returns up to ``size`` entries from a marker on (a file's version, a folder's id), and the next marker."""
        self.folder_id(path)
        rest = sorted((key, node) for key, node in self._children(path) if key >= marker)
        entries = {
            node.path.rpartition("/")[2]: str(node.file_id) if node.content is None else _version(node)
            for _, node in rest[:size]
        }
        return entries, rest[size][0] if len(rest) > size else ""

    def folder_id(self, path: str) -> str:
        """Returns a folder's id."""
        if path and not self.is_folder(path):
            raise failure("ResourceNotFound", path, 404)
        self.last_answer = self.clock()
        return str(self._nodes[_key(path)].file_id) if path else "0"

    def _children(self, path: str) -> Iterator[tuple[str, _Node]]:
        start = _key(path) + "/" if path else ""
        for key, node in self._nodes.items():
            if key.startswith(start) and "/" not in key[len(start) :]:
                yield key, node

    def is_folder(self, path: str) -> bool:
        """Tells whether there is a folder at this path."""
        node = self._nodes.get(_key(path))
        return node is not None and node.content is None

    def _file(self, path: str) -> _Node:
        self.last_answer = self.clock()
        node = self._nodes.get(_key(path))
        if node is None:
            parent = path.rpartition("/")[0]
            raise failure("ResourceNotFound" if not parent or self.is_folder(parent) else "ParentNotFound", path, 404)
        if node.content is None:
            raise failure("ResourceTypeMismatch", path, 409)
        return node

    def _parent(self, path: str) -> None:
        self.last_answer = self.clock()
        parent = path.rpartition("/")[0]
        if parent and not self.is_folder(parent):
            raise failure("ParentNotFound", path, 404)

    @staticmethod
    def _check_lease(node: _Node, lease: str | None) -> None:
        if node.lease and lease is None:
            raise failure("LeaseIdMissing", node.path, 412)
        if node.lease and node.lease != lease:
            raise failure("LeaseIdMismatchWithFileOperation", node.path, 412)
        if lease is not None and not node.lease:
            raise failure("LeaseNotPresentWithFileOperation", node.path, 412)

    def _touch(self, node: _Node) -> datetime:
        now = self.clock()
        self.last_answer = now
        # two changes within one tick still get two versions
        self._last = node.ticks = max(self._last + 1, (now - _EPOCH) // timedelta(microseconds=1) * 10)
        return now


def _key(path: str) -> str:
    return path.lower()


def _version(node: _Node) -> Version:
    written = f"{node.written.replace(tzinfo=None).isoformat(timespec='microseconds')}0Z"
    return Version(f'"0x{node.ticks:X}"', len(node.content or b""), written, str(node.file_id))
