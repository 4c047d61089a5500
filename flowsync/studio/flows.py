"""The registry: flows as the flow service records them.

A record names the flow's definition on the workspace's share; the service has no versions, and no delete. The list
comes from the index, which lags behind by moments; a single record from the flow service itself, which does not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

from flowsync.errors import ShareError
from flowsync.studio.claims import Person
from flowsync.studio.wire import Wire
from flowsync.studio.workspace import Workspace

TYPES: Mapping[str, str] = {"standard": "default", "evaluation": "evaluation", "chat": "chat"}
"""What a flow's type is called in a definition -> in the service."""

_OURS = {service: ours for ours, service in TYPES.items()}
_PAGE = 100  # the index gives no more at once
_PAGES = 50


@dataclass(frozen=True, slots=True)
class Record:
    """One flow of the registry. ``path`` leads to its definition on the share: ``Users/ada/promptflow/chat/…``."""

    id: str
    name: str
    path: str
    type: str = "standard"
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""  # object id
    owner_name: str = ""
    archived: bool = False
    created: str = ""
    modified: str = ""

    @property
    def folder(self) -> str:
        """The flow's folder on the share."""
        return self.path.rpartition("/")[0]

    @classmethod
    def from_service(cls, said: Mapping[str, Any]) -> Self:
        """Reads a record as the flow service gives it."""
        return cls._of(said, said.get("owner") or {}, said.get("createdDate"), said.get("lastModifiedDate"))

    @classmethod
    def from_index(cls, said: Mapping[str, Any]) -> Self:
        """Reads a record as the index gives it."""
        properties, notes = said.get("properties") or {}, said.get("annotations") or {}
        creation = properties.get("creationContext") or {}
        owner = notes.get("owner") or creation.get("createdBy") or {}
        modified = notes.get("modifiedDate") or creation.get("createdTime")
        return cls._of({**properties, **notes}, owner, creation.get("createdTime"), modified)

    @classmethod
    def _of(cls, said: Mapping[str, Any], owner: Mapping[str, Any], created: Any, modified: Any) -> Self:
        kind = str(said.get("flowType") or "default")
        return cls(
            str(said.get("flowId") or ""),
            str(said.get("flowName") or ""),
            str(said.get("flowDefinitionFilePath") or "").lstrip("/"),
            _OURS.get(kind.lower(), kind),
            str(said.get("description") or ""),
            {str(key): str(value) for key, value in (said.get("tags") or {}).items()},
            str(owner.get("userObjectId") or ""),
            str(owner.get("userName") or ""),
            bool(said.get("isArchived") or said.get("archived")),
            str(created or ""),
            str(modified or ""),
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """What a flow is to be registered as."""

    name: str
    path: str
    type: str
    description: str
    tags: Mapping[str, str]


class Registry:
    """The flows of one workspace."""

    def __init__(self, wire: Wire, workspace: Workspace) -> None:
        self._wire, self._workspace = wire, workspace

    def create(self, draft: Draft) -> Record:
        """Registers a flow whose folder is on the share. ``Lost`` if nobody knows whether it was."""
        body = {
            "flowName": draft.name,
            "flowDefinitionFilePath": draft.path,
            "flowType": TYPES[draft.type],
            "description": draft.description,
            "tags": dict(draft.tags),
        }
        said = self._wire.ask("POST", self._url("/Flows"), f"the flow {draft.name}", body=body, writes=True, once=True)
        return Record.from_service(said)

    def get(self, flow_id: str) -> Record:
        """Returns one record."""
        said = self._wire.ask("GET", self._one(flow_id), f"the flow {flow_id}", query=self._experiment())
        return Record.from_service(said)

    def update(self, record: Record, name: str, description: str, tags: Mapping[str, str]) -> None:
        """Changes what a record says; only its owner may."""
        body = {"flowName": name, "description": description, "tags": dict(tags)}
        self._change("PUT", record, body)

    def archive(self, record: Record, archived: bool) -> None:
        """Hides a flow from Studio's list, or brings it back; its files stay."""
        body = {
            "flowPatchOperationType": "ArchiveFlow" if archived else "RestoreFlow",
            "flowDefinitionFilePath": record.path,
        }
        self._change("PATCH", record, body, "application/json-patch+json")

    def records(self, person: Person, *, others: bool = False, archived: bool | None = False) -> list[Record]:
        """Returns the flows of one person (or of all), newest first; ``archived`` None is both kinds."""
        return [record for record in self._entities(person, others, archived) if record.id and record.path]

    def _change(self, method: str, record: Record, body: object, kind: str = "application/json") -> None:
        what, query = f"the flow {record.name}", self._experiment()
        self._wire.ask(method, self._one(record.id), what, query=query, body=body, writes=True, kind=kind)

    def recent(self) -> list[Record]:
        """Returns the flows as the flow service itself lists them: it does not lag, but is less well known."""
        query = {**self._experiment(), "ownedOnly": "true", "listViewType": "All"}
        try:
            said = self._wire.ask("GET", self._url("/Flows"), "the list of flows", query=query)
        except ShareError:  # nobody has documented this call; without it there is still the index
            return []
        rows = said.get("value", []) if isinstance(said, dict) else said
        return [Record.from_service(row) for row in rows or [] if isinstance(row, dict)]

    def _entities(self, person: Person, others: bool, archived: bool | None) -> Iterator[Record]:
        url = self._workspace.other_service("index/v1.0", "/entities")
        token: str | None = None
        for page in range(_PAGES):
            body = _query(person, others, archived, page * _PAGE)
            if token:
                body = {**body, "continuationToken": token}
            said = self._wire.ask("POST", url, "the list of flows", body=body)
            rows = said.get("value") or []
            yield from map(Record.from_index, rows)
            token = said.get("continuationToken")
            if len(rows) < _PAGE:
                return

    def _url(self, path: str) -> str:
        return self._workspace.flow_service(path)

    def _one(self, flow_id: str) -> str:
        return self._url(f"/Flows/{quote(flow_id, safe='')}")

    def _experiment(self) -> dict[str, str]:
        return {"experimentId": self._workspace.id}


def _query(person: Person, others: bool, archived: bool | None, skip: int) -> dict[str, Any]:
    states = ["true", "false"] if archived is None else [str(archived).lower()]
    filters = [
        equals("type", ["flows"]),
        equals("annotations/isArchived", states),
        equals("properties/creationContext/createdBy/userTenantId", [person.tenant]),
    ]
    if not others:
        filters.append(equals("properties/creationContext/createdBy/userObjectId", [person.oid]))
    return {
        "filters": filters,
        "freeTextSearch": "",
        "order": [{"direction": "Desc", "field": "properties/creationContext/createdTime"}],
        "pageSize": _PAGE,
        "skip": skip,
        "includeTotalResultCount": True,
        "searchBuilder": "AppendPrefix",
    }


def equals(field: str, values: list[str]) -> dict[str, Any]:
    """Returns a filter of the index."""
    return {"field": field, "operator": "eq", "values": values}
