"""Settling a conflict from the keyboard, against a fake daemon: nothing is written before it is confirmed."""

from typing import Any

import pytest

from flowsync_tui.screens.resolve import ResolveScreen
from flowsync_tui.widgets.panel import Panel

from .fake_daemon import row
from .flow_answers import FlowAnswers
from .flow_app import FlowStage, on_stage
from .stage import NARROW, WIDE
from .triage import BASE, LOCAL, REMOTE, triage


def result(stage: FlowStage) -> str:
    found: Panel = stage.screen.query_one("#result", Panel)
    return f"{found.border_title}\n{found.text}"


async def opened(stage: FlowStage) -> None:
    await stage.press("m", sees="resolve 1 of 2 · flow.dag.yaml › rerank › inputs.top_k · 2 open")


async def answer(stage: FlowStage, key: str, sees: str) -> None:
    await stage.sees(sees)
    await stage.press(key)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_how_it_looks(size: tuple[int, int]) -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        stage.snapshot(f"resolve-open-{size[0]}")
        await stage.press("2", "n", "3", sees="enter commits the merge")
        await stage.press("N")
        stage.snapshot(f"resolve-{size[0]}")

    on_stage(work, triage(), size)


def test_a_conflict_is_settled_by_node_and_by_line() -> None:
    answers = triage()

    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("2", sees="1 open")
        await stage.press("n", sees="rerank.py › line 6")
        await stage.press("3", sees="result: ✓ ok: no findings")
        assert not answers.resolved
        await stage.press("enter")
        await answer(stage, "y", "Commit the merge")
        await stage.until(lambda: not isinstance(stage.screen, ResolveScreen), "it goes back")
        assert "both sides are joined" in stage.text
        assert stage.app.undone[-1].text == "restore triage as before: a new commit"

    on_stage(work, answers)
    planned, done = answers.resolved
    assert planned["dry_run"]
    assert not done["dry_run"]
    assert done["sides"] == answers.tips
    assert done["files"]["rerank.py"] == {"take": "remote"}
    assert "top_k: 8" in done["files"]["flow.dag.yaml"]["text"]
    assert "- name: polish" in done["files"]["flow.dag.yaml"]["text"]


@pytest.mark.parametrize("key", ["enter", "n", "escape"])
def test_the_question_says_no_unless_it_is_told_yes(key: str) -> None:
    answers = triage()

    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("2", "n", "2", sees="enter commits")
        await stage.press("enter")
        await answer(stage, key, "Studio gets the result with the next push")
        await stage.until(lambda: isinstance(stage.screen, ResolveScreen))
        await stage.pilot.pause()

    on_stage(work, answers)
    assert [one["dry_run"] for one in answers.resolved] == [True]


def test_enter_leads_to_what_is_still_open() -> None:
    answers = triage()

    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("2", "enter", sees="rerank.py › line 6")
        assert "1 place still open" in stage.toasts

    on_stage(work, answers)
    assert not answers.resolved


PICKS = {
    "1": ("picked BASE", "top_k: 5"),
    "2": ("picked LOCAL", "top_k: 8"),
    "3": ("picked STUDIO", "top_k: 3"),
}


@pytest.mark.parametrize("key", PICKS)
def test_a_side_is_picked_with_one_key(key: str) -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press(key, sees=PICKS[key][0])
        assert PICKS[key][1] in result(stage)
        await stage.press("z", sees="nothing is picked yet")

    for size in (WIDE, NARROW):
        on_stage(work, triage(), size)


def test_both_edit_and_undo() -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("b")
        assert "does not fit" in stage.toasts
        await stage.press("n", "b", sees="picked BOTH")
        assert "return str(11)" in result(stage)
        assert "return str(12)" in result(stage)
        await stage.press("e", sees="ctrl+s (or f2) keeps it")
        await stage.press("#", "f2", sees="picked EDITED")
        assert "#    return str(11)" in result(stage)
        await stage.press("z", sees="picked BOTH")
        await stage.press("z", sees="nothing is picked yet")
        await stage.press("z")
        assert "nothing is picked yet" in stage.toasts

    on_stage(work, triage())


def test_the_whole_file_and_its_result() -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("F", sees="flow.dag.yaml › the whole file")
        await stage.press("3", sees="picked STUDIO")
        await stage.press("d", sees="flow.dag.yaml   result, not written yet")
        assert "top_k: 3" in stage.text
        await stage.press("e")
        assert "not written yet" in stage.toasts
        await stage.press("escape", "F", sees="rerank › inputs.top_k")

    on_stage(work, triage())


def test_what_the_graph_lacks_is_seen_before_it_is_written() -> None:
    answers = triage()

    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("v")
        assert "2 places open" in stage.toasts
        stage.app.do("resolve.all_local")
        await stage.sees("no findings")
        await stage.press("e", sees="ctrl+s (or f2) keeps it")
        await stage.press("end", "end", *["backspace"] * 20, *"top_k: ${gone.output}", "f2", sees="1 error")
        assert "✗ flow.dag.yaml:10" in stage.text
        await stage.press("v", sees="the result of the merge   1 error")
        await stage.press("e")
        assert "not written yet" in stage.toasts
        await stage.press("escape", sees="resolve")

    on_stage(work, answers)
    assert not answers.resolved


def test_leaving_asks_once_something_is_picked() -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("escape")
        await stage.until(lambda: not isinstance(stage.screen, ResolveScreen))
        await opened(stage)
        await stage.press("2", "escape")
        await answer(stage, "n", "What you picked is forgotten")
        await stage.sees("picked LOCAL")
        await stage.press("escape")
        await answer(stage, "y", "What you picked is forgotten")
        await stage.until(lambda: not isinstance(stage.screen, ResolveScreen))

    on_stage(work, triage())


def test_a_side_that_moves_is_looked_at_again_and_picks_stay() -> None:
    answers = triage()

    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("2", "n", "2", sees="0 open")
        answers.sides["remote"] = {**REMOTE, "rerank.py": REMOTE["rerank.py"].replace(b"12", b"13")}
        moved = row("triage", "conflict")
        moved["studio"]["commit"] = "9" * 40
        stage.daemon.flow(moved)
        await stage.sees("return str(13)")
        assert "1 pick no longer holds" in stage.toasts
        await stage.sees("1 open")

    on_stage(work, answers)


def test_what_moved_unheard_is_refused_and_nothing_written() -> None:
    answers = triage()

    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("2", "n", "2", sees="enter commits")
        answers.sides["remote"] = {**REMOTE, "new.py": b"1\n"}
        await stage.press("enter")
        await stage.until(lambda: "a side has moved" in stage.toasts)

    on_stage(work, answers)
    assert not answers.resolved


def test_a_hold_is_told() -> None:
    answers = triage()
    answers.outcome = {
        "flow": "triage", "did": "held", "paths": [], "commit": "",
        "hold": {"reason": "it has uncommitted edits", "hint": "git commit"},
    }  # fmt: skip

    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("2", "n", "2", sees="enter commits")
        await stage.press("enter")
        await stage.until(lambda: "it has uncommitted edits" in stage.toasts)
        assert isinstance(stage.screen, ResolveScreen)

    on_stage(work, answers)


def test_the_merge_tool_needs_a_terminal() -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("M")
        await answer(stage, "y", "flowsync resolve triage --tool")
        await stage.until(lambda: "flowsync resolve triage --tool" in stage.toasts)

    on_stage(work, triage())


def test_read_only_commits_nothing() -> None:
    answers = triage()

    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("2", "n", "2", sees="enter commits")
        await stage.press("enter")
        assert "read-only" in stage.toasts

    on_stage(work, answers, read_only=True)
    assert not answers.resolved


def test_hostile_contents_are_shown_harmlessly() -> None:
    base = {"a.txt": b"one\n", "\x1b[2J.bin": b"\0a"}
    local = {"a.txt": b"\x1b[31mred [bold]\xff" + b"x" * 10_000 + b"\n", "\x1b[2J.bin": b"\0b"}
    remote: dict[str, Any] = {"a.txt": "\u202eleft 漢字\n".encode(), "\x1b[2J.bin": b"\0c"}

    async def work(stage: FlowStage) -> None:
        await stage.press("m", sees="resolve 1 of 2")
        for key in ("2", "n", "3"):
            await stage.press(key)
            assert all(line.isprintable() for line in stage.lines)
        await stage.sees("‹U+202E›left 漢字")

    for size in (WIDE, NARROW):
        on_stage(work, FlowAnswers("hostile", base, local, remote), size)


def test_without_a_conflict_it_says_so() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.open(ResolveScreen("triage"), "no file is in conflict")
        await stage.press("1", "2", "b", "F", "d", "n", "N", "z", "enter")
        assert "nothing is in conflict" in stage.toasts

    on_stage(work, FlowAnswers("triage", BASE, LOCAL, BASE), state="local-ahead")
