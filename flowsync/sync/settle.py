"""What a person decides: settling a conflict, and bringing a flow back as it once was. Both end as a commit."""

from dataclasses import dataclass
from enum import StrEnum

from flowsync.core.plan import Hold, State
from flowsync.core.tree import Entry, File, FlowName, Path, diff
from flowsync.errors import UsageError
from flowsync.repo.refs import Move
from flowsync.sync.joined import joined, sides
from flowsync.sync.land import Holds, agree
from flowsync.sync.link import Link
from flowsync.sync.message import merge_message, restore_message
from flowsync.sync.result import Did, Result
from flowsync.sync.snapshot import overlay
from flowsync.sync.survey import Standing, known, survey

_UNSETTLED = frozenset({State.DIVERGED, State.CONFLICT, State.DELETED_IN_STUDIO, State.DELETED_LOCALLY})


class Take(StrEnum):
    """Whose side counts where both changed the same."""

    OURS = "ours"
    THEIRS = "theirs"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Settlement:
    """How to settle: whose side, or which merge tool ("" is the one that git is configured with)."""

    take: Take
    tool: str = ""


def resolve(link: Link, flow: FlowName, how: Settlement, dry_run: bool = False) -> Result:
    """Settles a flow that both sides edited by a merge commit on the branch; ``push`` then takes it to Studio."""
    seen = survey(link, flow)
    standing = known(seen, flow)
    if standing.state not in _UNSETTLED or seen.tip is None:
        return Result(
            flow, Did.HELD, hold=Hold(f"there is nothing to resolve: it is {standing.state}", "flowsync status")
        )
    if standing.state is State.DELETED_LOCALLY and how.take is Take.OURS:
        hold = Hold("it is deleted here already", f"flowsync push --accept-deletes {flow}")
        return Result(flow, Did.HELD, hold=hold)
    if waits := _waits(link, flow):
        return Result(flow, Did.HELD, hold=waits)
    tree, left = settled(link, standing, seen.tip, how)
    if left:
        named = ", ".join(left)
        return Result(
            flow, Did.CONFLICT, left, hold=Hold(f"{named} still in conflict; nothing was changed", "run it again")
        )
    paths = tuple(clash.path for clash in standing.decided.clashes)
    if dry_run:
        return Result(flow, Did.MERGED, paths)
    author, committer = link.repo.person()
    parents = [seen.tip]
    if standing.tracking and not link.repo.refs.contains(seen.tip, standing.tracking):
        parents.append(standing.tracking)
    sha = link.repo.objects.write_commit(tree, parents, author, committer, merge_message(link, flow))
    link.repo.worktree.fast_forward(link.remote.branch, seen.tip, sha)
    base = link.repo.refs.get(link.base_ref(flow))
    if base != standing.tracking:
        link.repo.refs.move([Move(link.base_ref(flow), base, standing.tracking)], "resolved")
    now = survey(link, flow)
    agree(link, [*now.flows.values(), *now.ended])
    return Result(flow, Did.MERGED, paths, sha)


def restore(link: Link, flow: FlowName, revision: str, dry_run: bool = False) -> Result:
    """Brings a flow back as a revision has it, by an ordinary commit on the branch."""
    seen = survey(link)
    sha = link.repo.refs.get(revision)
    if sha is None:
        raise UsageError(f"{revision} is no commit of this repository", f"flowsync log {flow}")
    tree = link.flow_tree(sha, flow)
    if tree is None:
        raise UsageError(f"commit {sha[:12]} holds no flow called {flow}", f"flowsync log {flow}")
    if waits := _waits(link, flow):
        return Result(flow, Did.HELD, hold=waits)
    whole = overlay(link, seen.tip, flow, tree)
    if seen.tip and whole == link.repo.objects.commit(seen.tip).tree:
        return Result(flow, Did.HELD, hold=Hold(f"it is already as {revision} has it", "flowsync status"))
    now = link.flow_tree(seen.tip, flow)
    paths = _changed(link, now, tree)
    if dry_run:
        return Result(flow, Did.RESTORED, paths)
    author, committer = link.repo.person()
    message = restore_message(flow, revision, sha)
    commit = link.repo.objects.write_commit(whole, [seen.tip] if seen.tip else [], author, committer, message)
    link.repo.worktree.fast_forward(link.remote.branch, seen.tip, commit)
    return Result(flow, Did.RESTORED, paths, commit)


def _waits(link: Link, flow: FlowName) -> Hold | None:
    holds = Holds(link, {})
    return holds.busy or holds.uncommitted(flow)


def settled(link: Link, standing: Standing, tip: str, how: Settlement) -> tuple[str, tuple[Path, ...]]:
    """Returns the whole tree that settles the flow, or the paths that are still in conflict."""
    if standing.local_tree is None or standing.remote_tree is None:
        if how.take is Take.TOOL:
            hint = f"flowsync resolve {standing.flow} --ours | --theirs"
            raise UsageError("one side deleted the whole flow; there is nothing to merge with a tool", hint)
        tree = standing.local_tree if how.take is Take.OURS else standing.remote_tree
        return overlay(link, tip, standing.flow, tree), ()
    if how.take is Take.TOOL:
        three = sides(link, standing, tip)
        done = link.repo.merger.with_tool(three.base, three.local, three.remote, how.tool)
        return done.tree, tuple(Path(path) for path in done.conflicts)
    merge = joined(link, standing, tip)
    objects = link.repo.objects
    merged = objects.subtree(merge.tree, link.remote.folder(standing.flow))
    files = objects.files(merged) if merged else {}
    chosen = objects.files(standing.local_tree if how.take is Take.OURS else standing.remote_tree)
    for path in map(Path, merge.conflicts):
        _take(files, path, chosen.get(path))
    for path in chosen.keys() - files.keys():
        if any(conflict.startswith(f"{path}~") for conflict in merge.conflicts):  # a file here, a folder there
            files = {other: entry for other, entry in files.items() if not other.startswith(f"{path}/")}
            files[path] = chosen[path]
    plain = {path: entry for path, entry in files.items() if isinstance(entry, File)}
    tree = objects.write_files(plain, merged, files.keys() - plain.keys())
    return overlay(link, tip, standing.flow, tree), ()


def _take(files: dict[Path, Entry], path: Path, entry: Entry | None) -> None:
    if entry is None:
        files.pop(path, None)
    else:
        files[path] = entry


def _changed(link: Link, old: str | None, new: str) -> tuple[Path, ...]:
    before = link.repo.objects.files(old) if old else {}
    return tuple(change.path for change in diff(before, link.repo.objects.files(new)))
