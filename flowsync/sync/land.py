"""From tracking refs to the branch: Studio's saves as ordinary commits on its tip, or a merge where both sides edited.

Everything is prepared as commits that nothing names yet; then the branch moves once, as ``git merge --ff-only`` does,
and only then do tracking refs and bases follow.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flowsync.cache import Observation
from flowsync.core.plan import BOTH, TO_LAND, Hold, State
from flowsync.core.tree import FlowName, Path
from flowsync.errors import RepositoryError
from flowsync.repo.ground import NotFastForward
from flowsync.repo.merge import Merge
from flowsync.repo.refs import Move
from flowsync.sync.bases import agree, follow, keep
from flowsync.sync.holds import A_MOMENT, Consent, Holds, few
from flowsync.sync.includes import takes_in
from flowsync.sync.joined import conflicted, joined
from flowsync.sync.link import Link
from flowsync.sync.message import merge_message
from flowsync.sync.renames import Renames, in_studio, landed, touched
from flowsync.sync.result import Did, Result, problem_result
from flowsync.sync.snapshot import COMMITTER, overlay, replayed
from flowsync.sync.survey import Standing, Survey

_REFUSALS = 10  # of one flow, because the branch moved, before it has to wait for another run


@dataclass(frozen=True, slots=True)
class _Step:
    """One flow's landing, prepared: the new tip, the commit Studio's side became, what to tell and what to keep."""

    tip: str | None
    tracking: str | None
    result: Result | None
    keeps: tuple[Move, ...] = ()


def land(link: Link, seen: Survey, flows: frozenset[FlowName], consent: Consent) -> list[Result]:
    """Lands every flow that Studio is ahead in, and merges every one that both sides edited."""
    observations = link.cache.observations(link.remote.name)
    renames, flows = touched(in_studio(link, seen.tip, seen.flows.values()), flows)
    chosen = [standing for flow, standing in seen.flows.items() if link.chosen(flows)(flow)]
    results, ready = [], []
    holds = Holds(link, observations, frozenset(old.flow for old in renames.values()), A_MOMENT)
    for standing in sorted(chosen, key=lambda one: (_written(observations, one.flow), one.flow)):
        if standing.state is State.PROBLEM:
            results.append(problem_result(standing.flow, dict(standing.decided.problems)))
        elif standing.state in TO_LAND | BOTH:
            hold = holds.to_land(standing, consent)
            if hold:
                results.append(Result(standing.flow, Did.HELD, hold=hold))
            else:
                ready.append(standing)
    agree(link, [*chosen, *(standing for standing in seen.ended if link.chosen(flows)(standing.flow))])
    free = {standing.flow for standing in ready}
    whole = {new: old for new, old in renames.items() if {new, old.flow} <= free}
    olds = {old.flow for old in renames.values()}
    ready = [standing for standing in ready if standing.flow not in olds]
    results += [_alone(old, holds, consent) for new, old in renames.items() if new not in whole and old.flow in free]
    return results + _land_all(link, seen.tip, ready, whole)


def _alone(old: Standing, holds: "Holds", consent: Consent) -> Result:
    """Returns the result of a flow that was renamed to one which has to wait: it is not gone before that has come."""
    holds.renamed -= {old.flow}
    waits = Hold("it was renamed in Studio, and what it became has to wait", "flowsync status")
    return Result(old.flow, Did.HELD, hold=holds.braked(old, consent) or waits)


def _written(observations: Mapping[FlowName, Observation], flow: FlowName) -> str:
    return observations[flow].last_write if flow in observations else ""


def _land_all(link: Link, tip: str | None, ready: list[Standing], renames: Renames) -> list[Result]:
    """Lands the flows in one move of the branch; if git refuses that, fewer at a time, so that each stands for itself.

    A person who commits all the while moves the branch before many flows are prepared, but not before a few are.
    """
    if not ready:
        return []
    link.reporter.begin("Landing", len(ready))
    try:
        return _in_portions(_Landing(link, tip, renames), ready)
    finally:
        link.reporter.end()


def _in_portions(landing: "_Landing", left: list[Standing]) -> list[Result]:
    results: list[Result] = []
    size, refusals = len(left), 0
    while left:
        try:
            results += landing.together(left[:size])
        except NotFastForward as refused:
            moved, still = landing.moved(left)
            refusals += 1
            if size == 1 and (not moved or refusals > _REFUSALS):
                still = [one for one in still if one is not left[0]]
            results += landing.refused([one for one in left if one not in still], refused)
            left, size = still, max(1, size // 2)
        else:
            left, size, refusals = left[size:], 2 * size, 0
    return results


class _Landing:
    """Flows on their way to the branch. What was merged or looked up for one that git refused is not done again."""

    def __init__(self, link: Link, tip: str | None, renames: Renames) -> None:
        self._link, self._tip, self._renames = link, tip, renames
        self._first = tip
        self._recorded = link.flows_below(link.base_prefix)
        self._joins: dict[FlowName, Merge] = {}
        self._saves: dict[FlowName, list[str]] = {}
        self._told: set[FlowName] = set()

    def together(self, ready: Sequence[Standing]) -> list[Result]:
        """Lands flows in one move of the branch."""
        link, old_tip = self._link, self._tip
        tip, results = old_tip, []
        moves: list[Move] = []
        for standing in ready:
            if old := self._renames.get(standing.flow):
                step = _rename(link, standing, old, tip, self._recorded.get(old.flow))
                results.append(Result(old.flow, Did.LANDED, (), step.tip or ""))
            else:
                step = self._merge(standing, tip) if standing.state in BOTH else self._replay(standing, tip)
            if standing.flow not in self._told:
                link.reporter.advance()
                self._told.add(standing.flow)
            tip = step.tip
            if step.result:
                results.append(step.result)
            if step.result is None or step.result.did not in (Did.CONFLICT, Did.HELD):
                moves += [*follow(link, standing, self._recorded.get(standing.flow), step.tracking), *step.keeps]
        if tip is not None and tip != old_tip:
            link.repo.worktree.fast_forward(link.remote.branch, old_tip, tip)
        self._tip = tip
        link.repo.refs.move(moves, "landed")
        results = [dataclasses.replace(one, before=old_tip or "") if one.commit else one for one in results]
        _remember(link, results)
        return results

    def moved(self, left: Sequence[Standing]) -> tuple[bool, list[Standing]]:
        """Takes up where the branch is now; tells whether it moved, and which flows are still as they were compared.

        What else it holds was not compared: another run compares again.
        """
        now = self._link.repo.worktree.tip(self._link.remote.branch)
        if now == self._tip:
            return False, list(left)
        before, self._tip = self._tip, now
        if now is None or (before and not self._link.repo.refs.contains(now, before)):
            return True, []
        return True, [one for one in left if all(self._same(flow, before, now) for flow in self._names(one))]

    def _same(self, flow: FlowName, before: str | None, now: str) -> bool:
        link = self._link
        tree = link.flow_tree(now, flow)
        return tree == link.flow_tree(before, flow) and not takes_in(link, tree)

    def refused(self, some: Sequence[Standing], refused: NotFastForward) -> list[Result]:
        """Returns the results of flows that have to wait."""
        hold = Hold(refused.message, refused.hint)
        return [Result(flow, Did.HELD, hold=hold) for standing in some for flow in self._names(standing)]

    def _names(self, standing: Standing) -> list[FlowName]:
        """Returns the flow's name, and the one that it had before."""
        old = self._renames.get(standing.flow)
        return [standing.flow, *([old.flow] if old else [])]

    def _replay(self, standing: Standing, tip: str | None) -> _Step:
        """Puts Studio's saves since base onto the tip, one commit each."""
        link, onto = self._link, tip
        if standing.flow not in self._saves:
            self._saves[standing.flow] = _saves(link, standing, self._first)
        saves = self._saves[standing.flow]
        for sha in saves:
            onto = replayed(link, link.repo.objects.commit(sha), sha, onto, standing.flow) or onto
        paths = tuple(change.path for change in standing.decided.remote)
        # Replayed saves are on the branch with all that they held. What is older is not, if the branch was rewritten.
        keeps = keep(link, standing.flow, standing.tracking, None) if _parted(link, saves, self._first) else []
        return _Step(onto, onto, Result(standing.flow, Did.LANDED, paths, onto or ""), tuple(keeps))

    def _merge(self, standing: Standing, tip: str | None) -> _Step:
        """Joins both sides' edits in a merge commit; a conflict changes nothing."""
        link, flow = self._link, standing.flow
        if standing.state is State.CONFLICT or tip is None:
            return _Step(tip, None, conflict_result(standing, conflicted(standing, None)))
        try:
            merge = self._joins[flow] = self._joins.get(flow) or joined(link, standing, tip)
            if merge.conflicts:
                return _Step(tip, None, conflict_result(standing, conflicted(standing, merge)))
            author, committer = link.repo.person()
        except RepositoryError as error:  # a merge driver that fails, or nobody to sign the merge: its own trouble
            return _Step(tip, None, Result(flow, Did.HELD, hold=Hold(error.message, error.hint)))
        whole = overlay(link, tip, flow, link.repo.objects.subtree(merge.tree, link.remote.folder(flow)))
        sha = link.repo.objects.write_commit(
            whole, [tip, standing.tracking or ""], author, committer, merge_message(link, flow)
        )
        paths = tuple(change.path for change in standing.decided.remote)
        return _Step(sha, standing.tracking, Result(flow, Did.MERGED, paths, sha))


def _remember(link: Link, results: Sequence[Result]) -> None:
    """Tells the cache which commit each look has become, so that the next equal look needs no comparison."""
    observations = link.cache.observations(link.remote.name)
    with link.cache.together():
        for result in results:
            if result.did is Did.LANDED and (seen := observations.get(result.flow)):
                link.cache.observe(link.remote.name, result.flow, dataclasses.replace(seen, tracking=result.commit))


def _rename(link: Link, new: Standing, old: Standing, tip: str | None, base: str | None) -> _Step:
    """Puts a flow's new name onto the tip, in the place of its old one."""
    sha = landed(link, new, old, tip)
    moves = [Move(link.base_ref(old.flow), base, None)] if base else []
    if old.tracking:
        moves.append(Move(link.tracking_ref(old.flow), old.tracking, None))
        moves += [
            move
            for before in link.repo.objects.commit(old.tracking).parents
            for move in keep(link, old.flow, before, sha)
        ]
    paths = tuple(change.path for change in new.decided.remote)
    return _Step(sha, sha, Result(new.flow, Did.LANDED, paths, sha), tuple(moves))


def _parted(link: Link, saves: Sequence[str], tip: str | None) -> bool:
    """Tells whether the branch lost what the saves stand on, or what of a person's lies between them (a reset)."""
    commits = [link.repo.objects.commit(sha) for sha in saves]
    if any(not commit.committer.startswith(f"{COMMITTER[0]} <{COMMITTER[1]}>") for commit in commits):
        return True
    ground = commits[0].parents if commits else ()
    return bool(ground and tip and not link.repo.refs.contains(tip, ground[0]))


def _saves(link: Link, standing: Standing, tip: str | None) -> list[str]:
    """Returns the snapshots that the branch lacks, oldest first."""
    tracking = standing.tracking or ""
    if link.repo.objects.commit(tracking).parents == ((tip,) if tip else ()):
        return [tracking]
    return link.repo.history.line(tracking, [commit for commit in (tip, standing.base) if commit])


def conflict_result(standing: Standing, paths: tuple[Path, ...]) -> Result:
    """Returns the result of a flow whose two edits cannot be joined."""
    hint = f"flowsync diff {standing.flow}, then flowsync resolve {standing.flow} --ours | --theirs | --tool"
    return Result(standing.flow, Did.CONFLICT, paths, hold=Hold(f"both sides changed {few(paths)}", hint))
