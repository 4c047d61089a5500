"""Where a run finds its flow and its data: the workspace's file share, its blob container, its registered flows."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.workspace.flows import KIND as FLOW
from flowsync.emulator.workspace.state import Workspace

_DATASTORE = re.compile(r"azureml://(?:.*/)?datastores/(?P<store>[^/]+)/paths/(?P<path>.+)")


def definition(service: Service, workspace: Workspace, wanted: Mapping[str, Any]) -> tuple[str, str]:
    """Returns the path and the text of the definition that a submission names; raises Refused."""
    if path := wanted.get("flowDefinitionBlobPath"):
        return str(path), _text(_blob(service, workspace, str(path)), str(path))
    if resource := wanted.get("flowDefinitionResourceId"):
        record = service.workspaces.record(workspace, FLOW, str(resource).rpartition("/")[2])
        if record is None:
            raise Refused("FlowNotFound", f"Flow with id {str(resource).rpartition('/')[2]} not found")
        path = record["flowDefinitionFilePath"]
        return str(path), _text(_file(service, workspace, path), path)
    if path := wanted.get("flowDefinitionFilePath"):
        return str(path), _text(_file(service, workspace, str(path)), str(path))
    if uri := wanted.get("flowDefinitionDataUri"):
        return str(uri), _text(read(service, workspace, str(uri)), str(uri))
    raise Refused("BadArgument", "A run needs a flow definition.")


def lines(service: Service, workspace: Workspace, uri: str) -> list[dict[str, Any]]:
    """Reads the rows of JSON lines (or of one JSON list) that a data URI names; raises Refused."""
    text = _text(read(service, workspace, uri), uri)
    try:
        if text.lstrip().startswith("["):
            rows = json.loads(text)
        else:
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise Refused("BadArgument", f"The data at {uri} is not JSON lines.") from error
    return [row if isinstance(row, dict) else {"value": row} for row in rows]


def read(service: Service, workspace: Workspace, uri: str) -> bytes:
    """Reads what a URI of a datastore names; a folder is the one JSON lines file in it. Raises Refused."""
    match = _DATASTORE.fullmatch(uri)
    if match is None:
        raise Refused("BadArgument", f"This emulator reads data from its own datastores only, not from {uri}.")
    store, path = match["store"], match["path"]
    if store == "workspaceblobstore":
        if path.endswith("/"):
            below = service.blobs.names(workspace.account, workspace.container, path)
            path = next((name for name in below if name.endswith(".jsonl")), path)
        content = _blob(service, workspace, path)
    elif store == "workspaceworkingdirectory":
        content = _file(service, workspace, path)
    else:
        raise Refused("ResourceNotFound", f"DataStore '{store}' was not found.")
    if content is None:
        raise Refused("DataNotFound", f"There is nothing at {uri}.")
    return content


def _blob(service: Service, workspace: Workspace, path: str) -> bytes | None:
    if service.blobs.find(workspace.account, workspace.container, path) is None:
        return None
    return service.blobs.read(workspace.account, workspace.container, path)


def _file(service: Service, workspace: Workspace, path: str) -> bytes | None:
    """Reads a file of the share as it is on disk, as the service would on its mount."""
    try:
        place = service.store.share(workspace.account, workspace.share).tree.locate(tuple(path.split("/")))
    except Refused:
        return None
    if place.node is None or place.node.folder:
        return None
    return Path(place.path).read_bytes()


def _text(content: bytes | None, path: str) -> str:
    if content is None:
        raise Refused("FlowDefinitionNotFound", f"There is no file {path} in the storage of the workspace.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("BadArgument", f"The file {path} is not UTF-8 text.") from error
