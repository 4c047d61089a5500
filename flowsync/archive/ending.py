"""The end of an archive: finding the one end record that counts, and refusing whatever leaves a doubt which it is."""

from typing import BinaryIO

from flowsync.archive.records import (
    END,
    END64,
    END64_MARK,
    END_MARK,
    FULL16,
    FULL32,
    LOCATOR,
    LOCATOR_MARK,
    MAX_COMMENT,
    Directory,
    exactly,
)
from flowsync.errors import ArchiveRefused

_AGAIN = "download it again"
_PARTS = "join the parts first: zip -s 0"


def directory(file: BinaryIO, size: int) -> Directory:
    """Returns where the central directory of an archive of ``size`` bytes lies.

    It ends where the end records begin, they end where the archive does, and there is one way only to read them.
    """
    end, at = _end_record(file, size)
    _, disk, first_disk, here, entries, length, offset, _ = END.unpack(end[: END.size])
    begins = at
    locator = _at(file, at - LOCATOR.size, LOCATOR.size)
    if locator.startswith(LOCATOR_MARK):
        wide, begins = _end64(file, locator, at)
        narrow = (disk, first_disk, here, entries, length, offset)
        disk, first_disk, here, entries, length, offset = _agreed(narrow, wide)
    elif FULL32 in (length, offset) or FULL16 in (here, entries):
        raise ArchiveRefused("its ZIP64 end record is missing", _AGAIN)
    if disk or first_disk or here != entries:
        raise ArchiveRefused("it is one part of an archive in several parts", _PARTS)
    if offset + length > begins:
        raise ArchiveRefused("its directory reaches into its end record: it is damaged or cut off", _AGAIN)
    if offset + length < begins:
        raise ArchiveRefused(f"there are {begins - offset - length} bytes before or in it that belong to no entry")
    return Directory(offset, length, entries, end[END.size :])


def _end_record(file: BinaryIO, size: int) -> tuple[bytes, int]:
    """Returns the end record with its comment, and its place."""
    window = min(size, END.size + MAX_COMMENT)
    tail = _at(file, size - window, window)
    last = tail.rfind(END_MARK)
    if last < 0 or len(tail) - last < END.size:
        raise ArchiveRefused("it is no ZIP archive, or its end is missing (a download that was cut off?)", _AGAIN)
    fitting = [place for place in _places(tail) if _comment_ends(tail, place) == len(tail)]
    if len(fitting) > 1 or (fitting and fitting[0] != last):
        raise ArchiveRefused("it has two end records, so that two programs would read two different archives")
    if not fitting:
        ends = _comment_ends(tail, last)
        if ends > len(tail):
            raise ArchiveRefused("its comment is cut off", _AGAIN)
        raise ArchiveRefused(f"there are {len(tail) - ends} bytes of data after its end")
    return tail[last:], size - window + last


def _places(tail: bytes) -> list[int]:
    found, place = [], tail.find(END_MARK)
    while 0 <= place <= len(tail) - END.size:
        found.append(place)
        place = tail.find(END_MARK, place + 1)
    return found


def _comment_ends(tail: bytes, place: int) -> int:
    return place + END.size + int.from_bytes(tail[place + END.size - 2 : place + END.size], "little")


def _end64(file: BinaryIO, locator: bytes, at: int) -> tuple[tuple[int, ...], int]:
    """Returns ZIP64's own values, and where its end record begins."""
    _, disk, offset, disks = LOCATOR.unpack(locator)
    if disk or disks > 1:
        raise ArchiveRefused("it is one part of an archive in several parts", _PARTS)
    if offset + END64.size + LOCATOR.size > at:
        raise ArchiveRefused("its ZIP64 end record is not where it should be")
    mark, length, _, _, *values = END64.unpack(_at(file, offset, END64.size))
    if mark != END64_MARK or offset + 12 + length + LOCATOR.size != at:
        raise ArchiveRefused("its ZIP64 end record is not where it should be")
    return tuple(values), offset


def _agreed(narrow: tuple[int, ...], wide: tuple[int, ...]) -> tuple[int, ...]:
    """Returns ZIP64's values; a narrow one that is not full must say the same."""
    full = (FULL16, FULL16, FULL16, FULL16, FULL32, FULL32)
    for small, large, limit in zip(narrow, wide, full, strict=True):
        if small not in (limit, large):
            raise ArchiveRefused("its two end records differ, so that two programs would read two different archives")
    return wide


def _at(file: BinaryIO, offset: int, count: int) -> bytes:
    if offset < 0:
        return b""
    file.seek(offset)
    return exactly(file, count)
