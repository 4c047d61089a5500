"""Writing an archive: the same files at the same moment give the same bytes, on every system and every Python.

Names sorted, one date for all, mode 0644, one compression level, no folder entries, no extra fields (but ZIP64's, where
a file needs it). Only another zlib may pack differently; ``store`` rules that out. The records are written here rather
than by zipfile, whose headers are its own affair in each version, and cost more than the compression of small files.
"""

import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from flowsync.archive import records
from flowsync.archive.kinds import DEFLATED, STORED
from flowsync.archive.records import FULL16, FULL32
from flowsync.core.tree import Path

_LEVEL = 6
_UNIX = 3 << 8
_PLAIN_FILE = 0o100644 << 16
_VERSION, _VERSION_64 = 20, 45
_AT_ONCE = 1024 * 1024  # bytes; a smaller file is packed in memory
_WIDE = FULL32 - FULL32 // 16  # a file that deflate might bring over ZIP's four bytes
_FIRST, _LAST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Content:
    """A file to be packed: ``pieces`` are its ``size`` bytes, asked for once and in order."""

    path: Path
    size: int
    pieces: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the directory will say of a file."""

    name: bytes
    crc: int
    packed: int
    size: int
    offset: int

    @property
    def wide(self) -> bool:
        return self.size >= _WIDE


def write(
    out: IO[bytes],
    files: Iterable[Content],
    comment: bytes,
    moment: int,
    store: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Writes an archive of ``files`` (which come sorted by path) to ``out``, a file that can seek.

    ``moment`` is in seconds since 1970 and dates every entry, as UTC. ``advance`` is told the bytes packed.
    """
    writer = _Writer(out, _dos(moment), STORED if store else DEFLATED, advance)
    entries = [writer.add(file) for file in files]
    writer.end(entries, comment)


def _dos(moment: int) -> tuple[int, int]:
    """Returns a moment as ZIP has it: time and date, to two seconds, from 1980 to 2107."""
    when = min(max(datetime.fromtimestamp(moment, UTC), _FIRST), _LAST)
    date = (when.year - 1980) << 9 | when.month << 5 | when.day
    return when.hour << 11 | when.minute << 5 | when.second // 2, date


class _Writer:
    """An archive that grows at the end of a file."""

    def __init__(self, out: IO[bytes], dos: tuple[int, int], method: int, advance: Callable[[int], None]) -> None:
        self._out = out
        self._dos = dos
        self._method = method
        self._advance = advance
        self._at = 0

    def add(self, file: Content) -> _Entry:
        name = file.path.encode("utf-8")
        if file.size > _AT_ONCE:
            return self._stream(name, file)
        content = b"".join(file.pieces)
        self._advance(len(content))
        engine = self._engine()
        packed = engine.compress(content) + engine.flush() if engine else content
        entry = _Entry(name, zlib.crc32(content), len(packed), len(content), self._at)
        self._write(self._local(entry) + packed)
        return entry

    def _stream(self, name: bytes, file: Content) -> _Entry:
        """Packs a large file piece by piece; its header is written again when its sizes are known."""
        entry = _Entry(name, 0, 0, file.size, self._at)
        self._write(self._local(entry))
        begins, crc, engine = self._at, 0, self._engine()
        for piece in file.pieces:
            crc = zlib.crc32(piece, crc)
            self._write(engine.compress(piece) if engine else piece)
            self._advance(len(piece))
        if engine:
            self._write(engine.flush())
        entry = _Entry(name, crc, self._at - begins, file.size, entry.offset)
        self._out.seek(entry.offset)
        self._out.write(self._local(entry))
        self._out.seek(self._at)
        return entry

    def _engine(self) -> "zlib._Compress | None":
        return zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS) if self._method == DEFLATED else None

    def _write(self, raw: bytes) -> None:
        self._out.write(raw)
        self._at += len(raw)

    def _local(self, entry: _Entry) -> bytes:
        version, size, packed, extra = _VERSION, entry.size, entry.packed, b""
        if entry.wide:
            version, size, packed, extra = _VERSION_64, FULL32, FULL32, _field(entry.size, entry.packed)
        names = (len(entry.name), len(extra))
        head = (version, _flags(entry), self._method, *self._dos, entry.crc, packed, size, *names)
        return records.LOCAL.pack(records.LOCAL_MARK, *head) + entry.name + extra

    def _central(self, entry: _Entry) -> bytes:
        size, packed, offset, wide = entry.size, entry.packed, entry.offset, []
        if entry.wide:
            size, packed, wide = FULL32, FULL32, [entry.size, entry.packed]
        if offset >= FULL32:
            offset, wide = FULL32, [*wide, entry.offset]
        extra = _field(*wide) if wide else b""
        version = _VERSION_64 if wide else _VERSION
        head = (_UNIX | version, version, _flags(entry), self._method, *self._dos, entry.crc, packed, size)
        tail = (len(entry.name), len(extra), 0, 0, 0, _PLAIN_FILE, offset)
        return records.CENTRAL.pack(records.CENTRAL_MARK, *head, *tail) + entry.name + extra

    def end(self, entries: list[_Entry], comment: bytes) -> None:
        offset = self._at
        for entry in entries:
            self._write(self._central(entry))
        count, length = len(entries), self._at - offset
        if count >= FULL16 or max(offset, length) >= FULL32:
            values = (_UNIX | _VERSION_64, _VERSION_64, 0, 0, count, count, length, offset)
            wide = records.END64.pack(records.END64_MARK, records.END64.size - 12, *values)
            self._write(wide + records.LOCATOR.pack(records.LOCATOR_MARK, 0, self._at, 1))
        counts = (min(count, FULL16), min(count, FULL16), min(length, FULL32), min(offset, FULL32))
        self._write(records.END.pack(records.END_MARK, 0, 0, *counts, len(comment)) + comment)


def _flags(entry: _Entry) -> int:
    return 0 if entry.name.isascii() else records.UTF8


def _field(*values: int) -> bytes:
    return struct.pack(f"<2H{len(values)}Q", records.ZIP64_FIELD, 8 * len(values), *values)
