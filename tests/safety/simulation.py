"""Deterministic simulation (tier T2): flowsync, Studio, people, a second clone, faults and kills, from one seed.

One seed decides everything: the world, the schedule, what strikes between any two steps. The trace hash names a run;
the same seed always has the same one. The engine is the real conductor over the share, the repository, the cache and
the clock in memory; the judge is ``watched_store``, ``clone`` and, at rest, ``rest``.
"""

import atexit
import hashlib
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any
from unittest import mock

from flowsync.config import Mode, WriteWay
from flowsync.core import document
from flowsync.errors import ShareError
from flowsync.share.codes import NO_ANSWER, failure
from flowsync.share.memory import Fault
from flowsync.sync import conductor, joined, message, observe
from flowsync.sync.holds import Consent

from . import person, studio
from .clone import Clone
from .tokens import Ledger
from .watched_store import ROOT, Broken, WatchedStore

SPACE = FilePath("/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()) / f"flowsync-t2-{os.getpid()}"
atexit.register(shutil.rmtree, SPACE, ignore_errors=True)
START = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("list", "read", "look", "create", "rename", "delete", "acquire", "release", "make", "remove")
CODES = (NO_ANSWER, "ServerBusy", "InternalError", "SharingViolation", "ResourceNotFound", "AuthenticationFailed")


def _remembering(pure: Callable[..., Any]) -> Callable[..., Any]:
    """Remembers results by arguments, where these can be keys."""
    cached = lru_cache(4096)(pure)

    def remembered(*given: Any, **named: Any) -> Any:
        try:
            return cached(*given, **named)
        except TypeError:
            return pure(*given, **named)

    return remembered


# Pure and slow: the same three definitions are merged, and the same file parsed, in cycle after cycle.
_merge_flow = _remembering(joined.merge_flow)
_semantic_diff = _remembering(message.semantic_diff)
_parse = _remembering(document.parse)


@contextmanager
def quick() -> Iterator[None]:
    """Remembers pure results, and takes no lock: one thread plays everybody, and the lock has tests of its own."""
    with (
        mock.patch.object(joined, "merge_flow", _merge_flow),
        mock.patch.object(message, "semantic_diff", _semantic_diff),
        mock.patch.object(observe.document, "parse", _parse),
        mock.patch.object(conductor, "alone", lambda link: nullcontext()),
    ):
        yield


class Simulation:
    """One run."""

    def __init__(self, seed: int, keep_trace: bool = False) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.trace = hashlib.sha256()
        self.said: list[str] | None = [] if keep_trace else None
        self.steps = 0
        self._time = START
        self._leases = 0
        self.ledger = Ledger()
        self.store = WatchedStore(self.now)
        self.store.make_folders(ROOT)
        self.store.carried = self.ledger.carried
        self.page = self.random.choice((2, 5000))
        self.retries = self.random.choice((0, 1))
        self.rewrites = False  # a person rewrote history: what the branch held need not be on it any more
        self.quiet = False
        self.between_odds = self.random.choice((0.0, 0.01, 0.03, 0.1))
        self.kill_odds = self.random.choice((0.0, 0.0, 0.004, 0.015))
        self.fault_odds = self.random.choice((0.0, 0.0, 0.3, 0.8))
        self.flows = ["chat", "triage"][: self.random.choice((1, 1, 2))]
        self._depth = 0
        SPACE.mkdir(exist_ok=True)
        write = self.random.choice((WriteWay.INLINE, WriteWay.INLINE, WriteWay.REPLACE))
        names = ["pat", "sam"][: self.random.choice((1, 1, 2))]
        self.clones = [Clone(self, name, SPACE, Mode.SYNC, write) for name in names]
        self.counts = {"kills": 0, "faults": 0, "commands": 0, "renames": 0}

    # Time and chance

    def now(self) -> datetime:
        """The one clock; it moves on whenever it is asked."""
        self._time += timedelta(milliseconds=1)
        return self._time

    def seconds(self) -> int:
        return int(self._time.timestamp())

    def wait(self, seconds: float) -> None:
        self._time += timedelta(seconds=seconds)

    def new_lease(self) -> str:
        self._leases += 1
        return f"00000000-0000-0000-0000-{self._leases:012d}"

    def another_name(self, flow: str) -> str:
        """A name that the flow may be given; from now on it is one of the flows."""
        name = self.random.choice([name for name in ("chat", "triage", "talk") if name != flow])
        if name not in self.flows:
            self.flows.append(name)
        return name

    def tell(self, what: str) -> None:
        """Adds a line to the trace."""
        self.trace.update(what.encode() + b"\n")
        if self.said is not None:
            self.said.append(f"{'  ' * self._depth}{what}")

    def due_faults(self) -> list[Fault]:
        """What will go wrong in the next command."""
        if self.quiet or self.random.random() >= self.fault_odds:
            return []
        kind = self.random.choice(KINDS)
        code = self.random.choice(CODES)
        if code == "ResourceNotFound" and kind not in ("list", "read", "look"):
            code = "InternalError"  # a service that denies what is there lies about no change of it
        fault = Fault(kind, self.random.randint(1, 6), self.random.choice((1, 1, 2, 6)))  # type: ignore[arg-type]
        fault.after = code in (NO_ANSWER, "InternalError") and self.random.random() < 0.6
        fault.error = failure(code, "somewhere")
        self.counts["faults"] += 1
        self.tell(f"fault {kind} {fault.nth} x{fault.times} {code}{' after' if fault.after else ''}")
        return [fault]

    # The schedule

    def between(self, clone: Clone, what: str) -> None:
        """Another may act, or the process may die, before this step."""
        self.steps += 1
        self.store.client = None
        self.tell(f"{clone.name}: {what}")
        if self.quiet:
            return
        if self.random.random() < self.kill_odds and not what.startswith("lock"):
            self.counts["kills"] += 1
            clone.dead = True
            self.tell("killed")
            return
        if self._depth < 2 and self.random.random() < self.between_odds:
            self._depth += 1
            try:
                self.act(clone)
            finally:
                self._depth -= 1
                self.store.client = None

    def act(self, busy: Clone | None = None) -> None:
        """Somebody does something. ``busy`` is the clone whose flowsync is at work."""
        dice = self.random.random()
        free = [clone for clone in self.clones if not clone.running]
        if dice < 0.45 or (busy and dice < 0.6):
            with self._as_studio():
                studio.act(self)
        elif dice < 0.75 or not free:
            person.act(self, self.random.choice(self.clones))
        else:
            self.command(self.random.choice(free))

    def command(self, clone: Clone, command: str = "", consent: Consent | None = None) -> str:
        command = command or self.random.choice(("sync", "sync", "sync", "fetch", "pull", "push"))
        self.tell(f"{clone.name} runs {command}")
        self.counts["commands"] += 1
        ended = clone.flowsync(command, (), consent)
        self.tell(f"{clone.name} {command}: {ended} {[(r.flow, r.did.value) for r in clone.results]}")
        if ended != "killed" and not self.random.randrange(40) and not self.quiet:
            clone.forget_cache()
        return ended

    @contextmanager
    def _as_studio(self) -> Iterator[None]:
        self.store.client = None
        try:
            yield
        except ShareError as refused:  # a lease, or a name that is gone: Studio shows an error and saves again later
            self.tell(f"studio was refused: {refused.code}")

    def run(self) -> str:
        """Plays the run, lets it come to rest, and judges it; returns the trace hash."""
        with quick():
            self._play()
        return self.trace.hexdigest()

    def _play(self) -> None:
        from .rest import come_to_rest

        for flow in self.flows:
            studio.first(self, flow)
        for clone in self.clones:
            person.first(self, clone)
        for _ in range(self.random.randint(3, 9)):
            self.act()
            if self.random.random() < 0.5:
                self.command(self.random.choice(self.clones))
        come_to_rest(self)


def play(seed: int) -> Simulation:
    """Runs one seed; Broken, with the seed, if an invariant does not hold."""
    simulation = Simulation(seed)
    try:
        simulation.run()
    except Broken as broken:
        raise Broken(f"seed {seed}: {broken}") from broken
    except Exception as error:
        raise Broken(f"seed {seed}: {type(error).__name__}: {error}") from error
    return simulation
