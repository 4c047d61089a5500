"""The budget of requests across restarts: a daemon that is started again and again may not spend it again and again."""

import json
import math
from contextlib import suppress
from pathlib import Path

from flowsync.daemon.budget import Budget
from flowsync.daemon.clock import Clock


class Ledger:
    """One file that remembers what is left. It says too much only after a kill, and then by a single pass."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file, self._clock = file, clock
        self._written = 0

    def recall(self, fresh: Budget) -> Budget:
        """Returns what the daemon before left of a budget; the fresh one if there was none."""
        try:
            kept = {name: float(value) for name, value in json.loads(self._file.read_text(encoding="utf-8")).items()}
            if not all(map(math.isfinite, kept.values())):
                return fresh
            return Budget.left(fresh.per_hour, kept, self._clock.wall(), self._clock.monotonic())
        except (OSError, ValueError, AttributeError, TypeError, KeyError):
            return fresh

    def keep(self, budget: Budget | None) -> None:
        """Writes down what is left, if anything was spent since."""
        if budget is None or budget.made == self._written:
            return
        self._written = budget.made
        temporary = self._file.with_suffix(".new")
        with suppress(OSError):  # on a full disk the work goes on; the next pass writes again
            temporary.write_text(json.dumps(budget.kept(self._clock.wall(), self._clock.monotonic())), encoding="utf-8")
            temporary.replace(self._file)
