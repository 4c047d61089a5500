"""The registry joined with the share's folders and the tracking refs: which flow is which, and what has no counterpart.

What belongs here: finding the record of a flow, what is remembered of the registry, and the rows of ``draft list``.
"""

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flowsync.core.flow import definitions, kind_of
from flowsync.core.names import folded
from flowsync.core.tree import FlowName
from flowsync.errors import ShareError, ShareMissing, StudioReadOnly, UsageError
from flowsync.share.location import WorkspaceLocation
from flowsync.sync.remembered import Known, Registered, Remembered

if TYPE_CHECKING:
    from flowsync.studio.flows import Record
    from flowsync.studio.session import Session

COMMIT = "flowsync.commit"
"""The tag that says which commit a flow was registered or pushed, or a run was made, from."""

_log = logging.getLogger("flowsync.studio")
_FRESH = timedelta(minutes=15)  # how long what was asked of the registry is good enough for a hint


@dataclass(frozen=True, slots=True)
class Draft:
    """One row: a flow by what is known of it. ``flow`` is "" outside of the remote's folder, ``record`` may be None."""

    flow: FlowName
    record: "Record | None"
    on_share: bool
    tracked: bool
    here: bool
    mine: bool

    @property
    def state(self) -> str:
        """In one word or two, what this flow lacks."""
        if self.record is None:
            return "not registered" if self.on_share else "local only"
        if not self.flow:
            return "another folder"
        if not self.on_share:
            return "folder gone"
        return "linked" if self.tracked else "not fetched"


@dataclass(frozen=True, slots=True)
class Registration:
    """What was last known of a flow's place in the registry. ``id`` is None if it has none."""

    id: str | None
    name: str = ""
    archived: bool = False
    page: str = ""


def registration(known: Known | None, flow: FlowName, on_share: bool, names: Iterable[str]) -> Registration | None:
    """Returns what the registry said of a flow; None if it was never asked, or this is no flow that it could hold."""
    if known is None:
        return None
    if found := known.flows.get(flow):
        return Registration(found.id, found.name, found.archived, known.page.replace("{}", found.id))
    kinds = {kind_of(name) for name in definitions(names)}
    return Registration(None) if on_share and kinds == {"dag"} else None


def flow_of(location: WorkspaceLocation, record: "Record") -> FlowName:
    """Returns the flow whose folder a record names; an empty name for a folder that is not the remote's."""
    parent, _, name = record.folder.rpartition("/")
    return FlowName(name) if folded(parent) == folded(location.folder) else FlowName("")


def path_of(location: WorkspaceLocation, flow: FlowName, definition: str) -> str:
    """Returns the path on the share of a flow's definition, as the registry records it."""
    return "/".join(filter(None, (location.folder, flow, definition)))


def joined(
    location: WorkspaceLocation,
    me: str,
    records: Iterable["Record"],
    folders: Iterable[str],
    tracked: Iterable[FlowName],
    here: Iterable[FlowName],
) -> list[Draft]:
    """Returns every flow that the registry, the share or the branch knows, the remote's own first. Pure."""
    there, known, local = frozenset(folders), frozenset(tracked), frozenset(here)
    rows = []
    seen: set[FlowName] = set()
    for record in records:
        flow = flow_of(location, record)
        seen.add(flow)
        rows.append(Draft(flow, record, flow in there, flow in known, flow in local, record.owner == me))
    for name in sorted((known | local) - seen):
        rows.append(Draft(name, None, name in there, name in known, name in local, True))
    return sorted(rows, key=lambda row: (not row.flow, folded(row.flow), row.record.path if row.record else ""))


def chosen(rows: Iterable[Draft], wanted: str) -> Draft:
    """Returns the one flow that a person means: by its folder's name, its id, or its name in Studio."""
    every = [row for row in rows if row.record is not None]
    for matches in (
        [row for row in every if row.flow == wanted],
        [row for row in every if row.record and row.record.id == wanted],
        [row for row in every if row.record and row.record.folder == wanted.strip("/")],
        [row for row in every if row.record and row.record.name == wanted],
    ):
        active = [row for row in matches if row.record and not row.record.archived] or matches
        if len(active) == 1:
            return active[0]
        if active:
            ids = ", ".join(row.record.id for row in active if row.record)
            raise UsageError(f"{wanted} may be any of several flows: {ids}", "name one by its id")
    raise UsageError(f"the registry knows no flow called {wanted}", "flowsync draft list --all")


def learn(session: "Session", location: WorkspaceLocation, memory: Remembered, now: datetime) -> list["Record"]:
    """Asks the registry for all flows of the workspace, and remembers those in the remote's folder.

    The index lags behind by moments: what was remembered and is not in it is asked for by its id.
    """
    records = session.registry.records(session.person, others=True, archived=None)
    known = memory.known()
    listed = {record.id for record in records}
    for one in known.flows.values() if known else ():
        if one.id not in listed:
            with suppress(ShareMissing):
                records.append(session.registry.get(one.id))
    flows: dict[FlowName, Registered] = {}
    for record in records:
        flow = flow_of(location, record)
        if flow and (flow not in flows or flows[flow].archived):
            flows[flow] = _kept(record)
    page = session.flow_page("{}").replace("%7B%7D", "{}")
    memory.know(Known(now.isoformat(timespec="seconds"), session.person.oid, page, flows))
    return records


def _kept(record: "Record") -> Registered:
    return Registered(record.id, record.name, record.owner, record.archived, COMMIT in record.tags)


def learn_again(session: "Session", location: WorkspaceLocation, memory: Remembered, now: datetime) -> None:
    """Asks the registry once in a while, in passing: what it says is for hints, so its trouble is nobody's."""
    known = memory.known()
    if known is None or now - datetime.fromisoformat(known.at) > _FRESH:
        try:
            learn(session, location, memory, now)
        except StudioReadOnly:
            memory.close(now)
        except ShareError as error:
            _log.info("the registry was not asked: %s", error.message)


def note(memory: Remembered, session: "Session", flow: FlowName, record: "Record", now: datetime) -> None:
    """Remembers one record, just made or changed."""
    known = memory.known()
    page = session.flow_page("{}").replace("%7B%7D", "{}")
    flows: Mapping[FlowName, Registered] = known.flows if known else {}
    new = _kept(record)
    at = known.at if known else now.isoformat(timespec="seconds")
    memory.know(Known(at, session.person.oid, page, {**flows, flow: new}))
