"""What is known of one share's files: the nodes in memory, by folder and name and by inode, and those lately lost.

What belongs here: bookkeeping and the catalogue's rows behind it. Nothing here looks at the disk.
"""

from bisect import bisect_left, insort
from collections import OrderedDict

from flowsync.emulator import names
from flowsync.emulator.store.catalog import Catalog
from flowsync.emulator.store.node import Node
from flowsync.emulator.ticks import Clock

_GRAVES = 10_000
_ID_BASE = 0xC000_8000_0000_0000


class Index:
    """The nodes of one share, or of one snapshot."""

    def __init__(self, root: Node, catalog: Catalog, clock: Clock) -> None:
        self.root = root
        self.catalog = catalog
        self.clock = clock
        self._by_inode: dict[int, Node] = {}
        self._graves: OrderedDict[int, Node] = OrderedDict()

    def load(self, folder: Node) -> dict[str, Node]:
        """Returns a folder's nodes by folded name, read from the catalogue the first time."""
        if folder.children is None:
            folder.children = {}
            for node in sorted(self.catalog.children(folder.key), key=lambda node: node.key):
                older = folder.children.get(node.fold)
                if older is not None:
                    self.catalog.drop(older)
                folder.children[node.fold] = node
                node.up = folder
                self._by_inode[node.inode] = node
        return folder.children

    def new_node(self, folder: Node, name: str, is_folder: bool) -> Node:
        """Makes a node with a new id; it is nowhere until it is attached."""
        key, now = self.catalog.new_key(), self.clock.next()
        node = Node(key, folder.key, name, is_folder, _ID_BASE + (key << 14), now, now, now, accessed=now)
        node.disk = "" if disk_name(name) == name else disk_name(name)
        node.attributes = "Directory" if is_folder else "Archive"
        return node

    def attach(self, folder: Node, node: Node) -> None:
        """Puts a node into a folder."""
        assert folder.children is not None
        fold = node.fold
        if fold not in folder.children and folder.order is not None:
            insort(folder.order, fold)
        folder.children[fold] = node
        node.parent, node.up = folder.key, folder
        self._by_inode[node.inode] = node

    def detach(self, node: Node) -> None:
        """Takes a node out of its folder."""
        folder = node.up
        if folder is None or folder.children is None or folder.children.get(node.fold) is not node:
            return
        del folder.children[node.fold]
        if folder.order is not None:
            del folder.order[bisect_left(folder.order, node.fold)]
        if self._by_inode.get(node.inode) is node:
            del self._by_inode[node.inode]

    def drop(self, node: Node) -> None:
        """Forgets a node for good."""
        self.detach(node)
        self.catalog.drop(node)

    def lose(self, node: Node) -> None:
        """Takes out a node whose file is gone from its place; it may turn up elsewhere."""
        self.detach(node)
        self._graves[node.inode] = node
        while len(self._graves) > _GRAVES:
            _, oldest = self._graves.popitem(last=False)
            if oldest.up is None or (oldest.up.children or {}).get(oldest.fold) is not oldest:
                self.catalog.drop(oldest)

    def lost(self, inode: int) -> Node | None:
        """Returns, once, the lost node that had this inode."""
        return self._graves.pop(inode, None)

    def at(self, inode: int) -> Node | None:
        """Returns the node that has this inode."""
        return self._by_inode.get(inode)

    def renumbered(self, node: Node, inode: int) -> None:
        """Notes that a node's file has another inode."""
        if node.inode != inode:
            if self._by_inode.get(node.inode) is node:
                del self._by_inode[node.inode]
            node.inode = inode


def disk_name(name: str) -> str:
    """Returns a name's form on disk: itself, unless its UTF-8 is longer than file systems take."""
    encoded = name.encode("utf-8")
    if len(encoded) <= names.MAX_COMPONENT:
        return name
    digest = f"~{names.digest(name)}"
    return encoded[: names.MAX_COMPONENT - len(digest)].decode("utf-8", "ignore") + digest


def is_text(name: str) -> bool:
    """Tells whether a name from disk is text (file systems hold any bytes)."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
