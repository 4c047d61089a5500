"""Discovery, first half: subscriptions, workspaces, and what one workspace is."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flowsync.errors import ShareDenied, ShareError
from flowsync.studio.cloud import refuse_plain
from flowsync.studio.wire import Wire

_PROVIDER = "providers/Microsoft.MachineLearningServices/workspaces"
_VERSION = {"api-version": "2024-10-01-preview"}
_SUBSCRIPTIONS = {"api-version": "2022-12-01"}
_PAGES = 100  # an endless row of pages is an error of the service


@dataclass(frozen=True, slots=True)
class Place:
    """Which workspace is meant."""

    subscription: str
    group: str
    workspace: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription that whoever is signed in can see."""

    id: str
    name: str
    tenant: str


@dataclass(frozen=True, slots=True)
class Named:
    """A workspace by name, as a list shows it."""

    subscription: str
    group: str
    name: str
    location: str


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workspace: its id, where it is, and the base URL of its services (with a final slash)."""

    resource: str  # /subscriptions/…/workspaces/NAME
    id: str
    location: str
    service: str

    def flow_service(self, path: str) -> str:
        """Returns a URL of the flow service."""
        return f"{self.service}flow/api{quote(self.resource)}{path}"

    def other_service(self, name: str, path: str) -> str:
        """Returns a URL of another service: ``index/v1.0``, ``history/v1.0``, ``metric/v2.0``."""
        return f"{self.service}{name}{quote(self.resource)}{path}"


def resource(place: Place) -> str:
    """Returns the resource id of the workspace that a URL names."""
    return f"/subscriptions/{place.subscription}/resourceGroups/{place.group}/{_PROVIDER}/{place.workspace}"


def find(wire: Wire, place: Place) -> Workspace:
    """Asks what a workspace is."""
    what = f"the workspace {place.workspace}"
    said = wire.ask("GET", wire.cloud.arm + quote(resource(place)), what, query=_VERSION)
    properties = said.get("properties", {})
    discovery = str(properties.get("discoveryUrl") or "")
    if not properties.get("workspaceId") or not discovery:
        raise ShareError(f"Azure says too little of {what}: it may be half made.", "look at it in the portal")
    service = discovery.split("discovery", 1)[0]
    refuse_plain(service, "the workspace's discovery URL")
    return Workspace(resource(place), str(properties["workspaceId"]), str(said.get("location", "")), service)


def subscriptions(wire: Wire) -> list[Subscription]:
    """Returns the subscriptions that can be seen."""
    rows = pages(wire, f"{wire.cloud.arm}/subscriptions", "the subscriptions", _SUBSCRIPTIONS)
    found = [
        Subscription(str(row["subscriptionId"]), str(row.get("displayName", "")), str(row.get("tenantId", "")))
        for row in rows
        if row.get("state", "Enabled") == "Enabled"
    ]
    return sorted(found, key=lambda one: one.name.casefold())


def workspaces(wire: Wire, subscription: str) -> list[Named]:
    """Returns the workspaces of a subscription, in all resource groups that can be seen."""
    top = f"{wire.cloud.arm}/subscriptions/{quote(subscription)}"
    try:
        found = _named(wire, subscription, f"{top}/{_PROVIDER}")
    except ShareDenied as error:  # a role on a group alone does not reach the whole subscription
        if error.code != "AuthorizationFailed":
            raise
        found = []
        for group in pages(wire, f"{top}/resourcegroups", "the resource groups", _SUBSCRIPTIONS):
            with suppress(ShareDenied):
                url = f"{top}/resourceGroups/{quote(str(group.get('name', '')))}/{_PROVIDER}"
                found += _named(wire, subscription, url)
    return sorted(found, key=lambda one: (one.group.casefold(), one.name.casefold()))


def _named(wire: Wire, subscription: str, url: str) -> list[Named]:
    found = []
    for row in pages(wire, url, "the workspaces", _VERSION):
        parts = str(row.get("id", "")).split("/")
        if len(parts) > 8 and str(row.get("kind", "")).lower() != "hub":
            found.append(Named(subscription, parts[4], str(row.get("name") or parts[8]), str(row.get("location", ""))))
    return found


def pages(wire: Wire, url: str, what: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yields the rows of a list, page by page; a next page on another host is refused, for the token's sake."""
    at, asked = url, query
    for _ in range(_PAGES):
        said = wire.ask("GET", at, what, query=asked)
        yield from said.get("value", [])
        after = str(said.get("nextLink") or "")
        if not after:
            return
        if not after.startswith(f"{wire.cloud.arm}/"):
            raise ShareError(f"Azure's list of {what} goes on at another host.", "report this")
        at, asked = after, {}
    raise ShareError(f"Azure's list of {what} does not end.", "report this")
