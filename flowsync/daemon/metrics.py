"""The daemon's numbers as Prometheus reads them. Pure."""

from collections.abc import Mapping
from typing import Any

_HELP = {
    "flowsync_up": ("gauge", "1 while the daemon runs."),
    "flowsync_health": ("gauge", "1 for the state that the daemon is in."),
    "flowsync_flows": ("gauge", "Flows by state."),
    "flowsync_last_cycle_timestamp_seconds": ("gauge", "When the last complete pass ended."),
    "flowsync_requests_total": ("counter", "Requests made to the share."),
    "flowsync_requests_budget_per_hour": ("gauge", "Requests that the daemon may make in an hour."),
    "flowsync_events_total": ("counter", "What was done, by kind."),
}


def prometheus(state: Mapping[str, Any], flows: Mapping[str, Any] | None) -> str:
    """Returns the exposition text (version 0.0.4)."""
    states: dict[str, int] = {}
    for row in (flows or {}).get("flows", ()):
        states[row["state"]] = states.get(row["state"], 0) + 1
    requests = state.get("requests") or {}
    samples: dict[str, list[tuple[str, float]]] = {
        "flowsync_up": [("", 1)],
        "flowsync_health": [(_label("state", state["health"]), 1)],
        "flowsync_flows": [(_label("state", name), count) for name, count in sorted(states.items())],
        "flowsync_last_cycle_timestamp_seconds": [("", state["last_cycle"])] if state.get("last_cycle") else [],
        "flowsync_requests_total": [("", requests.get("made", 0))],
        "flowsync_requests_budget_per_hour": (
            [("", requests["budget_per_hour"])] if requests.get("budget_per_hour") else []
        ),
        "flowsync_events_total": [
            (_label("kind", name), amount) for name, amount in sorted(state.get("counters", {}).items())
        ],
    }
    lines = []
    for name, values in samples.items():
        kind, text = _HELP[name]
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{label} {value:.15g}" for label, value in values]
    return "\n".join(lines) + "\n"


def _label(name: str, value: str) -> str:
    safe = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{{name}="{safe}"}}'
