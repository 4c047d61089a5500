"""Flows as Git's index holds them: what would be committed, whatever the worktree says."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from flowsync.core.check.folder import joined, normal
from flowsync.core.check.subject import MAX_TEXT
from flowsync.core.document import parse
from flowsync.core.flow import DAG_FILES, FLEX_FILES, read_dag
from flowsync.core.rulebook import RULES, Finding
from flowsync.core.rules import Settings
from flowsync.validate.flows import CONFIG, Validated, settings_in, validated
from flowsync.validate.git import Index, Objects
from flowsync.validate.roots import Roots

_LINK = "120000"
_SUBMODULE = "160000"


class Entries(NamedTuple):
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

    def __init__(self, root: str, entries: Entries, objects: Objects) -> None:
        prefix = f"{root}/" if root else ""
        self._root, self._entries, self._objects = root, entries, objects
        self.paths: Collection[str] = [p[len(prefix) :] for p in entries.blobs if p.startswith(prefix)]
        self.links: Collection[str] = [p[len(prefix) :] for p in entries.links if p.startswith(prefix)]

    def size(self, path: str) -> int:
        """Returns the size of a file in bytes."""
        return self._objects.size(self._entries.blobs[self._full(path)])

    def read(self, path: str) -> bytes:
        """Returns the content of a file."""
        return self._objects.read(self._entries.blobs[self._full(path)])

    def beside(self, path: str) -> Collection[str]:
        """Returns the files at or below a path that starts with ``../``."""
        full = self._full(path)
        if full.startswith("../") or full == "..":
            return ()  # outside of the repository: nothing that a commit could hold
        found = [name for name in self._entries.blobs if name == full or not full or name.startswith(f"{full}/")]
        return [path + name[len(full) :] if full else f"{path}/{name}" for name in found]

    def _full(self, path: str) -> str:
        return normal(self._root, path)


def validate_staged(index: Index) -> tuple[list[Validated], set[str]]:
    """Validates every flow that the staged changes touch; returns also the paths that they change."""
    changed = index.changed()
    if not changed:
        return [], set()
    entries = _entries(index.entries())
    roots = Roots(entries.blobs)
    touched = {root for path in changed if (root := roots.of(path)) is not None}
    outside = [path for path in changed if roots.of(path) is None]
    with Objects(index.directory) as objects:
        touched |= set(_including(outside, roots, entries, objects)) if outside else set()
        # A wrong configuration stops the commit that brings it, and every other that needs it.
        wanted = touched or outside
        config = entries.blobs.get(CONFIG) if wanted else None
        settings = settings_in(objects.read(config) if config else None)
        folders = [(root, StagedFolder(root, entries, objects)) for root in sorted(touched)]
        return validated(folders, settings) + list(_beheaded(changed, roots, entries, settings)), set(changed)


def _beheaded(changed: Iterable[str], roots: Roots, entries: Entries, settings: Settings) -> Iterator[Validated]:
    """Yields a finding for each flow whose definition is deleted while other files of it stay."""
    severity, rule = settings.severity("FS214"), RULES["FS214"]
    for path in changed:
        folder, _, name = path.rpartition("/")
        gone = name in (*DAG_FILES, *FLEX_FILES) and path not in entries.blobs and folder not in roots.flows
        left = sum(other.startswith(f"{folder}/") for other in entries.blobs) if gone and folder else 0
        if severity and left:
            message = f"The definition is deleted, and {left} other files stay in {folder!r}."
            yield Validated(folder, (Finding(rule.code, rule.name, severity, name, 1, 1, message, rule.fix),))


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
