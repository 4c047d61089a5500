"""The worlds that the contract suite runs in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowsync.emulator import Emulator
from flowsync.share.folder_dir import ANCHORS

from .worlds import AzureWorld, FolderWorld, MemoryWorld, World

KINDS = ["memory", "folder", "folder without exchange", "folder without anchors", "azure"]


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One emulator for all; each test has a share of its own."""
    with Emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def azure(emulator: Emulator) -> Iterator[AzureWorld]:
    """A share on the emulator."""
    emulator.faults.clear()
    world = AzureWorld(emulator)
    yield world
    emulator.faults.clear()
    world.client.close()


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Each kind of share in turn."""
    match request.param:
        case "memory":
            yield MemoryWorld()
        case "azure":
            yield request.getfixturevalue("azure")
        case kind:
            anchored = kind != "folder without anchors"
            if anchored and not ANCHORS:
                pytest.skip("this system cannot hold a directory open")
            folder = FolderWorld(tmp_path, anchored, swaps=kind == "folder")
            with folder.without_swaps():
                yield folder
