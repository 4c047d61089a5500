"""The budget of requests per hour: what the daemon asks by itself never exceeds it, in any sixty minutes.

A bucket that holds a part of the budget and refills with the rest over an hour: in any hour at most the full bucket and
the refill can be spent, which is the budget. A part of the bucket is kept back for pushes, so that looking never makes
a commit wait. A person's commands always run; what they cost is taken off, into debt if need be. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

HOUR = 3600.0
_BURST = 0.25  # of the budget, in the bucket
_DUST = 1e-6  # what sums of floats may be off by
_KEPT_BACK = 0.1  # of the bucket, for pushes


@dataclass(slots=True)
class Budget:
    """``per_hour`` requests; ``level`` is what may be spent at ``at``."""

    per_hour: float
    level: float
    at: float
    made: int = 0
    _hour: float = 0.0  # leaky count of the last hour, for people

    @classmethod
    def full(cls, per_hour: float, now: float) -> "Budget":
        """Returns a budget of which nothing was spent yet."""
        return cls(per_hour, per_hour * _BURST, now)

    @classmethod
    def left(cls, per_hour: float, kept: Mapping[str, float], wall: float, now: float) -> "Budget":
        """Returns the budget that a daemon before this one left, as ``kept`` tells it, at this time of the wall clock.

        A clock that was set back refills nothing; a smaller budget than before caps what is left.
        """
        budget = cls(per_hour, min(float(kept["level"]), per_hour * _BURST), now - max(0.0, wall - float(kept["at"])))
        budget._hour = max(0.0, float(kept["hour"]))
        budget._refill(now)
        return budget

    def kept(self, wall: float, now: float) -> dict[str, float]:
        """Returns what the next daemon must know, so that a restart refills nothing."""
        self._refill(now)
        return {"at": wall, "level": self.level, "hour": self._hour}

    @property
    def reserve(self) -> float:
        """Returns what only pushes may spend."""
        return self.per_hour * _BURST * _KEPT_BACK

    @property
    def sustained(self) -> float:
        """Returns what can be spent in every hour, for ever."""
        return self.per_hour * (1 - _BURST)

    def _refill(self, now: float) -> None:
        passed = max(0.0, now - self.at)
        self.at = max(self.at, now)
        self.level = min(self.per_hour * _BURST, self.level + passed * self.per_hour * (1 - _BURST) / HOUR)
        self._hour *= max(0.0, 1 - passed / HOUR)

    def affords(self, cost: float, now: float, urgent: bool = False) -> bool:
        """Tells whether ``cost`` requests may be made now; ``urgent`` ones may use what is kept back."""
        self._refill(now)
        return self.level - cost >= (0.0 if urgent else self.reserve) - _DUST

    def ever(self, cost: float, urgent: bool = False) -> bool:
        """Tells whether ``cost`` requests at once can be afforded at any time."""
        return cost <= self.per_hour * _BURST - (0.0 if urgent else self.reserve)

    def spend(self, requests: float, now: float) -> None:
        """Takes off requests that are being made; a negative number gives back what was not needed after all."""
        self._refill(now)
        self.level -= requests
        self._hour += requests
        self.made += int(requests)

    def when(self, cost: float, now: float, urgent: bool = False) -> float:
        """Returns when ``cost`` requests can be afforded: now, or later. One look must fit: the cost is capped."""
        self._refill(now)
        floor = 0.0 if urgent else self.reserve
        missing = min(cost, self.per_hour * _BURST - floor) + floor - self.level
        return now if missing <= 0 else now + missing * HOUR / (self.per_hour * (1 - _BURST))

    def last_hour(self, now: float) -> int:
        """Returns about how many requests were made within the last hour."""
        self._refill(now)
        return round(self._hour)
