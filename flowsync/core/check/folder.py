"""A flow's files as the rules see them, wherever they are: a worktree, Git's index, a share, a test's mapping.

What belongs here: the protocol, the in-memory one, and path arithmetic. A path is below the flow's folder; one that
starts with ``../`` lies beside it in the repository and is asked for only by includes and run files.
"""

from collections.abc import Collection, Mapping
from typing import Protocol


class Folder(Protocol):
    """A flow's files. What it lists it can read; contents are read when a rule needs them."""

    @property
    def paths(self) -> Collection[str]:
        """Every file below the folder."""

    @property
    def links(self) -> Collection[str]:
        """Every symbolic link below the folder; not among ``paths``."""

    def size(self, path: str) -> int:
        """Returns the size of a file in bytes."""

    def read(self, path: str) -> bytes:
        """Returns the content of a file; of one that vanished meanwhile, nothing."""

    def beside(self, path: str) -> Collection[str]:
        """Returns the files at or below a path that starts with ``../``; none if nothing is there."""


class Held:
    """A folder whose files are held in a mapping; keys that start with ``../`` lie beside it."""

    def __init__(self, files: Mapping[str, bytes], links: Collection[str] = ()) -> None:
        self._files = files
        self.paths: Collection[str] = [path for path in files if not path.startswith("../")]
        self.links: Collection[str] = links

    def size(self, path: str) -> int:
        """Returns the size of a file in bytes."""
        return len(self._files[path])

    def read(self, path: str) -> bytes:
        """Returns the content of a file."""
        return self._files[path]

    def beside(self, path: str) -> Collection[str]:
        """Returns the files at or below a path that starts with ``../``."""
        return [name for name in self._files if name == path or name.startswith(path + "/")]


def joined(base: str, path: str) -> str | None:
    """Returns what ``path``, as a definition says it relative to the folder ``base``, is from the flow's folder.

    None if it is absolute or means different things on different systems.
    """
    if not path or path.startswith(("/", "~")) or "\\" in path or "\0" in path or path[1:2] == ":":
        return None
    return normal(base, path)


def normal(base: str, path: str) -> str:
    """Returns ``base/path`` without ``.``, and with ``..`` only at its start."""
    parts: list[str] = []
    for part in (*base.split("/"), *path.split("/")):
        if part in ("", "."):
            continue
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def parent(path: str) -> str:
    """Returns the folder that holds this path, or an empty text."""
    return path.rpartition("/")[0]
