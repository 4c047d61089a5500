"""What a person looks at: one flow's files on every side, their content, its history, and what differs. Only reads.

``at`` names a side: ``base``, ``local`` (the branch), ``remote`` (the tracking ref) or ``worktree``; or it is a commit,
or the id of a flow's folder (a tree), such as the one that ``resolve`` shows before it commits it. A file's content may
be asked for by its blob's id, too, which costs least. Answers are as programs read them.
"""

import base64
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flowsync.core.names import is_git
from flowsync.core.plan import BOTH, State
from flowsync.core.tree import Blob, Change, Entry, File, FlowName, Path, Problem, blob_of, diff
from flowsync.errors import RepositoryError, UsageError
from flowsync.repo.stamps import Look, look, of_refs
from flowsync.repo.worktree import Checkout
from flowsync.sync.discard import discard
from flowsync.sync.findings import finding_json, found_in
from flowsync.sync.holds import edited
from flowsync.sync.link import Link
from flowsync.sync.message import meaning
from flowsync.sync.preview import clashing
from flowsync.sync.settle import Settlement, resolve, restore, settled_json
from flowsync.sync.shown import results_json
from flowsync.sync.survey import Standing, Survey, known, survey, syncing
from flowsync.sync.timeline import commits, told
from flowsync.validate.worktree import validate_paths

LARGEST = 8 * 1024 * 1024  # bytes of a file whose content is told
_SHA = re.compile("[0-9a-f]{40}")


class Views:
    """The views of one link's flows, over the link's life; what was read is kept."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._sizes: dict[Blob, int] = {}
        self._surveys: dict[FlowName, tuple[tuple[Look, ...], Survey]] = {}
        self._timelines: dict[FlowName, tuple[tuple[Look, ...], list[str]]] = {}
        self._clashes: dict[tuple[str | None, ...], tuple[Path, ...]] = {}

    def _survey(self, flow: FlowName) -> Survey:
        """Compares the flow's sides, unless no ref and no observation of it has moved since."""
        now = (*self._refs(flow), *map(look, self._link.cache.files))
        if flow not in self._surveys or self._surveys[flow][0] != now:
            self._surveys[flow] = now, survey(self._link, flow)
        return self._surveys[flow][1]

    def _refs(self, flow: FlowName) -> tuple[Look, ...]:
        """Returns what changes when a ref of the flow moves."""
        link = self._link
        refs = (f"refs/heads/{link.remote.branch}", link.tracking_ref(flow), link.base_ref(flow))
        return of_refs(link.repo.state_dir.parent, refs)

    def files(self, flow: FlowName) -> dict[str, Any]:
        """Returns the flow's files, each with its blob on every side."""
        link = self._link
        seen = self._survey(flow)
        standing = known(seen, flow)
        base, local, remote = (
            side or {} for side in syncing(link, standing.base_tree, standing.local_tree, standing.remote_tree)
        )
        at = link.repo.worktree.checkout(link.remote.branch)
        here, dirty = self._worktree(at, flow, local) if at else ({}, frozenset[Path]())
        clashes = self._clashing(standing, seen.tip)
        rows = [
            self._row(path, (base.get(path), local.get(path), remote.get(path), here.get(path)), dirty, clashes)
            for path in sorted({*base, *local, *remote, *here})
        ]
        folder = link.remote.folder(flow)
        for row in rows:
            on_disk = _size(at.folder / folder / row["path"]) if at and row["path"] in dirty else 0
            row["size"] = max(row["size"], on_disk)
        return {
            "flow": flow,
            "folder": folder,
            "checked_out": at is not None,
            "state": State.CONFLICT.value if clashes else standing.state.value,
            "sides": {"base": standing.base, "local": seen.tip, "remote": standing.tracking},
            "files": rows,
        }

    def _worktree(
        self, at: Checkout, flow: FlowName, local: Mapping[Path, Entry], store: bool = False
    ) -> tuple[dict[Path, Entry], frozenset[Path]]:
        """Returns the flow's files as they lie in the worktree, and which of them have uncommitted edits."""
        dirty = frozenset(edited(self._link, at, flow).get(flow, ()))
        prefix = f"{self._link.remote.folder(flow)}/"
        hashed = self._link.repo.worktree.hashed(at, [prefix + path for path in sorted(dirty)], store)
        here = {path: entry for path, entry in local.items() if path not in dirty}
        return here | {Path(path.removeprefix(prefix)): File(blob) for path, blob in hashed.items()}, dirty

    def _clashing(self, standing: Standing, tip: str | None) -> tuple[Path, ...]:
        if standing.state not in BOTH:
            return ()
        key = (standing.base_tree, standing.local_tree, standing.remote_tree)
        if key not in self._clashes:
            self._clashes[key] = clashing(self._link, standing, tip)
        return self._clashes[key]

    def _row(
        self, path: Path, sides: tuple[Entry | None, ...], dirty: frozenset[Path], clashes: Iterable[Path]
    ) -> dict[str, Any]:
        base, local, remote, _ = sides
        blobs = [entry.blob if isinstance(entry, File) else None for entry in sides]
        problem = next((entry for entry in sides if isinstance(entry, Problem)), None)
        if any(clash == path or clash.startswith(f"{path}~") for clash in clashes):  # git's name for a file at a folder
            state = "conflict"
        elif path in dirty:
            state = "dirty"
        elif local == remote:
            state = "same"
        else:
            state = "both" if base not in (local, remote) else "remote" if base == local else "local"
        return {
            "path": path,
            **dict(zip(("base", "local", "remote", "worktree"), blobs, strict=True)),
            "size": max((self._length(blob) for blob in blobs[:3] if blob), default=0),
            "state": state,
            "problem": {"reason": problem.reason, "hint": problem.hint} if problem else None,
        }

    def _length(self, blob: Blob) -> int:
        if blob not in self._sizes:
            self._sizes[blob] = self._link.repo.objects.size(blob)
        return self._sizes[blob]

    def content(self, flow: FlowName, path: str, at: str) -> dict[str, Any] | None:
        """Returns one file's content on one side; None if there is no such file."""
        if at == "worktree":
            return self._on_disk(flow, path)
        blob = self._blob(flow, path, at)
        if blob is None:
            return None
        size = self._length(blob)
        raw = self._link.repo.objects.read(blob) if size <= LARGEST else None
        return _told(path, at, blob, size, raw)

    def _blob(self, flow: FlowName, path: str, at: str) -> Blob | None:
        objects = self._link.repo.objects
        if _is_sha(at) and objects.kind(at) == "blob":
            return Blob(at)
        tree = self.folder(flow, at)
        entry = objects.files(tree).get(Path(path)) if tree else None
        return entry.blob if isinstance(entry, File) else None

    def _on_disk(self, flow: FlowName, path: str) -> dict[str, Any] | None:
        at = self._link.repo.worktree.checkout(self._link.remote.branch)
        parts = path.split("/")
        if at is None or any(part in ("", ".", "..") or is_git(part) or "\0" in part for part in parts):
            return None
        top = at.folder / self._link.remote.folder(flow)
        place = top / path
        if any((top / "/".join(parts[:depth])).is_symlink() for depth in range(1, len(parts) + 1)):
            return None  # nothing outside of the flow is shown
        try:
            if not stat.S_ISREG(place.lstat().st_mode):  # a pipe would be waited for
                return None
            size = place.stat().st_size
            raw = place.read_bytes() if size <= LARGEST else None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise RepositoryError(f"{path} of {flow} cannot be read: {error.strerror}") from error
        return _told(path, "worktree", None if raw is None else blob_of(raw), size, raw)

    def compare(self, flow: FlowName, before: str, after: str) -> dict[str, Any]:
        """Returns what differs between two sides: the files, and what that means."""
        old, new = self.folder(flow, before), self.folder(flow, after)
        files = self._link.repo.objects.files
        changes = diff(files(old) if old else {}, files(new) if new else {})
        return {"changes": [_change(change) for change in changes], "semantic": meaning(self._link, old, new)}

    def findings(self, flow: FlowName, at: str) -> dict[str, Any]:
        """Returns what validation finds; in the worktree, what a flow includes from beside it counts, too."""
        if at != "worktree":
            tree = self.folder(flow, at)
            return {"findings": [finding_json(one) for one in found_in(self._link, tree)] if tree else []}
        checkout = self._checkout()
        folder = self._link.remote.folder(flow)
        if not (checkout.folder / folder).is_dir():
            return {"findings": []}
        _, found = validate_paths([folder], checkout.folder)
        here = [one for one in found if one.folder == folder or one.folder.startswith(f"{folder}/")]
        every = [finding._replace(path=one.path(finding)) for one in here for finding in one.findings]
        top = f"{folder}/"
        return {"findings": [finding_json(one._replace(path=one.path.removeprefix(top))) for one in every]}

    def _checkout(self) -> Checkout:
        branch = self._link.remote.branch
        at = self._link.repo.worktree.checkout(branch)
        if at is None:
            raise UsageError(f"branch {branch} is not checked out, so there is no worktree", f"git switch {branch}")
        return at

    def folder(self, flow: FlowName, at: str) -> str | None:
        """Returns the id of the flow's folder on a side, None if the flow is not there."""
        if at == "worktree":
            return self._saved(flow)
        if at in ("base", "local", "remote"):
            standing = known(self._survey(flow), flow)
            return {"base": standing.base_tree, "local": standing.local_tree, "remote": standing.remote_tree}[at]
        sha = at if _is_sha(at) else self._link.repo.refs.get(at)
        kind = self._link.repo.objects.kind(sha) if sha else None
        if sha is None or kind not in ("commit", "tree"):
            raise UsageError(f"{at} is no side and no commit of this repository", "base, local, remote or worktree")
        return sha if kind == "tree" else self._link.flow_tree(sha, flow)

    def settled(self, flow: FlowName, how: Settlement, seen_as: Mapping[str, str | None] | None) -> dict[str, Any]:
        """Returns what settling a conflict would do; nothing is committed."""
        return settled_json(self._link, resolve(self._link, flow, how, dry_run=True, seen_as=seen_as), dry_run=True)

    def discarded(self, flow: FlowName, paths: Sequence[str]) -> dict[str, Any]:
        """Returns what discarding uncommitted edits would do."""
        return results_json([discard(self._link, flow, paths, dry_run=True)], dry_run=True)

    def restored(self, flow: FlowName, revision: str) -> dict[str, Any]:
        """Returns what bringing a flow back would do."""
        return results_json([restore(self._link, flow, revision, dry_run=True)], dry_run=True)

    def _saved(self, flow: FlowName) -> str | None:
        """Stores the flow's folder as it lies in the worktree, and returns its id; what never syncs is as committed."""
        objects = self._link.repo.objects
        local = self._link.flow_tree(self._link.repo.worktree.tip(self._link.remote.branch), flow)
        committed = objects.files(local) if local else {}
        here, _ = self._worktree(self._checkout(), flow, committed, store=True)
        plain = {path: entry for path, entry in here.items() if isinstance(entry, File)}
        return objects.write_files(plain, local, here.keys() - plain.keys())

    def history(self, flow: FlowName, limit: int = 200, after: str | None = None) -> dict[str, Any]:
        """Returns the saves in Studio and the branch's commits of a flow, newest first, each once."""
        now = self._refs(flow)
        if flow not in self._timelines or self._timelines[flow][0] != now:
            self._timelines = {flow: (now, commits(self._link, flow))}  # of one flow: people page through one
        every = self._timelines[flow][1]
        begin = every.index(after) + 1 if after in every else 0
        page = every[begin : begin + limit]
        return {"entries": told(self._link, flow, page), "more": begin + limit < len(every)}


def _change(change: Change) -> dict[str, Any]:
    before, after = (entry.blob if isinstance(entry, File) else None for entry in (change.old, change.new))
    kind = "added" if change.old is None else "removed" if change.new is None else "changed"
    return {"path": change.path, "kind": kind, "before": before, "after": after}


def _told(path: str, at: str, blob: Blob | None, size: int, raw: bytes | None) -> dict[str, Any]:
    """Returns a file's content as text where it is text; None in place of the bytes means that they are too many."""
    about = {"path": path, "at": at, "blob": blob, "size": size}
    if raw is None:
        return {**about, "too_large": True}
    try:
        return {**about, "text": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {**about, "base64": base64.b64encode(raw).decode("ascii")}


def _is_sha(at: str) -> bool:
    return _SHA.fullmatch(at) is not None


def _size(place: os.PathLike[str]) -> int:
    try:
        return os.lstat(place).st_size
    except OSError:
        return 0
