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
    world.link(settle=0)
    return world


def _edit(chance: random.Random, worlds: list[World], number: int) -> None:
    """One edit, in Studio or in a clone; each side has files of its own, so that flows keep merging."""
    flow, world = f"flow{chance.randrange(FLOWS):03}", chance.choice([None, *worlds])
    if world is None:
        worlds[0].studio({f"{flow}/studio.py": f"number = {number}\n"})
    elif (world.folder / "flows" / flow).is_dir():
        world.commit({f"flows/{flow}/{world.folder.name}.py": f"number = {number}\n"})


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
        while (now := time.monotonic() - begin) < SECONDS:
            while edits < now * RATE:
                _edit(chance, worlds, edits)
                edits += 1
                if time.monotonic() - begin > now + 2:
                    break  # a slow machine edits more slowly; it still syncs
            rule = emulator.faults.add(Fault(chance.choice(CHANCES), skip=chance.randrange(40)))  # type: ignore[arg-type]
            how = _sync(chance.choice(worlds))
            ended[how] = ended.get(how, 0) + 1
            emulator.faults.remove(rule)
            if len(seen) < 2 + 10 * now / SECONDS:
                seen.append(Resources())
        for _ in range(3):
            for world in worlds:
                assert _sync(world) == "done"
        seen.append(Resources())
        with capsys.disabled():
            print(f"\n{edits} edits, syncs {ended}\n" + "\n".join(map(str, seen)))
        files = {f"flows/{path}": content for path, content in share.files().items()}
        for world in worlds:
            assert {path: c for path, c in world.files().items() if path.startswith("flows/")} == files
            check_nothing_left(world)
            assert not world.fsck()
        early, late = seen[2], seen[-1]
        assert late.files <= early.files + 3 and late.threads <= early.threads + 1
        assert late.children <= early.children
        assert late.memory < early.memory * 1.3 + 20
