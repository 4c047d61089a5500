"""The index service: one query over what the workspace's services hold, which is how clients list flows and runs.

What belongs here: filters, order and pages. What an entity looks like is said where its records are.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.wire import Call, Reply
from flowsync.emulator.workspace import entities
from flowsync.emulator.workspace.access import of
from flowsync.emulator.workspace.body import given, reply
from flowsync.emulator.workspace.state import TENANT, Record, Workspace

MAX_PAGE = 100


def query(service: Service, call: Call) -> Reply:
    """Answers one query of the index."""
    workspace, wanted = of(service, call), given(call)
    filters = [_filter(one) for one in wanted.get("filters") or []]
    everything = [*entities.flows(service, workspace), *entities.runs(service, workspace)]
    service.workspaces.queried()
    found = [one for one in everything if all(matches(one) for matches in filters)]
    text = str(wanted.get("freeTextSearch") or "").lower()
    found = [one for one in found if text in entities.name(one).lower()]
    for order in reversed(wanted.get("order") or []):
        field, descending = str(order.get("field")), str(order.get("direction", "Asc")).lower() == "desc"
        found.sort(key=lambda one: str(_value(one, field) or ""), reverse=descending)
    size, skip = _number(wanted, "pageSize", 30), _number(wanted, "skip", 0)
    if not 0 < size <= MAX_PAGE:
        raise Refused("BadArgument", f"pageSize must be from 1 to {MAX_PAGE}.")
    page = found[skip : skip + size]
    following = skip + len(page)
    return reply(
        {
            **({"totalCount": len(found)} if wanted.get("includeTotalResultCount") else {}),
            "value": page,
            "nextSkip": following if following < len(found) else None,
            "entityContainerIdsToEntityContainerMetadata": {workspace.id: _container(workspace)},
            "resourcesNotQueriedReasons": {},
            "numberOfEntityContainersNotQueried": 0,
            "shardErrors": {},
            "canSupportSkip": True,
        }
    )


def _number(wanted: Mapping[str, Any], name: str, default: int) -> int:
    value = wanted.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Refused("BadArgument", f"{name} must be a number.")
    return value


def _filter(one: Mapping[str, Any]) -> Callable[[Record], bool]:
    """Makes a predicate of a filter; one that this emulator does not know is refused, never ignored."""
    field, operator = str(one.get("field")), str(one.get("operator"))
    values = [str(value).lower() for value in one.get("values") or []]
    match operator:
        case "eq":
            return lambda entity: _text(entity, field) in values
        case "ne":
            return lambda entity: _text(entity, field) not in values
        case "contains":
            return lambda entity: any(value in _text(entity, field) for value in values)
        case "exists":
            return lambda entity: _value(entity, field) is not None
    raise Refused("BadArgument", f"This emulator knows no filter operator {operator}.")


def _text(entity: Record, field: str) -> str:
    value = _value(entity, field)
    return "" if value is None else str(value).lower()


def _value(entity: Record, field: str) -> Any:
    value: Any = entity
    for key in field.split("/"):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _container(workspace: Workspace) -> Record:
    return {
        "resourceId": workspace.id,
        "subscriptionId": workspace.subscription,
        "resourceGroup": workspace.group,
        "resourceName": workspace.name,
        "entityContainerType": "Workspace",
        "regions": [{"regionName": workspace.location, "isPrimaryRegion": True}],
        "tenantId": TENANT,
        "immutableResourceId": workspace.id,
        "isPublicResource": False,
    }
