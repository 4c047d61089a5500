"""Tier T4: each request of each scenario goes wrong in each way, once; the next run arrives at the same place.

Request i fails, for i = 0, 1, 2, … until a run meets no fault. CI plays a sample; ``--slow`` plays all and prints the
counted table.
"""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from flowsync.emulator.faults import Fault

from .stage import SCENARIOS, Outcome, Stage, judge, outcome, settle

Faults = Callable[[int], list[Fault]]
KINDS: dict[str, Faults] = {
    "dropped before": lambda i: [Fault("drop_before", skip=i)],
    "reply lost": lambda i: [Fault("drop_after", skip=i)],
    "network gone from here": lambda i: [Fault("drop_before", skip=i, times=None)],
    "reply lost, then network gone": lambda i: [Fault("drop_after", skip=i), Fault("drop_before", skip=i, times=None)],
    "InternalError": lambda i: [Fault("refuse", skip=i, code="InternalError")],
    "ServerBusy from here": lambda i: [Fault("refuse", skip=i, times=None, code="ServerBusy")],
    "SharingViolation": lambda i: [Fault("refuse", skip=i, code="SharingViolation")],
    "denied": lambda i: [Fault("refuse", skip=i, code="AuthorizationPermissionMismatch")],
    "garbled or cut short": lambda i: [Fault("truncate", operation="*", skip=i, keep=3)],
}
SAMPLE = 2  # of nine kinds, for each scenario; --slow takes all of them at every request


def expected(stage: Stage) -> tuple[Outcome, int]:
    """What a run without faults ends in, and how many requests it makes."""
    with stage.play() as world:
        emulator = world.share.emulator  # type: ignore[attr-defined]
        emulator.reset_counts()
        stage.sync(world)
        requests = sum(emulator.counts.values())
        settle(stage, world)
        return outcome(world), requests


def play(stage: Stage, kind: str, index: int, wanted: Outcome) -> bool:
    """Plays the scenario with one fault, lets the next runs repair it, judges; tells whether the fault struck."""
    with stage.play() as world:
        faults = world.share.emulator.faults  # type: ignore[attr-defined]
        rules = [faults.add(fault) for fault in KINDS[kind](index)]
        stage.sync(world)
        struck = any(rule.hits for rule in rules)
        faults.clear()
        settle(stage, world)
        judge(stage, world, wanted)
    return struck


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_sample_of_faults(name: str, tmp_path: Path, git_home: Path) -> None:
    stage = Stage(tmp_path / "stage", git_home, SCENARIOS[name])
    wanted, requests = expected(stage)
    chance = random.Random(name)
    for kind in chance.sample(sorted(KINDS), SAMPLE):
        index = chance.randrange(requests)
        assert play(stage, kind, index, wanted) or kind.startswith("garbled"), (kind, index)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_fault_at_every_request(
    name: str, tmp_path: Path, git_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = Stage(tmp_path / "stage", git_home, SCENARIOS[name])
    wanted, _ = expected(stage)
    points: Counter[str] = Counter()
    for kind in KINDS:
        index = 0
        while play(stage, kind, index, wanted):
            points[kind] += 1
            index += 1
    with capsys.disabled():
        print(f"\n{name}: {sum(points.values())} faults, all recovered: {dict(points)}")
