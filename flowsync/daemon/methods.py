"""What a client can ask the daemon. One row per method; docs/ipc.md describes each."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any

from flowsync import __version__
from flowsync.config import load
from flowsync.daemon.board import Board
from flowsync.daemon.client import PROTOCOL
from flowsync.daemon.inbox import Inbox, Job
from flowsync.daemon.logs import earlier, listen
from flowsync.daemon.place import Place
from flowsync.daemon.quiet import Rumour
from flowsync.daemon.reader import Reader
from flowsync.daemon.stamp import stamp
from flowsync.daemon.viewing import discarding, number_in, reading, restoring, settling, text_in
from flowsync.errors import FlowsyncError, UsageError
from flowsync.sync.asked import TRANSFERS

Notify = Callable[[str, dict[str, Any]], None]
Handler = Callable[["Session", Any, dict[str, Any]], Any]
_EARLIER = 500  # lines of the log from before this daemon
_MODES = ("observe", "pull", "sync", "live")


class Session:
    """What the daemon knows of one connection: its subscription, and its commands under way."""

    def __init__(self, notify: Notify) -> None:
        self.notify = notify
        self.jobs: dict[Any, Job] = {}
        self.unsubscribe: Callable[[], None] = lambda: None

    def end(self) -> None:
        """Ends the subscription. Commands go on: hanging up is no way to stop one."""
        self.unsubscribe()


class Methods:
    """The methods, over the inbox and the board."""

    def __init__(
        self,
        place: Place,
        remote: str,
        inbox: Inbox,
        board: Board,
        stop: Callable[[], None],
        metrics: Callable[[], str],
    ) -> None:
        self._remote = remote
        self._place, self._inbox, self._board, self._stop, self._metrics = place, inbox, board, stop, metrics
        self._reader = Reader(place, remote)
        board.recall(earlier(place.log, _EARLIER))
        self._log_no_more = listen(board.emit)
        self.table: dict[str, Handler] = {
            "state": self._state,
            "status": self._status,
            "subscribe": self._subscribe,
            "command": self._command,
            "cancel": self._cancel,
            "pause": lambda session, number, params: self._run(session, number, "pause", _pause(params)),
            "resume": lambda session, number, params: self._run(session, number, "resume", _pause(params)),
            "mode": self._mode,
            "resolve": self._resolve,
            "discard": self._discard,
            "restore": self._restore,
            "nudge": self._nudge,
            "log": self._log,
            "metrics": lambda session, number, params: self._metrics(),
            "stop": self._end,
        }
        self.table.update({name: _for_anyone(read) for name, read in reading(self._reader).items()})

    def close(self) -> None:
        """Lets go of what was opened for reading, and of the log."""
        self._log_no_more()
        self._reader.close()

    def hello(self) -> dict[str, Any]:
        """Returns the answer to a client's hello."""
        repository = str(self._place.root)
        who = {"flowsync": __version__, "pid": os.getpid()}
        return {"version": PROTOCOL, **who, "repository": repository, "remote": self._remote, "first": self._first()}

    def _first(self) -> bool:
        """Tells whether this is the remote that is meant where none is named."""
        try:
            return load(self._place.root).remote(None).name == self._remote
        except (FlowsyncError, OSError):  # which whoever asks finds out as well
            return True

    def _state(self, session: Session, number: Any, params: dict[str, Any]) -> Any:
        return {**self.hello(), **self._board.snapshot(), "now": round(time.time(), 3)}

    def _status(self, session: Session, number: Any, params: dict[str, Any]) -> Any:
        """Answers from what is published if nothing has moved since; else the engine looks again."""
        found = self._board.flows
        if found is None or not self._board.snapshot().get("settled") or self._board.stamp != stamp(self._place):
            return self._run(session, number, "status", {})
        return found

    def _subscribe(self, session: Session, number: Any, params: dict[str, Any]) -> Any:
        kinds = set(params.get("kinds") or ())
        session.unsubscribe()

        def tell(event: dict[str, Any]) -> None:
            if not kinds or event["kind"] in kinds:
                session.notify("event", event)

        session.unsubscribe = self._board.listen(tell)
        return {"subscribed": sorted(kinds)}

    def _command(self, session: Session, number: Any, params: dict[str, Any]) -> Any:
        if params.get("name") not in TRANSFERS:
            raise UsageError(f"{params.get('name')!r} is no command", ", ".join(TRANSFERS))
        return self._run(session, number, params["name"], params)

    def _run(self, session: Session, number: Any, name: str, params: dict[str, Any]) -> Any:
        job = Job(name, params, _progress(session, number))
        session.jobs[number] = job
        try:
            self._inbox.add(job)
            job.done.wait()
        finally:
            del session.jobs[number]
        if job.error is None:
            return job.result
        if isinstance(job.error, FlowsyncError):
            raise job.error
        raise RuntimeError(f"{type(job.error).__name__}: {job.error}") from job.error

    def _cancel(self, session: Session, number: Any, params: dict[str, Any]) -> Any:
        job = session.jobs.get(params.get("id"))
        if job is not None:
            job.cancelled.set()
        return {"cancelled": job is not None}

    def _mode(self, session: Session, number: Any, params: dict[str, Any]) -> Any:
        if params.get("mode") not in (None, *_MODES):
            raise UsageError(f"{params.get('mode')!r} is no mode", ", ".join(_MODES))
        return self._run(session, number, "mode", params)

    def _resolve(self, session: Session, number: Any, params: dict[str, Any]) -> Any:
        """A rehearsal only reads; what is to be committed waits for its turn."""
        wanted = settling(params)
        if params.get("dry_run"):
            return self._reader.ask(lambda views: views.settled(wanted["flow"], wanted["how"], wanted["sides"]))
        return self._run(session, number, "resolve", wanted)

    def _discard(self, session: Session, number: Any, params: dict[str, Any]) -> Any:
        wanted = discarding(params)
        if params.get("dry_run"):
            return self._reader.ask(lambda views: views.discarded(wanted["flow"], wanted["paths"]))
        return self._run(session, number, "discard", wanted)

    def _restore(self, session: Session, number: Any, params: dict[str, Any]) -> Any:
        wanted = restoring(params)
        if params.get("dry_run"):
            return self._reader.ask(lambda views: views.restored(wanted["flow"], wanted["at"]))
        return self._run(session, number, "restore", wanted)

    def _nudge(self, session: Session, number: Any, params: dict[str, Any]) -> Any:
        self._board.count(nudges=1)
        self._inbox.hear(Rumour.ANYTHING)
        return {}

    def _log(self, session: Session, number: Any, params: dict[str, Any]) -> Any:
        after, most = number_in(params, "after", 0), number_in(params, "limit", 500)
        return {"lines": self._board.lines(after, max(most, 1), text_in(params, "flow", ""))}

    def _end(self, session: Session, number: Any, params: dict[str, Any]) -> Any:
        threading.Timer(0.05, self._stop).start()  # after the answer is out
        return {}


def _for_anyone(read: Callable[[dict[str, Any]], Any]) -> Handler:
    return lambda session, number, params: read(params)


def _progress(session: Session, number: Any) -> Callable[[str, int, int], None]:
    return lambda what, done, total: session.notify(
        "progress", {"id": number, "what": what, "done": done, "total": total}
    )


def _pause(params: dict[str, Any]) -> dict[str, Any]:
    flows, until = params.get("flows", []), params.get("until")
    if not isinstance(flows, list) or not (until is None or isinstance(until, int | float)):
        raise UsageError("a pause takes a list of flows, and until when in seconds since 1970")
    return {"flows": [str(flow) for flow in flows], "until": until}
