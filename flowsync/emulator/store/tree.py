# These calls are the hot path, and pathlib would double their cost.
# ruff: noqa: PTH102, PTH105, PTH106, PTH108, PTH120, PTH208
"""The files of one share: the catalogue's nodes, kept in step with what is really on disk.

What belongs here: finding paths, noticing what an ordinary editor did to the folder, and making changes.

Every look compares the disk's signature of a file (size, mtime, inode) with the one the node has. A difference is a
write by someone else, and earns a new ETag. Own writes stamp the file with a mtime of 100 ns precision, which no
other writer's mtime equals. Names are read again when a folder's mtime moved, or may have moved within its own tick.
"""

import os
import stat
import time
from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from flowsync.emulator import names, ticks
from flowsync.emulator.refusal import Refused
from flowsync.emulator.store import disk
from flowsync.emulator.store.catalog import Catalog
from flowsync.emulator.store.disk import Signature
from flowsync.emulator.store.node import Node, Span
from flowsync.emulator.ticks import Clock

_GRAVES = 10_000
_ID_BASE = 0xC000_8000_0000_0000


@dataclass(slots=True)
class Place:
    """Where a path leads. ``node`` is None if nothing is there, ``parent`` too if not even its folder is."""

    path: str  # on disk
    name: str
    parent: Node | None
    node: Node | None


class Tree:
    """One share's files, or one snapshot's."""

    def __init__(self, folder: str, root: Node, catalog: Catalog, clock: Clock, temporary: str) -> None:
        self.folder = folder
        self.root = root
        self._catalog = catalog
        self._clock = clock
        self._temporary = temporary
        self._by_inode: dict[int, Node] = {}
        self._graves: OrderedDict[int, Node] = OrderedDict()

    # finding

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
        if not (node.settled and self._mtime(place.path) == node.seen and node.children is not None):
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

    def _walk(self, parts: Sequence[str]) -> tuple[Place, list[tuple[Node, str]]]:
        """Finds a path by what is known; also returns the folders on the way, each with its path on disk."""
        node, path = self.root, self.folder
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
        return disk.look(place.path) is None and self._mtime(path) == deepest.seen

    def _refresh(self, parts: Sequence[str]) -> None:
        """Reads again the names along a path, as far as they have changed."""
        node, path = self.root, self.folder
        for name in (*parts, ""):
            if not (node.settled and self._mtime(path) == node.seen):
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

    def _mtime(self, path: str) -> int:
        found = disk.look(path)
        if found is None and path == self.folder:
            raise Refused("ShareNotFound")
        return found.st_mtime_ns if found else -1

    # noticing

    def _scan(self, folder: Node, path: str) -> None:
        """Reads a folder's names from disk and brings the node's children in step."""
        mtime = self._mtime(path)
        found = set(os.listdir(path)) if mtime != -1 else set()
        if folder.children is None:
            self._load(folder)
        children = folder.children
        assert children is not None
        known = {child.on_disk for child in children.values()}
        for child in [child for child in children.values() if child.on_disk not in found] if known - found else ():
            self._forget(folder, child)
        arrived = [node for name in sorted(found - known) if (node := self._arrive(folder, name, f"{path}/{name}"))]
        if arrived:
            self._catalog.save_all(arrived)
        folder.seen, folder.settled = mtime, time.time_ns() - mtime > disk.RACY_NS

    def _load(self, folder: Node) -> None:
        folder.children = {}
        for node in sorted(self._catalog.children(folder.key), key=lambda node: node.key):
            older = folder.children.get(node.fold)
            if older is not None:
                self._catalog.drop(older)
            folder.children[node.fold] = node
            node.up = folder
            self._by_inode[node.inode] = node

    def _arrive(self, folder: Node, name: str, path: str) -> Node | None:
        """Takes in a name that is new on disk: a moved node if the inode is known, else a new one."""
        found = disk.look(path)
        if found is None or not names.legal(name) or not _is_text(name):
            return None
        fold = names.fold(name)
        assert folder.children is not None
        if fold in folder.children:
            return None  # a twin by case: the service could not hold it
        is_folder = stat.S_ISDIR(found.st_mode)
        node = self._moved_here(found, is_folder)
        if node is None:
            node = self.new_node(folder, name, is_folder)
            node.created = node.written = ticks.from_ns(found.st_mtime_ns)
            self._take_signature(node, path, found)
        node.name, node.disk, node.parent, node.up = name, "", folder.key, folder
        node.changed = self._clock.next()
        self._attach(folder, node)
        return node

    def _moved_here(self, found: os.stat_result, is_folder: bool) -> Node | None:
        """Returns the node that had this inode, if it is gone from where it was."""
        node = self._graves.pop(found.st_ino, None)
        if node is None:
            node = self._by_inode.get(found.st_ino)
            if node is not None and node.up is not None:
                there = disk.look(self.path_of(node))
                if there is not None and there.st_ino == found.st_ino:
                    return None  # a hard link: two names, two nodes
        if node is None or node.folder != is_folder:
            return None
        if not is_folder and (node.size, node.mtime) != (found.st_size, found.st_mtime_ns):
            return None
        if node.up is not None and node.up.children is not None and node.up.children.get(node.fold) is node:
            self._detach(node)
        return node

    def _rewritten(self, node: Node, path: str, found: os.stat_result) -> None:
        """Notes that someone wrote to the file on disk."""
        node.written = ticks.from_ns(found.st_mtime_ns)
        node.changed = self._clock.next()
        self._take_signature(node, path, found)
        self._catalog.save(node)

    def _replaced(self, folder: Node, child: Node, path: str) -> None:
        """Notes that another file or folder now has the child's name."""
        lease = child.lease
        self._forget(folder, child)
        node = self._arrive(folder, child.on_disk, path)
        if node is not None:
            node.lease = lease if not node.folder else None
            self._catalog.save(node)

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

    def _forget(self, folder: Node, child: Node) -> None:
        self._detach(child)
        self._graves[child.inode] = child
        while len(self._graves) > _GRAVES:
            _, oldest = self._graves.popitem(last=False)
            if oldest.up is None or (oldest.up.children or {}).get(oldest.fold) is not oldest:
                self._catalog.drop(oldest)

    # changing

    def new_node(self, folder: Node, name: str, is_folder: bool) -> Node:
        """Makes a node with a new id; it is nowhere until it is written."""
        key, now = self._catalog.new_key(), self._clock.next()
        node = Node(key, folder.key, name, is_folder, _ID_BASE + (key << 14), now, now, now, accessed=now)
        node.disk = "" if disk_name(name) == name else disk_name(name)
        node.attributes = "Directory" if is_folder else "Archive"
        return node

    def write_whole(self, place: Place, node: Node, content: bytes, size: int) -> None:
        """Puts a file in place, new or over the one that is there."""
        assert place.parent is not None
        current = self._is_current(place.parent, place.path)
        self._sign(node, disk.put_whole(self._temporary, place.path, content, size, ticks.to_ns(node.written)))
        self._attach(place.parent, node)
        self._save(place.parent, node, place.path, current)

    def write_range(self, place: Place, node: Node, start: int, content: bytes) -> None:
        """Writes into a file."""
        self._sign(node, disk.write_range(place.path, start, content, ticks.to_ns(node.written)))
        self._catalog.save(node)

    def clear_range(self, place: Place, node: Node, start: int, length: int) -> None:
        """Writes zeros into a file."""
        self._sign(node, disk.clear_range(place.path, start, length, ticks.to_ns(node.written)))
        self._catalog.save(node)

    def resize(self, place: Place, node: Node, size: int) -> None:
        """Cuts or extends a file."""
        self._sign(node, disk.resize(place.path, size, ticks.to_ns(node.written)))
        self._catalog.save(node)

    def copy_whole(self, place: Place, node: Node, source: str) -> None:
        """Puts a copy of another file in place."""
        assert place.parent is not None
        current = self._is_current(place.parent, place.path)
        self._sign(node, disk.copy_whole(self._temporary, source, place.path, ticks.to_ns(node.written)))
        self._attach(place.parent, node)
        self._save(place.parent, node, place.path, current)

    def update(self, place: Place, node: Node) -> None:
        """Keeps what changed in a node, and the time of last write on disk."""
        if not node.folder:
            self._sign(node, disk.stamp(place.path, ticks.to_ns(node.written)))
        self._catalog.save(node)

    def note(self, node: Node) -> None:
        """Keeps what changed in a node and is not on disk (a lease)."""
        self._catalog.save(node)

    def make_folder(self, place: Place, node: Node) -> None:
        """Creates a folder."""
        assert place.parent is not None
        current = self._is_current(place.parent, place.path)
        os.mkdir(place.path)
        node.inode = os.lstat(place.path).st_ino
        self._attach(place.parent, node)
        self._save(place.parent, node, place.path, current)

    def remove(self, place: Place) -> None:
        """Deletes a file, or a folder that the service sees as empty."""
        assert place.parent is not None and place.node is not None
        current = self._is_current(place.parent, place.path)
        if place.node.folder:
            try:
                os.rmdir(place.path)
            except OSError as error:
                raise Refused("DirectoryNotEmpty") from error
        else:
            os.unlink(place.path)
        self._detach(place.node)
        self._by_inode.pop(place.node.inode, None)
        self._catalog.drop(place.node)
        self._remember(place.parent, place.path, current)

    def move(self, source: Place, target: Place) -> None:
        """Renames; whatever file is at the target is replaced. The node keeps its id."""
        node = source.node
        assert node is not None and source.parent is not None and target.parent is not None
        current = self._is_current(source.parent, source.path), self._is_current(target.parent, target.path)
        if node.folder and target.node is not None and not target.node.folder:
            os.unlink(target.path)  # no system call puts a folder over a file
        os.replace(source.path, target.path)
        named = f"{os.path.dirname(target.path)}/{disk_name(target.name)}"
        if named != target.path:  # the name's case changes
            os.replace(target.path, named)
        if target.node is not None and target.node is not node:
            self._detach(target.node)
            self._catalog.drop(target.node)
        self._detach(node)
        node.name, node.parent, node.up = target.name, target.parent.key, target.parent
        node.disk = "" if disk_name(node.name) == node.name else disk_name(node.name)
        self._attach(target.parent, node)
        self._catalog.save(node)
        self._remember(source.parent, source.path, current[0])
        self._remember(target.parent, target.path, current[1])

    def _sign(self, node: Node, found: Signature) -> None:
        if node.inode != found.inode:
            self._by_inode.pop(node.inode, None)
        node.size, node.mtime, node.inode, node.crc = found.size, found.mtime, found.inode, None

    def _save(self, folder: Node, node: Node, path: str, current: bool) -> None:
        self._catalog.save(node)
        self._remember(folder, path, current)

    def _is_current(self, folder: Node, path: str) -> bool:
        return self._mtime(os.path.dirname(path)) == folder.seen

    def _remember(self, folder: Node, path: str, current: bool) -> None:
        """After an own change: the folder's new mtime is known, unless someone else's change came before it."""
        folder.settled = False
        if current:
            folder.seen = self._mtime(os.path.dirname(path))

    def _attach(self, folder: Node, node: Node) -> None:
        assert folder.children is not None
        fold = node.fold
        if fold not in folder.children and folder.order is not None:
            insort(folder.order, fold)
        folder.children[fold] = node
        node.up = folder
        self._by_inode[node.inode] = node

    def _detach(self, node: Node) -> None:
        folder = node.up
        if folder is None or folder.children is None or folder.children.get(node.fold) is not node:
            return
        del folder.children[node.fold]
        if folder.order is not None:
            del folder.order[bisect_left(folder.order, node.fold)]
        if self._by_inode.get(node.inode) is node:
            del self._by_inode[node.inode]


def disk_name(name: str) -> str:
    """Returns a name's form on disk: itself, unless its UTF-8 is longer than file systems take."""
    encoded = name.encode("utf-8")
    if len(encoded) <= names.MAX_COMPONENT:
        return name
    digest = f"~{names.digest(name)}"
    return encoded[: names.MAX_COMPONENT - len(digest)].decode("utf-8", "ignore") + digest


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
