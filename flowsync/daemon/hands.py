"""What the daemon does to the repository and the share: everything here runs in the engine's thread.

The link and the connection are kept between passes; both are opened anew when they may be outdated.
"""

import dataclasses
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from flowsync.config import Mode, RemoteConfig, load
from flowsync.core.plan import BOTH, TO_LAND, TO_PUSH, Hold, State
from flowsync.core.tree import FlowName
from flowsync.daemon.broadcast import Broadcast
from flowsync.daemon.kept_share import Gate, KeptShare
from flowsync.daemon.place import Place
from flowsync.daemon.stamp import Stamp, stamp
from flowsync.errors import ShareError
from flowsync.repo.neighbours import git_at_work
from flowsync.sync.alone import alone
from flowsync.sync.asked import transfer
from flowsync.sync.conductor import Conductor
from flowsync.sync.discard import discard
from flowsync.sync.link import Link
from flowsync.sync.live import LiveCommit, commit_live
from flowsync.sync.opened import linked
from flowsync.sync.result import Did, Result
from flowsync.sync.settle import Settled, Settlement, resolve, restore
from flowsync.sync.status import Status, status

_PASSES_PER_LINK = 200  # what a link remembers of objects is let go now and then
_CONCURRENCY = 16
_ACTIONABLE = TO_LAND | TO_PUSH | BOTH


class Hands:
    """The link, the share, and the passes over them."""

    def __init__(self, place: Place, remote: str | None, gate: Gate) -> None:
        self._place, self._remote, self._gate = place, remote, gate
        self.watcher: Callable[[str, int, int], None] | None = None  # who follows the present command's progress
        self.everybody: Broadcast | None = None
        self.unsettled: list[FlowName] = []  # flows that the last look found in the middle of a save
        self.not_served: list[str] = []  # other remotes of the repository
        self._about: list[str] = []  # the flows of the present pass, none for all
        self._what, self._parts, self._total = "", 0, 0
        self._modes: dict[str, Mode] = {}
        self._open = ExitStack()
        self._link: Link | None = None
        self._share: KeptShare | None = None
        self._passes = 0
        self._requests_before = 0

    def begin(self, what: str, total: int) -> None:
        """Takes in that a step begins; the engine reports to these three."""
        self._gate.check()
        self._what, self._parts, self._total = what, 0, total
        if self.everybody:
            self.everybody.begin(what, total, self._about)
        self.advance(0)

    def advance(self, parts: int = 1) -> None:
        """Takes in that parts of the step are done. Never fails: what was done must be written down."""
        self._parts += parts
        if self.watcher:
            self.watcher(self._what, self._parts, self._total)
        if self.everybody:
            self.everybody.at(self._parts)

    def end(self) -> None:
        """Takes in that the step is over, or the whole pass."""
        if self.everybody:
            self.everybody.end()

    @property
    def link(self) -> Link:
        """Returns the link, opened if need be."""
        if self._link is None:
            link = self._open.enter_context(linked(self._place.root, self._remote, self))
            self._link = dataclasses.replace(link, remote=self._with_modes(link.remote))
            self.not_served = [name for name in load(self._place.root).remotes if name != link.remote.name]
            self._passes = 0
        return self._link

    @property
    def requests(self) -> int:
        """Returns how many requests were made so far."""
        return self._requests_before + (self._share.requests if self._share else 0)

    def _with_modes(self, config: RemoteConfig) -> RemoteConfig:
        """Returns the configuration with the modes that were switched at run time."""
        whole = self._modes.get("*")
        flows = {} if whole else dict(config.flows)
        flows.update({FlowName(flow): mode for flow, mode in self._modes.items() if flow != "*"})
        return dataclasses.replace(config, mode=whole or config.mode, flows=flows)

    def switch(self, flows: Sequence[str], mode: Mode | None) -> None:
        """Switches modes until the daemon ends; None goes back to what is configured."""
        for flow in flows or ["*"]:
            if mode is None:
                self._modes.pop(flow, None)
            else:
                self._modes[flow] = mode
        if not flows and mode is None:
            self._modes.clear()
        self.reopen()

    def modes(self) -> dict[str, str]:
        """Returns the modes in force: the remote's under ``*``, and those of flows with their own."""
        remote = self.link.remote
        return {"*": remote.mode.value, **{flow: mode.value for flow, mode in remote.flows.items()}}

    def reopen(self) -> None:
        """Lets go of the link, so that the configuration is read again."""
        before = self._link.remote if self._link else None
        self._link = None
        self._open.close()
        if before is not None and self._share is not None and self.link.remote.share != before.share:
            self.hang_up()

    def hang_up(self) -> None:
        """Closes the connection to the share."""
        share, self._share = self._share, None
        if share is not None:
            share.end()
            self._requests_before += share.requests

    def interrupt(self) -> None:
        """Ends requests that hang; called from another thread when the daemon must stop."""
        if self._share is not None:
            self._share.end()

    def close(self) -> None:
        """Lets go of everything."""
        self.hang_up()
        self._link = None
        self._open.close()

    @property
    def connected(self) -> bool:
        """Tells whether a connection is kept."""
        return self._share is not None and self._share.is_open

    def _opener(self) -> KeptShare:
        if self._share is None:
            self._share = KeptShare(self.link.remote, os.environ, self._gate, _CONCURRENCY, self.link.repo.state_dir)
        return self._share

    def _conductor(self, flows: Collection[str]) -> Conductor:
        """Returns what runs the next pass, which is about these flows (none: all)."""
        self._about = sorted(flows)
        self._passes += 1
        if self._passes > _PASSES_PER_LINK:
            self.reopen()
        return Conductor(self.link, concurrency=_CONCURRENCY, opener=self._opener)

    def busy(self) -> Hold | None:
        """Returns what git is in the middle of, or None."""
        worktree = self.link.repo.worktree
        at = worktree.checkout(self.link.remote.branch)
        return (worktree.busy(at) or git_at_work(at.folder)) if at else None

    def tip(self) -> str | None:
        """Returns the branch's commit."""
        return self.link.repo.worktree.tip(self.link.remote.branch)

    def stamp(self) -> Stamp:
        """Returns what the repository's files look like now."""
        return stamp(self._place)

    def status(self) -> Status:
        """Tells where every flow stands; asks no share."""
        return status(self.link)

    def look(self, flows: Collection[str]) -> list[Result]:
        """Looks at the share; what moved there is landed, and pushed where both sides edited.

        While git is busy it is only looked at: a branch that moves would make a person's commit under way fail.
        """
        fetched = self._conductor(flows).fetch(sorted(flows))
        self.unsettled = [result.flow for result in fetched if result.did is Did.HELD]
        moved = [result.flow for result in fetched if result.did is Did.FETCHED]
        moved = [flow for flow in moved if self.link.remote.mode_of(flow) is not Mode.OBSERVE]
        return [*fetched, *(self._conductor(moved).sync(moved) if moved and not self.busy() else ())]

    def folders(self) -> frozenset[str]:
        """Returns the names of the folders that lie where flows lie; costs one request."""
        listing = self._opener().list([""])[""]
        if isinstance(listing, ShareError):
            raise listing
        return frozenset(listing.folders)

    def push(self, flows: Collection[str] = ()) -> list[Result]:
        """Writes what the branch is ahead in to the share; a flow whose push lost a race is synced."""
        pushed = self._conductor(flows).push(sorted(flows))
        stale = [result.flow for result in pushed if result.did is Did.STALE]
        return [*(one for one in pushed if one.did is not Did.STALE), *(self.sync(stale) if stale else ())]

    def sync(self, flows: Collection[str]) -> list[Result]:
        """Takes flows through both directions."""
        return self._conductor(flows).sync(sorted(flows)) if flows else []

    def live(self, flows: Collection[FlowName]) -> list[LiveCommit]:
        """Commits the saved edits of the flows whose mode is live."""
        chosen = [flow for flow in sorted(flows) if self.link.remote.mode_of(flow) is Mode.LIVE]
        if not chosen:
            return []
        with alone(self.link):
            return [commit_live(self.link, flow) for flow in chosen]

    def settle(self, flow: FlowName, how: Settlement, seen_as: Mapping[str, str | None] | None) -> Settled:
        """Settles a conflict for a person."""
        return resolve(self.link, flow, how, seen_as=seen_as)

    def discard(self, flow: FlowName, paths: Sequence[str]) -> Result:
        """Drops uncommitted edits for a person; a commit keeps them."""
        return discard(self.link, flow, paths)

    def restore(self, flow: FlowName, revision: str, commit: bool) -> Result:
        """Brings a flow back for a person."""
        return restore(self.link, flow, revision, commit=commit)

    def command(self, name: str, arguments: dict[str, Any]) -> list[Result]:
        """Runs fetch, pull, push or sync for a person."""
        return list(
            transfer(
                self.link,
                self._conductor(arguments.get("flows", [])),
                name,
                arguments.get("flows", []),
                arguments.get("accept_deletes", []),
                bool(arguments.get("dry_run")),
            )
        )


def actionable(found: Status, paused: Collection[str]) -> frozenset[FlowName]:
    """Returns the flows that could be synced right now: they differ, and nothing holds them."""
    return frozenset(
        row.flow
        for row in found.flows
        if row.state in _ACTIONABLE and row.state is not State.CONFLICT and row.hold is None and row.flow not in paused
    )
