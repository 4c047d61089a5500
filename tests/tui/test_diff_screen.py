"""The diff on the screen: every key of it, both layouts, contents that would harm a terminal."""

import os
import stat

import pytest
from textual.geometry import Offset
from textual.selection import Selection

from flowsync_tui.screens.diff import DiffScreen
from flowsync_tui.widgets.diff_view import DiffView

from .fake_daemon import row
from .flow_answers import FlowAnswers
from .flow_app import FlowStage, on_stage
from .stage import NARROW, WIDE
from .triage import BASE, triage


def view(stage: FlowStage) -> DiffView:
    found: DiffView = stage.screen.query_one(DiffView)
    return found


async def opened(stage: FlowStage) -> None:
    await stage.press("d", sees="answer.py   +1 −1")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_how_it_looks(size: tuple[int, int]) -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("J", sees="flow.dag.yaml   +6 −1")
        stage.snapshot(f"diff-{size[0]}")

    on_stage(work, triage(), size)


def test_the_words_of_flows_stand_above_a_definition() -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        assert "node rerank" not in stage.text
        await stage.press("J", sees="~ node rerank: top_k 8 → 3")
        assert "+ node polish" in stage.text

    on_stage(work, triage())


def test_n_goes_through_the_changes_and_on_to_the_next_file() -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("n", sees="flow.dag.yaml   +6 −1   change 1 of 2")
        await stage.press("n", sees="change 2 of 2")
        await stage.press("N", sees="change 1 of 2")
        await stage.press("N", sees="answer.py")
        await stage.press("N")
        assert "first change" in stage.toasts
        await stage.press("K")
        assert "answer.py" in stage.text
        await stage.press("J", "J", sees="rerank.py   +1 −1")
        await stage.press("n")
        assert "last change" in stage.toasts

    on_stage(work, triage())


def test_b_compares_the_other_sides() -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        for title in ("base ↔ local", "base ↔ Studio", "local ↔ worktree", "local ↔ Studio"):
            await stage.press("b", sees=title)
        assert [one["before"] for one in stage.daemon.asked("compare")] == ["local", "base", "base", "local", "local"]

    on_stage(work, triage())


def test_two_that_are_the_same_say_so() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("d", sees="the two are the same")

    files = {"flow.dag.yaml": b"nodes: []\n"}
    on_stage(work, FlowAnswers("same", files, files, files), state="in-sync")


def test_an_edit_that_arrives_is_shown_without_losing_the_place() -> None:
    answers = triage()

    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("J", "n", sees="flow.dag.yaml   +6 −1   change 2 of 2")
        answers.sides["remote"] = {**answers.sides["remote"], "new.py": b"1\n"}
        moved = row("triage", "conflict")
        moved["studio"]["commit"] = "f" * 40
        stage.daemon.flow(moved)
        await stage.sees("+ new.py")
        assert "flow.dag.yaml   +6 −1   change 2 of 2" in stage.text

    on_stage(work, answers)


def test_s_puts_both_below_each_other() -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        assert "│" in stage.lines[8].split("answer")[-1]
        split = view(stage).rows.rows
        await stage.press("s")
        assert len(view(stage).rows.rows) > len(split)
        assert any(line.rstrip().endswith("-     return str(1)") for line in stage.lines)
        await stage.press("s")
        assert view(stage).rows.rows == split

    on_stage(work, triage())


def test_a_narrow_window_has_one_column() -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        rows = view(stage).rows.rows
        await stage.press("s", "s")
        assert "too narrow" in stage.toasts
        assert view(stage).rows.rows == rows

    on_stage(work, triage(), NARROW)


def test_w_and_c_change_what_counts_and_what_is_shown() -> None:
    long = b"".join(b"line %d\n" % number for number in range(60))
    after = long.replace(b"line 30", b"line  30")

    async def work(stage: FlowStage) -> None:
        await stage.press("d", sees="27 lines the same")
        await stage.press("c", sees="18 lines the same")
        await stage.press("c")
        assert "the same" not in stage.text
        await stage.press("c", sees="27 lines the same")
        await stage.press("w", sees="+0 −0   blanks ignored")
        await stage.press("w", sees="+1 −1")

    on_stage(work, FlowAnswers("long", {"a.txt": long}, {"a.txt": long}, {"a.txt": after}))


def test_y_copies_the_change_as_a_patch() -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("y")
        await stage.until(lambda: stage.copied)
        assert stage.copied == ["@@ -6,1 +6,1 @@\n-    return str(1)\n+    return str(2)\n"]

    on_stage(work, triage())


def test_the_keys_of_lists_scroll() -> None:
    many = "".join(f"line {number} {'x' * 200}\n" for number in range(400)).encode()

    async def work(stage: FlowStage) -> None:
        await stage.press("d", sees="change 1 of 1")
        diff = view(stage)
        for key, place in {"j": 1, "k": 0, "ctrl+d": 30, "ctrl+u": 0, "pagedown": 30, "pageup": 0}.items():
            await stage.press(key)
            assert (diff.scroll_offset.y > 0) == (place > 0), key
        await stage.press("G")
        assert "line 399" in stage.text
        await stage.press("g")
        assert diff.scroll_offset.y == 0
        await stage.press("l")
        assert diff.scroll_offset.x > 0
        await stage.press("h")
        assert diff.scroll_offset.x == 0

    on_stage(work, FlowAnswers("many", {}, {}, {"a.txt": many}))


def test_selected_text_is_copied_without_numbers() -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("s")
        found = view(stage).get_selection(Selection(Offset(0, 3), Offset(8, 4)))
        assert found == ("def answer(**given: str) -> str:\n    retu", "\n")

    on_stage(work, triage())


def test_e_edits_in_the_app_where_the_terminal_cannot_be_lent() -> None:
    """Headless, there is no terminal to lend."""

    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("e", sees="ctrl+s (or f2) keeps it")
        await stage.press("X", "ctrl+s")
        file = stage.root / "flows" / "triage" / "answer.py"
        await stage.until(lambda: b"X" in file.read_bytes(), "the file is written")
        assert stat.S_IMODE(os.stat(file).st_mode) & 0o600 == 0o600
        await stage.press("e", sees="ctrl+s (or f2) keeps it")
        before = file.read_bytes()
        await stage.press("Y", "escape")
        await stage.until(lambda: isinstance(stage.screen, DiffScreen), "the editor is left")
        assert file.read_bytes() == before

    on_stage(work, triage())


def test_a_file_that_is_not_in_the_worktree_cannot_be_edited() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("d", sees="new.py")
        await stage.press("e")
        await stage.until(lambda: "not in the worktree" in stage.toasts)

    on_stage(work, FlowAnswers("gone", {}, {}, {"new.py": b"1\n"}))


def test_the_pager_says_where_it_cannot_be() -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("vertical_line")
        await stage.until(lambda: "cannot be given to a pager" in stage.toasts)

    on_stage(work, triage())


def test_esc_goes_back() -> None:
    async def work(stage: FlowStage) -> None:
        main = stage.screen
        await opened(stage)
        await stage.press("escape")
        assert stage.screen is main

    on_stage(work, triage())


def test_what_the_daemon_refuses_is_told() -> None:
    async def work(stage: FlowStage) -> None:
        stage.app.push_screen(DiffScreen("triage", ("0" * 40, "local")))
        await stage.until(lambda: "is no side and no commit" in stage.toasts)

    on_stage(work, triage())


HOSTILE = {
    "\x1b[2Jcontrol.txt": b"\x1b]0;owned\x07\x1b[31mred\x1b[0m\r\n",
    "bidi.txt": "safe\u202eelif.exe\u2066\n".encode(),
    "binary.bin": b"\0\1\2" * 100,
    "endless.txt": b"x" * 10_000 + b"\n",
    "invalid.txt": b"caf\xe9 \xff\xfe\n",
    "markup[bold].txt": b"[bold red]not bold[/bold red] [@click=app.quit]no link[/]\n",
    "wide.txt": "漢字" * 100 + "\n" + "🎉" * 60 + "\n",
}


def test_nothing_in_contents_is_obeyed() -> None:
    files = {path: text.encode() if isinstance(text, str) else text for path, text in HOSTILE.items()}

    async def work(stage: FlowStage) -> None:
        await stage.press("d", sees="change 1 of 1")
        for _ in files:
            for line in stage.lines:
                assert line.isprintable(), line
                assert len(line.encode()) < 2000
            await stage.press("J")
            await stage.until(lambda: not stage.screen.workers or all(one.is_finished for one in stage.screen.workers))
        await stage.press("K", "K", "K", "K", "K", "K", sees="␛]0;owned␇␛[31mred␛[0m␍")
        await stage.press("J", sees="safe‹U+202E›elif.exe‹U+2066›")
        await stage.press("J", sees="no text: absent → 300 bytes")
        await stage.press("J", sees="endless.txt")
        await stage.press("J", sees="caf\\xe9 \\xff\\xfe")
        await stage.press("J", sees="[bold red]not bold[/bold red] [@click=app.quit]no link[/]")
        await stage.press("J", sees="漢字漢字")

    for size in (WIDE, NARROW):
        on_stage(work, FlowAnswers("hostile", {}, {}, files), size)


def test_what_is_too_large_is_not_shown() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("d", sees="too large to be compared here")

    on_stage(work, FlowAnswers("large", {}, {}, {"a.txt": b"x\n" * 1_200_000}))


def test_enter_shows_the_whole_file_and_tab_goes_to_the_files() -> None:
    async def work(stage: FlowStage) -> None:
        await opened(stage)
        await stage.press("enter", sees="answer.py   Studio")
        await stage.sees("▌6     return str(2)")
        await stage.press("escape", sees="change 1 of 1")
        await stage.press("shift+tab", "j", sees="flow.dag.yaml   +6")
        await stage.press("enter", "n", sees="change 2 of 2")

    on_stage(work, triage())


def test_what_cannot_be_opened_is_not_offered_as_if_it_could() -> None:
    async def work(stage: FlowStage) -> None:
        await stage.press("v", sees="no findings")
        await stage.press("enter", sees="Open: there is nothing here to open")

    on_stage(work, FlowAnswers("triage", BASE, BASE, BASE))
