"""What a flow is compared with: two of its sides, or two commits; and which files differ between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BASE, LOCAL, REMOTE, WORKTREE = "base", "local", "remote", "worktree"
NAMES = {BASE: "base", LOCAL: "local", REMOTE: "Studio", WORKTREE: "worktree"}
SIGNS = {"added": "+", "removed": "−", "changed": "~"}
STYLES = {"added": "added", "removed": "removed", "changed": "waits"}

Pair = tuple[str, str]
"""The older and the newer side: one of the names above, or a commit id each."""

PAIRS: Sequence[Pair] = ((LOCAL, REMOTE), (BASE, LOCAL), (BASE, REMOTE), (LOCAL, WORKTREE))


@dataclass(frozen=True, slots=True)
class Change:
    """A file that differs. ``before`` and ``after`` are its contents' ids, None where it is not there."""

    path: str
    kind: str
    before: str | None
    after: str | None


def name_of(side: str) -> str:
    """Returns a side as the screen calls it."""
    return NAMES.get(side, side[:8])


def title(pair: Pair) -> str:
    """Returns a pair as the screen calls it."""
    return f"{name_of(pair[0])} ↔ {name_of(pair[1])}"


def changes(said: Mapping[str, Any]) -> list[Change]:
    """Reads the daemon's ``compare``."""
    return [Change(str(one["path"]), str(one["kind"]), one["before"], one["after"]) for one in said["changes"]]


def differing(files: Sequence[Mapping[str, Any]], pair: Pair) -> bool:
    """Tells whether any file differs between two sides, by the daemon's ``files``."""
    return bool(changed(files, pair))


def changed(files: Sequence[Mapping[str, Any]], pair: Pair) -> list[str]:
    """Returns the files that differ between two sides."""
    return [str(file["path"]) for file in files if _of(file, pair[0]) != _of(file, pair[1])]


def _of(file: Mapping[str, Any], side: str) -> Any:
    return file.get(side)


def pairs(files: Sequence[Mapping[str, Any]], own: Pair | None = None) -> list[Pair]:
    """Returns what can be compared: what was asked for, then the pairs that differ, then the others."""
    there = [pair for pair in PAIRS if all(any(_of(file, side) for file in files) for side in pair)]
    first = [pair for pair in there if differing(files, pair)]
    found = first + [pair for pair in there if pair not in first]
    return ([own] if own else []) + [pair for pair in found if pair != own] or [PAIRS[0]]


def after(pair: Pair, every: Sequence[Pair]) -> Pair:
    """Returns the pair that follows another."""
    return every[(every.index(pair) + 1) % len(every)] if pair in every else every[0]


def graph_pairs(files: Sequence[Mapping[str, Any]], definition: str) -> list[Pair]:
    """Returns what the graph can show: a newer side with the changes since an older one marked, or ("", side)."""
    own = next((file for file in files if file["path"] == definition), {})
    asked = ((BASE, WORKTREE), (LOCAL, REMOTE), (BASE, REMOTE), (BASE, LOCAL))
    there = [pair for pair in asked if all(_of(own, side) for side in pair)]
    found = [pair for pair in there if differing(files, pair)]
    alone = [("", side) for side in (WORKTREE, LOCAL, REMOTE) if _of(own, side)]
    return found + alone[:1] or [("", WORKTREE)]
