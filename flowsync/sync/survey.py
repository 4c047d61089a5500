"""Where every flow stands, from Git alone: branch, tracking refs, bases and the last observation. Asks no share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flowsync.cache import Observation
from flowsync.core.flow import is_flow
from flowsync.core.ignore import either, ignored_by, is_ignore_file, may_hold, never_syncs
from flowsync.core.names import from_ref, problem_with_flow, problem_with_path, twins
from flowsync.core.plan import BOTH, Plan, State, plan
from flowsync.core.tree import Entry, File, FlowName, Path, Problem
from flowsync.errors import UsageError
from flowsync.sync.includes import resolved, takes_in
from flowsync.sync.link import Link
from flowsync.sync.scan import NAME


@dataclass(frozen=True, slots=True)
class Standing:
    """One flow: the commits and folder ids of its three sides, and what comparing them says."""

    flow: FlowName
    base: str | None
    tracking: str | None
    base_tree: str | None
    local_tree: str | None
    remote_tree: str | None
    decided: Plan

    @property
    def state(self) -> State:
        """Returns where the flow stands."""
        return self.decided.state


@dataclass(frozen=True, slots=True)
class Survey:
    """All flows of a link, and the tip of its branch that this was seen at.

    Among them are those that the share has and no look could take in yet: they stand on no side. ``ended`` are flows
    that no side holds any more; only refs remember them.
    """

    tip: str | None
    flows: Mapping[FlowName, Standing] = field(default_factory=dict)
    ended: tuple[Standing, ...] = ()


def known(seen: Survey, flow: FlowName) -> Standing:
    """Returns where a flow stands; UsageError if there is no such flow."""
    if flow not in seen.flows:
        raise UsageError(f"no flow is called {flow}", "flowsync status")
    return seen.flows[flow]


def survey(link: Link, only: FlowName | None = None) -> Survey:
    """Compares base, local and remote of every flow that the branch or a ref knows, or of one flow alone."""
    tip, tracking, recorded = link.refs()
    landed = _landed(link, tip, tracking, only)
    ahead = _ahead_of(link, tip, tracking, landed, only)
    local = local_flows(link, tip, frozenset(tracking) | frozenset(recorded))
    observations = link.cache.observations(link.remote.name)
    flows, ended = {}, []
    named = _bad_names(link, local, tracking)
    for flow in sorted(local.keys() | tracking.keys() | recorded.keys() | observations.keys()):
        if only not in (None, flow):
            continue
        base = _base(flow, tip, tracking, recorded, landed, ahead)
        here = resolved(link, tip, flow, local.get(flow))
        problems = {**named.get(flow, {}), **(here.problems if here else {})}
        problems |= observations[flow].problems if flow in observations else {}
        tree = here.tree if here else None
        standing = compare(link, flow, base, tree, tracking.get(flow), problems)
        if standing.state in BOTH and (seen := _seen_since(link, standing, tip)):
            standing = compare(link, flow, seen, tree, tracking.get(flow), problems)
        if standing.base_tree or standing.local_tree or standing.remote_tree or _waits(observations.get(flow)):
            flows[flow] = standing
        else:
            ended.append(standing)
    return Survey(tip, flows, tuple(ended))


def _waits(seen: Observation | None) -> bool:
    return seen is not None and (seen.hold is not None or NAME in seen.problems)


def _landed(
    link: Link, tip: str | None, tracking: Mapping[FlowName, str], only: FlowName | None
) -> Mapping[FlowName, str]:
    """Returns the tracking commits that the tip's history holds."""
    if tip is None:
        return {}
    if only is None:
        return link.flows_below(link.tracking_prefix, tip)
    return {flow: sha for flow, sha in tracking.items() if flow == only and link.repo.refs.contains(tip, sha)}


def _ahead_of(
    link: Link,
    tip: str | None,
    tracking: Mapping[FlowName, str],
    landed: Mapping[FlowName, str],
    only: FlowName | None,
) -> frozenset[FlowName]:
    """Returns the flows whose tracking commit contains the tip; of those that the tip contains, only the tip does."""
    asked = tracking.keys() if only is None else tracking.keys() & {only}
    if tip is None or asked <= landed.keys():
        return frozenset(flow for flow, sha in tracking.items() if sha == tip)
    return frozenset(map(from_ref, link.repo.refs.containing(link.tracking_prefix, tip)))


def _bad_names(
    link: Link, local: Mapping[FlowName, str], tracking: Mapping[FlowName, str]
) -> dict[FlowName, dict[Path, Problem]]:
    """Returns what is wrong with the names of flows that are on either side."""
    there = [flow for flow, sha in tracking.items() if flow in local or link.flow_tree(sha, flow)]
    clashing = twins({*local, *there})
    found = {flow: problem_with_flow(flow) or clashing.get(Path(flow)) for flow in {*local, *there}}
    return {flow: {NAME: problem} for flow, problem in found.items() if problem}


def _base(
    flow: FlowName,
    tip: str | None,
    tracking: Mapping[FlowName, str],
    recorded: Mapping[FlowName, str],
    landed: Mapping[FlowName, str],
    ahead: frozenset[FlowName],
) -> str | None:
    """Returns the commit that holds the flow's base.

    Where one history contains the other, Git knows it best: a person who merged the tracking ref has seen it, and one
    who reset the branch to before it has not unmade it. Where they parted (after an amend or a rebase) only the
    recorded base knows that nothing happened in Studio.
    """
    if flow in landed:
        return landed[flow]
    if flow in ahead:
        return tip
    return recorded.get(flow)


def _seen_since(link: Link, standing: Standing, tip: str | None) -> str | None:
    """Returns the newest commit since base that holds exactly what the share holds, or None.

    The branch has had it, then: a landing that died before the refs moved, or somebody who made the same edit here.
    """
    return on_branch(link, standing.flow, tip, standing.base, standing.remote_tree) if standing.tracking else None


def on_branch(link: Link, flow: FlowName, tip: str | None, since: str | None, tree: str | None) -> str | None:
    """Returns the newest commit of a tip's history after ``since`` in which the flow is exactly ``tree``, or None.

    The states that the flow had since then are remembered: a conflict may stay for weeks, while both sides go on.
    """
    if tip is None or tree is None:
        return None
    folder = link.remote.folder(flow)
    walked = link.cache.walked(folder, since or "")
    if walked != tip:
        _walk(link, flow, tip, since, walked)
    found = link.cache.state(folder, tree)
    if found and walked and not (link.repo.objects.holds(found) and link.repo.refs.contains(tip, found)):
        _walk(link, flow, tip, since, "")  # the branch was moved back, and gc may have taken what it held
        found = link.cache.state(folder, tree)
    return found


def _walk(link: Link, flow: FlowName, tip: str, since: str | None, walked: str) -> None:
    """Notes the states that a flow had in a tip's history, but not in that of ``since``, nor of what was walked."""
    folder = link.remote.folder(flow)
    if walked and not link.repo.objects.holds(walked):  # the branch was moved away from it, and gc took it
        walked = ""
    known = [commit for commit in (since, walked) if commit]
    states: dict[str, str] = {}
    for sha in link.repo.history.touching(tip, folder, since=known):
        found = resolved(link, sha, flow, link.flow_tree(sha, flow))
        if found and found.tree:
            states.setdefault(found.tree, sha)
    link.cache.walk(folder, since or "", tip, states, bool(walked))


def local_flows(link: Link, tip: str | None, known: frozenset[FlowName]) -> dict[FlowName, str]:
    """Returns the flows in a commit, with their folder's id: folders with a definition, and the ones already known."""
    objects = link.repo.objects
    top = objects.subtree(objects.commit(tip).tree, link.remote.path) if tip else None
    if top is None:
        return {}
    return {
        FlowName(name): tree
        for name, tree in objects.folders(top).items()
        if may_hold(name) and (name in known or is_flow(objects.names(tree)))
    }


def compare(
    link: Link,
    flow: FlowName,
    base: str | None,
    local_tree: str | None,
    tracking: str | None,
    problems: Mapping[Path, Problem],
) -> Standing:
    """Compares one flow's three sides. ``problems`` are those of its name, and of the share from the last look."""
    base_tree, remote_tree = link.flow_tree(base, flow), link.flow_tree(tracking, flow)
    if base_tree != remote_tree and not takes_in(link, remote_tree):
        # else the share holds the definition as it is written, from the time before includes were resolved
        found = resolved(link, base, flow, base_tree)
        base_tree = found.tree if found else None
    if local_tree == remote_tree and not problems:
        decided = Plan(State.IN_SYNC)
    else:
        sides = syncing(link, base_tree, local_tree, remote_tree)
        decided = plan(*sides)
        if problems:
            decided = Plan(State.PROBLEM, decided.local, decided.remote, (), {**decided.problems, **problems})
    return Standing(flow, base, tracking, base_tree, local_tree, remote_tree, decided)


def syncing(link: Link, *trees: str | None) -> tuple[dict[Path, Entry] | None, ...]:
    """Returns the given folders (base, local, remote) as trees, without what never syncs.

    What the ignore files of any side keep out is left out of all, so that ignoring a file never looks like deleting it.
    A name on the local side that the share or another system cannot hold becomes a Problem.
    """
    objects = link.repo.objects
    sides = [objects.files(tree) if tree else None for tree in trees]
    ignored = either(_rules(link, side) for side in sides if side)
    kept = [
        {path: entry for path, entry in (side or {}).items() if not never_syncs(path) and not ignored(path)} or None
        for side in sides
    ]
    local = kept[1] if len(kept) > 1 else None
    if local:
        base, remote = kept[0] or {}, kept[2] or {}
        # what one side removed does not clash: a change of case alone is a removal and an addition
        clashing = twins(path for path in {*local, *remote} if path not in base or (path in local and path in remote))
        for path in local:
            if problem := clashing.get(path) or (None if path in remote else problem_with_path(path)):
                local[path] = problem
    return tuple(kept)


def ignoring(link: Link, tree: str | None) -> Callable[[str], bool]:
    """Returns the predicate of what the ignore files in a flow's folder keep out."""
    return _rules(link, link.repo.objects.files(tree) if tree else {})


def _rules(link: Link, side: Mapping[Path, Entry]) -> Callable[[str], bool]:
    return ignored_by(
        {
            path: link.repo.objects.read(entry.blob)
            for path, entry in side.items()
            if isinstance(entry, File) and is_ignore_file(path) and not never_syncs(path)
        }
    )
