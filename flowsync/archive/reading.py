"""Pass one: from the end record to a plan. Nothing is unpacked, and nothing is believed that is said only once.

Every byte of the archive must belong to exactly one record, so that no program that reads it from the front can find
other entries than one that reads it from the end. All offences are refusals of the whole archive.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import BinaryIO

from flowsync.archive import records
from flowsync.archive.ending import directory
from flowsync.archive.extents import extents
from flowsync.archive.kinds import judge_kind, judge_ratio, judge_size, too_much
from flowsync.archive.limits import Limits, human
from flowsync.archive.names import Catalogue, decoded, judge
from flowsync.archive.records import Central
from flowsync.errors import ArchiveRefused, UsageError

_HERE = "./"  # bsdtar and tar-minded people put it before every name; it means one thing everywhere


@dataclass(frozen=True, slots=True)
class Member:
    """One entry that passed. ``name`` ends with a slash for a folder; ``data`` is where its bytes begin."""

    name: str
    size: int
    packed: int
    crc: int
    method: int
    written: int  # seconds since 1970, 0 if the archive does not say
    data: int

    @property
    def is_folder(self) -> bool:
        """Tells whether it is a folder."""
        return self.name.endswith("/")


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that passed, still open. ``assumed`` names the encodings that were taken for names without one."""

    file: BinaryIO
    members: tuple[Member, ...]
    comment: bytes
    assumed: tuple[str, ...] = ()


@contextmanager
def opened(path: FilePath, limits: Limits | None = None, encoding: str | None = None) -> Iterator[Archive]:
    """Yields an archive after pass one; ArchiveRefused if anything about it is wrong or in doubt."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path} is not a file")
        file = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    with file:
        yield _read(file, limits or Limits(), encoding)


def _read(file: BinaryIO, limits: Limits, encoding: str | None) -> Archive:
    size = os.fstat(file.fileno()).st_size
    if size > limits.archive:
        raise too_much(f"it is {human(size)} long", limits.archive, "archive", size)
    where = directory(file, size)
    if where.entries > limits.entries:
        reason = f"it has {where.entries} entries, and more than {limits.entries} are not taken"
        raise ArchiveRefused(reason, f"if you trust it: --limit entries={where.entries}")
    longest = max(4 * limits.path, 1024)
    catalogue, found, names, assumed, total = Catalogue(), [], [], set(), 0
    for central in records.centrals(file, where, longest):
        name, guessed = _named(central, encoding)
        if name != _HERE:
            name = name.removeprefix(_HERE)
            judge(name, limits)
        catalogue.add(name)
        judge_kind(central, name)
        total += central.size
        judge_size(central, name, total, limits)
        assumed.add(guessed)
        found.append(central)
        names.append(name)
    judge_ratio(total, size, "it", limits)
    starts = extents(file, found, names, where.offset, longest)
    entries = zip(found, names, starts, strict=True)
    members = tuple(_member(*entry) for entry in entries if entry[1] != _HERE)
    return Archive(file, members, where.comment, tuple(sorted(assumed - {""})))


def _named(central: Central, encoding: str | None) -> tuple[str, str]:
    flagged = bool(central.flags & records.UTF8)
    return decoded(central.name, flagged, central.extra.get(records.UNICODE_PATH_FIELD), encoding)


def _member(central: Central, name: str, start: int) -> Member:
    return Member(name, central.size, central.packed, central.crc, central.method, _written(central), start)


def _written(central: Central) -> int:
    """Returns when an entry was last written: as its timestamp field has it (UTC), else its DOS time taken as UTC."""
    field = central.extra.get(records.TIME_FIELD, b"")
    if len(field) >= 5 and field[0] & 1:
        return int.from_bytes(field[1:5], "little")
    date, time = central.dos
    try:
        when = datetime(
            1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2, tzinfo=UTC
        )
    except ValueError:
        return 0
    return int(when.timestamp())
