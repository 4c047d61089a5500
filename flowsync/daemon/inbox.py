"""What other threads have to tell the engine: rumours, a person's jobs, and that it is to stop."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flowsync.core.tree import FlowName
from flowsync.daemon.clock import Clock
from flowsync.daemon.quiet import Heard, Quiet, Rumour


@dataclass(slots=True)
class Job:
    """One command on its way through the engine; whoever asked waits for ``done``."""

    name: str
    arguments: dict[str, Any]
    progress: Callable[[str, int, int], None] = lambda what, done, total: None
    done: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: BaseException | None = None


class Inbox:
    """A mailbox that the engine sleeps on."""

    def __init__(self, clock: Clock, quiet: Quiet) -> None:
        self._clock = clock
        self._quiet = quiet
        self._jobs: deque[Job] = deque()
        self._news = threading.Condition()
        self._woken = False
        self.heard = 0  # rumours so far
        self.stopping = threading.Event()

    def hear(self, rumour: Rumour, flow: FlowName | None = None) -> None:
        """Takes in a rumour, from any thread. Wakes the engine only if it would sleep too long otherwise."""
        with self._news:
            before = self._quiet.due
            self._quiet.hear(rumour, self._clock.monotonic(), flow)
            self.heard += 1
            after = self._quiet.due
            if before is None or (after is not None and after < before):
                self._wake()

    def add(self, job: Job) -> None:
        """Queues a job."""
        with self._news:
            self._jobs.append(job)
            self._wake()

    def stop(self) -> None:
        """Asks the engine to end."""
        with self._news:
            self.stopping.set()
            self._wake()

    def nudge(self) -> None:
        """Wakes the engine, so that it plans anew."""
        with self._news:
            self._wake()

    def _wake(self) -> None:
        self._woken = True
        self._news.notify_all()

    def job(self) -> Job | None:
        """Returns the next job."""
        with self._news:
            return self._jobs.popleft() if self._jobs else None

    def drain(self) -> list[Job]:
        """Returns all jobs that will not be done any more."""
        with self._news:
            left = list(self._jobs)
            self._jobs.clear()
            return left

    @property
    def jobs(self) -> int:
        """Returns how many jobs wait."""
        with self._news:
            return len(self._jobs)

    @property
    def due(self) -> float | None:
        """Returns when what was heard is due."""
        with self._news:
            return self._quiet.due

    def rumours(self) -> Heard | None:
        """Returns what was heard, if it is due."""
        with self._news:
            return self._quiet.take(self._clock.monotonic())

    def postpone(self, heard: Heard, delay: float) -> None:
        """Takes rumours back that could not be followed now."""
        with self._news:
            self._quiet.postpone(heard, self._clock.monotonic(), delay)

    def sleep(self, until: float) -> None:
        """Sleeps until a (monotonic) time, or until there is news."""
        with self._news:
            if not self._woken:
                timeout = until - self._clock.monotonic()
                if timeout > 0:
                    self._news.wait(min(timeout, threading.TIMEOUT_MAX))
            self._woken = False
