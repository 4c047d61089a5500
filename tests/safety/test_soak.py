"""Soak (issue 4, item 10): random edits on both sides of many flows, two clones, faults on; nothing may pile up.

``FLOWSYNC_SOAK`` sets the seconds (3,600 for the hour of the issue), ``FLOWSYNC_SOAK_FLOWS`` the number of flows.
"""

import gc
import os
import random
import threading
import time
from pathlib import Path

import pytest
from azure.core.exceptions import AzureError

from flowsync.emulator import Emulator
from flowsync.emulator.faults import Fault
from flowsync.errors import FlowsyncError
from flowsync.share.azure import open_azure
from flowsync.share.location import AzureLocation, parse
from flowsync.sync.conductor import Conductor
from flowsync.sync.opened import linked
from world import DAG, EmulatedStudio, Repo, World

from .stage import HASTE, check_nothing_left

SECONDS = float(os.environ.get("FLOWSYNC_SOAK", "120"))
FLOWS = int(os.environ.get("FLOWSYNC_SOAK_FLOWS", "100"))
RATE = 10.0  # edits a second, both sides together
CHANCES = ("drop_before", "drop_after", "refuse")


class Resources:
    """What a process holds."""

    def __init__(self) -> None:
        gc.collect()
        self.memory = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
        self.files = len(os.listdir("/proc/self/fd"))
        self.threads = threading.active_count()
        self.children = sum(len(task.read_text().split()) for task in Path("/proc/self/task").glob("*/children"))

    def __str__(self) -> str:
        return f"{self.memory:.0f} MiB, {self.files} files, {self.threads} threads, {self.children} children"


def _sync(world: World) -> str:
    location = parse(world.share.url)
    assert isinstance(location, AzureLocation)
    try:
        with linked(world.folder) as link:
            Conductor(link, {}, opener=lambda: open_azure(location, {}, patience=HASTE)).sync()
    except FlowsyncError as error:
        return type(error).__name__
    return "done"


def _clone(place: Path, share: EmulatedStudio) -> World:
    repo = Repo(place)
    repo.folder.mkdir()
    repo.git("init", "--quiet")
    world = World(repo.folder, share=share)
    world.link(settle=0, max_deletes=1)
    return world


def _commit(chance: random.Random, world: World, number: int) -> None:
    """One commit in a clone: an edit, a deletion or a rename of files that are this clone's own."""
    folder = f"flows/flow{chance.randrange(FLOWS):03}"
    if not (world.folder / folder).is_dir():
        return
    own, other = f"{folder}/{world.folder.name}.py", f"{folder}/{world.folder.name}_renamed.py"
    there, kind = (world.folder / own).is_file(), chance.random()
    if there and kind < 0.1:
        world.commit({own: None})
    elif there and kind < 0.2:
        world.commit({own: None, other: (world.folder / own).read_bytes()})
    else:
        world.commit({own: f"number = {number}\n"})


class _Studio:
    """Studio, saving at its own pace while everything else goes on; a request that failed is made again."""

    def __init__(self, share: EmulatedStudio, rate: float) -> None:
        self.share, self.rate, self.edits = share, rate, 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._work, name="studio")

    def __enter__(self) -> "_Studio":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def _work(self) -> None:
        chance = random.Random(5)
        while not self.over.wait(1 / self.rate):
            folder, kind = f"flow{chance.randrange(FLOWS):03}", chance.random()
            while not self._edited(folder, kind) and not self.over.wait(0.01):
                pass

    def _edited(self, folder: str, kind: float) -> bool:
        file = self.share.client.get_file_client(f"{self.share.top}/{folder}/studio.py")
        there = (self.share.folder / folder / "studio.py").is_file()
        try:
            if there and kind < 0.1:
                file.delete_file()
            elif there and kind < 0.2:
                file.rename_file(f"{self.share.top}/{folder}/studio_renamed.py", overwrite=True)
            else:
                file.upload_file(f"number = {self.edits}\n".encode())
        except AzureError:
            return False
        self.edits += 1
        return True


def _come_to_rest(worlds: list[World]) -> None:
    """Syncs in turn until both clones have nothing to do any more."""
    for _ in range(12):
        before = [world.refs() for world in worlds]
        ended = [_sync(world) for world in worlds]
        if ended == ["done", "done"] and [world.refs() for world in worlds] == before:
            return
    raise AssertionError(f"not at rest after twelve rounds: {ended}")


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="what a process holds is read from /proc")
def test_nothing_piles_up(tmp_path: Path, git_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(4)
    with Emulator(tmp_path / "data", shares=("code",)) as emulator:
        share = EmulatedStudio(emulator)
        for number in range(FLOWS):
            (share.folder / f"flow{number:03}").mkdir()
            (share.folder / f"flow{number:03}/flow.dag.yaml").write_text(DAG)
        worlds = [_clone(tmp_path / name, share) for name in ("one", "two")]
        for world in worlds:
            assert _sync(world) == "done"
        ended: dict[str, int] = {}
        begin, edits, seen = time.monotonic(), 0, [Resources()]
        with _Studio(share, RATE / 2) as studio:
            while (now := time.monotonic() - begin) < SECONDS:
                while edits < now * RATE / 2:
                    _commit(chance, chance.choice(worlds), edits)
                    edits += 1
                    if time.monotonic() - begin > now + 2:
                        break  # a slow machine edits more slowly; it still syncs
                rule = emulator.faults.add(Fault(chance.choice(CHANCES), skip=chance.randrange(40)))  # type: ignore[arg-type]
                how = _sync(chance.choice(worlds))
                ended[how] = ended.get(how, 0) + 1
                emulator.faults.remove(rule)
                if len(seen) < 2 + 10 * now / SECONDS:
                    seen.append(Resources())
                    with capsys.disabled():
                        print(f"{now:.0f} s, {edits} + {studio.edits} edits, syncs {ended}, {seen[-1]}", flush=True)
        assert studio.edits > 0
        _come_to_rest(worlds)
        seen.append(Resources())
        with capsys.disabled():
            print(f"\n{edits} + {studio.edits} edits, syncs {ended}\n" + "\n".join(map(str, seen)), flush=True)
        files = {f"flows/{path}": content for path, content in share.files().items()}
        for world in worlds:
            assert {path: c for path, c in world.files().items() if path.startswith("flows/")} == files
            check_nothing_left(world)
            assert not world.fsck()
        early, late = seen[2], seen[-1]
        assert late.files <= early.files + 3 and late.threads <= early.threads + 1
        assert late.children <= early.children
        assert late.memory < early.memory * 1.3 + 20
