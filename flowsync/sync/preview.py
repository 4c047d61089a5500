"""What a run would do, without doing it: the plan as results. ``status`` and ``--dry-run`` both print from here."""

import dataclasses

from flowsync.core.plan import BOTH, TO_LAND, TO_PUSH, State
from flowsync.core.tree import FlowName, Path
from flowsync.sync.holds import Consent, Holds
from flowsync.sync.joined import conflicted, joined
from flowsync.sync.land import conflict_result
from flowsync.sync.link import Link
from flowsync.sync.renames import old_names
from flowsync.sync.result import Did, Result, behind, problem_result
from flowsync.sync.survey import Standing, Survey


def merged_states(link: Link, seen: Survey) -> Survey:
    """Returns the survey with each diverged flow whose edits cannot be joined marked as a conflict."""
    flows = dict(seen.flows)
    for flow, standing in seen.flows.items():
        if standing.state is State.DIVERGED and clashing(link, standing, seen.tip):
            flows[flow] = dataclasses.replace(
                standing, decided=dataclasses.replace(standing.decided, state=State.CONFLICT)
            )
    return dataclasses.replace(seen, flows=flows)


def clashing(link: Link, standing: Standing, tip: str | None) -> tuple[Path, ...]:
    """Returns the paths whose two edits cannot be joined."""
    if standing.local_tree is None or standing.remote_tree is None or tip is None:
        return conflicted(standing, None)
    return conflicted(standing, joined(link, standing, tip))


def preview(
    link: Link, seen: Survey, flows: frozenset[FlowName], consent: Consent, *, land: bool, push: bool
) -> list[Result]:
    """Returns what landing or pushing, or both, would do with each flow."""
    holds = Holds(link, link.cache.observations(link.remote.name), old_names(link, seen))
    results = []
    for flow, standing in seen.flows.items():
        if not link.chosen(flows)(flow) or standing.state in (TO_LAND if not land else TO_PUSH if not push else ()):
            continue
        if standing.state in BOTH and not land:
            results.append(behind(flow))
        elif result := _would(link, seen, standing, holds, consent):
            results.append(result)
    return results


def _would(link: Link, seen: Survey, standing: Standing, holds: Holds, consent: Consent) -> Result | None:
    flow, state = standing.flow, standing.state
    if state is State.PROBLEM:
        return problem_result(flow, dict(standing.decided.problems))
    if state in TO_LAND | BOTH:
        if hold := holds.to_land(standing, consent):
            return Result(flow, Did.HELD, hold=hold)
        if state in BOTH and (paths := clashing(link, standing, seen.tip)):
            return conflict_result(standing, paths)
        did = Did.MERGED if state in BOTH else Did.LANDED
        return Result(flow, did, tuple(change.path for change in standing.decided.remote))
    if state in TO_PUSH:
        if hold := holds.to_push(standing, consent):
            return Result(flow, Did.HELD, hold=hold)
        return Result(flow, Did.PUSHED, tuple(change.path for change in standing.decided.local))
    return None
