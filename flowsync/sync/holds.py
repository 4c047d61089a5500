"""Why a flow must wait: uncommitted edits, Git at work, the mode, a look that was not believed, the brakes.

What a person allowed for one run is here too; whether sides differ is not (``survey``). Nothing here changes anything.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from flowsync.cache import Observation
from flowsync.config import Mode
from flowsync.core.ignore import never_syncs
from flowsync.core.plan import Hold, State, brake
from flowsync.core.tree import FlowName, Path
from flowsync.repo.worktree import Checkout
from flowsync.sync.includes import takes_in
from flowsync.sync.link import Link
from flowsync.sync.survey import Standing, ignoring, syncing

ACCEPT_WRITES = "flowsync doctor --accept-writes, if it takes them again"
A_MOMENT = 1.0  # seconds, for a git command that is about to end


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person has allowed for this run."""

    deletes: frozenset[FlowName] = frozenset()


def edited(link: Link, at: Checkout, only: FlowName | None = None) -> dict[FlowName, list[Path]]:
    """Returns the paths with uncommitted edits of every flow (or of one alone), without what never syncs."""
    prefix = link.remote.folder(only) if only else link.remote.path
    dirty: dict[FlowName, list[Path]] = {}
    for path in link.repo.worktree.dirty(at, prefix):
        flow, _, rest = (only, "", path) if only else path.partition("/")
        dirty.setdefault(FlowName(flow), []).append(Path(rest))
    tip = link.repo.worktree.tip(link.remote.branch) if dirty else None
    for flow, paths in list(dirty.items()):  # nothing that flowsync does can meet what never syncs
        ignored = ignoring(link, link.flow_tree(tip, flow))
        dirty[flow] = [path for path in paths if not never_syncs(path) and not ignored(path)]
    return dirty


class Holds:
    """Why flows must wait, asked once per run."""

    def __init__(
        self,
        link: Link,
        observations: Mapping[FlowName, Observation],
        renamed: Collection[FlowName] = (),
        patience: float = 0.0,
    ) -> None:
        """``renamed`` are flows that are gone under their name, and only under their name.

        ``patience`` is how long, in seconds, git may hold the index before it counts as busy.
        """
        self._link = link
        self.renamed = frozenset(renamed)
        self._observations = observations
        worktree = link.repo.worktree
        at = worktree.checkout(link.remote.branch)
        self.busy = worktree.busy(at, patience) if at else None
        self.dirty = edited(link, at) if at else {}
        self.read_only = link.memory.read_only()

    @cached_property
    def _tip(self) -> str | None:
        return self._link.repo.worktree.tip(self._link.remote.branch)

    def unsettled(self, flow: FlowName) -> Hold | None:
        """Returns why the last look at the flow was not believed, or None."""
        seen = self._observations.get(flow)
        return seen.hold if seen else None

    def to_land(self, standing: Standing, consent: Consent) -> Hold | None:
        """Returns why Studio's edits of this flow cannot come to the branch now, or None."""
        flow = standing.flow
        if self._link.remote.mode_of(flow) is Mode.OBSERVE:
            return Hold("its mode is observe", "set mode: pull or sync in .flowsync.yaml")
        if self.busy:
            return self.busy
        if hold := self.elsewhere(standing):
            return hold
        if hold := self.uncommitted(flow) or self.unsettled(flow):
            return hold
        deletes = standing.state is not State.CONFLICT
        return self.braked(standing, consent) if deletes else None

    def elsewhere(self, standing: Standing) -> Hold | None:
        """Returns why Studio's edits have no place of their own here, or None.

        A flow that takes files in from outside holds them as copies in Studio; an edit of a copy belongs to where it
        came from, which other flows may share.
        """
        flow = standing.flow
        if standing.remote_tree is None or not takes_in(self._link, self._link.flow_tree(self._tip, flow)):
            return None
        branch, ref = self._link.remote.branch, f"{self._link.remote.name}/{flow}"
        return Hold(
            "it was edited in Studio, and takes in files from elsewhere (additional_includes) that are copies there",
            f"git diff {branch} {ref}, commit the edit where it belongs, then flowsync resolve {flow} --ours",
        )

    def uncommitted(self, flow: FlowName) -> Hold | None:
        """Returns which edits of the flow are not committed, or None."""
        paths = self.dirty.get(flow)
        if not paths:
            return None
        folder = self._link.remote.folder(flow)
        return Hold(f"it has uncommitted edits ({few(paths)})", f"git commit or git stash -u what is in {folder}")

    def to_push(self, standing: Standing, consent: Consent) -> Hold | None:
        """Returns why the branch's edits of this flow cannot go to Studio now, or None."""
        if self._link.remote.mode_of(standing.flow) in (Mode.OBSERVE, Mode.PULL):
            return Hold(f"its mode is {self._link.remote.mode_of(standing.flow)}", "set mode: sync in .flowsync.yaml")
        if self.read_only:
            return Hold("Studio is read-only: prompt flow takes no changes any more", ACCEPT_WRITES)
        return self.busy or self.unsettled(standing.flow) or self.braked(standing, consent)

    def braked(self, standing: Standing, consent: Consent) -> Hold | None:
        """Returns why what the flow's plan deletes must be asked for, or None."""
        if standing.flow in consent.deletes or standing.flow in self.renamed:
            return None
        (base,) = syncing(self._link, standing.base_tree) if standing.base_tree else (None,)
        return brake(standing.flow, standing.decided, base, self._link.remote.max_deletes)


def few(paths: Sequence[Path]) -> str:
    """Returns the first few paths, for a sentence."""
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
