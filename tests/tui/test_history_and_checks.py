"""The timeline and the findings: models, then every key of both screens."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowsync_tui.screens.history import HistoryScreen
from flowsync_tui.view import history
from flowsync_tui.view.checks import Row, rows, summary
from flowsync_tui.view.history import Timeline, authors, day, version

from .fake_daemon import row
from .flow_answers import FlowAnswers, entry
from .flow_app import FlowStage, on_stage
from .stage import NARROW, WIDE
from .triage import BASE, COMMITS, HISTORY, triage


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def page(entries: list[dict[str, Any]], more: bool = False) -> dict[str, Any]:
    return {"entries": entries, "more": more}


def test_pages_are_joined_and_each_commit_is_there_once() -> None:
    line = Timeline()
    line.take(page(HISTORY[:2], True))
    assert (line.last, line.more) == (COMMITS[1], True)
    line.take(page(HISTORY[1:]))
    assert [one.commit for one in line.versions] == COMMITS[:4]
    assert not line.more


def test_a_version_is_compared_with_now_or_with_the_marked_one() -> None:
    line = Timeline()
    line.take(page(HISTORY))
    assert line.pair(2) == (COMMITS[2], "local")
    line.mark(0)
    assert line.pair(2) == (COMMITS[2], COMMITS[0])
    assert line.pair(0) == (COMMITS[0], "local")
    line.mark(0)
    line.mark(3)
    assert line.pair(1) == (COMMITS[3], COMMITS[1])


def test_days_and_authors() -> None:
    now = version(HISTORY[0]).at
    assert day(now, now) == "14:07"
    assert day(now, now + 86_400) == "2026-11-18 14:07"
    assert authors([version(one) for one in HISTORY]) == {"bob": 2, "anna": 2}


def finding(level: str, file: str, line: int) -> dict[str, Any]:
    return {"rule": "FS1", "level": level, "file": file, "line": line, "column": 2, "message": "it is", "fix": "do"}


def test_errors_come_first() -> None:
    found = rows([finding("warning", "a", 1), finding("error", "b", 2), finding("info", "a", 3)])
    assert [row.level for row in found] == ["error", "warning", "info"]
    assert found[0].text == "b:2:2: FS1 error: it is do"
    assert summary(found) == "1 error, 1 warning, 1 note"
    assert summary([]) == "✓ ok: no findings"
    assert isinstance(found[0], Row)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_how_they_look(size: tuple[int, int]) -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("H", sees="4 versions")
        await stage.press("space", "j", sees="marked 01010101")
        stage.snapshot(f"history-{size[0]}")
        await stage.press("escape")
        await stage.press("v", sees="worktree   1 error")
        stage.snapshot(f"checks-{size[0]}")

    answers = triage()
    broken = BASE["flow.dag.yaml"].replace(b"${rerank.output}", b"${gone.output}")
    answers.sides["worktree"] = {**BASE, "flow.dag.yaml": broken}
    on_stage(work, answers, size)


def test_enter_compares_with_now_or_with_the_marked_version() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("H", sees="4 versions")
        await stage.press("j", "j", "enter", sees="03030303 ↔ local")
        await stage.press("b", sees="local ↔ Studio")
        await stage.press("escape", "g", "space", "G", "enter", sees="04040404 ↔ 01010101")
        await stage.press("J", sees="flow.dag.yaml   +6 −1")

    on_stage(work, triage())


def test_the_id_is_copied_and_the_graph_shown() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("H", sees="4 versions")
        await stage.press("y")
        await stage.until(lambda: stage.copied == [COMMITS[0]])
        await stage.press("f", sees="01010101   3 nodes")
        await stage.press("enter", sees="flow.dag.yaml   01010101")

    on_stage(work, triage())


def test_older_pages_come_when_they_are_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowsync_tui.screens.history.PAGE", 20)
    answers = triage()
    answers.history = [
        entry(f"{number:040x}", "studio", "bob", f"save {number}", "flow.dag.yaml") for number in range(50)
    ]

    async def work(stage: FlowStage) -> None:
        await stage.press("H", sees="20 versions and more")
        await stage.press("G", sees="40 versions and more")
        await stage.press("G", sees="50 versions")
        assert "and more" not in stage.text
        await stage.press("G", sees="save 49")
        assert [one.get("after") for one in stage.daemon.asked("history")] == [None, f"{19:040x}", f"{39:040x}"]

    on_stage(work, answers)
    assert history.PAGE == 200


def test_a_new_save_shows_up_by_itself() -> None:
    answers = triage()

    async def work(stage: FlowStage) -> None:
        await stage.press("H", sees="4 versions")
        await stage.press("j", "space")
        answers.history = [entry("f" * 40, "studio", "bob", "a new save", "answer.py", minute=9), *HISTORY]
        moved = row("triage", "conflict")
        moved["studio"]["commit"] = "f" * 40
        stage.daemon.flow(moved)
        await stage.sees("5 versions   marked 02020202")
        assert stage.screen.version.commit == COMMITS[1]

    on_stage(work, answers)


def restoring(plan: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Has the twin answered by a program that notes how it was called."""
    calls = folder / "calls"
    program = folder / "flowsync.py"
    program.write_text(
        f"import json, sys\nopen({str(calls)!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
        f"print(json.dumps({{'version': 1, 'dry_run': True, 'results': [{plan!r}]}}))\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *sys.path]))
    assert (
        subprocess.run([sys.executable, "-m", "flowsync"], capture_output=True, check=False, cwd=folder).returncode == 0
    )
    calls.unlink()
    return calls


PLAN = {"flow": "triage", "did": "restored", "paths": ["flow.dag.yaml"], "commit": "d" * 40, "hold": None}


def called(calls: Path) -> list[list[str]]:
    return [json.loads(line) for line in calls.read_text().splitlines()] if calls.exists() else []


@pytest.mark.parametrize("key", ["y", "n"])
def test_restore_asks_with_its_plan_and_runs_its_twin(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = restoring(PLAN, tmp_path, monkeypatch)
    planned = ["restore", "--at", COMMITS[2][:12], "triage", "--dry-run", "--json"]

    async def work(stage: FlowStage) -> None:
        await stage.press("H", sees="4 versions")
        await stage.press("j", "j", "r", sees="These files become as they were in 0303030")
        assert called(calls) == [planned]
        assert f"flowsync restore --at {COMMITS[2][:12]} triage" in stage.text
        await stage.until(lambda: time.monotonic() - stage.screen._opened > 0.25)
        await stage.press(key)
        await stage.until(lambda: isinstance(stage.screen, HistoryScreen))
        if key == "y":
            await stage.until(lambda: len(called(calls)) == 2)
            assert called(calls)[1] == [word for word in planned if word != "--dry-run"]
            await stage.until(lambda: len(stage.daemon.asked("history")) == 2, "the timeline is fetched anew")

    on_stage(work, triage())
    assert len(called(calls)) == (2 if key == "y" else 1)


def test_a_restore_that_cannot_be_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hold = {"reason": "it has uncommitted edits", "hint": "git commit"}
    restoring({**PLAN, "did": "held", "hold": hold}, tmp_path, monkeypatch)

    async def work(stage: FlowStage) -> None:
        await stage.press("H", sees="4 versions")
        await stage.press("r")
        await stage.until(lambda: "it has uncommitted edits" in stage.toasts)

    on_stage(work, triage())


def test_findings_are_walked_edited_and_copied() -> None:
    files = {**BASE, "flow.dag.yaml": BASE["flow.dag.yaml"].replace(b"${rerank.output}", b"${gone.output}")}
    answers = FlowAnswers("triage", files, files, files)

    async def work(stage: FlowStage) -> None:
        await stage.press("v", sees="flow.dag.yaml:16")
        await stage.press("y")
        await stage.until(lambda: stage.copied)
        assert stage.copied[0].startswith("flow.dag.yaml:16:12: FS101 error:")
        for key in ("enter", "e"):
            await stage.press(key, sees="ctrl+s (or f2) keeps it")
            assert stage.screen.query_one("TextArea").cursor_location[0] == 15
            await stage.press("escape", sees="worktree   1 error")
        answers.sides["worktree"] = BASE
        await stage.press("v", sees="✓ ok: no findings")

    on_stage(work, answers)


def test_hostile_findings_and_commits() -> None:
    answers = triage()
    answers.history = [entry("a" * 40, "studio", "\x1b[31mbob\u202e", "subject\x07 [bold]\nnext", "\x1b[2J", "漢字")]

    async def work(stage: FlowStage) -> None:
        stage.daemon.answers["findings"] = {
            "findings": [{**finding("error", "\x1b[31m", 1), "message": "\u202e[bold] 漢字" * 30, "fix": "\x9b2J"}]
        }
        await stage.press("H", sees="1 version")
        assert all(line.isprintable() for line in stage.lines)
        await stage.press("escape")
        await stage.press("v", sees="1 error")
        assert all(line.isprintable() for line in stage.lines)

    for size in (WIDE, NARROW):
        on_stage(work, answers, size)
