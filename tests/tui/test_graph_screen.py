"""The graph on the screen: walked with every key, changes and findings in words, sources one key away."""

import threading
from typing import Any

import pytest
from textual.geometry import Offset

from flowsync_tui.screens.graph import GraphScreen
from flowsync_tui.widgets.dag_view import DagView

from .flow_answers import FlowAnswers
from .flow_app import FlowStage, on_stage
from .stage import NARROW, WIDE
from .test_graph_model import DIAMOND
from .triage import BASE, COMMITS, triage

PLACES = {"flow.dag.yaml": DIAMOND, "first.py": b"print('first')\n", "prompts/left.jinja2": b"# user:\n{{x}}\n"}


def diamond() -> FlowAnswers:
    return FlowAnswers("diamond", PLACES, PLACES, PLACES)


def dag(stage: FlowStage) -> DagView:
    found: DagView = stage.screen.query_one(DagView)
    return found


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_how_it_looks(size: tuple[int, int]) -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("f", sees="base ↔ worktree   2 nodes   ~ 1")
        await stage.press("j", sees="rerank · python · changed")
        stage.snapshot(f"graph-{size[0]}")
        await stage.press("b", sees="local ↔ Studio   3 nodes   + 1   ~ 2")
        stage.snapshot(f"graph-studio-{size[0]}")

    on_stage(work, triage(), size)


def test_the_drawing_is_walked_with_arrows_and_letters() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("f", sees="4 nodes")
        walk = {"j": "first", "down": "left", "l": "right", "left": "left", "right": "right", "h": "left", "k": "first"}
        for key, box in walk.items():
            await stage.press(key)
            assert dag(stage).selected == box, key
        for key, box in {"G": "${outputs}", "g": "${inputs}", "end": "${outputs}", "home": "${inputs}"}.items():
            await stage.press(key)
            assert dag(stage).selected == box, key
        await stage.press("ctrl+d")
        assert dag(stage).selected == "${outputs}"
        await stage.press("ctrl+u")
        assert dag(stage).selected == "${inputs}"

    on_stage(work, diamond())


def test_the_rail_is_walked_along_its_lines_and_its_edges() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("f", sees="λ last    python   ← left, right")
        for key, box in {"j": "first", "l": "left", "right": "last", "h": "left", "k": "first"}.items():
            await stage.press(key)
            assert dag(stage).selected == box, key
        await stage.press("s", sees="┌")
        await stage.press("s", sees="← left, right")

    on_stage(work, diamond(), NARROW)


def test_the_wires_of_the_selected_box_stand_out() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("f", sees="4 nodes")
        await stage.press("j", "j")
        view = dag(stage)
        near = view.style("dag--near")
        wires = view.model.wires("left")
        marked = set()
        for y in range(view.line_count):
            x = 0
            for segment in view.body(y):
                if segment.style and segment.style.color == near.color and near.color is not None:
                    marked |= {(x + at, y) for at in range(len(segment.text))}
                x += len(segment.text)
        boxes = {place for place in wires if view.model.at(*place)}
        assert marked == wires - boxes

    on_stage(work, diamond())


def test_enter_opens_the_source_and_esc_comes_back() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("f", sees="4 nodes")
        await stage.press("j", "enter", sees="print('first')")
        assert "first.py   worktree" in stage.text
        await stage.press("y")
        await stage.until(lambda: stage.copied == ["print('first')\n"])
        await stage.press("escape", sees="first · python")
        await stage.press("j", "enter", sees="# user:")
        await stage.press("escape", "g", "enter", sees="flow.dag.yaml   worktree")
        assert any(line.startswith("▌ 2 ") for line in stage.lines)

    on_stage(work, diamond())


def test_the_mouse_selects_and_opens() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("f", sees="4 nodes")
        place = dag(stage).model.places["right"]
        middle = Offset(place.x + 4 + dag(stage).content_offset.x, place.y + 1)
        await stage.pilot.click(DagView, offset=middle)
        assert dag(stage).selected == "right"
        await stage.pilot.click(DagView, offset=middle, times=2)
        await stage.sees("v1.jinja2   worktree")

    on_stage(work, diamond())


def test_findings_are_on_their_nodes() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("f", sees="✗ first")
        await stage.press("j", sees="error: The source of node 'first' defines no `@tool`.")
        await stage.press("v", sees="FS309")
        await stage.press("escape", sees="4 nodes")

    on_stage(work, diamond())


def test_the_graph_does_not_wait_for_validation() -> None:
    answers, validated = diamond(), threading.Event()

    def findings(params: dict[str, Any]) -> Any:
        assert validated.wait(60)
        return answers.table["findings"](params)

    async def work(stage: FlowStage) -> None:
        stage.daemon.answers["findings"] = findings
        await stage.press("f", sees="4 nodes")
        await stage.press("j", sees="first · python")
        assert "✗" not in stage.text
        validated.set()
        await stage.sees("✗ first")
        assert "defines no `@tool`" in stage.text
        await stage.press("b")
        assert "✗ first" in stage.text

    on_stage(work, answers)


def test_the_graph_is_copied_as_text() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("f", sees="4 nodes")
        await stage.press("y")
        await stage.until(lambda: stage.copied)
        assert "│ first   │" in stage.copied[0]

    on_stage(work, diamond())


def test_a_source_is_edited() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("f", sees="4 nodes")
        await stage.press("j", "e", sees="ctrl+s (or f2) keeps it")
        await stage.press("#", "f2")
        file = stage.root / "flows/diamond/first.py"
        await stage.until(lambda: file.read_bytes() == b"#print('first')\n")
        await stage.press("enter", "e", sees="ctrl+s (or f2) keeps it")
        await stage.press("#", "f2")
        await stage.until(lambda: file.read_bytes() == b"##print('first')\n")

    on_stage(work, diamond())


def test_a_commits_graph() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.open(GraphScreen("triage", ("", COMMITS[0])), "01010101   3 nodes")
        assert not stage.daemon.asked("findings")

    on_stage(work, triage())


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"nodes: [\n", "flow.dag.yaml:2:"), (b"nodes: []\n", "no nodes"), (None, "no definition")],
)
def test_without_a_graph_it_says_why(content: bytes | None, said: str) -> None:
    files = {"a.txt": b"1\n"} | ({"flow.dag.yaml": content} if content is not None else {})

    async def work(stage: FlowStage) -> None:
        await stage.press("f", sees=said)
        await stage.press("j", "k", "h", "l", "g", "G", "ctrl+d", "enter", "s")

    on_stage(work, FlowAnswers("bad", files, files, files))


def test_hostile_names() -> None:
    hostile = 'nodes:\n- name: "\\e[31m\\u202E[bold]"\n  type: "x\\ny"\n- name: 漢字漢字\n  type: llm\n'.encode()
    files = {**BASE, "flow.dag.yaml": hostile}

    async def work(stage: FlowStage) -> None:
        await stage.press("f", sees="2 nodes")
        for key in ("j", "s", "k", "s"):
            await stage.press(key)
            assert all(line.isprintable() for line in stage.lines)

    for size in (WIDE, NARROW):
        on_stage(work, FlowAnswers("hostile", files, files, files), size)


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark", "flowsync-hc"])
def test_every_theme_has_what_the_screens_need(theme: str) -> None:
    async def work(stage: FlowStage) -> None:
        stage.app.theme = theme
        for key, text in {"f": "2 nodes", "d": "answer.py", "m": "resolve 1 of 2", "H": "4 versions"}.items():
            await stage.press(key, sees=text)
            await stage.press("j", "escape")

    on_stage(work, triage())


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_terminal_that_knows_ascii_only_gets_no_more(size: tuple[int, int]) -> None:
    async def work(stage: FlowStage) -> None:
        screens = {"f": "2 nodes", "d": "answer.py", "m": "resolve 1 of 2", "H": "4 versions", "v": "no findings"}
        for key, text in screens.items():
            await stage.press(key, sees=text)
            for more in ("s", "2", "n", "space"):
                await stage.press(more)
                assert stage.text.isascii(), stage.text
            stage.app.pop_screen()

    on_stage(work, triage(), size, ascii=True)
