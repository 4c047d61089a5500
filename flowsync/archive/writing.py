"""Writing an archive: the same files at the same moment give the same bytes, on every system.

Names sorted, one date for all, mode 0644, one compression level, no folder entries, no extra fields (but ZIP64's, where
a file needs it). Only another zlib may pack differently; ``store`` rules that out.
"""

import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from flowsync.core.tree import Path

_LEVEL = 6
_UNIX = 3
_PLAIN_FILE = 0o100644 << 16
_FIRST, _LAST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Content:
    """A file to be packed: ``pieces`` are its ``size`` bytes, asked for once and in order."""

    path: Path
    size: int
    pieces: Iterable[bytes]


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
    when = min(max(datetime.fromtimestamp(moment, UTC), _FIRST), _LAST)
    method = zipfile.ZIP_STORED if store else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(out, "w", method, compresslevel=None if store else _LEVEL) as archive:
        for file in files:
            info = zipfile.ZipInfo(file.path, when.timetuple()[:6])
            info.create_system, info.external_attr = _UNIX, _PLAIN_FILE
            info.compress_type, info.file_size = method, file.size
            with archive.open(info, "w") as entry:
                for piece in file.pieces:
                    entry.write(piece)
                    advance(len(piece))
        archive.comment = comment
