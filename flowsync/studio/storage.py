"""Discovery, second half: the workspace's file share, and what opens it.

Every workspace has a datastore ``workspaceworkingdirectory``, the share that Studio, notebooks and compute instances
work on. Its credential is asked for anew each time, and kept in memory only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from flowsync.errors import ShareDenied, ShareError, UsageError
from flowsync.studio.cloud import loopback
from flowsync.studio.wire import Wire
from flowsync.studio.workspace import Workspace

DATASTORE = "workspaceworkingdirectory"
_VERSION = {"api-version": "2024-07-01-preview"}
_ENVIRONMENT = "FLOWSYNC_STORAGE_AUTH"


class Kind(StrEnum):
    """How the share is opened."""

    KEY = "key"
    SAS = "sas"
    IDENTITY = "identity"  # of whoever is signed in, with backup intent


@dataclass(frozen=True, slots=True)
class Storage:
    """A workspace's file share. ``endpoint`` is the account's URL without a final slash."""

    endpoint: str
    account: str
    share: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Opened:
    """A share and what opens it. The secret is never printed and never written to a file."""

    storage: Storage
    secret: str = field(default="", repr=False)


def describe(wire: Wire, workspace: Workspace) -> Storage:
    """Asks which share the workspace keeps its users' files on."""
    said = wire.ask("GET", _url(wire, workspace), "the workspace's file share", query=_VERSION)
    properties = said.get("properties", {})
    account, share = str(properties.get("accountName") or ""), str(properties.get("fileShareName") or "")
    if properties.get("datastoreType") != "AzureFile" or not account or not share:
        raise ShareError(
            f"The workspace's datastore {DATASTORE} is no Azure file share.", "look at its datastores in Studio"
        )
    kinds = {"AccountKey": Kind.KEY, "Sas": Kind.SAS}
    kind = kinds.get(str((properties.get("credentials") or {}).get("credentialsType")), Kind.IDENTITY)
    endpoint, account = _endpoint(wire, account, properties)
    return Storage(endpoint, account, share, kind)


def opened(wire: Wire, workspace: Workspace, storage: Storage, environ: Mapping[str, str]) -> Opened:
    """Asks for what opens the share. ``FLOWSYNC_STORAGE_AUTH=identity`` uses the sign-in whatever the datastore says.

    A datastore that keeps a key hands it out; one that hands out a SAS instead, or in which both fail, is taken as it
    answers.
    """
    wanted = environ.get(_ENVIRONMENT, "").strip().lower()
    if wanted and wanted not in ("identity", "auto"):
        raise UsageError(f"{_ENVIRONMENT} is {wanted!r}, and must be identity or auto.", f"unset {_ENVIRONMENT}")
    if wanted == "identity" or storage.kind is Kind.IDENTITY:
        return Opened(Storage(storage.endpoint, storage.account, storage.share, Kind.IDENTITY))
    what = "the file share's key"
    try:
        said = wire.ask(
            "POST", f"{_url(wire, workspace)}/listSecrets", what, query=_VERSION, body={"expirableSecret": True}
        )
    except ShareDenied as error:
        error.hint = f"{error.hint}; or, with a role on the storage account: export {_ENVIRONMENT}=identity"
        raise
    if key := said.get("key"):
        return Opened(Storage(storage.endpoint, storage.account, storage.share, Kind.KEY), str(key))
    if sas := said.get("sasToken"):
        return Opened(Storage(storage.endpoint, storage.account, storage.share, Kind.SAS), str(sas))
    return Opened(Storage(storage.endpoint, storage.account, storage.share, Kind.IDENTITY))


def _url(wire: Wire, workspace: Workspace) -> str:
    return f"{wire.cloud.arm}{quote(workspace.resource)}/datastores/{DATASTORE}"


def _endpoint(wire: Wire, account: str, properties: Mapping[str, Any]) -> tuple[str, str]:
    """Returns the account's URL, and its name.

    An emulator has no host per account: it names itself and the account in one (``127.0.0.1:PORT/ACCOUNT``), as the
    official client needs it. That is only believed of an emulator that was asked on this machine.
    """
    host, slash, name = account.partition("/")
    if slash:
        scheme = wire.cloud.arm.partition("://")[0]
        if not (loopback(wire.cloud.arm) and loopback(f"{scheme}://{host}")):
            raise ShareError("The workspace's datastore names no storage account.", "look at its datastores in Studio")
        return f"{scheme}://{host}/{name}", name
    suffix = str(properties.get("endpoint") or wire.cloud.suffix)
    return f"https://{account}.file.{suffix}", account
