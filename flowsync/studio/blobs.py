"""A run's data in the workspace's blob store, where the official client puts it: by content, once."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from azure.core.pipeline import Pipeline
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse

from flowsync.errors import ShareDenied, ShareError, ShareUnavailable
from flowsync.studio.cloud import loopback
from flowsync.studio.reasons import reason
from flowsync.studio.wire import Wire
from flowsync.studio.workspace import Workspace

DATASTORE = "workspaceblobstore"
_VERSION = {"api-version": "2024-07-01-preview"}
_BLOBS = "2023-11-03"
_ROLE = "ask for the role 'Storage Blob Data Contributor' on the storage account"
LARGEST = 256 * 1024 * 1024  # bytes that one request may carry


def upload(wire: Wire, workspace: Workspace, name: str, content: bytes) -> str:
    """Puts content into the blob store and returns the URI that a run reads it by; what is there already, stays."""
    if len(content) > LARGEST:
        raise ShareError(
            f"{name} is too large to be uploaded for a run.", "register it as a data asset: az ml data create"
        )
    store = f"{wire.cloud.arm}{quote(workspace.resource)}/datastores/{DATASTORE}"
    properties = wire.ask("GET", store, "the workspace's blob store", query=_VERSION).get("properties", {})
    path = f"LocalUpload/{hashlib.sha256(content).hexdigest()}/{name}"
    url, headers = _target(wire, store, properties, path)
    _put(url, headers, content)
    subscription, group, workspace_name = (workspace.resource.split("/")[at] for at in (2, 4, 8))
    start = f"azureml://subscriptions/{subscription}/resourcegroups/{group}/workspaces/{workspace_name}"
    return f"{start}/datastores/{DATASTORE}/paths/{path}"


def _target(wire: Wire, store: str, properties: Mapping[str, Any], path: str) -> tuple[str, dict[str, str]]:
    """Returns where to put a blob, and the headers that allow it."""
    endpoint, account = _endpoint(wire, properties)
    url = f"{endpoint}/{properties['containerName']}/{quote(path)}"
    headers = {"x-ms-version": _BLOBS, "x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream"}
    if (properties.get("credentials") or {}).get("credentialsType") in (None, "None"):
        return url, {**headers, "Authorization": f"Bearer {wire.token_for('https://storage.azure.com/.default')}"}
    said = wire.ask(
        "POST", f"{store}/listSecrets", "the blob store's key", query=_VERSION, body={"expirableSecret": True}
    )
    sas = str(said.get("sasToken") or "") or _sas(account, str(said.get("key") or ""))
    return f"{url}?{sas.lstrip('?')}", headers


def _sas(account: str, key: str) -> str:
    """Returns a signature that lets blobs be written for an hour; the key itself signs nothing else."""
    from azure.storage.fileshare import AccountSasPermissions, Services, generate_account_sas

    return str(
        generate_account_sas(
            account,
            key,
            "o",  # objects
            AccountSasPermissions(write=True, create=True, read=True),
            datetime.now(UTC) + timedelta(hours=1),
            services=Services(blob=True),
        )
    )


def _endpoint(wire: Wire, properties: Mapping[str, Any]) -> tuple[str, str]:
    """Returns the account's URL and name; an emulator names itself and the account in one (see ``storage``)."""
    account = str(properties.get("accountName") or "")
    host, slash, name = account.partition("/")
    suffix = str(properties.get("endpoint") or wire.cloud.suffix)
    if slash:
        if not (loopback(wire.cloud.arm) and loopback(f"https://{host}")):
            raise ShareError("The workspace's datastore names no storage account.", "look at its datastores in Studio")
        return f"https://{host}/{name}.blob.{suffix}", name
    return f"https://{account}.blob.{suffix}", account


def _put(url: str, headers: Mapping[str, str], content: bytes) -> None:
    """Uploads content unless it is there; the name says what it is."""
    asking = {name: value for name, value in headers.items() if name in ("x-ms-version", "Authorization")}
    with Pipeline[HttpRequest, HttpResponse](RequestsTransport()) as pipeline:
        if _answer(pipeline, HttpRequest("HEAD", url, headers=asking)).status_code == 200:
            return
        response = _answer(pipeline, HttpRequest("PUT", url, headers=dict(headers), content=content))
    if response.status_code < 300:
        return
    code = response.headers.get("x-ms-error-code", "") or str(response.status_code)
    if response.status_code in (401, 403):
        raise ShareDenied(f"The blob store does not take the run's data ({code}).", _ROLE)
    raise ShareError(f"The blob store refuses the run's data ({code}).", "try again")


def _answer(pipeline: Pipeline[HttpRequest, HttpResponse], request: HttpRequest) -> HttpResponse:
    try:
        return pipeline.run(request).http_response
    except Exception as error:  # its text may hold the signature
        raise ShareUnavailable(f"The blob store does not answer ({reason(error)}).", "try again") from None
