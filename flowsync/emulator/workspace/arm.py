"""Azure Resource Manager, as far as finding a workspace and its file share goes: lists, the workspace, datastores.

What belongs here: the JSON that Resource Manager answers, and the secrets that open a datastore.
"""

import base64
from collections.abc import Callable
from typing import Any

from flowsync.emulator import ticks
from flowsync.emulator.refusal import Refused
from flowsync.emulator.sas import make_account_sas
from flowsync.emulator.service import Service
from flowsync.emulator.wire import Call, Reply
from flowsync.emulator.workspace.access import of
from flowsync.emulator.workspace.body import reply
from flowsync.emulator.workspace.state import TENANT, Record, Workspace

_SECRET_LIFE = 8 * 3600 * ticks.PER_SECOND
_TYPE = "Microsoft.MachineLearningServices/workspaces"


def list_subscriptions(service: Service, call: Call) -> Reply:
    """Lists the subscriptions that have a workspace here."""
    return _page(service, call, [_subscription(name) for name in _distinct(service, lambda one: one.subscription)])


def get_subscription(service: Service, call: Call) -> Reply:
    """Shows a subscription."""
    wanted = call.names["subscription"]
    for name in _distinct(service, lambda one: one.subscription):
        if name.lower() == wanted.lower():
            return reply(_subscription(name))
    raise Refused("SubscriptionNotFound", f"The subscription '{wanted}' could not be found.")


def list_groups(service: Service, call: Call) -> Reply:
    """Lists the resource groups of a subscription that have a workspace here."""
    subscription = call.names["subscription"]
    groups = _distinct(service, lambda one: one.group, lambda one: one.subscription.lower() == subscription.lower())
    start = f"/subscriptions/{subscription}/resourceGroups"
    return _page(
        service,
        call,
        [
            {
                "id": f"{start}/{group}",
                "name": group,
                "type": "Microsoft.Resources/resourceGroups",
                "location": "eastus",
                "properties": {"provisioningState": "Succeeded"},
            }
            for group in groups
        ],
    )


def list_workspaces(service: Service, call: Call) -> Reply:
    """Lists the workspaces of a subscription or of one resource group."""
    subscription, group = call.names["subscription"].lower(), call.names.get("group", "").lower()
    found = [
        one
        for one in service.workspaces
        if one.subscription.lower() == subscription and group in ("", one.group.lower())
    ]
    return _page(service, call, [_workspace(one, call) for one in found])


def get_workspace(service: Service, call: Call) -> Reply:
    """Shows a workspace: where its services are, its GUID and region."""
    return reply(_workspace(of(service, call), call))


def list_datastores(service: Service, call: Call) -> Reply:
    """Lists the datastores, all or the default one only."""
    stores = _datastores(of(service, call), call)
    wanted = call.query.get("isdefault", "").lower()
    return _page(service, call, [one for one in stores if wanted in ("", str(one["properties"]["isDefault"]).lower())])


def get_datastore(service: Service, call: Call) -> Reply:
    """Shows a datastore: its account, its share or container, and which kind of secret it has."""
    return reply(_datastore(service, call))


def list_secrets(service: Service, call: Call) -> Reply:
    """Gives the secret of a datastore."""
    workspace, properties = of(service, call), _datastore(service, call)["properties"]
    match properties["credentials"]["credentialsType"]:
        case "AccountKey":
            key = base64.b64encode(service.accounts[workspace.account]).decode()
            return reply({"secretsType": "AccountKey", "key": key})
        case "Sas":
            letter = "f" if properties["datastoreType"] == "AzureFile" else "b"
            key_bytes, expiry = service.accounts[workspace.account], service.clock.now() + _SECRET_LIFE
            return reply(
                {"secretsType": "Sas", "sasToken": make_account_sas(workspace.account, key_bytes, letter, expiry)}
            )
    raise Refused("BadArgument", "The datastore has no credentials: it is used with the caller's own identity.")


def _datastore(service: Service, call: Call) -> Record:
    name = call.names["datastore"]
    for one in _datastores(of(service, call), call):
        if one["name"] == name:
            return one
    raise Refused("ResourceNotFound", f"DataStore '{name}' was not found.")


def _datastores(workspace: Workspace, call: Call) -> list[Record]:
    files: Record = {
        "datastoreType": "AzureFile",
        "fileShareName": workspace.share,
        "credentials": {"credentialsType": workspace.credentials},
        "serviceDataAccessAuthIdentity": "None",
    }
    blobs: Record = {
        "datastoreType": "AzureBlob",
        "containerName": workspace.container,
        "credentials": {"credentialsType": "None" if workspace.credentials == "None" else "Sas"},
        "serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity",
    }
    named = {"workspaceblobstore": blobs, "workspaceworkingdirectory": files}
    return [_in_arm(workspace, call, name, properties) for name, properties in named.items()]


def _in_arm(workspace: Workspace, call: Call, name: str, properties: Record) -> Record:
    common: Record = {
        "description": None,
        "tags": None,
        "properties": None,
        "isDefault": properties["datastoreType"] == "AzureBlob",
        "subscriptionId": workspace.subscription,
        "resourceGroup": workspace.group,
        # no client lets a storage host be set; one that puts this into https://{accountName}.file.{endpoint} gets here
        "accountName": f"{call.host}/{workspace.account}",
        "endpoint": "core.windows.net",
        "protocol": "https",
    }
    return {
        "id": f"{workspace.arm_id}/datastores/{name}",
        "name": name,
        "type": f"{_TYPE}/datastores",
        "properties": {**common, **properties},
    }


def _subscription(name: str) -> Record:
    return {
        "id": f"/subscriptions/{name}",
        "subscriptionId": name,
        "tenantId": TENANT,
        "displayName": f"Subscription {name[:8]}",
        "state": "Enabled",
    }


def _workspace(workspace: Workspace, call: Call) -> Record:
    return {
        "id": workspace.arm_id,
        "name": workspace.name,
        "type": _TYPE,
        "location": workspace.location,
        "tags": {},
        "etag": None,
        "kind": "Default",
        "sku": {"name": "Basic", "tier": "Basic"},
        "properties": {
            "friendlyName": workspace.name,
            "workspaceId": workspace.id,
            "discoveryUrl": f"https://{call.host}/discovery",
            "provisioningState": "Succeeded",
            "publicNetworkAccess": "Enabled",
            "storageAccount": (
                f"/subscriptions/{workspace.subscription}/resourceGroups/{workspace.group}"
                f"/providers/Microsoft.Storage/storageAccounts/{workspace.account}"
            ),
            "tenantId": TENANT,
        },
    }


def _distinct(
    service: Service, name: Callable[[Workspace], str], among: Callable[[Workspace], bool] = lambda one: True
) -> list[str]:
    """Returns names without repeats, in the order the workspaces were given."""
    return list(dict.fromkeys(name(one) for one in service.workspaces if among(one)))


def _page(service: Service, call: Call, values: list[Record]) -> Reply:
    """Makes a page of a list, with the link to the next one."""
    size = min((one.page_size for one in service.workspaces), default=len(values))
    text = call.query.get("$skiptoken", "0")
    start = int(text) if text.isdigit() else 0
    answer: dict[str, Any] = {"value": values[start : start + size]}
    if start + size < len(values):
        others = "".join(f"&{key}={value}" for key, value in call.query.items() if key != "$skiptoken")
        answer["nextLink"] = f"https://{call.host}{call.raw_path}?$skipToken={start + size}{others}"
    return reply(answer)
