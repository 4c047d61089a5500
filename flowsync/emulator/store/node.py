"""The nouns of the store: a node (file or folder), a lease, a written range.

What belongs here: plain records and how they go to and from the catalogue's text. No disk, no HTTP.
"""

import json
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from flowsync.emulator import names
from flowsync.emulator.ticks import PER_SECOND

INFINITE = -1


@dataclass(slots=True)
class Lease:
    """A lease on a file or share. ``duration`` is in seconds, -1 for ever; ``ends`` is a tick, 0 for never."""

    id: str
    duration: int
    ends: int = 0
    broken: bool = False  # broken, or breaking until ``ends``

    def state(self, now: int) -> str:
        """Returns the service's word for the lease's state."""
        over = self.ends != 0 and now >= self.ends
        if self.broken:
            return "breaking" if self.ends and not over else "broken"
        return "expired" if over else "leased"

    def locks(self, now: int) -> bool:
        """Tells whether the lease keeps others out."""
        return self.state(now) in ("leased", "breaking")


def lease_for(proposed: str, duration: int, now: int) -> Lease:
    """Makes a lease that starts now."""
    return Lease(proposed or str(uuid.uuid4()), duration, 0 if duration == INFINITE else now + duration * PER_SECOND)


@dataclass(slots=True)
class Span:
    """A written (or cleared) range of a file: first and last byte, and the tick of the write."""

    start: int
    end: int
    tick: int
    cleared: bool = False


@dataclass(slots=True, eq=False)
class Node:
    """A file or folder: what the disk cannot say of it, and the disk's signature when last looked at."""

    key: int
    parent: int
    name: str
    folder: bool
    file_id: int
    created: int
    written: int
    changed: int
    disk: str = ""  # its name on disk, where that cannot be ``name``
    accessed: int = 0
    attributes: str = ""
    permission: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    lease: Lease | None = None
    spans: list[Span] = field(default_factory=list)
    copy: dict[str, str] = field(default_factory=dict)
    size: int = 0
    mtime: int = 0
    inode: int = 0
    # below: memory only
    up: "Node | None" = None
    children: "dict[str, Node] | None" = None
    order: "list[str] | None" = None  # the children's folded names, sorted
    seen: int = -1  # the folder's mtime when its names were last read
    settled: bool = False  # a change in that mtime's tick would have been seen
    shown: "tuple[object, str] | None" = None  # what a listing last said of it, and of which state
    crc: int | None = None  # of content that was seen within the clock's granularity of its writing

    @property
    def fold(self) -> str:
        """The name as comparisons see it."""
        return names.fold(self.name)

    @property
    def on_disk(self) -> str:
        """The name of the file or folder on disk."""
        return self.disk or self.name


_MEMORY_ONLY = ("up", "children", "order", "seen", "settled", "crc", "shown")
_STORED = tuple(name for name in Node.__dataclass_fields__ if name not in (*_MEMORY_ONLY, "key", "parent"))


def dump(node: Node) -> str:
    """Writes a node as the catalogue keeps it."""
    row = [getattr(node, name) for name in _STORED]
    row[_STORED.index("lease")] = asdict(node.lease) if node.lease else None
    row[_STORED.index("spans")] = [[span.start, span.end, span.tick, int(span.cleared)] for span in node.spans]
    return json.dumps(row, separators=(",", ":"), ensure_ascii=True)


def load(key: int, parent: int, text: str) -> Node:
    """Reads a node from the catalogue's text."""
    row: dict[str, Any] = dict(zip(_STORED, json.loads(text), strict=True))
    row["lease"] = Lease(**row["lease"]) if row["lease"] else None
    row["spans"] = [Span(start, end, tick, bool(cleared)) for start, end, tick, cleared in row["spans"]]
    if row["copy"].get("x-ms-copy-status") == "pending":  # it died with the process that made it
        row["copy"] |= {"x-ms-copy-status": "failed", "x-ms-copy-status-description": "500 InternalError"}
    return Node(key=key, parent=parent, **row)
