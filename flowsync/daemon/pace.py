"""When to look at which flow: those with recent activity every few seconds, quiet ones ever more rarely. Pure.

A flow's interval grows with the time since anything happened to it, on either side. Flows that are quieter than the
sweep (a look at the whole folder, which also finds new flows) are left to the sweep. Looks are jittered, so that many
machines do not ask at the same second, and flows that are due at almost the same time are looked at together.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from flowsync.core.tree import FlowName


@dataclass(frozen=True, slots=True)
class Tempo:
    """All in seconds. A flow that was active ``a`` seconds ago is looked at every ``a / ageing``, within the bounds."""

    fastest: float = 2.5
    sweep: float = 600.0
    ageing: float = 20.0
    together: float = 0.5

    def interval(self, age: float) -> float:
        """Returns how often to look at a flow whose last activity is ``age`` seconds ago."""
        return min(max(age / self.ageing, self.fastest), self.sweep)


@dataclass(frozen=True, slots=True)
class Look:
    """A look that is due; no flow means a sweep."""

    flows: frozenset[FlowName]


@dataclass(slots=True)
class Pace:
    """The schedule. ``slower`` stretches every interval (a small budget), 1 is the normal pace."""

    tempo: Tempo
    chance: Callable[[], float]  # from 0 to 1
    slower: float = 1.0
    _active: dict[FlowName, float] = field(default_factory=dict)
    _due: dict[FlowName, float] = field(default_factory=dict)
    _sweep_due: float = 0.0

    def activity(self, flow: FlowName, at: float, now: float) -> None:
        """Notes that something happened to a flow (``at`` may lie in the past, and before the start of time)."""
        if at > self._active.get(flow, float("-inf")):
            self._active[flow] = at
            self._plan(flow, now, now)

    def looked(self, flows: Iterable[FlowName], now: float, sweep: bool = False) -> None:
        """Notes that these flows were just seen; after a sweep, only these flows are there."""
        seen = list(flows)
        if sweep:
            self._sweep_due = now + self.tempo.sweep * self.slower * self._jitter()
            for gone in self._active.keys() - set(seen):
                del self._active[gone]
                self._due.pop(gone, None)
        for flow in seen:
            self._plan(flow, now, now)

    def hurry(self, now: float) -> None:
        """Makes a sweep due now: the network came back, the machine woke."""
        self._sweep_due = now

    def due(self) -> float:
        """Returns when the next look is due."""
        return min([self._sweep_due, *self._due.values()])

    def take(self, now: float) -> Look | None:
        """Returns the look that is due now, with all that is due at almost the same time."""
        if now >= self._sweep_due:
            return Look(frozenset())
        flows = frozenset(flow for flow, due in self._due.items() if due <= now + self.tempo.together)
        return Look(flows) if flows and self.due() <= now else None

    def per_hour(self, now: float, cost_of_flow: float, cost_of_sweep: float) -> float:
        """Returns how many requests an hour at the present pace makes."""
        flows = sum(3600.0 / (self._interval(flow, now) * self.slower) for flow in self._due)
        return flows * cost_of_flow + 3600.0 / (self.tempo.sweep * self.slower) * cost_of_sweep

    def _interval(self, flow: FlowName, now: float) -> float:
        return self.tempo.interval(now - self._active.get(flow, float("-inf")))

    def _plan(self, flow: FlowName, looked: float, now: float) -> None:
        interval = self._interval(flow, now)
        if interval >= self.tempo.sweep:
            self._due.pop(flow, None)
        else:
            self._due[flow] = looked + interval * self.slower * self._jitter()

    def _jitter(self) -> float:
        return 0.9 + 0.2 * self.chance()
