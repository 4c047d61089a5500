"""How long to wait, and for how long to go on, when the share is busy or does not answer."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which the same request may be sent again."""


@dataclass(frozen=True, slots=True)
class Patience:
    """The SDK's own retries are slow (15 s at first), skip 429 and ignore Retry-After; these are not and do not.

    All in seconds. ``total`` bounds one request with all its repetitions; ``first_contact`` is the number of
    repetitions for a share that has not answered once, so that a wrong URL or a missing network shows soon.
    """

    first: float = 1.0
    longest: float = 20.0
    total: float = 120.0
    first_contact: int = 2
    connect: float = 10.0
    read: float = 60.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random

    def pause(self, tries: int) -> float:
        """Returns how long to wait before try number ``tries`` (1 is the first repetition)."""
        return min(self.longest, self.first * 2.0 ** min(tries - 1, 30)) * (0.5 + self.chance() / 2)


def retry_after(value: str | None) -> float:
    """Returns the seconds that a Retry-After header asks for (a number or a date), or 0."""
    if not value:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):  # neither: as if it had not been sent
        return 0.0
