"""A person's commands, as the engine runs them."""

from typing import Any

from flowsync.config import Mode
from flowsync.daemon import pauses as pausing
from flowsync.daemon.board import Board
from flowsync.daemon.clock import Clock
from flowsync.daemon.hands import Hands
from flowsync.daemon.inbox import Inbox, Job
from flowsync.daemon.kept_share import Cancelled, Gate
from flowsync.daemon.outlook import Outlook
from flowsync.daemon.pace import Pace
from flowsync.daemon.passes import Passes
from flowsync.daemon.place import Place
from flowsync.daemon.quiet import Rumour
from flowsync.errors import FlowsyncError
from flowsync.sync.asked import TRANSFERS
from flowsync.sync.settle import settled_json
from flowsync.sync.shown import result_json, results_json


class Jobs:
    """Does one job after the other."""

    def __init__(
        self,
        place: Place,
        hands: Hands,
        inbox: Inbox,
        board: Board,
        gate: Gate,
        pace: Pace,
        outlook: Outlook,
        passes: Passes,
        clock: Clock,
    ) -> None:
        self._place, self._hands, self._inbox, self._board, self._gate = place, hands, inbox, board, gate
        self._pace, self._outlook, self._passes, self._clock = pace, outlook, passes, clock

    def do_next(self) -> None:
        """Does the next job; its failure is its own, and told to whoever asked."""
        job = self._inbox.job()
        if job is None:
            return
        self._gate.begin(job.cancelled, forced=True)
        self._hands.watcher = job.progress
        try:
            self._gate.check()
            job.result = self._do(job)
        except BaseException as error:
            job.error = error
            if not isinstance(error, FlowsyncError | OSError) or self._inbox.stopping.is_set():
                raise
        finally:
            self._gate.end()
            self._hands.watcher = None
            job.done.set()

    def refuse_all(self) -> None:
        """Tells whoever still waits that the daemon stops."""
        for job in self._inbox.drain():
            job.error = Cancelled("the daemon stops", "flowsync daemon start")
            job.done.set()

    def _do(self, job: Job) -> Any:
        if job.name in TRANSFERS:
            return self._transfer(job)
        if job.name == "status":
            self._passes.refresh()
            return self._board.flows
        if job.name in ("resolve", "discard", "restore"):
            return self._decide(job)
        if job.name == "mode":
            mode = job.arguments.get("mode")
            self._hands.switch(job.arguments.get("flows", []), Mode(mode) if mode else None)
            self._inbox.hear(Rumour.ANYTHING)
            return self._hands.modes()
        return self._pause(job)

    def _transfer(self, job: Job) -> Any:
        results = self._hands.command(job.name, job.arguments)
        if not job.arguments.get("dry_run"):
            self._passes.done(job.name, results)
            self._passes.refresh()
            if not job.arguments.get("flows"):
                self._pace.looked(self._passes.flows, self._clock.monotonic())
            self._inbox.hear(Rumour.REFS)  # what it left undone is ours to finish: a fetch lands nothing
        return [result_json(result) for result in results]

    def _decide(self, job: Job) -> Any:
        """Does to one flow what a person decided."""
        flow, wanted = job.arguments["flow"], job.arguments
        if job.name == "resolve":
            done = self._hands.settle(flow, wanted["how"], wanted["sides"])
            result, said = done.result, settled_json(self._hands.link, done, dry_run=False)
        else:
            if job.name == "discard":
                result = self._hands.discard(flow, wanted["paths"])
            else:
                result = self._hands.restore(flow, wanted["at"], wanted["commit"])
            said = results_json([result], dry_run=False)
        self._passes.done(job.name, [result])
        self._passes.refresh()
        return said

    def _pause(self, job: Job) -> Any:
        flows, end = job.arguments.get("flows", []), job.arguments.get("until")
        known = pausing.load(self._place.pauses).at(self._clock.wall())
        new = known.with_pause(flows, end or pausing.FOREVER) if job.name == "pause" else known.without(flows)
        pausing.save(self._place.pauses, new)
        self._outlook.refresh(self._place, self._clock.wall(), self._clock.monotonic(), force=True)
        self._inbox.hear(Rumour.ANYTHING)
        return pausing.to_json(new)
