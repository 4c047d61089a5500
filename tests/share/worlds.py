"""The places that the contract suite runs in: each has a share to open, and a neighbour (Studio) beside it.

A neighbour's ``save`` and ``discard`` return False when the share refused them (the file is leased right now).
``between`` runs a callback before each of flowsync's own externally visible steps.
"""

import base64
import errno
import io
import os
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.fileshare import ShareClient

from flowsync.emulator import WELL_KNOWN_KEY, Emulator, Event
from flowsync.errors import ShareError
from flowsync.share import folder_dir, folder_write
from flowsync.share.azure import AzureShare, open_azure
from flowsync.share.azure_retry import Patience
from flowsync.share.base import Put, Remove, Renaming, Share, Version
from flowsync.share.folder import FolderShare
from flowsync.share.location import AzureLocation, parse
from flowsync.share.memory import MemoryShare, Step
from flowsync.share.memory_store import Store

ROOT = "Users/alice/promptflow"


def put(path: str, content: bytes, expect: Version | None, lease: str = "") -> Put:
    """A put of this content under a fresh lease id."""
    return Put(path, len(content), lambda: io.BytesIO(content), expect, lease or str(uuid.uuid4()))


def drop(path: str, expect: Version) -> Remove:
    """A removal under a fresh lease id."""
    return Remove(path, expect, str(uuid.uuid4()))


def shift(source: str, path: str, expect: Version) -> Renaming:
    """A renaming under a fresh lease id."""
    return Renaming(path, source, expect, str(uuid.uuid4()))


class World(ABC):
    """A share, and somebody else at work on it."""

    case_sensitive = False
    page = 5000

    @abstractmethod
    def open(self, write: str = "inline") -> Share:
        """Opens the remote's folder, again each time."""

    @abstractmethod
    def save(self, path: str, content: bytes) -> bool:
        """Writes a file as Studio does, whatever is there."""

    @abstractmethod
    def discard(self, path: str) -> bool:
        """Deletes a file as Studio does."""

    @abstractmethod
    def files(self) -> Mapping[str, bytes]:
        """Everything below the remote's folder, temporaries included, by path."""

    @abstractmethod
    def folders(self) -> set[str]:
        """All folders below the remote's folder."""

    @abstractmethod
    def between(self, callback: Callable[[], None]) -> "contextmanager[None]":  # type: ignore[type-arg]
        """Runs the callback before each step of flowsync's."""

    def remove_root(self) -> None:
        """Takes the remote's folder away."""
        raise NotImplementedError

    def leases(self) -> Mapping[str, str]:
        """The leases that are held, if the share has any."""
        return {}


class MemoryWorld(World):
    """The fake."""

    def __init__(self, page: int = 5000) -> None:
        self.page = page
        self.store = Store()
        self.store.make_folders(ROOT)
        self._callback: Callable[[], None] | None = None

    def open(self, write: str = "inline") -> MemoryShare:
        share = MemoryShare(self.store, ROOT, write="replace" if write == "replace" else "inline", page=self.page)
        share.hook = self._tell
        return share

    def _tell(self, step: Step) -> None:
        if self._callback is not None:
            self._callback()

    def save(self, path: str, content: bytes) -> bool:
        return _allowed(lambda: self.store.save(f"{ROOT}/{path}", content))

    def discard(self, path: str) -> bool:
        return _allowed(lambda: self.store.delete(f"{ROOT}/{path}", None))

    def files(self) -> Mapping[str, bytes]:
        return {path[len(ROOT) + 1 :]: content for path, content in self.store.files(ROOT).items()}

    def folders(self) -> set[str]:
        return {path[len(ROOT) + 1 :] for path in self.store.folders() if path.startswith(ROOT + "/")}

    @contextmanager
    def between(self, callback: Callable[[], None]) -> Iterator[None]:
        self._callback = callback
        try:
            yield
        finally:
            self._callback = None

    def remove_root(self) -> None:
        self.store.discard(ROOT)

    def leases(self) -> Mapping[str, str]:
        return self.store.leases()


def _allowed(act: Callable[[], object]) -> bool:
    try:
        act()
    except ShareError as error:
        if error.code.startswith("Lease") or error.code in ("ResourceNotFound", "ParentNotFound"):
            return False
        raise
    return True


class FolderWorld(World):
    """A folder on this machine's disk. ``anchored`` and ``swaps`` take away what Linux has and others lack."""

    case_sensitive = True

    def __init__(self, folder: Path, anchored: bool, swaps: bool) -> None:
        self.folder = folder / ROOT
        self.folder.mkdir(parents=True)
        self._anchored = anchored
        self._swaps = swaps
        self._count = 0

    def open(self, write: str = "inline") -> FolderShare:
        return FolderShare(str(self.folder), self._anchored)

    def save(self, path: str, content: bytes) -> bool:
        """Writes a new file and renames it over, as careful editors do."""
        self._count += 1
        target, new = self.folder / path, self.folder.parent / f"editor-{self._count}"
        new.write_bytes(content)
        target.parent.mkdir(parents=True, exist_ok=True)
        new.replace(target)
        return True

    def discard(self, path: str) -> bool:
        try:
            (self.folder / path).unlink()
        except FileNotFoundError:
            return False
        return True

    def files(self) -> Mapping[str, bytes]:
        found = (path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in found}

    def folders(self) -> set[str]:
        return {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_dir()}

    def remove_root(self) -> None:
        for path in sorted(self.folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        self.folder.rmdir()

    @contextmanager
    def between(self, callback: Callable[[], None]) -> Iterator[None]:
        """Interposes at each system call that another program could see or disturb."""

        def before(real: Callable[..., object]) -> Callable[..., object]:
            def interposed(*args: object, **kwargs: object) -> object:
                callback()
                return real(*args, **kwargs)

            return interposed

        with (
            mock.patch.object(folder_write, "exchange", before(folder_write.exchange)),
            mock.patch.object(folder_write, "move_new", before(folder_write.move_new)),
            mock.patch.object(folder_write, "digest_of", before(folder_write.digest_of)),
            mock.patch.object(folder_dir.Dir, "look", before(folder_dir.Dir.look)),
            mock.patch.object(folder_dir.Dir, "open_file", before(folder_dir.Dir.open_file)),
        ):
            yield

    @contextmanager
    def without_swaps(self) -> Iterator[None]:
        """Makes the file system one that cannot exchange names, as cifs."""
        if self._swaps:
            yield
            return
        with mock.patch("flowsync.share.folder_swap._system_rename", lambda: _refuse):
            yield


def _refuse(*args: object) -> int:
    import ctypes

    ctypes.set_errno(errno.EINVAL)
    return -1


class AzureWorld(World):
    """The emulator, reached through the real SDK by flowsync and by its neighbour."""

    def __init__(self, emulator: Emulator, page: int = 5000) -> None:
        self.emulator = emulator
        self.page = page
        self.share = f"s{uuid.uuid4().hex}"
        self.client = ShareClient(emulator.url, self.share, credential=WELL_KNOWN_KEY, retry_total=0)
        self.client.create_share()
        where = ""
        for part in ROOT.split("/"):
            where = f"{where}/{part}".lstrip("/")
            self.client.create_directory(where)
        self._made = {""}

    @property
    def url(self) -> str:
        """The share URL of the remote's folder."""
        return f"{self.emulator.url}/{self.share}/{ROOT}"

    @property
    def folder(self) -> Path:
        """The remote's folder on the emulator's disk."""
        return self.emulator.share_folder(self.share) / ROOT

    def open(self, write: str = "inline", patience: Patience | None = None, concurrency: int = 8) -> AzureShare:
        location = parse(self.url)
        assert isinstance(location, AzureLocation)
        return open_azure(
            location,
            {},
            concurrency=concurrency,
            write="replace" if write == "replace" else "inline",
            page=self.page,
            patience=patience or QUICK,
        )

    def save(self, path: str, content: bytes) -> bool:
        self._make_folders(path.rpartition("/")[0])
        return _sdk(lambda: self._file(path).create_file(len(content), data=content or None))

    def discard(self, path: str) -> bool:
        return _sdk(lambda: self._file(path).delete_file())

    def files(self) -> Mapping[str, bytes]:
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in found}

    def folders(self) -> set[str]:
        return {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_dir()}

    def remove_root(self) -> None:
        self.client.delete_directory(ROOT)

    def leases(self) -> Mapping[str, str]:
        found = {}
        for path in self.files():
            lease = self._file(path).get_file_properties()["lease"]
            if lease["state"] == "leased":
                found[path] = str(lease["status"])
        return found

    @contextmanager
    def between(self, callback: Callable[[], None]) -> Iterator[None]:
        busy = False

        def before(event: Event) -> None:
            nonlocal busy
            if busy or event.when != "before":
                return
            busy = True  # the callback's own requests are not flowsync's
            try:
                callback()
            finally:
                busy = False

        self.emulator.on_request(before)
        try:
            yield
        finally:
            self.emulator.off_request(before)

    def _file(self, path: str):  # type: ignore[no-untyped-def]
        return self.client.get_file_client(f"{ROOT}/{path}")

    def _make_folders(self, path: str) -> None:
        parts = path.split("/") if path else []
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder not in self._made and not (self.folder / folder).is_dir():
                self.client.create_directory(f"{ROOT}/{folder}")
            self._made.add(folder)


class _Hurry:
    """A clock that jumps when somebody sleeps."""

    jumped = 0.0

    async def sleep(self, seconds: float) -> None:
        self.jumped += seconds

    def clock(self) -> float:
        return time.monotonic() + self.jumped


_HURRY = _Hurry()
QUICK = Patience(sleep=_HURRY.sleep, clock=_HURRY.clock, first_contact=8)
"""Repeats as often as the real one, without waiting."""


def _sdk(act: Callable[[], object]) -> bool:
    try:
        act()
    except ResourceNotFoundError:
        return False
    except (ResourceExistsError, HttpResponseError) as error:
        if "lease" in str(error.error_code).lower():
            return False
        raise
    return True


def is_root() -> bool:
    """Tells whether permissions do not stop this user."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


SECRET = base64.b64encode(b"a key that must never be shown " * 2).decode()
"""A key that no message may show."""


def location(world: AzureWorld, **changes: str) -> AzureLocation:
    """The world's location, with parts of it changed."""
    found = parse(world.url)
    assert isinstance(found, AzureLocation)
    return replace(found, **changes)  # type: ignore[arg-type]


def counted(world: AzureWorld) -> dict[str, int]:
    """The requests since the last count."""
    counts = dict(world.emulator.counts)
    world.emulator.reset_counts()
    return counts
