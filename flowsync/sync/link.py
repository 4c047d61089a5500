"""What every step of the conductor works with: one repository linked to one remote."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from flowsync.cache import Cache
from flowsync.config import RemoteConfig
from flowsync.core.names import from_ref, to_ref
from flowsync.core.rules import Settings
from flowsync.core.tree import FlowName
from flowsync.journal import Journal
from flowsync.repo import Repository
from flowsync.sync.remembered import Remembered


class Reporter(Protocol):
    """What the engine tells while it works; the CLI, the daemon and the TUI each listen in their own way."""

    def begin(self, what: str, total: int) -> None:
        """A step with ``total`` parts begins."""

    def advance(self, parts: int = 1) -> None:
        """Parts of the step are done."""

    def end(self) -> None:
        """The step is over."""


class Silence:
    """A reporter for nobody."""

    def begin(self, what: str, total: int) -> None: ...

    def advance(self, parts: int = 1) -> None: ...

    def end(self) -> None: ...


def _now() -> datetime:
    return datetime.now(UTC)


def _lease() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Link:
    """A repository and one of its remotes. Time and chance come in through it, so that a simulation can replay them."""

    repo: Repository
    remote: RemoteConfig
    cache: Cache
    journal: Journal
    reporter: Reporter
    owner: str  # whose folder it is, the author of what Studio saves
    validation: Settings = field(default_factory=Settings)
    now: Callable[[], datetime] = _now
    new_lease: Callable[[], str] = _lease

    @property
    def tracking_prefix(self) -> str:
        """Returns where the remote's tracking refs lie."""
        return f"refs/remotes/{self.remote.name}/"

    @property
    def base_prefix(self) -> str:
        """Returns where the remote's bases lie."""
        return f"refs/flowsync/{self.remote.name}/"

    def tracking_ref(self, flow: FlowName) -> str:
        """Returns the ref of what the share held when last observed."""
        return self.tracking_prefix + to_ref(flow)

    def base_ref(self, flow: FlowName) -> str:
        """Returns the ref of what both sides were last seen to hold."""
        return self.base_prefix + to_ref(flow)

    def kept_ref(self, flow: FlowName, commit: str) -> str:
        """Returns the ref that keeps a tracking commit which its successor does not contain."""
        return f"refs/flowsync/kept/{self.remote.name}/{to_ref(flow)}/{commit[:12]}"

    def flows_below(self, prefix: str, merged_into: str | None = None) -> dict[FlowName, str]:
        """Returns the flows that have a ref below ``prefix``, with its commit."""
        return {from_ref(name): sha for name, sha in self.repo.refs.below(prefix, merged_into).items()}

    def refs(self) -> tuple[str | None, dict[FlowName, str], dict[FlowName, str]]:
        """Returns the branch's tip, the tracking refs and the bases, as they are at one moment."""
        branch = f"refs/heads/{self.remote.branch}"
        found = self.repo.refs.matching(branch, self.tracking_prefix, self.base_prefix)
        tracking, base = (
            {from_ref(name[len(prefix) :]): sha for name, sha in found.items() if name.startswith(prefix)}
            for prefix in (self.tracking_prefix, self.base_prefix)
        )
        return found.get(branch), tracking, base

    def flow_tree(self, commit: str | None, flow: FlowName) -> str | None:
        """Returns the id of the flow's folder in a commit, or None."""
        if commit is None:
            return None
        return self.repo.objects.folder(commit, self.remote.folder(flow))

    @property
    def memory(self) -> Remembered:
        """Returns what is remembered of the remote's workspace."""
        return Remembered(self.repo.state_dir, self.remote.name)

    def chosen(self, flows: frozenset[FlowName]) -> Callable[[FlowName], bool]:
        """Returns the predicate of which flows a command is about; no name means all."""
        return lambda flow: not flows or flow in flows
