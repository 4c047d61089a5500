"""From tracking refs to the branch: Studio's saves as ordinary commits on its tip, or a merge where both sides edited.

Everything is prepared as commits that nothing names yet; then the branch moves once, as ``git merge --ff-only`` does,
and only then do tracking refs and bases follow.
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from flowsync.cache import Observation
from flowsync.config import Mode
from flowsync.core.ignore import never_syncs
from flowsync.core.plan import TO_LAND, Hold, State, brake
from flowsync.core.tree import FlowName, Path
from flowsync.errors import RepositoryError
from flowsync.repo.refs import Move
from flowsync.repo.worktree import Checkout, NotFastForward
from flowsync.sync.includes import takes_in
from flowsync.sync.joined import conflicted, joined
from flowsync.sync.link import Link
from flowsync.sync.message import merge_message
from flowsync.sync.renames import Renames, in_studio, landed, touched
from flowsync.sync.result import Did, Result, problem_result
from flowsync.sync.snapshot import COMMITTER, replayed
from flowsync.sync.survey import Standing, Survey, ignoring, syncing

ACCEPT_WRITES = "flowsync doctor --accept-writes, if it takes them again"
BOTH = frozenset({State.DIVERGED, State.CONFLICT})


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person has allowed for this run."""

    deletes: frozenset[FlowName] = frozenset()


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
    holds = Holds(link, observations, frozenset(old.flow for old in renames.values()))
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


def edited(link: Link, at: Checkout, only: FlowName | None = None) -> dict[FlowName, list[Path]]:
    """Returns the paths with uncommitted edits of every flow (or of one alone), without what never syncs."""
    prefix = link.remote.folder(only) if only else link.remote.path
    dirty: dict[FlowName, list[Path]] = {}
    for path in link.repo.worktree.dirty(at, prefix):
        flow, _, rest = (only, "", path) if only else path.partition("/")
        dirty.setdefault(FlowName(flow), []).append(Path(rest))
    tip = link.repo.worktree.tip(link.remote.branch) if dirty else None
    for flow, paths in list(dirty.items()):  # nothing that flowsync does can meet what never syncs
        ignored = ignoring(link, link.flow_tree(tip, flow))
        dirty[flow] = [path for path in paths if not never_syncs(path) and not ignored(path)]
    return dirty


class Holds:
    """Why flows must wait, asked once per run."""

    def __init__(
        self, link: Link, observations: Mapping[FlowName, Observation], renamed: Collection[FlowName] = ()
    ) -> None:
        """``renamed`` are flows that are gone under their name, and only under their name."""
        self._link = link
        self.renamed = frozenset(renamed)
        self._observations = observations
        worktree = link.repo.worktree
        at = worktree.checkout(link.remote.branch)
        self.busy = worktree.busy(at) if at else None
        self.dirty = edited(link, at) if at else {}
        self.read_only = link.memory.read_only()

    def unsettled(self, flow: FlowName) -> Hold | None:
        """Returns why the last look at the flow was not believed, or None."""
        seen = self._observations.get(flow)
        return seen.hold if seen else None

    def to_land(self, standing: Standing, consent: Consent) -> Hold | None:
        """Returns why Studio's edits of this flow cannot come to the branch now, or None."""
        flow = standing.flow
        if self._link.remote.mode_of(flow) is Mode.OBSERVE:
            return Hold("its mode is observe", "set mode: pull or sync in .flowsync.yaml")
        if self.busy:
            return self.busy
        if hold := self.elsewhere(standing):
            return hold
        if hold := self.uncommitted(flow) or self.unsettled(flow):
            return hold
        deletes = standing.state is not State.CONFLICT
        return self.braked(standing, consent) if deletes else None

    def elsewhere(self, standing: Standing) -> Hold | None:
        """Returns why Studio's edits have no place of their own here, or None.

        A flow that takes files in from outside holds them as copies in Studio; an edit of a copy belongs to where it
        came from, which other flows may share.
        """
        flow = standing.flow
        tip = self._link.repo.worktree.tip(self._link.remote.branch)
        if standing.remote_tree is None or not takes_in(self._link, self._link.flow_tree(tip, flow)):
            return None
        branch, ref = self._link.remote.branch, f"{self._link.remote.name}/{flow}"
        return Hold(
            "it was edited in Studio, and takes in files from elsewhere (additional_includes) that are copies there",
            f"git diff {branch} {ref}, commit the edit where it belongs, then flowsync resolve {flow} --ours",
        )

    def uncommitted(self, flow: FlowName) -> Hold | None:
        """Returns which edits of the flow are not committed, or None."""
        paths = self.dirty.get(flow)
        if not paths:
            return None
        folder = self._link.remote.folder(flow)
        return Hold(f"it has uncommitted edits ({few(paths)})", f"git commit or git stash -u what is in {folder}")

    def to_push(self, standing: Standing, consent: Consent) -> Hold | None:
        """Returns why the branch's edits of this flow cannot go to Studio now, or None."""
        if self._link.remote.mode_of(standing.flow) in (Mode.OBSERVE, Mode.PULL):
            return Hold(f"its mode is {self._link.remote.mode_of(standing.flow)}", "set mode: sync in .flowsync.yaml")
        if self.read_only:
            return Hold("Studio is read-only: prompt flow takes no changes any more", ACCEPT_WRITES)
        return self.busy or self.unsettled(standing.flow) or self.braked(standing, consent)

    def braked(self, standing: Standing, consent: Consent) -> Hold | None:
        """Returns why what the flow's plan deletes must be asked for, or None."""
        if standing.flow in consent.deletes or standing.flow in self.renamed:
            return None
        (base,) = syncing(self._link, standing.base_tree) if standing.base_tree else (None,)
        return brake(standing.flow, standing.decided, base, self._link.remote.max_deletes)


def agree(link: Link, standings: Iterable[Standing]) -> None:
    """Records as base what both sides turn out to hold already, and forgets flows that neither does."""
    moves = []
    recorded = link.flows_below(link.base_prefix)
    for standing in standings:
        at = recorded.get(standing.flow)
        if standing.state is State.IN_SYNC and standing.tracking and standing.local_tree:
            if link.flow_tree(at, standing.flow) != standing.remote_tree:
                moves.append(Move(link.base_ref(standing.flow), at, standing.tracking))
        elif standing.state is State.IN_SYNC and not standing.local_tree and not standing.remote_tree:
            moves += forget(link, standing, at)
            link.cache.observe(link.remote.name, standing.flow, None)
    link.repo.refs.move(moves, "both sides agree")


def forget(link: Link, standing: Standing, base: str | None) -> list[Move]:
    """Returns the moves that end the tracking of a flow which both sides deleted. What they held stays reachable."""
    moves = [Move(link.base_ref(standing.flow), base, None)] if base else []
    if standing.tracking:
        moves.append(Move(link.tracking_ref(standing.flow), standing.tracking, None))
        moves += keep(link, standing.flow, standing.tracking, link.repo.worktree.tip(link.remote.branch))
    return moves


def keep(link: Link, flow: FlowName, old: str | None, new: str | None) -> list[Move]:
    """Returns the move that keeps a tracking commit reachable if its successor's history does not hold it."""
    refs = link.repo.refs
    if old is None or (new is not None and refs.contains(new, old)):
        return []
    ref = link.kept_ref(flow, old)
    return [] if refs.get(ref) else [Move(ref, None, old)]


def _land_all(link: Link, tip: str | None, ready: list[Standing], renames: Renames) -> list[Result]:
    """Lands the flows in one move of the branch; if git refuses that, one by one, so that each stands for itself."""
    if not ready:
        return []
    link.reporter.begin("Landing", len(ready))
    try:
        return _land_together(link, tip, ready, renames)
    except NotFastForward as refused:
        # a branch that moved holds what was not compared: another run compares again
        if len(ready) == 1 or _tip(link) != tip:
            flows = [flow for standing in ready for flow in _names(standing, renames)]
            return [Result(flow, Did.HELD, hold=Hold(refused.message, refused.hint)) for flow in flows]
        return _one_by_one(link, tip, ready, renames)
    finally:
        link.reporter.end()


def _names(standing: Standing, renames: Renames) -> list[FlowName]:
    """Returns the flow's name, and the one that it had before."""
    return [standing.flow, *([renames[standing.flow].flow] if standing.flow in renames else [])]


def _one_by_one(link: Link, tip: str | None, ready: list[Standing], renames: Renames) -> list[Result]:
    results: list[Result] = []
    for standing in ready:
        done = _land_all(link, tip, [standing], renames)
        tip = next((result.commit for result in done if result.commit), tip)
        results += done
    return results


def _tip(link: Link) -> str | None:
    return link.repo.worktree.tip(link.remote.branch)


def _land_together(link: Link, old_tip: str | None, ready: list[Standing], renames: Renames) -> list[Result]:
    tip, results = old_tip, []
    moves: list[Move] = []
    recorded = link.flows_below(link.base_prefix)
    for standing in ready:
        if old := renames.get(standing.flow):
            step = _rename(link, standing, old, tip, recorded.get(old.flow))
            results.append(Result(old.flow, Did.LANDED, (), step.tip or ""))
        else:
            step = _merge(link, standing, tip) if standing.state in BOTH else _replay(link, standing, old_tip, tip)
        link.reporter.advance()
        tip = step.tip
        if step.result:
            results.append(step.result)
        if step.result is None or step.result.did not in (Did.CONFLICT, Did.HELD):
            moves += [*_moves(link, standing, recorded.get(standing.flow), step.tracking), *step.keeps]
    if tip is not None and tip != old_tip:
        link.repo.worktree.fast_forward(link.remote.branch, old_tip, tip)
    link.repo.refs.move(moves, "landed")
    results = [dataclasses.replace(one, before=old_tip or "") if one.commit else one for one in results]
    _remember(link, results)
    return results


def _remember(link: Link, results: Sequence[Result]) -> None:
    """Tells the cache which commit each look has become, so that the next equal look needs no comparison."""
    observations = link.cache.observations(link.remote.name)
    with link.cache.together():
        for result in results:
            if result.did is Did.LANDED and (seen := observations.get(result.flow)):
                link.cache.observe(link.remote.name, result.flow, dataclasses.replace(seen, tracking=result.commit))


def _moves(link: Link, standing: Standing, base: str | None, tracking: str | None) -> list[Move]:
    moves = []
    if link.flow_tree(tracking, standing.flow) is None:  # a landed delete: the branch remembers what there was
        tracking = None
    if tracking != standing.tracking:
        moves.append(Move(link.tracking_ref(standing.flow), standing.tracking, tracking))
    if tracking != base:
        moves.append(Move(link.base_ref(standing.flow), base, tracking))
    return moves


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


def _replay(link: Link, standing: Standing, old_tip: str | None, tip: str | None) -> _Step:
    """Puts Studio's saves since base onto the tip, one commit each."""
    onto = tip
    saves = _saves(link, standing, old_tip)
    for sha in saves:
        onto = replayed(link, link.repo.objects.commit(sha), sha, onto, standing.flow) or onto
    paths = tuple(change.path for change in standing.decided.remote)
    # Replayed saves are on the branch with all that they held. What is older is not, if the branch was rewritten.
    keeps = keep(link, standing.flow, standing.tracking, None) if _parted(link, saves, old_tip) else []
    return _Step(onto, onto, Result(standing.flow, Did.LANDED, paths, onto or ""), tuple(keeps))


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


def _merge(link: Link, standing: Standing, tip: str | None) -> _Step:
    """Joins both sides' edits in a merge commit; a conflict changes nothing."""
    if standing.state is State.CONFLICT or tip is None:
        return _Step(tip, None, conflict_result(standing, conflicted(standing, None)))
    try:
        merge = joined(link, standing, tip)
        if merge.conflicts:
            return _Step(tip, None, conflict_result(standing, conflicted(standing, merge)))
        author, committer = link.repo.person()
    except RepositoryError as error:  # a merge driver that fails, or nobody to sign the merge: this flow's own trouble
        return _Step(tip, None, Result(standing.flow, Did.HELD, hold=Hold(error.message, error.hint)))
    parents = [tip, standing.tracking or ""]
    sha = link.repo.objects.write_commit(merge.tree, parents, author, committer, merge_message(link, standing.flow))
    paths = tuple(change.path for change in standing.decided.remote)
    return _Step(sha, standing.tracking, Result(standing.flow, Did.MERGED, paths, sha))


def conflict_result(standing: Standing, paths: tuple[Path, ...]) -> Result:
    """Returns the result of a flow whose two edits cannot be joined."""
    hint = f"flowsync diff {standing.flow}, then flowsync resolve {standing.flow} --ours | --theirs | --tool"
    return Result(standing.flow, Did.CONFLICT, paths, hold=Hold(f"both sides changed {few(paths)}", hint))


def few(paths: Sequence[Path]) -> str:
    """Returns the first few paths, for a sentence."""
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
