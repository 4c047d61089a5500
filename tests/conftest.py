"""What every test may ask for: the --slow switch, the real `pf` of prompt flow, and worlds to sync in."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from flowsync.emulator import Emulator
from promptflow_cli import PromptFlow
from world import USER, EmulatedStudio, FolderStudio, Repo, World

# CI judges a change, not the luck of its examples; at home each run tries others.
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")


# What a shell runs in the background ignores Ctrl-C, and so does all that it starts; some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow; add --slow to run it"))


@pytest.fixture(scope="session")
def promptflow(tmp_path_factory: pytest.TempPathFactory) -> PromptFlow:
    """The `pf` that FLOWSYNC_PF names, with a home of its own."""
    named = os.environ.get("FLOWSYNC_PF")
    if not named:
        pytest.skip("set FLOWSYNC_PF to a pf executable (promptflow-devkit and promptflow-tools) to run this")
    executable = shutil.which(named)
    assert executable, f"FLOWSYNC_PF is {named}, which is not an executable"
    return PromptFlow(Path(executable).absolute(), tmp_path_factory.mktemp("pf-home"))


@pytest.fixture
def git_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for git and the hook frameworks: nothing of the machine's configuration counts."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith(("GIT_", "XDG_", "PRE_COMMIT", "PREK", "AZURE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    (home / "gitconfig").write_text(
        "[user]\n\tname = Pat\n\temail = pat@example.com\n"
        "[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n"
    )
    return home


@pytest.fixture
def repo(tmp_path: Path, git_home: Path) -> Repo:
    """An empty repository."""
    folder = tmp_path / "repo"
    folder.mkdir()
    repo = Repo(folder)
    repo.git("init", "--quiet")
    return repo


@pytest.fixture
def unlinked(tmp_path: Path, repo: Repo) -> World:
    """An empty repository beside a share that is a folder, not linked yet."""
    return World(repo.folder, share=FolderStudio(tmp_path / "share" / "Users" / USER / "promptflow"))


@pytest.fixture
def world(unlinked: World) -> World:
    """A repository linked to a share that is a folder."""
    unlinked.link()
    return unlinked


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """An emulator with a share called ``code``."""
    with Emulator(tmp_path / "emulated", shares=("code",), log=True) as running:
        yield running


@pytest.fixture
def azure_world(repo: Repo, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> World:
    """A repository linked to a share in the emulator; every request goes through the real SDK."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", emulator.connection_string)
    world = World(repo.folder, share=EmulatedStudio(emulator))
    world.link()
    emulator.reset_counts()
    return world
