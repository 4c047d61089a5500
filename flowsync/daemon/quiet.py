"""Debouncing: rumours gather until it has been quiet for a moment. Pure; the time comes in as an argument.

A watcher's event is a rumour: it says where to look again and nothing else. What was missed (an overflow, a watcher
that fell over) is the rumour that anything may have changed.
"""

from dataclasses import dataclass
from enum import Enum

from flowsync.core.tree import FlowName


class Rumour(Enum):
    """What may have changed."""

    REFS = "refs"  # the branch, HEAD
    GIT = "git"  # git is, or was, in the middle of something: index, index.lock, MERGE_HEAD, …
    FILES = "files"  # a flow's files in the worktree
    CONFIG = "config"  # .flowsync.yaml
    ANYTHING = "anything"  # events were lost, or the machine slept


@dataclass(frozen=True, slots=True)
class Heard:
    """All that was rumoured since the last time; no flow named with FILES means any."""

    what: frozenset[Rumour]
    flows: frozenset[FlowName] = frozenset()

    def tells(self, *kinds: Rumour) -> bool:
        """Tells whether one of these kinds was rumoured; ANYTHING is every kind."""
        return Rumour.ANYTHING in self.what or bool(self.what & set(kinds))


# seconds of silence that each kind asks for; a branch moves in one step, files are saved in several
SILENCE = {Rumour.REFS: 0.04, Rumour.GIT: 0.04, Rumour.FILES: 0.2, Rumour.CONFIG: 0.2, Rumour.ANYTHING: 0.2}


class Quiet:
    """Gathers rumours; each kind is due once it was quiet long enough, at the latest after ``longest`` seconds.

    The kinds do not wait for each other: a commit need not wait until the files that it was made of have settled.
    """

    def __init__(self, longest: float = 10.0) -> None:
        self._longest = longest
        self._first: dict[Rumour, float] = {}
        self._due: dict[Rumour, float] = {}
        self._flows: set[FlowName] = set()

    def hear(self, rumour: Rumour, now: float, flow: FlowName | None = None) -> None:
        """Takes in one rumour."""
        first = self._first.setdefault(rumour, now)
        self._due[rumour] = max(self._due.get(rumour, 0.0), min(now + SILENCE[rumour], first + self._longest))
        if flow is not None:
            self._flows.add(flow)

    def postpone(self, heard: Heard, now: float, delay: float) -> None:
        """Takes rumours back that could not be followed now; they are due again after ``delay`` seconds."""
        for rumour in heard.what:
            self._first.setdefault(rumour, now)
            self._due[rumour] = max(self._due.get(rumour, 0.0), now + delay)
        self._flows |= heard.flows

    @property
    def due(self) -> float | None:
        """Returns when something of what was heard is to be followed, or None if nothing was heard."""
        return min(self._due.values(), default=None)

    def take(self, now: float) -> Heard | None:
        """Returns what is due now, and forgets it."""
        what = frozenset(rumour for rumour, due in self._due.items() if due <= now)
        if not what:
            return None
        for rumour in what:
            del self._due[rumour], self._first[rumour]
        flows: frozenset[FlowName] = frozenset()
        if Rumour.FILES in what:
            flows = frozenset(self._flows)
            self._flows.clear()
        return Heard(what, flows)
