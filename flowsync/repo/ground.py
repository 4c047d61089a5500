"""Where a branch is checked out and is to be moved: what differs, and whether files can be set aside there."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from flowsync.errors import RepositoryError
from flowsync.repo.encoding import NESTED
from flowsync.repo.mending import NOTHING, Moved, between
from flowsync.repo.plumbing import Git

_ASIDE = "landing-"  # what the folders begin with that files are set aside in


class NotFastForward(RepositoryError):
    """The branch moved meanwhile, or the worktree cannot be moved; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a branch is checked out, and the commits that it is to be moved between (None: it is unborn)."""

    folder: FilePath
    git_dir: FilePath
    branch: str
    old: str | None
    new: str

    def moved(self) -> list[Moved]:
        """Returns the paths that differ."""
        return between(Git(self.folder), self.old or NOTHING, self.new)

    def aside(self) -> FilePath:
        """Makes a folder to set files aside in."""
        home = self.git_dir / "flowsync"
        home.mkdir(exist_ok=True)
        return FilePath(tempfile.mkdtemp(prefix=_ASIDE, dir=home))


def is_possible(ground: Ground, moved: Sequence[Moved]) -> bool:
    """Tells whether files can be set aside here: one file system with hard links, no sparse checkout, no submodule."""
    if os.name == "nt" or any(NESTED in (one.old[0], one.new[0]) for one in moved):
        return False
    if Git(ground.folder).line("config", "--type=bool", "core.sparseCheckout") == "true":
        return False
    device = ground.git_dir.stat().st_dev
    parents = {(ground.folder / one.path).parent for one in moved}
    return all(_there(parent).stat().st_dev == device for parent in parents) and _has_links(ground)


def sweep(git_dir: FilePath) -> None:
    """Removes what runs that died before they wrote anything down, or after they ended all, have left."""
    for left in (git_dir / "flowsync").glob(f"{_ASIDE}*"):
        shutil.rmtree(left, ignore_errors=True)


def _has_links(ground: Ground) -> bool:
    place = ground.aside()
    try:
        (place / "one").touch()
        os.link(place / "one", place / "other", follow_symlinks=False)
    except (OSError, NotImplementedError):
        return False
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return True


def _there(folder: FilePath) -> FilePath:
    """Returns the folder, or the nearest one above it that is there."""
    while not folder.exists():
        folder = folder.parent
    return folder
