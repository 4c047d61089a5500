"""Tier T3: hypothesis plays Studio and a person over real git and a real folder, with flowsync between their steps.

Real git joins and refuses in ways that the repository in memory only imitates: renames, its own checkout, the index.
CI plays a few examples; ``--slow`` plays FLOWSYNC_EXAMPLES (500) of 50 steps. ``tests/daemon/test_model.py`` plays the
same acts while a daemon does the syncing.
"""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from flowsync.core.tree import FlowName
from flowsync.sync.conductor import Conductor
from flowsync.sync.holds import Consent
from flowsync.sync.opened import linked
from flowsync.sync.result import Did, Result

from .history_acts import HistoryActs
from .person_acts import judge
from .studio_acts import NAMES

WAITING = (Did.CONFLICT, Did.HELD, Did.PROBLEM)


class Sync(HistoryActs):
    """Studio, a person with real git, and flowsync."""

    @initialize()
    def begin(self) -> None:
        self.make_world()
        self.sync()

    def teardown(self) -> None:
        if not hasattr(self, "place"):
            return
        try:
            self._rest()
        finally:
            shutil.rmtree(self.place)

    @rule(command=st.sampled_from(("fetch", "pull", "push", "sync")))
    def flowsync(self, command: str) -> None:
        self._run(command)

    @rule()
    def sync(self) -> None:
        self._run("sync")

    @rule()
    def cache_is_deleted(self) -> None:
        (self.world.folder / ".git/flowsync/cache.db").unlink(missing_ok=True)

    @invariant()
    def unsaved_work_is_untouched(self) -> None:
        if hasattr(self, "unsaved"):
            for path, content in self.unsaved.items():
                assert (self.world.folder / path).read_bytes() == content

    @invariant()
    def nothing_else_is_changed(self) -> None:
        if hasattr(self, "unsaved"):
            assert self.dirty() == set(self.unsaved)
            assert not self.away or self.world.git("rev-parse", "HEAD", "elsewhere").split() == [self.away] * 2

    def _rest(self) -> None:
        if self.away:
            self.person_returns()
        if self.unsaved:
            self.person_commits_edits()
        for _ in range(6):
            before = self.world.refs(), self.world.share.files()
            results = self._run("sync")
            if (self.world.refs(), self.world.share.files()) == before:
                break
        else:
            raise AssertionError("not settled")
        assert not self.world.fsck()
        judge(self, {result.flow for result in results if result.did in WAITING})

    def _run(self, command: str) -> list[Result]:
        consent = Consent(frozenset(map(FlowName, NAMES)))
        with linked(self.world.folder) as link:
            results = getattr(Conductor(link), command)((), consent)
        assert not any(result.did is Did.FAILED for result in results), results
        return list(results)


COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True}


def play(examples: int, steps: int, derandomize: bool) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    given = settings(max_examples=examples, stateful_step_count=steps, derandomize=derandomize, database=None, **COMMON)  # type: ignore[arg-type]
    run_state_machine_as_test(Sync, settings=given)


def test_a_few_examples(git_home: Path) -> None:
    play(4, 12, derandomize=True)


@pytest.mark.slow
@pytest.mark.timeout(14400)
def test_many_examples(git_home: Path) -> None:
    play(int(os.environ.get("FLOWSYNC_EXAMPLES", "500")), 50, derandomize=False)
