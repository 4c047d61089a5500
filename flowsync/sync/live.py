"""``live`` mode: the saved edits of one flow become a commit by themselves.

The commit holds that flow's files as ``git add`` would take them, and nothing else; what the person has staged, and all
other edits, stay as they are. It is built in a private index, checked, and only made if the files are still what was
read when all is done, with git at rest before and after: what a hook framework puts away and back (see
``repo.worktree``) leaves either a live process or changed files behind.
"""

import fnmatch
import os
from collections.abc import Sequence
from dataclasses import dataclass

from flowsync.core.ignore import never_syncs
from flowsync.core.plan import Hold
from flowsync.core.tree import FlowName, Path, diff
from flowsync.errors import RepositoryError
from flowsync.repo.neighbours import git_at_work
from flowsync.repo.plumbing import Git, fields
from flowsync.repo.refs import Move, RefMoved
from flowsync.repo.worktree import Checkout
from flowsync.sync.findings import found_in
from flowsync.sync.link import Link
from flowsync.sync.saved import LITERAL, as_added, stamps
from flowsync.sync.snapshot import overlay

_DEBRIS = (
    "*.swp",
    "*.swx",
    "*.swo",
    "4913",
    "*~",
    ".#*",
    "#*#",
    "*.tmp",
    "*___jb_tmp___",
    "*___jb_old___",
    ".goutput*",
)
_SHOWN = 3  # files named in a subject


@dataclass(frozen=True, slots=True)
class LiveCommit:
    """What became of one flow's saved edits: a commit, a reason to wait, or neither (there was nothing)."""

    flow: FlowName
    commit: str = ""
    paths: tuple[Path, ...] = ()
    hold: Hold | None = None


def is_debris(path: str) -> bool:
    """Tells whether a file is what editors leave behind for a moment while they save."""
    name = path.rpartition("/")[2]
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _DEBRIS)


def commit_live(link: Link, flow: FlowName) -> LiveCommit:
    """Commits the saved edits of a flow on the branch, if they settled and hold no error, or says what they await."""
    at = link.repo.worktree.checkout(link.remote.branch)
    tip = link.repo.worktree.tip(link.remote.branch)
    if at is None or tip is None:
        hold = Hold(f"branch {link.remote.branch} is not checked out", f"git switch {link.remote.branch}")
        return LiveCommit(flow, hold=hold)
    waits = _at_rest(link, at, flow)
    if waits is not None:
        return LiveCommit(flow, hold=waits)
    paths = _edited(link, at, flow)
    before = stamps(at, link.remote.folder(flow), paths)
    if not paths:
        return LiveCommit(flow)
    tree = link.repo.objects.subtree(as_added(link, at, tip, flow, paths), link.remote.folder(flow))
    if tree == link.flow_tree(tip, flow):
        return LiveCommit(flow)
    waits = _broken(link, flow, tree) or _at_rest(link, at, flow)
    if waits is None and (_edited(link, at, flow) != paths or stamps(at, link.remote.folder(flow), paths) != before):
        waits = Hold("it is being saved right now", "wait a moment")
    return LiveCommit(flow, hold=waits) if waits else _committed(link, at, flow, tip, tree, paths)


def _at_rest(link: Link, at: Checkout, flow: FlowName) -> Hold | None:
    return link.repo.worktree.busy(at) or git_at_work(at.folder) or _staged(link, at, flow)


def _staged(link: Link, at: Checkout, flow: FlowName) -> Hold | None:
    """A person who stages is composing a commit; taking the whole file from under them would spoil it."""
    done = Git(at.folder).run("diff", "--cached", "--quiet", "--", link.remote.folder(flow), env=LITERAL)
    if done.returncode == 0:
        return None
    return Hold("it has staged edits, so the commit is left to you", "git commit, or git restore --staged")


def _edited(link: Link, at: Checkout, flow: FlowName) -> tuple[Path, ...]:
    """Returns the flow's files with saved edits, without what never syncs and what editors are about to remove."""
    dirty = link.repo.worktree.dirty(at, link.remote.folder(flow))
    return tuple(sorted(Path(path) for path in dirty if not never_syncs(path) and not is_debris(path)))


def _broken(link: Link, flow: FlowName, tree: str | None) -> Hold | None:
    """Returns why the files must not go to Studio as they are, or None."""
    if tree is None:
        return Hold("all its files are gone", f"git commit the removal, or git restore {link.remote.folder(flow)}")
    errors = [one for one in found_in(link, tree) if one.severity == "error"]
    if not errors:
        return None
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    where = f"{first.path}:{first.line}" if first.line else first.path
    return Hold(f"{where}: {first.message}{more}", f"flowsync validate {link.remote.folder(flow)}")


def _committed(
    link: Link, at: Checkout, flow: FlowName, tip: str, tree: str | None, paths: Sequence[Path]
) -> LiveCommit:
    """Makes the commit, takes its files into the person's index, and moves the branch, in this order.

    Killed in between, the edits are staged and otherwise as they were.
    """
    objects = link.repo.objects
    author, committer = link.repo.person()
    message = _message(link, flow, link.flow_tree(tip, flow), tree)
    new = objects.write_commit(overlay(link, tip, flow, tree), [tip], author, committer, message)
    folder = link.remote.folder(flow)
    git = Git(at.folder)
    listed = {}
    for entry in fields(git("ls-tree", "-r", "-z", new, "--", f"{folder}/", env=LITERAL)):
        meta, _, path = entry.partition("\t")
        mode, _, sha = meta.split(" ")
        listed[path] = f"{mode} {sha} 0\t{path}\0"
    gone = f"0 {'0' * 40} 0\t"
    lines = "".join(listed.get(f"{folder}/{path}", f"{gone}{folder}/{path}\0") for path in paths)
    try:
        git("update-index", "-z", "--index-info", stdin=lines.encode("utf-8", "surrogateescape"))
        link.repo.refs.move([Move(f"refs/heads/{link.remote.branch}", tip, new)], "live edit")
    except RefMoved:
        return LiveCommit(flow, hold=Hold("the branch moved meanwhile", "wait a moment"))
    except RepositoryError as error:
        if os.path.lexists(at.git_dir / "index.lock"):
            return LiveCommit(flow, hold=Hold("another git command holds the index", "wait for it"))
        raise error
    return LiveCommit(flow, new, tuple(paths))


def _message(link: Link, flow: FlowName, old: str | None, new: str | None) -> str:
    before, after = (link.repo.objects.files(tree) if tree else {} for tree in (old, new))
    changes = diff(before, after)
    said = [
        f"{'add' if change.old is None else 'delete' if change.new is None else 'edit'} {change.path}"
        for change in changes
    ]
    more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return f"{flow}: {', '.join(said[:_SHOWN]) or 'change modes'}{more}\n\nFlowsync-Flow: {flow}\nFlowsync-Mode: live\n"
