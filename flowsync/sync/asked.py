"""A transfer as a person asks for it, from the command line or through the daemon."""

from collections.abc import Sequence

from flowsync.core.tree import FlowName
from flowsync.sync.conductor import Conductor
from flowsync.sync.holds import Consent
from flowsync.sync.link import Link
from flowsync.sync.preview import preview
from flowsync.sync.result import Result
from flowsync.sync.survey import survey

TRANSFERS = ("fetch", "pull", "push", "sync")


def transfer(
    link: Link, conductor: Conductor, name: str, named: Sequence[str], accept_deletes: Sequence[str], dry_run: bool
) -> Sequence[Result]:
    """Runs fetch, pull, push or sync for the named flows (none: all); a rehearsal fetches and returns the plan."""
    consent = Consent(frozenset(map(FlowName, accept_deletes)))
    flows = [*named, *(flow for flow in accept_deletes if named and flow not in named)]
    if not dry_run:
        return {"fetch": conductor.fetch, "pull": conductor.pull, "push": conductor.push, "sync": conductor.sync}[name](
            flows, consent
        )
    # A rehearsal needs a look: it fetches, which moves nothing but tracking refs, and prints the plan.
    fetched = conductor.fetch(flows, consent)
    if name == "fetch":
        return fetched
    chosen = frozenset(map(FlowName, flows))
    land, push = name != "push", name != "pull"
    planned = preview(link, survey(link), chosen, consent, land=land, push=push)
    return [result for result in fetched if result.hold] + planned
