"""The repository in memory, with the face of ``flowsync.repo.Repository``; what the simulation runs on.

Trees and commits go through the real ``Objects``; only where raw objects lie is replaced. ``test_memory_repo.py`` runs
the same cases against this and against real git, else the simulation would prove nothing. ``step`` is called before
everything that another process could see or disturb.
"""

import hashlib
import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import BinaryIO

from flowsync.core.plan import Hold
from flowsync.core.tree import Blob, Entry, File, Path, blob_of, diff
from flowsync.errors import RepositoryError
from flowsync.repo.apart import Apart, Lines, Touch
from flowsync.repo.apart import Step as Walked
from flowsync.repo.bulk import Store
from flowsync.repo.encoding import Signature
from flowsync.repo.ground import NotFastForward
from flowsync.repo.merge import Merge
from flowsync.repo.objects import Objects
from flowsync.repo.recent import Recent
from flowsync.repo.refs import Move, RefMoved
from flowsync.repo.worktree import Checkout

Step = Callable[[str], None]


class MemoryObjects(Objects):
    """The object database as a dictionary. ``written`` counts objects that were not there before."""

    def __init__(self) -> None:
        self._raw: dict[str, tuple[str, bytes]] = {}
        self._trees = Recent(1_000_000, len)
        self._commits = Recent(1_000_000)
        self.written = 0
        self._ancestors: dict[str, frozenset[str]] = {}
        self._contents: dict[str, frozenset[str]] = {}
        self._flat: dict[str, dict[Path, Entry]] = {}

    def write_blob(self, size: int, data: BinaryIO) -> Blob:
        content = data.read(size)
        if len(content) != size:
            raise RepositoryError("content ended early")
        return Blob(self._store("blob", content))

    @contextmanager
    def writing(self, expected: int) -> Iterator[Store]:
        yield self.write_blob

    def _read(self, sha: str) -> tuple[str, bytes]:
        if sha not in self._raw:
            raise RepositoryError(f"the repository does not hold object {sha}", "git fsck")
        return self._raw[sha]

    def _header(self, sha: str) -> tuple[str, int] | None:
        kind, content = self._raw.get(sha, ("", b""))
        return (kind, len(content)) if kind else None

    def folder(self, commit: str, path: str) -> str | None:
        return self.subtree(self.commit(commit).tree, path)

    def open(self, blob: Blob) -> BinaryIO:
        return io.BytesIO(self._read(blob)[1])

    def files(self, tree: str) -> dict[Path, Entry]:
        if tree not in self._flat:
            self._flat[tree] = super().files(tree)
        return dict(self._flat[tree])

    def _store(self, kind: str, raw: bytes) -> str:
        sha = hashlib.sha1(f"{kind} {len(raw)}\0".encode() + raw, usedforsecurity=False).hexdigest()
        if sha not in self._raw:
            self.written += 1
            self._raw[sha] = kind, raw
        return sha

    def ancestors(self, sha: str) -> frozenset[str]:
        """The commit and all before it."""
        if sha not in self._ancestors:
            parents = self.commit(sha).parents
            self._ancestors[sha] = frozenset((sha,)).union(*map(self.ancestors, parents))
        return self._ancestors[sha]

    def contents(self, sha: str) -> frozenset[str]:
        """Every blob that the commit or one before it holds."""
        if sha not in self._contents:
            commit = self.commit(sha)
            own = frozenset(entry.blob for entry in self.files(commit.tree).values() if isinstance(entry, File))
            self._contents[sha] = own.union(*map(self.contents, commit.parents))
        return self._contents[sha]


class MemoryRefs:
    """Refs as a dictionary; moved all or none."""

    def __init__(self, objects: MemoryObjects, step: Step) -> None:
        self._objects = objects
        self._step = step
        self.all: dict[str, str] = {}
        self.watch: Callable[[Sequence[Move]], None] = lambda moves: None

    def below(self, prefix: str, merged_into: str | None = None) -> dict[str, str]:
        self._step("refs below")
        within = self._objects.ancestors(merged_into) if merged_into else None
        return {
            name[len(prefix) :]: sha
            for name, sha in sorted(self.all.items())
            if name.startswith(prefix) and (within is None or sha in within)
        }

    def containing(self, prefix: str, commit: str) -> frozenset[str]:
        self._step("refs containing")
        return frozenset(
            name[len(prefix) :]
            for name, sha in self.all.items()
            if name.startswith(prefix) and commit in self._objects.ancestors(sha)
        )

    def matching(self, *patterns: str) -> dict[str, str]:
        self._step("refs matching")
        return {
            name: sha
            for name, sha in sorted(self.all.items())
            if any(name == one or (one.endswith("/") and name.startswith(one)) for one in patterns)
        }

    def get(self, ref: str) -> str | None:
        self._step("refs get")
        return self.peek(ref)

    def peek(self, ref: str) -> str | None:
        if ref in self.all:
            return self.all[ref]
        return ref if len(ref) == 40 and self._objects.holds(ref) else None

    def move(self, moves: Sequence[Move], reason: str) -> None:
        if not moves:
            return
        self._step(f"refs move {reason}")
        for move in moves:
            if self.all.get(move.ref) != move.old:
                raise RefMoved(f"{move.ref} is not at {move.old}", "run the command again")
            if move.new is not None and not self._objects.holds(move.new):
                raise RepositoryError(f"{move.new} is no object")
        self.watch(moves)
        for move in moves:
            if move.new is None:
                self.all.pop(move.ref, None)
            else:
                self.all[move.ref] = move.new
        self._step("refs moved")

    def contains(self, commit: str, other: str) -> bool:
        return other in self._objects.ancestors(commit)


class MemoryHistory:
    """Walks over history, with git's simplification: a merge that equals a parent is that parent."""

    def __init__(self, objects: MemoryObjects) -> None:
        self._objects = objects

    def touching(self, tip: str, path: str, every: bool = False, since: Sequence[str] = ()) -> list[str]:
        assert not every, "nothing that is simulated asks for it"
        before = frozenset[str]().union(*map(self._objects.ancestors, since))
        found: list[str] = []
        kept: dict[str, list[str]] = {}
        todo = [tip]
        while todo:
            sha = todo.pop()
            if sha in kept or sha in before:
                continue
            parents = list(self._objects.commit(sha).parents)
            here = self._at(sha, path)
            counted = [one for one in parents if one not in before or one in since]  # git drops no line for one beyond
            same = [parent for parent in counted if self._at(parent, path) == here]
            kept[sha] = same[:1] or parents
            differs = bool(counted) or any(self._at(parent, path) != here for parent in parents)
            if not same and (differs if parents else here is not None):
                found.append(sha)
            todo += kept[sha]
        return self._children_first(tip, kept, set(found))

    def line(self, tip: str, without: Iterable[str]) -> list[str]:
        hidden: set[str] = set()
        for commit in without:
            hidden |= self._objects.ancestors(commit)
        found: list[str] = []
        sha: str | None = tip
        while sha and sha not in hidden:
            found.append(sha)
            sha = next(iter(self._objects.commit(sha).parents), None)
        return found[::-1]

    def apart(self, pairs: Iterable[tuple[str, str | None]], path: str) -> Apart:
        listed = list(pairs)
        tips = dict.fromkeys(tip for mine, other in listed if other for tip in (mine, other))
        whole = dict.fromkeys(mine for mine, other in listed if other is None)
        return Apart(Lines(tips, self._walk(list(tips)), path), Lines(whole, self._walk(list(whole)), path))

    def _walk(self, tips: list[str]) -> list[Walked]:
        every = frozenset[str]().union(*map(self._objects.ancestors, tips))
        parents = {sha: list(self._objects.commit(sha).parents) for sha in every}
        return list(map(self._walked, self._children_first("", {"": tips, **parents}, set(every))))

    def _walked(self, sha: str) -> Walked:
        commit = self._objects.commit(sha)
        name, _, rest = commit.author.partition(" <")
        before = self._objects.files(self._objects.commit(commit.parents[0]).tree) if commit.parents else {}
        changed = frozenset(change.path for change in diff(before, self._objects.files(commit.tree)))
        return Walked(Touch(sha, name, rest.rsplit(" ", 2)[1]), commit.parents, changed)

    def _at(self, sha: str, path: str) -> str | None:
        tree = self._objects.commit(sha).tree
        return self._objects.subtree(tree, path) or _blob_at(self._objects, tree, path)

    @staticmethod
    def _children_first(tip: str, parents: dict[str, list[str]], wanted: set[str]) -> list[str]:
        order: list[str] = []
        seen: set[str] = set()

        def visit(sha: str) -> None:
            if sha in seen:
                return
            seen.add(sha)
            for parent in parents.get(sha, ()):
                visit(parent)
            order.append(sha)

        visit(tip)
        return [sha for sha in reversed(order) if sha in wanted]


def _blob_at(objects: Objects, tree: str, path: str) -> str | None:
    try:
        return objects.entry(tree, path)
    except RepositoryError:
        return None


class MemoryWorktree:
    """A branch, and what a person has not committed: ``edits`` are paths with new content, None for deleted."""

    def __init__(self, objects: MemoryObjects, refs: MemoryRefs, step: Step) -> None:
        self._objects = objects
        self._refs = refs
        self._step = step
        self.at = "main"
        self.edits: dict[str, bytes | None] = {}
        self.under_way: Hold | None = None
        self.told_busy = False
        self.on_landing: Callable[[str | None, str], None] = lambda old, new: None

    def tip(self, branch: str) -> str | None:
        self._step("tip")
        return self._refs.peek(f"refs/heads/{branch}")

    def current(self) -> str | None:
        return self.at or None

    def checkout(self, branch: str) -> Checkout | None:
        self._step("checkout")
        return Checkout(FilePath("."), FilePath(".git")) if self.at == branch or self.under_way else None

    def recover(self) -> None:
        """Nothing: there are no processes to die here."""

    def busy(self, at: Checkout, wait: float = 0.0) -> Hold | None:
        self._step("busy")
        self.told_busy = self.under_way is not None
        return self.under_way

    def dirty(self, at: Checkout, prefix: str) -> list[str]:
        self._step("dirty")
        top = f"{prefix}/" if prefix else ""
        return [path.removeprefix(top) for path in sorted(self.edits) if path.startswith(top)]

    def fast_forward(self, branch: str, old: str | None, new: str) -> None:
        self._step("fast forward")
        if self._refs.peek(f"refs/heads/{branch}") != old:
            raise NotFastForward(f"branch {branch} moved meanwhile", "run the command again")
        if self.at == branch or self.under_way:
            if self.under_way:
                raise NotFastForward("git is in the middle of something", "git status")
            if touched := self._changed(old, new) & self.edits.keys():
                raise NotFastForward(f"edits of {', '.join(sorted(touched))} would be lost", "git status")
        if old is not None and not self._refs.contains(new, old):
            raise NotFastForward("not a descendant", "git status")
        self.on_landing(old, new)
        self._refs.all[f"refs/heads/{branch}"] = new
        self._step("fast forwarded")

    def _changed(self, old: str | None, new: str) -> set[str]:
        before = self._objects.files(self._objects.commit(old).tree) if old else {}
        after = self._objects.files(self._objects.commit(new).tree)
        return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


class MemoryMerger:
    """Merges file by file, and line by line where both sides kept the number of lines."""

    def __init__(self, objects: MemoryObjects, step: Step) -> None:
        self._objects = objects
        self._step = step

    def merge(self, base: str, local: str, remote: str) -> Merge:
        self._step("merge")
        sides = [self._objects.files(tree) for tree in (base, local, remote)]
        merged: dict[Path, File] = {}
        conflicts: list[str] = []
        for path in sorted({path for side in sides for path in side}):
            before, ours, theirs = (side.get(path) for side in sides)
            if theirs in (before, ours):
                result = ours
            elif ours == before:
                result = theirs
            else:
                result, clean = self._joined(before, ours, theirs)
                conflicts += [] if clean else [path]
            if isinstance(result, File):
                merged[path] = File(result.blob, result.mode)
        tree = self._objects.write_files(merged) or self._objects.write_empty_tree()
        return Merge(tree, tuple(conflicts))

    def _joined(self, before: Entry | None, ours: Entry | None, theirs: Entry | None) -> tuple[Entry | None, bool]:
        if not (isinstance(before, File) and isinstance(ours, File) and isinstance(theirs, File)):
            return ours or theirs, False
        texts = [self._objects.read(entry.blob).splitlines(keepends=True) for entry in (before, ours, theirs)]
        if len({len(text) for text in texts}) > 1:
            return ours, False
        lines, changed = [], []
        for number, (old, mine, other) in enumerate(zip(*texts, strict=True)):
            if mine != old and other != old and mine != other:
                return ours, False
            lines.append(mine if mine != old else other)
            changed += [(number, mine != old, other != old)] if mine != old or other != old else []
        close = any(
            b[0] - a[0] == 1 and a[1:] != b[1:] for a, b in itertools.pairwise(changed)
        )  # git joins no neighbouring lines
        return (ours, False) if close else (File(self._objects.write_bytes(b"".join(lines)), ours.mode), True)


class MemoryRepository:
    """A repository of one person, in memory."""

    def __init__(self, state_dir: FilePath, who: str, clock: Callable[[], int], step: Step = lambda what: None) -> None:
        self.root = state_dir
        self.state_dir = state_dir
        self.git_dir = state_dir
        self.objects = MemoryObjects()
        self.refs = MemoryRefs(self.objects, step)
        self.history = MemoryHistory(self.objects)
        self.worktree = MemoryWorktree(self.objects, self.refs, step)
        self.merger = MemoryMerger(self.objects, step)
        self._who = who
        self._clock = clock

    def person(self) -> tuple[str, str]:
        line = str(Signature(self._who, f"{self._who}@example.com", self._clock()))
        return line, line

    def maintain(self) -> None:
        """Has nothing to pack."""

    def reaches(self, blob: str) -> bool:
        """Whether a ref reaches this content."""
        return any(blob in self.objects.contents(sha) for sha in self.refs.all.values())

    def reachable(self, refs: Iterable[str] | None = None) -> frozenset[str]:
        """Every blob that a ref reaches."""
        return frozenset[str]().union(*(self.objects.contents(sha) for sha in (refs or self.refs.all.values())))

    def files(self, ref: str = "refs/heads/main") -> dict[str, bytes]:
        """The files of a commit."""
        sha = self.refs.peek(ref)
        if sha is None:
            return {}
        found = self.objects.files(self.objects.commit(sha).tree)
        return {path: self.objects.read(entry.blob) for path, entry in found.items() if isinstance(entry, File)}

    def store(
        self, files: dict[str, bytes], parents: Sequence[str], message: str = "an edit", who: str | None = None
    ) -> str:
        """Stores a commit that holds exactly these files."""
        entries = {Path(path): File(self.objects.write_bytes(content)) for path, content in files.items()}
        tree = self.objects.write_files(entries) or self.objects.write_empty_tree()
        line = who or self.person()[0]
        return self.objects.write_commit(tree, parents, line, line, f"{message}\n")


__all__ = ["MemoryRepository", "blob_of"]
