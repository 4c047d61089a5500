"""The daemon as the one that syncs: killed at each request that it makes, and started again, with nobody's help.

The judge is that of ``tests/safety``: both sides end where a run without kills ends, nothing is lost, no lease, no
temporary, no journal and no lock is left, and then there is nothing to do. ``--slow`` kills at every request.
"""

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon_process import Daemon, until
from flowsync.daemon.client import connect_to
from flowsync.emulator import Event
from flowsync.emulator.faults import Fault
from flowsync.errors import DaemonError
from safety.stage import SCENARIOS, Outcome, Stage, judge
from safety.test_faults import expected
from world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
Start = Callable[..., Daemon]

KILLED = ("push, add and delete", "both edited", "renamed here", "flow renamed here", "renamed in Studio", "first pull")


class Killer:
    """Kills a daemon at its n-th request, before the request has an effect, or after, with the reply on its way."""

    def __init__(self, when: str, index: int) -> None:
        self.struck = threading.Event()
        self._when, self._left = when, index
        self.daemon: Daemon | None = None
        self.started = threading.Event()

    def __call__(self, event: Event) -> None:
        if event.when != self._when or self.struck.is_set():
            return
        self._left -= 1
        if self._left < 0:
            self.started.wait()
            assert self.daemon is not None
            self.daemon.process.kill()
            self.struck.set()


def at_rest(daemon: Daemon, done: Callable[[], bool]) -> bool:
    """Whether the daemon has nothing left to do, and both sides are where they are to be."""
    try:
        client = connect_to(daemon.place, "test")  # one, for it may die between two
        if client is None:
            return False
        with client:
            if client.hello["pid"] != daemon.process.pid:
                return False
            state = client.request("state", {})
    except (DaemonError, OSError):  # it dies at this very moment
        return False
    return bool(state["health"] == "idle" and state.get("settled") and state["counters"].get("looks") and done())


def on_disk(world: World) -> Outcome:
    """What both sides hold, without a request that would be counted among the daemon's."""
    top = world.share.folder  # type: ignore[attr-defined]
    there = {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob("*") if path.is_file()}
    return Outcome(there, {path: content for path, content in world.files().items() if path.startswith("flows/")})


def play(stage: Stage, start: Start, when: str, index: int, wanted: Outcome) -> bool:
    """Kills the daemon at a request and starts another; tells whether it was still at work then."""
    with stage.play() as world:
        env = {"AZURE_STORAGE_CONNECTION_STRING": stage.connection}
        emulator = world.share.emulator  # type: ignore[attr-defined]
        killer = Killer(when, index)
        if when == "before":
            emulator.faults.add(Fault("drop_before", skip=index))
        emulator.on_request(killer)
        killer.daemon = start(world, env=env)
        killer.started.set()

        def done() -> bool:
            return on_disk(world) == wanted

        until(lambda: killer.struck.is_set() or at_rest(killer.daemon, done), f"a kill or rest: {killer.daemon}")
        emulator.off_request(killer)
        emulator.faults.clear()
        if killer.struck.is_set():
            killer.daemon.process.wait()
            again = start(world, env=env)
            until(lambda: at_rest(again, done), f"rest after a kill {when} request {index}: {again}")
            again.end(signal.SIGTERM)
        else:
            killer.daemon.end(signal.SIGTERM)
        judge(stage, world, wanted)
        assert not [path for path in world.folder.glob(".git/**/*.lock") if path.parent.name != "flowsync"]
    return killer.struck.is_set()


@pytest.mark.parametrize("name", ["push, add and delete", "flow renamed here"])
def test_a_sample_of_kills(name: str, tmp_path: Path, git_home: Path, run_daemon: Start) -> None:
    stage = Stage(tmp_path / "stage", git_home, SCENARIOS[name])
    wanted, requests = expected(stage)
    for when, index in (("before", requests // 2), ("after", requests - 2)):
        assert play(stage, run_daemon, when, index, wanted), (when, index)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", KILLED)
def test_a_kill_at_every_request(
    name: str, tmp_path: Path, git_home: Path, run_daemon: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Stage(tmp_path / "stage", git_home, SCENARIOS[name])
    wanted, _ = expected(stage)
    points = {"before": 0, "after": 0}
    for when in points:
        while play(stage, run_daemon, when, points[when], wanted):
            points[when] += 1
    with capsys.disabled():
        print(f"\n{name}: {points} kills of the daemon, all recovered without help")
