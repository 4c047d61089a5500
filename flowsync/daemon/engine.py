"""The engine: one thread that asks the agenda what comes next, has it done, and tells the board.

No failure of a pass ends it; whatever went wrong is published and tried again. Only the end of the repository does.
"""

import logging
import random
from collections.abc import Callable

from flowsync.daemon.agenda import NEVER, Situation, Step, next_step
from flowsync.daemon.board import Board, Health
from flowsync.daemon.broadcast import Broadcast
from flowsync.daemon.clock import Clock, Wakefulness
from flowsync.daemon.hands import Hands
from flowsync.daemon.inbox import Inbox
from flowsync.daemon.jobs import Jobs
from flowsync.daemon.kept_share import USED_UP, Cancelled, Gate
from flowsync.daemon.ledger import Ledger
from flowsync.daemon.outlook import Outlook
from flowsync.daemon.pace import Pace, Tempo
from flowsync.daemon.passes import Passes
from flowsync.daemon.place import Place
from flowsync.daemon.quiet import Rumour
from flowsync.daemon.reach import Reach
from flowsync.daemon.settings import DaemonSettings
from flowsync.daemon.trouble import judge
from flowsync.errors import DaemonError

_log = logging.getLogger("flowsync.daemon")
_CHECK = 60.0  # seconds between looks at what a watcher should have told
_REST = 20.0  # seconds after which an unused connection is closed


class Engine:
    """Runs until the inbox says stop."""

    def __init__(
        self,
        place: Place,
        hands: Hands,
        inbox: Inbox,
        board: Board,
        gate: Gate,
        settings: DaemonSettings,
        clock: Clock,
        watch_over: Callable[[str], None],
    ) -> None:
        """``watch_over`` is told, now and then, where the flows live."""
        self._place, self._hands, self._inbox, self._board = place, hands, inbox, board
        self._watch_over = watch_over
        self._clock = clock
        self._gate = gate
        self._ledger = Ledger(place.budget, clock)
        if gate.budget is not None:
            gate.budget = self._ledger.recall(gate.budget)
        hands.everybody = Broadcast(board.emit, clock.monotonic)
        self._pace = Pace(Tempo(settings.fastest_look, settings.sweep), random.random)
        self._awake = Wakefulness(clock)
        self._reach = Reach()
        self._outlook = Outlook(settings, self._pace, gate)
        self._passes = Passes(hands, inbox, board, gate, self._pace, self._outlook, clock, settings.new_flows)
        self._jobs = Jobs(place, hands, inbox, board, gate, self._pace, self._outlook, self._passes, clock)
        self._identity = _identity(place)
        self._check = clock.monotonic() + _CHECK
        self._rest = NEVER
        self._trouble = ""
        self._steps: dict[Step, Callable[[], None]] = {
            Step.JOB: self._jobs.do_next,
            Step.RUMOURS: self._passes.follow,
            Step.RETRY: self._passes.try_again,
            Step.LOOK: self._passes.look,
            Step.GLANCE: self._passes.glance,
            Step.PROBE: self._probe,
            Step.CHECK: self._safety,
            Step.REST: hands.hang_up,
        }
        self.failure: BaseException | None = None  # what ended the engine

    def run(self) -> None:
        """Works until it is told to stop."""
        self._inbox.hear(Rumour.ANYTHING)
        try:
            while not self._inbox.stopping.is_set():
                self._turn()
        except Cancelled:
            _log.info("stopped in the middle of a pass; the next run goes on from there")
        except BaseException as error:  # carried to the main thread, which ends the process with it
            self.failure = error
        finally:
            self._jobs.refuse_all()

    def _turn(self) -> None:
        now = self._clock.monotonic()
        if self._awake.slept():
            _log.info("time has passed unnoticed (sleep?); everything is looked at anew")
            self._hands.hang_up()
            self._passes.backoff.recovered()
            self._pace.hurry(now)
            self._inbox.hear(Rumour.ANYTHING)
        if self._outlook.refresh(self._place, self._clock.wall(), now):
            self._inbox.hear(Rumour.ANYTHING)
        step = next_step(self._situation(now), now)
        if isinstance(step, Step):
            self._take(step)
            return
        self._settle(now, step)
        self._awake.sleeping_until(step)
        self._inbox.sleep(step)

    def _situation(self, now: float) -> Situation:
        return Situation(
            jobs=self._inbox.jobs,
            rumours=self._inbox.due,
            retry=self._passes.retry_at,
            look=self._pace.due(),
            glance=self._passes.glance_at,
            backoff=self._passes.backoff.until,
            affordable=self._outlook.affordable(now),
            probe=self._reach.due,
            check=min(self._check, self._outlook.due),
            rest=self._rest if self._hands.connected else NEVER,
            paused=self._outlook.paused,
            looks_stopped=bool(self._outlook.looks_stopped),
        )

    def _take(self, step: Step) -> None:
        """Takes a step; what goes wrong in it is published and waited for."""
        if step in (Step.JOB, Step.LOOK):
            self._board.health(Health.WORKING)
        self._assert_there()
        try:
            self._steps[step]()
            if step in (Step.RUMOURS, Step.LOOK, Step.CHECK):
                self._watch_over(self._hands.link.remote.path)
            if step in (Step.LOOK, Step.JOB) and not self._passes.backoff.failures:
                self._recovered()
        except Cancelled:
            if self._inbox.stopping.is_set():
                raise
        except (_Gone, MemoryError):
            raise
        except Exception as error:  # a bug in one pass must not end what protects the person's work
            self._failed(error)
        finally:
            self._hands.end()
            self._ledger.keep(self._gate.budget)
        self._rest = self._clock.monotonic() + _REST

    def _recovered(self) -> None:
        if self._trouble:
            _log.info("it works again")
            self._trouble = ""
            self._reach.found()

    def _failed(self, error: Exception) -> None:
        self._assert_there()
        trouble = judge(error)
        now = self._clock.monotonic()
        known = trouble.detail == self._trouble
        self._trouble = trouble.detail
        self._passes.backoff.failed(now, trouble.at_least)
        self._passes.retry_at = self._passes.backoff.until
        if trouble.health is Health.OFFLINE:
            self._reach.lost(now)
        if trouble.reconnect:
            self._hands.hang_up()
        self._board.count(failures=1)
        self._board.health(trouble.health, trouble.detail, trouble.hint)
        if not known:
            _log.warning("%s", trouble.detail, exc_info=None if trouble.expected else error)
            self._board.emit("notice", about="error", title="flowsync", text=trouble.detail)

    def _probe(self) -> None:
        if self._reach.opened(self._hands.link.remote.share, self._clock.monotonic()):
            self._passes.backoff.recovered()
            self._pace.hurry(self._clock.monotonic())

    def _safety(self) -> None:
        if self._clock.monotonic() >= self._check:
            self._check = self._clock.monotonic() + _CHECK
            self._assert_there()
            self._passes.check()

    def _assert_there(self) -> None:
        """Ends the daemon if the repository was moved, deleted or replaced: this one serves another no more."""
        if _identity(self._place) != self._identity:
            raise _Gone(
                f"the repository {self._place.root} was moved or deleted", "flowsync daemon start, where it is now"
            )

    def _settle(self, now: float, until: float) -> None:
        """Publishes how it is doing, now that there is nothing to do for a while."""
        facts = self._outlook.facts(now, self._hands.requests)
        wall = self._clock.wall()
        affordable = self._outlook.affordable(now)
        next_look = max(self._pace.due(), self._passes.backoff.until, affordable)
        self._board.publish(next_look=None if next_look == NEVER else round(wall + next_look - now, 3), **facts)
        if self._outlook.paused:
            self._board.health(Health.PAUSED, "paused", "flowsync resume")
        elif not self._passes.looked and affordable > now and not self._trouble:
            self._board.health(Health.SAVING, *USED_UP)  # what the daemon before this one spent counts, too
        elif not self._trouble and (self._inbox.due is None or until > now + 1.0):
            self._board.health(Health.IDLE)
        self._board.publish(settled=self._inbox.due is None)


class _Gone(DaemonError):
    """There is nothing left to serve."""


def _identity(place: Place) -> tuple[int, int, int, int] | None:
    """Returns what tells this repository, and the lock in it, from any other."""
    try:
        folder, lock = place.common_dir.stat(), place.lock.stat()
    except OSError:
        return None
    return folder.st_dev, folder.st_ino, lock.st_dev, lock.st_ino
