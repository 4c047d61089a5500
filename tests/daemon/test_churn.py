"""A person and Studio write all the time, and the daemon is killed again and again: nothing is lost, all converges."""

import random
import signal
import threading
from collections.abc import Callable

import pytest

from daemon_process import Daemon, until
from flowsync.emulator import Emulator
from world import World

FLOWS = ("chat", "triage", "search")


class Writer:
    """Writes numbered contents from a thread of its own until it is stopped; remembers the last of each file."""

    def __init__(self, write: Callable[[str, int], None], chance: random.Random) -> None:
        self._write, self._chance = write, chance
        self.last: dict[str, int] = {}
        self.failure: BaseException | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        try:
            while not self._stopped.wait(self._chance.uniform(0.05, 0.6)):
                number += 1
                flow = self._chance.choice(FLOWS)
                self._write(flow, number)
                self.last[flow] = number
        except BaseException as error:
            self.failure = error

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(60)
        assert self.failure is None, self.failure


@pytest.mark.parametrize(
    ("seed", "kills"), [(1, 4), *(pytest.param(seed, 25, marks=pytest.mark.slow) for seed in range(2, 6))]
)
@pytest.mark.timeout(1200)
def test_kill_nine_loses_nothing(
    azure_world: World, emulator: Emulator, run_daemon: Callable[..., Daemon], seed: int, kills: int
) -> None:
    world, chance = azure_world, random.Random(seed)
    world.git("config", "flowsync.fastestLook", "1")
    world.git("config", "flowsync.requestsPerHour", "1000000")
    for flow in FLOWS:
        world.studio_flow(flow, mine_py="0\n", theirs_py="0\n")
    world.ends(0, "sync")
    emulator.latency = 0.01

    def save(flow: str, number: int) -> None:
        world.studio({f"{flow}/theirs.py": f"{number}\n"})

    def commit(flow: str, number: int) -> None:
        world.write({f"flows/{flow}/mine.py": f"{number}\n"})
        until(lambda: _committed(world, f"{flow} {number}"), "git to take the commit")

    writers = Writer(save, random.Random(seed)), Writer(commit, random.Random(-seed))
    for _ in range(kills):
        daemon = run_daemon(world)
        until(lambda: daemon.answers(), f"it to answer: {daemon}")  # noqa: B023
        threading.Event().wait(chance.uniform(0.0, 1.5))  # when the kill comes is what is random here
        assert daemon.end(signal.SIGKILL) == -signal.SIGKILL
    for writer in writers:
        writer.stop()
    (world.folder / ".git/index.lock").unlink(missing_ok=True)
    daemon = run_daemon(world).ready()
    theirs, mine = (writer.last for writer in writers)
    wanted = {flow: {b"mine": mine.get(flow, 0), b"theirs": theirs.get(flow, 0)} for flow in FLOWS}
    until(lambda: all(world.here(flow) == world.there(flow) for flow in FLOWS), f"both sides to agree: {daemon}", 120)
    daemon.settled()
    for flow in FLOWS:
        files = world.here(flow)
        assert files["mine.py"] == b"%d\n" % wanted[flow][b"mine"]
        assert files["theirs.py"] == b"%d\n" % wanted[flow][b"theirs"]
        assert daemon.flow(flow)["state"] == "in-sync"
    assert world.git("status", "--porcelain") == ""
    assert world.fsck() == ""
    assert daemon.end() == 0
    world.commit({f"flows/{flow}/mine.py": "last\n" for flow in FLOWS})  # no lease was left behind
    world.ends(0, "push")


def _committed(world: World, message: str) -> bool:
    world.git("commit", "--quiet", "-am", message, ok=False)
    return world.git("status", "--porcelain", "--", "flows/*/mine.py") == ""
