"""How long to wait after a failure: longer each time, never for long, and not all machines at once. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

FIRST = 1.0
LONGEST = 60.0


@dataclass(slots=True)
class Backoff:
    """Failures in a row, and the time before which nothing is to be asked of the share."""

    chance: Callable[[], float]  # from 0 to 1
    failures: int = 0
    until: float = 0.0

    def failed(self, now: float, at_least: float = 0.0) -> None:
        """Notes a failure."""
        self.failures += 1
        pause = min(LONGEST, FIRST * 2.0 ** min(self.failures - 1, 10)) * (0.5 + self.chance() / 2)
        self.until = now + max(pause, at_least)

    def recovered(self) -> None:
        """Notes that it works again: at once, with no rest of the waiting."""
        self.failures, self.until = 0, 0.0
