"""What a person decides: settling a conflict, and bringing a flow back as it once was. Both end as a commit."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from flowsync.core.plan import Hold, State
from flowsync.core.tree import REGULAR, Entry, File, FlowName, Path, diff
from flowsync.errors import UsageError
from flowsync.repo.ground import NotFastForward
from flowsync.repo.refs import Move
from flowsync.repo.staging import stage
from flowsync.sync.alone import alone
from flowsync.sync.answers import EVERY, Answer, Side, one_side, place_of, put
from flowsync.sync.bases import agree
from flowsync.sync.findings import finding_json, found_in
from flowsync.sync.holds import A_MOMENT, Holds
from flowsync.sync.includes import resolved, takes_in
from flowsync.sync.joined import joined, sides
from flowsync.sync.link import Link
from flowsync.sync.message import merge_message, restore_message
from flowsync.sync.result import Did, Result
from flowsync.sync.shown import results_json
from flowsync.sync.snapshot import overlay
from flowsync.sync.survey import Standing, compare, known, survey

_UNSETTLED = frozenset({State.DIVERGED, State.CONFLICT, State.DELETED_IN_STUDIO, State.DELETED_LOCALLY})


class Take(StrEnum):
    """Whose side counts where both changed the same."""

    OURS = "ours"
    THEIRS = "theirs"
    TOOL = "tool"
    EACH = "each"  # as the person says, file by file


_SIDES = {Take.OURS: Side.LOCAL, Take.THEIRS: Side.REMOTE}


@dataclass(frozen=True, slots=True)
class Settlement:
    """How to settle: whose side, or which merge tool ("" is the one that git is configured with).

    ``answers`` go before that, for single files, in conflict or not.
    """

    take: Take
    tool: str = ""
    answers: Mapping[Path, Answer] = field(default_factory=dict)

    @classmethod
    def each(cls, answers: Mapping[Path, Answer]) -> "Settlement":
        """Returns the settlement of files one by one; one answer may be for all that are not named."""
        rest = answers.get(EVERY)
        own = {path: answer for path, answer in answers.items() if path != EVERY}
        take = next((take for take, side in _SIDES.items() if side == rest), Take.EACH)
        if rest is not None and take is Take.EACH:
            raise UsageError("for all files, take local or remote", '{"*": {"take": "local"}}')
        return cls(take, answers=own)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a flow, and the id of its folder as it is settled: what a rehearsal would commit."""

    result: Result
    folder: str | None = None


def resolve(
    link: Link,
    flow: FlowName,
    how: Settlement,
    dry_run: bool = False,
    seen_as: Mapping[str, str | None] | None = None,
) -> Settled:
    """Settles a flow that both sides edited by a merge commit on the branch; ``push`` then takes it to Studio.

    ``seen_as`` are the commits of base, local and remote that the person decided by; if one of them has another flow
    in it by now, nothing is done.
    """
    seen = survey(link, flow)
    standing = known(seen, flow)
    if waits := _unready(link, standing, seen.tip, how, seen_as):
        return Settled(waits)
    tip = seen.tip or ""
    tree, left = settled(link, standing, tip, how)
    if left:
        hold = Hold(f"{', '.join(left)} still in conflict; nothing was changed", "run it again")
        return Settled(Result(flow, Did.CONFLICT, left, hold=hold))
    paths = tuple(clash.path for clash in standing.decided.clashes)
    folder = link.repo.objects.subtree(tree, link.remote.folder(flow))
    if dry_run:
        return Settled(Result(flow, Did.MERGED, paths, before=tip), folder)
    with alone(link):
        sha = _merged(link, standing, tip, tree)
    return Settled(Result(flow, Did.MERGED, paths, sha, before=tip), folder)


def settled_json(link: Link, done: Settled, dry_run: bool) -> dict[str, Any]:
    """Returns what became of a flow as programs read it, with what validation finds in it as it is settled."""
    found = found_in(link, done.folder) if done.folder else []
    said = results_json([done.result], dry_run)
    return {**said, "findings": [finding_json(one) for one in found], "folder": done.folder}


def _unready(
    link: Link, standing: Standing, tip: str | None, how: Settlement, seen_as: Mapping[str, str | None] | None
) -> Result | None:
    """Returns why there is nothing to settle, or not now, or None."""
    flow = standing.flow
    if seen_as is not None and _moved(link, standing, seen_as):
        return Result(flow, Did.STALE, hold=Hold("it has moved since it was shown", "look at it again"))
    if standing.state not in _UNSETTLED or tip is None:
        hold = Hold(f"there is nothing to resolve: it is {standing.state}", "flowsync status")
    elif standing.state is State.DELETED_LOCALLY and _whole(standing, how) is None:
        hold = Hold("it is deleted here already", f"flowsync push --accept-deletes {flow}")
    elif (waits := _waits(link, flow)) is not None:
        hold = waits
    else:
        return None
    return Result(flow, Did.HELD, hold=hold)


def _moved(link: Link, standing: Standing, seen_as: Mapping[str, str | None]) -> bool:
    """Tells whether a side holds another flow than in these commits. That others moved in between does not count."""
    base, local, remote = (seen_as.get(side) for side in ("base", "local", "remote"))
    if any(link.repo.objects.kind(commit) != "commit" for commit in (base, local, remote) if commit):
        return True
    here = resolved(link, local, standing.flow, link.flow_tree(local, standing.flow))
    then = compare(link, standing.flow, base, here.tree if here else None, remote, {})
    return (then.base_tree, then.local_tree, then.remote_tree) != (
        standing.base_tree,
        standing.local_tree,
        standing.remote_tree,
    )


def _merged(link: Link, standing: Standing, tip: str, tree: str) -> str:
    """Commits what was settled, and lets tracking ref and base agree with it."""
    flow = standing.flow
    author, committer = link.repo.person()
    parents = [tip]
    if standing.tracking and not link.repo.refs.contains(tip, standing.tracking):
        parents.append(standing.tracking)
    sha = link.repo.objects.write_commit(tree, parents, author, committer, merge_message(link, flow))
    link.repo.worktree.fast_forward(link.remote.branch, tip, sha)
    base = link.repo.refs.get(link.base_ref(flow))
    if base != standing.tracking:
        link.repo.refs.move([Move(link.base_ref(flow), base, standing.tracking)], "resolved")
    now = survey(link, flow)
    agree(link, [*now.flows.values(), *now.ended])
    return sha


def restore(link: Link, flow: FlowName, revision: str, dry_run: bool = False, commit: bool = True) -> Result:
    """Brings a flow back as a revision has it, by an ordinary commit on the branch, or staged without one."""
    seen = survey(link, flow)
    sha = link.repo.refs.get(revision)
    if sha is None:
        raise UsageError(f"{revision} is no commit of this repository", f"flowsync log {flow}")
    tree = link.flow_tree(sha, flow)
    if tree is None:
        hint = f"git log --all --oneline -- {link.remote.folder(flow)}"
        raise UsageError(f"commit {sha[:12]} holds no flow called {flow}", hint)
    # edits that are in the way of what is only staged, git knows itself: others may stay
    if waits := _waits(link, flow) if commit else Holds(link, {}).busy:
        return Result(flow, Did.HELD, hold=waits)
    whole = overlay(link, seen.tip, flow, tree)
    if seen.tip and whole == link.repo.objects.commit(seen.tip).tree:
        return Result(flow, Did.HELD, hold=Hold(f"it is already as {revision} has it", "flowsync status"))
    done = Result(flow, Did.RESTORED, _changed(link, link.flow_tree(seen.tip, flow), tree), before=seen.tip or "")
    if dry_run:
        return done
    with alone(link):
        if not commit:
            return _staged(link, seen.tip, whole, done)
        author, committer = link.repo.person()
        message = restore_message(flow, revision, sha)
        new = link.repo.objects.write_commit(whole, [seen.tip] if seen.tip else [], author, committer, message)
        link.repo.worktree.fast_forward(link.remote.branch, seen.tip, new)
    return dataclasses.replace(done, commit=new)


def _staged(link: Link, tip: str | None, whole: str, done: Result) -> Result:
    at = link.repo.worktree.checkout(link.remote.branch)
    if tip is None or at is None:
        branch = link.remote.branch
        return Result(done.flow, Did.HELD, hold=Hold(f"branch {branch} is not checked out", f"git switch {branch}"))
    try:
        stage(at, tip, whole)
    except NotFastForward as refused:
        return Result(done.flow, Did.HELD, hold=Hold(refused.message, refused.hint))
    return done


def _waits(link: Link, flow: FlowName) -> Hold | None:
    holds = Holds(link, {}, patience=A_MOMENT)
    return holds.busy or holds.uncommitted(flow)


def settled(link: Link, standing: Standing, tip: str, how: Settlement) -> tuple[str, tuple[Path, ...]]:
    """Returns the whole tree that settles the flow, or the paths that are still in conflict."""
    if standing.local_tree is None or standing.remote_tree is None:
        return overlay(link, tip, standing.flow, _whole(standing, how)), ()
    if takes_in(link, link.flow_tree(tip, standing.flow)):
        return _as_it_is(link, standing, tip, how)
    if how.take is Take.TOOL:
        three = sides(link, standing, tip)
        done = link.repo.merger.with_tool(three.base, three.local, three.remote, how.tool)
        return done.tree, tuple(Path(path) for path in done.conflicts)
    objects = link.repo.objects
    merge = joined(link, standing, tip)
    merged = objects.subtree(merge.tree, link.remote.folder(standing.flow))
    files = objects.files(merged) if merged else {}
    versions = {
        Side.BASE: objects.files(standing.base_tree) if standing.base_tree else {},
        Side.LOCAL: objects.files(standing.local_tree),
        Side.REMOTE: objects.files(standing.remote_tree),
    }
    every = frozenset(path for version in versions.values() for path in version)
    answers = dict(how.answers)
    left = []
    for conflict in map(Path, merge.conflicts):
        path = place_of(conflict, every)
        if path != conflict:
            files.pop(conflict, None)
        if path not in answers and how.take in _SIDES:
            answers[path] = _SIDES[how.take]
        if path not in answers:
            left.append(path)
    if left:
        return "", tuple(left)
    for path, answer in sorted(answers.items()):
        put(files, path, _entry(link, path, answer, versions))
    plain = {path: entry for path, entry in files.items() if isinstance(entry, File)}
    tree = objects.write_files(plain, merged, files.keys() - plain.keys())
    return overlay(link, tip, standing.flow, tree), ()


def _as_it_is(link: Link, standing: Standing, tip: str, how: Settlement) -> tuple[str, tuple[Path, ...]]:
    """Returns the branch's own tree for a flow that takes files in: in Studio those are copies, which stay there."""
    if how.take is not Take.OURS:
        raise UsageError(
            f"{standing.flow} takes in files from elsewhere (additional_includes), which are copies in Studio",
            f"commit the edit where it belongs, then flowsync resolve {standing.flow} --ours",
        )
    return link.repo.objects.commit(tip).tree, ()


def _whole(standing: Standing, how: Settlement) -> str | None:
    """Returns the flow's folder where one side has none: the other's, or none."""
    gone = Side.LOCAL if standing.local_tree is None else Side.REMOTE
    taken = _SIDES.get(how.take)
    if how.answers:
        rest = {EVERY: taken} if taken else {}
        taken = one_side({**rest, **how.answers}, gone)
    if taken is None:
        hint = f"flowsync resolve {standing.flow} --ours | --theirs"
        raise UsageError("one side deleted the whole flow; take all of the other's files, or none", hint)
    return standing.local_tree if taken is Side.LOCAL else standing.remote_tree


def _entry(link: Link, path: Path, answer: Answer, versions: Mapping[Side, Mapping[Path, Entry]]) -> Entry | None:
    """Returns the file that an answer makes of a path."""
    if isinstance(answer, bytes):
        modes = [entry.mode for side in versions.values() if isinstance(entry := side.get(path), File)]
        return File(link.repo.objects.write_bytes(answer), modes[-1] if modes else REGULAR)
    return versions[answer].get(path) if answer is not Side.DELETE else None


def _changed(link: Link, old: str | None, new: str) -> tuple[Path, ...]:
    before = link.repo.objects.files(old) if old else {}
    return tuple(change.path for change in diff(before, link.repo.objects.files(new)))
