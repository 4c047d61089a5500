"""Performs the guarded orders of requests (``guard``) on Azure Files, and remembers what must be undone at the end."""

import asyncio
import hashlib
import io
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, assert_never

from flowsync.errors import ShareError
from flowsync.share import guard
from flowsync.share.azure_files import RANGE, Files
from flowsync.share.azure_loop import side_by_side
from flowsync.share.azure_read import digest, read
from flowsync.share.base import TEMPORARIES, Failed, Outcome, Put, Version
from flowsync.share.codes import Why, concerns_share, why
from flowsync.share.debts import Debts

_LARGE_SIDE_BY_SIDE = 2
_RANGES_SIDE_BY_SIDE = 4


@dataclass(frozen=True, slots=True)
class Body:
    """A put's content: in memory, or (above 4 MiB) a reader."""

    content: bytes
    reader: BinaryIO | None

    @classmethod
    def of(cls, put: Put) -> "Body":
        """Opens a put's content, in the caller's thread."""
        source = put.open()
        if put.size > guard.INLINE_LIMIT:
            return cls(b"", source)
        with source:
            content = source.read()
        if len(content) != put.size:
            raise _wrong_size(put, len(content))
        return cls(content, None)

    async def digest(self) -> bytes:
        """Returns the digest of the content."""
        if self.reader is None:
            return hashlib.sha256(self.content).digest()
        self.reader.seek(0)
        return await asyncio.to_thread(digest, self.reader)

    def close(self) -> None:
        """Closes the reader."""
        if self.reader is not None:
            self.reader.close()


class Writer:
    """Writes and removes below one folder of a share. ``root`` is that folder, with a final slash or empty."""

    def __init__(self, files: Files, root: str) -> None:
        self._ready = False  # the folder for temporaries is there
        self._debts = Debts()
        self._files = files
        self._root = root
        self._making = asyncio.Lock()
        self._large = asyncio.Semaphore(_LARGE_SIDE_BY_SIDE)

    async def run(self, path: str, steps: guard.Steps, body: Body | None) -> Outcome:
        """Drives one order of requests to its outcome; raises what concerns the whole share, once it is undone."""
        broken: ShareError | None = None
        reply: guard.Reply = None
        try:
            while True:
                reply = await self._perform(steps.send(reply), body)
                if isinstance(reply, guard.Refused) and concerns_share(reply.error):
                    broken = broken or reply.error
        except StopIteration as end:
            outcome: Outcome = end.value
        finally:
            if body is not None:
                body.close()
        if broken and isinstance(outcome, Failed):
            raise broken
        return outcome

    async def make_temporaries(self) -> None:
        """Makes the folder for temporaries, once."""
        async with self._making:
            if not self._ready:
                await self.make_folder(TEMPORARIES)
                self._ready = True

    async def make_folder(self, path: str) -> None:
        """Makes one folder, and those above it if they are not there."""
        try:
            await self._files.make_folder(self._root + path)
        except ShareError as error:
            parent = path.rpartition("/")[0]
            if why(error) is Why.MISSING and parent and not concerns_share(error):
                await self.make_folder(parent)
                await self.make_folder(path)
            elif why(error) is not Why.EXISTS:
                raise

    async def rename_folder(self, source: str, target: str) -> bool:
        """Renames a folder, and tells whether it did; a folder keeps its id, which settles a lost reply."""
        before = await self._folder_id(source)
        if before is None:
            return False
        try:
            await self._files.rename_folder(self._root + source, self._root + target)
        except ShareError as refused:
            if await self._folder_id(target) == before:
                return True
            if why(refused) not in (Why.EXISTS, Why.MISSING):
                raise
            return False
        return True

    async def _folder_id(self, path: str) -> str | None:
        try:
            return await self._files.folder_id(self._root + path)
        except ShareError as error:
            if concerns_share(error) or why(error) not in (Why.MISSING, Why.KIND):
                raise
            return None  # nothing is there, or a file

    async def remove_folder(self, path: str) -> None:
        """Removes one folder if it is there and empty."""
        try:
            await self._files.remove_folder(self._root + path)
        except ShareError as error:
            if why(error) not in (Why.MISSING, Why.EXISTS) or concerns_share(error):
                raise

    async def release(self, path: str, lease: str) -> None:
        """Gives back a lease that a run which died may have left."""
        await self._perform_or_raise(guard.Release(path, lease))

    async def discard(self, path: str) -> None:
        """Deletes a temporary that a run which died may have left."""
        await self._perform_or_raise(guard.Delete(path))

    def are_gone(self, temporaries: Iterable[str]) -> None:
        """Notes temporaries that a look did not find: they were deleted, though no reply said so."""
        self._debts.are_gone(temporaries)

    def owed(self) -> dict[str, str]:
        """Returns the leases and temporaries that may be left, with their lease ids."""
        return self._debts.owed()

    async def finish(self) -> None:
        """Gives back all leases and deletes all temporaries that are left, trying each only once.

        What cannot be undone now is undone by the next run: its journal names both, by the lease id.
        """
        self._files.wire.hurried = True
        await asyncio.gather(*(self._perform(request, None) for request in self._debts.payments()))
        if self._ready:
            with suppress(ShareError):
                await self.remove_folder(TEMPORARIES)

    async def _perform_or_raise(self, request: guard.Request) -> None:
        reply = await self._perform(request, None)
        if isinstance(reply, guard.Refused) and reply.why is Why.LOST:
            raise reply.error

    async def _perform(self, request: guard.Request, body: Body | None) -> guard.Reply:
        self._debts.before(request)
        try:
            reply = await self._effect(request, body)
        except ShareError as error:
            reply = guard.Refused(why(error), error)
        self._debts.after(request, reply)
        return reply

    async def _effect(self, request: guard.Request, body: Body | None) -> guard.Reply:
        files, path = self._files, self._root + request.path
        match request:
            case guard.Acquire():
                await files.acquire(path, request.lease)
            case guard.Release():
                await files.release(path, request.lease)
            case guard.Wait():
                await files.wire.wait(request.tries)
            case guard.Look():
                return await files.look(path)
            case guard.Create():
                assert body is not None
                return await self._create(request, path, body)
            case guard.Rename():
                return await files.rename(
                    self._root + request.source, path, request.size, request.lease, request.carried
                )
            case guard.Delete():
                await files.delete(path, request.lease)
            case guard.Compare():
                assert body is not None
                return await self._compare(path, body)
            case guard.MakeTemporaries():
                self._ready = False
                await self.make_temporaries()
            case _:
                assert_never(request)
        return None

    async def _create(self, request: guard.Create, path: str, body: Body) -> Version:
        if request.lease is None:
            await self.make_temporaries()
        if body.reader is not None:
            async with self._large:
                return await self._upload(request.put, path, body.reader)
        if self._files.bodies or request.lease is not None:
            return await self._files.create(path, request.put.size, body.content, request.lease)
        return await self._upload(request.put, path, io.BytesIO(body.content))

    async def _upload(self, put: Put, path: str, reader: BinaryIO) -> Version:
        """Fills a temporary range by range, with a few of them in memory."""
        version = await self._files.create(path, put.size)
        reader.seek(0)
        slots = asyncio.Semaphore(_RANGES_SIDE_BY_SIDE)

        async def send(start: int, piece: bytes) -> None:
            try:
                await self._files.put_range(path, start, piece)
            finally:
                slots.release()

        start = 0
        async with side_by_side() as group:
            while True:
                await slots.acquire()
                piece = await asyncio.to_thread(reader.read, RANGE)
                if not piece:
                    break
                if start + len(piece) > put.size:
                    raise _wrong_size(put, start + len(piece))
                group.create_task(send(start, piece))
                start += len(piece)
        if start != put.size:
            raise _wrong_size(put, start)
        return version

    async def _compare(self, path: str, body: Body) -> guard.Compared:
        version, data = await read(self._files, path, None)
        with data:
            theirs = await asyncio.to_thread(digest, data)
        return guard.Compared(version, theirs == await body.digest())


def _wrong_size(put: Put, size: int) -> ShareError:
    return ShareError(f"The new content of {put.path} has {size} bytes, not the {put.size} announced.")
