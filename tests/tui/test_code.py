"""Colours of code: what is what in a line, wherever that stands; on the screen, and not where there are no colours."""

import pytest

from flowsync_tui.view.code import BACK, CHUNK, KEPT, Code, language
from flowsync_tui.widgets.line_view import LineView

from .flow_answers import FlowAnswers
from .flow_app import FlowStage, on_stage
from .triage import triage

PYTHON = ["@tool", "def answer(x: str):  # why", '    """Says', '    it."""', "    return 1 if x else 'no'"]


def parts(path: str, lines: list[str], line: int) -> set[tuple[str, str]]:
    code = Code(path, lines)
    if code.chunk_of(line) >= 0:
        code.learn(line // CHUNK)
    assert code.chunk_of(line) == -1
    return {(lines[line][start:end], kind) for start, end, kind in code.spans(line)}


@pytest.mark.parametrize(
    ("path", "lines", "line", "found"),
    [
        ("a.py", PYTHON, 0, {("@tool", "name")}),
        ("a.py", PYTHON, 1, {("def", "keyword"), ("answer", "name"), ("# why", "comment")}),
        ("a.py", PYTHON, 3, {('    it."""', "string")}),
        ("a.py", PYTHON, 4, {("return", "keyword"), ("1", "number"), ("no", "string")}),
        ("flow.dag.yaml", ["nodes:", "- name: a  # first"], 1, {("name", "name"), ("# first", "comment")}),
        ("a.jinja2", ["# system:", "Say {{ x }}{# not #}{% if y %}"], 0, {("# system:", "number")}),
        ("a.jinja2", ["# system:", "Say {{ x }}{# not #}"], 1, {("{{ x }}", "name"), ("{# not #}", "comment")}),
        ("a.txt", ["def x(): pass"], 0, set()),
    ],
)
def test_what_is_what(path: str, lines: list[str], line: int, found: set[tuple[str, str]]) -> None:
    assert found <= parts(path, lines, line)
    assert found or not parts(path, lines, line)


def test_a_text_that_began_above_the_chunk_is_still_one() -> None:
    lines = ["x = 1", 'y = """', *["    word"] * (CHUNK + 8), '"""', "z = 2"]
    assert parts("a.py", lines, CHUNK + 2) == {("    word", "string")}
    assert parts("a.py", lines, len(lines) - 1) == {("2", "number")}


def test_what_is_seen_is_all_that_is_looked_into_and_kept() -> None:
    code = Code("a.py", ["x = 1"] * (CHUNK * (KEPT + 8)))
    for chunk in range(KEPT + 8):
        code.learn(chunk)
    assert len(code._known) == KEPT
    assert code.chunk_of(0) == 0
    assert code._beginning(CHUNK * KEPT) > CHUNK * KEPT - BACK


def test_a_line_that_would_take_for_ever_is_left_alone() -> None:
    assert parts("a.py", ["x = '" + "a" * 10_000, "x = 1"], 1) == {("1", "number")}
    assert not parts("a.py", ["x = '" + "a" * 10_000, "x = 1"], 0)


def test_the_languages_are_those_that_flows_are_written_in() -> None:
    assert [language(path) for path in ("a/b.PY", "x.yml", "x.jsonl", "x.prompty", "Makefile", "x.")] == [
        *("python", "yaml", "json", "jinja", "", ""),
    ]


def colours(stage: FlowStage, text: str) -> set[str]:
    """The colours in which a text is drawn."""
    view = stage.screen.query(LineView).last()
    strips = [view.render_line(y) for y in range(view.size.height)]
    found = [one for strip in strips for one in strip if one.text.strip() == text]
    return {str(one.style.color) for one in found if one.style and one.style.color}


def test_the_diff_and_the_source_are_in_colour() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("d", sees="answer.py   +1")
        await stage.until(lambda: len(colours(stage, "def") | colours(stage, "answer")) == 2, "two colours")
        before = colours(stage, "def")
        stage.app.theme = "textual-light"
        await stage.until(lambda: colours(stage, "def") not in ({*before}, set()), "the theme's own")
        await stage.press("enter", sees="answer.py   Studio")
        await stage.until(lambda: len(colours(stage, "def") | colours(stage, "return")) == 1, "one for words")

    on_stage(work, triage())


def test_without_colour_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def work(stage: FlowStage) -> None:
        await stage.press("d", sees="answer.py   +1")
        await stage.until(lambda: all(one.is_finished for one in stage.app.workers), "rest")
        assert not colours(stage, "def")

    on_stage(work, triage())


def test_hostile_code_is_shown_harmlessly_in_colour() -> None:
    content = {"flow.dag.yaml": b"nodes: []\n", "x.py": b"def \x1b[2Jx(): # \xe2\x80\xae\n\treturn '\xff'\n"}
    answers = FlowAnswers("triage", {**content, "x.py": b"1\n"}, content, content)

    async def work(stage: FlowStage) -> None:
        await stage.press("d", sees="‹U+202E›")
        await stage.until(lambda: all(one.is_finished for one in stage.app.workers), "rest")
        assert all(line.isprintable() for line in stage.lines)

    on_stage(work, answers)
