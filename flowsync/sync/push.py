"""From a commit to Studio: guarded writes in an order that never leaves a definition ahead of its sources.

What is about to be replaced is in Git already (the tracking ref holds it). The journal says what will be written
before the first request; base and tracking ref move last, when the share has acknowledged everything.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from flowsync.cache import Observation
from flowsync.core.flow import kind_of
from flowsync.core.ignore import is_ignore_file
from flowsync.core.moves import renames
from flowsync.core.names import folded
from flowsync.core.plan import TO_PUSH, Hold, State
from flowsync.core.tree import Blob, Change, File, FlowName, Path, Seen, diff
from flowsync.journal import Intent
from flowsync.repo.refs import Move
from flowsync.share.base import Failed, Outcome, Put, Remove, Removed, Renaming, Share, Stale, Written
from flowsync.share.codes import Why, why
from flowsync.sync.bases import forget, keep
from flowsync.sync.holds import A_MOMENT, Consent, Holds
from flowsync.sync.link import Link
from flowsync.sync.pushed_renames import rename_flows
from flowsync.sync.record import advance
from flowsync.sync.renames import in_git, touched
from flowsync.sync.result import Did, Result, problem_result
from flowsync.sync.scan import Scan
from flowsync.sync.snapshot import holding
from flowsync.sync.survey import Standing, Survey, syncing


@dataclass(slots=True)
class _Push:
    """One flow on its way to the share."""

    standing: Standing
    changes: Mapping[Path, Change]
    seen: dict[Path, Seen]
    leases: dict[Path, str]
    renames: dict[Path, Path] = field(default_factory=dict)  # new path -> old path, as far as the share can
    done: dict[Path, Blob | None] = field(default_factory=dict)
    stopped: Result | None = None

    @property
    def flow(self) -> FlowName:
        return self.standing.flow

    def content(self, path: Path) -> Blob | None:
        """Returns what a path is to hold, None for a removal."""
        new = self.changes[path].new
        return new.blob if isinstance(new, File) else None


def push(link: Link, share: Share, seen: Survey, flows: frozenset[FlowName], consent: Consent) -> list[Result]:
    """Writes every flow that the branch is ahead in to the share."""
    observations = link.cache.observations(link.remote.name)
    renames, flows = touched(in_git(link, seen.tip, seen.flows.values()), flows)
    holds = Holds(link, observations, frozenset(old.flow for old in renames.values()), A_MOMENT)
    results, renamed = rename_flows(link, share, seen, holds, renames)
    pushes: list[_Push] = []
    for flow, standing in seen.flows.items():
        if not link.chosen(flows)(flow) or flow in renamed:
            continue
        if standing.state is State.PROBLEM:
            results.append(problem_result(flow, dict(standing.decided.problems)))
        elif standing.state in TO_PUSH:
            hold = holds.to_push(standing, consent)
            if hold:
                results.append(Result(flow, Did.HELD, hold=hold))
            else:
                pushes.append(_prepare(link, standing))
    _write_all(link, share, [one for one in pushes if one.stopped is None])
    if owed := share.owed():  # the journals of these pushes end below; what is left must not be forgotten with them
        link.journal.owe({**link.journal.owed(), **owed})
    return results + _finish_all(link, seen.tip, pushes, observations)


def _prepare(link: Link, standing: Standing) -> _Push:
    _, local, remote = syncing(link, standing.base_tree, standing.local_tree, standing.remote_tree)
    changes = {change.path: change for change in diff(remote or {}, local or {})}
    seen = link.cache.seen(link.remote.name, standing.flow)
    one = _Push(standing, changes, seen, {path: link.new_lease() for path in changes})
    one.renames = dict(renames(change for change in changes.values() if not _in_the_way(one, change.path)))
    one.leases.update({new: one.leases[old] for new, old in one.renames.items()})  # a lease goes along with its file
    for path, change in changes.items():
        blob = seen[path].blob if path in seen else None
        if blob != (change.old.blob if isinstance(change.old, File) else None):
            hold = Hold("what Studio holds is not known any more", f"flowsync sync {standing.flow}")
            one.stopped = Result(standing.flow, Did.STALE, (path,), hold=hold)
    return one


def _write_all(link: Link, share: Share, pushes: Sequence[_Push]) -> None:
    """Takes all flows through the stages together, so that their requests run side by side."""
    if not pushes:
        return
    link.reporter.begin("Pushing", sum(len(one.changes) for one in pushes))
    intents = {one.flow: {path: Intent(one.content(path), one.leases[path]) for path in one.changes} for one in pushes}
    link.journal.begin(intents)
    try:
        _stage(link, share, pushes, _in_the_way)
        share.remove_folders(sorted({folder for one in pushes for folder in _folders_in_the_way(one)}, reverse=True))
        share.make_folders(sorted({folder for one in pushes for folder in _new_folders(one)}))
        _rename(link, share, pushes)
        _stage(link, share, pushes, lambda one, path: one.content(path) is not None and not kind_of(path))
        _stage(link, share, pushes, lambda one, path: one.content(path) is not None and bool(kind_of(path)))
        _stage(link, share, pushes, lambda one, path: one.content(path) is None)
        share.remove_folders(sorted({folder for one in pushes for folder in _left_folders(one)}, reverse=True))
    finally:
        link.reporter.end()


def _stage(link: Link, share: Share, pushes: Iterable[_Push], belongs: Callable[[_Push, Path], bool]) -> None:
    """Writes or removes the paths of one stage, of every flow that has not been stopped."""
    owners: dict[str, tuple[_Push, Path]] = {}
    puts: list[Put] = []
    removes: list[Remove] = []
    for one in pushes:
        if one.stopped is not None:
            continue
        for path in one.changes:
            if path in one.done or not belongs(one, path):
                continue
            where = f"{one.flow}/{path}"
            owners[where] = (one, path)
            expect = one.seen[path].version if path in one.seen else None
            blob = one.content(path)
            if blob is not None:
                size = link.repo.objects.size(blob)
                puts.append(Put(where, size, _opener(link, blob), expect, one.leases[path]))
            elif expect is not None:
                removes.append(Remove(where, expect, one.leases[path]))
    for outcomes in (share.write(puts) if puts else (), share.remove(removes) if removes else ()):
        for outcome in outcomes:
            _take(link, *owners[outcome.path], outcome)


def _rename(link: Link, share: Share, pushes: Iterable[_Push]) -> None:
    """Renames files on the share, so that their content need not travel. What cannot be renamed is written instead."""
    owners: dict[str, tuple[_Push, Path]] = {}
    renamings: list[Renaming] = []
    for one in pushes:
        for new, old in one.renames.items() if one.stopped is None else ():
            where = f"{one.flow}/{new}"
            owners[where] = (one, new)
            renamings.append(Renaming(where, f"{one.flow}/{old}", one.seen[old].version, one.leases[old]))
    for outcome in share.rename(renamings) if renamings else ():
        one, new = owners[outcome.path]
        if not isinstance(outcome, Failed) or why(outcome.error) is Why.LOST:  # lost: only another look can tell
            _take(link, one, new, outcome)
        if isinstance(outcome, Written):
            _take(link, one, one.renames[new], Removed(f"{one.flow}/{one.renames[new]}"))


def _opener(link: Link, blob: Blob) -> Callable[[], BinaryIO]:
    return lambda: link.repo.objects.open(blob)


def _take(link: Link, one: _Push, path: Path, outcome: Outcome) -> None:
    """Takes in what the share said about one path."""
    link.reporter.advance()
    if isinstance(outcome, Written | Removed):
        blob = one.content(path)
        seen = Seen(outcome.version, blob) if isinstance(outcome, Written) and blob else None
        link.journal.acknowledge(one.flow, path)
        link.cache.acknowledge(link.remote.name, one.flow, path, seen)
        one.done[path] = blob
        if seen:
            one.seen[path] = seen
        else:
            one.seen.pop(path, None)
    elif isinstance(outcome, Stale):
        hold = Hold(f"Studio changed {path} meanwhile; nothing of it was overwritten", f"flowsync sync {one.flow}")
        one.stopped = Result(one.flow, Did.STALE, (path,), hold=hold)
    elif isinstance(outcome, Failed):
        hold = Hold(f"{path}: {outcome.error.message}", outcome.error.hint)
        one.stopped = Result(one.flow, Did.FAILED, (path,), hold=hold)


def _in_the_way(one: _Push, path: Path) -> bool:
    """Tells whether a file must go before another can come.

    One of them becomes the other's folder, or only the case of its name changes.
    """
    if one.content(path) is not None:
        return False
    gone = folded(path) + "/"
    coming = [folded(other) + "/" for other in one.changes if one.content(other) is not None]
    return any(other.startswith(gone) or gone.startswith(other) for other in coming)


def _folders_in_the_way(one: _Push) -> set[str]:
    """Returns the folders whose name a file is to take, with those inside."""
    if one.stopped is not None:
        return set()
    coming = {f"{one.flow}/{path}" for path in one.changes if one.content(path) is not None}
    left = {folder for path in one.changes if one.content(path) is None for folder in _folders(one.flow, path)}
    return {folder for folder in left if any(f"{folder}/".startswith(f"{file}/") for file in coming)}


def _new_folders(one: _Push) -> set[str]:
    if one.stopped is not None:
        return set()
    there = {folder for path in one.seen for folder in _folders(one.flow, path)}
    wanted = {folder for path in one.changes if one.content(path) is not None for folder in _folders(one.flow, path)}
    return wanted - there


def _left_folders(one: _Push) -> set[str]:
    if one.stopped is not None:
        return set()
    there = {folder for path in one.seen for folder in _folders(one.flow, path)}
    left = {folder for path in one.changes if one.content(path) is None for folder in _folders(one.flow, path)}
    return left - there


def _folders(flow: FlowName, path: Path) -> list[str]:
    parts = [flow, *path.split("/")[:-1]]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def _finish_all(
    link: Link, tip: str | None, pushes: Sequence[_Push], observations: Mapping[FlowName, Observation]
) -> list[Result]:
    """Moves the tracking refs and, last, the bases: of flows that are written whole, all in one transaction."""
    whole = [one for one in pushes if one.stopped is None]
    for one in pushes:
        if one.stopped is not None:
            _finish_stopped(link, one, one.stopped)
    bases = link.flows_below(link.base_prefix) if whole else {}
    merged = link.flows_below(link.tracking_prefix, tip) if whole and tip else {}
    moves: list[Move] = []
    held: dict[FlowName, str] = {}
    for one in whole:
        standing, base = one.standing, bases.get(one.flow)
        if standing.local_tree is None:
            moves += forget(link, standing, base)
            continue
        new = held[one.flow] = holding(link, tip, one.flow, standing.local_tree) or ""
        moves.append(Move(link.tracking_ref(one.flow), standing.tracking, new))
        if new != tip or merged.get(one.flow) != standing.tracking:
            moves += keep(link, one.flow, standing.tracking, new)
        moves.append(Move(link.base_ref(one.flow), base, new))
    link.repo.refs.move(moves, "pushed")
    for one in whole:
        _remember(link, one, held.get(one.flow), observations.get(one.flow, Observation()))
        link.journal.end(one.flow)
    return [one.stopped or Result(one.flow, Did.PUSHED, tuple(sorted(one.changes)), tip or "") for one in pushes]


def _finish_stopped(link: Link, one: _Push, result: Result) -> None:
    """Moves what belongs to a push that stopped half-way by what was acknowledged."""
    advance(link, one.flow, one.done)
    if result.did is not Did.FAILED:  # a write that failed may have taken effect: the next look settles it
        link.journal.end(one.flow)


def _remember(link: Link, one: _Push, held: str | None, before: Observation) -> None:
    """Tells the cache what the share holds now, so that the next look finds nothing new; None: the flow is gone."""
    if held is None:
        link.cache.observe(link.remote.name, one.flow, None)
        return
    fingerprint = Scan({path: seen.version for path, seen in one.seen.items()}, before.problems).fingerprint
    if any(is_ignore_file(path) for path in one.changes):  # what counts has changed: compare at the next look
        fingerprint = ""
    last_write = max((seen.version.written for seen in one.seen.values()), default="")
    link.cache.observe(link.remote.name, one.flow, Observation(fingerprint, held, last_write, None, before.problems))
