"""The time, so that everything that judges by it can be given another."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks: one that only ever runs, and the one on the wall."""

    def monotonic(self) -> float:
        """Returns seconds that never jump."""

    def wall(self) -> float:
        """Returns seconds since 1970."""


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()


class Wakefulness:
    """Notices that the machine (or the process) slept: the wall clock ran on, or a timer came far too late."""

    def __init__(self, clock: Clock, tolerance: float = 30.0) -> None:
        self._clock = clock
        self._tolerance = tolerance
        self._seen = (clock.monotonic(), clock.wall())
        self._due: float | None = None

    def sleeping_until(self, due: float) -> None:
        """Notes when the next wake-up is meant to be (monotonic)."""
        self._due = due

    def slept(self) -> bool:
        """Tells whether more time has passed since the last call than this process was awake for."""
        monotonic, wall = self._clock.monotonic(), self._clock.wall()
        before, self._seen = self._seen, (monotonic, wall)
        due, self._due = self._due, None
        jumped = (wall - before[1]) - (monotonic - before[0]) > self._tolerance
        return jumped or (due is not None and monotonic - due > self._tolerance)
