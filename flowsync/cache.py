"""What was last observed on the share, in one SQLite file under ``.git/flowsync/``. Always safe to delete.

It saves requests and lets ``status`` answer without the share; refs alone decide what is so. A cache of another
version, or a damaged one, is thrown away and begun anew.
"""

import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Self

from flowsync.closing import Closing
from flowsync.core.plan import Hold
from flowsync.core.tree import Blob, FlowName, Path, Problem, Seen, Version
from flowsync.errors import RepositoryError

_SCHEMA = 3
_LONGEST = 512  # bytes of a path, for SQLite
_AT_ONCE = 500  # values in one statement
_TABLES = """
CREATE TABLE seen (remote TEXT, flow TEXT, path TEXT, etag TEXT, size INTEGER, written TEXT, file_id TEXT, blob TEXT,
    PRIMARY KEY (remote, flow, path)) WITHOUT ROWID;
CREATE TABLE flows (remote TEXT, flow TEXT, observation TEXT, PRIMARY KEY (remote, flow)) WITHOUT ROWID;
CREATE TABLE remotes (remote TEXT PRIMARY KEY, observed_at TEXT, share TEXT) WITHOUT ROWID;
CREATE TABLE findings (tree TEXT, rules TEXT, errors INTEGER, warnings INTEGER,
    PRIMARY KEY (tree, rules)) WITHOUT ROWID;
CREATE TABLE walked (folder TEXT PRIMARY KEY, since TEXT, tip TEXT) WITHOUT ROWID;
CREATE TABLE states (folder TEXT, tree TEXT, at TEXT, PRIMARY KEY (folder, tree)) WITHOUT ROWID;
CREATE TABLE complete (blob TEXT PRIMARY KEY) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Observation:
    """What the last look at one flow found beside its files.

    ``fingerprint`` names the listing and ``tracking`` the commit that it became, so that an equal listing needs no
    comparison. ``hold`` says why the look was not believed yet, ``problems`` which paths cannot be synced.
    """

    fingerprint: str = ""
    tracking: str = ""
    last_write: str = ""
    hold: Hold | None = None
    problems: Mapping[Path, Problem] = field(default_factory=dict)

    def to_json(self) -> str:
        """Returns the observation as one line of JSON."""
        hold = [self.hold.reason, self.hold.hint] if self.hold else None
        problems = {path: [problem.reason, problem.hint] for path, problem in self.problems.items()}
        return json.dumps([self.fingerprint, self.tracking, self.last_write, hold, problems])

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Returns the observation that ``to_json`` wrote."""
        fingerprint, tracking, last_write, hold, problems = json.loads(line)
        return cls(
            fingerprint,
            tracking,
            last_write,
            Hold(*hold) if hold else None,
            {Path(path): Problem(*parts) for path, parts in problems.items()},
        )


class Cache(Closing):
    """The cache of one repository, shared by its worktrees and by the commands that run at the same time."""

    def __init__(self, folder: FilePath) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "cache.db"
        try:
            self._db = self._open()
        except sqlite3.OperationalError as error:  # locked, or not writable: no reason to throw it away
            hint = "check who may write there"
            if len(os.fsencode(self._path)) > _LONGEST:
                hint = f"move the repository: SQLite takes paths of up to {_LONGEST} bytes"
            raise RepositoryError(f"the cache {self._path} cannot be used: {error}", hint) from error
        except sqlite3.DatabaseError:
            self._forget()
            self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=30)
        try:
            db.execute("PRAGMA synchronous = OFF")  # a cache that a power cut tears is thrown away
            if db.execute("PRAGMA user_version").fetchone() != (_SCHEMA,):
                self._begin(db)
            if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("a damaged cache")
        except BaseException:
            db.close()
            raise
        return db

    @staticmethod
    def _begin(db: sqlite3.Connection) -> None:
        """Makes the tables, unless another command does so at this very moment."""
        with db:
            db.execute("BEGIN IMMEDIATE")
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version == _SCHEMA:
                return
            if version or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise sqlite3.DatabaseError("another version's cache")
            for table in _TABLES.split(";"):
                db.execute(table)
            db.execute(f"PRAGMA user_version = {_SCHEMA}")

    @property
    def files(self) -> tuple[FilePath, ...]:
        """Returns the files that change with what is in the cache."""
        return tuple(self._path.with_name(self._path.name + suffix) for suffix in ("", "-journal", "-wal", "-shm"))

    def _forget(self) -> None:
        for file in self.files:
            with suppress(FileNotFoundError):
                file.unlink()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Makes all writes inside one transaction; the outermost one commits."""
        if self._db.in_transaction:
            yield
            return
        with self._db:
            self._db.execute("BEGIN")
            yield

    def seen(self, remote: str, flow: FlowName) -> dict[Path, Seen]:
        """Returns the flow's files as last seen on the share."""
        rows = self._db.execute(
            "SELECT path, etag, size, written, file_id, blob FROM seen WHERE remote = ? AND flow = ?", (remote, flow)
        )
        return {
            Path(path): Seen(Version(etag, size, written, file_id), Blob(blob))
            for path, etag, size, written, file_id, blob in rows
        }

    def with_ids(self, remote: str, ids: Collection[str]) -> dict[str, tuple[FlowName, Path, Seen]]:
        """Returns the files that were last seen under these ids of the share, and where."""
        found: dict[str, tuple[FlowName, Path, Seen]] = {}
        wanted = sorted(ids)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            rows = self._db.execute(
                "SELECT flow, path, etag, size, written, file_id, blob FROM seen WHERE remote = ? "
                f"AND file_id IN ({', '.join('?' * len(some))})",
                (remote, *some),
            )
            for flow, path, etag, size, written, file_id, blob in rows:
                seen = Seen(Version(etag, size, written, file_id), Blob(blob))
                found[file_id] = (FlowName(flow), Path(path), seen)
        return found

    def see(self, remote: str, flow: FlowName, files: Mapping[Path, Seen]) -> None:
        """Replaces what is known of the flow's files."""
        with self.together():
            self._db.execute("DELETE FROM seen WHERE remote = ? AND flow = ?", (remote, flow))
            self._db.executemany(
                "INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(remote, flow, path, *_columns(file)) for path, file in files.items()],
            )

    def acknowledge(self, remote: str, flow: FlowName, path: Path, file: Seen | None) -> None:
        """Records what one write left on the share; None after a removal."""
        with self.together():
            if file is None:
                self._db.execute("DELETE FROM seen WHERE remote = ? AND flow = ? AND path = ?", (remote, flow, path))
            else:
                self._db.execute(
                    "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (remote, flow, path, *_columns(file))
                )

    def observations(self, remote: str) -> dict[FlowName, Observation]:
        """Returns the last observation of every flow of a remote."""
        rows = self._db.execute("SELECT flow, observation FROM flows WHERE remote = ?", (remote,))
        return {FlowName(flow): Observation.from_json(line) for flow, line in rows}

    def observe(self, remote: str, flow: FlowName, observation: Observation | None) -> None:
        """Records the last observation of a flow; None forgets the flow and its files."""
        with self.together():
            if observation is None:
                self._db.execute("DELETE FROM flows WHERE remote = ? AND flow = ?", (remote, flow))
                self._db.execute("DELETE FROM seen WHERE remote = ? AND flow = ?", (remote, flow))
            else:
                self._db.execute("INSERT OR REPLACE INTO flows VALUES (?, ?, ?)", (remote, flow, observation.to_json()))

    def observed(self, remote: str) -> list[FlowName]:
        """Returns the flows that an observation is kept of."""
        return [FlowName(flow) for (flow,) in self._db.execute("SELECT flow FROM flows WHERE remote = ?", (remote,))]

    def looked(self, remote: str, at: str, share: str) -> None:
        """Records when the whole remote was last looked at (RFC 3339), and which share it was."""
        with self.together():
            self._db.execute("INSERT OR REPLACE INTO remotes VALUES (?, ?, ?)", (remote, at, share))

    def last_look(self, remote: str) -> tuple[str, str] | None:
        """Returns when the whole remote was last looked at and which share it was, or None."""
        row = self._db.execute("SELECT observed_at, share FROM remotes WHERE remote = ?", (remote,)).fetchone()
        return (row[0], row[1]) if row else None

    def findings(self, tree: str, rules: str) -> tuple[int, int] | None:
        """Returns how many errors and warnings a tree had under these rules, or None if it was not checked."""
        row = self._db.execute(
            "SELECT errors, warnings FROM findings WHERE tree = ? AND rules = ?", (tree, rules)
        ).fetchone()
        return (row[0], row[1]) if row else None

    def found(self, tree: str, rules: str, errors: int, warnings: int) -> None:
        """Records how many errors and warnings a tree has under these rules."""
        with self.together():
            self._db.execute("INSERT OR REPLACE INTO findings VALUES (?, ?, ?, ?)", (tree, rules, errors, warnings))

    def complete(self) -> set[str]:
        """Returns the definitions (blob ids) that are known to take in nothing from outside of their folder."""
        return {blob for (blob,) in self._db.execute("SELECT blob FROM complete")}

    def is_complete(self, blob: str) -> None:
        """Records that a definition takes in nothing."""
        with self.together():
            self._db.execute("INSERT OR IGNORE INTO complete VALUES (?)", (blob,))

    def walked(self, folder: str, since: str) -> str:
        """Returns the tip from which history was walked down to ``since`` for the states of a folder, or ""."""
        row = self._db.execute("SELECT tip FROM walked WHERE folder = ? AND since = ?", (folder, since)).fetchone()
        return str(row[0]) if row else ""

    def walk(self, folder: str, since: str, tip: str, states: Mapping[str, str], more: bool) -> None:
        """Records the states (tree -> commit) that a walk found, with what was known if these are ``more``."""
        with self.together():
            if not more:
                self._db.execute("DELETE FROM states WHERE folder = ?", (folder,))
            self._db.execute("INSERT OR REPLACE INTO walked VALUES (?, ?, ?)", (folder, since, tip))
            rows = [(folder, tree, commit) for tree, commit in states.items()]
            self._db.executemany("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", rows)

    def state(self, folder: str, tree: str) -> str | None:
        """Returns the last commit in which a walk found a folder as ``tree``, or None."""
        row = self._db.execute("SELECT at FROM states WHERE folder = ? AND tree = ?", (folder, tree)).fetchone()
        return str(row[0]) if row else None

    def close(self) -> None:
        """Closes the file."""
        self._db.close()


def _columns(file: Seen) -> tuple[str, int, str, str, str]:
    version = file.version
    return version.etag, version.size, version.written, version.file_id, file.blob
