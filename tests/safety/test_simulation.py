"""Tier T2: thousands of schedules of everybody who may touch a flow, each from a seed, judged after every step.

``FLOWSYNC_RUNS`` sets the number of runs (2,000 with the README's test line, 20,000 in ``.ci/run``, which
are four million steps; 200,000 with ``--long``), ``FLOWSYNC_SEED`` where the seeds begin. A failure names its seed:
``python -m safety.replay SEED`` (from ``tests/``) prints what happened.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .simulation import play

RUNS = int(os.environ.get("FLOWSYNC_RUNS", "2000"))
SEED = int(os.environ.get("FLOWSYNC_SEED", "0"))
PARTS = max(20, RUNS // 1000)
TESTS = Path(__file__).parent.parent

# Seeds that once broke something, kept for the shape of their schedule; what each found has a test of its own in
# test_found.py.
PAST = (
    117,
    144,
    394,
    431,
    500,
    654,
    683,
    913,
    966,
    1010,
    1066,
    1193,
    1207,
    1219,
    1236,
    1802,
    1874,
    2301,
    2389,
    2779,
    11409,
    12045,
    12343,
    14320,
    15744,
    20339,
    21601,
    25909,
    30524,
    30997,
)


@pytest.mark.parametrize("seed", PAST)
def test_a_seed_that_once_failed(seed: int) -> None:
    play(seed)


@pytest.mark.parametrize("part", range(PARTS))
def test_many_schedules(part: int) -> None:
    begin = SEED + 10_000 + part * (RUNS // PARTS)
    for seed in range(begin, begin + RUNS // PARTS):
        play(seed)


def test_the_same_seed_is_the_same_run() -> None:
    for seed in range(40):
        runs = [play(seed) for _ in range(2)]  # one after the other: they use the same place on disk
        assert len({run.trace.hexdigest() for run in runs}) == 1, f"seed {seed} has two traces"
        assert len({run.steps for run in runs}) == 1


def test_the_same_seed_is_the_same_run_in_another_process() -> None:
    program = "from safety.simulation import play; print([play(seed).trace.hexdigest() for seed in range(25)])"
    traces = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=TESTS,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2", "3")
    }
    assert len(traces) == 1


def test_the_schedules_reach_what_they_are_meant_to_reach() -> None:
    """A simulation in which nothing happens proves nothing."""
    runs = [play(seed) for seed in range(300)]
    said = {(result.did.value) for run in runs for clone in run.clones for result in clone.results}
    kills, faults = (sum(run.counts[what] for run in runs) for what in ("kills", "faults"))
    assert {"conflict", "held"} <= said
    assert kills > 50 and faults > 100 and sum(run.steps for run in runs) > 30_000
    assert sum(len(run.clones) > 1 for run in runs) > 50
