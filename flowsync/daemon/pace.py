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
    """The schedule. ``slower`` stretches every interval (a small budget), 1 is the normal pace.

    ``allowance`` is how many looks at single flows an hour may make. Where more flows are active than it pays for, the
    one with the latest activity keeps its pace, and the others are looked at the more rarely the longer they rest.
    """

    tempo: Tempo
    chance: Callable[[], float]  # from 0 to 1
    slower: float = 1.0
    allowance: float = float("inf")
    _active: dict[FlowName, float] = field(default_factory=dict)
    _due: dict[FlowName, float] = field(default_factory=dict)
    _sweep_due: float = 0.0

    def activity(self, flow: FlowName, at: float, now: float) -> None:
        """Notes that something happened to a flow (``at`` may lie in the past, and before the start of time)."""
        if at > self._active.get(flow, float("-inf")):
            self._active[flow] = at
            self._plan([flow], now)

    def looked(self, flows: Iterable[FlowName], now: float, sweep: bool = False) -> None:
        """Notes that these flows were just seen; after a sweep, only these flows are there."""
        seen = list(flows)
        if sweep:
            self._sweep_due = now + self.tempo.sweep * self.slower * self._jitter()
            for gone in self._active.keys() - set(seen):
                del self._active[gone]
                self._due.pop(gone, None)
        self._plan(seen, now)

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
        flows = sum(3600.0 / self.slower / interval for interval in self._intervals(now).values())
        return flows * cost_of_flow + 3600.0 / (self.tempo.sweep * self.slower) * cost_of_sweep

    def _intervals(self, now: float) -> dict[FlowName, float]:
        """Returns how often to look at each flow that is not left to the sweep."""
        latest = sorted(self._active, key=lambda flow: -self._active[flow])
        wished = {flow: self.tempo.interval(now - self._active[flow]) for flow in latest}
        if sum(3600.0 / interval for interval in wished.values() if interval < self.tempo.sweep) > self.allowance:
            wished = {flow: wished[flow] * (1 + rank) ** 2 for rank, flow in enumerate(latest)}
        return {flow: interval for flow, interval in wished.items() if interval < self.tempo.sweep}

    def _plan(self, flows: Iterable[FlowName], now: float) -> None:
        intervals = self._intervals(now)
        for flow in flows:
            if flow in intervals:
                self._due[flow] = now + intervals[flow] * self.slower * self._jitter()
            else:
                self._due.pop(flow, None)

    def _jitter(self) -> float:
        return 0.9 + 0.2 * self.chance()
