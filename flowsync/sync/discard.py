"""Dropping the uncommitted edits of a flow, or of some of its files. What is dropped is kept first, as a commit.

The commit stands on the branch's tip and holds the files as they were saved; what was staged and differs from that is
a second parent, as in a stash. A ref keeps it, so that ``restore --no-commit`` brings the edits back.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path as FilePath

from flowsync.core.names import is_folder_name
from flowsync.core.plan import Hold
from flowsync.core.tree import FlowName, Path
from flowsync.errors import UsageError
from flowsync.repo.neighbours import git_at_work
from flowsync.repo.plumbing import Git
from flowsync.repo.refs import Move
from flowsync.repo.worktree import Checkout
from flowsync.sync.alone import alone
from flowsync.sync.holds import edited, few
from flowsync.sync.link import Link
from flowsync.sync.result import Did, Result
from flowsync.sync.saved import LITERAL, as_added, as_staged, names, stamps


def discard(link: Link, flow: FlowName, paths: Sequence[str] = (), dry_run: bool = False) -> Result:
    """Takes a flow's files (or some of them, or folders of them) back to what the branch holds."""
    branch = link.remote.branch
    at, tip = link.repo.worktree.checkout(branch), link.repo.worktree.tip(branch)
    if not is_folder_name(flow):
        raise UsageError(f"no flow is called {flow}", "flowsync status")
    if at is None or tip is None:
        there = "is not checked out" if tip else "has no commit yet to go back to"
        return Result(flow, Did.HELD, hold=Hold(f"branch {branch} {there}", f"git switch {branch}"))
    if waits := link.repo.worktree.busy(at) or git_at_work(at.folder):
        return Result(flow, Did.HELD, hold=waits)
    chosen = _chosen(link, at, tip, flow, paths)
    if not chosen:
        return Result(flow, Did.UNCHANGED, hold=Hold("it has no uncommitted edits"))
    if dry_run:
        return Result(flow, Did.DISCARDED, chosen, before=tip)
    with alone(link):
        return _discarded(link, at, tip, flow, chosen)


def _chosen(link: Link, at: Checkout, tip: str, flow: FlowName, paths: Sequence[str]) -> tuple[Path, ...]:
    dirty = edited(link, at, flow).get(flow, [])
    if not dirty and link.flow_tree(tip, flow) is None:
        raise UsageError(f"no flow is called {flow}", "flowsync status")
    wanted = {path: [one for one in dirty if one == path or one.startswith(f"{path}/")] for path in paths}
    if strange := [path for path, found in wanted.items() if not found]:
        raise UsageError(f"there are no uncommitted edits in {', '.join(strange)} of {flow}", "git status")
    return tuple(sorted({one for found in wanted.values() for one in found} if paths else dirty))


def _discarded(link: Link, at: Checkout, tip: str, flow: FlowName, paths: Sequence[Path]) -> Result:
    folder = link.remote.folder(flow)
    before = stamps(at, folder, paths)
    kept = _kept(link, at, tip, flow, paths)
    if stamps(at, folder, paths) != before or link.repo.worktree.tip(link.remote.branch) != tip:
        return Result(flow, Did.HELD, hold=Hold("it is being saved right now", "run the command again"))
    ref = link.kept_ref(flow, kept)
    if link.repo.refs.get(ref) is None:
        link.repo.refs.move([Move(ref, None, kept)], "keep discarded edits")
    _drop(link, at, tip, flow, paths)
    again = Hold(f"{few(paths)}; kept as {kept[:12]}", f"flowsync restore {flow} --at {kept[:12]} --no-commit")
    return Result(flow, Did.DISCARDED, tuple(paths), kept, again, before=tip)


def _kept(link: Link, at: Checkout, tip: str, flow: FlowName, paths: Sequence[Path]) -> str:
    """Stores the commit that keeps the edits, and returns its id."""
    objects = link.repo.objects
    author, committer = link.repo.person()
    message = f"{flow}: discarded edits of {few(paths)}\n\nFlowsync-Flow: {flow}\n"
    parents = [tip]
    saved, staged = as_added(link, at, tip, flow, paths), as_staged(link, at, tip, flow, paths)
    if staged not in (saved, objects.commit(tip).tree):
        parents.append(objects.write_commit(staged, [tip], author, committer, f"{message}\nAs it was staged.\n"))
    return objects.write_commit(saved, parents, author, committer, message)


def _drop(link: Link, at: Checkout, tip: str, flow: FlowName, paths: Sequence[Path]) -> None:
    tree = link.flow_tree(tip, flow)
    committed = link.repo.objects.files(tree) if tree else {}
    git = Git(at.folder)
    if old := [path for path in paths if path in committed]:
        arguments = ("--staged", "--worktree", "--pathspec-from-file=-", "--pathspec-file-nul")
        git("restore", f"--source={tip}", *arguments, stdin=names(link, flow, old), env=LITERAL)
    if new := [path for path in paths if path not in committed]:
        git("update-index", "--force-remove", "-z", "--stdin", stdin=names(link, flow, new))
        top = at.folder / link.remote.folder(flow)
        for path in new:
            _remove(top / path, top)


def _remove(file: FilePath, top: FilePath) -> None:
    """Removes a file, and the folders up to the flow's that it leaves empty."""
    file.unlink(missing_ok=True)
    folder = file.parent
    with suppress(OSError):  # not empty
        while folder.is_relative_to(top):
            folder.rmdir()
            folder = folder.parent
