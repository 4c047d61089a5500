"""What the terminal UI knows: one ``State``, changed only by ``reduce(event)``, which tells what changed.

Events are the daemon's own (``docs/ipc.md``) and the bridge's: plain mappings with a ``kind``. Nothing here asks a
clock or a socket, and no name is made harmless here: that is ``view.format``'s.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

Event = Mapping[str, Any]
Changed = frozenset[str]  # of: link, flows, daemon, activity, running, log
_ACTIVITY_KEPT = 500
_LOG_KEPT = 20_000


class Phase(StrEnum):
    """How the daemon is reached."""

    CONNECTING = "connecting"
    LIVE = "live"
    ABSENT = "absent"  # no daemon runs
    LOST = "lost"  # one ran a moment ago
    REFUSED = "refused"  # it speaks another version, or belongs to somebody else
    UNLINKED = "unlinked"  # a repository without .flowsync.yaml
    OUTSIDE = "outside"  # no repository at all


class Flow(NamedTuple):
    """One flow's row, as ``flowsync status --json`` prints it, with what lists show every time picked out."""

    name: str
    state: str
    reason: str  # why it waits, or an empty string
    hint: str
    number: int  # commits ahead, or files in conflict
    who: str
    when: float  # seconds since 1970; 0: never
    errors: int
    warnings: int
    dirty: int
    row: Mapping[str, Any]


class Entry(NamedTuple):
    """One line of Activity: what happened, and the same on the command line."""

    at: float
    deed: str
    flow: str
    text: str
    twin: str = ""
    hint: str = ""


class Running(NamedTuple):
    """A command under way. No flows: it is about all of them."""

    name: str
    flows: tuple[str, ...]
    what: str = ""
    done: int = 0
    total: int = 0

    @property
    def share(self) -> str:
        """Returns how much is done, or an empty string if nobody knows."""
        return f"{100 * self.done // self.total}%" if self.total else ""


@dataclass
class State:
    """All there is to know. Read it anywhere; only the store writes it."""

    phase: Phase = Phase.CONNECTING
    why: str = ""
    hint: str = ""
    attempts: int = 0
    lost_at: float = 0.0
    hello: Mapping[str, Any] = field(default_factory=dict)
    daemon: Mapping[str, Any] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict)  # remote, branch, share, observed_at, busy
    flows: dict[str, Flow] = field(default_factory=dict)
    known: bool = False  # whether where the flows stand was ever heard
    running: dict[int, Running] = field(default_factory=dict)
    activity: list[Entry] = field(default_factory=list)
    log: list[Mapping[str, Any]] = field(default_factory=list)
    read_only: bool = False
    words: dict[str, str] = field(default_factory=dict)  # what ``shown`` has worked out
    counted: Counter[str] | None = None  # how many flows there are of each word, if that was worked out
    cursor: str = ""
    marked: frozenset[str] = frozenset()

    @property
    def live(self) -> bool:
        """Tells whether the daemon answers."""
        return self.phase is Phase.LIVE

    @property
    def flow(self) -> Flow | None:
        """Returns the flow that the cursor is on."""
        return self.flows.get(self.cursor)

    @property
    def targets(self) -> tuple[str, ...]:
        """Returns the flows that an action is about: the marked ones, else the one that the cursor is on."""
        marked = tuple(sorted(self.marked & self.flows.keys()))
        return marked or ((self.cursor,) if self.cursor in self.flows else ())

    @property
    def paused(self) -> Mapping[str, Any]:
        """Returns what is paused; ``*`` stands for everything."""
        return self.daemon.get("paused") or {}

    def shown(self, flow: Flow) -> str:
        """Returns the word that a flow's row shows: a transient one where there is one, else its state."""
        word = self.words.get(flow.name)
        if word is None:
            word = self.words[flow.name] = self._word(flow)
        return word

    def _word(self, flow: Flow) -> str:
        for running in self.running.values():
            if flow.name in running.flows or (not running.flows and flow.state not in ("in-sync", "conflict")):
                return "syncing"
        if self.paused and ("*" in self.paused or flow.name in self.paused) and flow.state not in _LOUD:
            return "paused"
        return flow.state

    def detail(self, flow: Flow) -> str:
        """Returns what follows the word in a flow's row."""
        shown = self.shown(flow)
        if shown == "syncing":
            # of a command about everything the top line says how far it is: not every row has to be drawn for that
            return next((one.share for one in self.running.values() if flow.name in one.flows), "")
        if shown == "held" or shown == "problem":
            return flow.reason
        if shown == "in-sync" and flow.dirty:
            return f"{flow.dirty} edited"
        return str(flow.number) if flow.number and shown == flow.state else ""


_LOUD = frozenset({"conflict", "problem", "held"})


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
            "begun": self._begun,
            "progress": self._progress,
            "ended": self._ended,
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

    def _begun(self, event: Event) -> Changed:
        self.state.running.pop(_BY_ITSELF, None)
        self.state.running[event["id"]] = Running(event["name"], tuple(event["flows"]))
        return frozenset({"running", "flows"})

    def _progress(self, event: Event) -> Changed:
        if "id" not in event:
            return self._progress_of_its_own(event)
        before = self.state.running.get(event["id"])
        if before is None:
            return frozenset()
        told = before._replace(what=event["what"], done=event["done"], total=event["total"])
        self.state.running[event["id"]] = told
        return frozenset() if told == before else frozenset({"running"})

    def _progress_of_its_own(self, event: Event) -> Changed:
        """Takes in what the daemon does by itself; while a command of ours runs, that is what is told."""
        running, before = self.state.running, self.state.running.get(_BY_ITSELF)
        over = event["over"] or any(id != _BY_ITSELF for id in running)
        if over:
            running.pop(_BY_ITSELF, None)
        else:
            told = (event["what"], event["done"], event["total"])
            running[_BY_ITSELF] = Running(event["what"], tuple(event["flows"]), *told)
        if (before is None) == over:
            return frozenset() if over else frozenset({"running"})
        self.state.words.clear()
        return frozenset({"running", "flows"})

    def _ended(self, event: Event) -> Changed:
        return frozenset({"running", "flows"}) if self.state.running.pop(event["id"], None) else frozenset()

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


_BY_ITSELF = 0  # among what runs; commands are numbered from 1
_ANY_WORD = frozenset({"phase", "state", "status", "begun", "ended", "paused"})  # what may change every row's word
_VERBS = frozenset({"fetch", "pull", "push", "sync"})


def flow(row: Mapping[str, Any]) -> Flow:
    """Returns a flow from its row of ``flowsync status --json``."""
    local, studio, hold = row["local"], row["studio"], row.get("hold") or {"reason": "", "hint": ""}
    state, findings = row["state"], row.get("findings") or {}
    here, there = moment(local.get("when")), moment(studio.get("when") or studio.get("last_write"))
    who = (studio if there > here else local).get("who") or studio.get("who") or ""
    count = {
        "local-ahead": local.get("ahead", 0),
        "studio-ahead": studio.get("ahead", 0),
        "conflict": len(set(local.get("changed") or ()) & set(studio.get("changed") or ())),
    }.get(state, 0)
    errors, warnings = findings.get("error", 0), findings.get("warning", 0)
    dirty = len(local.get("dirty") or ())
    return Flow(
        row["name"], state, hold["reason"], hold["hint"], count, who, max(here, there), errors, warnings, dirty, row
    )


def moment(text: str | None) -> float:
    """Returns seconds since 1970 of a time in RFC 3339; 0 if there is none."""
    try:
        return datetime.fromisoformat(text).timestamp() if text else 0.0
    except ValueError:
        return 0.0


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
