"""The neighbour: someone who has the share mounted over SMB, with open handles, locks and unflushed writes.

What belongs here: who has what open, and what that forbids or holds up for REST. The rules are those of the service's
page on share modes and caching: REST asks for the access that an operation needs, and every handle must share it.
"""

import itertools
from dataclasses import dataclass, field
from typing import Literal

from flowsync.emulator.refusal import Refused
from flowsync.emulator.store import changes
from flowsync.emulator.store.node import Node
from flowsync.emulator.store.share import Share
from flowsync.emulator.store.tree import Place
from flowsync.emulator.ticks import Clock

Letters = str
"""Some of ``r`` (read), ``w`` (write), ``d`` (delete)."""

Change = Literal["write", "delete"]
MAX_FLUSH = 30.0


@dataclass(slots=True, eq=False)
class Handle:
    """One open file or folder. ``access`` is what its owner may do, ``sharing`` what it lets others do meanwhile.

    ``unflushed`` holds what was written and is still in the client's cache; ``flush_seconds`` is how long the client
    takes to give it up when the server asks (an oplock break).
    """

    id: int
    share: Share
    node: Node
    path: str
    access: Letters
    sharing: Letters
    opened: int
    client: str = "10.0.0.9"
    flush_seconds: float = 0.0
    unflushed: dict[int, bytes] = field(default_factory=dict)
    locks: list[tuple[int, int]] = field(default_factory=list)  # first and last byte
    deletes: bool = False  # the file goes when its last handle is closed


class WaitForFlush(Exception):
    """The request has to wait this long for an SMB client before it can be answered."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Neighbours:
    """All open handles of a service."""

    def __init__(self) -> None:
        self._by_node: dict[int, list[Handle]] = {}
        self._numbers = itertools.count(0x2000_0001)

    def handles(self, node: Node) -> list[Handle]:
        """Returns the open handles on a file or folder."""
        return self._by_node.get(node.key, [])

    def all(self) -> list[Handle]:
        """Returns every open handle."""
        return [handle for handles in self._by_node.values() for handle in handles]

    def find(self, number: int) -> Handle:
        """Returns the open handle of a number; raises Refused."""
        for handle in self.all():
            if handle.id == number:
                return handle
        raise Refused("ResourceNotFound")

    def open(self, share: Share, place: Place, path: str, access: Letters, sharing: Letters, clock: Clock) -> Handle:
        """Opens a file or folder; raises Refused if another handle or a lease forbids it."""
        node = place.node
        if node is None:
            raise Refused("ResourceNotFound")
        self._alive(node)
        for other in self.handles(node):
            if set(access) - set(other.sharing) or set(other.access) - set(sharing):
                raise Refused("SharingViolation")
        if node.lease is not None and node.lease.locks(clock.now()) and set(access) & set("wd"):
            raise Refused("SharingViolation")
        handle = Handle(next(self._numbers), share, node, path, access, sharing, clock.now())
        self._by_node.setdefault(node.key, []).append(handle)
        return handle

    def close(self, handle: Handle, clock: Clock) -> None:
        """Flushes and closes a handle; the last one of a file that is to be deleted deletes it."""
        if handle not in self.handles(handle.node):
            return
        self.flush(handle, clock)
        handles = self._by_node[handle.node.key]
        handles.remove(handle)
        if handle.deletes:
            for other in handles:
                other.deletes = True
        if not handles:
            del self._by_node[handle.node.key]
            if handle.deletes:
                changes.remove(
                    handle.share.tree,
                    Place(handle.share.tree.path_of(handle.node), handle.node.name, handle.node.up, handle.node),
                )

    def flush(self, handle: Handle, clock: Clock) -> None:
        """Writes what is in the client's cache to the file."""
        if not handle.unflushed:
            return
        tree, node = handle.share.tree, handle.node
        place = Place(tree.path_of(node), node.name, node.up, node)
        for start, content in handle.unflushed.items():
            node.changed = node.written = clock.next()
            changes.write_range(tree, place, node, start, content)
        handle.unflushed.clear()

    # what REST asks

    def check(self, node: Node, needs: Letters) -> None:
        """Raises Refused unless every handle shares the access that an operation needs."""
        if not self._by_node:
            return
        self._alive(node)
        if any(set(needs) - set(handle.sharing) for handle in self.handles(node)):
            raise Refused("SharingViolation")

    def check_delete(self, node: Node) -> None:
        """Raises Refused if anyone has the file open at all."""
        self.check(node, "d")
        if self.handles(node):
            raise Refused("SharingViolation")

    def check_lease(self, node: Node) -> None:
        """Raises Refused if someone has the file open to change it."""
        self.check(node, "")
        if any(set(handle.access) & set("wd") for handle in self.handles(node)):
            raise Refused("SharingViolation")

    def check_range(self, node: Node, start: int, end: int) -> None:
        """Raises Refused if someone has locked any part of the range."""
        self.check(node, "w")
        for handle in self.handles(node):
            if any(first <= end and last >= start for first, last in handle.locks):
                raise Refused("FileLockConflict")

    def settle(self, node: Node, clock: Clock, waited: float, limit: float) -> None:
        """Makes every client give up its cache; raises WaitForFlush while one still takes its time."""
        if not self._by_node:
            return
        self._alive(node)
        for handle in self.handles(node):
            if not handle.unflushed:
                continue
            longest = min(limit, MAX_FLUSH)
            if waited < min(handle.flush_seconds, longest):
                raise WaitForFlush(min(handle.flush_seconds, longest) - waited)
            if handle.flush_seconds > longest:
                raise Refused("ClientCacheFlushDelay")
            self.flush(handle, clock)

    def hides(self, node: Node) -> bool:
        """Tells whether a file is on its way out, and so in no listing."""
        return bool(self._by_node) and any(handle.deletes for handle in self.handles(node))

    def _alive(self, node: Node) -> None:
        if self.hides(node):
            raise Refused("DeletePending")
