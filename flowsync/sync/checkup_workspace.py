"""What ``flowsync doctor`` checks of a workspace: who is signed in, what they may, and how its registry stands."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from flowsync.core.names import folded
from flowsync.core.plain import count
from flowsync.errors import ShareError
from flowsync.share.location import WorkspaceLocation, owner
from flowsync.sync.check import Check
from flowsync.sync.holds import ACCEPT_WRITES
from flowsync.sync.link import Link
from flowsync.sync.registered import flow_of, learn
from flowsync.sync.shares import configured, session

if TYPE_CHECKING:  # azure is imported where a workspace is asked
    from flowsync.studio.flows import Record
    from flowsync.studio.session import Session


def checks(link: Link, location: WorkspaceLocation, environ: Mapping[str, str]) -> Iterator[Check]:
    """Yields one check after the other; what a check needs and has not is the last that is said."""
    if since := link.memory.read_only():
        yield Check("studio", "bad", f"read-only since {since}: flowsync pulls, and pushes nothing", ACCEPT_WRITES)
    try:
        with session(location, configured(environ, link.repo.state_dir), link.memory) as opened:
            opened.forget()  # a doctor looks anew
            yield Check("sign-in", "ok", f"{opened.person.shown}, tenant {opened.person.tenant or 'unknown'}")
            yield from _alias(opened, location)
            where = opened.workspace
            yield Check("workspace", "ok", f"{location.workspace} in {where.location or 'an unknown region'}")
            yield from _opening(opened)
            yield from _registry(link, location, opened)
    except ShareError as error:
        yield Check("workspace", "bad", error.message, error.hint)


def _alias(opened: "Session", location: WorkspaceLocation) -> Iterator[Check]:
    """Says where the official client would write as whoever is signed in, if that is not the remote's folder."""
    person, theirs = opened.person, owner(location)
    if folded(person.alias) == folded(theirs):
        return
    if person.service:
        said = (
            f"a service principal is signed in: flows that it registers are its own, and the official client would put "
            f"them into Users/{person.alias}, not into {theirs}'s folder"
        )
        yield Check("alias", "note", said, "sign in as a person (az login) to register flows that people own")
    else:
        said = f"you are {person.alias or 'nobody'}, the remote is the folder of {theirs or 'nobody'}"
        yield Check("alias", "note", said, "flowsync init --choices azureml://… shows whose folders there are")


def _opening(opened: "Session") -> Iterator[Check]:
    """Says which share it is and what opens it; what the share itself says to that is the next check."""
    found = opened.share().storage
    ways = {"key": "by the account's key", "sas": "by a SAS", "identity": "by your own identity, with backup intent"}
    yield Check("credentials", "ok", f"{found.share} on {found.account}, {ways[found.kind.value]}")


def _registry(link: Link, location: WorkspaceLocation, opened: "Session") -> Iterator[Check]:
    records = learn(opened, location, link.memory, link.now())
    here = {flow for record in records if (flow := flow_of(location, record))}
    yield Check("registry", "ok", f"{count(len(records), 'flow')}, {len(here)} of them in the remote's folder")
    for flow in link.memory.unfinished():
        yield Check("registry", "note", f"{flow} was being registered when it stopped", f"flowsync draft create {flow}")
    twice = [flow for flow in sorted(here) if _active(location, records, flow) > 1]
    for flow in twice:
        hint = "flowsync draft list, then flowsync draft archive ID"
        yield Check("registry", "note", f"{flow} is registered more than once", hint)


def _active(location: WorkspaceLocation, records: "list[Record]", flow: str) -> int:
    return sum(flow_of(location, record) == flow and not record.archived for record in records)
