"""What ``draft list``, ``show``, ``rename``, ``archive``, ``restore`` and ``adopt`` do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from flowsync.core.plan import State
from flowsync.errors import ShareError, ShareMissing, StudioReadOnly, UsageError
from flowsync.sync.drafting import Desk
from flowsync.sync.link import Reporter
from flowsync.sync.opened import linked
from flowsync.sync.registered import Draft, chosen, flow_of, joined, learn, note
from flowsync.sync.result import Did, Result
from flowsync.sync.shares import configured, session, share_of, workspace_of
from flowsync.sync.survey import local_flows, survey

if TYPE_CHECKING:  # azure is imported where a workspace is asked
    from flowsync.studio.flows import Record


@dataclass(frozen=True, slots=True)
class Shown:
    """One draft with what proves that it is the flow of the branch: where the two sides stand after a look."""

    draft: Draft
    record: "Record"
    page: str
    state: State | None = None
    commit: str = ""  # what the share holds, as the tracking ref has it
    branch: str = ""  # the branch's commit


@contextmanager
def desk(
    start: FilePath, remote: str | None, environ: Mapping[str, str], reporter: Reporter | None = None
) -> Iterator[Desk]:
    """Opens a link and a session with the workspace that it names; notes it if Studio turns out to be read-only."""
    with linked(start, remote, reporter) as link:
        location = workspace_of(link.remote)
        memory = link.memory
        with session(location, configured(environ, link.repo.state_dir), memory) as opened:
            try:
                yield Desk(link, location, opened, memory)
            except StudioReadOnly:
                memory.close(link.now())
                raise
            except ShareMissing:
                opened.forget()  # what was remembered of the workspace may be what is wrong
                raise


def listed(at: Desk, others: bool = True, archived: bool = False) -> list[Draft]:
    """Returns the flows that the registry, the share's folder or the branch knows."""
    every = _rows(at)
    kept = [row for row in every if row.record is None or archived or not row.record.archived]
    return [row for row in kept if others or row.mine]


def find(at: Desk, wanted: str) -> Draft:
    """Returns the registered flow that a person means."""
    return chosen(_rows(at), wanted)


def _rows(at: Desk) -> list[Draft]:
    link = at.link
    records = learn(at.session, at.location, at.memory, link.now())
    tip, tracking, _ = link.refs()
    tracked = [flow for flow, sha in tracking.items() if link.flow_tree(sha, flow)]
    return joined(
        at.location, at.session.person.oid, records, folders(at), tracked, local_flows(link, tip, frozenset(tracking))
    )


def folders(at: Desk) -> frozenset[str]:
    """Returns the names of the folders in the remote's folder on the share; none if that is not there yet."""
    with share_of(at.session, at.location) as share:
        listing = share.list([""])[""]
    if isinstance(listing, ShareMissing):
        return frozenset()
    if isinstance(listing, ShareError):
        raise listing
    return frozenset(listing.folders)


def show(at: Desk, wanted: str) -> Shown:
    """Returns a draft as the service has it now, and after a look at the share how it compares with the branch."""
    draft = find(at, wanted)
    assert draft.record is not None
    record = at.session.registry.get(draft.record.id)
    page = at.session.flow_page(record.id)
    if not draft.flow or not (draft.on_share or draft.tracked):
        return Shown(draft, record, page)
    at.conductor().fetch([draft.flow])
    seen = survey(at.link)
    standing = seen.flows.get(draft.flow)
    if standing is None:
        return Shown(draft, record, page, branch=seen.tip or "")
    return Shown(draft, record, page, standing.state, standing.tracking or "", seen.tip or "")


def rename(at: Desk, wanted: str, name: str, dry_run: bool = False) -> "Record":
    """Gives a draft another name in Studio; its folder, its id and its history stay."""
    record = _record(at, wanted)
    if not name.strip():
        raise UsageError("a flow needs a name", f"flowsync draft rename {wanted} NAME")
    if not dry_run:
        at.session.registry.update(record, name, record.description, record.tags)
        record = _noted(at, record)
    return record


def archive(at: Desk, wanted: str, archived: bool, dry_run: bool = False) -> "Record":
    """Hides a draft in Studio or brings it back; its files stay where they are."""
    record = _record(at, wanted)
    if not dry_run and record.archived != archived:
        at.session.registry.archive(record, archived)
        record = _noted(at, record)
    return record


def adopt(at: Desk, wanted: str, dry_run: bool = False) -> tuple["Record", list[Result]]:
    """Brings a flow that was made elsewhere (Studio, the official client) to the branch, linked to its record."""
    draft = find(at, wanted)
    assert draft.record is not None
    record = draft.record
    if not draft.flow:
        folder = record.folder.rpartition("/")[0]
        place = f"azureml://{at.location.subscription}/{at.location.group}/{at.location.workspace}/{folder}"
        whose = f" of {record.owner_name}" if record.owner_name and not draft.mine else ""
        raise UsageError(
            f"{record.name} lies in another folder{whose}, {folder}, which this repository is not linked to",
            f"flowsync init --remote NAME --path DIR --share {place}",
        )
    if not draft.on_share:
        raise ShareMissing(
            f"the registry knows {record.name}, but its folder {record.folder} is gone from the share",
            f"flowsync draft archive {record.id}",
        )
    conductor = at.conductor()
    if dry_run:
        return record, [one for one in conductor.fetch([draft.flow]) if one.flow == draft.flow]
    results = conductor.pull([draft.flow])
    note(at.memory, at.session, draft.flow, record, at.link.now())
    return record, results or [Result(draft.flow, Did.UNCHANGED)]


def _record(at: Desk, wanted: str) -> "Record":
    record = find(at, wanted).record
    assert record is not None
    return at.session.registry.get(record.id)  # the index may lag behind, and the service takes the whole record


def _noted(at: Desk, record: "Record") -> "Record":
    """Takes in that the service took a change."""
    at.memory.reopen()
    new = at.session.registry.get(record.id)
    if flow := flow_of(at.location, new):
        note(at.memory, at.session, flow, new, at.link.now())
    return new
