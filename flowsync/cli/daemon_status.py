"""How ``flowsync daemon status`` shows a daemon, or all of them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flowsync.cli.output import ago, columns, paint, plain, say, say_json
from flowsync.daemon.client import connect_to
from flowsync.daemon.lock import is_running
from flowsync.daemon.place import Place, find
from flowsync.daemon.registry import repositories
from flowsync.errors import DaemonError, Exit
from flowsync.sync.remembered import Remembered

_COLOURS = {"idle": "green", "working": "green", "starting": "green", "paused": "yellow", "busy": "yellow"}


def show_one(place: Place, state: dict[str, Any] | None, as_json: bool) -> int:
    """Shows one daemon's state; no daemon is exit code 5."""
    if state is None:
        if is_running(place):
            raise DaemonError("a daemon holds the lock, but does not answer", "wait a moment, or end its process")
        if as_json:
            say_json({"version": 1, "running": False})
        else:
            say("No daemon runs here. Start one: flowsync daemon start")
        return Exit.DAEMON
    if as_json:
        say_json({**state, "running": True})
        return Exit.DONE
    _print(place, state)
    return Exit.DONE


def _print(place: Place, state: dict[str, Any]) -> None:
    health = state["health"]
    detail = f": {plain(state['detail'])}" if state.get("detail") else ""
    say(f"{paint(health, _COLOURS.get(health, 'red'))}{detail}")
    if state.get("hint"):
        say(f"  {paint('try: ' + state['hint'], 'dim')}")
    say(f"repository  {plain(state['repository'])} (process {state['pid']}, started {_ago(state.get('started'))})")
    say(f"last pass   {_ago(state.get('last_cycle'))}; next look {_next(state)}")
    watching = state.get("watching", {})
    say(f"watching    {watching.get('how', '')}{' (' + plain(watching['why']) + ')' if watching.get('why') else ''}")
    modes = state.get("modes", {})
    others = [f"{plain(flow)} {mode}" for flow, mode in modes.items() if flow != "*"]
    say(f"mode        {modes.get('*', '')}{'; ' + ', '.join(others) if others else ''}")
    if since := Remembered(place.common_dir / "flowsync", str(state.get("remote") or "")).read_only():
        at = datetime.fromisoformat(since)
        say(paint(f"read-only   Studio is read-only (noticed {ago(at)}): what is committed here waits", "yellow"))
    if state.get("not_served"):
        named = ", ".join(map(plain, state["not_served"]))
        say(f"remote      {plain(state['remote'])}; left to you: {named} (flowsync sync --remote NAME)")
    _print_requests(state)
    for flow, end in state.get("paused", {}).items():
        until = "until flowsync resume" if end is None else f"until {datetime.fromtimestamp(end).strftime('%H:%M')}"
        say(f"paused      {'everything' if flow == '*' else plain(flow)}, {until}")


def _print_requests(state: dict[str, Any]) -> None:
    requests = state.get("requests", {})
    if requests.get("budget_per_hour") is None:
        return
    cost = state["cost_per_month"]
    say(
        f"requests    {requests['made']} made, {requests['last_hour']} in the last hour "
        f"of {requests['budget_per_hour']:.0f} allowed; at this pace {requests['at_this_pace_per_hour']} an hour"
    )
    say(
        f"cost        about ${cost['transaction-optimized']:.2f} a month (transaction optimized), "
        f"${cost['hot']:.2f} (hot), nothing on a provisioned share"
    )


def _ago(at: float | None) -> str:
    return ago(datetime.fromtimestamp(at, UTC)) if at else "never"


def _next(state: dict[str, Any]) -> str:
    if state.get("looks_stopped"):
        return f"when that ends: {state['looks_stopped']}"
    if state.get("next_look") is None:
        return "unknown"
    seconds = round(state["next_look"] - state["now"])
    return f"in {seconds} seconds" if seconds > 1 else "in a moment"


def show_all(as_json: bool) -> int:
    """Shows every repository of this user that has had a daemon."""
    found = [(root, _state(root)) for root in repositories()]
    if as_json:
        said = [{"repository": str(root), "running": state is not None, **(state or {})} for root, state in found]
        say_json({"version": 1, "repositories": said})
        return Exit.DONE
    if not found:
        say("No repository of yours has had a daemon yet.")
    rows = [
        (state["health"] if state else "stopped", str(root), (state or {}).get("detail", "")) for root, state in found
    ]
    for health, root, detail in columns(rows):
        say(f"{paint(health, _COLOURS.get(health.strip(), 'yellow'))}  {root}  {detail}".rstrip())
    return Exit.DONE


def _state(root: Path) -> dict[str, Any] | None:
    place = find(root)
    client = connect_to(place) if place else None
    if client is None:
        return None
    with client:
        state: dict[str, Any] = client.request("state")
        return state
