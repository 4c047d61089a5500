"""The screens about one flow before the real daemon, which syncs with the emulator through the real SDK."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon_process import Daemon, until
from flowsync_tui.app import FlowsyncApp
from flowsync_tui.options import Options
from flowsync_tui.screens.history import HistoryScreen
from flowsync_tui.screens.resolve import ResolveScreen
from world import World

from .flow_app import FlowStage
from .stage import WIDE, Acting
from .triage import BASE, LOCAL, REMOTE

Files = dict[str, bytes]


@pytest.fixture
def conflict(azure_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A daemon over a flow that both sides changed; ``world.daemon`` is there for the test."""
    world = azure_world
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    world.git("config", "flowsync.notify", "none")
    world.studio(below("triage", BASE))
    world.sync()
    world.commit({f"flows/{path}": content for path, content in below("triage", LOCAL).items()}, "eight are enough")
    world.studio(below("triage", REMOTE))
    daemon = Daemon(world)
    try:
        daemon.ready()
        until(lambda: daemon.flow("triage")["state"] == "conflict", f"a conflict: {daemon}")
        yield world
    finally:
        daemon.end(signal.SIGTERM)


def below(flow: str, files: Files) -> dict[str, Any]:
    return {f"{flow}/{path}": content for path, content in files.items()}


def on_real_stage(work: Callable[[FlowStage], Awaitable[None]], world: World, size: tuple[int, int] = WIDE) -> None:
    async def run() -> None:
        app = FlowsyncApp(Options(world.folder))
        async with app.run_test(size=size, notifications=True) as pilot:
            stage = FlowStage(app, pilot, None, world.folder)
            await stage.until(lambda: "triage" in app.state.flows, "the flow is listed")
            await stage.settled()
            await work(stage)

    asyncio.run(run())


def landed(stage: Acting) -> Callable[[], bool]:
    return lambda: stage.app.state.flows["triage"].state == "in-sync"


def test_a_conflict_is_settled_by_node_and_seen_on_the_share(conflict: World) -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("m", sees="resolve 1 of 2 · flow.dag.yaml › rerank › inputs.top_k · 2 open")
        await stage.press("2", "n", sees="rerank.py › line 6")
        await stage.press("3", sees="result: ✓ ok: no findings")
        before = conflict.tip()
        await stage.press("enter", sees="Commit the merge")
        assert conflict.tip() == before
        await stage.press("y")
        await stage.until(lambda: not isinstance(stage.screen, ResolveScreen), "it goes back")
        await stage.until(landed(stage), "the merge to be in Studio", patience=60)

    on_real_stage(work, conflict)
    assert len(conflict.git("rev-list", "--parents", "-n1", "main").split()) == 3
    there = conflict.there("triage")
    assert b"top_k: 8" in there["flow.dag.yaml"]
    assert b"- name: polish" in there["flow.dag.yaml"]
    assert there["rerank.py"] == REMOTE["rerank.py"]
    assert there["answer.py"] == REMOTE["answer.py"]
    assert conflict.here("triage") == there


def test_diff_graph_history_and_checks_of_the_real_flow(conflict: World) -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("d", sees="local ↔ Studio   answer.py   +1 −1")
        await stage.press("J", sees="~ node rerank: top_k 8 → 3")
        for sides in ("base ↔ local", "base ↔ Studio", "local ↔ worktree"):
            await stage.press("b", sees=sides)
        await stage.press("escape")
        await stage.press("f", sees="base ↔ worktree   2 nodes   ~ 1")
        await stage.press("j", "enter", sees="return str(11)")
        await stage.press("escape", "escape")
        await stage.press("v", sees="✓ ok: no findings")
        await stage.press("escape")
        await stage.press("H", sees="eight are enough")
        await stage.press("space", "G", "enter", sees="change 1 of 1")
        await stage.press("escape", "escape")

    on_real_stage(work, conflict)


def test_a_version_is_restored_by_its_twin(conflict: World) -> None:
    first = conflict.git("log", "--format=%H", "--reverse", "--", "flows/triage").splitlines()[0]

    async def work(stage: FlowStage) -> None:
        await stage.press("H", sees="eight are enough")
        await stage.press("G")
        assert stage.screen.version.commit == first
        await stage.press("r", sees="These files become as they were")
        await stage.press("y")
        await stage.until(lambda: isinstance(stage.screen, HistoryScreen))
        await stage.until(lambda: stage.app.undone, "it is done", patience=60)
        await stage.sees("restore as of")

    on_real_stage(work, conflict)
    restored = conflict.git("log", "--format=%H", "--grep=restore as of", "main").splitlines()
    assert [conflict.here("triage", commit) for commit in restored] == [BASE]


def test_a_flow_that_is_not_taken_in_yet_has_every_screen(conflict: World) -> None:
    conflict.studio({"triage_new/flow.dag.yaml": "inputs: {unfinished"})
    conflict.ends(1, "fetch")

    async def work(stage: FlowStage) -> None:
        await stage.until(lambda: "triage_new" in stage.app.state.flows, "the new flow is listed")
        await stage.press("j", sees="held")
        await stage.sees("flow.dag.yaml does not parse: an upload may be in progress")
        await stage.press("d", sees="the two are the same")
        await stage.press("escape", "f", sees="this flow has no definition here")
        await stage.press("escape", "v", sees="no findings")
        await stage.press("escape", "H", sees="0 versions")
        await stage.press("escape", "m", sees="triage_new is not in conflict, it is held")

    on_real_stage(work, conflict)
