"""Flows as they lie on the disk: what Git tracks or would track, and outside of a repository every file."""

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from flowsync.core.check.folder import normal
from flowsync.errors import RepositoryError, UsageError
from flowsync.validate.flows import CONFIG, Validated, settings_in, validated
from flowsync.validate.git import Asked
from flowsync.validate.roots import SKIPPED, Roots


class DiskFolder:
    """One flow on the disk. ``top`` bounds what is looked at; no link is followed."""

    def __init__(self, top: Path, root: str, paths: Iterable[str]) -> None:
        self._top, self._root = top, root
        prefix = f"{root}/" if root else ""
        own = [path[len(prefix) :] for path in paths if path.startswith(prefix)]
        self.links: Collection[str] = [path for path in own if self._place(path).is_symlink()]
        self.paths: Collection[str] = [path for path in own if path not in self.links and self._place(path).is_file()]

    def size(self, path: str) -> int:
        """Returns the size of a file in bytes."""
        try:
            return self._place(path).stat().st_size
        except FileNotFoundError:
            return 0

    def read(self, path: str) -> bytes:
        """Returns the content of a file; of one that vanished meanwhile, nothing."""
        try:
            return self._place(path).read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise RepositoryError(f"{self._place(path)} cannot be read: {error.strerror}") from error

    def beside(self, path: str) -> Collection[str]:
        """Returns the files at or below a path that starts with ``../``, within the top."""
        full = normal(self._root, path)
        if full == ".." or full.startswith("../"):
            return ()
        place = self._top / full
        if place.is_file():
            return (path,)
        return [f"{path}/{below}" for below in walked(place)]

    def _place(self, path: str) -> Path:
        return self._top / normal(self._root, path)


def validate_paths(
    paths: Collection[str], directory: Path, skipped: Collection[str] = ()
) -> tuple[Path, list[Validated]]:
    """Validates every flow that the paths (files or folders, from ``directory``) belong to or hold.

    Returns also the top that the flows' folders are relative to. ``skipped`` are files from the top whose flows
    have been validated already.
    """
    top = top_of(directory) or _common(paths, directory)
    wanted = [_from_top(path, directory, top) for path in paths]
    listed = _tracked(top) if (top / ".git").exists() else list(walked(top))
    roots = Roots(listed)
    done = {root for path in skipped if (root := roots.of(path)) is not None}
    chosen = {root for path in wanted for root in _flows_at(path, top, roots)} - done
    config = top / CONFIG
    settings = settings_in(config.read_bytes() if config.is_file() else None)
    return top, validated([(root, DiskFolder(top, root, listed)) for root in sorted(chosen)], settings)


def top_of(directory: Path) -> Path | None:
    """Returns the worktree's top that holds a folder, or None outside of a repository."""
    for folder in (directory, *directory.parents):
        if (folder / ".git").exists():
            return folder
    return None


def walked(top: Path) -> Iterator[str]:
    """Yields every file below a folder, from there, without what no flow holds."""
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        below = Path(folder).relative_to(top).as_posix()
        yield from (name if below == "." else f"{below}/{name}" for name in sorted(names))


def _tracked(top: Path) -> list[str]:
    listed = Asked(["ls-files", "--cached", "--others", "--exclude-standard", "-z"], str(top)).names()
    return sorted(set(listed))


def _common(paths: Collection[str], directory: Path) -> Path:
    """Returns the folder that holds all paths, and the whole flow of each."""
    places = [(directory / path).absolute() for path in paths]
    folders = [place if place.is_dir() else place.parent for place in places] or [directory]
    top = Path(os.path.commonpath([os.path.normpath(folder) for folder in folders]))
    for folder in (top, *top.parents):
        if Roots(entry.name for entry in folder.iterdir() if entry.is_file()).all():
            return folder
    return top


def _from_top(path: str, directory: Path, top: Path) -> str:
    place = directory / path
    if not (place.exists() or place.is_symlink()):
        raise UsageError(f"{path} does not exist")
    # The path is made normal by its text: resolving links would lead into the link's target.
    normal = os.path.normpath(place.absolute())
    relative = os.path.relpath(normal, top)
    if relative.startswith(".."):
        raise UsageError(f"{path} is outside of {top}", "validate one repository at a time, with -C DIR")
    return "" if relative == "." else Path(relative).as_posix()


def _flows_at(path: str, top: Path, roots: Roots) -> list[str]:
    if not (top / path).is_dir():
        found = roots.of(path)
        return [] if found is None else [found]
    above = roots.of(f"{path}/x" if path else "x")
    below = [root for root in roots.all() if not path or root == path or root.startswith(f"{path}/")]
    if path and above is None and not below:
        raise UsageError(f"there is no flow in {path}", "flowsync validate, for every flow of the repository")
    return below + ([] if above is None else [above])
