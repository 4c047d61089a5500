"""The prompt flow service's records: create, show, update, archive, list. The files of a flow are the share's."""

import uuid
from typing import Any

from flowsync.emulator import ticks
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.wire import Call, Reply
from flowsync.emulator.workspace.access import caller, of
from flowsync.emulator.workspace.body import done, given, reply
from flowsync.emulator.workspace.state import Record, Workspace

KIND = "flow"
_TYPES = ("default", "evaluation", "chat", "rag")
_PATCHES = {"ArchiveFlow": True, "RestoreFlow": False}
_TEXTS = ("flowName", "description", "vmSize", "identity", "computeName")


def create(service: Service, call: Call) -> Reply:
    """Registers a flow whose definition is on the share."""
    workspace, wanted, who = of(service, call), given(call), caller(call)
    path = wanted.get("flowDefinitionFilePath")
    if not isinstance(path, str) or not path:
        raise Refused("BadArgument", "A flow needs flowDefinitionFilePath.")
    if not _is_on_share(service, workspace, path):
        raise Refused("FlowDefinitionNotFound", f"There is no file {path} on the file share of the workspace.")
    kind = str(wanted.get("flowType") or "default").lower()
    if kind not in _TYPES:
        raise Refused("BadArgument", f"There is no flow type {kind}.")
    now, flow_id = ticks.iso(service.clock.next()), str(uuid.uuid4())
    record: Record = {
        "eTag": {},
        "studioPortalEndpoint": _studio(workspace, flow_id),
        "flowId": flow_id,
        **{name: wanted.get(name) for name in _TEXTS if wanted.get(name) is not None},
        "tags": _tags(wanted) or {},
        "flowType": kind.capitalize(),
        "experimentId": workspace.id,
        "createdDate": now,
        "lastModifiedDate": now,
        "owner": {"userObjectId": who.oid, "userTenantId": who.tid, "userName": who.name},
        "flowResourceId": f"azureml://locations/{workspace.location}/workspaces/{workspace.id}/flows/{flow_id}",
        "isArchived": bool(wanted.get("isArchived")),
        "flowDefinitionFilePath": path,
        "enableMultiContainer": bool(wanted.get("enableMultiContainer")),
    }
    service.workspaces.add(workspace, KIND, flow_id, record)
    return reply(record)


def get(service: Service, call: Call) -> Reply:
    """Shows a flow's record, to anyone who may read the workspace."""
    record = _find(service, call)
    return reply({"timestamp": record["lastModifiedDate"], **record})


def update(service: Service, call: Call) -> Reply:
    """Changes name, description or tags; the owner only."""
    record, wanted = _own(service, call), given(call)
    for name in ("flowName", "description"):
        if wanted.get(name) is not None:
            record[name] = str(wanted[name])
    tags = _tags(wanted)
    if tags is not None:
        record["tags"] = tags
    return _keep(service, call, record)


def patch(service: Service, call: Call) -> Reply:
    """Archives or restores a flow; the owner only."""
    record, wanted = _own(service, call), given(call).get("flowPatchOperationType")
    if wanted not in _PATCHES:
        raise Refused("BadArgument", f"This emulator knows no patch {wanted}.")
    record["isArchived"] = _PATCHES[wanted]
    return _keep(service, call, record)


def list_(service: Service, call: Call) -> Reply:
    """Lists the workspace's flows, newest first."""
    records = reversed(service.workspaces.records(of(service, call), KIND))
    view = call.query.get("listviewtype", "ActiveOnly").lower()
    archived = {"activeonly": (False,), "archivedonly": (True,), "all": (False, True)}.get(view)
    if archived is None:
        raise Refused("BadArgument", f"There is no listViewType {view}.")
    mine = call.query.get("ownedonly", "").lower() == "true"
    kind = call.query.get("flowtype", "").lower()
    return reply(
        [
            one
            for one in records
            if one["isArchived"] in archived
            and (not mine or one["owner"]["userObjectId"] == caller(call).oid)
            and kind in ("", one["flowType"].lower())
        ]
    )


def _find(service: Service, call: Call) -> Record:
    workspace, flow_id = of(service, call), call.names["flow"]
    record = service.workspaces.record(workspace, KIND, flow_id)
    if record is None or call.query.get("experimentid", workspace.id) != workspace.id:
        raise Refused("FlowNotFound", f"Flow with id {flow_id} not found")
    return record


def _own(service: Service, call: Call) -> Record:
    record, who = _find(service, call), caller(call)
    if record["owner"]["userObjectId"] != who.oid:
        raise Refused(
            "FlowOwnershipRequired", f"User {who.name or who.oid} is not the owner of flow {record['flowId']}."
        )
    return record


def _keep(service: Service, call: Call, record: Record) -> Reply:
    record["lastModifiedDate"] = ticks.iso(service.clock.next())
    service.workspaces.keep(of(service, call), KIND, record["flowId"], record)
    return done()


def _tags(wanted: dict[str, Any]) -> dict[str, str] | None:
    tags = wanted.get("tags")
    if tags is None:
        return None
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise Refused("BadArgument", "Tags are a mapping from text to text.")
    return tags


def _studio(workspace: Workspace, flow_id: str) -> str:
    return f"https://ml.azure.com/prompts/flow/{workspace.id}/{flow_id}/details?wsid={workspace.studio_id}"


def _is_on_share(service: Service, workspace: Workspace, path: str) -> bool:
    try:
        place = service.store.share(workspace.account, workspace.share).tree.locate(tuple(path.split("/")))
    except Refused:
        return False
    return place.node is not None and not place.node.folder
