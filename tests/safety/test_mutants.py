"""Tier T8: each planted error must be caught by the simulation within its number of runs."""

import pytest

from .mutants import MUTANTS
from .simulation import play
from .watched_store import Broken


@pytest.mark.parametrize("name", MUTANTS)
def test_the_simulation_catches(name: str) -> None:
    mutant = MUTANTS[name]
    with mutant.patch():
        for seed in range(mutant.runs):
            try:
                play(seed)
            except Broken:
                return
    pytest.fail(f"{mutant.says}: survived {mutant.runs} runs")
