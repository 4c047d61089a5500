"""The share as the daemon holds it: kept open between passes, counted against the budget, and cancellable.

A connection that stays open saves a handshake per look. It is closed when it rested for a while, and whenever a pass
failed: the next pass then opens anew, with the credentials that are there by then.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path as FilePath
from threading import Event, Lock
from types import TracebackType
from typing import Self, TypeVar

from flowsync.config import RemoteConfig
from flowsync.daemon.budget import Budget
from flowsync.errors import DaemonError, ShareError, ShareUnavailable
from flowsync.share.azure_retry import Patience
from flowsync.share.base import Content, Failed, Listing, Outcome, Put, Remove, Renaming, Share, Version
from flowsync.sync.shares import open_share

# The most requests that one path may cost, repetitions apart (see share.guard).
_LIST, _READ, _WRITE, _REMOVE, _RENAME, _FOLDER = 1, 1, 5, 3, 4, 2
USED_UP = ("the budget of requests is used up", "it refills, or: git config flowsync.requestsPerHour N")
T = TypeVar("T")


class Cancelled(DaemonError):
    """The daemon is to stop, or the person took the command back."""


class Gate:
    """What every request passes: is it still wanted, and does the budget allow it?"""

    def __init__(self, budget: Budget | None) -> None:
        self.budget = budget
        self.urgent = False  # pushes may spend what is kept back
        self.forced = False  # a person's command runs whatever it costs
        self.stopping = Event()
        self._cancelled = Event()
        self._lock = Lock()

    def begin(self, cancelled: Event, forced: bool) -> None:
        """Starts a person's command, which ``cancelled`` may end."""
        self._cancelled, self.forced = cancelled, forced

    def end(self) -> None:
        """Ends the command."""
        self._cancelled, self.forced = Event(), False

    def check(self) -> None:
        """Raises Cancelled if the work is not wanted any more."""
        if self.stopping.is_set() or self._cancelled.is_set():
            raise Cancelled("the work was cancelled; nothing is lost, the next run goes on from there")

    def ask(self, requests: float) -> None:
        """Takes ``requests`` off the budget; ShareUnavailable if it does not hold so many."""
        self.check()
        if self.budget is None:
            return
        with self._lock:
            now = time.monotonic()
            if not self.forced and not self.budget.affords(requests, now, self.urgent):
                raise ShareUnavailable(*_refusal(self.budget, requests, self.urgent), code="Budget")
            self.budget.spend(requests, now)

    def settle(self, asked: float, made: float) -> None:
        """Gives back what was asked for and not needed (or takes off what was needed beyond it)."""
        if self.budget is not None:
            with self._lock:
                self.budget.spend(made - asked, time.monotonic())


def _refusal(budget: Budget, requests: float, urgent: bool) -> tuple[str, str]:
    """Returns what is wrong with a request that the budget does not hold, and what would help."""
    if budget.ever(requests, urgent):
        return USED_UP
    wanted = math.ceil(requests * 10)
    what = f"this takes {requests:.0f} requests at once, more than a budget of {budget.per_hour:.0f} an hour ever holds"
    return what, f"git config flowsync.requestsPerHour {wanted}, then flowsync daemon restart"


class KeptShare:
    """A share that outlives the context it is used in; ``end`` closes it."""

    def __init__(
        self,
        config: RemoteConfig,
        environ: Mapping[str, str],
        gate: Gate,
        concurrency: int,
        state: FilePath | None = None,
    ) -> None:
        """``state`` is where what a workspace is may be remembered."""
        self._config, self._environ, self._concurrency, self._state = config, environ, concurrency, state
        self._gate = gate
        self._share: Share | None = None
        self._closed_requests = 0

    @property
    def requests(self) -> int:
        """Requests made through this object so far."""
        return self._closed_requests + (self._share.requests if self._share else 0)

    @property
    def is_open(self) -> bool:
        """Tells whether a connection is kept."""
        return self._share is not None

    def end(self) -> None:
        """Closes the connection. May be called from another thread, to end requests that hang."""
        share, self._share = self._share, None
        if share is not None:
            try:
                share.close()
            finally:
                self._closed_requests += share.requests

    @property
    def keeps_ids(self) -> bool:
        return self._opened().keeps_ids

    def identity(self) -> str:
        return self._counted(1, lambda share: share.identity())

    def now(self) -> datetime | None:
        return self._share.now() if self._share else None

    def list(self, folders: Sequence[str]) -> Mapping[str, Listing | ShareError]:
        return self._counted(_LIST * len(folders), lambda share: share.list(folders))

    def read(self, paths: Sequence[str], known: Mapping[str, Version] | None = None) -> Iterator[Content | Failed]:
        return self._stream(_READ * len(paths), lambda share: share.read(paths, known))

    def write(self, puts: Sequence[Put]) -> Iterator[Outcome]:
        return self._stream(_WRITE * len(puts), lambda share: share.write(puts))

    def remove(self, removes: Sequence[Remove]) -> Iterator[Outcome]:
        return self._stream(_REMOVE * len(removes), lambda share: share.remove(removes))

    def rename(self, renamings: Sequence[Renaming]) -> Iterator[Outcome]:
        return self._stream(_RENAME * len(renamings), lambda share: share.rename(renamings))

    def rename_folder(self, source: str, target: str) -> bool:
        return self._counted(_RENAME, lambda share: share.rename_folder(source, target))

    def make_folders(self, paths: Sequence[str]) -> None:
        self._counted(_FOLDER * len(paths), lambda share: share.make_folders(paths))

    def remove_folders(self, paths: Sequence[str]) -> None:
        self._counted(_FOLDER * len(paths), lambda share: share.remove_folders(paths))

    def release(self, leases: Mapping[str, str]) -> None:
        self._counted(2 * len(leases) + 1, lambda share: share.release(leases))

    def owed(self) -> Mapping[str, str]:
        """Returns what the open connection may have left on the share."""
        return self._share.owed() if self._share else {}

    def close(self) -> None:
        """Keeps the connection for the next pass."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.end()

    def _counted(self, most: float, call: Callable[[Share], T]) -> T:
        with self._asking(most) as share:
            return call(share)

    def _stream(self, most: float, call: Callable[[Share], Iterator[T]]) -> Iterator[T]:
        with self._asking(most) as share:
            for item in call(share):
                yield item
                self._gate.check()

    @contextmanager
    def _asking(self, most: float) -> Iterator[Share]:
        self._gate.ask(most)
        share = self._opened()
        before = share.requests
        try:
            yield share
        finally:
            self._gate.settle(most, share.requests - before)

    def _opened(self) -> Share:
        if self._share is None:
            self._share = open_share(
                self._config,
                self._environ,
                self._state,
                concurrency=self._concurrency,
                patience=_patience(self._gate),
            )
        return self._share


def _patience(gate: Gate) -> Patience:
    """Repeats little: the daemon comes back by itself, and a repetition costs budget like any request."""

    async def pause(seconds: float) -> None:
        gate.ask(1)
        gate.settle(1, 0)  # counted when it is made
        await asyncio.sleep(seconds)

    return Patience(first=0.5, longest=4.0, total=8.0, first_contact=0, connect=5.0, read=20.0, sleep=pause)
