"""Shares and the folder that holds them: which exist, where their files are, what the service keeps about each.

What belongs here: the life of a share (created, adopted from disk, deleted, gone). Its files are ``tree``'s.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from flowsync.emulator import names
from flowsync.emulator.refusal import Refused
from flowsync.emulator.store.catalog import Catalog
from flowsync.emulator.store.index import Index
from flowsync.emulator.store.node import Lease, Node
from flowsync.emulator.store.tree import Tree
from flowsync.emulator.ticks import Clock

INSIDE = ".flowsync-emulator"
"""The dot-folder below the data folder: catalogue, temporaries, snapshots, deleted shares."""


@dataclass(slots=True, eq=False)
class Share:
    """One share (or one snapshot of it, or one that is deleted), and its files."""

    key: int
    account: str
    name: str
    folder: str  # below the data folder
    changed: int
    quota: int = 5120
    metadata: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)  # what set properties keeps, by header name
    policies: list[dict[str, str]] = field(default_factory=list)
    permissions: dict[str, str] = field(default_factory=dict)  # key -> SDDL
    lease: Lease | None = None
    snapshot: str = ""
    taken: int = 0  # the tick of the last snapshot of this share, or of this snapshot
    deleted: int = 0
    version: str = ""  # of a deleted share
    tree: Tree = field(init=False)

    def record(self) -> dict[str, Any]:
        """Returns what the catalogue keeps."""
        row = {
            item.name: getattr(self, item.name) for item in fields(self) if item.name not in ("key", "tree", "lease")
        }
        return {**row, "lease": asdict(self.lease) if self.lease else None}


class Store:
    """The data folder, open."""

    def __init__(self, data: Path, clock: Clock) -> None:
        self.data = data.resolve()
        self.clock = clock
        inside = self.data / INSIDE
        inside.mkdir(parents=True, exist_ok=True)
        self.temporary = inside / "tmp"
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()
        self.catalog = Catalog(inside / "catalog.sqlite")
        self._shares: dict[tuple[str, str, str], Share] = {}
        self.deleted: list[Share] = []
        for key, record in self.catalog.shares():
            self._take(key, record)

    def share(self, account: str, name: str, snapshot: str = "") -> Share:
        """Finds a share, adopting a folder that someone made on disk; raises Refused."""
        found = self._shares.get((account, name, snapshot))
        if found is None and not snapshot and names.share_is_legal(name) and (self.data / account / name).is_dir():
            found = self._new(account, name)
        if found is None:
            raise Refused(
                "ShareSnapshotNotFound" if snapshot and (account, name, "") in self._shares else "ShareNotFound"
            )
        return found

    def exists(self, account: str, name: str) -> bool:
        """Tells whether there is such a share."""
        try:
            share = self.share(account, name)
        except Refused:
            return False
        if (self.data / share.folder).is_dir():
            return True
        self.discard(share)
        return False

    def create(self, account: str, name: str) -> Share:
        """Makes an empty share."""
        if self.exists(account, name):
            raise Refused("ShareAlreadyExists")
        folder = self.data / account / name
        folder.mkdir(parents=True)
        return self._new(account, name)

    def policies(self, account: str, name: str) -> list[dict[str, str]]:
        """Returns the stored access policies of a share, none if there is no such share."""
        share = self._shares.get((account, name, ""))
        return share.policies if share else []

    def used_bytes(self, share: Share) -> int:
        """Returns the size of all files of a share."""
        files = (path for path in (self.data / share.folder).rglob("*") if path.is_file() and not path.is_symlink())
        return sum(path.stat().st_size for path in files)

    def uproot(self, share: Share) -> None:
        """Makes a share be found no more; its folder and rows are the caller's."""
        if self._shares.get((share.account, share.name, share.snapshot)) is share:
            del self._shares[share.account, share.name, share.snapshot]

    def adopt(self, share: Share, root: Node) -> None:
        """Takes in a share whose folder and nodes exist (a snapshot)."""
        self._plant(share, root)
        self.save(share)

    def of(self, account: str) -> Iterator[Share]:
        """Yields the account's shares and snapshots, by name and then time."""
        home = self.data / account
        for folder in home.iterdir() if home.is_dir() else ():
            if names.share_is_legal(folder.name):
                self.exists(account, folder.name)
        for key in sorted(key for key in self._shares if key[0] == account):
            yield self._shares[key]

    def snapshots(self, share: Share) -> list[Share]:
        """Returns the snapshots of a share, oldest first."""
        return [
            other for key, other in sorted(self._shares.items()) if key[:2] == (share.account, share.name) and key[2]
        ]

    def save(self, share: Share) -> None:
        """Keeps what changed in a share."""
        self.catalog.save_share(share.key, share.record())

    def discard(self, share: Share) -> None:
        """Removes a share with its folder and its rows, for good."""
        shutil.rmtree(self.data / share.folder, ignore_errors=True)
        self.catalog.drop(share.tree.index.root)
        self.catalog.drop_share(share.key)
        self.uproot(share)

    def close(self) -> None:
        """Closes the catalogue."""
        self.catalog.close()

    def _new(self, account: str, name: str) -> Share:
        share = Share(self.catalog.new_key(), account, name, f"{account}/{name}", self.clock.next())
        self._plant(share, self._new_root(share))
        self.catalog.save(share.tree.index.root)
        self.save(share)
        return share

    def _new_root(self, share: Share) -> Node:
        now = self.clock.next()
        inode = (self.data / share.folder).stat().st_ino
        return Node(share.key, 0, "", True, 0, now, now, now, accessed=now, attributes="Directory", inode=inode)

    def _plant(self, share: Share, root: Node) -> None:
        share.tree = self._tree(share, root)
        self._shares[share.account, share.name, share.snapshot] = share

    def _tree(self, share: Share, root: Node) -> Tree:
        return Tree(str(self.data / share.folder), Index(root, self.catalog, self.clock), str(self.temporary))

    def _take(self, key: int, record: Mapping[str, Any]) -> None:
        lease = record["lease"]
        share = Share(**{**record, "key": key, "lease": Lease(**lease) if lease else None})
        root = self.catalog.node(key)
        if not (self.data / share.folder).is_dir():
            self.catalog.drop_share(key)
        elif share.deleted:
            share.tree = self._tree(share, root or self._new_root(share))
            self.deleted.append(share)
        else:
            self._plant(share, root or self._new_root(share))
