"""The catalogue: one sqlite file with what real files cannot hold (ids, times, leases, metadata, permissions).

What belongs here: SQL, and nothing else in the emulator has any. Each write is its own transaction in write-ahead
mode without fsync: it survives the death of this process, though not of the machine.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flowsync.emulator.store import node as nodes
from flowsync.emulator.store.node import Node
from flowsync.errors import FlowsyncError

SCHEMA = 1
_TABLES = """
create table if not exists node (key integer primary key, parent integer not null, record text not null);
create index if not exists node_parent on node (parent);
create table if not exists share (key integer primary key, record text not null);
create table if not exists setting (name text primary key, value text not null);
create table if not exists record (kind text, name text, record text not null, primary key (kind, name));
"""


class FolderInUse(FlowsyncError):
    """Another emulator has this data folder open."""


class Catalog:
    """The sqlite file, open for this process alone."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1)
        try:
            self._db.execute("pragma locking_mode=exclusive")
            self._db.execute("pragma journal_mode=wal")
            self._db.execute("pragma synchronous=off")
            self._db.executescript(_TABLES)
        except sqlite3.OperationalError as error:
            self._db.close()
            raise FolderInUse(
                f"The data folder {path.parent.parent} is in use by another emulator.",
                "Choose another with --data DIR.",
            ) from error
        self._next = (
            self._db.execute(
                "select max(m) from (select max(key) m from node union select max(key) from share)"
            ).fetchone()[0]
            or 0
        )

    def new_key(self) -> int:
        """Returns a row number that was never used."""
        self._next += 1
        return self._next

    def save(self, node: Node) -> None:
        """Writes one node."""
        self._db.execute("insert or replace into node values (?, ?, ?)", (node.key, node.parent, nodes.dump(node)))

    def save_all(self, many: list[Node]) -> None:
        """Writes many nodes in one transaction."""
        self._db.execute("begin")
        self._db.executemany(
            "insert or replace into node values (?, ?, ?)", [(n.key, n.parent, nodes.dump(n)) for n in many]
        )
        self._db.execute("commit")

    def drop(self, node: Node) -> None:
        """Removes one node's row, and those below it."""
        if node.folder:
            for row in self._db.execute(
                "select key, parent, record from node where parent = ?", (node.key,)
            ).fetchall():
                self.drop(nodes.load(*row))
        self._db.execute("delete from node where key = ?", (node.key,))

    def children(self, key: int) -> list[Node]:
        """Reads the nodes of a folder."""
        rows = self._db.execute("select key, parent, record from node where parent = ?", (key,))
        return [nodes.load(*row) for row in rows]

    def node(self, key: int) -> Node | None:
        """Reads one node."""
        row = self._db.execute("select key, parent, record from node where key = ?", (key,)).fetchone()
        return nodes.load(*row) if row else None

    def save_share(self, key: int, record: dict[str, Any]) -> None:
        """Writes one share's record."""
        self._db.execute("insert or replace into share values (?, ?)", (key, json.dumps(record)))

    def drop_share(self, key: int) -> None:
        """Removes one share's record; its nodes are the caller's."""
        self._db.execute("delete from share where key = ?", (key,))

    def shares(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yields every share's record."""
        for key, record in self._db.execute("select key, record from share order by key").fetchall():
            yield key, json.loads(record)

    def setting(self, name: str) -> Any:
        """Reads a setting, None if it was never set."""
        row = self._db.execute("select value from setting where name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def set(self, name: str, value: Any) -> None:
        """Writes a setting."""
        self._db.execute("insert or replace into setting values (?, ?)", (name, json.dumps(value)))

    def record(self, kind: str, name: str) -> dict[str, Any] | None:
        """Reads one record of a kind, None if there is none of this name."""
        row = self._db.execute("select record from record where kind = ? and name = ?", (kind, name)).fetchone()
        return json.loads(row[0]) if row else None

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Reads all records of a kind, in the order they were first kept."""
        return [record for _, record in self.keyed_records(kind)]

    def keyed_records(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """Reads all records of a kind with their names, in the order they were first kept."""
        rows = self._db.execute("select name, record from record where kind = ? order by rowid", (kind,))
        return [(name, json.loads(text)) for name, text in rows]

    def keep(self, kind: str, name: str, record: dict[str, Any]) -> None:
        """Writes a record, new or changed."""
        self._db.execute(
            "insert into record values (?, ?, ?) on conflict (kind, name) do update set record = excluded.record",
            (kind, name, json.dumps(record)),
        )

    def close(self) -> None:
        """Closes the file."""
        self._db.close()
