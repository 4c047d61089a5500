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
    """Gathers rumours; they are due once it was quiet long enough, at the latest after ``longest`` seconds."""

    def __init__(self, longest: float = 10.0) -> None:
        self._longest = longest
        self._what: set[Rumour] = set()
        self._flows: set[FlowName] = set()
        self._first = 0.0
        self._due = 0.0

    def hear(self, rumour: Rumour, now: float, flow: FlowName | None = None) -> None:
        """Takes in one rumour. It never makes an earlier one due sooner."""
        if not self._what:
            self._first = self._due = now
        self._what.add(rumour)
        if flow is not None:
            self._flows.add(flow)
        self._due = min(max(self._due, now + SILENCE[rumour]), self._first + self._longest)

    def postpone(self, heard: Heard, now: float, delay: float) -> None:
        """Takes rumours back that could not be followed now; they are due again after ``delay`` seconds."""
        if not self._what:
            self._first = now
        self._what |= heard.what
        self._flows |= heard.flows
        self._due = max(self._due, now + delay)

    @property
    def due(self) -> float | None:
        """Returns when what was heard is to be followed, or None if nothing was."""
        return self._due if self._what else None

    def take(self, now: float) -> Heard | None:
        """Returns what is due now, and forgets it."""
        if not self._what or now < self._due:
            return None
        heard = Heard(frozenset(self._what), frozenset(self._flows))
        self._what.clear()
        self._flows.clear()
        return heard
