"""Reading whole files from Azure Files: the bytes, and the version of exactly these bytes."""

import asyncio
import hashlib
import io
import tempfile
from typing import BinaryIO, cast

from flowsync.errors import ShareUnavailable
from flowsync.share.azure_files import Files
from flowsync.share.azure_loop import side_by_side
from flowsync.share.base import Version

SINGLE = 32 * 1024 * 1024
"""Largest file that is read by one request, whose bytes and ETag belong together."""

_IN_MEMORY = 4 * 1024 * 1024
_RANGE = 8 * 1024 * 1024
_SIDE_BY_SIDE = 4
_TRIES = 3


async def read(files: Files, path: str, known: Version | None) -> tuple[Version, BinaryIO]:
    """Returns a file's version and content, positioned at the start; above 4 MiB it lies in a temporary file."""
    if known is not None and known.size == 0:
        return known, io.BytesIO()
    # whoever gets the content closes it
    data = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115
    try:
        version = await _read_into(files, path, data)
    except BaseException:
        data.close()
        raise
    data.seek(0)
    return version, data


def digest(data: BinaryIO) -> bytes:
    """Returns the digest of what is left to read."""
    return hashlib.file_digest(data, "sha256").digest()  # type: ignore[arg-type]


async def _read_into(files: Files, path: str, data: BinaryIO) -> Version:
    for _ in range(_TRIES):
        first = await files.read(path, 0, SINGLE, data)
        size = first.version.size
        data.truncate(size)
        if size <= SINGLE:
            return first.version
        if await _read_rest(files, path, data, first.version):
            return first.version
    raise ShareUnavailable(f"{path} changed each time it was read.", "try again in a moment")


async def _read_rest(files: Files, path: str, data: BinaryIO, version: Version) -> bool:
    """Reads what one request could not; False if the file changed meanwhile."""
    slots = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def read_range(start: int) -> bool:
        async with slots:
            part = await files.read(path, start, _RANGE)
        data.seek(start)
        data.write(part.body)
        return part.version == version and len(part.body) == min(_RANGE, version.size - start)

    async with side_by_side() as group:
        tasks = [group.create_task(read_range(start)) for start in range(SINGLE, version.size, _RANGE)]
    return all(task.result() for task in tasks)
