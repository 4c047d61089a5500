"""Snapshots: a share's files copied to a folder of their own, with the same ids and times, read only from then on."""

from dataclasses import replace
from pathlib import Path

from flowsync.emulator import ticks
from flowsync.emulator.store import disk
from flowsync.emulator.store.node import Node
from flowsync.emulator.store.share import INSIDE, Share, Store


def take(store: Store, share: Share, metadata: dict[str, str]) -> Share:
    """Copies a share as it is now. The snapshot's id is a whole second that no snapshot of it has."""
    now = store.clock.next()
    taken = [ticks.parse_iso(other.snapshot) for other in store.snapshots(share)]
    second = max([now, *(one + ticks.PER_SECOND for one in taken)]) // ticks.PER_SECOND * ticks.PER_SECOND
    name = ticks.iso(second)
    folder = f"{INSIDE}/snapshots/{share.account}/{share.name}/{name.replace(':', '')}"
    (store.data / folder).mkdir(parents=True)
    copy = replace(
        share,
        key=store.catalog.new_key(),
        folder=folder,
        metadata=metadata or dict(share.metadata),
        properties=dict(share.properties),
        policies=list(share.policies),
        permissions=dict(share.permissions),
        lease=None,
        snapshot=name,
        taken=now,
    )
    root = _clone(store, share.tree.index.root, 0, store.data / folder, copy.key)
    nodes = [root]
    _copy(store, share, (), root, store.data / folder, nodes)
    store.catalog.save_all(nodes)
    store.adopt(copy, root)
    share.taken = now
    store.save(share)
    return copy


def _copy(store: Store, share: Share, parts: tuple[str, ...], into: Node, folder: Path, nodes: list[Node]) -> None:
    place = share.tree.locate(parts)
    if place.node is None or not place.node.folder:
        return  # gone while the copy went on
    children, order = share.tree.children(place)
    for node in [children[fold] for fold in order]:
        source, target = f"{place.path}/{node.on_disk}", folder / node.on_disk
        if not share.tree.fresh(node, source):
            continue
        if node.folder:
            target.mkdir()
        else:
            disk.copy_whole(str(store.temporary), source, str(target), node.mtime)
        clone = _clone(store, node, into.key, target, store.catalog.new_key())
        nodes.append(clone)
        if node.folder:
            _copy(store, share, (*parts, node.name), clone, target, nodes)


def _clone(store: Store, node: Node, parent: int, target: Path, key: int) -> Node:
    found = target.lstat()
    return replace(
        node,
        key=key,
        parent=parent,
        headers=dict(node.headers),
        metadata=dict(node.metadata),
        spans=[replace(span) for span in node.spans],
        copy=dict(node.copy),
        lease=None,
        mtime=found.st_mtime_ns,
        inode=found.st_ino,
        up=None,
        children=None,
        order=None,
        seen=-1,
        settled=False,
        crc=None,
        shown=None,
    )
