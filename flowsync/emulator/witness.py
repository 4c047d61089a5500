"""What went past: counts and a log of requests, and callbacks that tests hang between them."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Event:
    """One request, just before its effect or just after it (``status`` is 0 before)."""

    when: Literal["before", "after"]
    operation: str
    path: str  # share/folder/file
    status: int = 0


Callback = Callable[[Event], None]


class Witness:
    """Counts, log and callbacks; safe to read from any thread."""

    def __init__(self, keep_log: bool) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self.log: list[tuple[str, str]] = []
        self.keep_log = keep_log
        self.callbacks: list[Callback] = []

    def arrived(self, operation: str, path: str) -> None:
        """Counts a request."""
        with self._lock:
            self._counts[operation] += 1
            if self.keep_log:
                self.log.append((operation, path))

    def counts(self) -> Mapping[str, int]:
        """Returns the number of requests by operation so far."""
        with self._lock:
            return dict(self._counts)

    def reset(self) -> None:
        """Starts counting and logging anew."""
        with self._lock:
            self._counts.clear()
            self.log.clear()

    def tell(self, event: Event) -> None:
        """Runs the callbacks, in the order they were added."""
        for callback in tuple(self.callbacks):
            callback(event)
