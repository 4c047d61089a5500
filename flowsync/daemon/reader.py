"""Answers what people look at, beside the engine: one thread with a link of its own, so that no look waits for a pass.

The link is opened when it is first needed, and let go when nobody has asked for a while, when the configuration has
changed, after an error, and after many answers: what it has read of the repository it keeps.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any, TypeVar

from flowsync.config import FILE
from flowsync.daemon.place import Place
from flowsync.errors import DaemonError, UsageError
from flowsync.repo.stamps import look
from flowsync.sync.opened import linked
from flowsync.sync.views import Views

_REST = 60.0  # seconds without a question
_GRACE = 0.3  # seconds for the answer under way when the daemon ends
_ANSWERS = 2000
T = TypeVar("T")
_Question = tuple[Callable[[Views], Any], "Future[Any]"]


class Reader:
    """Looks at one repository for whoever asks. Questions are answered in order."""

    def __init__(self, place: Place, remote: str | None) -> None:
        self._place, self._remote = place, remote
        self._questions: queue.Queue[_Question | None] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._open = ExitStack()
        self._views: Views | None = None
        self._config: object = None
        self._answered = 0

    def ask(self, find: Callable[[Views], T]) -> T:
        """Has something found out, and returns it; what goes wrong is raised here."""
        answer: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise DaemonError("the daemon stops", "flowsync daemon start")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="flowsync-reader", daemon=True)
                self._thread.start()
            self._questions.put((find, answer))
        return answer.result()

    def close(self) -> None:
        """Lets go of the repository once the questions that wait are answered."""
        with self._lock:
            self._closed = True
            self._questions.put(None)
        if self._thread is not None:
            self._thread.join(_GRACE)

    def _run(self) -> None:
        with self._open:
            while (question := self._next()) is not None:
                find, answer = question
                try:
                    answer.set_result(self._found(find))
                except BaseException as error:
                    answer.set_exception(error)

    def _found(self, find: Callable[[Views], Any]) -> Any:
        """Asks once more with a new link if one that was open before fails: a git process of it may have ended."""
        kept = self._views is not None
        try:
            return find(self._opened())
        except UsageError:
            raise
        except Exception:
            self._let_go()
            if not kept:
                raise
        return find(self._opened())

    def _next(self) -> _Question | None:
        if self._views is not None:
            try:
                return self._questions.get(timeout=_REST)
            except queue.Empty:
                self._let_go()
        return self._questions.get()  # without a link there is nothing to wake up for

    def _opened(self) -> Views:
        config = look(self._place.root / FILE)
        self._answered += 1
        if self._views is None or config != self._config or self._answered > _ANSWERS:
            self._let_go()
            self._views = Views(self._open.enter_context(linked(self._place.root, self._remote)))
            self._config = config
        return self._views

    def _let_go(self) -> None:
        self._views, self._answered = None, 0
        self._open.close()
