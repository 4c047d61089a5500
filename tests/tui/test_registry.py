"""The table of actions: ids, keys, twins that the command line takes, handlers; and every key of every screen."""

import argparse
import importlib
from collections.abc import Callable
from typing import Any

import pytest
from textual.screen import Screen

from flowsync.cli import COMMANDS
from flowsync_tui.keymap import bindings, clashes, menu_keys
from flowsync_tui.view import actions
from flowsync_tui.view.action import EVERYWHERE, Action, Level, argv

from .stage import Acting, Stage

SCREENS = sorted({screen for action in actions.actions() for screen in action.screens if screen != EVERYWHERE})
VALUES = {
    "flow": "chat", "flows": ["chat", "rag"], "folder": "flows/chat", "commit": "4be21", "share": "file:///mnt/share",
    "archive": "chat.zip", "message": "m", "side": "local", "run": "first",
}  # fmt: skip


def screen(name: str) -> Screen[Any]:
    """A screen as the app makes it; the file that it is in is named like the registry names it."""
    from flowsync_tui.screens.checks import ChecksScreen
    from flowsync_tui.screens.diff import DiffScreen
    from flowsync_tui.screens.doctor import DoctorScreen
    from flowsync_tui.screens.graph import GraphScreen
    from flowsync_tui.screens.history import HistoryScreen
    from flowsync_tui.screens.logs import LogsScreen
    from flowsync_tui.screens.resolve import ResolveScreen
    from flowsync_tui.screens.runs import RunsScreen
    from flowsync_tui.screens.source import SourceScreen
    from flowsync_tui.screens.transfer import ExportScreen, ImportScreen

    made: dict[str, Callable[[], Screen[Any]]] = {
        "checks": lambda: ChecksScreen("chat"),
        "diff": lambda: DiffScreen("chat"),
        "doctor": DoctorScreen,
        "export": lambda: ExportScreen(["chat"]),
        "graph": lambda: GraphScreen("chat"),
        "history": lambda: HistoryScreen("chat"),
        "import": ImportScreen,
        "logs": LogsScreen,
        "resolve": lambda: ResolveScreen("chat"),
        "runs": lambda: RunsScreen("chat"),
        "source": lambda: SourceScreen("chat", "a.py"),
    }
    return made[name]()


def test_ids_are_unique_and_every_action_is_explained() -> None:
    ids = [action.id for action in actions.actions()]
    assert len(ids) == len(set(ids))
    for action in actions.actions():
        assert action.label and action.help and action.screens, action.id
        assert not action.help.endswith("."), action.id


@pytest.mark.parametrize("name", SCREENS)
def test_no_key_does_two_things_on_one_screen(name: str) -> None:
    own: dict[str, str] = {}
    for action in actions.actions():
        if name in action.screens:
            for key in action.all_keys:
                assert key not in own, f"{key}: {action.id} and {own[key]}"
                own[key] = action.id
    assert not {key for key in own if " " not in key} & set(menu_keys(name))


def test_keys_that_terminals_or_multiplexers_keep_have_a_plain_twin() -> None:
    for action in actions.actions():
        if action.key and (action.key.startswith(("ctrl+", "alt+", "f")) and len(action.key) > 1):
            assert action.id in ("app.suspend", "app.redraw", "app.screenshot", "list.page_down", "list.page_up"), (
                action.id
            )


def test_the_opener_of_a_dangerous_action_is_not_what_confirms_it() -> None:
    for action in actions.actions():
        if action.level is not Level.NONE:
            assert action.key.rpartition(" ")[2] not in ("y", "n"), action.id


def test_what_writes_says_so() -> None:
    verbs = ("sync", "pull", "push", "restore", "import", "init", "pause", "daemon start", "daemon stop", "daemon mode")
    for action in actions.actions():
        if any(action.twin.startswith(f"flowsync {verb}") for verb in verbs):
            assert action.writes, action.id


@pytest.mark.parametrize(
    "action", [one for one in actions.actions() if one.twin.startswith("flowsync ")], ids=lambda one: one.id
)
def test_the_command_line_takes_every_twin(action: Action, monkeypatch: pytest.MonkeyPatch) -> None:
    words = argv(action.twin, VALUES)[1:]
    row = next(row for row in COMMANDS if row.name == words[0])
    parser = argparse.ArgumentParser(prog=row.name, exit_on_error=False)
    importlib.import_module(f"flowsync.cli.{row.module}").add_arguments(parser)
    parser.parse_args(words[1:])


def test_a_flow_that_looks_like_an_option_is_still_a_name() -> None:
    assert argv("flowsync sync {flows}", {"flows": ["-x", "a"]}) == ["flowsync", "sync", "--", "-x", "a"]
    assert argv("flowsync log {flow}", {"flow": "--all"}) == ["flowsync", "log", "--", "--all"]


def test_a_menu_has_a_name_for_each_key_that_opens_one() -> None:
    assert {action.menu for action in actions.actions() if action.menu} == set(actions.MENUS)


def test_a_moved_key_that_is_taken_is_told() -> None:
    assert clashes({"flow.sync": "p"}) == [("flow.sync", "p", "flow.pull")]
    assert clashes({"flow.sync": "ctrl+y"}) == []


# pressing them


async def _press_all(on: Acting, name: str, everywhere: bool) -> None:
    """Presses the keys of the screen that is open, and sees that each is taken for its action."""
    for action in actions.on(name):
        moves = action.group == "Move" and EVERYWHERE in action.screens
        assert moves or on.app.handler(action), f"nobody does {action.id} on {name}"
    done: list[str] = []
    on.app.do = done.append  # type: ignore[method-assign,assignment]
    expected: dict[str, str] = {}
    for action in actions.on(name):
        for key in action.all_keys:
            if everywhere or name in action.screens:
                expected.setdefault(key, action.id)
    for key, id in expected.items():
        done.clear()
        await on.press(*key.split(" "))
        await on.until(lambda: done, f"{name}: {key} to do {id}")
        assert done == [id], f"{name}: {key}"


def test_every_key_of_the_main_screen_does_its_action(stage: Stage) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        await _press_all(on, "main", everywhere=True)

    stage.play(scenario)


@pytest.mark.parametrize("name", [name for name in SCREENS if name != "main"])
def test_every_key_of_every_other_screen_does_its_action(alone: Stage, name: str) -> None:
    """What can be done everywhere has the same bindings everywhere: that they are there is enough."""

    async def scenario(on: Acting) -> None:
        on.app.begin = lambda work: work.close()  # type: ignore[method-assign,assignment,attr-defined]
        await on.app.push_screen(screen(name))
        await _press_all(on, name, everywhere=False)

    ids = {binding.id for binding in bindings(name)}
    wanted = {action.id for action in actions.on(name) if action.key and not action.menu}
    assert wanted - ids <= actions.shadowed(name)
    alone.play(scenario)


def test_every_command_of_the_main_screen_is_in_the_palette_and_in_the_help(stage: Stage) -> None:
    async def scenario(on: Acting) -> None:
        from flowsync_tui.widgets.picker import Picker

        await on.settled()
        for key in ("colon", "question_mark"):
            await on.press(key)
            picker = await on.until(lambda: isinstance(on.app.screen, Picker) and on.app.screen, key)
            shown = {item.id for item in picker._items if item.id}
            wanted = {action.id for action in actions.on("main") if action.group != "Move" or key == "question_mark"}
            assert shown == wanted
            await on.press("escape")

    stage.play(scenario)


def test_bindings_carry_the_ids_that_a_keymap_moves() -> None:
    ids = {binding.id for binding in bindings("main")}
    assert {"flow.sync", "app.palette", "menu.x"} <= ids


@pytest.mark.parametrize(
    "action", [one for one in actions.on("main") if one.level is not Level.NONE], ids=lambda one: one.id
)
def test_enter_never_confirms_what_is_dangerous(stage: Stage, action: Action) -> None:
    """Whatever is asked of the daemon, and whatever runs, only looks, unless y is pressed (or the name is typed)."""
    from flowsync_tui.doing import twins

    ran: list[list[str]] = []

    async def run(app: Any, words: Any, more: Any = ()) -> Any:
        ran.append([*words, *more])
        return twins.Done(tuple(words), 0, '{"results": []}', "")

    async def scenario(on: Acting) -> None:
        await on.settled()
        on.app.state.cursor = "intent-router"
        assert stage.daemon is not None
        stage.daemon.answers["files"] = {"flow": "x", "folder": "flows/x", "sides": {}, "files": []}
        stage.daemon.answers["history"] = {"entries": [], "more": False}
        on.app.undone.append(_undo(ran))
        on.main.refusal = lambda _: None  # type: ignore[method-assign]
        on.app.do(action.id)
        for _ in range(4):
            await on.pilot.pause(0.05)
            await on.press("enter")
        assert not [words for words in ran if "--dry-run" not in words]
        assert not stage.daemon.asked("command")

    patch = pytest.MonkeyPatch()
    patch.setattr(twins, "run", run)
    try:
        stage.play(scenario)
    finally:
        patch.undo()


def _undo(ran: list[list[str]]) -> Any:
    from flowsync_tui.app import Undo

    async def work() -> None:
        ran.append(["undone"])

    return Undo("something", work)
