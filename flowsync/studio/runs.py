"""Runs in the cloud: submit, look, lines, log, metrics, list, cancel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from flowsync.studio.claims import Person
from flowsync.studio.flows import equals
from flowsync.studio.wire import Wire
from flowsync.studio.workspace import Workspace

OVER = frozenset({"Completed", "Failed", "Canceled"})
_KINDS = tuple(f"azureml.promptflow.{kind}Run" for kind in ("Flow", "Evaluation", "PairwiseEvaluation"))
_LINES = 25  # the service gives no more at once
_SYSTEM = (".completed", ".bypassed", ".failed", ".is_completed")  # metrics that prompt flow logs of itself


@dataclass(frozen=True, slots=True)
class Run:
    """One run. Times are RFC 3339, "" where it has not come so far."""

    name: str
    display_name: str
    status: str
    created: str = ""
    started: str = ""
    ended: str = ""
    owner: str = ""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    data: str = ""
    evaluates: str = ""  # another run's name
    flow: str = ""  # what it ran: the resource of a registered flow, or a path
    hidden: bool = False
    metrics: Mapping[str, float] = field(default_factory=dict)  # as the index has them; ``Runs.metrics`` is the source

    @property
    def over(self) -> bool:
        """Tells whether nothing more will come of it."""
        return self.status in OVER

    @property
    def seconds(self) -> float:
        """How long it ran, 0 if it has not."""
        begun, ended = _moment(self.started), _moment(self.ended)
        return max(0.0, (ended - begun).total_seconds()) if begun and ended else 0.0

    @classmethod
    def from_history(cls, said: Mapping[str, Any]) -> Self:
        """Reads a run as run history gives it."""
        properties = said.get("properties") or {}
        return cls(
            str(said.get("runId") or ""),
            str(said.get("displayName") or ""),
            str(said.get("status") or ""),
            str(said.get("createdUtc") or ""),
            str(said.get("startTimeUtc") or ""),
            str(said.get("endTimeUtc") or ""),
            str((said.get("createdBy") or {}).get("userName") or ""),
            str(said.get("description") or ""),
            _texts(said.get("tags")),
            _message(said.get("error")),
            *_sources(properties),
            bool(said.get("hidden")),
        )

    @classmethod
    def from_index(cls, said: Mapping[str, Any]) -> Self:
        """Reads a run as the index gives it."""
        properties, notes = said.get("properties") or {}, said.get("annotations") or {}
        creation = properties.get("creationContext") or {}
        return cls(
            str(properties.get("runId") or ""),
            str(notes.get("displayName") or ""),
            str(notes.get("status") or ""),
            str(creation.get("createdTime") or ""),
            str(properties.get("startTime") or ""),
            str(properties.get("endTime") or ""),
            str((creation.get("createdBy") or {}).get("userName") or ""),
            str(notes.get("description") or ""),
            _texts(notes.get("tags")),
            "",
            *_sources(properties.get("userProperties") or {}),
            bool(notes.get("archived")),
            _last_values(notes.get("metrics")),
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a run: what went in and what came out, or why nothing did."""

    index: int
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    status: str
    error: str = ""


class Runs:
    """The runs of one workspace."""

    def __init__(self, wire: Wire, workspace: Workspace) -> None:
        self._wire, self._workspace = wire, workspace

    def submit(self, body: Mapping[str, Any]) -> str:
        """Submits a run and returns its name. ``Lost`` if nobody knows whether it was taken."""
        token = {"aml-user-token": self._wire.studio_token()}
        url = self._workspace.flow_service("/BulkRuns/submit")
        what = f"the run {body['runId']}"
        said = self._wire.ask("POST", url, what, body=body, writes=True, once=True, headers=token)
        return str(said or body["runId"])

    def get(self, name: str) -> Run:
        """Returns one run as it is now."""
        body = {
            "runId": name,
            "selectRunMetadata": True,
            "selectRunDefinition": True,
            "selectJobSpecification": True,
        }
        url = self._workspace.other_service("history/v1.0", "/rundata")
        said = self._wire.ask("POST", url, f"the run {name}", body=body)
        return Run.from_history(said.get("runMetadata") or {})

    def log(self, name: str) -> str:
        """Returns what the run has logged so far."""
        said = self._wire.ask("GET", self._one(name, "/logContent"), f"the log of {name}")
        return said if isinstance(said, str) else ""

    def lines(self, name: str, most: int) -> list[Line]:
        """Returns the run's lines in their order, at most so many."""
        found: list[Line] = []
        for start in range(0, most, _LINES):
            query = {"startIndex": str(start), "endIndex": str(start + _LINES - 1)}
            rows = self._wire.ask("GET", self._one(name, "/childRuns"), f"the lines of {name}", query=query) or []
            found += map(_line, rows)
            if not rows:
                break
        return sorted(found, key=lambda line: line.index)[:most]

    def metrics(self, name: str) -> dict[str, float]:
        """Returns the metrics that the flow logged, without prompt flow's own."""
        url = self._workspace.other_service("metric/v2.0", f"/runs/{quote(name, safe='')}/lastvalues")
        said = self._wire.ask("POST", url, f"the metrics of {name}", body={})
        found = {}
        for one in said.get("value") or []:
            metric = str(one.get("name") or "")
            values = one.get("value") or [{}]
            value = (values[-1].get("data") or {}).get(metric)
            if not metric.endswith(_SYSTEM) and isinstance(value, int | float):
                found[metric] = float(value)
        return found

    def list(self, person: Person, most: int, *, others: bool = False, hidden: bool = False) -> list[Run]:
        """Returns the newest runs, of one person or of all."""
        filters = [
            equals("type", ["runs"]),
            equals("annotations/archived", ["true", "false"] if hidden else ["false"]),
            {"field": "properties/runType", "operator": "contains", "values": list(_KINDS)},
        ]
        if not others:
            filters.append(equals("properties/creationContext/createdBy/userObjectId", [person.oid]))
        body = {
            "filters": filters,
            "freeTextSearch": "",
            "order": [{"direction": "Desc", "field": "properties/creationContext/createdTime"}],
            "pageSize": min(most, 100),
            "skip": 0,
            "includeTotalResultCount": True,
            "searchBuilder": "AppendPrefix",
        }
        said = self._wire.ask("POST", self._workspace.other_service("index/v1.0", "/entities"), "the runs", body=body)
        return [Run.from_index(row) for row in said.get("value") or []]

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        """Adds tags to a run; the others stay."""
        url = self._workspace.other_service("history/v1.0", f"/runs/{quote(name, safe='')}/modify")
        self._wire.ask("PATCH", url, f"the run {name}", body={"tags": dict(tags)}, writes=True)

    def cancel(self, name: str) -> None:
        """Asks a run to stop."""
        self._wire.ask("POST", self._one(name, "/cancel"), f"the run {name}", writes=True)

    def _one(self, name: str, what: str) -> str:
        return self._workspace.flow_service(f"/BulkRuns/{quote(name, safe='')}{what}")


def _line(said: Mapping[str, Any]) -> Line:
    outputs = said.get("output")
    inputs = {key: value for key, value in (said.get("inputs") or {}).items() if key != "line_number"}
    return Line(
        int(said.get("index") or 0),
        inputs,
        outputs if isinstance(outputs, dict) else {},
        str(said.get("status") or ""),
        _message(said.get("error")),
    )


def _sources(properties: Mapping[str, Any]) -> tuple[str, str, str]:
    """Returns what a run read, which run it evaluates, and what it ran."""
    known = {key.removeprefix("azureml.promptflow."): str(value) for key, value in properties.items()}
    flow = known.get("flow_definition_resource_id") or known.get("flow_definition_blob_path") or ""
    return known.get("input_data", ""), known.get("input_run_id", ""), flow


def _texts(said: object) -> dict[str, str]:
    return {str(key): str(value) for key, value in said.items()} if isinstance(said, dict) else {}


def _last_values(said: object) -> dict[str, float]:
    values = {name: one.get("lastValue") for name, one in said.items()} if isinstance(said, dict) else {}
    return {
        str(name): float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not str(name).endswith(_SYSTEM)
    }


def _message(said: object) -> str:
    if not isinstance(said, dict):
        return ""
    inner = said.get("error")
    return str((inner if isinstance(inner, dict) else said).get("message") or "")


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:19]) if text else None
    except ValueError:
        return None
