"""The share in memory: the shipped fake, for tests and simulations. Deterministic, no threads, faults on demand.

It goes through the same orders of requests as Azure Files (``guard``). A hook runs before every request, so that a test
can play Studio, or kill the run, between any two of them; a fault makes the n-th request of a kind fail before or after
it took effect.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Literal, TypeVar, assert_never

from flowsync.closing import Closing
from flowsync.errors import ShareError, ShareUnavailable
from flowsync.share import guard
from flowsync.share.base import TEMPORARIES, Content, Failed, Listing, Outcome, Put, Remove, Renaming, Version
from flowsync.share.codes import NO_ANSWER, Why, concerns_share, failure, why
from flowsync.share.debts import Debts
from flowsync.share.location import MemoryLocation
from flowsync.share.memory_store import Store
from flowsync.share.paths import printable, problem, refuse_illegal

Kind = Literal["list", "read", "look", "create", "rename", "delete", "acquire", "release", "make", "remove", "wait"]
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Step:
    """One request about to be made; the path is below the remote's folder."""

    kind: Kind
    path: str


@dataclass(slots=True)
class Fault:
    """Fails requests of a kind: the ``nth`` from now on, ``times`` in a row, before or ``after`` taking effect."""

    kind: Kind
    nth: int = 1
    times: int = 1
    after: bool = False
    error: ShareError = field(default_factory=lambda: failure(NO_ANSWER, ""))


_STORES: dict[str, Store] = {}


def store(name: str) -> Store:
    """Returns the store behind ``memory://NAME``, the same one each time in this process."""
    return _STORES.setdefault(name, Store(name))


def open_memory(location: MemoryLocation, write: Literal["inline", "replace"] = "inline") -> "MemoryShare":
    """Opens a folder of the store that a ``memory://`` URL names."""
    return MemoryShare(store(location.name), location.folder, write=write)


class MemoryShare(Closing):
    """A client of a store. A transient failure is tried again ``retries`` times, as the Azure backend does."""

    def __init__(
        self,
        store: Store,
        folder: str = "",
        *,
        write: Literal["inline", "replace"] = "inline",
        page: int = 5000,
        retries: int = 1,
    ) -> None:
        self.hook: Callable[[Step], None] = lambda _: None
        self.faults: list[Fault] = []
        self.log: list[Step] = []
        self._store = store
        self._folder = folder
        self._inline = write == "inline"
        self._page = page
        self._retries = retries
        self._ready = False  # the folder for temporaries was made by this session
        self._debts = Debts()

    @property
    def requests(self) -> int:
        """Requests made so far."""
        return sum(step.kind != "wait" for step in self.log)

    @property
    def keeps_ids(self) -> bool:
        """As Azure Files does."""
        return True

    def identity(self) -> str:
        """Returns the folder's id in its store."""
        found = self._ask("look", "", lambda: self._store.folder_id(self._folder))
        return f"memory:{self._store.name}:{found}"

    def now(self) -> datetime | None:
        """Returns the store's clock at its last answer."""
        return self._store.last_answer if self.log else None

    def list(self, folders: Sequence[str]) -> Mapping[str, Listing | ShareError]:
        """Lists each folder, page by page."""
        return {folder: self._list(folder) for folder in folders}

    def read(self, paths: Sequence[str], known: Mapping[str, Version] | None = None) -> Iterator[Content | Failed]:
        """Yields each file's content."""
        for path in paths:
            version = (known or {}).get(path)
            try:
                content = b""
                if version is None or version.size:
                    version, content = self._ask("read", path, partial(self._store.read, self._at(path)))
            except ShareError as error:
                if concerns_share(error):
                    raise
                yield Failed(path, error)
            else:
                yield Content(path, version, io.BytesIO(content))

    def write(self, puts: Sequence[Put]) -> Iterator[Outcome]:
        """Writes each file, guarded."""
        for put in puts:
            yield self._run(put.path, guard.write(put, self._inline))

    def remove(self, removes: Sequence[Remove]) -> Iterator[Outcome]:
        """Deletes each file, guarded."""
        for item in removes:
            yield self._run(item.path, guard.remove(item))

    def rename(self, renamings: Sequence[Renaming]) -> Iterator[Outcome]:
        """Renames each file, guarded."""
        for item in renamings:
            yield self._run(item.path, guard.rename(item))

    def rename_folder(self, source: str, target: str) -> bool:
        """Renames a folder with all that is in it."""
        refuse_illegal(target)
        before = self._folder_id(source)
        if before is None:
            return False
        try:
            self._ask("rename", target, partial(self._store.rename_folder, self._at(source), self._at(target)))
        except ShareError as refused:
            if self._folder_id(target) == before:
                return True
            if why(refused) not in (Why.EXISTS, Why.MISSING):
                raise
            return False
        return True

    def make_folders(self, paths: Sequence[str]) -> None:
        """Makes each folder and its missing parents."""
        for path in paths:
            refuse_illegal(path)
            parts = path.split("/")
            for depth in range(1, len(parts) + 1):
                self._make("/".join(parts[:depth]))

    def remove_folders(self, paths: Sequence[str]) -> None:
        """Removes each empty folder, deepest first."""
        for path in sorted(paths, key=lambda path: path.count("/"), reverse=True):
            try:
                self._ask("remove", path, partial(self._store.remove_folder, self._at(path)))
            except ShareError as error:
                if why(error) not in (Why.MISSING, Why.EXISTS):
                    raise

    def release(self, leases: Mapping[str, str]) -> None:
        """Releases leases and removes the temporaries that go with them."""
        for path, lease in leases.items():
            self._perform(guard.Release(path, lease))
        left = self._list(TEMPORARIES)
        if isinstance(left, Listing):
            self._ready = True
            for lease in leases.values():
                if lease in left.files:
                    self._perform(guard.Delete(guard.temporary(lease)))
        self.close()

    def owed(self) -> Mapping[str, str]:
        """Returns the leases and temporaries that may be left."""
        return self._debts.owed()

    def close(self) -> None:
        """Gives back leases, removes own temporaries and, if it is empty then, their folder."""
        for request in self._debts.payments():
            self._perform(request)
        if self._ready:
            self._ready = False
            with suppress(ShareError):  # the next run removes it
                self.remove_folders([TEMPORARIES])

    def _list(self, folder: str) -> Listing | ShareError:
        entries: dict[str, Version | str] = {}
        marker = ""
        try:
            while True:
                some, marker = self._ask(
                    "list", folder, partial(self._store.page, self._at(folder), marker, self._page)
                )
                entries.update(some)
                if not marker:
                    return _listing(entries, hide=TEMPORARIES if not folder else "")
        except ShareError as error:
            if concerns_share(error):
                raise
            return error

    def _run(self, path: str, steps: guard.Steps) -> Outcome:
        """Drives one order of requests to its outcome; raises what concerns the whole share once it is undone."""
        reply: guard.Reply = None
        broken: ShareError | None = None
        try:
            refuse_illegal(path)
            while True:
                reply = self._perform(steps.send(reply))
                if isinstance(reply, guard.Refused) and concerns_share(reply.error):
                    broken = broken or reply.error
        except ShareError as error:
            return Failed(path, error)
        except StopIteration as end:
            outcome: Outcome = end.value
        if broken and isinstance(outcome, Failed):
            raise broken
        return outcome

    def _perform(self, request: guard.Request) -> guard.Reply:
        self._debts.before(request)
        try:
            reply = self._effect(request)
        except ShareError as error:
            reply = guard.Refused(why(error), error)
        self._debts.after(request, reply)
        return reply

    def _effect(self, request: guard.Request) -> guard.Reply:
        store, path = self._store, self._at(request.path)
        match request:
            case guard.Acquire():
                return self._ask("acquire", request.path, partial(store.acquire, path, request.lease))
            case guard.Release():
                return self._ask("release", request.path, partial(store.release, path, request.lease))
            case guard.Wait():
                self._tell("wait", request.path)
                return None
            case guard.Look():
                return self._ask("look", request.path, lambda: store.look(path))
            case guard.Create(put=put, lease=lease):
                return self._create(request.path, put, lease)
            case guard.Rename(source=source, lease=lease, carried=carried):
                effect = partial(store.rename, self._at(source), path, lease is not None, lease, carried)
                return self._ask("rename", request.path, effect)
            case guard.Delete(lease=lease):
                return self._ask("delete", request.path, lambda: store.delete(path, lease))
            case guard.Compare(put=put):
                version, content = self._ask("read", request.path, lambda: store.read(path))
                return guard.Compared(version, content == _content(put))
            case guard.MakeTemporaries():
                self._make(TEMPORARIES)
                return None
            case _:
                assert_never(request)

    def _create(self, path: str, put: Put, lease: str | None) -> Version:
        content = _content(put)
        if lease is None and not self._ready:
            self._ready = True  # or may be
            self._make(TEMPORARIES)
        return self._ask("create", path, lambda: self._store.create(self._at(path), content, lease))

    def _folder_id(self, path: str) -> str | None:
        try:
            return self._ask("look", path, lambda: self._store.folder_id(self._at(path)))
        except ShareError as error:
            if concerns_share(error) or why(error) not in (Why.MISSING, Why.KIND):
                raise
            return None  # nothing is there, or a file

    def _make(self, path: str) -> None:
        try:
            self._ask("make", path, lambda: self._store.make_folder(self._at(path)))
        except ShareError as error:
            if why(error) is not Why.EXISTS:
                raise

    def _ask(self, kind: Kind, path: str, effect: Callable[[], _Result]) -> _Result:
        """Makes one request, and again if its reply is lost."""
        for left in range(self._retries, -1, -1):
            self._tell(kind, path)
            fault = self._due(kind)
            try:
                if fault is None:
                    return effect()
                if fault.after:
                    effect()
                raise fault.error
            except ShareUnavailable as error:
                if why(error) is not Why.LOST or not left:
                    raise
        raise AssertionError("unreachable")

    def _tell(self, kind: Kind, path: str) -> None:
        self.log.append(Step(kind, path))
        self.hook(self.log[-1])

    def _due(self, kind: Kind) -> Fault | None:
        due: Fault | None = None
        for fault in list(self.faults):
            if fault.kind != kind:
                continue
            fault.nth -= 1
            if fault.nth > 0 or due:
                continue
            due = fault
            fault.times -= 1
            if not fault.times:
                self.faults.remove(fault)
        return due

    def _at(self, path: str) -> str:
        return "/".join(filter(None, (self._folder, path)))


def _content(put: Put) -> bytes:
    with put.open() as source:
        content = source.read()
    if len(content) != put.size:
        raise ShareError(f"The new content of {put.path} has {len(content)} bytes, not the {put.size} announced.")
    return content


def _listing(entries: Mapping[str, Version | str], hide: str) -> Listing:
    problems = {printable(name): found for name in entries if (found := problem(name))}
    shown = {name: entry for name, entry in entries.items() if name != hide and not problem(name)}
    return Listing(
        {name: entry for name, entry in shown.items() if isinstance(entry, Version)},
        {name: entry for name, entry in shown.items() if isinstance(entry, str)},
        problems,
    )
