"""What an event at a path may mean. Pure: paths in, rumours out."""

from dataclasses import dataclass
from pathlib import PurePath

from flowsync.core.ignore import never_syncs
from flowsync.core.tree import FlowName
from flowsync.daemon.quiet import Rumour
from flowsync.sync.live import is_debris

# In a git directory, by name: what says that git begins or ends something. Everything else there is its own business.
_GIT = frozenset(
    [
        "index",
        "index.lock",
        "MERGE_HEAD",
        "CHERRY_PICK_HEAD",
        "REVERT_HEAD",
        "BISECT_LOG",
        "rebase-merge",
        "rebase-apply",
        "sequencer",
    ]
)
_REFS = frozenset(("HEAD", "packed-refs"))


@dataclass(frozen=True, slots=True)
class Grounds:
    """What is watched: a worktree's root, its git directory, the shared one, and where the flows live."""

    root: PurePath
    git_dir: PurePath
    common_dir: PurePath
    path: str  # below the root, "" for the root itself
    config: str = ".flowsync.yaml"

    def rumour(self, path: PurePath) -> tuple[Rumour, FlowName | None] | None:
        """Returns what an event at this path may mean, None if nothing."""
        for folder in (self.git_dir, self.common_dir):
            if path.is_relative_to(folder):
                return _of_git(path.relative_to(folder))
        if not path.is_relative_to(self.root):
            return None
        parts = path.relative_to(self.root).parts
        if parts == (self.config,):
            return Rumour.CONFIG, None
        top = tuple(self.path.split("/")) if self.path else ()
        if parts[: len(top)] != top:
            return None
        return _of_flow(parts[len(top) :])


def _of_git(inner: PurePath) -> tuple[Rumour, FlowName | None] | None:
    parts = inner.parts
    if not parts or (parts[-1].endswith(".lock") and parts[0] != "index.lock"):
        return None
    if parts[:2] == ("refs", "heads") or parts[0] in _REFS:
        return Rumour.REFS, None
    return (Rumour.GIT, None) if parts[0] in _GIT else None


def _of_flow(parts: tuple[str, ...]) -> tuple[Rumour, FlowName | None] | None:
    if not parts or parts[0] == ".git":
        return None
    if len(parts) > 1 and (never_syncs("/".join(parts[1:])) or is_debris(parts[-1])):
        return None
    return Rumour.FILES, FlowName(parts[0])
