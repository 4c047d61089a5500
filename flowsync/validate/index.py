"""Flows as Git's index holds them: what would be committed, whatever the worktree says."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from flowsync.core.check.folder import joined, normal
from flowsync.core.check.subject import MAX_TEXT
from flowsync.core.document import parse
from flowsync.core.flow import DAG_FILES, FLEX_FILES, read_dag
from flowsync.validate import CONFIG, Validated, settings_in, validated
from flowsync.validate.git import Asked, Objects, sizes_of
from flowsync.validate.roots import Roots

_LINK = "120000"
_SUBMODULE = "160000"


class Questions:
    """What git is asked about the index; answered while the rules are being imported."""

    def __init__(self, directory: str | None = None) -> None:
        self.directory = directory
        self._changed = Asked(["diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z"], directory)
        self._entries: Asked | None = None

    def changed(self) -> list[str]:
        """Returns the paths that differ between HEAD and the index, deleted ones included."""
        return self._changed.names()

    def entries(self) -> "Entries":
        """Returns the whole index."""
        top = Asked(["rev-parse", "--show-toplevel"], self.directory).answer().decode("utf-8", "surrogateescape")
        return _entries(Asked(["ls-files", "--stage", "-z"], top.removesuffix("\n")).names())


@dataclass(frozen=True, slots=True)
class Entries:
    """The index: each path's blob, and which paths are links."""

    blobs: Mapping[str, str]
    links: Collection[str]


def _entries(lines: Iterable[str]) -> Entries:
    blobs: dict[str, str] = {}
    links: list[str] = []
    for line in lines:
        head, _, path = line.partition("\t")
        mode, blob, _stage = head.split(" ")
        if mode == _LINK:
            links.append(path)
        elif mode != _SUBMODULE:
            blobs[path] = blob
    return Entries(blobs, links)


class StagedFolder:
    """One flow in the index."""

    def __init__(self, root: str, entries: Entries, objects: Objects, sizes: Mapping[str, int]) -> None:
        prefix = f"{root}/" if root else ""
        self._root, self._entries, self._objects, self._sizes = root, entries, objects, sizes
        self.paths: Collection[str] = [p[len(prefix) :] for p in entries.blobs if p.startswith(prefix)]
        self.links: Collection[str] = [p[len(prefix) :] for p in entries.links if p.startswith(prefix)]

    def size(self, path: str) -> int:
        """Returns the size of a file in bytes."""
        return self._sizes.get(self._entries.blobs[self._full(path)], 0)

    def read(self, path: str) -> bytes:
        """Returns the content of a file; nothing of one that is far too large to be looked at."""
        blob = self._entries.blobs[self._full(path)]
        return self._objects.read(blob)

    def beside(self, path: str) -> Collection[str]:
        """Returns the files at or below a path that starts with ``../``."""
        full = self._full(path)
        if full.startswith("../") or full == "..":
            return ()  # outside of the repository: nothing that a commit could hold
        found = [name for name in self._entries.blobs if name == full or not full or name.startswith(f"{full}/")]
        return [path + name[len(full) :] if full else f"{path}/{name}" for name in found]

    def _full(self, path: str) -> str:
        return normal(self._root, path)


def validate_staged(questions: Questions) -> tuple[list[Validated], set[str]]:
    """Validates every flow that the staged changes touch; returns also the paths that they change."""
    changed = questions.changed()
    if not changed:
        return [], set()
    with _index(questions) as (entries, objects):
        roots = Roots(entries.blobs)
        touched = {root for path in changed if (root := roots.of(path)) is not None}
        outside = [path for path in changed if roots.of(path) is None]
        touched |= set(_including(outside, roots, entries, objects)) if outside else set()
        if CONFIG in changed:
            settings_in(objects.read(entries.blobs[CONFIG]) if CONFIG in entries.blobs else None)
        if not touched:
            return [], set(changed)
        settings = settings_in(objects.read(entries.blobs[CONFIG]) if CONFIG in entries.blobs else None)
        sizes = sizes_of(_blobs_below(touched, entries), questions.directory)
        folders = [(root, StagedFolder(root, entries, objects, sizes)) for root in sorted(touched)]
        return validated(folders, settings), set(changed)


@contextmanager
def _index(questions: Questions) -> Iterator[tuple[Entries, Objects]]:
    entries = questions.entries()
    with Objects(questions.directory) as objects:
        yield entries, objects


def _blobs_below(roots: Collection[str], entries: Entries) -> Iterator[str]:
    prefixes = tuple(f"{root}/" if root else "" for root in roots)
    return (blob for path, blob in entries.blobs.items() if path.startswith(prefixes))


def _including(changed: list[str], roots: Roots, entries: Entries, objects: Objects) -> Iterator[str]:
    """Yields the flows whose ``additional_includes`` name one of these paths, which lie in no flow."""
    for root in sorted(roots.flows):
        for name in (*DAG_FILES, *FLEX_FILES):
            blob = entries.blobs.get(f"{root}/{name}" if root else name)
            content = objects.read(blob) if blob else b""
            if b"additional_includes" not in content or len(content) > MAX_TEXT:
                continue
            for include in read_dag(parse(content)).includes:
                target = joined(root, include.text)
                if target and any(path == target or path.startswith(f"{target}/") for path in changed):
                    yield root
