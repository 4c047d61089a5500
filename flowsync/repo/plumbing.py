"""How git is run: one place for the command line, the environment and what a failure becomes.

GitPython finds the repository and keeps one ``cat-file`` process; everything else is git's own plumbing, because it
works while the user's index is locked, knows every repository layout, and leaves no state in this process.
"""

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path as FilePath

from flowsync.errors import RepositoryError

FLOOR = (2, 39)  # Debian 12; the first with a usable merge-tree --write-tree
_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",  # a look must never take the user's index.lock
    "LC_ALL": "C",
    "GIT_EDITOR": ":",
    "GIT_MERGE_AUTOEDIT": "no",
}
# Set by git in a hook's environment; they would make our git work on the hook's index or another repository.
_FOREIGN = ("GIT_INDEX_FILE", "GIT_DIR", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_QUARANTINE_PATH")

# By itself git leaves it to the operating system when new objects, refs and the index come to the disk.
HARDENED = ("-c", "core.fsync=added")

_LOCKED = re.compile(rb"Unable to create '([^'\n]+\.lock)': File exists")


class Locked(RepositoryError):
    """Another git command holds a lock that this one needs; nothing was changed."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns the environment for git: the caller's, made quiet, and without what a hook left in it."""
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    return {**kept, **_QUIET, **(extra or {})}


class Git:
    """Runs git in one folder."""

    def __init__(self, folder: FilePath) -> None:
        self.folder = folder

    def __call__(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        ok: Sequence[int] = (0,),
        env: Mapping[str, str] | None = None,
    ) -> bytes:
        """Runs ``git ARGUMENTS`` and returns its standard output; RepositoryError unless the exit code is in ``ok``."""
        done = self.run(*arguments, stdin=stdin, env=env)
        if done.returncode not in ok:
            raise failure(arguments, done)
        return done.stdout

    def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        started: Callable[[int], None] = lambda pid: None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs ``git ARGUMENTS`` and returns what it did, whatever that was. ``started`` is told its process id."""
        command = ["git", "-C", str(self.folder), "-c", "core.fsmonitor=false", *HARDENED, *arguments]
        pipe, given = subprocess.PIPE, subprocess.DEVNULL if stdin is None else subprocess.PIPE
        try:
            with subprocess.Popen(command, stdin=given, stdout=pipe, stderr=pipe, env=environment(env)) as process:
                try:
                    started(process.pid)
                    out, err = process.communicate(stdin)
                except BaseException:
                    process.kill()
                    raise
                return subprocess.CompletedProcess(command, process.returncode, out, err)
        except FileNotFoundError as error:
            if not self.folder.is_dir():
                raise RepositoryError(f"the repository's folder {self.folder} is gone") from error
            raise RepositoryError("git is not on the PATH", "install git 2.39 or newer") from error

    def line(self, *arguments: str) -> str | None:
        """Returns the one line that git prints, or None if it exits with 1 (git's way to say: there is none)."""
        done = self.run(*arguments)
        if done.returncode == 1:
            return None
        if done.returncode:
            raise failure(arguments, done)
        return text(done.stdout).rstrip("\n")


def locked(lock: FilePath) -> tuple[str, str]:
    """Returns what is to be said of a lock that another git holds, and what to do."""
    return f"another git command holds {lock}", f"wait for it; if no git is running here: rm '{lock}'"


def failure(arguments: Sequence[str], done: subprocess.CompletedProcess[bytes]) -> RepositoryError:
    """Returns the error for a git command that failed: its own words, or whose lock it met."""
    if found := _LOCKED.search(done.stderr):
        return Locked(*locked(FilePath(text(found.group(1)))))
    said = text(done.stderr).strip() or f"exit code {done.returncode}"
    return RepositoryError(f"git {arguments[0]} refused: {said}")


def text(raw: bytes) -> str:
    """Decodes what git prints; bytes that are no UTF-8 survive the way back."""
    return raw.decode("utf-8", "surrogateescape")


def fields(raw: bytes) -> list[str]:
    """Splits NUL-terminated output into its fields."""
    return [text(field) for field in raw.split(b"\0")[:-1]]
