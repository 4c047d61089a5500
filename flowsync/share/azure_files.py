"""The operations of Azure Files that flowsync needs, one function each: what is sent, and what the reply says."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import unquote

from flowsync.core.tree import Problem
from flowsync.errors import ShareError
from flowsync.share.azure_wire import Ask, Reply, Wire
from flowsync.share.base import Listing, Version
from flowsync.share.codes import failure
from flowsync.share.paths import printable, problem

RANGE = 4 * 1024 * 1024
"""Largest body of one request that writes, in bytes."""

_BODIES_SINCE = "2026-06-06"

# Sizes as far as the service knows them; names as they are, so that a trailing dot is seen and reported.
_LISTING = {"x-ms-file-extended-info": "true", "x-ms-allow-trailing-dot": "true"}


@dataclass(frozen=True, slots=True)
class Part:
    """A range of a file that was read: the version it belongs to, which has the whole file's size."""

    version: Version
    body: bytes


class Files:
    """Files and folders of one share. Paths are from the share's root."""

    def __init__(self, wire: Wire, page: int) -> None:
        self.wire = wire
        self._page = page

    async def list(self, path: str, hide: str) -> Listing:
        """Lists a folder, all pages; ``hide`` is a name to leave out."""
        entries = _Entries(path, hide)
        query = {"restype": "directory", "comp": "list", "include": "Timestamps,ETag", "maxresults": str(self._page)}
        while True:
            reply = await self.wire.ask(Ask("GET", path, query, _LISTING))
            marker = entries.take_page(reply.body)
            if not marker:
                return Listing(entries.files, entries.folders, entries.problems)
            query["marker"] = marker

    async def folder_id(self, path: str) -> str:
        """Returns a folder's id."""
        reply = await self.wire.ask(Ask("GET", path, {"restype": "directory"}))
        return reply.headers.get("x-ms-file-id", "")

    async def rename_folder(self, source: str, path: str) -> None:
        """Moves a folder with all that is in it; nothing may be at its new path."""
        headers = {"x-ms-file-rename-source": self.wire.source(source)}
        await self.wire.ask(Ask("PUT", path, {"restype": "directory", "comp": "rename"}, headers))

    async def make_folder(self, path: str) -> None:
        """Makes one folder."""
        await self.wire.ask(Ask("PUT", path, {"restype": "directory"}))

    async def remove_folder(self, path: str) -> None:
        """Removes one empty folder."""
        await self.wire.ask(Ask("DELETE", path, {"restype": "directory"}))

    async def look(self, path: str) -> Version:
        """Returns a file's version."""
        reply = await self.wire.ask(Ask("HEAD", path))
        return _version(reply, int(reply.headers.get("Content-Length", "0")), path)

    async def read(self, path: str, start: int, length: int, into: BinaryIO | None = None) -> Part:
        """Reads a range, or less where the file ends; an empty file has none, and is read whole."""
        headers = {"x-ms-range": f"bytes={start}-{start + length - 1}"}
        try:
            reply = await self.wire.ask(Ask("GET", path, headers=headers, into=into, start=start))
        except ShareError as error:
            if error.code != "InvalidRange" or start:
                raise
            reply = await self.wire.ask(Ask("GET", path, into=into, start=start))
        total = reply.headers.get("Content-Range", "").rpartition("/")[2]
        return Part(_version(reply, int(total or reply.headers.get("Content-Length", "0")), path), reply.body)

    @property
    def bodies(self) -> bool:
        """Tells whether the service takes a file's content with the request that creates it."""
        return self.wire.version >= _BODIES_SINCE

    async def create(self, path: str, size: int, body: bytes = b"", lease: str | None = None) -> Version:
        """Creates a file of this size, over one that is there; without a body it holds zeros."""
        if body and not self.bodies:
            raise failure("RequestBodyTooLarge", path, 413)
        headers = {"x-ms-type": "file", "x-ms-content-length": str(size), **_lease(lease)}
        return _version(await self.wire.ask(Ask("PUT", path, headers=headers, body=body)), size, path)

    async def put_range(self, path: str, start: int, body: bytes) -> None:
        """Writes a range of a file that is large enough."""
        headers = {"x-ms-write": "update", "x-ms-range": f"bytes={start}-{start + len(body) - 1}"}
        await self.wire.ask(Ask("PUT", path, {"comp": "range"}, headers, body))

    async def rename(self, source: str, path: str, size: int, lease: str | None, carried: str | None = None) -> Version:
        """Moves a file; under the target's lease it replaces it. ``carried`` is the source's own lease."""
        headers = {"x-ms-file-rename-source": self.wire.source(source)}
        if carried is not None:
            headers["x-ms-source-lease-id"] = carried
        if lease is not None:
            headers |= {"x-ms-file-rename-replace-if-exists": "true", "x-ms-destination-lease-id": lease}
        return _version(await self.wire.ask(Ask("PUT", path, {"comp": "rename"}, headers)), size, path)

    async def delete(self, path: str, lease: str | None) -> None:
        """Deletes a file."""
        await self.wire.ask(Ask("DELETE", path, headers=_lease(lease)))

    async def acquire(self, path: str, lease: str) -> None:
        """Takes a file's lease; there is no end to it but a release."""
        headers = {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1", "x-ms-proposed-lease-id": lease}
        await self.wire.ask(Ask("PUT", path, {"comp": "lease"}, headers))

    async def release(self, path: str, lease: str) -> None:
        """Gives a file's lease back."""
        headers = {"x-ms-lease-action": "release", **_lease(lease)}
        await self.wire.ask(Ask("PUT", path, {"comp": "lease"}, headers))


def _lease(lease: str | None) -> Mapping[str, str]:
    return {} if lease is None else {"x-ms-lease-id": lease}


def _version(reply: Reply, size: int, path: str) -> Version:
    headers = reply.headers
    etag = headers.get("ETag", "")
    if not etag:
        raise failure("", path, reply.status)  # without it nothing can be compared
    return Version(etag.strip('"'), size, headers.get("x-ms-file-last-write-time", ""), headers.get("x-ms-file-id", ""))


@dataclass(frozen=True, slots=True)
class _Entries:
    """What the pages of a listing held so far; ``hide`` is a name to leave out."""

    path: str
    hide: str
    files: dict[str, Version] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)

    def take_page(self, body: bytes) -> str:
        """Adds a page's entries and returns the marker of the next page."""
        try:
            root = ElementTree.fromstring(body)
        except ElementTree.ParseError:
            raise failure("", self.path, 200) from None
        entries = root.find("Entries")
        if root.tag != "EnumerationResults" or entries is None:
            raise failure("", self.path, 200)
        for entry in entries:
            self._take(entry)
        return root.findtext("NextMarker") or ""

    def _take(self, entry: ElementTree.Element) -> None:
        element = entry.find("Name")
        name = (element.text or "") if element is not None else ""
        if element is not None and element.get("Encoded") == "true":
            name = unquote(name)
        if name.lower() == self.hide:
            return
        if found := problem(name):
            self.problems[printable(name)] = found
        elif entry.tag == "Directory":
            self.folders[name] = entry.findtext("FileId") or ""
        else:
            self.files[name] = self._version(entry)

    def _version(self, entry: ElementTree.Element) -> Version:
        properties = entry.find("Properties")
        etag = properties.findtext("Etag") if properties is not None else None
        if properties is None or not etag:
            raise failure("", self.path, 200)  # an account too old to list ETags
        size = int(properties.findtext("Content-Length") or "0")
        written = properties.findtext("LastWriteTime") or ""
        return Version(etag.strip('"'), size, written, entry.findtext("FileId") or "")
