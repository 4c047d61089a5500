"""Where a repository's daemon keeps its lock, address and logs. Asks no git, imports little: each command looks.

Everything lies below ``<git-common-dir>/flowsync``, which all worktrees share; only the socket moves elsewhere when its
path would not fit into a socket address.
"""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from flowsync.errors import DaemonError

LONGEST_ADDRESS = 100  # bytes; Linux takes 107, macOS 103


class Place(NamedTuple):  # a dataclass would cost each command the import of inspect
    """One repository: a worktree, its git directory, and the directory that all its worktrees share."""

    root: Path
    git_dir: Path
    common_dir: Path

    @property
    def state_dir(self) -> Path:
        """Returns flowsync's own folder."""
        return self.common_dir / "flowsync"

    @property
    def lock(self) -> Path:
        """Returns the file that a running daemon holds locked for its whole life."""
        return self.state_dir / "daemon.lock"

    @property
    def address(self) -> Path:
        """Returns the file that says where the daemon listens."""
        return self.state_dir / "daemon.json"

    @property
    def pauses(self) -> Path:
        """Returns the file that remembers what is paused."""
        return self.state_dir / "paused.json"

    @property
    def budget(self) -> Path:
        """Returns the file that remembers what is left of the budget of requests."""
        return self.state_dir / "budget.json"

    @property
    def log(self) -> Path:
        """Returns the log for people; the one for programs has the suffix ``.jsonl``."""
        return self.state_dir / "daemon.log"


def find(start: Path) -> Place | None:
    """Returns the repository that ``start`` lies in, or None."""
    start = start.absolute()
    for folder in (start, *start.parents):
        dot_git = folder / ".git"
        if dot_git.is_dir():
            return _place(folder, dot_git)
        if dot_git.is_file():
            text = dot_git.read_text(encoding="utf-8", errors="surrogateescape").strip()
            if text.startswith("gitdir: "):
                return _place(folder, (folder / text.removeprefix("gitdir: ")).resolve())
    return None


def _place(root: Path, git_dir: Path) -> Place:
    named = git_dir / "commondir"
    if named.is_file():  # a linked worktree
        return Place(root, git_dir, (git_dir / named.read_text(encoding="utf-8").strip()).resolve())
    return Place(root, git_dir, git_dir)


def socket_path(place: Place) -> Path:
    """Returns where the socket goes: into the state folder, or, if that path is too long, into a private short one."""
    own = place.state_dir / "daemon.sock"
    if len(os.fsencode(own)) <= LONGEST_ADDRESS:
        return own
    import hashlib  # not for every command

    name = hashlib.sha256(os.fsencode(place.common_dir)).hexdigest()[:16]
    return _private_folder() / f"{name}.sock"


def _private_folder() -> Path:
    """Returns a short folder that belongs to this user alone; DaemonError if somebody else made it."""
    import tempfile

    base = os.environ.get("XDG_RUNTIME_DIR", "")
    folder = Path(base) / "flowsync" if base and len(os.fsencode(base)) < LONGEST_ADDRESS - 40 else None
    if folder is None:
        folder = Path(tempfile.gettempdir()) / f"flowsync-{os.getuid()}"
        if len(os.fsencode(folder)) > LONGEST_ADDRESS - 24:
            folder = Path("/tmp") / f"flowsync-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise DaemonError(f"{folder} is not a private folder of yours", f"remove {folder}, or set XDG_RUNTIME_DIR")
    return folder
