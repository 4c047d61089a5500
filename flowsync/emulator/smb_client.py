"""The SMB neighbour as a test holds it: open, write without flushing, lock, delete, close, from any thread."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from flowsync.closing import Closing
from flowsync.emulator import names
from flowsync.emulator.service import Service
from flowsync.emulator.smb import Handle, Letters

Result = TypeVar("Result")


class SmbClient:
    """One client that has the account's shares mounted."""

    def __init__(self, service: Service, account: str, loop: asyncio.AbstractEventLoop) -> None:
        self._service, self._account, self._loop = service, account, loop

    def open(
        self, share: str, path: str, access: Letters = "rw", sharing: Letters = "rwd", flush_seconds: float = 0.0
    ) -> "SmbFile":
        """Opens an existing file or folder. ``flush_seconds`` is how long it takes to give up its cache when asked."""

        def act() -> Handle:
            found = self._service.store.share(self._account, share)
            place = found.tree.locate(names.split(path, True))
            handle = self._service.neighbours.open(found, place, path, access, sharing, self._service.clock)
            handle.flush_seconds = flush_seconds
            return handle

        return SmbFile(self, self._service, self.run(act))

    def run(self, act: Callable[[], Result]) -> Result:
        """Does something on the server's thread, between two requests, and returns what came of it."""

        async def once() -> Result:
            return act()

        return asyncio.run_coroutine_threadsafe(once(), self._loop).result()


class SmbFile(Closing):
    """One open handle. Closing it flushes."""

    def __init__(self, client: SmbClient, service: Service, handle: Handle) -> None:
        self._client, self._service, self._handle = client, service, handle

    def write(self, content: bytes, start: int = 0) -> None:
        """Writes into the client's cache: nobody else sees it until it is flushed."""
        self._client.run(lambda: self._handle.unflushed.__setitem__(start, content))

    def flush(self) -> None:
        """Sends what is cached to the server."""
        self._client.run(lambda: self._service.neighbours.flush(self._handle, self._service.clock))

    def lock(self, start: int, length: int) -> None:
        """Locks a range of bytes."""
        self._client.run(lambda: self._handle.locks.append((start, start + length - 1)))

    def unlock(self) -> None:
        """Gives up all locks."""
        self._client.run(self._handle.locks.clear)

    def delete_when_closed(self) -> None:
        """Marks the file for deletion: it is gone when the last handle is closed, and pending until then."""
        self._client.run(lambda: setattr(self._handle, "deletes", True))

    def close(self) -> None:
        """Flushes and closes."""
        self._client.run(lambda: self._service.neighbours.close(self._handle, self._service.clock))
