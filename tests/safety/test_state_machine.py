"""Tier T3: hypothesis plays the same actors over real git and a real folder, and shrinks what breaks.

Real git joins and refuses in ways that the repository in memory only imitates: renames, its own checkout, the index.
CI plays a few examples; ``--slow`` plays 500 of 50 steps.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flowsync.core.tree import FlowName
from flowsync.sync.conductor import Conductor
from flowsync.sync.land import Consent
from flowsync.sync.opened import linked
from flowsync.sync.result import Did, Result
from world import FolderStudio, World

from .tokens import Ledger, tokens
from .writing import DAG, fresh, needs

FLOWS = ("chat", "triage")
PATHS = ("a.py", "sub/c.py", DAG)
SPACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
flows, paths, slots = st.sampled_from(FLOWS), st.sampled_from(PATHS), st.integers(0, 2)
WAITING = (Did.CONFLICT, Did.HELD, Did.PROBLEM)


class Sync(RuleBasedStateMachine):
    """Studio, a person with real git, and flowsync."""

    @initialize()
    def begin(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="flowsync-t3-", dir=SPACE))
        (self.place / "repo").mkdir()
        self.world = World(self.place / "repo", share=FolderStudio(self.place / "share"))
        self.world.git("init", "--quiet", "--initial-branch=main")
        self.world.link(settle=0, max_deletes=1)
        self.ledger, self.unsaved = Ledger(), dict[str, bytes]()
        for flow in FLOWS:
            for path in PATHS[1:]:
                self._save(flow, path, self._new(path))
        self.sync()

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self._rest()
        finally:
            shutil.rmtree(self.place)

    # Studio

    @rule(flow=flows, path=paths, slot=slots)
    def studio_saves(self, flow: str, path: str, slot: int) -> None:
        there = self.world.there(flow).get(path)
        self._save(flow, path, self._edited(path, there, slot))

    @rule(flow=flows, path=st.sampled_from(PATHS[:2]))
    def studio_deletes(self, flow: str, path: str) -> None:
        if (content := self.world.there(flow).get(path)) is not None:
            self.world.studio({f"{flow}/{path}": None})
            self.ledger.wrote(flow, content, None)

    # The person

    @rule(flow=flows, path=paths, slot=slots)
    def person_commits(self, flow: str, path: str, slot: int) -> None:
        if self.unsaved:
            return
        here = self._here(flow).get(path)
        new = self._edited(path, here, slot)
        self.world.commit({f"flows/{flow}/{path}": new})
        self.ledger.wrote(flow, here, new)

    @rule(flow=flows, path=st.sampled_from(PATHS[:2]))
    def person_deletes(self, flow: str, path: str) -> None:
        if not self.unsaved and (content := self._here(flow).get(path)) is not None:
            self.world.git("rm", "--quiet", f"flows/{flow}/{path}")
            self.world.git("commit", "--quiet", "-m", "away")
            self.ledger.wrote(flow, content, None)

    @rule(flow=flows, slot=slots)
    def person_edits(self, flow: str, slot: int) -> None:
        path = f"flows/{flow}/a.py"
        if path not in self.unsaved and (here := self._here(flow).get("a.py")) is not None:
            self.unsaved[path] = self._edited("a.py", here, slot)
            self.world.write({path: self.unsaved[path]})

    @precondition(lambda self: self.unsaved)
    @rule()
    def person_commits_edits(self) -> None:
        for path, content in self.unsaved.items():
            flow = path.split("/")[1]
            self.ledger.wrote(flow, self._here(flow).get("a.py"), content)
        self.world.git("add", "--", *self.unsaved)
        self.world.git("commit", "--quiet", "-m", "what was unsaved")
        self.unsaved.clear()

    @rule()
    def person_rewords(self) -> None:
        if len(self.world.git("rev-list", "--parents", "-n1", "main").split()) == 2:
            self.world.git("commit", "--quiet", "--amend", "--only", "-m", "reworded")

    @rule(flow=flows, side=st.sampled_from(("--ours", "--theirs")))
    def person_resolves(self, flow: str, side: str) -> None:
        before = [b"\n".join(self._here(flow).values()), b"\n".join(self._tracked(flow).values())]
        if self.world.run("resolve", flow, side).code == 0:
            self.ledger.chose(flow, before, b"\n".join(self._here(flow).values()))

    # flowsync

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
        if hasattr(self, "world"):
            for path, content in self.unsaved.items():
                assert (self.world.folder / path).read_bytes() == content

    @invariant()
    def nothing_else_is_changed(self) -> None:
        if hasattr(self, "world"):
            dirty = {line[3:] for line in self.world.git("status", "--porcelain", "-uall").splitlines()}
            assert dirty == set(self.unsaved), dirty

    # At rest

    def _rest(self) -> None:
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
        for flow in FLOWS:
            self._judge(flow, {result.flow for result in results if result.did in WAITING})

    def _judge(self, flow: str, waiting: set[FlowName]) -> None:
        here, there = self._here(flow), self.world.there(flow)
        held = {token for side in (here, there) for content in side.values() for token in tokens(content)}
        alive = {token for token, owner in self.ledger.alive.items() if owner == flow}
        assert not alive - held, f"lost {alive - held}"
        if flow not in waiting:
            assert here == there
            assert not held & self.ledger.dead.keys(), "back from the dead"

    def _run(self, command: str) -> list[Result]:
        consent = Consent(frozenset(map(FlowName, FLOWS)))
        with linked(self.world.folder) as link:
            results = getattr(Conductor(link), command)((), consent)
        assert not any(result.did is Did.FAILED for result in results), results
        return list(results)

    def _here(self, flow: str) -> dict[str, bytes]:
        return self.world.here(flow)

    def _tracked(self, flow: str) -> dict[str, bytes]:
        ref = f"refs/remotes/studio/{flow}"
        return self.world.here(flow, ref) if self.world.tip(ref) else {}

    def _save(self, flow: str, path: str, content: bytes) -> None:
        before = self.world.there(flow).get(path)
        self.world.studio({f"{flow}/{path}": content})
        self.ledger.wrote(flow, before, content)

    def _new(self, path: str) -> bytes:
        return fresh(path, [self.ledger.fresh() for _ in range(needs(path))])

    def _edited(self, path: str, old: bytes | None, slot: int) -> bytes:
        if old is None or path == DAG:
            return self._new(path)
        lines = old.split(b"\n")
        places = [index for index, line in enumerate(lines) if b" = '" in line]
        if not places:
            return self._new(path)
        at = places[slot % len(places)]
        lines[at] = lines[at].split(b" = '")[0] + b" = '" + self.ledger.fresh() + b"'"
        return b"\n".join(lines)


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
