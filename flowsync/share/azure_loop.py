"""An event loop in one background thread, so that a synchronous caller can keep many requests in flight.

The caller's thread feeds jobs and takes results; what it may touch (Git, files) is touched in its own thread only. The
thread starts with the first job and ends with ``close``; nothing outlives it.
"""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")
Job = Callable[[], Coroutine[Any, Any, T]]

_GRACE = 5.0  # seconds for requests in flight to end by themselves when the caller has gone


class Loop:
    """Runs coroutines in a background thread, at most ``width`` of a stream at once."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def started(self) -> bool:
        """Tells whether the thread runs."""
        return self._loop is not None

    def run(self, job: Job[T]) -> T:
        """Runs one job and returns its result."""
        return asyncio.run_coroutine_threadsafe(job(), self._running()).result()

    def stream(self, jobs: Iterable[Job[T]]) -> Iterator[T]:
        """Yields results as they come. ``jobs`` is iterated here, never more than twice the width ahead of the results.

        If a job raises, no other is started, those in flight end and are yielded, and then it is raised.
        """
        return _Stream[T](self._running(), self._width).results(jobs)

    def close(self, last: Job[None]) -> None:
        """Cancels what still runs, runs one last job and ends the thread."""
        if self._loop is None or self._thread is None:
            return
        loop, self._loop = self._loop, None
        try:
            asyncio.run_coroutine_threadsafe(_end(last), loop).result()
        finally:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            loop.close()

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="flowsync-share", daemon=True)
            self._thread.start()
        return self._loop


class _Stream(Generic[T]):
    """One stream of jobs: started from the caller's thread, run in the loop's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, width: int) -> None:
        self._loop = loop
        self._ahead = 2 * width
        self._slots = asyncio.Semaphore(width)
        self._done: queue.SimpleQueue[asyncio.Task[T]] = queue.SimpleQueue()
        self._tasks: set[asyncio.Task[T]] = set()
        self._waiting: set[asyncio.Task[T]] = set()  # those without a slot yet
        self._started = 0
        self._failure: BaseException | None = None

    def results(self, jobs: Iterable[Job[T]]) -> Iterator[T]:
        try:
            for job in jobs:
                self._started += 1
                self._loop.call_soon_threadsafe(self._start, job)
                while self._started >= self._ahead or not self._done.empty():
                    yield from self._next()
                if self._failure:
                    break
            while self._started:
                yield from self._next()
        finally:
            self._settle()
        if self._failure:
            raise self._failure

    def _next(self) -> Iterator[T]:
        task = self._done.get()
        self._started -= 1
        if task.cancelled():
            return
        if error := task.exception():
            self._failure = self._failure or error
            self._loop.call_soon_threadsafe(self._cancel_waiting)
        else:
            yield task.result()

    def _settle(self) -> None:
        """Ends what is in flight when the caller stops early: by itself if it can, so that no lease is left behind."""
        if not self._started or self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._cancel_waiting)
        while self._started:
            try:
                task = self._done.get(timeout=_GRACE)
            except queue.Empty:
                self._loop.call_soon_threadsafe(self._cancel_all)
                task = self._done.get()
            self._started -= 1
            if not task.cancelled() and not task.exception() and hasattr(task.result(), "data"):
                task.result().data.close()  # type: ignore[attr-defined]

    def _start(self, job: Job[T]) -> None:
        task = self._loop.create_task(self._run(job))
        self._tasks.add(task)
        self._waiting.add(task)
        task.add_done_callback(self._finished)

    async def _run(self, job: Job[T]) -> T:
        async with self._slots:
            self._waiting.discard(cast("asyncio.Task[T]", asyncio.current_task()))
            return await job()

    def _finished(self, task: "asyncio.Task[T]") -> None:
        self._tasks.discard(task)
        self._done.put(task)

    def _cancel_waiting(self) -> None:
        for task in self._waiting & self._tasks:
            task.cancel()

    def _cancel_all(self) -> None:
        for task in self._tasks:
            task.cancel()


@asynccontextmanager
async def side_by_side() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group whose first failure is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _end(last: Job[None]) -> None:
    running = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await last()
    await asyncio.get_running_loop().shutdown_default_executor()
