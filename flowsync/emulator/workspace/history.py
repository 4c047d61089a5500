"""Run history and metrics: what a run is like now, renaming, tagging and hiding it, its last metric values."""

import json
import uuid

from flowsync.emulator import bearer
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.wire import Call, Reply
from flowsync.emulator.workspace import runs
from flowsync.emulator.workspace.access import of
from flowsync.emulator.workspace.body import given, reply
from flowsync.emulator.workspace.state import Record, Workspace

_DURATION = "00:00:01.0000000"
_RUN_TYPE = "azureml.promptflow.FlowRun"
_ALWAYS_NULL = (
    *("token", "tokenExpiryTimeUtc", "parentRunUuid", "lastStartTimeUtc", "currentComputeTime", "scriptName", "target"),
    *("effectiveStartTimeUtc", "cancelationReason", "scheduleId", "runDefinition", "jobSpecification", "cancelUri"),
    *("primaryMetricName", "createdFrom", "completeUri", "diagnosticsUri", "computeRequest", "compute", "inputs"),
    "queueingInfo",
)


def run_data(service: Service, call: Call) -> Reply:
    """Shows a run as it is at this look; the next look finds it further on."""
    workspace, name = of(service, call), str(given(call).get("runId") or "")
    call.names = {**call.names, "run": name}
    record = runs.find(service, call)
    shown = {"runMetadata": metadata(workspace, record), "runDefinition": None, "jobSpecification": None}
    runs.look(service, workspace, record)
    return reply({**shown, "systemSettings": None})


def modify(service: Service, call: Call) -> Reply:
    """Renames, describes, tags (existing tags stay) or hides a run."""
    workspace, record, wanted = of(service, call), runs.find(service, call), given(call)
    for field in ("displayName", "description", "hidden"):
        if wanted.get(field) is not None:
            record[field] = wanted[field]
    tags = wanted.get("tags") or {}
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise Refused("BadArgument", "Tags are a mapping from text to text.")
    record["tags"] = {**record["tags"], **tags}
    service.workspaces.keep(workspace, runs.KIND, record["name"], record)
    return reply(metadata(workspace, record))


def last_values(service: Service, call: Call) -> Reply:
    """Lists a run's metrics; none before it is over."""
    record = runs.find(service, call)
    metrics = record["outcome"]["metrics"] if runs.status(record) in runs.OVER else {}
    return reply({"value": [_metric(record, name, value) for name, value in metrics.items()]})


def metadata(workspace: Workspace, record: Record) -> Record:
    """Returns what run history says of a run."""
    status, name = runs.status(record), record["name"]
    started = status not in ("NotStarted", "Preparing", "Queued")
    over = status in runs.OVER
    owner = {**record["owner"], "userIss": f"https://sts.windows.net/{record['owner']['userTenantId']}/", "upn": None}
    return {
        **dict.fromkeys(_ALWAYS_NULL),
        "runNumber": 1,
        "rootRunId": name,
        "createdUtc": record["created"],
        "createdBy": owner,
        "userId": record["owner"]["userObjectId"],
        "error": _error(record) if over and record["outcome"]["error"] else None,
        "warnings": None,
        "runUuid": record["uuid"],
        "rootRunUuid": record["uuid"],
        "lastModifiedBy": owner,
        "lastModifiedUtc": record["created"],
        "duration": _DURATION if over else None,
        "runId": name,
        "parentRunId": None,
        "experimentId": str(uuid.uuid5(uuid.UUID(bearer.NOBODY), record["experiment"])),
        "status": status,
        "startTimeUtc": record["created"] if started else None,
        "endTimeUtc": record["ended"] if over else None,
        "displayName": record["displayName"],
        "name": None,
        "dataContainerId": f"dcid.{name}",
        "description": record["description"],
        "hidden": record["hidden"],
        "runType": _RUN_TYPE,
        "runTypeV2": {"orchestrator": None, "traits": [], "attribution": "PromptFlow", "computeType": None},
        "properties": properties(record),
        "tags": record["tags"],
        "outputs": _outputs(workspace, name) if status == "Completed" else None,
        "revision": 1 + record["looks"],
        "statusRevision": record["looks"],
        "currentAttemptId": 1,
        "computeDuration": _DURATION if over else None,
        "retainForLifetimeOfWorkspace": False,
        **{empty: {} for empty in ("parameters", "actionUris", "settings", "services")},
        **{empty: [] for empty in ("uniqueChildRunComputeTargets", "inputDatasets", "outputDatasets")},
    }


def properties(record: Record) -> dict[str, str]:
    """Returns a run's properties, as far as they follow from what was submitted."""
    wanted = record["submitted"]
    named = {
        "inputs_mapping": json.dumps(wanted.get("inputsMapping") or {}, separators=(",", ":")),
        "runtime_name": wanted.get("runtimeName") or "automatic",
        "disable_trace": str(bool(wanted.get("disableTrace"))).lower(),
        "input_data": (wanted.get("batchDataInput") or {}).get("dataUri"),
        "input_run_id": wanted.get("variantRunId"),
        "variant_run_id": wanted.get("variantRunId"),
        "node_variant": wanted.get("nodeVariant"),
        "session_id": wanted.get("sessionId"),
        "definition_file_name": record["definition"].rpartition("/")[2],
        "flow_lineage_id": wanted.get("flowLineageId"),
        "flow_definition_resource_id": wanted.get("flowDefinitionResourceId"),
        "flow_definition_datastore_name": wanted.get("flowDefinitionDataStoreName"),
        "flow_definition_blob_path": wanted.get("flowDefinitionBlobPath"),
        "snapshot_id": record["uuid"],
        "total_tokens": "0",
    }
    return {f"azureml.promptflow.{name}": str(value) for name, value in named.items() if value is not None}


def _error(record: Record) -> Record:
    error = {"code": "UserError", "severity": None, "message": record["outcome"]["error"], "details": []}
    return {"error": error, "componentName": "promptflow-runtime"}


def _outputs(workspace: Workspace, name: str) -> Record:
    start = f"azureml://locations/{workspace.location}/workspaces/{workspace.id}/data/azureml_{name}_output_data"
    return {
        what: {"assetId": f"{start}_{what}/versions/1", "type": "UriFolder"} for what in ("debug_info", "flow_outputs")
    }


def _metric(record: Record, name: str, value: float) -> Record:
    return {
        "dataContainerId": f"dcid.{record['name']}",
        "name": name,
        "columns": {name: "Double"},
        "properties": {"uxMetricType": "azureml.v1.scalar", "dataLocation": None},
        "namespace": None,
        "standardSchemaId": None,
        "value": [
            {
                "metricId": str(uuid.uuid5(uuid.UUID(record["uuid"]), name)),
                "createdUtc": record["ended"],
                "step": 0,
                "data": {name: value},
            }
        ],
    }
