"""What the index says of each flow and run: the same records, seen as entities."""

from typing import Any

from flowsync.emulator import ticks
from flowsync.emulator.service import Service
from flowsync.emulator.workspace import history
from flowsync.emulator.workspace.flows import KIND as FLOW
from flowsync.emulator.workspace.runs import KIND as RUN
from flowsync.emulator.workspace.state import Record, Workspace


def flows(service: Service, workspace: Workspace) -> list[Record]:
    """Returns an entity for each flow of a workspace."""
    return [_flow(workspace, record) for record in service.workspaces.indexed(workspace, FLOW)]


def runs(service: Service, workspace: Workspace) -> list[Record]:
    """Returns an entity for each run of a workspace."""
    return [_run(workspace, record) for record in service.workspaces.indexed(workspace, RUN)]


def name(entity: Record) -> str:
    """Returns what a free text search looks at."""
    annotations = entity["annotations"]
    return str(annotations.get("flowName") or annotations.get("displayName") or "")


def _flow(workspace: Workspace, record: Record) -> Record:
    owner = {**record["owner"], "userPrincipalName": None}
    annotations = {
        "archived": record["isArchived"],
        "tags": record["tags"],
        "flowName": record.get("flowName"),
        "createdDate": record["createdDate"],
        "lastModifiedDate": record["lastModifiedDate"],
        "owner": owner,
        "isArchived": record["isArchived"],
        "vmSize": record.get("vmSize"),
        "maxIdleTimeSeconds": None,
        "name": None,
        "description": record.get("description"),
    }
    properties = {
        "updatedTime": "0001-01-01T00:00:00+00:00",
        "creationContext": _creation(record["createdDate"], owner),
        "flowId": record["flowId"],
        "experimentId": workspace.id,
        "flowType": record["flowType"],
        "flowDefinitionFilePath": record["flowDefinitionFilePath"],
    }
    return _entity(workspace, "flows", record["flowId"], annotations, properties, record["lastModifiedDate"])


def _run(workspace: Workspace, record: Record) -> Record:
    shown = history.metadata(workspace, record)
    over = shown["endTimeUtc"] is not None
    annotations = {
        "archived": record["hidden"],
        "tags": record["tags"],
        "displayName": record["displayName"],
        "description": record["description"],
        "status": shown["status"],
        "metrics": {one: {"lastValue": value} for one, value in record["outcome"]["metrics"].items()} if over else {},
        "error": shown["error"],
    }
    properties = {
        "creationContext": _creation(record["created"], {**record["owner"], "userPrincipalName": None}),
        "runId": record["name"],
        "runUuid": record["uuid"],
        "experimentName": record["experiment"],
        "runType": shown["runType"],
        "startTime": shown["startTimeUtc"],
        "endTime": shown["endTimeUtc"],
        "duration": shown["duration"],
        "userProperties": shown["properties"],
    }
    return _entity(workspace, "runs", record["name"], annotations, properties, record["created"])


def _creation(created: str, owner: dict[str, Any]) -> Record:
    return {"createdTime": created, "createdBy": owner, "creationSource": None}


def _entity(workspace: Workspace, kind: str, key: str, annotations: Record, properties: Record, changed: str) -> Record:
    where = f"azureml://location/{workspace.location}/workspaceId/{workspace.id}"
    return {
        "relevancyScore": 1.0,
        "entityResourceName": workspace.name,
        "highlights": {},
        "usage": {"totalCount": 0},
        "entityId": f"{where}/type/{kind}/objectId/{workspace.id}:{key}",
        "kind": "Unversioned",
        "annotations": annotations,
        "properties": properties,
        "internal": {},
        "updateSequence": ticks.parse_iso(changed),
        "type": kind,
        "version": None,
        "entityContainerId": workspace.id,
        "entityObjectId": f"{workspace.id}:{key}",
        "resourceType": "Workspace",
        "relationships": [],
    }
