"""What the terminal UI knows, as values: the state, what it is made of, and how a flow's row is read.

Who changes it is ``view.store``. No name is made harmless here: that is ``view.format``'s.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

Event = Mapping[str, Any]
Changed = frozenset[str]  # of: link, flows, daemon, activity, running, log


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
