"""Status and results as programs read them (``--json``, the daemon's socket), and results read back."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flowsync.core.plan import Hold
from flowsync.core.tree import FlowName, Path
from flowsync.sync.result import Did, Result

if TYPE_CHECKING:  # importing it costs git, which a command that asks the daemon does without
    from flowsync.sync.status import FlowStatus, Side, Status

VERSION = 1


def status_json(found: "Status") -> dict[str, Any]:
    """Returns the answer of ``flowsync status``."""
    return {
        "version": VERSION,
        "remote": found.remote,
        "branch": found.branch,
        "share": found.share,
        "observed_at": found.observed_at.isoformat() if found.observed_at else None,
        "busy": hold_json(found.busy),
        "read_only": found.read_only or None,
        "flows": [flow_json(row) for row in found.flows],
    }


def flow_json(row: "FlowStatus") -> dict[str, Any]:
    """Returns one flow's row."""
    return {
        "name": row.flow,
        "state": row.state.value,
        "local": {**_side(row.local), "dirty": list(row.dirty)},
        "studio": {**_side(row.studio), "ref": row.ref, "last_write": row.last_write or None},
        "hold": hold_json(row.hold),
        "findings": {"error": row.errors, "warning": row.warnings},
        "draft": _draft(row),
    }


def _draft(row: "FlowStatus") -> dict[str, Any] | None:
    """Returns what the registry says of a flow; None where that is not known, or does not apply."""
    found = row.draft
    if found is None:
        return None
    if found.id is None:
        return {"registered": False, "hint": f"flowsync draft create {row.flow}"}
    return {"registered": True, "id": found.id, "name": found.name, "archived": found.archived, "url": found.page}


def _side(side: "Side") -> dict[str, Any]:
    return {
        "state": side.state,
        "commit": side.commit,
        "changed": list(side.changed),
        "ahead": side.commits,
        "who": side.who,
        "when": side.when,
    }


def hold_json(hold: Hold | None) -> dict[str, str] | None:
    """Returns a hold as programs read it."""
    return {"reason": hold.reason, "hint": hold.hint} if hold else None


def results_json(results: Iterable[Result], dry_run: bool) -> dict[str, Any]:
    """Returns what a command with results prints."""
    return {"version": VERSION, "dry_run": dry_run, "results": [result_json(result) for result in results]}


def result_json(result: Result) -> dict[str, Any]:
    """Returns what became of one flow."""
    return {
        "flow": result.flow,
        "did": result.did.value,
        "paths": list(result.paths),
        "commit": result.commit or None,
        "before": result.before or None,
        "hold": hold_json(result.hold),
    }


def result_from(said: Mapping[str, Any]) -> Result:
    """Returns the result that ``result_json`` wrote."""
    hold = Hold(said["hold"]["reason"], said["hold"]["hint"]) if said["hold"] else None
    paths = tuple(Path(path) for path in said["paths"])
    return Result(FlowName(said["flow"]), Did(said["did"]), paths, said["commit"] or "", hold, said.get("before") or "")
