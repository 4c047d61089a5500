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


@pytest.fixture
def parted(world: World, run_daemon: Callable[..., Daemon]) -> Daemon:
    """A daemon at rest over a flow with a file in every state."""
    files = {name: f"{name} = 1\n" for name in ("same_py", "mine_py", "theirs_py", "both_py", "clash_py", "typed_py")}
    world.studio_flow("chat", **files)
    world.sync()
    world.commit(
        {
            "flows/chat/mine.py": "mine\n",
            "flows/chat/both.py": "top\nboth_py = 1\n",
            "flows/chat/clash.py": "here\n",
            "flows/chat/new.py": "n\n",
        }
    )
    world.studio({"chat/theirs.py": "theirs\n", "chat/both.py": "both_py = 1\n\n\n\nend\n", "chat/clash.py": "there\n"})
    world.ends(0, "fetch")
    world.write({"flows/chat/typed.py": "typed\n" * 1000, "flows/chat/untracked.py": "u\n"})
    return run_daemon(world).ready().settled()
