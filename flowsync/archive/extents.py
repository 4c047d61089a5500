"""Where entries lie: one behind the other from the first byte on, each described twice in the same words."""

from collections.abc import Sequence
from typing import BinaryIO

from flowsync.archive import records
from flowsync.archive.names import shown
from flowsync.archive.records import Central, Local
from flowsync.errors import ArchiveRefused

_DESCRIPTORS = (12, 16, 20, 24)  # bytes: three values of four or eight bytes, with or without a mark


def extents(file: BinaryIO, found: Sequence[Central], names: Sequence[str], end: int, longest: int) -> list[int]:
    """Returns where each entry's data begins; refuses entries that overlap or leave bytes between them."""
    order = sorted(range(len(found)), key=lambda index: found[index].header)
    if before := found[order[0]].header if order else end:
        raise ArchiveRefused(f"there are {before} bytes before its first entry that belong to no entry")
    if order and found[order[-1]].header >= end:
        raise ArchiveRefused(f"its directory points to a place for {shown(names[order[-1]])} where no entry can be")
    starts = [0] * len(found)
    for index, after in zip(order, [*order[1:], None], strict=False):
        central, name = found[index], shown(names[index])
        header = records.local(file, central.header, longest)
        _same(central, header, name)
        starts[index] = central.header + header.length
        data_ends = starts[index] + central.packed
        gap = (end if after is None else found[after].header) - data_ends
        if gap < 0:
            raise ArchiveRefused(f"the entry {name} overlaps what comes after it: some bytes belong to two entries")
        if central.flags & records.DESCRIPTOR_FOLLOWS:
            _judge_descriptor(file, data_ends, gap, central, name)
        elif gap:
            raise ArchiveRefused(f"there are {gap} bytes after the entry {name} that belong to no entry")
    return starts


def _same(central: Central, header: Local, name: str) -> None:
    """Refuses an entry whose local header says something else than the directory."""
    if header.name != central.name:
        raise ArchiveRefused(f"the entry {name} has another name in its own header")
    if header.method != central.method or (header.flags ^ central.flags) & ~records.DEFLATE_OPTIONS:
        raise ArchiveRefused(f"the entry {name} is described in two ways")
    if header.extra.get(records.UNICODE_PATH_FIELD, b"") not in (
        b"",
        central.extra.get(records.UNICODE_PATH_FIELD, b""),
    ):
        raise ArchiveRefused(f"the entry {name} has another name in its own header")
    later = bool(central.flags & records.DESCRIPTOR_FOLLOWS)
    said = ((header.crc, central.crc), (header.packed, central.packed), (header.size, central.size))
    if any(here != there and not (later and here == 0) for here, there in said):
        raise ArchiveRefused(f"the entry {name} has another size or checksum in its own header")


def _judge_descriptor(file: BinaryIO, offset: int, length: int, central: Central, name: str) -> None:
    if length not in _DESCRIPTORS:
        raise ArchiveRefused(f"there are {length} bytes after the entry {name} that are no data descriptor")
    file.seek(offset)
    raw = records.exactly(file, length)
    if length in (16, 24):
        if not raw.startswith(records.DESCRIPTOR_MARK):
            raise ArchiveRefused(f"there are {length} bytes after the entry {name} that are no data descriptor")
        raw = raw[4:]
    wide = (len(raw) - 4) // 2
    values = (raw[:4], raw[4 : 4 + wide], raw[4 + wide :])
    if tuple(int.from_bytes(value, "little") for value in values) != (central.crc, central.packed, central.size):
        raise ArchiveRefused(f"the entry {name} has another size or checksum in its data descriptor")
