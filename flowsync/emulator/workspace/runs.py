"""Bulk runs: submit, show, lines, log, cancel. A run's end is known when it is submitted; looks at it let time pass.

What belongs here: the run's record and the prompt flow service's operations. Run history is ``history``'s.
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import Any

from flowsync.emulator import ticks
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.wire import Call, Reply
from flowsync.emulator.workspace import execution, flow_file, sources
from flowsync.emulator.workspace.access import caller, of
from flowsync.emulator.workspace.body import done, given, reply
from flowsync.emulator.workspace.execution import Done, Outcome, Result
from flowsync.emulator.workspace.state import Record, Workspace

KIND = "run"
OVER = ("Completed", "Failed", "Canceled")
_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,255}")


def submit(service: Service, call: Call) -> Reply:
    """Takes a run, and answers its name."""
    workspace, wanted = of(service, call), given(call)
    name = str(wanted.get("runId") or uuid.uuid4())
    if not _NAME.fullmatch(name):
        raise Refused("BadArgument", f"A run cannot be called {name[:80]}.")
    if service.workspaces.record(workspace, KIND, name) is not None:
        raise Refused("RunAlreadyExists", f"A run with id {name} already exists.")
    path, text = sources.definition(service, workspace, wanted)
    folder = path.rpartition("/")[0].rpartition("/")[2]
    try:
        flow = flow_file.parse(text, str(wanted.get("nodeVariant") or ""))
    except flow_file.Unrunnable as error:
        raise Refused("BadArgument", str(error)) from error
    uri = (wanted.get("batchDataInput") or {}).get("dataUri")
    data = sources.lines(service, workspace, str(uri)) if uri else []
    other = wanted.get("variantRunId")
    evaluated = [Done(**line) for line in _record(service, workspace, str(other))["outcome"]["lines"]] if other else []
    display = _display_name(service, wanted, name, folder)
    result = _result(workspace, name, display, folder)
    outcome = execution.execute(flow, data, wanted.get("inputsMapping") or {}, evaluated, result)
    record = _new(service, call, wanted, name, display, path, outcome)
    record["graph"] = _graph(flow)
    service.workspaces.add(workspace, KIND, name, record)
    return reply(name)


def get(service: Service, call: Call) -> Reply:
    """Shows a run: its graph, its data, where its artifacts are."""
    workspace, record = of(service, call), find(service, call)
    name, wanted = record["name"], record["submitted"]
    return reply(
        {
            "flowGraph": record["graph"],
            "flowRunResourceId": f"{_resource(workspace)}/flows/{name}/flowRuns/{name}",
            "flowRunId": name,
            "flowRunDisplayName": record["displayName"],
            "batchDataInput": wanted.get("batchDataInput"),
            "flowRunType": "FlowRun",
            "flowType": "Default",
            "runtimeName": wanted.get("runtimeName") or "automatic",
            "inputsMapping": wanted.get("inputsMapping") or {},
            "outputDatastoreName": "workspaceblobstore",
            "childRunBasePath": f"promptflow/PromptFlowArtifacts/{name}/flow_artifacts",
            "flowDagFileRelativePath": record["definition"].rpartition("/")[2],
            "flowSnapshotId": record["uuid"],
            "sessionId": wanted.get("sessionId"),
            "studioPortalEndpoint": f"https://ml.azure.com/runs/{name}?wsid={workspace.studio_id}",
            "studioPortalTraceEndpoint": f"https://ml.azure.com/prompts/trace/run/{name}?wsid={workspace.studio_id}",
        }
    )


def children(service: Service, call: Call) -> Reply:
    """Lists the lines from one index to another; as with the service, not in their order, and none before the end."""
    record = find(service, call)
    first, last = (_index(call, name) for name in ("startindex", "endindex"))
    if status(record) not in OVER:
        return reply([])
    lines = [_child(record, line) for line in record["outcome"]["lines"] if first <= line["index"] <= last]
    return reply(sorted(lines, key=lambda line: str(uuid.uuid5(uuid.NAMESPACE_URL, line["run_id"]))))


def log(service: Service, call: Call) -> Reply:
    """Shows the log as far as the run has come."""
    record = find(service, call)
    name, outcome, now = record["name"], record["outcome"], status(record)
    count = len(outcome["lines"])
    told = [f"[{name}] Receiving v2 bulk run request", "This is an emulator: nothing of the flow is run."]
    if now not in ("NotStarted", "Preparing"):
        told.append(f"Starting the aml run '{name}'...")
    if now in OVER:
        told += [f"Finished {count} / {count} lines.", *([outcome["error"]] if outcome["error"] else [])]
        told.append(f"Ending the aml run '{name}' with status '{now}'...")
    time = record["created"][:19].replace("T", " ")
    return reply("".join(f"{time} +0000      24 promptflow-runtime INFO     {line}\n" for line in told))


def cancel(service: Service, call: Call) -> Reply:
    """Asks a run to stop; one that is over stays as it is."""
    record = find(service, call)
    if status(record) not in OVER:
        record["statuses"], record["looks"] = ["CancelRequested"], 0
        record["outcome"].update(status="Canceled", lines=[], metrics={}, error="")
        service.workspaces.keep(of(service, call), KIND, record["name"], record)
    return done()


def trace_session(service: Service, call: Call) -> Reply:
    """Says that traces are not kept in the cloud."""
    return reply(
        {
            "entityId": of(service, call).id,
            "traceCosmosConfiguration": "None",
            "traceCosmosStatus": "Initialized",
            "accountEndpoint": "",
            "databaseName": "PromptFlowTraceSession",
            "resourceArmId": "",
            "resourceType": 1,
        }
    )


def find(service: Service, call: Call) -> Record:
    """Returns the record of the run that a call names; raises Refused."""
    return _record(service, of(service, call), call.names["run"])


def status(record: Record) -> str:
    """Returns what a run is like at the next look."""
    statuses: list[str] = record["statuses"]
    return statuses[record["looks"]] if record["looks"] < len(statuses) else str(record["outcome"]["status"])


def look(service: Service, workspace: Workspace, record: Record) -> None:
    """Notes that somebody looked: a run that is not over comes one step further."""
    if record["looks"] < len(record["statuses"]):
        record["looks"] += 1
        service.workspaces.keep(workspace, KIND, record["name"], record)


def _record(service: Service, workspace: Workspace, name: str) -> Record:
    record = service.workspaces.record(workspace, KIND, name)
    if record is None:
        raise Refused("RunNotFound", f"Run runId={name} was not found")
    return record


def _new(
    service: Service,
    call: Call,
    wanted: Mapping[str, Any],
    name: str,
    display: str,
    path: str,
    outcome: Outcome,
) -> Record:
    workspace, who, now = of(service, call), caller(call), service.clock.next()
    return {
        "name": name,
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{workspace.arm_id}/runs/{name}")),
        "displayName": display,
        "description": wanted.get("description"),
        "tags": wanted.get("tags") or {},
        "hidden": False,
        "created": ticks.iso(now),
        "ended": ticks.iso(now + ticks.PER_SECOND),
        "owner": {"userObjectId": who.oid, "userTenantId": who.tid, "userName": who.name},
        "submitted": dict(wanted),
        "definition": path,
        "experiment": wanted.get("runExperimentName") or path.rpartition("/")[0].rpartition("/")[2],
        "statuses": list(workspace.run_statuses),
        "looks": 0,
        "outcome": asdict(outcome),
    }


def _display_name(service: Service, wanted: Mapping[str, Any], name: str, folder: str) -> str:
    """Returns the display name with the macros filled in that a client may use in it."""
    text = str(wanted.get("runDisplayName") or folder)
    time = re.sub(r"\D", "", ticks.iso(service.clock.now()))[:12]
    macros = {"run": name, "variant_id": str(wanted.get("nodeVariant") or "variant_0").strip("${}"), "timestamp": time}
    return re.sub(r"\$\{(run|variant_id|timestamp)\}", lambda match: macros[match[1]], text)


def _result(workspace: Workspace, *names: str) -> Result:
    """Returns what the test says of a run of one of these names, the first pattern that fits."""
    for pattern, text in workspace.results.items():
        if any(fnmatchcase(name, pattern) for name in names):
            return Result(**text)
    return Result()


def _graph(flow: flow_file.FlowFile) -> Record:
    return {
        "nodes": [{**node, "reduce": bool(node.get("aggregation"))} for node in flow.nodes.values()],
        "tools": [],
        "inputs": json.loads(json.dumps(dict(flow.inputs), default=str)),
        "outputs": {name: {"type": "string", "reference": reference} for name, reference in flow.outputs.items()},
    }


def _child(record: Record, line: Record) -> Record:
    error = {"message": line["error"], "code": "UserError"} if line["error"] else None
    inputs = {**line["inputs"], "line_number": line["index"]}
    return {
        "run_id": f"{record['name']}_{line['index']}",
        "status": "Failed" if error else "Completed",
        "error": error,
        "inputs": inputs,
        "output": line["output"],
        "metrics": None,
        "request": None,
        "parent_run_id": record["name"],
        "root_run_id": record["name"],
        "source_run_id": None,
        "flow_id": "default_flow_id",
        "start_time": record["created"],
        "end_time": record["ended"],
        "index": line["index"],
        "api_calls": [],
        "name": "",
        "description": "",
        "tags": None,
        "system_metrics": {"duration": 1.0, "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        "result": line["output"],
        "upload_metrics": False,
        "message_format": "basic",
    }


def _index(call: Call, name: str) -> int:
    text = call.query.get(name, "")
    if not text.isdigit():
        raise Refused("BadArgument", f"{name} must be a number.")
    return int(text)


def _resource(workspace: Workspace) -> str:
    return f"azureml://locations/{workspace.location}/workspaces/{workspace.id}"
