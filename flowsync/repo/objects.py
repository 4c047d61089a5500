"""Blobs, trees and commits: written and read byte for byte, past every filter and attribute.

Writing goes through gitdb, GitPython's object store (zlib and a rename; GitPython's own ``store`` has come to start a
process per object), reading through GitPython's one ``git cat-file --batch``. Nothing here moves a ref or touches the
worktree.
"""

import io
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path as FilePath
from typing import BinaryIO, cast

import git
from gitdb.base import IStream
from gitdb.db.loose import LooseObjectDB

from flowsync.core.tree import EXECUTABLE, REGULAR, Blob, Entry, File, Path, Problem
from flowsync.durable import settle
from flowsync.errors import RepositoryError
from flowsync.repo.bulk import Store, one_pack
from flowsync.repo.encoding import DIRECTORY, LINK, NESTED, Commit, Item, decoded_tree, encoded_tree, in_order
from flowsync.repo.plumbing import environment, text
from flowsync.repo.recent import Recent

_MANY = 200  # blobs; git gathers loose objects into a pack at 6,700
IN_MEMORY = 4 * 1024 * 1024  # bytes; larger blobs go through a temporary file
_TRIES = 9  # to store an object
_ITEMS, _COMMITS, _PLACES = 40_000, 5_000, 20_000  # remembered: some MiB each


class Objects:
    """The object database of one repository."""

    def __init__(self, repository: git.Repo) -> None:
        self._repository = repository
        self._folder = FilePath(repository.common_dir)
        self._loose = LooseObjectDB(str(self._folder / "objects"))
        self._reading = threading.Lock()  # one cat-file process answers one question at a time
        self._young: set[FilePath] = set()  # files that may not be on the disk yet
        self._trees: Recent[str, tuple[Item, ...]] = Recent(_ITEMS, len)
        self._commits: Recent[str, Commit] = Recent(_COMMITS)
        self._places: Recent[tuple[str, str], str] = Recent(_PLACES)

    def write_blob(self, size: int, data: BinaryIO) -> Blob:
        """Stores ``size`` bytes of ``data`` as a blob and returns its id."""
        if size <= IN_MEMORY:
            return Blob(self._store("blob", _whole(size, data)))
        try:
            stored = self._loose.store(IStream("blob", size, data))
        except FileNotFoundError as error:  # as in _store, but what was read cannot be read again
            raise RepositoryError("git gc was in the way of a large file", "run the command again") from error
        sha = cast(bytes, stored.hexsha).decode("ascii")
        self._note(sha)
        return Blob(sha)

    @contextmanager
    def writing(self, expected: int) -> Iterator[Store]:
        """Yields a store for about ``expected`` blobs; they can be read once the context has ended."""
        if expected < _MANY:
            yield self.write_blob
            return
        with one_pack(self._folder) as store:
            yield store

    def settle(self) -> None:
        """Returns when all that was stored is on the disk: before that, no ref may name it."""
        young = frozenset(self._young)
        try:
            settle(young)
        except OSError as error:
            raise RepositoryError(
                f"what was stored could not be brought to the disk: {error.strerror}",
                "check the disk, then run the command again",
            ) from error
        self._young -= young

    def _note(self, sha: str) -> FilePath:
        """Notes that an object has just been stored; returns its file."""
        file = FilePath(self._loose.db_path(self._loose.object_path(sha)))
        self._young.update((file, file.parent))
        return file

    def write_bytes(self, content: bytes) -> Blob:
        """Stores ``content`` as a blob and returns its id."""
        return self.write_blob(len(content), io.BytesIO(content))

    def read(self, sha: str) -> bytes:
        """Returns an object's content; RepositoryError if the repository does not hold it."""
        return self._read(sha)[1]

    def _read(self, sha: str) -> tuple[str, bytes]:
        with self._reading:
            try:
                _, kind, _, content = self._repository.git.get_object_data(sha)
            except (ValueError, OSError) as error:
                raise RepositoryError(f"the repository does not hold object {sha}", "git fsck") from error
        return _word(kind), content

    def holds(self, sha: str) -> bool:
        """Tells whether the repository holds an object."""
        return self.kind(sha) is not None

    def kind(self, sha: str) -> str | None:
        """Returns what an object is (commit, tree, blob or tag), None if the repository does not hold it."""
        header = self._header(sha)
        return header[0] if header else None

    def size(self, blob: Blob) -> int:
        """Returns a blob's length in bytes."""
        header = self._header(blob)
        if header is None:
            raise RepositoryError(f"the repository does not hold blob {blob}", "git fsck")
        return header[1]

    def _header(self, sha: str) -> tuple[str, int] | None:
        with self._reading:
            try:
                _, kind, size = self._repository.git.get_object_header(sha)
            except ValueError:
                return None
        return _word(kind), int(size)

    def open(self, blob: Blob) -> BinaryIO:
        """Returns a reader of a blob, independent of all others, in memory or (above 4 MiB) in a temporary file."""
        if self.size(blob) <= IN_MEMORY:
            return io.BytesIO(self.read(blob))
        spooled = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
        done = subprocess.run(
            ["git", "-C", str(self._folder), "cat-file", "blob", blob], stdout=spooled, env=environment(), check=False
        )
        if done.returncode:
            spooled.close()
            raise RepositoryError(f"the repository does not hold blob {blob}", "git fsck")
        spooled.seek(0)
        return cast(BinaryIO, spooled)

    def write_commit(self, tree: str, parents: Sequence[str], author: str, committer: str, message: str) -> str:
        """Stores a commit and returns its id. ``author`` and ``committer`` are as ``str(Signature)`` gives them."""
        return self._store("commit", Commit(tree, tuple(parents), author, committer, message).encoded())

    def commit(self, sha: str) -> Commit:
        """Returns a commit's parts."""
        return self._commits.get(sha) or self._commits.keep(sha, self._read_commit(sha))

    def _read_commit(self, sha: str) -> Commit:
        kind, raw = self._read(sha)
        if kind != "commit":
            raise RepositoryError(f"{sha} is a {kind}, not a commit")
        return Commit.decoded(raw)

    def subtree(self, tree: str, path: str) -> str | None:
        """Returns the id of the folder at ``path`` (``""`` is the tree itself), or None if no folder is there."""
        for part in path.split("/") if path else ():
            name = part.encode("utf-8", "surrogateescape")
            inner = next((item for item in self._items(tree) if item.name == name and item.mode == DIRECTORY), None)
            if inner is None:
                return None
            tree = inner.sha
        return tree

    def folder(self, commit: str, path: str) -> str | None:
        """Returns the id of the folder at ``path`` in a commit, or None if no folder is there.

        Git looks it up: the trees above it, which may hold thousands of names and are others in each commit, are not
        read. What is asked of one commit about many folders is cheaper asked of its tree.
        """
        found = self._places.get((commit, path))
        if found is None:
            # git says the same of a folder that is not there and of a damaged repository: None must mean the first
            there = self._looked_up(commit, path) or self.subtree(self.commit(commit).tree, path)
            found = self._places.keep((commit, path), there or "")
        return found or None

    def _looked_up(self, commit: str, path: str) -> str | None:
        """Returns what git says; None also where there is no way to ask it."""
        if not path or "\n" in path:
            return None
        with self._reading:
            try:
                sha, kind, _ = self._repository.git.get_object_header(f"{commit}:{path}")
            except ValueError:  # nothing there, or bytes that are no UTF-8 (UnicodeEncodeError)
                return None
        return _word(sha) if _word(kind) == "tree" else None

    def folders(self, tree: str) -> dict[str, str]:
        """Returns the folders directly inside a tree, name -> id."""
        return {text(item.name): item.sha for item in self._items(tree) if item.mode == DIRECTORY}

    def names(self, tree: str) -> list[str]:
        """Returns the names directly inside a tree."""
        return [text(item.name) for item in self._items(tree)]

    def files(self, tree: str) -> dict[Path, Entry]:
        """Returns all files below a tree as entries; what is no plain file is a Problem."""
        found: dict[Path, Entry] = {}
        self._collect(tree, "", found)
        return found

    def _collect(self, tree: str, prefix: str, found: dict[Path, Entry]) -> None:
        for item in self._items(tree):
            path = prefix + text(item.name)
            if item.mode == DIRECTORY:
                self._collect(item.sha, path + "/", found)
            elif item.mode == LINK:
                found[Path(path)] = Problem(
                    "is a symbolic link, which Azure Files cannot hold", "commit a copy instead"
                )
            elif item.mode == NESTED:
                found[Path(path)] = Problem("is a nested repository", "commit its files, or move it out of the flow")
            else:
                found[Path(path)] = File(Blob(item.sha), EXECUTABLE if item.mode == EXECUTABLE else REGULAR)

    def with_folder(self, tree: str | None, path: str, folder: str | None) -> str:
        """Returns ``tree`` with the folder at ``path`` replaced by another tree (None: removed), all else untouched."""
        return self._with(tree, path, Item(DIRECTORY, b"", folder) if folder else None)

    def with_blob(self, tree: str, path: str, blob: Blob) -> str:
        """Returns ``tree`` with the content of the file at ``path`` replaced, its mode and all else untouched."""
        return self._with(tree, path, Item(self._item(tree, path).mode, b"", blob))

    def _with(self, tree: str | None, path: str, new: Item | None) -> str:
        head, _, rest = path.partition("/")
        name = head.encode("utf-8", "surrogateescape")
        items = list(self._items(tree)) if tree else []
        if rest:
            before = next((item for item in items if item.name == name), None)
            inner = self._with(before.sha if before and before.mode == DIRECTORY else None, rest, new)
            new = Item(DIRECTORY, name, inner) if self._items(inner) else None
        items = [item for item in items if item.name != name]
        if new is not None:
            items.append(Item(new.mode, name, new.sha))
        return self._write_tree(items)

    def entry(self, tree: str, path: str) -> str:
        """Returns the id of what is at ``path`` in a tree."""
        return self._item(tree, path).sha

    def write_files(
        self, files: Mapping[Path, File], beside: str | None = None, keep: Iterable[Path] = ()
    ) -> str | None:
        """Stores a folder that holds ``files`` and returns its id, None if it would be empty.

        ``keep`` names paths to take over as they are from the tree ``beside``.
        """
        nested: dict[str, object] = {}
        for path, file in files.items():
            _place(nested, path, Item(file.mode, b"", file.blob))
        for path in keep:
            _place(nested, path, self._item(beside, path))
        return self._write_nested(nested)

    def write_empty_tree(self) -> str:
        """Stores the tree without files and returns its id."""
        return self._write_tree([])

    def _item(self, tree: str | None, path: str) -> Item:
        folder, _, name = path.rpartition("/")
        inner = self.subtree(tree, folder) if tree else None
        wanted = name.encode("utf-8", "surrogateescape")
        for item in self._items(inner) if inner else ():
            if item.name == wanted:
                return item
        raise RepositoryError(f"tree {tree} holds no {path}", "git fsck")

    def _write_nested(self, nested: Mapping[str, object]) -> str | None:
        items = []
        for name, inner in nested.items():
            raw = name.encode("utf-8", "surrogateescape")
            if isinstance(inner, Item):
                items.append(Item(inner.mode, raw, inner.sha))
            else:
                folder = self._write_nested(cast(dict[str, object], inner))
                items.append(Item(DIRECTORY, raw, cast(str, folder)))
        return self._write_tree(items) if items else None

    def _items(self, tree: str) -> tuple[Item, ...]:
        found = self._trees.get(tree)
        if found is None:
            kind, raw = self._read(tree)
            if kind == "commit":
                return self._items(self.commit(tree).tree)
            found = self._trees.keep(tree, decoded_tree(raw))
        return found

    def _write_tree(self, items: Sequence[Item]) -> str:
        ordered = in_order(items)
        sha = self._store("tree", encoded_tree(ordered))
        self._trees.keep(sha, ordered)
        return sha

    def _store(self, kind: str, raw: bytes) -> str:
        for _ in range(_TRIES):
            # A git gc beside us removes the loose copy of what is packed, and folders that this left empty, also
            # between two of gitdb's calls.
            with suppress(FileNotFoundError, FileExistsError):  # gone before, or after, os.makedirs looked
                stored = self._loose.store(IStream(kind, len(raw), io.BytesIO(raw)))
                sha = cast(bytes, stored.hexsha).decode("ascii")
                # One that was there already may be old, and in no ref: young, it is out of git gc's reach until it is.
                with suppress(PermissionError):  # another user's
                    os.utime(self._note(sha))
                return sha
        raise RepositoryError(f"a {kind} could not be stored: its folder is not there", "git fsck")


def _whole(size: int, data: BinaryIO) -> bytes:
    content = data.read(size)
    while len(content) < size and (more := data.read(size - len(content))):
        content += more
    if len(content) < size:
        raise RepositoryError(f"content ended {size - len(content)} bytes early", "run the command again")
    return content


def _word(kind: str | bytes) -> str:
    return text(kind) if isinstance(kind, bytes) else kind  # GitPython says str, and gives bytes


def _place(nested: dict[str, object], path: str, item: Item) -> None:
    *folders, name = path.split("/")
    for folder in folders:
        nested = cast(dict[str, object], nested.setdefault(folder, {}))
    nested[name] = item
