"""An office: a repository linked to an emulated workspace, with alice signed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowsync.emulator import Emulator
from workspace import ALICE, workspace_emulator
from world import Repo

from .world import Office, sign_in, unlinked_office


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with workspace_emulator(tmp_path) as running:
        yield running


@pytest.fixture
def bare(repo: Repo, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    sign_in(monkeypatch, emulator, tmp_path, ALICE)
    return unlinked_office(repo, emulator)


@pytest.fixture
def office(bare: Office) -> Office:
    bare.ends(0, "init", "--share", f"{bare.url}?user=alice")
    bare.git("add", ".flowsync.yaml")
    bare.git("commit", "--quiet", "-m", "Link to Studio")
    return bare
