"""A reader that polls a file while it is pushed a thousand times sees an old version or a new one, whole (issue 4)."""

import io
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.fileshare import ShareClient

from flowsync.emulator import WELL_KNOWN_KEY, Emulator
from flowsync.share.azure import open_azure
from flowsync.share.base import Put, Share, Version, Written
from flowsync.share.folder import FolderShare
from flowsync.share.location import AzureLocation, parse

SIZE = 60_000
Read = Callable[[], bytes | None]


def content(number: int) -> bytes:
    """A version that shows if it is mixed with another, or has holes."""
    return (b"%09d\n" % number) * (SIZE // 10)


def whole(seen: bytes | None) -> bool:
    return seen is not None and len(seen) == SIZE and seen == seen[:10] * (SIZE // 10) and seen[:9].isdigit()


def push(share: Share, number: int, expect: Version | None) -> Version:
    body = content(number)
    (outcome,) = share.write([Put("a.py", SIZE, lambda: io.BytesIO(body), expect, str(uuid.uuid4()))])
    assert isinstance(outcome, Written), outcome
    return outcome.version


def watched(share: Share, read: Read, pushes: int) -> int:
    """Pushes again and again while another thread polls; returns how often it looked."""
    version = push(share, 0, None)
    done, looks, torn = threading.Event(), [0], list[bytes | None]()

    def poll() -> None:
        while not done.is_set():
            seen = read()
            looks[0] += 1
            if not whole(seen):
                torn.append(seen)

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        for number in range(1, pushes + 1):
            version = push(share, number, version)
    finally:
        done.set()
        reader.join()
    assert not torn, f"{len(torn)} of {looks[0]} looks were not whole: {(torn[0] or b'missing')[:40]!r}"
    return looks[0]


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[tuple[Emulator, Read]]:
    with Emulator(tmp_path / "data", shares=("code",)) as emulator:
        client = ShareClient(emulator.url, "code", credential=WELL_KNOWN_KEY, retry_total=0)

        def read() -> bytes | None:
            try:
                return client.get_file_client("a.py").download_file().readall()
            except ResourceNotFoundError:
                return None

        yield emulator, read
        client.close()


@pytest.mark.parametrize("write", ["inline", "replace"])
@pytest.mark.parametrize("pushes", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_of_azure_files(azure: tuple[Emulator, Read], write: str, pushes: int) -> None:
    emulator, read = azure
    location = parse(f"{emulator.url}/code")
    assert isinstance(location, AzureLocation)
    with open_azure(location, {}, write="replace" if write == "replace" else "inline") as share:
        assert watched(share, read, pushes) > pushes / 20


def test_of_a_folder(tmp_path: Path) -> None:
    place = tmp_path / "share"
    place.mkdir()

    def read() -> bytes | None:
        try:
            return (place / "a.py").read_bytes()
        except FileNotFoundError:
            return None

    with FolderShare(str(place)) as share:
        assert watched(share, read, 1000) > 100
    assert os.listdir(place) == ["a.py"]
