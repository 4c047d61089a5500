"""The daemon's passes: what is done when rumours are due, when a look is due, when something was left undone.

Keeps what the next pass needs to know of the last one: the branch's tip, where the flows stood, which live edits wait.
Runs in the engine's thread; errors are the engine's to handle.
"""

import dataclasses
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from flowsync.config import Mode
from flowsync.core.ignore import may_hold
from flowsync.core.plan import Hold, State
from flowsync.core.tree import FlowName
from flowsync.daemon.agenda import NEVER
from flowsync.daemon.backoff import Backoff
from flowsync.daemon.board import Board, Health
from flowsync.daemon.clock import Clock
from flowsync.daemon.hands import Hands, actionable
from flowsync.daemon.inbox import Inbox
from flowsync.daemon.kept_share import Gate
from flowsync.daemon.outlook import Outlook
from flowsync.daemon.pace import Pace
from flowsync.daemon.quiet import Heard, Rumour
from flowsync.errors import UsageError
from flowsync.sync.observe import when
from flowsync.sync.result import Did, Result
from flowsync.sync.shown import result_json, status_json
from flowsync.sync.status import FlowStatus, Status

_log = logging.getLogger("flowsync.daemon")
_WAIT_FOR_GIT = 0.03  # seconds, at first: a commit that has just moved the branch is about to let go of the index
_AGAIN = 2.0
_TRIES = 6  # looks at a new folder that is no flow, before it is left to the sweep
_MOVED = frozenset({Did.FETCHED, Did.LANDED, Did.MERGED, Did.PUSHED})


class Passes:
    """The passes of one daemon."""

    def __init__(
        self,
        hands: Hands,
        inbox: Inbox,
        board: Board,
        gate: Gate,
        pace: Pace,
        outlook: Outlook,
        clock: Clock,
        glance_every: float,
    ) -> None:
        self._hands, self._inbox, self._board, self._gate = hands, inbox, board, gate
        self._pace, self._outlook, self._clock = pace, outlook, clock
        self.backoff = Backoff(random.random)
        self.retry_at = NEVER
        self.waits: dict[FlowName, Hold] = {}  # live edits that wait, and why
        self._tip: str | None = None
        self._status: Status | None = None
        self.looked = False  # at the share, since it was started
        self._busy = 0  # times in a row that git was
        self._glance_every = glance_every
        self.glance_at = clock.monotonic() + glance_every
        self._tries: dict[str, int] = {}

    @property
    def flows(self) -> list[FlowName]:
        """Returns the flows that are known."""
        return [row.flow for row in self._status.flows] if self._status else []

    def follow(self) -> None:
        """Follows what was heard of this repository, once git is at rest."""
        heard = self._inbox.rumours()
        if heard is None:
            return
        if heard.tells(Rumour.CONFIG):
            self._hands.reopen()
        if hold := self._hands.busy():
            self._inbox.postpone(heard, min(_WAIT_FOR_GIT * 2**self._busy, _AGAIN))
            self._busy = min(self._busy + 1, 10)
            self._board.health(Health.BUSY, hold.reason, hold.hint)
            return
        self._busy = 0
        committed = self._commit_live(heard)
        tip = self._hands.tip()
        if (committed or tip != self._tip) and self.looked and self.backoff.until <= self._clock.monotonic():
            unpaused = sorted(set(self.flows) - self._outlook.pauses.until.keys()) if self._outlook.pauses.until else ()
            self._tip = tip
            self._board.health(Health.WORKING)
            self.done("push", self._urgently(lambda: self._hands.push(unpaused)))
        self.refresh()
        if self.looked:
            self._finish_what_is_left()

    def _commit_live(self, heard: Heard) -> bool:
        """Commits settled edits of live flows; tells whether there is a new commit."""
        flows = set(heard.flows | self.waits.keys())
        unnamed = Rumour.FILES in heard.what and not heard.flows
        if self._has_live() and (unnamed or heard.tells(Rumour.CONFIG)):
            flows |= {row.flow for row in self._hands.status().flows if row.dirty}
        made = False
        for one in self._hands.live(flows - self._outlook.pauses.until.keys()):
            self.waits.pop(one.flow, None)
            if one.hold:
                self.waits[one.flow] = one.hold
                self.retry_at = min(self.retry_at, self._clock.monotonic() + 1.0)
            if one.commit:
                made = True
                self._active(one.flow)
                self._board.count(live_commits=1)
                self._board.emit("live", flow=one.flow, commit=one.commit, paths=list(one.paths))
                told = (one.flow, one.commit[:12], ", ".join(one.paths))
                _log.info("%s: committed %s: %s", *told, extra={"flow": one.flow})
        return made

    def _has_live(self) -> bool:
        remote = self._hands.link.remote
        return Mode.LIVE in (remote.mode, *remote.flows.values())

    def _active(self, flow: FlowName) -> None:
        now = self._clock.monotonic()
        self._pace.activity(flow, now, now)

    def _urgently(self, work: Callable[[], Sequence[Result]]) -> Sequence[Result]:
        self._gate.urgent = True
        try:
            return work()
        finally:
            self._gate.urgent = False

    def _finish_what_is_left(self) -> None:
        """Syncs flows that could be; what is still left undone is tried again later."""
        wanted = self._left()
        if wanted and self.backoff.until <= self._clock.monotonic() and not self._hands.busy():
            self.done("sync", self._urgently(lambda: self._hands.sync(wanted)))
            self.refresh()
            wanted = self._left()
        if wanted:
            self.retry_at = min(self.retry_at, max(self._clock.monotonic() + _AGAIN, self.backoff.until))

    def _left(self) -> frozenset[FlowName]:
        return actionable(self._status, self._outlook.pauses.until) if self._status else frozenset()

    def try_again(self) -> None:
        """Takes up what was left undone."""
        self.retry_at = NEVER
        self._inbox.hear(Rumour.FILES if self.waits else Rumour.REFS)

    def look(self) -> None:
        """Looks at the flows that are due, or sweeps the whole folder."""
        look = self._pace.take(self._clock.monotonic())
        if look is None:
            return
        sweep = not look.flows
        flows = look.flows - self._outlook.pauses.until.keys()
        before = self._hands.requests
        try:
            results = self._hands.look(flows) if flows or sweep else []
        except UsageError:
            if sweep:
                raise
            # a flow that is gone from both sides by now; a look at everything tells which, and what else there is
            self._pace.hurry(self._clock.monotonic())
            return
        finally:
            self._board.count(looks=1)
            self._outlook.cost(len(flows), self._hands.requests - before, sweep)
        self.looked = True
        now = self._clock.monotonic()
        self.done("look", results)
        for flow in self._hands.unsettled:  # whoever saves it is there now
            self._active(flow)
        self._hands.unsettled.clear()
        if sweep or results:
            self.refresh()
            self._finish_what_is_left()
        self._pace.looked(self.flows if sweep else look.flows, now, sweep)
        if sweep:
            self._seed(now)

    def glance(self) -> None:
        """Looks for new folders in Studio. One without a definition may get it in a moment, so it is tried again."""
        self.glance_at = self._clock.monotonic() + self._glance_every
        new = self._hands.folders() - set(self.flows)
        self._tries = {name: self._tries.get(name, 0) + 1 for name in new}
        for name in sorted(new):
            if self._tries[name] <= _TRIES and may_hold(name):
                with suppress(UsageError):  # no flow yet
                    self.done("look", self._hands.look([name]))
                    self.refresh()

    def _seed(self, now: float) -> None:
        """Tells the pace when each flow was last saved in Studio."""
        for row in self._status.flows if self._status else ():
            if row.last_write:
                self._pace.activity(
                    row.flow, now - max(0.0, self._clock.wall() - when(row.last_write).timestamp()), now
                )

    def check(self) -> None:
        """Looks at what a watcher should have told, in case it did not."""
        if self._hands.tip() != self._tip:
            self._inbox.hear(Rumour.REFS)
        if self._has_live():
            self._inbox.hear(Rumour.FILES)

    def refresh(self) -> None:
        """Finds out where every flow stands and publishes it."""
        seen = self._hands.stamp()  # before the look, so that what moves meanwhile is noticed
        found = self._hands.status()
        if self.waits:
            found = dataclasses.replace(found, flows=tuple(self._with_wait(row) for row in found.flows))
        self._status = found
        self._tip = self._tip or self._hands.tip()
        self._board.status(status_json(found), seen)
        served = {"remote": found.remote, "not_served": self._hands.not_served}
        self._board.publish(modes=self._hands.modes(), share=found.share, **served)

    def _with_wait(self, row: FlowStatus) -> FlowStatus:
        """Returns a row that says why a live edit waits, unless it says something else already."""
        wait = self.waits.get(row.flow)
        if wait is None or row.hold is not None or not row.dirty:
            return row
        return dataclasses.replace(row, state=State.HELD, hold=wait)

    def done(self, what: str, results: Iterable[Result]) -> None:
        """Takes in what a pass did."""
        told = list(results)
        now = self._clock.monotonic()
        self._board.count(passes=1, **{f"passes_{what}": 1})
        self._board.publish(last_cycle=round(self._clock.wall(), 3))
        for result in told:
            self._board.count(**{f"flows_{result.did.value}": 1})
            if result.did in _MOVED:
                self._active(result.flow)
            if result.did in (Did.STALE, Did.FAILED):
                self.retry_at = min(self.retry_at, now + _AGAIN)
            if result.did is not Did.FETCHED:
                reason = f": {result.hold.reason}" if result.hold else ""
                said = (result.flow, result.did.value, reason, result.commit[:12])
                _log.info("%s: %s%s %s", *said, extra={"flow": result.flow})
        if told:
            self._board.emit("result", what=what, results=[result_json(result) for result in told])
        self.backoff.recovered()
