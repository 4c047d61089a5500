"""Structured messages: bodies with checksums, up and down; a wrong checksum is refused."""

import os

import pytest
from azure.storage.fileshare import ShareClient

from emulator.raw import Raw
from flowsync.emulator import structured
from flowsync.emulator.refusal import Refused
from flowsync.emulator.structured import HEADER, Crc64, Encoder, decode, length_of

FRAMED = {"x-ms-structured-body": HEADER}


class Bytes:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self, offset: int, size: int) -> bytes:
        return self.content[offset : offset + size]

    def close(self) -> None:
        self.content = b""


def encode(content: bytes) -> bytes:
    encoder = Encoder(Bytes(content), len(content))
    return b"".join(iter(lambda: encoder.read(0, 1000), b""))


def test_the_checksum_is_crc_64_nvme() -> None:
    crc = Crc64()
    crc.update(b"12345")
    crc.update(b"6789")
    assert crc.digest() == 0xAE8B14860A799888.to_bytes(8, "little")


@pytest.mark.parametrize("size", [0, 1, 999, 5000])
def test_a_message_gives_its_content_back(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structured, "SEGMENT", 1000)
    content = os.urandom(size)
    message = encode(content)
    assert len(message) == length_of(size)
    assert decode(message, size) == content


def test_a_message_with_any_byte_changed_is_refused() -> None:
    message = encode(b"some content")
    for place in range(len(message)):
        changed = bytearray(message)
        changed[place] ^= 1
        if changed[9] == 0 and place == 9:
            continue  # no checksums announced: the frame is another one, and its length gives it away
        with pytest.raises(Refused):
            decode(bytes(changed), len(b"some content"))


def test_up_and_down(share: ShareClient, raw: Raw) -> None:
    content = os.urandom(2000)
    message = encode(content)
    create = {"x-ms-type": "file", "x-ms-content-length": "2000", **FRAMED, "x-ms-structured-content-length": "2000"}
    answer = raw("PUT", "/code/f", create, message)
    assert (answer.status, answer.headers["x-ms-structured-body"]) == (201, HEADER)
    assert raw("GET", "/code/f").body == content
    answer = raw("GET", "/code/f", {**FRAMED, "x-ms-range": "bytes=100-1099"})
    assert (answer.status, answer.headers["x-ms-structured-content-length"]) == (206, "1000")
    assert decode(answer.body, 1000) == content[100:1100]
    wrong = bytearray(message)
    wrong[30] ^= 1
    answer = raw("PUT", "/code/f", create, bytes(wrong))
    assert (answer.status, answer.code) == (400, "Crc64Mismatch")
    assert raw("GET", "/code/f").body == content
