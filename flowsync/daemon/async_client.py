"""The client of the daemon's socket for programs that run on asyncio, such as the terminal UI.

    async with AsyncDaemon(Path(".")) as daemon:
        print(await daemon.request("status"))
        async for event in daemon.events():  # for ever: it connects again when the daemon comes back
            ...

One connection carries requests and events. ``events`` keeps it: beside the daemon's own it yields an event of kind
``connected`` (with ``hello``) and one of kind ``disconnected`` (with ``error``, an exception that says why, ``attempt``
and ``again``, the seconds until the next). The protocol is in docs/ipc.md.
"""

import asyncio
import contextlib
import json
import os
import random
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from flowsync.daemon.client import (
    LONGEST_LINE,
    NOBODY,
    Event,
    OtherVersion,
    address_of,
    greeting,
    line_of,
    refusal,
    result_of,
)
from flowsync.daemon.place import find
from flowsync.errors import DaemonError, FlowsyncError, RepositoryError

__all__ = ["AsyncDaemon", "NoDaemon", "OtherVersion"]
PATIENCE = 30.0  # seconds for an answer, unless a request says otherwise
_HELLO = 10.0
_FIRST, _LONGEST = 0.25, 5.0  # seconds between attempts to connect


class NoDaemon(DaemonError):
    """No daemon serves the repository."""

    def __init__(self) -> None:
        super().__init__("no daemon serves this repository", "flowsync daemon start")


class AsyncDaemon:
    """The daemon of the repository that ``start`` lies in, whether it runs just now or not."""

    def __init__(self, start: Path, name: str = "flowsync") -> None:
        self._start, self._name = start, name
        self._connecting = asyncio.Lock()
        self._wire: _Wire | None = None
        self._hurry = asyncio.Event()
        self.hello: dict[str, Any] = {}

    @property
    def connected(self) -> bool:
        """Tells whether there is a connection."""
        return self._wire is not None and not self._wire.ended.done()

    async def connect(self) -> dict[str, Any]:
        """Connects unless that is done, and returns the daemon's hello.

        NoDaemon if none runs, OtherVersion if it speaks another protocol, DaemonError if it cannot be talked to.
        """
        await self._up()
        return self.hello

    async def _up(self) -> "_Wire":
        async with self._connecting:
            if self._wire is None or self._wire.ended.done():
                await self._hang_up()
                self._wire, self.hello = await _connected(self._start, self._name)
            return self._wire

    async def request(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        timeout: float | None = PATIENCE,
        told: Callable[[Event], None] | None = None,
    ) -> Any:
        """Asks and returns the answer; ``told`` is called with the progress of a command.

        Errors are raised as the command line would raise them. A command whose task is cancelled, or whose time is up,
        is cancelled in the daemon, too.
        """
        await self.connect()
        assert self._wire is not None
        try:
            async with asyncio.timeout(timeout):
                return await self._wire.ask(method, params, told)
        except TimeoutError as error:
            raise DaemonError(
                f"the daemon did not answer within {timeout:g} seconds", "flowsync daemon logs"
            ) from error

    async def events(self, kinds: Sequence[str] = ()) -> AsyncIterator[Event]:
        """Yields the daemon's events (none named: of all kinds), through its restarts, until the caller has enough."""
        attempt = 0
        while True:
            try:
                wire = await self._up()
                await wire.ask("subscribe", {"kinds": list(kinds)}, None)
                attempt = 0
                yield {"kind": "connected", "hello": self.hello}
                while (event := await wire.event()) is not None:
                    yield event
                error: FlowsyncError = DaemonError("the daemon hung up", "flowsync daemon status")
            except FlowsyncError as refused:
                error = refused
            again = min(_FIRST * 2**attempt, _LONGEST) * random.uniform(0.8, 1.2)
            attempt += 1
            yield {"kind": "disconnected", "error": error, "attempt": attempt, "again": again}
            await self._rest(again)

    def hurry(self) -> None:
        """Lets ``events`` try to connect at once; for whoever has just started a daemon."""
        self._hurry.set()

    async def close(self) -> None:
        """Hangs up."""
        async with self._connecting:
            await self._hang_up()

    async def _rest(self, seconds: float) -> None:
        self._hurry.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), seconds)

    async def _hang_up(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def _connected(start: Path, name: str) -> tuple["_Wire", dict[str, Any]]:
    place = find(start)
    if place is None:
        raise RepositoryError(f"{start} is not in a Git repository", "git init")
    try:
        address = address_of(place)
        async with asyncio.timeout(_HELLO):
            wire = _Wire(*await _opened(address))
            try:
                return wire, await wire.ask("hello", greeting(name, address), None)
            except BaseException:
                await wire.close()
                raise
    except TimeoutError as error:
        raise DaemonError("the daemon does not answer", "flowsync daemon restart") from error
    except NOBODY as error:
        raise NoDaemon from error
    except OSError as error:
        raise refusal(error) from error


async def _opened(address: dict[str, Any]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if "port" in address:
        return await asyncio.open_connection("127.0.0.1", int(address["port"]), limit=LONGEST_LINE)
    return await asyncio.open_unix_connection(os.fspath(address["socket"]), limit=LONGEST_LINE)


class _Wire:
    """One connection: a task reads it, and hands out answers by their number and events in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._number = 0
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._told: dict[int, Callable[[Event], None]] = {}
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self.ended = asyncio.get_running_loop().create_task(self._read())

    async def ask(self, method: str, params: dict[str, Any] | None, told: Callable[[Event], None] | None) -> Any:
        """Sends a request and waits for its answer."""
        if self.ended.done():
            raise _hung_up()
        self._number += 1
        number = self._number
        self._asked[number] = asyncio.get_running_loop().create_future()
        if told:
            self._told[number] = told
        try:
            self._writer.write(line_of(number, method, params))
            await self._drain()
            return result_of(await self._asked[number])
        except asyncio.CancelledError:
            if method == "command" and not self.ended.done():
                self._number += 1
                self._writer.write(line_of(self._number, "cancel", {"id": number}))
            raise
        finally:
            self._asked.pop(number, None)
            self._told.pop(number, None)

    async def event(self) -> Event | None:
        """Returns the next event, None once the daemon has hung up."""
        return await self._events.get()

    async def close(self) -> None:
        """Hangs up and waits until all is let go."""
        self.ended.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.ended
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _drain(self) -> None:
        with contextlib.suppress(ConnectionError):  # what it said before it hung up is still to be read
            await self._writer.drain()

    async def _read(self) -> None:
        try:
            while (line := await self._reader.readline()).endswith(b"\n"):
                self._take(json.loads(line))
        except (OSError, ValueError):  # gone, or no daemon at all
            pass
        finally:
            for waiting in self._asked.values():
                if not waiting.done():
                    waiting.set_exception(_hung_up())
            self._events.put_nowait(None)

    def _take(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        if message.get("method") == "event":
            self._events.put_nowait(params)
        elif message.get("method") == "progress":
            if told := self._told.get(params.get("id")):
                told(params)
        elif (waiting := self._asked.get(message.get("id", 0))) and not waiting.done():
            waiting.set_result(message)


def _hung_up() -> DaemonError:
    return DaemonError("the daemon ended before it answered", "flowsync daemon status")
