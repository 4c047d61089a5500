"""Structured messages: a body cut into segments, each with a CRC-64 behind it, and one of the whole at the end.

What belongs here: the frame (version 1) and its checksum, both ways. The checksum is plain Python, some 10 MB a second.
"""

import struct
from collections.abc import Iterator
from functools import cache

from flowsync.emulator.refusal import Refused
from flowsync.emulator.wire import Stream

HEADER = "XSM/1.0; properties=crc64"
SEGMENT = 4 << 20
_HEAD, _SEGMENT_HEAD, _CRC = 13, 10, 8
_POLYNOMIAL = 0x9A6C_9329_AC4B_C9B5
_ONES = (1 << 64) - 1


@cache
def _tables() -> list[list[int]]:
    first = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
        first.append(crc)
    tables = [first]
    for _ in range(7):
        tables.append([first[crc & 255] ^ crc >> 8 for crc in tables[-1]])
    return tables


class Crc64:
    """A checksum that grows with its content."""

    def __init__(self) -> None:
        self._crc = _ONES

    def update(self, content: bytes) -> None:
        """Adds content."""
        t0, t1, t2, t3, t4, t5, t6, t7 = _tables()
        crc = self._crc
        whole = len(content) // 8 * 8
        for (word,) in struct.iter_unpack("<Q", memoryview(content)[:whole]):
            crc ^= word
            crc = (
                t7[crc & 255]
                ^ t6[crc >> 8 & 255]
                ^ t5[crc >> 16 & 255]
                ^ t4[crc >> 24 & 255]
                ^ t3[crc >> 32 & 255]
                ^ t2[crc >> 40 & 255]
                ^ t1[crc >> 48 & 255]
                ^ t0[crc >> 56]
            )
        for byte in content[whole:]:
            crc = t0[(crc ^ byte) & 255] ^ crc >> 8
        self._crc = crc

    def digest(self) -> bytes:
        """Returns the checksum of what was added, little-endian."""
        return (self._crc ^ _ONES).to_bytes(_CRC, "little")


def length_of(content: int) -> int:
    """Returns how long the message of a content is."""
    segments = max(1, -(-content // SEGMENT))
    return _HEAD + segments * (_SEGMENT_HEAD + _CRC) + content + _CRC


def decode(message: bytes, content_length: int) -> bytes:
    """Takes the content out of a message; raises Refused if it is malformed or a checksum is wrong."""
    try:
        version, length, flags, count = struct.unpack_from("<BQHH", message)
        if version != 1 or length != len(message) or flags not in (0, 1):
            raise Refused("InvalidInput", "The structured body is malformed.")
        content = b"".join(_segments(message, count, _CRC if flags else 0))
    except struct.error as error:
        raise Refused("InvalidInput", "The structured body is malformed.") from error
    if len(content) != content_length:
        raise Refused("InvalidHeaderValue", "x-ms-structured-content-length is not the content's length.")
    if flags:
        _check(content, message[-_CRC:])
    return content


def _segments(message: bytes, count: int, footer: int) -> Iterator[bytes]:
    place = _HEAD
    for number in range(1, count + 1):
        found, size = struct.unpack_from("<HQ", message, place)
        place += _SEGMENT_HEAD
        content = message[place : place + size]
        if found != number or len(content) != size:
            raise Refused("InvalidInput", "The structured body is malformed.")
        if footer:
            _check(content, message[place + size : place + size + footer])
        place += size + footer
        yield content
    if place + footer != len(message):
        raise Refused("InvalidInput", "The structured body is malformed.")


def _check(content: bytes, expected: bytes) -> None:
    crc = Crc64()
    crc.update(content)
    if crc.digest() != expected:
        raise Refused("Crc64Mismatch")


class Encoder:
    """A body as a message, made while it is sent. Pieces are asked for in order, as a server does."""

    def __init__(self, inner: Stream, length: int) -> None:
        self._inner, self._length = inner, length
        self._pieces = self._make()
        self._waiting = b""

    def read(self, offset: int, size: int) -> bytes:
        """Reads the next piece."""
        parts = [self._waiting]
        ready = len(self._waiting)
        while ready < size and (piece := next(self._pieces, b"")):
            parts.append(piece)
            ready += len(piece)
        content = b"".join(parts)
        self._waiting = content[size:]
        return content[:size]

    def close(self) -> None:
        """Ends the reading."""
        self._inner.close()

    def _make(self) -> Iterator[bytes]:
        count = max(1, -(-self._length // SEGMENT))
        yield struct.pack("<BQHH", 1, length_of(self._length), 1, count)
        whole = Crc64()
        for number in range(1, count + 1):
            start = (number - 1) * SEGMENT
            content = self._inner.read(start, min(SEGMENT, self._length - start))
            segment = Crc64()
            segment.update(content)
            whole.update(content)
            yield struct.pack("<HQ", number, len(content)) + content + segment.digest()
        yield whole.digest()
