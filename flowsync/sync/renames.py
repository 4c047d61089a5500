"""Flows that were renamed as a whole: gone under one name on one side, come under another with the same content.

Such a flow is not deleted, so nobody is asked; and it stays one change: one commit here, one request there.
"""

from collections.abc import Iterable, Mapping

from flowsync.core.moves import renamed_flows
from flowsync.core.plan import State
from flowsync.core.tree import FlowName
from flowsync.sync.link import Link
from flowsync.sync.message import rename_message
from flowsync.sync.snapshot import blobs, commit, folder, overlay
from flowsync.sync.survey import Standing, Survey

Renames = Mapping[FlowName, Standing]
"""New name -> the flow that had this content under its old name."""


def in_studio(link: Link, tip: str | None, standings: Iterable[Standing]) -> Renames:
    """Returns the flows that were renamed in Studio and not edited on the branch."""
    found = {standing.flow: standing for standing in standings}
    gone = {
        flow: blobs(link, standing.base_tree)
        for flow, standing in found.items()
        if standing.state is State.DELETED_IN_STUDIO and _as_committed(link, tip, standing)
    }
    if not gone:
        return {}
    come = {
        flow: blobs(link, standing.remote_tree)
        for flow, standing in found.items()
        if standing.state is State.STUDIO_ONLY and _alone(link, standing)
    }
    return {new: found[old] for new, old in renamed_flows(gone, come).items()}


def in_git(link: Link, tip: str | None, standings: Iterable[Standing]) -> Renames:
    """Returns the flows that were renamed on the branch and not edited in Studio."""
    found = {standing.flow: standing for standing in standings}
    gone = {
        flow: blobs(link, standing.remote_tree)
        for flow, standing in found.items()
        if standing.state is State.DELETED_LOCALLY
    }
    if not gone:
        return {}
    come = {
        flow: blobs(link, standing.local_tree)
        for flow, standing in found.items()
        if standing.state is State.LOCAL_ONLY and standing.tracking is None and _as_committed(link, tip, standing)
    }
    return {new: found[old] for new, old in renamed_flows(gone, come).items()}


def touched(renames: Renames, flows: frozenset[FlowName]) -> tuple[Renames, frozenset[FlowName]]:
    """Returns the renames that the chosen flows take part in, and the flows with both names of each (none: all)."""
    if not flows:
        return renames, flows
    met = {new: old for new, old in renames.items() if flows & {new, old.flow}}
    return met, flows | met.keys() | {old.flow for old in met.values()}


def old_names(link: Link, seen: Survey) -> frozenset[FlowName]:
    """Returns the flows that are gone under their name, and only under their name."""
    found = (
        *in_studio(link, seen.tip, seen.flows.values()).values(),
        *in_git(link, seen.tip, seen.flows.values()).values(),
    )
    return frozenset(old.flow for old in found)


def landed(link: Link, new: Standing, old: Standing, tip: str | None) -> str:
    """Stores the one commit that renames the flow on the branch; its author is who renamed it in Studio."""
    held = link.flow_tree(tip, old.flow)
    moved = folder(link, blobs(link, new.remote_tree), None, held)
    whole = overlay(link, tip, new.flow, moved)
    objects = link.repo.objects
    left = folder(link, {}, held, None)  # what never syncs stays where it is
    whole = objects.with_folder(whole, link.remote.folder(old.flow), left)
    author = objects.commit(new.tracking or "").author
    return commit(link, tip, whole, author, rename_message(link, new.flow, old.flow))


def _as_committed(link: Link, tip: str | None, standing: Standing) -> bool:
    """Tells whether the flow goes to the share as it is: one that takes in files from elsewhere does not."""
    return standing.local_tree == link.flow_tree(tip, standing.flow)


def _alone(link: Link, standing: Standing) -> bool:
    """Tells whether one snapshot is all that was seen of a flow: then a rename leaves nothing out."""
    parents = link.repo.objects.commit(standing.tracking or "").parents
    return link.flow_tree(parents[0] if parents else None, standing.flow) is None
