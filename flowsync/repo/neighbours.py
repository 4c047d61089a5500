"""Other git processes that are at work in a repository right now.

A ``git commit`` whose hooks run, or whose editor is open, leaves no mark in the git directory: the index is unlocked
meanwhile, and a branch that moves under it makes it fail ("cannot lock ref 'HEAD'"). Only the process table tells, and
only Linux lets it be read for nothing; elsewhere the answer is no.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path as FilePath

from flowsync.core.plan import Hold

_PROCESSES = FilePath("/proc")
_MOVING = frozenset(
    [
        "am",
        "apply",
        "checkout",
        "checkout-index",
        "cherry-pick",
        "commit",
        "merge",
        "pull",
        "read-tree",
        "rebase",
        "reset",
        "restore",
        "revert",
        "stash",
        "switch",
    ]
)
_LOCKING = _MOVING | {
    "add",
    "bisect",
    "branch",
    "clean",
    "config",
    "fast-import",
    "fetch",
    "gc",
    "maintenance",
    "mv",
    "notes",
    "pack-refs",
    "prune",
    "push",
    "reflog",
    "remote",
    "repack",
    "replace",
    "rm",
    "sparse-checkout",
    "submodule",
    "symbolic-ref",
    "tag",
    "update-index",
    "update-ref",
    "worktree",
}
_WITH_VALUE = frozenset(("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env"))


def git_at_work(root: FilePath) -> Hold | None:
    """Returns what another git is doing to this worktree, or None."""
    ours = os.getpid()
    with suppress(OSError):
        for name in os.listdir(_PROCESSES):  # noqa: PTH208 (names are all that is needed of hundreds of them)
            if name.isdigit() and (verb := _verb(f"{_PROCESSES}/{name}", root, ours)):
                return Hold(f"git {verb} is running", "wait for it to finish")
    return None


def locking_git(roots: Iterable[FilePath]) -> bool:
    """Tells whether another git that may hold a lock is at work below one of these folders."""
    ours = os.getpid()
    with suppress(OSError):
        for name in os.listdir(_PROCESSES):  # noqa: PTH208
            if name.isdigit() and any(_verb(f"{_PROCESSES}/{name}", root, ours, _LOCKING) for root in roots):
                return True
    return False


def _verb(process: str, root: FilePath, ours: int, verbs: frozenset[str] = _MOVING) -> str:
    """Returns the git command that a process runs in this worktree, if it is one of ``verbs`` and not ours."""
    try:
        with open(f"{process}/stat", "rb") as file:  # noqa: PTH123
            name, _, fields = file.read().partition(b" (")[2].rpartition(b") ")
        if not name.startswith(b"git") or int(fields.split(b" ", 2)[1]) == ours:
            return ""
        with open(f"{process}/cmdline", "rb") as file:  # noqa: PTH123
            verb = command(os.fsdecode(file.read()).split("\0"))
        if verb not in verbs or not FilePath(os.readlink(f"{process}/cwd")).is_relative_to(root):  # noqa: PTH115
            return ""
    except (OSError, ValueError, IndexError):  # it has ended, or is another user's
        return ""
    return verb


def command(arguments: Sequence[str]) -> str:
    """Returns git's subcommand in a command line, or an empty string."""
    first = arguments[0].rpartition("/")[2]
    if first.startswith("git-"):
        return first.removeprefix("git-")
    rest = iter(arguments[1:])
    for argument in rest:
        if argument in _WITH_VALUE:
            next(rest, None)
        elif not argument.startswith("-"):
            return argument
    return ""
