"""What the daemon may do at all right now, and what its looks cost: pauses, power, budget and prices."""

from collections.abc import Callable
from typing import Any

from flowsync.daemon import pauses as pausing
from flowsync.daemon.kept_share import Gate
from flowsync.daemon.pace import Pace
from flowsync.daemon.pauses import Pauses
from flowsync.daemon.place import Place
from flowsync.daemon.power import metered, on_battery
from flowsync.daemon.settings import DaemonSettings

_EVERY = 60.0  # seconds between questions about power and network
# US dollars per 10,000 list requests, LRS; a provisioned share charges none. As published; a region's own may differ.
_PRICES = {"transaction-optimized": 0.015, "hot": 0.0715, "cool": 0.0715}
_MONTH = 730.0  # hours


class Outlook:
    """Restrictions and costs."""

    def __init__(
        self,
        settings: DaemonSettings,
        pace: Pace,
        gate: Gate,
        battery: Callable[[], bool] = on_battery,
        network: Callable[[], bool] = metered,
    ) -> None:
        self._settings, self._pace, self._gate = settings, pace, gate
        self._battery, self._network = battery, network
        self._asked = float("-inf")
        self._per_flow, self._per_sweep = 1.0, 1.0
        self.pauses = Pauses()
        self.looks_stopped = ""
        self.due = float("inf")  # when a pause ends

    @property
    def paused(self) -> bool:
        """Tells whether everything is paused."""
        return self.pauses.everything

    def refresh(self, place: Place, wall: float, now: float, force: bool = False) -> bool:
        """Finds out again what may be done; tells whether a pause has begun or ended."""
        before = self.pauses
        if force or now - self._asked >= _EVERY:
            self._asked = now
            self.pauses = pausing.load(place.pauses)
            self.looks_stopped = self._stopped()
        self.pauses = self.pauses.at(wall)
        end = self.pauses.next_end()
        self.due = now + (end - wall) if end != pausing.FOREVER else float("inf")
        return self.pauses != before

    def _stopped(self) -> str:
        if self._settings.on_battery != "pause":
            return ""
        if self._battery():
            return "the machine runs on battery"
        return "the network is metered" if self._network() else ""

    def cost(self, flows: int, requests: int, sweep: bool) -> None:
        """Learns what looks cost."""
        if sweep and requests:
            self._per_sweep = float(requests)
        elif flows and requests:
            self._per_flow = 0.8 * self._per_flow + 0.2 * requests / flows
        budget = self._gate.budget
        if budget is not None:  # a sweep alone may use half of the budget, no more
            least = self._per_sweep * 3600.0 / (0.5 * budget.per_hour)
            self._pace.slower = max(1.0, least / self._pace.tempo.sweep)
            sweeps = self._per_sweep * 3600.0 / (self._pace.tempo.sweep * self._pace.slower)
            left = max(0.1 * budget.per_hour, budget.sustained - sweeps)
            self._pace.allowance = left / max(1.0, self._per_flow)

    def affordable(self, now: float) -> float:
        """Returns when the next look can be paid from the budget."""
        if self._gate.budget is None:
            return 0.0
        look = self._pace.take(now)
        cost = self._per_flow * len(look.flows) if look and look.flows else self._per_sweep
        return self._gate.budget.when(cost, now)

    def facts(self, now: float, requests: int) -> dict[str, Any]:
        """Returns what is published about requests and their price."""
        per_hour = self._pace.per_hour(now, self._per_flow, self._per_sweep)
        budget = self._gate.budget
        if budget is not None:
            per_hour = min(per_hour, budget.per_hour)
        month = 0.0 if budget is None else per_hour * _MONTH
        return {
            "requests": {
                "made": requests,
                "last_hour": budget.last_hour(now) if budget else None,
                "budget_per_hour": budget.per_hour if budget else None,
                "left_now": round(budget.level) if budget else None,
                "at_this_pace_per_hour": round(per_hour),
            },
            "cost_per_month": {tier: round(month / 10_000 * price, 2) for tier, price in _PRICES.items()},
            "paused": pausing.to_json(self.pauses),
            "looks_stopped": self.looks_stopped,
        }
