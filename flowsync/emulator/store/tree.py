# These calls are the hot path, and pathlib would double their cost.
# ruff: noqa: PTH208
"""The files of one share: the index's nodes, kept in step with what is really on disk.

What belongs here: finding paths, and noticing what an ordinary editor did to the folder.

Every look compares the disk's signature of a file (size, mtime, inode) with the one the node has. A difference is a
write by someone else, and earns a new ETag. Own writes stamp the file with a mtime of 100 ns precision, which no
other writer's mtime equals. Names are read again when a folder's mtime moved, or may have moved within its own tick.
"""

import os
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass

from flowsync.emulator import names, ticks
from flowsync.emulator.refusal import Refused
from flowsync.emulator.store import disk
from flowsync.emulator.store.index import Index, disk_name, is_text
from flowsync.emulator.store.node import Node, Span


@dataclass(slots=True)
class Place:
    """Where a path leads. ``node`` is None if nothing is there, ``parent`` too if not even its folder is."""

    path: str  # on disk
    name: str
    parent: Node | None
    node: Node | None


class Tree:
    """One share's files, or one snapshot's."""

    def __init__(self, folder: str, index: Index, temporary: str) -> None:
        self.folder = folder
        self.index = index
        self.temporary = temporary

    def locate(self, parts: Sequence[str]) -> Place:
        """Finds a path as it is on disk now."""
        place, chain = self._walk(parts)
        if self._stands(place, chain):
            return place
        self._refresh(parts)
        return self._walk(parts)[0]

    def children(self, place: Place) -> tuple[dict[str, Node], list[str]]:
        """Returns a folder's nodes by folded name, and those names sorted, as they are on disk now."""
        node = place.node
        assert node is not None and node.folder
        if not (node.settled and self.mtime(place.path) == node.seen and node.children is not None):
            self._scan(node, place.path)
        assert node.children is not None
        if node.order is None:
            node.order = sorted(node.children)
        return node.children, node.order

    def fresh(self, node: Node, path: str) -> bool:
        """Brings one node up to date with the disk; False if it is not there any more."""
        found = disk.look(path)
        if found is None or stat.S_ISDIR(found.st_mode) != node.folder or (node.folder and found.st_ino != node.inode):
            return False
        if node.folder:
            return True
        if found.st_ino != node.inode:
            return False
        if (
            found.st_mtime_ns != node.mtime
            or found.st_size != node.size
            or (node.crc is not None and self._hidden_write(node, path))
        ):
            self._rewritten(node, path, found)
        return True

    def path_of(self, node: Node) -> str:
        """Returns where a node is on disk."""
        return self.folder if node.up is None else f"{self.path_of(node.up)}/{node.on_disk}"

    def mtime(self, path: str) -> int:
        """Returns when a folder's names last changed, -1 if there is no such folder."""
        found = disk.look(path)
        if found is None and path == self.folder:
            raise Refused("ShareNotFound")
        return found.st_mtime_ns if found else -1

    def _walk(self, parts: Sequence[str]) -> tuple[Place, list[tuple[Node, str]]]:
        """Finds a path by what is known; also returns the folders on the way, each with its path on disk."""
        node, path = self.index.root, self.folder
        chain = [(node, path)]
        last = len(parts) - 1
        for index, name in enumerate(parts):
            if node.children is None:
                self._scan(node, path)
            child = node.children.get(names.fold(name)) if node.children is not None else None
            below = f"{path}/{child.on_disk if child else disk_name(name)}"
            if index == last:
                return Place(below, name, node, child), chain
            if child is None or not child.folder:
                return Place(below, parts[-1], None, None), chain
            node, path = child, below
            chain.append((node, path))
        return Place(path, "", None, node), chain

    def _stands(self, place: Place, chain: list[tuple[Node, str]]) -> bool:
        """Tells whether what is known of a path is still so, every folder on the way included: none is now a link."""
        if not all(self.fresh(folder, path) for folder, path in chain):
            return False
        if place.node is not None:
            return self.fresh(place.node, place.path)
        deepest, path = chain[-1]
        return disk.look(place.path) is None and self.mtime(path) == deepest.seen

    def _refresh(self, parts: Sequence[str]) -> None:
        """Reads again the names along a path, as far as they have changed."""
        node, path = self.index.root, self.folder
        root = disk.look(path)
        if root is not None and root.st_ino != node.inode:  # the share's folder was made anew
            node.inode, node.settled = root.st_ino, False
        for name in (*parts, ""):
            if not (node.settled and self.mtime(path) == node.seen):
                self._scan(node, path)
            child = (node.children or {}).get(names.fold(name))
            if child is None:
                return
            path = f"{path}/{child.on_disk}"
            if not self.fresh(child, path):
                self._replaced(node, child, path)
                self._refresh(parts)
                return
            if not child.folder:
                return
            node = child

    # noticing

    def _scan(self, folder: Node, path: str) -> None:
        """Reads a folder's names from disk and brings the node's children in step."""
        mtime = self.mtime(path)
        found = set(os.listdir(path)) if mtime != -1 else set()
        children = self.index.load(folder)
        known = {child.on_disk for child in children.values()}
        for child in [child for child in children.values() if child.on_disk not in found] if known - found else ():
            self.index.lose(child)
        arrived = [node for name in sorted(found - known) if (node := self._arrive(folder, name, f"{path}/{name}"))]
        if arrived:
            self.index.catalog.save_all(arrived)
        folder.seen, folder.settled = mtime, time.time_ns() - mtime > disk.RACY_NS

    def _arrive(self, folder: Node, name: str, path: str) -> Node | None:
        """Takes in a name that is new on disk: a moved node if the inode is known, else a new one."""
        found = disk.look(path)
        if found is None or not names.legal(name) or not is_text(name):
            return None
        fold = names.fold(name)
        assert folder.children is not None
        if fold in folder.children:
            return None  # a twin by case: the service could not hold it
        is_folder = stat.S_ISDIR(found.st_mode)
        node = self._moved_here(found, is_folder)
        if node is None:
            node = self.index.new_node(folder, name, is_folder)
            node.created = node.written = ticks.from_ns(found.st_mtime_ns)
            self._take_signature(node, path, found)
        node.name, node.disk = name, ""
        node.changed = self.index.clock.next()
        self.index.attach(folder, node)
        return node

    def _moved_here(self, found: os.stat_result, is_folder: bool) -> Node | None:
        """Returns the node that had this inode, if it is gone from where it was."""
        node = self.index.lost(found.st_ino)
        if node is None:
            node = self.index.at(found.st_ino)
            if node is not None and node.up is not None:
                there = disk.look(self.path_of(node))
                if there is not None and there.st_ino == found.st_ino:
                    return None  # a hard link: two names, two nodes
        if node is None or node.folder != is_folder:
            return None
        if not is_folder and (node.size, node.mtime) != (found.st_size, found.st_mtime_ns):
            return None
        if node.up is not None and node.up.children is not None and node.up.children.get(node.fold) is node:
            self.index.detach(node)
        return node

    def _rewritten(self, node: Node, path: str, found: os.stat_result) -> None:
        """Notes that someone wrote to the file on disk."""
        node.written = ticks.from_ns(found.st_mtime_ns)
        node.changed = self.index.clock.next()
        self._take_signature(node, path, found)
        self.index.catalog.save(node)

    def _replaced(self, folder: Node, child: Node, path: str) -> None:
        """Notes that another file or folder now has the child's name."""
        lease = child.lease
        self.index.lose(child)
        node = self._arrive(folder, child.on_disk, path)
        if node is not None:
            node.lease = lease if not node.folder else None
            self.index.catalog.save(node)

    def _take_signature(self, node: Node, path: str, found: os.stat_result) -> None:
        node.size, node.mtime, node.inode = found.st_size, found.st_mtime_ns, found.st_ino
        if node.folder:
            node.size = 0
            return
        node.spans = [Span(0, found.st_size - 1, node.changed)] if found.st_size else []
        node.crc = disk.checksum(path) if time.time_ns() - found.st_mtime_ns < disk.RACY_NS else None

    def _hidden_write(self, node: Node, path: str) -> bool:
        """Tells whether a file that was read within its clock's tick changed once more in that tick."""
        same = disk.checksum(path) == node.crc
        if same and time.time_ns() - node.mtime > disk.RACY_NS:
            node.crc = None
        return not same
