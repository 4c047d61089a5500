"""The daemon as a process: takes the lock, starts the threads, ends them within two seconds of being asked."""

import logging
import os
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from flowsync import __version__
from flowsync.bell import Bell
from flowsync.config import load
from flowsync.daemon import settings as daemon_settings
from flowsync.daemon.board import Board, Health
from flowsync.daemon.budget import Budget
from flowsync.daemon.clock import SystemClock
from flowsync.daemon.engine import Engine
from flowsync.daemon.hands import Hands
from flowsync.daemon.inbox import Inbox
from flowsync.daemon.kept_share import Gate
from flowsync.daemon.lock import locked
from flowsync.daemon.logs import close_logs, open_logs
from flowsync.daemon.methods import Methods
from flowsync.daemon.metrics import prometheus
from flowsync.daemon.place import Place, find
from flowsync.daemon.quiet import Quiet, Rumour
from flowsync.daemon.registry import remember
from flowsync.daemon.server import Server
from flowsync.daemon.settings import DaemonSettings
from flowsync.daemon.teller import Teller
from flowsync.daemon.watching import Watching
from flowsync.errors import Exit, FlowsyncError, RepositoryError
from flowsync.share.location import AzureLocation, WorkspaceLocation, parse

_log = logging.getLogger("flowsync.daemon")
_PATIENCE = 2.0  # seconds for whoever holds the lock for a moment only
_GRACE = 1.2  # seconds for a pass to end by itself; requests that hang are ended then, and after as long again, all


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve."""

    remote: str | None = None
    tcp: bool = False  # instead of a Unix socket
    polling: bool = False  # instead of file events
    terminal: bool = True  # log to standard error too


def serve(start: Path, options: Options) -> int:
    """Serves the repository that ``start`` lies in until SIGTERM, SIGINT or a client's stop; returns the exit code."""
    place = find(start)
    if place is None:
        raise RepositoryError(f"{start} is not in a Git repository", "git init")
    with locked(place, _PATIENCE), ExitStack() as ends:
        open_logs(place.log, options.terminal)
        ends.callback(close_logs)
        running = _Daemon(place, options, daemon_settings.read(place.root), ends)
        return running.run()


class _Daemon:
    """The parts, put together."""

    def __init__(self, place: Place, options: Options, settings: DaemonSettings, ends: ExitStack) -> None:
        clock = SystemClock()
        self._place = place
        self._inbox = Inbox(clock, Quiet())
        self._board = Board()
        self._bell = Bell("SIGTERM", "SIGINT", "SIGHUP")
        ends.callback(self._bell.close)
        self._gate = Gate(None)
        self._gate.stopping = self._inbox.stopping
        self._hands = Hands(place, options.remote, self._gate)
        remote = load(place.root).remote(options.remote)
        if isinstance(parse(remote.share), AzureLocation | WorkspaceLocation):
            self._gate.budget = Budget.full(settings.requests_per_hour, clock.monotonic())
        teller = Teller(settings)
        ends.callback(teller.close)
        self._board.listen(teller.listen)
        methods = Methods(place, remote.name, self._inbox, self._board, self.ask_to_stop, self._metrics)
        server = Server(place, methods, options.tcp)
        ends.callback(server.close)
        self._watching = Watching(place, self._inbox.hear, self._board, "it was asked for" if options.polling else "")
        self._watching.over(remote.path)
        ends.callback(self._watching.stop)
        self._board.publish(started=clock.wall(), log=str(place.log))
        self._engine = Engine(
            place, self._hands, self._inbox, self._board, self._gate, settings, clock, self._watching.over
        )
        _log.info("flowsync %s serves %s (%s), process %d", __version__, place.root, remote.share, os.getpid())
        remember(place.root)

    def ask_to_stop(self) -> None:
        """Lets ``run`` end."""
        self._bell.ring()

    def run(self) -> int:
        """Runs until it is asked to stop, or the engine has failed."""
        thread = threading.Thread(target=self._run_engine, name="flowsync-engine", daemon=True)
        thread.start()
        while (signal := self._bell.wait()) == "SIGHUP":
            self._inbox.hear(Rumour.CONFIG)
        self._board.health(Health.STOPPING)
        _log.info("stopping%s", f" ({signal})" if signal else "")
        self._inbox.stop()
        thread.join(_GRACE)
        if thread.is_alive():
            # a request hangs: end it from here, and if that hangs too, leave; every step can be killed
            threading.Thread(target=self._hands.interrupt, daemon=True).start()
            thread.join(_GRACE / 2)
        if thread.is_alive():
            self._leave_at_once()
        return self._ended(self._engine.failure)

    def _run_engine(self) -> None:
        try:
            self._engine.run()
        finally:
            self._hands.close()
            self._bell.ring()

    def _leave_at_once(self) -> None:
        _log.warning("a pass did not end in time and is left where it is; the next run goes on from there")
        self._place.address.unlink(missing_ok=True)
        close_logs()
        sys.stderr.flush()
        os._exit(Exit.DONE)

    def _ended(self, failure: BaseException | None) -> int:
        if failure is None:
            _log.info("stopped")
            return Exit.DONE
        if isinstance(failure, FlowsyncError):
            _log.error("%s", failure.message)
            return failure.exit_code
        _log.error("this is a bug in flowsync", exc_info=failure)
        return Exit.BUG

    def _metrics(self) -> str:
        return prometheus(self._board.snapshot(), self._board.flows)
