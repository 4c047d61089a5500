"""The share as Azure Files: ``azure-storage-file-share``'s aio client behind the synchronous protocol.

Reading order: ``guard`` (what makes a write safe), ``azure_write`` and ``azure_read`` (how it is done), ``azure_files``
(one function per operation), ``azure_wire`` (one request), ``azure_loop`` (the thread they run in).
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Literal

from flowsync.closing import Closing
from flowsync.errors import ShareError, ShareMissing
from flowsync.share import guard
from flowsync.share.azure_credential import Access, find
from flowsync.share.azure_files import Files
from flowsync.share.azure_loop import Job, Loop
from flowsync.share.azure_read import read
from flowsync.share.azure_retry import Patience
from flowsync.share.azure_wire import Wire
from flowsync.share.azure_write import Body, Writer
from flowsync.share.base import TEMPORARIES, Content, Failed, Listing, Outcome, Put, Remove, Renaming, Version
from flowsync.share.codes import concerns_share
from flowsync.share.location import AzureLocation
from flowsync.share.paths import refuse_illegal

_PAGE = 5000  # the service's own limit


def open_azure(
    location: AzureLocation,
    environ: Mapping[str, str],
    *,
    concurrency: int = 16,
    write: Literal["inline", "replace"] = "inline",
    page: int = _PAGE,
    patience: Patience | None = None,
    access: Access | None = None,
) -> "AzureShare":
    """Opens a folder of an Azure Files share with the credentials in ``environ`` (or ``access``); sends nothing yet."""
    # The SDK warns of what it cannot parse, with a traceback; what matters of it is in our errors.
    for name in ("azure.core", "azure.storage", "azure.identity"):
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.ERROR)
    wire = Wire(access or find(location, environ), location.share, concurrency, patience or Patience())
    return AzureShare(location, wire, concurrency, write == "inline", page)


class AzureShare(Closing):
    """A remote's folder on an Azure Files share."""

    def __init__(self, location: AzureLocation, wire: Wire, concurrency: int, inline: bool, page: int) -> None:
        self._location = location
        self._wire = wire
        self._inline = inline
        self._root = location.folder + "/" if location.folder else ""
        self._files = Files(wire, page)
        self._writer = Writer(self._files, self._root)
        self._loop = Loop(concurrency)

    @property
    def requests(self) -> int:
        """HTTP requests sent so far, repetitions included."""
        return self._wire.requests

    @property
    def keeps_ids(self) -> bool:
        """FileIds follow a renamed file, and are not used again."""
        return True

    def identity(self) -> str:
        """Returns the account, the share, and the id of the folder, which another folder of the same name has not."""
        found = self._loop.run(partial(self._files.folder_id, self._location.folder))
        return f"azure:{self._location.account}/{self._location.share}:{found}"

    def now(self) -> datetime | None:
        """Returns the share's clock at its last answer."""
        return parsedate_to_datetime(self._wire.date) if self._wire.date else None

    def list(self, folders: Sequence[str]) -> Mapping[str, Listing | ShareError]:
        """Lists each folder, one request per page."""
        return dict(self._loop.stream(partial(self._list, folder) for folder in folders))

    def read(self, paths: Sequence[str], known: Mapping[str, Version] | None = None) -> Iterator[Content | Failed]:
        """Yields each file's content as it arrives."""
        return self._loop.stream(partial(self._read, path, (known or {}).get(path)) for path in paths)

    def write(self, puts: Sequence[Put]) -> Iterator[Outcome]:
        """Writes each file, guarded."""
        return self._loop.stream(self._write(put) for put in puts)

    def remove(self, removes: Sequence[Remove]) -> Iterator[Outcome]:
        """Deletes each file, guarded."""
        return self._loop.stream(self._remove(item) for item in removes)

    def rename(self, renamings: Sequence[Renaming]) -> Iterator[Outcome]:
        """Renames each file, guarded."""
        return self._loop.stream(self._rename(item) for item in renamings)

    def rename_folder(self, source: str, target: str) -> bool:
        """Renames a folder with all that is in it."""
        refuse_illegal(target)
        return self._loop.run(partial(self._writer.rename_folder, source, target))

    def make_folders(self, paths: Sequence[str]) -> None:
        """Makes each folder and its missing parents, those of one depth side by side."""
        for path in paths:
            refuse_illegal(path)
        for level in _levels(paths):
            self._each(partial(self._writer.make_folder, path) for path in level)

    def remove_folders(self, paths: Sequence[str]) -> None:
        """Removes each empty folder, deepest first."""
        for level in reversed(_levels(paths)):
            self._each(partial(self._writer.remove_folder, path) for path in level)

    def release(self, leases: Mapping[str, str]) -> None:
        """Releases leases and removes the temporaries that go with them."""
        self._each(partial(self._writer.release, path, lease) for path, lease in leases.items())
        left = self.list([TEMPORARIES])[TEMPORARIES]
        if isinstance(left, Listing | ShareMissing):
            there = left.files if isinstance(left, Listing) else {}
            ours = {lease: guard.temporary(lease) for lease in leases.values()}
            self._writer.are_gone(path for lease, path in ours.items() if lease not in there)
            self._each(partial(self._writer.discard, path) for lease, path in ours.items() if lease in there)
        if isinstance(left, Listing):
            self.remove_folders([TEMPORARIES])

    def owed(self) -> Mapping[str, str]:
        """Returns the leases and temporaries that may be left."""
        return self._writer.owed()

    def close(self) -> None:
        """Gives back leases, removes own temporaries, closes connections and ends the thread."""
        self._loop.close(self._finish)

    def _each(self, jobs: Iterable[Job[None]]) -> None:
        for _ in self._loop.stream(jobs):
            pass

    def _at(self, path: str) -> str:
        return self._root + path if path else self._location.folder

    async def _list(self, folder: str) -> tuple[str, Listing | ShareError]:
        try:
            return folder, await self._files.list(self._at(folder), hide="" if folder else TEMPORARIES)
        except ShareError as error:
            return folder, _of_path(error)

    async def _read(self, path: str, known: Version | None) -> Content | Failed:
        try:
            refuse_illegal(path)
            return Content(path, *await read(self._files, self._at(path), known))
        except ShareError as error:
            return Failed(path, _of_path(error))

    def _write(self, put: Put) -> Job[Outcome]:
        """Prepares a write, in the caller's thread: that is where content may be opened."""
        try:
            refuse_illegal(put.path)
            return partial(self._writer.run, put.path, guard.write(put, self._inline), Body.of(put))
        except ShareError as error:
            return partial(_failed, put.path, error)

    def _remove(self, item: Remove) -> Job[Outcome]:
        try:
            refuse_illegal(item.path)
            return partial(self._writer.run, item.path, guard.remove(item), None)
        except ShareError as error:
            return partial(_failed, item.path, error)

    def _rename(self, item: Renaming) -> Job[Outcome]:
        try:
            refuse_illegal(item.path)
            return partial(self._writer.run, item.path, guard.rename(item), None)
        except ShareError as error:
            return partial(_failed, item.path, error)

    async def _finish(self) -> None:
        await self._writer.finish()
        await self._wire.close()


async def _failed(path: str, error: ShareError) -> Outcome:
    return Failed(path, error)


def _of_path(error: ShareError) -> ShareError:
    """Returns a failure that concerns one path; raises one that concerns the whole share."""
    if concerns_share(error):
        raise error
    return error


def _levels(paths: Sequence[str]) -> list[list[str]]:
    """Returns paths by depth, the shallowest first."""
    depths: dict[int, list[str]] = {}
    for path in paths:
        depths.setdefault(path.count("/"), []).append(path)
    return [depths[depth] for depth in sorted(depths)]
