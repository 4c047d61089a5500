"""Pass two: the bytes of an archive's members, counted and checked while they come."""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from flowsync.archive.kinds import STORED
from flowsync.archive.names import shown
from flowsync.archive.reading import Member
from flowsync.core.tree import Blob
from flowsync.errors import ArchiveRefused

_PIECE = 256 * 1024


def contents(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """Yields a member's content; ArchiveRefused, at the latest at its end, if it is not what the archive announced."""
    raw = _packed(file, member)
    count, crc = 0, 0
    for piece in raw if member.method == STORED else _inflated(raw, member):
        count += len(piece)
        if count > member.size:
            raise ArchiveRefused(f"{shown(member.name)} holds more than the {member.size} bytes that it announces")
        crc = zlib.crc32(piece, crc)
        yield piece
    if count != member.size:
        raise ArchiveRefused(f"{shown(member.name)} holds {count} bytes and announces {member.size}")
    if crc != member.crc:
        raise ArchiveRefused(f"{shown(member.name)} is damaged: its checksum is wrong", "download it again")


def _packed(file: BinaryIO, member: Member) -> Iterator[bytes]:
    file.seek(member.data)
    left = member.packed
    while left:
        piece = file.read(min(left, _PIECE))
        if not piece:
            raise ArchiveRefused("it became shorter while it was read", "run the command again")
        left -= len(piece)
        yield piece


def _inflated(raw: Iterator[bytes], member: Member) -> Iterator[bytes]:
    """Yields what is deflated in ``raw``, a piece at a time at the most; the stream must end where ``raw`` does."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    name = shown(member.name)
    try:
        for piece in raw:
            if engine.eof:
                raise ArchiveRefused(f"{name} has {len(piece)} bytes and more after the end of its content")
            pending = piece
            while pending and not engine.eof:
                if out := engine.decompress(pending, _PIECE):
                    yield out
                pending = engine.unconsumed_tail
        while not engine.eof and (out := engine.decompress(b"", _PIECE)):
            yield out
    except zlib.error as error:
        raise ArchiveRefused(f"{name} is damaged: it cannot be unpacked", "download it again") from error
    if not engine.eof:
        raise ArchiveRefused(f"{name} is damaged: its content is cut off", "download it again")
    if engine.unused_data:
        raise ArchiveRefused(f"{name} has {len(engine.unused_data)} bytes after the end of its content")


def blob_of(file: BinaryIO, member: Member, advance: Callable[[int], None]) -> Blob:
    """Returns the object id that Git gives to a member's content, read whole and checked; tells the bytes read."""
    digest = hashlib.sha1(b"blob %d\0" % member.size, usedforsecurity=False)
    for piece in contents(file, member):
        digest.update(piece)
        advance(len(piece))
    return Blob(digest.hexdigest())


class Reader:
    """A member's content as a file to read from, for those who take one. ``advance`` is told the bytes unpacked."""

    def __init__(self, file: BinaryIO, member: Member, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self._pieces = contents(file, member)
        self._kept = b""

    def read(self, size: int = -1) -> bytes:
        """Reads up to ``size`` bytes (all that is left, if negative); at the end it is checked that this was all."""
        gathered = [self._kept]
        have = len(self._kept)
        while size < 0 or have < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._advance(len(piece))
            gathered.append(piece)
            have += len(piece)
        whole = b"".join(gathered)
        if size < 0:
            self._kept = b""
            return whole
        self._kept = whole[size:]
        return whole[:size]
