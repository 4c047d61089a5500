"""What the terminal UI knows: one ``State``, changed only by ``reduce(event)``, which tells what changed.

Events are the daemon's own (``docs/ipc.md``) and the bridge's: plain mappings with a ``kind``. Nothing here asks a
clock or a socket, and no name is made harmless here: that is ``view.format``'s.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flowsync_tui.view import under_way
from flowsync_tui.view.state import Changed, Entry, Event, Phase, State, flow

_ACTIVITY_KEPT = 500
_LOG_KEPT = 20_000


class Store:
    """Takes in events and tells what changed."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()
        self._table: dict[str, Callable[[Event], Changed]] = {
            "phase": self._phase,
            "hello": self._hello,
            "state": self._daemon,
            "status": self._status,
            "health": self._health,
            "flows": self._flows,
            "result": self._result,
            "live": self._live,
            "notice": self._notice,
            "log": self._log,
            "lines": self._lines,
            "begun": partial(under_way.begun, self.state),
            "progress": partial(under_way.progress, self.state),
            "ended": partial(under_way.ended, self.state),
            "entry": self._entry,
            "paused": self._paused,
            "modes": self._modes,
            "read_only": self._read_only,
        }

    def reduce(self, event: Event) -> Changed:
        """Takes in an event and returns the names of what changed; what this version does not know changes nothing."""
        handle = self._table.get(event["kind"])
        changed = handle(event) if handle else frozenset[str]()
        if event["kind"] in _ANY_WORD:
            self.state.words.clear()
        if "flows" in changed:
            self.state.counted = None
        return changed

    def _phase(self, event: Event) -> Changed:
        state, phase = self.state, Phase(event["phase"])
        if phase is Phase.LIVE:
            state.attempts = 0
        elif phase is Phase.LOST:
            state.attempts = state.attempts + 1 if state.phase is Phase.LOST else 0
        if phase is Phase.LOST and state.phase is not Phase.LOST:
            state.lost_at = event.get("at", 0.0)
        state.phase, state.why, state.hint = phase, event.get("why", ""), event.get("hint", "")
        if phase is not Phase.LIVE:
            state.running.clear()  # their answers come no more
        return frozenset({"link", "flows", "running"})

    def _hello(self, event: Event) -> Changed:
        self.state.hello = event["hello"]
        return frozenset({"link"})

    def _daemon(self, event: Event) -> Changed:
        before, self.state.daemon = self.state.daemon, event["state"]
        if before or not event["state"].get("recent"):
            moved = before.get("paused") != event["state"].get("paused")
            return frozenset({"daemon", "flows"} if moved else {"daemon"})
        for recent in event["state"]["recent"]:  # what happened before this session began
            self.reduce(recent)
        return frozenset({"daemon", "flows", "activity"})

    def _status(self, event: Event) -> Changed:
        status = event["status"]
        self.state.status = {name: value for name, value in status.items() if name != "flows"}
        self.state.flows = {row["name"]: flow(row) for row in status["flows"]}
        self.state.known = True
        self._settle()
        return frozenset({"flows", "link"})

    def _health(self, event: Event) -> Changed:
        told = {name: event.get(name, "") for name in ("health", "detail", "hint")}
        self.state.daemon = {**self.state.daemon, **told}
        return frozenset({"daemon"})

    def _flows(self, event: Event) -> Changed:
        for row in event.get("changed", ()):
            self.state.flows[row["name"]] = flow(row)
            self.state.words.pop(row["name"], None)
        for name in event.get("gone", ()):
            self.state.flows.pop(name, None)
        self._settle()
        return frozenset({"flows"})

    def _result(self, event: Event) -> Changed:
        for result in event["results"]:
            hold = result.get("hold") or {"reason": "", "hint": ""}
            did_by = f"flowsync {event['what']} {{flow}}" if event.get("what") in _VERBS else ""
            twin = hold["hint"] if _is_command(hold["hint"]) else did_by
            self._tell(Entry(event["at"], result["did"], result["flow"], _deed(result, hold), twin, hold["hint"]))
        return frozenset({"activity"})

    def _live(self, event: Event) -> Changed:
        text = f"saved edits committed as {event['commit'][:7]}: {_few(event['paths'])}"
        self._tell(Entry(event["at"], "done", event["flow"], text))
        return frozenset({"activity"})

    def _notice(self, event: Event) -> Changed:
        deed = "error" if event.get("about") == "error" else "note"
        self._tell(Entry(event["at"], deed, event.get("flow", ""), event["text"]))
        return frozenset({"activity"})

    def _log(self, event: Event) -> Changed:
        self.state.log.append(event)
        del self.state.log[:-_LOG_KEPT]
        return frozenset({"log"})

    def _lines(self, event: Event) -> Changed:
        seen = {line["sequence"] for line in self.state.log}
        fresh = [line for line in event["lines"] if line["sequence"] not in seen]
        self.state.log = sorted([*self.state.log, *fresh], key=lambda line: int(line["sequence"]))[-_LOG_KEPT:]
        return frozenset({"log"})

    def _entry(self, event: Event) -> Changed:
        self._tell(event["entry"])
        return frozenset({"activity"})

    def _paused(self, event: Event) -> Changed:
        self.state.daemon = {**self.state.daemon, "paused": event["paused"]}
        return frozenset({"daemon", "flows"})

    def _modes(self, event: Event) -> Changed:
        self.state.daemon = {**self.state.daemon, "modes": event["modes"]}
        return frozenset({"daemon"})

    def _read_only(self, event: Event) -> Changed:
        self.state.read_only = event["read_only"]
        return frozenset({"link"})

    def _tell(self, entry: Entry) -> None:
        self.state.activity.append(entry)
        del self.state.activity[:-_ACTIVITY_KEPT]

    def _settle(self) -> None:
        """Forgets marks on flows that are gone."""
        self.state.marked &= self.state.flows.keys()


_ANY_WORD = frozenset({"phase", "state", "status", "begun", "ended", "paused"})  # what may change every row's word
_VERBS = frozenset({"fetch", "pull", "push", "sync"})


def _is_command(hint: str) -> bool:
    """Tells whether a hint is one command line and nothing else."""
    return hint.startswith(("flowsync ", "git ")) and not any(sign in hint for sign in ",|;…")


def _deed(result: Mapping[str, Any], hold: Mapping[str, str]) -> str:
    """Returns what became of a flow, as a person reads it."""
    if hold["reason"]:
        return hold["reason"]
    said = {"landed": "Studio's edits are on the branch", "merged": "both sides' edits are joined"}
    told = {"pushed": "the branch's edits are in Studio", "fetched": "Studio was edited", **said}
    text = told.get(result["did"], str(result["did"]))
    paths, commit = _few(result["paths"]), result.get("commit") or ""
    return text + (f": {paths}" if paths else "") + (f" ({commit[:7]})" if commit else "")


def _few(paths: list[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
