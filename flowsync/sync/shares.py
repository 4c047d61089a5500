"""Opening a remote's share, also one that only its workspace can name.

What belongs here: from a remote's URL to a share that is open, with the credential that the workspace hands out. A
workspace's own credentials count for an ``azureml://`` remote: ``AZURE_STORAGE_KEY`` and its like are for the others.
"""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from flowsync.config import RemoteConfig
from flowsync.errors import UsageError
from flowsync.repo.plumbing import Git, text
from flowsync.share import open_share as open_direct
from flowsync.share.base import Share
from flowsync.share.location import AzureLocation, WorkspaceLocation, parse
from flowsync.sync.registered import learn_again
from flowsync.sync.remembered import Remembered

_SETTINGS = {
    "cloud": "FLOWSYNC_CLOUD",
    "armendpoint": "FLOWSYNC_ARM_ENDPOINT",
    "storageauth": "FLOWSYNC_STORAGE_AUTH",
}

if TYPE_CHECKING:  # azure is imported where a workspace is asked
    from flowsync.share.azure_credential import Access
    from flowsync.share.azure_retry import Patience
    from flowsync.studio.session import Session
    from flowsync.studio.storage import Storage


def open_share(
    remote: RemoteConfig,
    environ: Mapping[str, str],
    state: FilePath | None = None,
    *,
    concurrency: int = 16,
    patience: "Patience | None" = None,
) -> Share:
    """Opens a remote's share; ``state`` (``.git/flowsync``) is where what a workspace is may be remembered."""
    location = parse(remote.share)
    if isinstance(location, WorkspaceLocation):
        memory = Remembered(state, remote.name) if state else None
        with session(location, configured(environ, state), memory) as opened:
            share = share_of(opened, location, remote.write.value, concurrency, patience)
            if memory:
                learn_again(opened, location, memory, datetime.now(UTC))
            return share
    if patience is not None and isinstance(location, AzureLocation):
        from flowsync.share.azure import open_azure

        return open_azure(location, environ, concurrency=concurrency, write=remote.write.value, patience=patience)
    return open_direct(remote.share, environ, concurrency=concurrency, write=remote.write.value)


def configured(environ: Mapping[str, str], state: FilePath | None) -> Mapping[str, str]:
    """Returns the environment, and below it what ``git config flowsync.…`` says of where and how Azure is asked.

    A daemon that starts at login has no environment to speak of. What is committed has no say: tokens go there.
    """
    if state is None:
        return environ
    said = Git(state.parent).run("config", "--get-regexp", rf"^flowsync\.({'|'.join(_SETTINGS)})$")
    pairs = (line.partition(" ") for line in text(said.stdout).splitlines())
    found = {_SETTINGS[key.removeprefix("flowsync.")]: value for key, _, value in pairs}
    return {**found, **environ}


def session(location: WorkspaceLocation, environ: Mapping[str, str], memory: Remembered | None = None) -> "Session":
    """Opens a session with the workspace that a URL names; nothing is asked of it yet."""
    from flowsync.studio.session import Session
    from flowsync.studio.workspace import Place

    place = Place(location.subscription, location.group, location.workspace)
    return Session(place, environ, memory)


def share_of(
    session: "Session",
    location: WorkspaceLocation,
    write: Any = "inline",
    concurrency: int = 16,
    patience: "Patience | None" = None,
) -> Share:
    """Opens the share of a workspace, at the folder that the URL names, with what opens it just now."""
    from flowsync.share.azure import open_azure

    access, storage = access_of(session, location)
    at = AzureLocation(storage.endpoint, storage.account, storage.share, location.folder)
    return open_azure(at, {}, concurrency=concurrency, write=write, patience=patience, access=access)


def workspace_of(remote: RemoteConfig) -> WorkspaceLocation:
    """Returns the workspace that a remote names; UsageError if it names a share alone, whose registry is unknown."""
    location = parse(remote.share)
    if not isinstance(location, WorkspaceLocation):
        raise UsageError(
            f"{remote.name} names a share, not the workspace that it belongs to: its registry of flows is not known.",
            "flowsync init --remote workspace --share azureml://SUBSCRIPTION/GROUP/WORKSPACE",
        )
    return location


def access_of(session: "Session", location: WorkspaceLocation) -> "tuple[Access, Storage]":
    """Returns what opens a workspace's share just now; if it is refused later, everything is asked anew."""
    from flowsync.share import azure_credential
    from flowsync.studio.storage import Kind

    opened = session.share()
    storage = opened.storage
    if storage.kind is Kind.KEY:
        access = azure_credential.with_key(
            storage.endpoint, storage.account, opened.secret, "the workspace's datastore"
        )
    elif storage.kind is Kind.SAS:
        access = azure_credential.with_sas(storage.endpoint, opened.secret)
    else:
        access = azure_credential.signed_in(storage.endpoint, session.authority)

    def renew() -> "Access":
        with session.again() as anew:
            return access_of(anew, location)[0]

    return dataclasses.replace(access, renew=renew, hints=_hints(storage)), storage


def _hints(storage: "Storage") -> Mapping[str, str]:
    """Returns what helps against a refusal of a share whose credential the workspace handed out."""
    account = f"the storage account {storage.account}"
    role = f"ask for the role 'Storage File Data Privileged Contributor' on {account}"
    anew = "the workspace's datastore holds an old key or SAS: ask its owner to update it in Studio, or flowsync doctor"
    return {
        "AuthenticationFailed": anew,
        "KeyBasedAuthenticationNotPermitted": f"export FLOWSYNC_STORAGE_AUTH=identity, and {role}",
        "AuthorizationFailure": f"the firewall of {account} keeps this network out: use its VPN, or have it added",
        "AuthorizationPermissionMismatch": role,
        "NoAuthenticationInformation": "az login",
        "InvalidAuthenticationInfo": "az login",
    }
