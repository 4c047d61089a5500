"""The order of requests that makes a write to a store without If-Match safe. No I/O: each plan of steps yields requests
and is sent replies, so that Azure Files and the fake in memory run the very same orders.

    overwrite, inline    acquire · look · create under the lease · release
    overwrite, replace   create a temporary · acquire · look · rename over it under the lease · release
    new file             create a temporary · rename without replacing
    delete               acquire · look · delete under the lease
    rename               acquire · look · rename without replacing, the lease travels along · release

Nothing is believed that was not proven. A backend may repeat any request whose reply was lost, so a refusal can be the
echo of our own success: what is there is then looked at, and read back, before an outcome is returned. Steps never
raise; a failure of the whole share is a ``Refused`` like any other, and what was begun is undone as far as possible.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from flowsync.errors import ShareError
from flowsync.share.base import TEMPORARIES, Failed, Outcome, Put, Remove, Removed, Renaming, Stale, Version, Written
from flowsync.share.codes import Why

INLINE_LIMIT = 4 * 1024 * 1024
"""Largest content that one create request carries, in bytes."""

_PATIENCE = 5  # times that a lease held by somebody else is asked for


@dataclass(frozen=True, slots=True)
class Refused:
    """A request was not done, or nobody knows (``Why.LOST``)."""

    why: Why
    error: ShareError


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether a file holds exactly the content of a put, and which version of it was read."""

    version: Version
    same: bool


@dataclass(frozen=True, slots=True)
class Acquire:
    """Takes the lease of a file. Reply: None."""

    path: str
    lease: str


@dataclass(frozen=True, slots=True)
class Release:
    """Gives a lease back. Reply: None."""

    path: str
    lease: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Lets some time pass before the given try. Reply: None."""

    path: str
    tries: int


@dataclass(frozen=True, slots=True)
class Look:
    """Asks which version is there. Reply: a Version."""

    path: str


@dataclass(frozen=True, slots=True)
class Create:
    """Writes the whole content under this name, over a file that may be there. Reply: a Version."""

    path: str
    put: Put
    lease: str | None = None


@dataclass(frozen=True, slots=True)
class Rename:
    """Moves a file of this size. With the target's lease it replaces it; without, nothing may be there.

    ``carried`` is the source's own lease, which goes with it. Reply: a Version.
    """

    source: str
    path: str
    size: int
    lease: str | None = None
    carried: str | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes a file. Reply: None."""

    path: str
    lease: str | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    """Reads a file back. Reply: Compared."""

    path: str
    put: Put


@dataclass(frozen=True, slots=True)
class MakeTemporaries:
    """Creates the folder for temporaries. Reply: None."""

    path: str = TEMPORARIES


Request = Acquire | Release | Wait | Look | Create | Rename | Delete | Compare | MakeTemporaries
Reply = Version | Compared | Refused | None
Steps = Generator[Request, Reply, Outcome]
Part = Generator[Request, Reply, Reply]


def temporary(lease: str) -> str:
    """Returns the name of the temporary that belongs to a lease id."""
    return f"{TEMPORARIES}/{lease}"


def write(put: Put, inline: bool) -> Steps:
    """Writes a file, guarded; ``inline`` if an existing one may be overwritten by a single request."""
    if put.expect is None:
        return _create(put)
    if inline and put.size <= INLINE_LIMIT:
        return _guarded(put, lambda: _overwrite(put, or_replace=True))
    return _replace(put)


def remove(item: Remove) -> Steps:
    """Deletes a file, guarded."""
    return _guarded(item, lambda: _delete(item))


def rename(item: Renaming) -> Steps:
    """Renames a file, guarded."""
    taken = yield from _take(item.source, item.lease)
    if isinstance(taken, Refused):
        return Stale(item.path, None) if taken.why is Why.MISSING else Failed(item.path, taken.error)
    found = yield Look(item.source)
    if not isinstance(found, Version) or found != item.expect:
        yield Release(item.source, item.lease)
        return Stale(item.path, None) if isinstance(found, Version) else _unexpected(item.path, found)
    reply = yield Rename(item.source, item.path, found.size, carried=item.lease)
    outcome = Written(item.path, reply) if isinstance(reply, Version) else (yield from _renamed(item, found, reply))
    if not isinstance(outcome, Written):
        yield Release(item.source, item.lease)
    if not isinstance(outcome, Stale):  # after a failure nobody knows which of the two names has the lease
        yield Release(item.path, item.lease)
    return outcome


def _renamed(item: Renaming, before: Version, reply: Reply) -> Steps:
    """Finds out what became of a refused or lost renaming: a file keeps its id, and nobody writes under our lease."""
    assert isinstance(reply, Refused)
    found = yield Look(item.path)
    if isinstance(found, Version):
        return Written(item.path, found) if found.file_id == before.file_id else Stale(item.path, found)
    return Failed(item.path, reply.error)


def _create(put: Put) -> Steps:
    made = yield from _upload(put)
    if isinstance(made, Refused):
        return Failed(put.path, made.error)
    moved = yield Rename(temporary(put.lease), put.path, put.size)
    outcome = yield from _moved(put, made, moved)
    if not isinstance(outcome, Written):
        yield Delete(temporary(put.lease))
    return outcome


def _replace(put: Put) -> Steps:
    made = yield from _upload(put)
    if isinstance(made, Refused):
        return Failed(put.path, made.error)
    outcome = yield from _guarded(put, lambda: _rename_over(put, made))
    if not isinstance(outcome, Written):
        yield Delete(temporary(put.lease))
    return outcome


def _guarded(item: Put | Remove, act: Callable[[], Steps]) -> Steps:
    """Takes the lease, compares, acts, and gives the lease back whatever happened."""
    taken = yield from _take(item.path, item.lease)
    if isinstance(taken, Refused):
        return Stale(item.path, None) if taken.why is Why.MISSING else Failed(item.path, taken.error)
    found = yield Look(item.path)
    if isinstance(found, Version) and found == item.expect:
        outcome = yield from act()
    else:
        outcome = _unexpected(item.path, found)
    if not isinstance(outcome, Removed):  # the lease went with the file
        yield Release(item.path, item.lease)
    return outcome


def _take(path: str, lease: str) -> Part:
    for tries in range(1, _PATIENCE + 1):
        reply = yield Acquire(path, lease)
        if not isinstance(reply, Refused):
            return reply
        if reply.why is Why.LOST:
            yield Release(path, lease)
        if reply.why is Why.LEASED:
            # A lost reply may have left us holding it: our id then opens it, and nobody else's lease.
            released = yield Release(path, lease)
            if not isinstance(released, Refused):
                continue
        if reply.why not in (Why.LEASED, Why.BUSY) or tries == _PATIENCE:
            break
        yield Wait(path, tries)
    return reply


def _overwrite(put: Put, or_replace: bool) -> Steps:
    reply = yield Create(put.path, put, put.lease)
    if isinstance(reply, Version):
        return Written(put.path, reply)
    assert isinstance(reply, Refused)
    if reply.why is Why.BUSY and or_replace:
        return (yield from _replace_under_lease(put))
    return (yield from _settle(put, reply))


def _replace_under_lease(put: Put) -> Steps:
    made = yield from _upload(put)
    if isinstance(made, Refused):
        return Failed(put.path, made.error)
    reply = yield Rename(temporary(put.lease), put.path, put.size, put.lease)
    outcome = yield from _moved(put, made, reply)
    if not isinstance(outcome, Written):
        yield Delete(temporary(put.lease))
    return outcome


def _rename_over(put: Put, made: Reply) -> Steps:
    reply = yield Rename(temporary(put.lease), put.path, put.size, put.lease)
    if isinstance(reply, Refused) and reply.why is Why.BUSY and put.size <= INLINE_LIMIT:
        outcome = yield from _overwrite(put, or_replace=False)
        if isinstance(outcome, Written):
            yield Delete(temporary(put.lease))
        return outcome
    return (yield from _moved(put, made, reply))


def _moved(put: Put, made: Reply, reply: Reply) -> Steps:
    """Finds out what became of the rename of our temporary; a file keeps its id when it is renamed."""
    if isinstance(reply, Version):
        return Written(put.path, reply)
    assert isinstance(made, Version) and isinstance(reply, Refused)
    found = yield Look(put.path)
    if isinstance(found, Version) and found.file_id != made.file_id:
        return Failed(put.path, reply.error) if found == put.expect else Stale(put.path, found)
    if isinstance(found, Version):
        return (yield from _read_back(put, reply))
    if put.expect and isinstance(found, Refused) and found.why is Why.MISSING:
        return Stale(put.path, None)
    return Failed(put.path, reply.error)


def _settle(put: Put, refused: Refused) -> Steps:
    """Finds out what became of a refused or lost overwrite."""
    found = yield Look(put.path)
    if isinstance(found, Version) and found == put.expect:
        return Failed(put.path, refused.error)
    if isinstance(found, Version):
        return (yield from _read_back(put, refused))
    return _unexpected(put.path, found)


def _read_back(put: Put, refused: Refused) -> Steps:
    """The version moved: ours if the content is ours, byte for byte, else somebody else's."""
    reply = yield Compare(put.path, put)
    if isinstance(reply, Compared):
        return Written(put.path, reply.version) if reply.same else Stale(put.path, reply.version)
    if isinstance(reply, Refused) and reply.why is Why.MISSING:
        return Stale(put.path, None)
    return Failed(put.path, refused.error)


def _delete(item: Remove) -> Steps:
    reply = yield Delete(item.path, item.lease)
    if not isinstance(reply, Refused) or reply.why is Why.MISSING:  # under our lease only we can have deleted it
        return Removed(item.path)
    found = yield Look(item.path)
    if isinstance(found, Refused) and found.why is Why.MISSING:
        return Removed(item.path)
    if isinstance(found, Version) and found != item.expect:
        return Stale(item.path, found)
    return Failed(item.path, reply.error)


def _upload(put: Put) -> Part:
    """Writes the temporary, and its folder if that is not there; another flowsync may have just removed it."""
    reply: Reply = None
    for _ in range(3):
        reply = yield Create(temporary(put.lease), put)
        if isinstance(reply, Refused) and reply.why is Why.MISSING:
            made = yield MakeTemporaries()
            if isinstance(made, Refused):
                return made
            continue
        if isinstance(reply, Refused):
            yield Delete(temporary(put.lease))
        return reply
    return reply


def _unexpected(path: str, found: Reply) -> Outcome:
    if isinstance(found, Version):
        return Stale(path, found)
    assert isinstance(found, Refused)
    return Stale(path, None) if found.why is Why.MISSING else Failed(path, found.error)
