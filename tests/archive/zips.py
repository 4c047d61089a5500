"""Archives built byte by byte, so that a test can lie in any field of any record."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

DAG = b"inputs: {}\noutputs: {}\nnodes: []\n"
UTF8, DESCRIPTOR = 0x800, 0x8
UNIX, DOS, NTFS = 3, 0, 10


@dataclass
class Entry:
    """One entry. What is None is as it should be; ``central_…`` and ``local_…`` override one of the two headers."""

    name: bytes
    content: bytes = b""
    method: int = 8
    flags: int = 0
    system: int = UNIX
    mode: int = 0o100644
    dos_attributes: int = 0
    date: tuple[int, int] = (0x5A21, 0x6000)
    packed: bytes | None = None  # the bytes in the archive
    crc: int | None = None
    size: int | None = None
    packed_size: int | None = None
    offset: int | None = None
    disk: int = 0
    central_name: bytes | None = None
    local_name: bytes | None = None
    local_size: int | None = None
    local_crc: int | None = None
    local_method: int | None = None
    local_flags: int | None = None
    central_extra: bytes = b""
    local_extra: bytes = b""
    descriptor: bytes | None = None
    after: bytes = b""
    note: bytes = b""

    def raw(self) -> bytes:
        if self.packed is not None:
            return self.packed
        if self.method != 8:
            return self.content
        engine = zlib.compressobj(9, zlib.DEFLATED, -15)
        return engine.compress(self.content) + engine.flush()


def first(value, default):  # type: ignore[no-untyped-def]
    return default if value is None else value


def local(entry: Entry) -> bytes:
    raw = entry.raw()
    later = entry.flags & DESCRIPTOR
    crc = first(entry.local_crc, 0 if later else first(entry.crc, zlib.crc32(entry.content)))
    size = first(entry.local_size, 0 if later else first(entry.size, len(entry.content)))
    packed = 0 if later else first(entry.packed_size, len(raw))
    name = first(entry.local_name, entry.name)
    method, flags = first(entry.local_method, entry.method), first(entry.local_flags, entry.flags)
    date, time = entry.date
    head = struct.pack(
        "<4s5H3L2H", b"PK\3\4", 20, flags, method, time, date, crc, packed, size, len(name), len(entry.local_extra)
    )
    return head + name + entry.local_extra


def central(entry: Entry, offset: int) -> bytes:
    name = first(entry.central_name, entry.name)
    date, time = entry.date
    crc, size = first(entry.crc, zlib.crc32(entry.content)), first(entry.size, len(entry.content))
    attributes = entry.mode << 16 | entry.dos_attributes
    head = struct.pack(
        "<4s6H3L5H2L",
        b"PK\1\2",
        entry.system << 8 | 20,
        20,
        entry.flags,
        entry.method,
        time,
        date,
        crc,
        first(entry.packed_size, len(entry.raw())),
        size,
        len(name),
        len(entry.central_extra),
        len(entry.note),
        entry.disk,
        0,
        attributes,
        first(entry.offset, offset),
    )
    return head + name + entry.central_extra + entry.note


@dataclass
class Archive:
    """A whole archive; the end record's fields can be overridden."""

    entries: Sequence[Entry]
    comment: bytes = b""
    before: bytes = b""
    middle: bytes = b""  # between the last entry and the directory
    behind: bytes = b""  # after the end record and its comment
    count: int | None = None
    disk: int = 0
    count_here: int | None = None
    directory_size: int | None = None
    directory_offset: int | None = None
    comment_length: int | None = None
    end64: bytes = b""
    shift: bool = False  # offsets count from ``before``'s end, as in a self-extractor that was not adjusted
    directory: bytes | None = None
    offsets: list[int] = field(default_factory=list)

    def build(self) -> bytes:
        body = b"" if self.shift else self.before
        for entry in self.entries:
            self.offsets.append(len(body))
            raw = entry.raw()
            descriptor = entry.descriptor
            if descriptor is None and entry.flags & DESCRIPTOR:
                size = first(entry.size, len(entry.content))
                crc = first(entry.crc, zlib.crc32(entry.content))
                descriptor = struct.pack("<4s3L", b"PK\7\x08", crc, len(raw), size)
            body += local(entry) + raw + (descriptor or b"") + entry.after
        body += self.middle
        pairs = zip(self.entries, self.offsets, strict=True)
        directory = first(self.directory, b"".join(central(entry, offset) for entry, offset in pairs))
        end = struct.pack(
            "<4s4H2LH",
            b"PK\5\6",
            self.disk,
            self.disk,
            first(self.count_here, first(self.count, len(self.entries))),
            first(self.count, len(self.entries)),
            first(self.directory_size, len(directory)),
            first(self.directory_offset, len(body)),
            first(self.comment_length, len(self.comment)),
        )
        whole = body + directory + self.end64 + end + self.comment + self.behind
        return self.before + whole if self.shift else whole


def dag(**fields: object) -> Entry:
    return Entry(b"flow.dag.yaml", DAG, **fields)  # type: ignore[arg-type]


def of(*entries: Entry, **fields: object) -> bytes:
    """An archive with a flow's definition and these entries."""
    return Archive([dag(), *entries], **fields).build()  # type: ignore[arg-type]


def named(name: str | bytes, **fields: object) -> bytes:
    """An archive of a flow with one more file of this name."""
    raw = name.encode() if isinstance(name, str) else name
    flags = 0 if raw.isascii() or isinstance(name, bytes) else UTF8
    return of(Entry(raw, b"x", flags=flags, **fields))  # type: ignore[arg-type]


def zip64_end(entries: int, size: int, offset: int, at: int, **fields: int) -> bytes:
    """A ZIP64 end record and its locator; the record lies at ``at``."""
    record = struct.pack(
        "<4sQ2H2L4Q",
        b"PK\6\6",
        fields.get("length", 44),
        45,
        45,
        fields.get("disk", 0),
        0,
        entries,
        entries,
        size,
        offset,
    )
    return record + struct.pack("<4sLQL", b"PK\6\7", 0, fields.get("points_to", at), fields.get("disks", 1))
