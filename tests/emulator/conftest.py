"""An emulator with a share called ``code``, the SDK's client of it, and a way to send raw requests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.fileshare import ShareClient

from emulator.raw import Raw
from flowsync.emulator import Emulator


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(tmp_path / "data", shares=("code",), log=True, control=True) as running:
        yield running


@pytest.fixture
def share(emulator: Emulator) -> Iterator[ShareClient]:
    with client(emulator) as opened:
        yield opened


@pytest.fixture
def raw(emulator: Emulator) -> Raw:
    return Raw(emulator.url)


def client(emulator: Emulator, share: str = "code") -> ShareClient:
    """Opens the SDK's client, which allows trailing dots and never retries."""
    return ShareClient.from_connection_string(
        emulator.connection_string, share, allow_trailing_dot=True, allow_source_trailing_dot=True, retry_total=0
    )
