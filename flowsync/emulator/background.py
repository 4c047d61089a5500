"""A server in a thread of its own: started, waited for, stopped."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

Serve = Callable[["Background"], Awaitable[None]]


class Background:
    """Runs a coroutine in its own thread and loop; what fails before it is ready is raised where it was started."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._settled = threading.Event()
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._stop: asyncio.Event | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Starts and returns once the coroutine says that it is ready."""
        self._settled.clear()
        self._failure = None
        self._thread = threading.Thread(target=self.run, name="flowsync-emulator", daemon=True)
        self._thread.start()
        self._settled.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        """Lets the coroutine go on past ``until_stopped`` and waits for its end."""
        if self.loop is not None and self._stop is not None and self._thread is not None:
            self.loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
            self.loop = None

    async def until_stopped(self) -> None:
        """Says that the coroutine is ready, and waits until it is to end."""
        self.loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._settled.set()
        await self._stop.wait()

    def run(self) -> None:
        """Runs the coroutine to its end, in the thread that calls."""
        try:
            asyncio.run(self._whole())
        except BaseException as error:  # carried to the thread that waits in start()
            self._failure = error
        finally:
            self._settled.set()

    async def _whole(self) -> None:
        await self._serve(self)
