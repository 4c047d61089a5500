"""The answer of ``flowsync status``: from Git and the last observation, with no request to the share."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flowsync.cache import Observation
from flowsync.core.plan import TO_LAND, TO_PUSH, Hold, State
from flowsync.core.tree import FlowName, Path
from flowsync.repo.apart import Apart
from flowsync.sync.findings import findings
from flowsync.sync.holds import Consent, Holds
from flowsync.sync.link import Link
from flowsync.sync.preview import merged_states
from flowsync.sync.registered import Registration, registration
from flowsync.sync.renames import old_names
from flowsync.sync.survey import Standing, Survey, survey


@dataclass(frozen=True, slots=True)
class Side:
    """One axis of a flow. ``state`` is unchanged, changed, new, deleted or absent, against base.

    ``commits`` counts what this side has and the other lacks; ``who`` and ``when`` are of the last of them.
    """

    state: str
    commit: str | None
    changed: tuple[Path, ...] = ()
    commits: int = 0
    who: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class FlowStatus:
    """One flow's row."""

    flow: FlowName
    state: State
    local: Side
    studio: Side
    dirty: tuple[Path, ...]
    last_write: str
    ref: str
    hold: Hold | None
    errors: int
    warnings: int
    draft: Registration | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The whole answer. ``observed_at`` is None if the share was never looked at (or the cache was deleted)."""

    remote: str
    branch: str
    share: str
    observed_at: datetime | None
    busy: Hold | None
    flows: tuple[FlowStatus, ...]
    read_only: str = ""  # since when Studio takes no changes any more, RFC 3339


def status(link: Link, flows: frozenset[FlowName] = frozenset()) -> Status:
    """Tells where every flow (or the named ones) stands."""
    seen = merged_states(link, survey(link))
    observations = link.cache.observations(link.remote.name)
    holds = Holds(link, observations, old_names(link, seen))
    apart = _apart(link, seen, flows)
    look = link.cache.last_look(link.remote.name)
    registry = link.memory.known()
    rows = [
        dataclasses.replace(
            _row(link, seen, standing, holds, observations, apart),
            draft=registration(registry, flow, standing.remote_tree is not None, _names(link, standing)),
        )
        for flow, standing in seen.flows.items()
        if link.chosen(flows)(flow)
    ]
    observed_at = datetime.fromisoformat(look[0]) if look else None
    share = link.remote.share
    return Status(link.remote.name, link.remote.branch, share, observed_at, holds.busy, tuple(rows), holds.read_only)


def _names(link: Link, standing: Standing) -> list[str]:
    tree = standing.local_tree or standing.remote_tree
    return link.repo.objects.names(tree) if tree else []


def _row(
    link: Link,
    seen: Survey,
    standing: Standing,
    holds: Holds,
    observations: Mapping[FlowName, Observation],
    apart: Apart,
) -> FlowStatus:
    flow, decided = standing.flow, standing.decided
    hold = _hold(standing, holds)
    held = hold is not None and standing.state not in (State.CONFLICT, State.PROBLEM)
    local = Side(_word(standing.base_tree, standing.local_tree), seen.tip if standing.local_tree else None)
    studio = Side(_word(standing.base_tree, standing.remote_tree), standing.tracking)
    if not (standing.base or standing.local_tree or standing.tracking):
        studio = Side("new", None)  # what it holds is not known yet
    if standing.state is not State.IN_SYNC:
        folder = link.remote.folder(flow)
        local = _history(apart, folder, local, seen.tip, standing.tracking)
        studio = _history(apart, folder, studio, standing.tracking, seen.tip)
        local = dataclasses.replace(local, changed=tuple(change.path for change in decided.local))
        studio = dataclasses.replace(studio, changed=tuple(change.path for change in decided.remote))
    dirty = tuple(holds.dirty.get(flow, ()))
    last_write = observations.get(flow, Observation()).last_write
    state = State.HELD if held else standing.state
    counted = findings(link, standing.local_tree)
    return FlowStatus(flow, state, local, studio, dirty, last_write, link.tracking_ref(flow), hold, *counted)


def _hold(standing: Standing, holds: Holds) -> Hold | None:
    """Returns what keeps the flow from being synced as it stands, or None."""
    if standing.state is State.PROBLEM:
        path, problem = min(standing.decided.problems.items())
        return Hold(f"{path}: {problem.reason}", problem.hint)
    if standing.state is State.CONFLICT:
        return Hold("both sides changed the same", f"flowsync resolve {standing.flow} --ours | --theirs | --tool")
    if standing.state in TO_LAND or standing.state is State.DIVERGED:
        return holds.to_land(standing, Consent())
    if standing.state in TO_PUSH:
        return holds.to_push(standing, Consent())
    return holds.unsettled(standing.flow)


def _word(base: str | None, side: str | None) -> str:
    if base == side:
        return "unchanged" if side else "absent"
    if base is None:
        return "new"
    return "changed" if side else "deleted"


def _apart(link: Link, seen: Survey, flows: frozenset[FlowName]) -> Apart:
    """Walks, once for all flows, the commits that one side has and the other lacks."""
    chosen = link.chosen(flows)
    pairs: list[tuple[str, str | None]] = []
    for one in seen.flows.values():
        if one.state is not State.IN_SYNC and chosen(one.flow):
            pairs += [(mine, other) for mine, other in ((seen.tip, one.tracking), (one.tracking, seen.tip)) if mine]
    return link.repo.history.apart(pairs, link.remote.path)


def _history(apart: Apart, folder: str, side: Side, mine: str | None, other: str | None) -> Side:
    """Returns a side with how many commits of the flow the other side lacks, and who made the last of them."""
    if mine is None:
        return side
    touches = apart.only_in(mine, other, folder)
    if not touches:
        return side
    return dataclasses.replace(side, commits=len(touches), who=touches[0].who, when=touches[0].when)
