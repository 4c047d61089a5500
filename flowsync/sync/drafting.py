"""``draft create``: from a flow on the branch to a flow that opens in Studio.

The folder is pushed first, as every push is (guarded, sources before the definition, each step journaled); then the
registry is told of it. The journal says what is to be registered before the first request, and that the service is
about to be asked before it is: a run that was killed goes on from there, and looks before it asks again. So running it
twice, or killing it anywhere, never makes a second flow.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from flowsync.core.document import parse
from flowsync.core.flow import definitions, kind_of, read_dag, text_of
from flowsync.core.plain import count
from flowsync.core.plan import Hold, State
from flowsync.core.tree import File, FlowName, Path
from flowsync.errors import RepositoryError, ShareError, UsageError
from flowsync.share.location import WorkspaceLocation
from flowsync.sync.conductor import Conductor
from flowsync.sync.findings import findings
from flowsync.sync.holds import Holds
from flowsync.sync.link import Link
from flowsync.sync.registered import COMMIT, flow_of, learn, note, path_of
from flowsync.sync.remembered import Begun, Remembered
from flowsync.sync.result import Did, Result
from flowsync.sync.shares import share_of
from flowsync.sync.survey import survey

if TYPE_CHECKING:  # azure is imported where a workspace is asked
    from flowsync.studio.flows import Record
    from flowsync.studio.session import Session

_LAG = (0.5, 1.0, 2.0, 4.0)  # seconds between looks for a flow that may have been registered
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Wish:
    """How a flow is to be registered; what is empty is taken from its definition."""

    name: str = ""
    type: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    despite_findings: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. ``record`` is None if it was refused, or rehearsed: ``result`` says why, or what would go up."""

    flow: FlowName
    begun: Begun
    record: "Record | None" = None
    created: bool = False
    result: Result | None = None
    uncommitted: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """What registering works with: the link, the workspace it is linked to, and what is remembered of it."""

    link: Link
    location: WorkspaceLocation
    session: "Session"
    memory: Remembered
    sleep: Callable[[float], None] = time.sleep

    def conductor(self) -> Conductor:
        """Returns a conductor that opens the share through this session."""
        link = self.link
        return Conductor(link, opener=lambda: share_of(self.session, self.location, link.remote.write.value))


def create(desk: Desk, flow: FlowName, wish: Wish, dry_run: bool = False) -> Outcome:
    """Pushes a flow and registers it, unless it is registered already."""
    begun = _planned(desk, flow, wish)
    uncommitted = tuple(Holds(desk.link, {}).dirty.get(flow, ()))
    if refused := _refused(desk.link, flow, wish):
        return Outcome(flow, begun, result=refused, uncommitted=uncommitted)
    if dry_run:
        return Outcome(flow, begun, _registered(desk, flow), False, _rehearsed(desk, flow), uncommitted)
    lock = FileLock(desk.memory.folder.parent / f"{desk.link.remote.name}.lock")
    desk.memory.folder.mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout as error:
        raise RepositoryError("another flowsync is registering a flow here", "wait for it to finish") from error
    try:
        return replace(_create(desk, flow, begun, wish), uncommitted=uncommitted)
    finally:
        lock.release()


def _create(desk: Desk, flow: FlowName, begun: Begun, wish: Wish) -> Outcome:
    before = desk.memory.begun(flow)
    if found := _registered(desk, flow, patient=bool(before and before.sent)):
        stopped = _pushed(desk, flow)
        if stopped is None and found.owner == desk.session.person.oid:
            found = _amended(desk, flow, found, wish, begun.tags[COMMIT])
        desk.memory.end(flow)
        return Outcome(flow, begun, found, before is not None and before.sent, stopped)
    desk.memory.begin(flow, begun)
    if stopped := _pushed(desk, flow):
        if stopped.did is not Did.FAILED:  # nothing is under way: a person decides first
            desk.memory.end(flow)
        return Outcome(flow, begun, result=stopped)
    desk.memory.begin(flow, replace(begun, sent=True))
    record = _register(desk, flow, begun)
    note(desk.memory, desk.session, flow, record, desk.link.now())
    desk.memory.end(flow)
    return Outcome(flow, begun, record, True)


def _amended(desk: Desk, flow: FlowName, record: "Record", wish: Wish, commit: str) -> "Record":
    """Returns the record of a flow that was registered before, with what was asked for by name, and this commit."""
    name, description = wish.name or record.name, wish.description or record.description
    tags = {**record.tags, **wish.tags, COMMIT: commit}
    if (name, description, tags) != (record.name, record.description, dict(record.tags)):
        desk.session.registry.update(record, name, description, tags)
        record = desk.session.registry.get(record.id)
        note(desk.memory, desk.session, flow, record, desk.link.now())
    return record


def _register(desk: Desk, flow: FlowName, begun: Begun) -> "Record":
    from flowsync.studio.flows import Draft
    from flowsync.studio.wire import Lost

    draft = Draft(begun.name, begun.path, begun.type, begun.description, begun.tags)
    try:
        return desk.session.registry.create(draft)
    except Lost as lost:
        if found := _registered(desk, flow, patient=True):
            return found
        raise ShareError(
            f"Studio did not say whether {flow} was registered: {lost.message[:1].lower()}{lost.message[1:]}",
            f"flowsync draft create {flow}, which looks before it asks again",
            lost.code,
        ) from None
    except ShareError:
        desk.memory.begin(flow, begun)  # it was refused: nothing is in doubt
        raise


def _registered(desk: Desk, flow: FlowName, patient: bool = False) -> "Record | None":
    """Returns the record of the remote's folder of this name, as the index or the flow service lists it.

    ``patient`` asks for longer: a request whose answer nobody heard may take effect after moments.
    """
    for pause in (*(_LAG if patient else ()), None):
        records = learn(desk.session, desk.location, desk.memory, desk.link.now()) + desk.session.registry.recent()
        found = [record for record in records if flow_of(desk.location, record) == flow]
        if found:
            active = [record for record in found if not record.archived]
            return (active or found)[0]
        if pause is not None:
            desk.sleep(pause)
    return None


def _planned(desk: Desk, flow: FlowName, wish: Wish) -> Begun:
    """Returns how a flow on the branch is to be registered; UsageError if it is none that Studio could register."""
    link = desk.link
    tip = link.repo.worktree.tip(link.remote.branch)
    tree = link.flow_tree(tip, flow)
    files = link.repo.objects.files(tree) if tree else {}
    definition = next(iter(definitions(path for path in files if "/" not in path)), "")
    if not definition:
        folder = link.remote.folder(flow)
        raise UsageError(
            f"{link.remote.branch} holds no flow called {flow}: {folder} has no committed definition",
            f"git add {folder} && git commit, then flowsync draft create {flow}",
        )
    if kind_of(definition) != "dag":
        raise UsageError(
            f"{flow} is defined by {definition}; Studio registers flows with a flow.dag.yaml only",
            "flowsync push puts its files on the share all the same",
        )
    entry = files[Path(definition)]
    dag = read_dag(parse(link.repo.objects.read(entry.blob)) if isinstance(entry, File) else parse(""))
    said = {name: _said(dag.document.root, name) for name in ("display_name", "description", "type")}
    # to the official client any flow without a type is a standard one; then Studio shows a chat flow without chat
    kind = wish.type or said["type"] or ("chat" if any(item.chat_input for item in dag.inputs) else "standard")
    if kind not in ("standard", "evaluation", "chat"):
        raise UsageError(f"a flow cannot be of the type {kind!r}", "--type standard, evaluation or chat")
    return Begun(
        path_of(desk.location, flow, definition),
        wish.name or said["display_name"] or flow,
        kind,
        wish.description or said["description"],
        {**_tags(dag.document.root), **wish.tags, COMMIT: tip or ""},
    )


def _said(root: object, name: str) -> str:
    from flowsync.core.document import Mapping as Keys

    found = text_of(root.get(name)) if isinstance(root, Keys) else None
    return found.text if found else ""


def _tags(root: object) -> dict[str, str]:
    from flowsync.core.document import Mapping as Keys
    from flowsync.core.flow import entries

    tags = root.get("tags") if isinstance(root, Keys) else None
    return {entry.name: text.text for entry in entries(tags) if (text := text_of(entry.value))}


def _refused(link: Link, flow: FlowName, wish: Wish) -> Result | None:
    """Returns why this flow should not be put before people as it is, or None."""
    tree = link.flow_tree(link.repo.worktree.tip(link.remote.branch), flow)
    errors, _ = findings(link, tree)
    if errors and not wish.despite_findings:
        hint = f"flowsync validate {link.remote.folder(flow)}; or: flowsync draft create {flow} --no-validate"
        return Result(flow, Did.HELD, hold=Hold(f"it has {count(errors, 'error')}: it would not run in Studio", hint))
    return None


def _pushed(desk: Desk, flow: FlowName) -> Result | None:
    """Pushes a flow; returns what stopped it, None once both sides are the same."""
    results = [one for one in desk.conductor().push([flow]) if one.flow == flow]
    if trouble := next((one for one in results if one.hold), None):
        return trouble
    standing = survey(desk.link).flows.get(flow)
    if standing is None or standing.state is not State.IN_SYNC:
        state = standing.state.value if standing else "gone"
        return Result(flow, Did.HELD, hold=Hold(f"it is {state}: the two sides differ", f"flowsync sync {flow}"))
    return None


def _rehearsed(desk: Desk, flow: FlowName) -> Result | None:
    from flowsync.sync.asked import transfer

    results = transfer(desk.link, desk.conductor(), "push", [flow], [], True)
    return next((one for one in results if one.flow == flow and one.did is not Did.FETCHED), None)
