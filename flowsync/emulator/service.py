"""What every operation works on: the store, the clock, the accounts and the neighbours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flowsync.emulator.blobs.store import Blobs
from flowsync.emulator.refusal import Refused
from flowsync.emulator.smb import MAX_FLUSH, Neighbours
from flowsync.emulator.store.node import Node
from flowsync.emulator.store.share import Share, Store
from flowsync.emulator.store.tree import Place
from flowsync.emulator.ticks import Clock
from flowsync.emulator.wire import Call
from flowsync.emulator.workspace.state import Workspaces

MAX_BODY = 4 << 20


@dataclass(slots=True)
class Service:
    """One emulated Azure Files service: several accounts, one data folder; and the workspaces that keep files there."""

    store: Store
    clock: Clock
    accounts: Mapping[str, bytes]
    workspaces: Workspaces
    blobs: Blobs
    neighbours: Neighbours = field(default_factory=Neighbours)
    opaque_tokens: bool = False
    later: Callable[[float, Callable[[], None]], object] = lambda seconds, call: call()

    def share(self, call: Call, writes: bool = False) -> Share:
        """Finds the share (or snapshot) that a call names; a snapshot takes no writes."""
        snapshot = call.query.get("sharesnapshot", "")
        if snapshot and writes:
            raise Refused("ShareSnapshotOperationNotSupported")
        return self.store.share(call.target.account, call.target.share, snapshot)

    def settle(self, call: Call, node: Node) -> None:
        """Makes SMB clients give up what they cache of a file; the request waits for them as long as it may."""
        text = call.query.get("timeout", "")
        self.neighbours.settle(node, self.clock, call.waited, float(text) if text.isdigit() else MAX_FLUSH)

    def file(self, call: Call, share: Share) -> tuple[Place, Node]:
        """Finds the file that a call names."""
        place = share.tree.locate(call.parts)
        return place, expect(place, folder=False)

    def folder(self, call: Call, share: Share) -> tuple[Place, Node]:
        """Finds the folder that a call names."""
        place = share.tree.locate(call.parts)
        return place, expect(place, folder=True)


def expect(place: Place, folder: bool) -> Node:
    """Returns the place's node if it is of the right kind."""
    if place.node is None:
        raise Refused("ResourceNotFound" if place.parent is not None else "ParentNotFound")
    if place.node.folder != folder:
        raise Refused("ResourceNotFound" if not place.name else "ResourceTypeMismatch")
    return place.node
