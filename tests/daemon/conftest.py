"""Worlds with a daemon in them."""

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from daemon_process import Daemon
from world import World


@pytest.fixture
def run_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Daemon]]:
    """Starts daemons that end with the test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    # Where sockets go whose own path is too long: short, and this test's alone.
    short = tempfile.mkdtemp(prefix="fs-")
    monkeypatch.setenv("XDG_RUNTIME_DIR", short)
    running: list[Daemon] = []

    def run(world: World, *options: str, env: dict[str, str] | None = None, before: Sequence[str] = ()) -> Daemon:
        world.git("config", "flowsync.notify", "none")
        running.append(Daemon(world, *options, env=env, before=before))
        return running[-1]

    yield run
    for daemon in running:
        daemon.end(signal.SIGKILL)
    shutil.rmtree(short, ignore_errors=True)


@pytest.fixture
def daemon(world: World, run_daemon: Callable[..., Daemon]) -> Daemon:
    """A daemon over a world with a flow in sync."""
    world.studio_flow("chat", a_py="x = 1\n")
    return run_daemon(world).ready().settled()
