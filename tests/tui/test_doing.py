"""What actions do when they run a command line: previews first, the way back remembered, failures said."""

from pathlib import Path
from typing import Any

import pytest

from flowsync_tui.doing.copying import tools
from flowsync_tui.doing.editor import command_for
from flowsync_tui.doing.twins import Done
from flowsync_tui.doing.undoing import undo_words
from flowsync_tui.widgets.lines import wrapped
from world import World

from .stage import Acting, Stage


def result(did: str, **more: Any) -> dict[str, Any]:
    return {"flow": "chat", "did": did, "paths": [], "commit": None, "hold": None, "before": None, **more}


def test_what_moved_the_branch_is_taken_back_by_the_commit_before() -> None:
    assert undo_words(result("landed", before="abc")) == ["flowsync", "restore", "--at", "abc", "chat"]
    assert undo_words(result("pushed", before="abc")) == []
    assert undo_words(result("merged")) == []
    hint = "flowsync restore chat --at 123 --no-commit"
    assert undo_words(result("discarded", hold={"reason": "", "hint": hint})) == hint.split()
    assert undo_words(result("discarded", hold={"reason": "", "hint": "rm -rf /"})) == []


def test_a_complaint_is_read_without_its_frame() -> None:
    done = Done(("flowsync",), 4, "", "warning\nflowsync: the share is gone\n  try: flowsync doctor\n")
    assert (done.said, done.hint, done.failed, done.json) == ("the share is gone", "flowsync doctor", True, None)
    assert not Done(("flowsync",), 1, "{}", "").failed


@pytest.mark.parametrize(
    ("editor", "words"),
    [
        ("vim", ["vim", "+7", "f"]),
        ("nano -l", ["nano", "-l", "+7", "f"]),
        ("hx", ["hx", "f:7"]),
        ("code", ["code", "--wait", "--goto", "f:7"]),
        ("code -w", ["code", "-w", "--goto", "f:7"]),
        ("unknown", ["unknown", "f"]),
    ],
)
def test_editors_are_opened_at_the_line(editor: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", editor)
    assert command_for(Path("f"), 7) == words


def test_the_clipboard_of_a_desktop_is_not_reached_for_over_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name)
    assert tools({"TMUX": "x", "SSH_CONNECTION": "y", "DISPLAY": ":0"}, "linux") == [["tmux", "load-buffer", "-w", "-"]]
    assert tools({"DISPLAY": ":0"}, "linux") == [["xclip", "-selection", "clipboard"]]
    assert tools({"WAYLAND_DISPLAY": "w", "DISPLAY": ":0"}, "linux") == [["wl-copy"]]
    assert tools({}, "darwin") == [["pbcopy"]]


def test_long_lines_are_broken_between_words_and_lose_nothing() -> None:
    line = [("ab cd " * 20, "plain"), ("x" * 50, "bad"), ("流程" * 30, "quiet")]
    rows = list(wrapped(line, 30))
    text = "".join(text for text, _ in line)
    joined = "".join("".join(text for text, _ in row[bool(at) :]) for at, row in enumerate(rows))
    assert joined == text
    assert list(wrapped(line, 5)) == [line]


def test_discarded_edits_come_back_with_z(world: World) -> None:
    file = world.folder / "flows/chat/answer.py"
    world.commit({"flows/chat/flow.dag.yaml": "nodes: []\n", "flows/chat/answer.py": "one\n"})
    file.write_text("two\n")

    async def scenario(on: Acting) -> None:
        await on.until(lambda: on.app.state.flows and "chat" in on.text, "the flow")
        await on.press("x", "d")
        await on.until(lambda: "Discard uncommitted edits" in on.text and "answer.py" in on.text, "the question")
        assert file.read_text() == "two\n"
        await on.press("y")
        await on.until(lambda: file.read_text() == "one\n", "the edits to go")
        await on.until(lambda: on.app.undone, "the way back")
        await on.press("z")
        await on.until(lambda: "bring the discarded edits of chat back" in on.text, "the question")
        await on.press("y")
        await on.until(lambda: file.read_text() == "two\n", "the edits to come back")

    Stage(world.folder).play(scenario)


def test_a_bug_is_reported_to_a_file_and_the_session_goes_on(stage: Stage) -> None:
    reported: list[BaseException] = []

    def report(error: BaseException) -> str:
        reported.append(error)
        return "/tmp/flowsync-bug-x.log"

    async def scenario(on: Acting) -> None:
        await on.settled()

        async def broken() -> None:
            raise ZeroDivisionError("no value of this is shown")

        on.app.begin(broken())
        await on.shows("this is a bug in flowsync (ZeroDivisionError)", "/tmp/flowsync-bug-x.log")
        assert "no value" not in on.text
        await on.press("question_mark")
        await on.shows("Help")

    stage.play(scenario, report=report)
    assert [type(error) for error in reported] == [ZeroDivisionError]


def test_a_crash_ends_the_session_with_its_error_and_no_traceback(stage: Stage) -> None:
    with pytest.raises(ZeroDivisionError):

        async def scenario(on: Acting) -> None:
            await on.settled()
            on.main.show_detail = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]
            await on.press("j")
            await on.until(lambda: on.app.failure, "the end")
            assert on.app._exit_renderables == []
            assert on.app.return_code == 70

        stage.play(scenario)
