"""What the daemon publishes: its state, its counters, and events for whoever subscribed. Thread-safe."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

Listener = Callable[[dict[str, Any]], None]
_RECENT = 50
_LINES = 2000  # of the log


class Health(StrEnum):
    """How the daemon is doing."""

    STARTING = "starting"
    IDLE = "idle"
    WORKING = "working"
    BUSY = "busy"  # git is in the middle of something
    PAUSED = "paused"
    OFFLINE = "offline"  # the share does not answer
    DENIED = "denied"  # the share does not accept the credentials
    SAVING = "saving"  # the budget of requests is used up
    FAILING = "failing"  # something else is wrong, and will be tried again
    STOPPING = "stopping"


class Board:
    """The published state. Values are replaced, never changed, so that a snapshot stays what it was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._facts: dict[str, Any] = {"health": Health.STARTING.value, "detail": "", "hint": ""}
        self._counters: dict[str, float] = {}
        self._listeners: list[Listener] = []
        self._recent: deque[dict[str, Any]] = deque(maxlen=_RECENT)
        self._lines: deque[dict[str, Any]] = deque(maxlen=_LINES)
        self._sequence = 0
        self._status: dict[str, Any] | None = None
        self.stamp: object = None  # what the repository looked like when the flows were looked at

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls back with every event from now on; returns what ends that."""
        with self._lock:
            self._listeners.append(listener)
        return lambda: self._forget(listener)

    def _forget(self, listener: Listener) -> None:
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def emit(self, kind: str, **details: Any) -> None:
        """Tells an event to every listener."""
        with self._lock:
            self._sequence += 1
            event = {"sequence": self._sequence, "kind": kind, "at": round(time.time(), 3), **details}
            if kind in ("result", "notice"):
                self._recent.append(event)
            if kind == "log":
                self._lines.append(event)
            listeners = list(self._listeners)
        for listener in listeners:
            listener(event)

    def recall(self, lines: Iterable[dict[str, Any]]) -> None:
        """Takes in what was logged before this daemon, without telling it."""
        with self._lock:
            for line in lines:
                self._sequence += 1
                self._lines.append({"sequence": self._sequence, "kind": "log", **line})

    def lines(self, after: int, most: int, flow: str = "") -> list[dict[str, Any]]:
        """Returns the last lines of the log after an event (by its sequence), about one flow if it is named."""
        with self._lock:
            found = [one for one in self._lines if one["sequence"] > after and flow in ("", one["flow"])]
        return [{name: value for name, value in one.items() if name != "kind"} for one in found[-most:]]

    def health(self, health: Health, detail: str = "", hint: str = "") -> None:
        """Publishes how the daemon is doing; an event tells when that changes."""
        with self._lock:
            now = (health.value, detail, hint)
            before = (self._facts["health"], self._facts["detail"], self._facts["hint"])
            if now == before:
                return
            self._facts.update(health=health.value, detail=detail, hint=hint, since=round(time.time(), 3))
        self.emit("health", health=health.value, detail=detail, hint=hint)

    def publish(self, **facts: Any) -> None:
        """Replaces facts of the state."""
        with self._lock:
            self._facts.update(facts)

    def count(self, **by: float) -> None:
        """Adds to counters."""
        with self._lock:
            for name, amount in by.items():
                self._counters[name] = self._counters.get(name, 0) + amount

    def status(self, status: dict[str, Any], stamp: object = None) -> list[dict[str, Any]]:
        """Publishes where every flow stands, and returns the rows that differ from before."""
        with self._lock:
            self.stamp = stamp
            before = {row["name"]: row for row in (self._status or {"flows": []})["flows"]}
            self._status = status
        changed = [row for row in status["flows"] if row != before.get(row["name"])]
        gone = sorted(before.keys() - {row["name"] for row in status["flows"]})
        if changed or gone:
            self.emit("flows", changed=changed, gone=gone)
        return changed

    @property
    def flows(self) -> dict[str, Any] | None:
        """Returns where every flow stood when last looked, in the form of ``flowsync status --json``."""
        with self._lock:
            return self._status

    def snapshot(self) -> dict[str, Any]:
        """Returns the state without the flows."""
        with self._lock:
            return {**self._facts, "counters": dict(self._counters), "recent": list(self._recent)}
