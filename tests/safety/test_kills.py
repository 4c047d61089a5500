"""Tier T5: the real process is killed at each request and at each system call that changes something.

Killed before a request has an effect, and after its effect with the reply on its way. Then a new process runs, without
anybody's help, and the judge looks. CI plays a sample; ``--slow`` plays all and prints the counted table.
"""

import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from flowsync.emulator import Event
from flowsync.emulator.faults import Fault
from world import FolderStudio, World

from .stage import SCENARIOS, Outcome, Stage, judge, settle
from .test_faults import expected
from .tracing import needs_strace

KILLED = (
    "push one file",
    "push by replacing",
    "push, add and delete",
    "push a new flow",
    "both edited",
    "first pull",
    "renamed here",
    "flow renamed here",
)
WHEN = ("before", "after")
CALLS = (
    "?rename,?renameat,?renameat2,?unlink,?unlinkat,?mkdir,?mkdirat,?rmdir,?link,?linkat,?symlinkat,"
    "write,pwrite64,?ftruncate,?fsync,?utimensat,?fallocate"
)


def play(stage: Stage, when: str, index: int, wanted: Outcome) -> bool:
    """Kills the process at a request; tells whether it was still alive then."""
    with stage.play() as world:
        emulator = world.share.emulator  # type: ignore[attr-defined]
        killer = Killer(when, index)
        environ = {**os.environ, "AZURE_STORAGE_CONNECTION_STRING": stage.connection}
        allow = [f"--accept-deletes={flow}" for flow in stage.scenario.allow]
        if when == "before":
            emulator.faults.add(Fault("drop_before", skip=index))
        emulator.on_request(killer)
        killer.start(world.command("sync", *allow), environ)
        emulator.off_request(killer)
        emulator.faults.clear()
        settle(stage, world)
        judge(stage, world, wanted)
    return killer.struck


class Killer:
    """Kills a process at the n-th request that arrives."""

    def __init__(self, when: str, index: int) -> None:
        self.struck = False
        self._when, self._left = when, index
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = threading.Event()

    def start(self, command: list[str], environ: dict[str, str]) -> None:
        self._process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._ready.set()
        said, _ = self._process.communicate()
        assert self._process.returncode in (0, 1, -signal.SIGKILL), said.decode()

    def __call__(self, event: Event) -> None:
        if event.when != self._when:
            return
        self._left -= 1
        if self._left == -1:
            self._ready.wait()
            assert self._process is not None
            self._process.kill()
            self.struck = True


@pytest.mark.parametrize("name", ["push one file", "push by replacing", "push a new flow"])
def test_a_sample_of_kills_at_requests(name: str, tmp_path: Path, git_home: Path) -> None:
    stage = Stage(tmp_path / "stage", git_home, SCENARIOS[name])
    wanted, requests = expected(stage)
    for when, index in (("before", requests - 3), ("after", requests - 4), ("after", requests - 2)):
        assert play(stage, when, index, wanted), (when, index)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", KILLED)
def test_a_kill_at_every_request(name: str, tmp_path: Path, git_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage(tmp_path / "stage", git_home, SCENARIOS[name])
    wanted, _ = expected(stage)
    points = dict.fromkeys(WHEN, 0)
    for when in WHEN:
        while play(stage, when, points[when], wanted):
            points[when] += 1
    with capsys.disabled():
        print(f"\n{name}: {points} kills, all recovered without help")


# System calls: the share is a folder, so that what flowsync does to it is seen by strace, too.


class Syscalls:
    """A small sync against a folder, set up once."""

    def __init__(self, place: Path) -> None:
        self.place, self.runs = place, 0
        self.template = place / "template"
        world = self._world(self.template, make=True)
        world.git("init", "--quiet")
        world.studio_flow("chat", a_py="a = 1\n\n\n\nend\n", b_py="b = 1\n")
        world.link(settle=0, max_deletes=1)
        world.sync()
        shutil.rmtree(world.folder / ".git/flowsync/identity")
        world.commit({"flows/chat/a.py": "a = 2\n\n\n\nend\n", "flows/chat/new.py": "new\n", "flows/chat/b.py": None})
        world.studio({"chat/a.py": "a = 1\n\n\n\nend, says Studio\n"})
        self.contents = {*world.share.files().values(), *world.files().values()}
        os.utime(world.folder / ".flowsync.yaml")

    @staticmethod
    def _world(place: Path, make: bool = False) -> World:
        share = FolderStudio.__new__(FolderStudio)
        share.folder, share.url = place / "share", f"file://{place / 'share'}"
        if make:
            share.folder.mkdir(parents=True)
            (place / "repo").mkdir()
        return World(place / "repo", share=share)

    def play(self, inject: str) -> bool:
        """Runs sync with a fault injected by strace, then repairs and judges; tells whether anything was hit."""
        self.runs += 1
        here = self.place / "run"
        shutil.copytree(self.template, here, symlinks=True, copy_function=shutil.copy2)
        world = self._world(here)
        config = world.folder / ".flowsync.yaml"
        config.write_text(config.read_text().replace(str(self.template), str(here)))
        world.git("commit", "--quiet", "-m", "moved", "--", ".flowsync.yaml")
        log = self.place / "strace.log"
        environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
        command = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={CALLS}", "-e", f"inject={CALLS}:{inject}"]
        done = subprocess.run([*command, *world.command("sync")], env=environ, capture_output=True, check=False)
        said = log.read_text(errors="replace")
        hit = "+++ killed by SIGKILL" in said or "(INJECTED)" in said
        self._judge(world, done.stderr.decode())
        shutil.rmtree(here)
        return hit

    def _judge(self, world: World, said: str) -> None:
        for _ in range(3):
            run = world.process("sync")
            assert run.code == 0, f"{said}\n{run}"
        there = world.share.files()
        assert there == {f"chat/{path}": content for path, content in world.here("chat").items()}
        assert there["chat/a.py"] == b"a = 2\n\n\n\nend, says Studio\n" and "chat/b.py" not in there
        assert set(there) == {"chat/flow.dag.yaml", "chat/a.py", "chat/new.py"}
        reachable = world.reachable()
        for content in self.contents:
            assert world.git("hash-object", "--stdin", stdin=content) in reachable
        assert not world.fsck()
        assert not list(world.folder.glob(".git/**/*.lock")) and world.git("status", "--porcelain") == ""
        assert "Everything is in sync" in world.process("sync").out


@pytest.fixture
def syscalls(tmp_path: Path, git_home: Path) -> Syscalls:
    needs_strace()
    return Syscalls(tmp_path / "stage")


@pytest.mark.parametrize("inject", ["signal=SIGKILL:when=9", "signal=SIGKILL:when=40", "error=ENOSPC:when=25"])
def test_a_sample_of_faults_at_system_calls(syscalls: Syscalls, inject: str) -> None:
    assert syscalls.play(inject)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("fault", ["signal=SIGKILL", "error=ENOSPC", "error=EIO", "error=EINTR"])
def test_every_system_call(syscalls: Syscalls, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    number = 1
    while syscalls.play(f"{fault}:when={number}"):
        number += 1
    with capsys.disabled():
        print(f"\n{fault}: {number - 1} points, all recovered without help")
