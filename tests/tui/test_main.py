"""The main screen as a person uses it: over the real client and bridge, before a daemon of the test's own."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from flowsync.errors import ShareError
from flowsync_tui.widgets import confirm
from flowsync_tui.widgets.flow_list import FlowList

from .fake_daemon import NOW, FakeDaemon, Progressing, row
from .stage import NARROW, Acting, Stage


def cursor(on: Acting) -> str:
    flow = on.main.query_one(FlowList).flow
    return flow.name if flow else ""


@pytest.fixture
def daemon_of(stage: Stage) -> FakeDaemon:
    assert stage.daemon is not None
    return stage.daemon


def test_a_change_is_shown_while_the_cursor_stays_on_its_flow(stage: Stage, daemon_of: FakeDaemon) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("j", "j")
        assert cursor(on) == "intent-router"
        daemon_of.flow(row("aaa-first", "conflict"))
        await on.shows("aaa-first")
        assert cursor(on) == "intent-router"
        daemon_of.event("flows", changed=[], gone=["intent-router"])
        await on.until(lambda: "intent-router" not in on.text, "the flow to go")
        assert cursor(on) == "eval-relevance"

    stage.play(scenario)


def test_sync_is_about_the_marked_flows_and_shows_how_far_it_is(stage: Stage, daemon_of: FakeDaemon) -> None:
    go_on = threading.Event()

    def work(params: dict[str, Any], tell: Callable[[str, int, int], None]) -> list[dict[str, Any]]:
        tell("push", 1, 4)
        assert go_on.wait(20)
        return [{"flow": "fresh", "did": "pushed", "paths": ["a"], "commit": None, "hold": None}]

    daemon_of.answers["command"] = Progressing(work)

    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("slash", *"rag", "enter")
        await on.press("space", "space", "escape", "s")
        assert cursor(on)  # the filter was left with Enter, and the marks taken back by one Escape
        await on.until(lambda: daemon_of.asked("command"), "a command")
        await on.shows("syncing 25%", "push 1 of 4 25%")
        go_on.set()
        await on.shows("sync: 1 flow done")
        await on.until(lambda: "syncing" not in on.text, "the end of it")

    stage.play(scenario)
    assert daemon_of.asked("command")[0]["name"] == "sync"


def test_marks_decide_what_is_meant(stage: Stage, daemon_of: FakeDaemon) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("slash", *"rag-chat", "enter", "a", "p")
        await on.until(lambda: daemon_of.asked("command"), "a command")
        await on.shows("nothing to land")

    stage.play(scenario)
    assert daemon_of.asked("command") == [{"name": "pull", "flows": ["rag-chat-exp", "rag-chat-prod"]}]


def test_a_filter_is_typed_kept_and_cleared(stage: Stage) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("slash", *"!eval", "enter")
        await on.until(lambda: "eval-relevance" not in on.text, "a shorter list")
        assert "/!eval" in on.text
        await on.press("escape")
        await on.shows("eval-relevance")
        await on.press("slash", *"zzz")
        await on.shows("Nothing matches 'zzz'.")
        await on.press("escape")
        await on.shows("eval-relevance")

    stage.play(scenario)


def test_letters_typed_into_the_filter_are_no_commands(stage: Stage, daemon_of: FakeDaemon) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("slash", *"spPTzq")
        await on.shows("/spPTzq")
        assert not daemon_of.asked("command") and not daemon_of.asked("pause")

    stage.play(scenario)


def test_a_key_that_cannot_act_says_why(stage: Stage) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("G", "m")
        await on.shows("Resolve: rag-chat-prod is not in conflict, it is in-sync")

    stage.play(scenario)


def test_read_only_refuses_what_writes_until_it_is_unlocked(stage: Stage, daemon_of: FakeDaemon) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("s", "T")
        await on.shows("Sync: this session is read-only", "read-only │")
        assert not daemon_of.asked("command") and not daemon_of.asked("pause")
        on.app.do("app.lock")
        await on.until(lambda: not on.app.state.read_only, "the lock to open")
        await on.press("T")
        await on.until(lambda: daemon_of.asked("pause"), "a pause")

    stage.play(scenario, read_only=True)


def test_pause_is_undone_by_z(stage: Stage, daemon_of: FakeDaemon) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("G", "t")
        await on.shows("paused")
        await on.press("z")
        await on.until(lambda: daemon_of.asked("resume"), "a resume")
        assert daemon_of.asked("resume") == [{"flows": ["rag-chat-prod"]}]
        await on.press("z")

    stage.play(scenario)


def test_a_failure_is_a_toast_and_a_line_with_the_way_on(stage: Stage, daemon_of: FakeDaemon) -> None:
    daemon_of.answers["command"] = ShareError("the share does not accept the key", "flowsync doctor")

    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("s")
        await on.shows("the share does not accept the key (flowsync doctor)")
        assert any("does not accept" in str(one.message) for one in on.app._notifications)
        assert not on.app.state.running

    stage.play(scenario)


def test_what_the_daemon_did_is_in_activity_with_its_command(stage: Stage, daemon_of: FakeDaemon) -> None:
    copied: list[str] = []

    async def scenario(on: Acting) -> None:
        on.app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
        await on.settled()
        result = {
            "flow": "rag-chat-prod",
            "did": "landed",
            "paths": ["flow.dag.yaml"],
            "commit": "77ab0e1",
            "hold": None,
        }
        daemon_of.event("result", what="pull", results=[result])
        await on.shows("Studio's edits are on the branch: flow.dag.yaml (77ab0e1)", "$ flowsync pull rag-chat-prod")
        await on.press("y", "t")
        await on.until(lambda: copied, "something copied")

    stage.play(scenario)
    assert copied == ["flowsync pull rag-chat-prod"]


def test_the_brake_is_released_by_typing_the_name_only(stage: Stage, daemon_of: FakeDaemon) -> None:
    hint = "flowsync sync --accept-deletes gone"
    daemon_of.flows.append(row("gone", "held", hold=("Studio deleted most of its files", hint)))

    async def scenario(on: Acting) -> None:
        await on.settled()
        on.app.state.cursor = "gone"
        on.app.do("flow.accept_deletes")
        await on.shows("Type the name to go on: gone")
        await on.press("y", "backspace", *"gon", "enter")
        await on.shows("that is not the name")
        assert not daemon_of.asked("command")
        await on.press("e", "enter")
        await on.until(lambda: daemon_of.asked("command"), "a command")

    stage.play(scenario)
    assert daemon_of.asked("command")[0]["accept_deletes"] == ["gone"]


def test_a_key_of_the_first_moment_answers_no_question(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        monkeypatch.setattr(confirm, "GUARD", float("inf"))
        on.app.do("daemon.stop")
        await on.shows("Stop the daemon?")
        await on.press("y", "enter")
        assert "Stop the daemon?" in on.text
        monkeypatch.setattr(confirm, "GUARD", 0.0)
        await on.press("n")
        await on.until(lambda: "Stop the daemon?" not in on.text, "the question to go")

    stage.play(scenario)


def test_a_mode_is_chosen_from_its_menu(stage: Stage, daemon_of: FakeDaemon) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("M", "l")
        await on.shows("mode of all flows: live")

    stage.play(scenario)
    assert daemon_of.asked("mode") == [{"flows": [], "mode": "live"}]


def test_files_of_the_flow_under_the_cursor_are_shown_once_it_rests(stage: Stage, daemon_of: FakeDaemon) -> None:
    file = {
        "path": "rerank.py",
        "base": "a",
        "local": "b",
        "remote": "a",
        "worktree": "b",
        "size": 1234,
        "state": "local",
    }
    daemon_of.answers["files"] = lambda params: {
        "flow": params["flow"],
        "folder": "flows/x",
        "sides": {},
        "files": [file],
    }

    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("j", "j", "k")
        await on.shows("local         rerank.py  1,234 B")

    stage.play(scenario)
    asked = [params["flow"] for params in daemon_of.asked("files")]
    assert asked[-1] == "sql-gen" and len(asked) <= 2  # not every flow that the cursor passed


def test_one_panel_at_a_time_where_it_is_narrow(stage: Stage) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        assert "[1] Flows" in on.text and "[2]" not in on.text
        await on.press("enter")
        await on.until(lambda: "[2] support-triage" in on.text and "[1] Flows" not in on.text, "the other panel")
        await on.press("escape")
        await on.shows("[1] Flows")
        await on.pilot.resize_terminal(120, 36)
        await on.shows("[1] Flows", "[2] support-triage")

    stage.play(scenario, NARROW)


def test_a_window_that_is_too_small_says_so_and_swallows_keys(stage: Stage, daemon_of: FakeDaemon) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.pilot.resize_terminal(52, 14)
        await on.shows("need 60x16, is 52x14")
        await on.press("s", "P", "T")
        await on.pilot.resize_terminal(80, 24)
        await on.shows("[1] Flows")
        assert not daemon_of.asked("command") and not daemon_of.asked("pause")
        await on.pilot.resize_terminal(52, 14)
        await on.shows("q quits")
        await on.press("q")
        await on.until(lambda: not on.app.is_running or on.app._exit, "the end")

    stage.play(scenario)


def test_the_mouse_moves_opens_and_does(stage: Stage) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.pilot.click("#flows", offset=(5, 4))
        assert cursor(on) == "eval-relevance"
        await on.pilot.click("#flows", offset=(5, 2), times=2)
        await on.until(lambda: on.app.focused and on.app.focused.id == "detail", "the flow's panel")
        at = on.text.splitlines()[-1].index("? Help")
        await on.pilot.click("Hints", offset=(at, 0))
        await on.shows("Help: type to search")

    stage.play(scenario)


def test_zoom_gives_a_panel_the_whole_screen(stage: Stage) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("+")
        await on.until(lambda: "[2]" not in on.text, "one panel")
        await on.press("escape")
        await on.shows("[2]")

    stage.play(scenario)


def test_sorting_goes_round(stage: Stage) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("S")
        await on.shows("by name")
        names = [flow.name for flow in on.main._rows]
        assert names == sorted(names)

    stage.play(scenario)


def test_a_palette_finds_a_command_by_its_words(stage: Stage, daemon_of: FakeDaemon) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("colon", *"pause all", "enter")
        await on.until(lambda: daemon_of.asked("pause"), "a pause")

    stage.play(scenario)
    assert daemon_of.asked("pause") == [{"flows": []}]


def test_hostile_names_are_shown_and_obeyed_by_nobody(stage: Stage, daemon_of: FakeDaemon) -> None:
    from .test_format import HOSTILE

    daemon_of.flows = [row(name, "conflict", studio=[name, "[red]x[/]"], who=name) for name in HOSTILE.values()]

    async def scenario(on: Acting) -> None:
        await on.settled()
        for _ in HOSTILE:
            assert all(line.isprintable() for line in on.text.splitlines())
            await on.press("j")
        await on.press("escape", "slash", *"[bold", "enter")
        await on.shows("[bold red]chat[/]")
        daemon_of.event("notice", about="error", title="x", text="\x1b]0;owned\x07 [@click=app.quit]x[/]")
        await on.shows("\\x1b]0;owned\\x07 [@click=app.quit]x[/]")

    stage.play(scenario)


def test_a_row_that_changes_is_drawn_where_it_stands(stage: Stage, daemon_of: FakeDaemon) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        daemon_of.flow(row("rag-chat-prod", "in-sync", who="zoe", dirty=["a.py", "b.py"]))
        await on.shows("in-sync 2 edited")

    stage.play(scenario)


def test_changes_of_a_moment_wait_for_each_other_and_what_was_asked_for_does_not(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        monkeypatch.setattr("flowsync_tui.hearing.TOGETHER", 3600.0)
        on.app.hear({"kind": "flows", "changed": [row("later")], "gone": []})
        assert "later" not in on.app.state.flows
        on.app.hear({"kind": "phase", "phase": "live"})
        assert "later" in on.app.state.flows

    stage.play(scenario)


def test_many_events_are_drawn_together(stage: Stage, daemon_of: FakeDaemon) -> None:
    drawn: list[frozenset[str]] = []

    async def scenario(on: Acting) -> None:
        await on.settled()
        show = on.app.show_changes
        on.app.show_changes = lambda names: (drawn.append(names), show(names))[1]  # type: ignore[method-assign,func-returns-value]
        for number in range(1000):
            daemon_of.event("flows", changed=[row(f"flow-{number:04}")], gone=[])
        await on.until(lambda: len(on.app.state.flows) == 1009, "all of them")
        assert len(drawn) < 100

    stage.play(scenario)


def test_ages_follow_the_clock(stage: Stage) -> None:
    moment = [NOW]

    async def scenario(on: Acting) -> None:
        on.app.options.clock = lambda: moment[0]
        await on.settled()
        moment[0] += 3600
        on.main.clock()
        await on.shows("seen 1 h ago")

    stage.play(scenario)


def test_enter_in_the_flows_panel_opens_the_file_under_the_cursor() -> None:
    from .flow_app import FlowStage, on_stage
    from .triage import triage

    async def work(stage: FlowStage) -> None:
        await stage.sees("rerank.py")
        await stage.press("enter", "g")
        await stage.press("enter", sees="local ↔ Studio   answer.py   +1 −1")
        await stage.press("escape", sees="[2] triage")
        rows = stage.text.splitlines()
        there = next(at for at, line in enumerate(rows) if "! conflict" in line and "flow.dag.yaml" in line)
        await stage.pilot.click("#detail", offset=(5, there - 1))
        await stage.press("enter", sees="local ↔ Studio   flow.dag.yaml   +6 −1")

    on_stage(work, triage())


def test_the_clock_strikes_while_a_screen_opens(stage: Stage) -> None:
    """A screen is on top before anything is in it."""
    from flowsync_tui.screens.logs import LogsScreen

    async def scenario(on: Acting) -> None:
        await on.settled()
        on.app.push_screen(LogsScreen())
        on.app._tick()
        await on.shows("Nothing has been logged")

    stage.play(scenario)
