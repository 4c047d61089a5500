"""From an archive to the branch: a third side of the same three-way merge.

What an archive brings becomes a commit whose parent is what it was made from. Where only the archive moved on, that
lands as an ordinary commit on the branch's tip; where both did, as a merge whose second parent it is; where they clash,
the branch stays as it is, and a ref keeps the archive's commit until a person settles it.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from flowsync.core.plan import BOTH, TO_LAND, Hold, State, brake
from flowsync.core.tree import FlowName, Path
from flowsync.errors import UsageError
from flowsync.repo.ground import NotFastForward
from flowsync.repo.refs import Move
from flowsync.repo.staging import stage
from flowsync.sync.bases import agree
from flowsync.sync.holds import Holds, few
from flowsync.sync.incoming import Incoming
from flowsync.sync.joined import conflicted, joined
from flowsync.sync.link import Link
from flowsync.sync.message import import_merge_message, import_message
from flowsync.sync.result import Did, Result, problem_result
from flowsync.sync.settle import Settlement, settled
from flowsync.sync.snapshot import commit, folder, overlay, replayed
from flowsync.sync.survey import Standing, compare, survey, syncing


@dataclass(frozen=True, slots=True)
class Wish:
    """How a person wants an import to end. ``commit`` False leaves the result staged."""

    commit: bool = True
    dry_run: bool = False
    accept_deletes: bool = False
    settlement: Settlement | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """An import, prepared: the branch's tip, the commits that the archives became, and what comparing them says."""

    tip: str | None
    chain: tuple[str, ...]
    standing: Standing
    last: Incoming


def bring(link: Link, row: Sequence[Incoming], base: str | None, wish: Wish) -> Result:
    """Lands the archives of one flow, oldest first; the first of them was made from ``base``, each other from the last.

    Their content is in the object store already.
    """
    case = _case(link, row, base)
    standing, flow = case.standing, case.standing.flow
    if standing.state is State.PROBLEM:
        return problem_result(flow, dict(standing.decided.problems))
    if standing.state not in TO_LAND | BOTH:
        return _nothing(link, case)
    if hold := _hold(link, case, wish):
        return Result(flow, Did.HELD, hold=hold)
    if standing.state in TO_LAND:
        return _finish(link, case, wish, Did.LANDED, None)
    tree, left = _joined(link, case, wish)
    if tree is None:
        return _conflict(link, case, left, wish)
    return _finish(link, case, wish, Did.MERGED, tree)


def _case(link: Link, row: Sequence[Incoming], base: str | None) -> _Case:
    flow = row[0].flow
    tip = link.repo.worktree.tip(link.remote.branch)
    chain = commits(link, row, base)
    end = chain[-1] if chain else base
    standing = compare(link, flow, base, link.flow_tree(tip, flow), end, {})
    return _Case(tip, chain, standing, row[-1])


def commits(link: Link, row: Sequence[Incoming], base: str | None) -> tuple[str, ...]:
    """Returns the commits that the archives become, each on the one before; what changes nothing makes none."""
    made: list[str] = []
    parent = base
    for one in row:
        before = link.flow_tree(parent, one.flow)
        tree = folder(link, one.blobs, before, before)
        if tree == before:
            continue
        message = import_message(link, one.flow, before, tree, one.source.path.name, one.source.sha256)
        parent = commit(link, parent, overlay(link, parent, one.flow, tree), _author(link, one), message)
        made.append(parent)
    return tuple(made)


def _author(link: Link, one: Incoming) -> str:
    """Returns the person as author, at the archive's own date: the same archive makes the same commit again."""
    author, _ = link.repo.person()
    who, now, _ = author.rsplit(" ", 2)
    return f"{who} {min(one.source.written, int(now))} +0000"  # ZIP knows no time zone; none is in the future


def _nothing(link: Link, case: _Case) -> Result:
    """Returns the result of an import that brings nothing which the branch's history does not hold."""
    standing, flow = case.standing, case.standing.flow
    base = (standing.base or "")[:12]
    if standing.state is State.IN_SYNC:
        return Result(flow, Did.UNCHANGED, hold=Hold("the branch holds exactly this already"))
    back = f"flowsync restore {flow} --at {base}"
    if standing.state is State.DELETED_LOCALLY:
        return Result(flow, Did.HELD, hold=Hold(f"it is as commit {base} had it; the flow was deleted since", back))
    reason = f"commit {base} held exactly this, and the branch has moved on since"
    return Result(flow, Did.UNCHANGED, hold=Hold(reason, f"{back} (to go back to it)"))


def _hold(link: Link, case: _Case, wish: Wish) -> Hold | None:
    """Returns why the branch cannot take the archive in now, or None."""
    flow = case.standing.flow
    holds = Holds(link, {})
    if waits := holds.busy or holds.uncommitted(flow):
        return waits
    if not wish.commit and link.repo.worktree.checkout(link.remote.branch) is None:
        return Hold(f"branch {link.remote.branch} is not checked out", f"git switch {link.remote.branch}")
    theirs = dataclasses.replace(case.standing.decided, local=())
    (before,) = syncing(link, case.standing.base_tree)
    if wish.accept_deletes or brake(flow, theirs, before, link.remote.max_deletes) is None:
        return None
    gone = sum(change.new is None for change in theirs.remote)
    reason = f"{gone} of {len(before or ())} files are not in the archive, and would be deleted"
    return Hold(reason, "the same command with --accept-deletes")


def _joined(link: Link, case: _Case, wish: Wish) -> tuple[str | None, tuple[Path, ...]]:
    """Returns the whole tree that joins both sides; None where they clash, with the paths."""
    standing = case.standing
    merge = joined(link, standing, case.tip) if case.tip and standing.state is not State.CONFLICT else None
    if merge and not merge.conflicts:
        return merge.tree, ()
    if wish.settlement and case.tip:
        tree, left = settled(link, standing, case.tip, wish.settlement)
        return (None, left) if left else (tree, ())
    changed = tuple(change.path for change in standing.decided.remote)
    return None, conflicted(standing, merge) or changed  # a whole flow may be gone without any file in doubt


def _conflict(link: Link, case: _Case, paths: tuple[Path, ...], wish: Wish) -> Result:
    """Keeps the archive's commit where Git can merge it, and says how a person settles the clash."""
    end = case.chain[-1]
    kept = link.kept_ref(case.standing.flow, end)
    if not wish.dry_run and link.repo.refs.get(kept) is None:
        link.repo.refs.move([Move(kept, None, end)], "keep what an archive brought")
    reason = f"the archive and the branch both changed {few(paths)}"
    hint = f"the same command with --ours, --theirs or --tool; or in your own way: git merge {kept}"
    return Result(case.standing.flow, Did.CONFLICT, paths, hold=Hold(reason, hint))


def _finish(link: Link, case: _Case, wish: Wish, did: Did, merged: str | None) -> Result:
    """Moves the branch; or stages the result, if that is the wish."""
    flow = case.standing.flow
    done = Result(flow, did, tuple(change.path for change in case.standing.decided.remote), before=case.tip or "")
    if wish.dry_run:
        return done
    new = _merge_commit(link, case, merged) if merged else _replay(link, case)
    try:
        if wish.commit:
            link.repo.worktree.fast_forward(link.remote.branch, case.tip, new)
        else:
            _stage(link, case.tip, new)
            return done
    except NotFastForward as refused:
        return Result(flow, Did.HELD, hold=Hold(refused.message, refused.hint))
    _let_go(link, flow, case.chain[-1])
    if link.repo.refs.get(link.tracking_ref(flow)):  # Studio may hold just this: then both sides agree from now on
        agree(link, list(survey(link, flow).flows.values()))
    return dataclasses.replace(done, commit=new)


def _let_go(link: Link, flow: FlowName, end: str) -> None:
    """Drops the ref that kept the archive's commit while it clashed; the branch holds it now."""
    kept = link.kept_ref(flow, end)
    if link.repo.refs.get(kept) == end and link.repo.refs.contains(f"refs/heads/{link.remote.branch}", end):
        link.repo.refs.move([Move(kept, end, None)], "landed")


def _merge_commit(link: Link, case: _Case, tree: str) -> str:
    author, committer = link.repo.person()
    message = import_merge_message(link, case.standing.flow, case.last.source.path.name)
    parents = [parent for parent in (case.tip, case.chain[-1]) if parent]
    return link.repo.objects.write_commit(tree, parents, author, committer, message)


def _replay(link: Link, case: _Case) -> str:
    onto = case.tip
    for sha in case.chain:
        onto = replayed(link, link.repo.objects.commit(sha), sha, onto, case.standing.flow) or onto
    return onto or ""


def _stage(link: Link, tip: str | None, new: str) -> None:
    at = link.repo.worktree.checkout(link.remote.branch)
    if tip is None or at is None:
        raise UsageError(f"branch {link.remote.branch} has no commit yet to stand on", "without --no-commit")
    stage(at, tip, link.repo.objects.commit(new).tree)
