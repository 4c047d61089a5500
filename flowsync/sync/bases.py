"""The moves of tracking refs and bases: what both sides hold is recorded, what is dropped stays reachable."""

from collections.abc import Iterable

from flowsync.core.plan import State
from flowsync.core.tree import FlowName
from flowsync.repo.refs import Move
from flowsync.sync.link import Link
from flowsync.sync.survey import Standing


def agree(link: Link, standings: Iterable[Standing]) -> None:
    """Records as base what both sides turn out to hold already, and forgets flows that neither does."""
    moves = []
    recorded = link.flows_below(link.base_prefix)
    for standing in standings:
        at = recorded.get(standing.flow)
        if standing.state is State.IN_SYNC and standing.tracking and standing.local_tree:
            if link.flow_tree(at, standing.flow) != standing.remote_tree:
                moves.append(Move(link.base_ref(standing.flow), at, standing.tracking))
        elif not (at or standing.tracking):  # one that is to be taken in yet
            continue
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


def follow(link: Link, standing: Standing, base: str | None, tracking: str | None) -> list[Move]:
    """Returns the moves of a landed flow's tracking ref, and of its base (now ``base``), to what has landed."""
    moves = []
    if link.flow_tree(tracking, standing.flow) is None:  # a landed delete: the branch remembers what there was
        tracking = None
    if tracking != standing.tracking:
        moves.append(Move(link.tracking_ref(standing.flow), standing.tracking, tracking))
    if tracking != base:
        moves.append(Move(link.base_ref(standing.flow), base, tracking))
    return moves
