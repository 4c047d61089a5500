# These calls are the hot path, and pathlib would double their cost.
# ruff: noqa: PTH102, PTH105, PTH106, PTH108, PTH120
"""Changes to one share's files, on disk first and then in the catalogue: a kill in between looks like an edit on disk.

What belongs here: each change as one step, with the folder's new mtime noted, so that an own change is not taken for
someone else's. Whether a change is allowed is the operations' to say.
"""

import os

from flowsync.emulator import ticks
from flowsync.emulator.refusal import Refused
from flowsync.emulator.store import disk
from flowsync.emulator.store.disk import Signature
from flowsync.emulator.store.index import disk_name
from flowsync.emulator.store.node import Node
from flowsync.emulator.store.tree import Place, Tree


def write_whole(tree: Tree, place: Place, node: Node, content: bytes, size: int) -> None:
    """Puts a file in place, new or over the one that is there."""
    current = _is_current(tree, place)
    _sign(tree, node, disk.put_whole(tree.temporary, place.path, content, size, ticks.to_ns(node.written)))
    _put(tree, place, node, current)


def copy_whole(tree: Tree, place: Place, node: Node, source: str) -> None:
    """Puts a copy of another file in place."""
    current = _is_current(tree, place)
    _sign(tree, node, disk.copy_whole(tree.temporary, source, place.path, ticks.to_ns(node.written)))
    _put(tree, place, node, current)


def write_range(tree: Tree, place: Place, node: Node, start: int, content: bytes) -> None:
    """Writes into a file."""
    _sign(tree, node, disk.write_range(place.path, start, content, ticks.to_ns(node.written)))
    tree.index.catalog.save(node)


def clear_range(tree: Tree, place: Place, node: Node, start: int, length: int) -> None:
    """Writes zeros into a file."""
    _sign(tree, node, disk.clear_range(place.path, start, length, ticks.to_ns(node.written)))
    tree.index.catalog.save(node)


def resize(tree: Tree, place: Place, node: Node, size: int) -> None:
    """Cuts or extends a file."""
    _sign(tree, node, disk.resize(place.path, size, ticks.to_ns(node.written)))
    tree.index.catalog.save(node)


def update(tree: Tree, place: Place, node: Node) -> None:
    """Keeps what changed in a node, and the time of last write on disk."""
    if not node.folder:
        _sign(tree, node, disk.stamp(place.path, ticks.to_ns(node.written)))
    tree.index.catalog.save(node)


def note(tree: Tree, node: Node) -> None:
    """Keeps what changed in a node and is not on disk (a lease)."""
    tree.index.catalog.save(node)


def make_folder(tree: Tree, place: Place, node: Node) -> None:
    """Creates a folder."""
    current = _is_current(tree, place)
    os.mkdir(place.path)
    node.inode = os.lstat(place.path).st_ino
    _put(tree, place, node, current)


def remove(tree: Tree, place: Place) -> None:
    """Deletes a file, or a folder that the service sees as empty."""
    assert place.parent is not None and place.node is not None
    current = _is_current(tree, place)
    if place.node.folder:
        try:
            os.rmdir(place.path)
        except OSError as error:
            raise Refused("DirectoryNotEmpty") from error
    else:
        os.unlink(place.path)
    tree.index.drop(place.node)
    _remember(tree, place, current)


def move(tree: Tree, source: Place, target: Place) -> None:
    """Renames; whatever file is at the target is replaced. The node keeps its id."""
    node = source.node
    assert node is not None and source.parent is not None and target.parent is not None
    current = _is_current(tree, source), _is_current(tree, target)
    if node.folder and target.node is not None and not target.node.folder:
        os.unlink(target.path)  # no system call puts a folder over a file
    os.replace(source.path, target.path)
    on_disk = disk_name(target.name)
    named = f"{os.path.dirname(target.path)}/{on_disk}"
    if named != target.path:  # the name's case changes
        os.replace(target.path, named)
    if target.node is not None and target.node is not node:
        tree.index.drop(target.node)
    tree.index.detach(node)
    node.name, node.disk = target.name, "" if on_disk == target.name else on_disk
    tree.index.attach(target.parent, node)
    tree.index.catalog.save(node)
    _remember(tree, source, current[0])
    _remember(tree, target, current[1])


def _put(tree: Tree, place: Place, node: Node, current: bool) -> None:
    assert place.parent is not None
    tree.index.attach(place.parent, node)
    tree.index.catalog.save(node)
    _remember(tree, place, current)


def _sign(tree: Tree, node: Node, found: Signature) -> None:
    tree.index.renumbered(node, found.inode)
    node.size, node.mtime, node.crc = found.size, found.mtime, None


def _is_current(tree: Tree, place: Place) -> bool:
    """Tells whether nobody else has changed the place's folder since its names were read."""
    assert place.parent is not None
    return tree.mtime(os.path.dirname(place.path)) == place.parent.seen


def _remember(tree: Tree, place: Place, current: bool) -> None:
    """After an own change: the folder's new mtime is known, unless someone else's change came before it."""
    assert place.parent is not None
    place.parent.settled = False
    if current:
        place.parent.seen = tree.mtime(os.path.dirname(place.path))
