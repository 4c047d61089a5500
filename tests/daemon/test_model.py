"""The state machine of ``tests/safety`` with a real daemon as the one that syncs, while everybody else goes on.

Nothing waits for anything: Studio and a person act while the daemon is in the middle of a pass, is killed there,
stopped, frozen, started again, paused, or switched to another mode. What must hold all the time is looked at all the
time: edits that nobody committed stay, the branch that is none of the daemon's business stays, and a reader never sees
anything on the share that nobody has written. The rest is judged when all has come to rest.

CI plays a few examples; ``--slow`` plays FLOWSYNC_DAEMON_EXAMPLES (100) of 30 steps.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from daemon_process import until
from safety.person_acts import judge
from safety.studio_acts import NAMES

from .daemon_acts import MODES, DaemonActs, Start
from .witness import Witness, blob

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc who holds the index")
WAITING = ("conflict", "held", "problem")


class Background(DaemonActs):
    """Studio, a person, and a daemon."""

    @initialize(mode=st.sampled_from(MODES))
    def begin(self, mode: str) -> None:
        self.daemon, self.frozen, self.was_live = None, False, mode == "live"
        self.make_world(mode=mode)
        self.world.git("config", "flowsync.fastestLook", "1")
        self.world.git("config", "flowsync.newFlows", "1")
        self.witness = Witness(self.share)
        self.starts()

    def teardown(self) -> None:
        if not hasattr(self, "witness"):
            return
        try:
            self._rest()
        finally:
            self.witness.stop()
            if self.daemon:
                self.daemon.end(signal.SIGKILL)
            shutil.rmtree(self.place)

    # Always

    @invariant()
    def it_lives(self) -> None:
        if getattr(self, "daemon", None) and not self.frozen:
            assert self.daemon.process.poll() is None, str(self)

    @invariant()
    def unsaved_work_is_untouched(self) -> None:
        """In ``live`` mode it may be committed, and then Studio may have edited what was committed."""
        for path, content in getattr(self, "unsaved", {}).items():
            if self.seen(*path.removeprefix("flows/").split("/", 1)) != content:
                assert self.was_live and self._committed(path, content), f"{path} was touched: {self}"

    @invariant()
    def another_branch_is_nobodys_business(self) -> None:
        if getattr(self, "away", ""):
            assert self.world.git("rev-parse", "HEAD", "elsewhere").split() == [self.away] * 2, str(self)
            assert self.dirty() == set(), str(self)

    def _committed(self, path: str, content: bytes) -> bool:
        return bool(self.world.git("log", "-n1", "--format=%h", f"--find-object={blob(content)}", "main", "--", path))

    # At rest

    def _rest(self) -> None:
        if self.frozen:
            self.wakes_up()
        if self.daemon is None:
            self.starts()
        if self.away:
            self.person_returns()
        self.person_commits_edits()
        self.says(["resume"])
        self.says(["daemon", "mode", "configured"])  # each flow's own, too
        self.says(["daemon", "mode", "sync"])
        until(self._agrees, f"both sides to agree, or a reason why they do not: {self}")
        for _ in range(8):
            before = self.world.refs(), self.world.share.files()
            self.person_runs("sync", consent=True)
            until(self.at_rest, f"rest: {self}")
            if before == (self.world.refs(), self.world.share.files()):
                break
        else:
            raise AssertionError(f"not settled: {self}")
        judge(self, self._waiting())
        self.is_stopped(0)
        self._nothing_is_left()

    def _agrees(self) -> bool:
        if not self.at_rest():
            return False
        waiting, tip = self._waiting(), self.world.tip()
        assert tip is not None
        return all(self.world.here(flow, tip) == self.world.there(flow) for flow in NAMES if flow not in waiting)

    def _waiting(self) -> set[str]:
        rows = self.daemon.ask("status")["flows"]
        return {row["name"] for row in rows if row["state"] in WAITING or row["hold"]}

    def _nothing_is_left(self) -> None:
        """What a killed daemon began is finished or undone, and there is nothing to do."""
        own = self.world.folder / ".git/flowsync"
        left = [*own.glob("journal/*/*"), *own.glob("git-child.*"), *self.place.glob("share/.flowsync/*")]
        left += [lock for lock in self.world.folder.glob(".git/**/*.lock") if lock.parent != own]
        assert not left, f"{left}: {self}"
        assert self.dirty() == set(), str(self)
        assert not self.world.fsck()
        assert "Traceback" not in (own / "daemon.log").read_text(), str(self)
        before = self.world.refs(), self.world.share.files()
        self.person_runs("sync", consent=True)
        assert before == (self.world.refs(), self.world.share.files())
        self._nobody_saw_what_nobody_wrote()

    def _nobody_saw_what_nobody_wrote(self) -> None:
        """Studio saved it, or it is in git."""
        self.witness.stop()
        shown = {name: what for name, what in self.witness.shown.items() if what[1] not in self.saved}
        known = self.world.git("cat-file", "--batch-check", stdin="".join(f"{name}\n" for name in shown).encode())
        missing = [line.split()[0] for line in known.splitlines() if line.endswith(" missing")]
        assert not missing, [shown[name] for name in missing]


COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True, "database": None}


def play(start: Start, examples: int, steps: int, derandomize: bool, *phases: Phase) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    machine = type("Bound", (Background,), {"start": staticmethod(start)})
    given = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=derandomize,
        phases=phases,
        **COMMON,  # type: ignore[arg-type]
    )
    run_state_machine_as_test(machine, settings=given)


@pytest.mark.timeout(1800)
def test_a_few_examples(git_home: Path, run_daemon: Start) -> None:
    play(run_daemon, 3, 12, True, Phase.generate)


@pytest.mark.slow
@pytest.mark.timeout(14400)
def test_many_examples(git_home: Path, run_daemon: Start) -> None:
    play(run_daemon, int(os.environ.get("FLOWSYNC_DAEMON_EXAMPLES", "100")), 30, False, Phase.generate, Phase.shrink)
