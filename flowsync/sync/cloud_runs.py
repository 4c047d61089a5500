"""Runs in the cloud, tied to a commit: what Studio holds is what runs, and it is what the branch holds, or it is said.

The official client records no commit with a run. Here the commit goes into the run's tags, and a run of a flow that has
uncommitted edits, or that Studio holds in another state than the branch, is refused unless it is asked for.
"""

import dataclasses
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from flowsync.core.plan import State
from flowsync.core.tree import FlowName
from flowsync.errors import UsageError
from flowsync.sync.drafting import Desk
from flowsync.sync.holds import Holds
from flowsync.sync.registered import COMMIT, flow_of, learn
from flowsync.sync.run_file import RunFile
from flowsync.sync.survey import survey

if TYPE_CHECKING:  # azure is imported where a workspace is asked
    from flowsync.studio.flows import Record
    from flowsync.studio.runs import Run

FLOW, DIRTY = "flowsync.flow", "flowsync.dirty"
_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")
_FIRST, _LONGEST = 1.0, 10.0  # seconds between two looks at a run


@dataclass(frozen=True, slots=True)
class Submission:
    """A run that is ready to be submitted: the request's body, and what it stands on."""

    name: str
    body: Mapping[str, Any]
    flow: str
    commit: str
    dirty: bool
    data: FilePath | None = None
    held: str | None = None  # the id of the folder that Studio held when this was prepared


def prepared(at: Desk, wanted: RunFile, allow_dirty: bool = False) -> Submission:
    """Returns what is to be submitted; a UsageError says why it should not run like this."""
    record, flow = _chosen(at, wanted)
    commit, dirty, held = _standing(at, flow, allow_dirty) if flow else ("", False, None)
    data = _local(wanted, wanted.data)
    name = wanted.name or _name(at.link.now(), flow or record.name, wanted.variant)
    tags = {**wanted.tags}
    if flow:
        tags |= {FLOW: flow, COMMIT: commit, **({DIRTY: "true"} if dirty else {})}
    body: dict[str, Any] = {
        "flowDefinitionResourceId": at.session.flow_resource(record.id),
        "flowLineageId": record.id,
        "runId": name,
        "runDisplayName": wanted.display_name or record.name,
        "runDisplayNameGenerationType": "UserProvidedMacro",
        "runExperimentName": _UNFIT.sub("_", flow or record.name),
        "description": wanted.description,
        "tags": tags,
        "nodeVariant": wanted.variant or None,
        "variantRunId": wanted.run or None,
        "batchDataInput": {"dataUri": "" if data else wanted.data} if wanted.data else None,
        "inputsMapping": dict(wanted.column_mapping),
        "connections": {node: dict(one) for node, one in wanted.connections.items()},
        "environmentVariables": dict(wanted.environment_variables),
        "initKWargs": dict(wanted.init) or None,
        "runtimeName": "automatic",
        "sessionSetupMode": "SystemWait",
        "vmSize": wanted.instance_type or None,
        "computeName": wanted.compute or None,
    }
    kept = {key: value for key, value in body.items() if value is not None}
    return Submission(name, kept, flow or record.name, commit, dirty, data, held)


def submit(at: Desk, ready: Submission) -> "Run":
    """Uploads the run's data and submits it; returns the run as the service has it."""
    from flowsync.studio.wire import Lost

    body = dict(ready.body)
    if ready.data is not None:
        body["batchDataInput"] = {"dataUri": at.session.upload(ready.data.name, ready.data.read_bytes())}
    runs = at.session.runs
    try:
        name = runs.submit(body)
    except Lost:
        name = ready.name  # the look that follows finds it, or says that it is not there
    if ready.held and not ready.dirty and _held(at, FlowName(ready.flow)) != ready.held:
        runs.tag(name, {DIRTY: "true"})  # somebody saved in Studio at that very moment: it may have run that
    return runs.get(name)


def _held(at: Desk, flow: FlowName) -> str | None:
    """Returns the id of the folder that Studio holds of a flow, after a look."""
    at.conductor().fetch([flow])
    standing = survey(at.link, flow).flows.get(flow)
    return standing.remote_tree if standing else None


def followed(at: Desk, name: str, sleep: Callable[[float], None] = time.sleep) -> "Iterator[tuple[Run, str]]":
    """Yields a run and what it has logged since the last look, until it is over."""
    runs, told, pause = at.session.runs, 0, _FIRST
    while True:
        run = runs.get(name)
        log = runs.log(name)
        yield run, log[told:]
        if run.over:
            return
        pause = _FIRST if len(log) > told else min(_LONGEST, pause * 1.5)
        told = len(log)
        sleep(pause)


def evaluating(wanted: RunFile, run: str) -> RunFile:
    """Returns a run file that evaluates a run; UsageError if it names none."""
    found = dataclasses.replace(wanted, run=run or wanted.run)
    if not found.run:
        raise UsageError("an evaluation needs the run that it judges", "flowsync run eval FILE --run NAME")
    return found


def _chosen(at: Desk, wanted: RunFile) -> "tuple[Record, FlowName]":
    """Returns the registered flow that a run file names, and its name here ("" if it is none of the remote's)."""
    if wanted.flow.startswith("azureml:") and not wanted.flow.startswith("azureml://"):
        record = at.session.registry.get(wanted.flow.removeprefix("azureml:"))
        return record, flow_of(at.location, record)
    folder = _local(wanted, wanted.flow)
    flow = _flow_at(at, folder) if folder else FlowName("")
    if not flow:
        top = at.link.remote.path or "the repository"
        raise UsageError(
            f"{wanted.flow} is no flow of {at.link.remote.name}: those are in {top}", "flowsync draft list"
        )
    for record in learn(at.session, at.location, at.memory, at.link.now()):
        if flow_of(at.location, record) == flow and not record.archived:
            return record, flow
    raise UsageError(f"{flow} is not registered in Studio, where it would run", f"flowsync draft create {flow}")


def _flow_at(at: Desk, folder: FilePath) -> FlowName:
    top = (at.link.repo.root / at.link.remote.path).resolve()
    place = folder if folder.is_dir() else folder.parent
    try:
        parts = place.resolve().relative_to(top).parts
    except ValueError:
        return FlowName("")
    return FlowName(parts[0]) if len(parts) == 1 else FlowName("")


def _standing(at: Desk, flow: FlowName, allow_dirty: bool) -> tuple[str, bool, str | None]:
    """Returns the commit that Studio's content stands for, whether the flow here is another, and Studio's folder."""
    uncommitted = Holds(at.link, {}).dirty.get(flow, [])
    at.conductor().fetch([flow])
    seen = survey(at.link)
    standing = seen.flows.get(flow)
    same = standing is not None and standing.state is State.IN_SYNC
    if not allow_dirty and uncommitted:
        raise UsageError(
            f"{flow} has uncommitted edits ({len(uncommitted)}): the run would not be of any commit",
            "git commit, flowsync push, then again; or --allow-dirty, to run what Studio holds",
        )
    if not allow_dirty and not same:
        state = standing.state.value if standing else "not on the branch"
        raise UsageError(
            f"Studio does not hold what the branch holds of {flow} ({state}), and it is Studio's that would run",
            f"flowsync sync {flow}; or --allow-dirty, to run what Studio holds",
        )
    commit = seen.tip if same else standing.tracking if standing else None
    return commit or "", bool(uncommitted) or not same, standing.remote_tree if standing else None


def _local(wanted: RunFile, said: str) -> FilePath | None:
    """Returns the file or folder that a text names, None for what is elsewhere; UsageError if it is not there."""
    if not said or said.startswith(("azureml:", "https://", "http://")):
        return None
    place = wanted.folder / said
    if not place.exists():
        raise UsageError(f"{said} does not exist (looked for beside the run file)", "correct the run file")
    return place


def _name(now: datetime, flow: str, variant: str) -> str:
    """Returns a name for a run, which tells the flow, the variant and the moment, as the official client's do."""
    chosen = variant.strip("${}").replace(".", "_") or "default"
    return f"{_UNFIT.sub('_', flow)}_{_UNFIT.sub('_', chosen)}_{now.strftime('%Y%m%d_%H%M%S_%f')}"
