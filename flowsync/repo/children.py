"""Git commands that take locks, written down before they start: so what a killed one left is told from a person's.

Git's lock files do not say whose they are. A lock is known to be a dead child's, and is removed, if this command takes
it, if it was not there when the child began and came soon after, if the child is dead, and if no other git is at work
in the repository. Every other lock stays where it is: it may be a person's.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path as FilePath

from flowsync.errors import RepositoryError
from flowsync.repo.neighbours import locking_git
from flowsync.repo.plumbing import Git

_BOOT = FilePath("/proc/sys/kernel/random/boot_id")
_SLACK = 2.0  # seconds by which a file system's clock may run behind
_MAY_LIVE = 5.0  # seconds
_LIFETIME = 120.0  # seconds; no command of ours holds a lock for longer


@dataclass(frozen=True, slots=True)
class Left:
    """A child that did not end its work: its arguments, the folder that it worked in, and whether it was killed."""

    arguments: tuple[str, ...]
    folder: FilePath
    killed: bool = True


class Children:
    """The lock-taking git command under way in a repository; flowsync runs one at a time, under its own lock."""

    def __init__(self, folder: FilePath) -> None:
        self._record = folder / "git-child.json"
        self._debt = folder / "git-unmended.json"

    def run(
        self,
        git: Git,
        *arguments: str,
        locks: Iterable[FilePath],
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        halfway: bytes | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs ``git ARGUMENTS``, which may take ``locks``, and returns what it did. A killed child's are removed.

        If it says ``halfway``, it failed and left its work half done: that is owed, from this very moment on.
        """
        absent = [str(lock) for lock in dict.fromkeys(locks) if not os.path.lexists(lock)]
        record = {"folder": str(git.folder), "arguments": arguments, "locks": absent, "began": time.time()}
        write_record(self._record, record)
        done = git.run(*arguments, stdin=stdin, env=env, started=lambda pid: self._began(record, pid))
        if done.returncode >= 0:
            if halfway and halfway in done.stderr:
                self._owe(Left(arguments, git.folder, killed=False))
            self._record.unlink(missing_ok=True)
        else:
            self.recover()
        return done

    def recover(self) -> None:
        """Removes the locks of a child that was killed, and owes what it left; RepositoryError while it lives."""
        try:
            record = json.loads(self._record.read_text(encoding="utf-8"))
            began, pid, born = float(record["began"]), int(record.get("pid", 0)), str(record.get("born", ""))
            locks, arguments = [FilePath(lock) for lock in record["locks"]], tuple(record["arguments"])
            folder = FilePath(record["folder"])
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError):  # torn: then nothing can be proven
            self._record.unlink(missing_ok=True)
            return
        if pid and born and _born(pid) == born:
            raise RepositoryError(
                f"git {_verb(arguments)}, which a flowsync that died began, is still at work (process {pid})",
                "wait for it to finish",
            )
        if not _BOOT.exists() and 0 <= time.time() - began < _MAY_LIVE:
            return  # this system does not tell who is alive
        left = [lock for lock in locks if _as_old_as(lock, began)]
        if left and locking_git([folder, self._record.parent.parent]):
            return  # it may be theirs; the record stays for the next run
        for lock in left:
            lock.unlink(missing_ok=True)
        self._owe(Left(arguments, folder))
        self._record.unlink(missing_ok=True)

    def owed(self) -> Left | None:
        """Returns the child whose work is to be put right, or None."""
        try:
            said = json.loads(self._debt.read_text(encoding="utf-8"))
            return Left(tuple(said["arguments"]), FilePath(said["folder"]), bool(said["killed"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):  # none, or torn
            return None

    def paid(self) -> None:
        """Notes that it was put right."""
        self._debt.unlink(missing_ok=True)

    def _owe(self, left: Left) -> None:
        """Writes down that what a child left half done is to be put right."""
        write_record(self._debt, {"folder": str(left.folder), "arguments": left.arguments, "killed": left.killed})

    def _began(self, record: Mapping[str, object], pid: int) -> None:
        write_record(self._record, {**record, "pid": pid, "born": _born(pid)})


def write_record(place: FilePath, record: Mapping[str, object]) -> None:
    """Writes down what is under way, whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_suffix(".new")
    temporary.write_text(json.dumps(record), encoding="utf-8")
    temporary.replace(place)


def _as_old_as(lock: FilePath, began: float) -> bool:
    with suppress(OSError):
        return -_SLACK <= lock.lstat().st_mtime - began <= _LIFETIME
    return False


def _verb(arguments: Sequence[str]) -> str:
    return next((argument for argument in arguments if not argument.startswith("-") and "=" not in argument), "")


def _born(pid: int) -> str:
    """Returns what tells a process from a later one of the same number; empty where the system does not say."""
    with suppress(OSError, IndexError):
        boot = _BOOT.read_text(encoding="ascii").strip()
        fields = FilePath(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
        if fields[0] not in (b"Z", b"X"):
            return f"{boot} {fields[19].decode('ascii')}"
    return ""
