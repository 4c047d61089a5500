"""Faults on demand: which request goes wrong, and how. Deterministic: counted per rule, chance drawn from a seed.

What belongs here: the rules and which of them hits. What a fault does to a connection is the server's.
"""

import random
import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Kind = Literal["refuse", "delay", "hang", "drop_before", "drop_after", "truncate", "garble"]


@dataclass(slots=True)
class Fault:
    """One rule. It hits requests whose operation and path match, after ``skip`` of them, ``times`` times.

    ``operation`` and ``path`` are globs; ``path`` is ``share/folder/file`` and ``*`` matches ``/`` too.
    ``page`` restricts a listing to its n-th page (1 is the first), ``chance`` to a share of the matching requests.
    """

    kind: Kind
    operation: str = "*"
    path: str = "*"
    skip: int = 0
    times: int | None = 1
    chance: float = 1.0
    page: int = 0
    status: int = 0  # refuse; 0 is the code's own
    code: str = "ServerBusy"  # refuse
    retry_after: float | None = None  # refuse: seconds, sent as Retry-After
    seconds: float = 0.0  # delay
    keep: int = 0  # truncate: bytes of the body that still arrive
    hits: int = 0
    seen: int = 0


class Faults:
    """The rules in force, in the order they were added; the first that hits wins, delays add up."""

    def __init__(self, seed: int = 0) -> None:
        self._rules: list[Fault] = []
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Adds a rule and returns it; its ``hits`` tells later how often it struck."""
        with self._lock:
            self._rules.append(fault)
        return fault

    def refuse(
        self,
        operation: str = "*",
        path: str = "*",
        *,
        status: int = 0,
        code: str = "ServerBusy",
        retry_after: float | None = None,
        skip: int = 0,
        times: int | None = 1,
        page: int = 0,
    ) -> Fault:
        """Answers with an error instead of doing anything; ``code`` is any of the service's (``refusal.TABLE``)."""
        return self.add(
            Fault("refuse", operation, path, skip, times, page=page, status=status, code=code, retry_after=retry_after)
        )

    def delay(
        self, seconds: float, operation: str = "*", path: str = "*", *, skip: int = 0, times: int | None = 1
    ) -> Fault:
        """Waits before doing anything."""
        return self.add(Fault("delay", operation, path, skip, times, seconds=seconds))

    def hang(self, operation: str = "*", path: str = "*", *, skip: int = 0, times: int | None = 1) -> Fault:
        """Never answers and does nothing; the client has to give up."""
        return self.add(Fault("hang", operation, path, skip, times))

    def drop_before(self, operation: str = "*", path: str = "*", *, skip: int = 0, times: int | None = 1) -> Fault:
        """Breaks the connection before the request has any effect."""
        return self.add(Fault("drop_before", operation, path, skip, times))

    def drop_after(self, operation: str = "*", path: str = "*", *, skip: int = 0, times: int | None = 1) -> Fault:
        """Does what was asked and breaks the connection instead of answering: a lost reply."""
        return self.add(Fault("drop_after", operation, path, skip, times))

    def truncate(
        self, operation: str = "get_file", path: str = "*", *, keep: int = 0, skip: int = 0, times: int | None = 1
    ) -> Fault:
        """Sends the first ``keep`` bytes of the body and breaks the connection."""
        return self.add(Fault("truncate", operation, path, skip, times, keep=keep))

    def garble(self, operation: str = "get_file", path: str = "*", *, skip: int = 0, times: int | None = 1) -> Fault:
        """Sends a body of the right length and the wrong content."""
        return self.add(Fault("garble", operation, path, skip, times))

    def remove(self, fault: Fault) -> None:
        """Takes a rule out of force."""
        with self._lock:
            self._rules.remove(fault)

    def clear(self) -> None:
        """Takes all rules out of force."""
        with self._lock:
            self._rules.clear()

    def rules(self) -> list[Fault]:
        """Returns the rules in force."""
        with self._lock:
            return list(self._rules)

    def pick(self, operation: str, path: str, page: int) -> tuple[float, Fault | None]:
        """Returns the seconds to wait, and the fault that hits this request, if any. Counts it."""
        if not self._rules:
            return 0.0, None
        wait = 0.0
        with self._lock:
            for rule in self._rules:
                if self._hits(rule, operation, path, page):
                    if rule.kind != "delay":
                        return wait, rule
                    wait += rule.seconds
        return wait, None

    def _hits(self, rule: Fault, operation: str, path: str, page: int) -> bool:
        if not (fnmatchcase(operation, rule.operation) and fnmatchcase(path, rule.path)):
            return False
        if rule.page and rule.page != page:
            return False
        if rule.times is not None and rule.hits >= rule.times:
            return False
        rule.seen += 1
        if rule.seen <= rule.skip or (rule.chance < 1 and self._random.random() >= rule.chance):
            return False
        rule.hits += 1
        return True
