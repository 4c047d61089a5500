"""No key of a screen does nothing: each opens something, moves, asks, or says why it cannot."""

import json
from pathlib import Path
from typing import Any

import pytest

from flowsync_tui.doing import twins
from flowsync_tui.view import actions
from flowsync_tui.view.action import Action
from flowsync_tui.widgets.virtual_list import VirtualList

from .flow_answers import FlowAnswers
from .flow_app import FlowStage, on_stage
from .stage import NARROW, WIDE
from .test_registry import SCREENS, screen
from .triage import BASE, triage

# what a key is pressed after, where it would change nothing as the screen opens
AFTER = {"logs.all": ("4",), "mode.sync": ("M", "l"), "panel.flows": ("2",)}
SHOWN = {  # what is on each screen once it has found what it looks for; empty flows in the second place
    "checks": ("worktree   ", "worktree   "),
    "diff": ("+1", "the two are the same"),
    "doctor": ("Something is wrong", "Something is wrong"),
    "export": ("$ flowsync export", "$ flowsync export"),
    "graph": ("2 nodes", "2 nodes"),
    "history": ("rerank", "0 versions"),
    "import": ("Import: ", "Import: "),
    "logs": ("Nothing has been logged", "Nothing has been logged"),
    "main": ("conflict 1", "conflict 1"),
    "resolve": ("resolve 1 of 2", "no file is in conflict"),
    "runs": ("1 run", "1 run"),
    "source": ("a.py   worktree", "a.py   worktree"),
}
SAID: dict[str, Any] = {
    "run": {"runs": [{"name": "first", "status": "Completed"}], "metrics": {}},
    "doctor": {"healthy": False, "checks": [{"name": "a", "verdict": "bad", "said": "b", "fix": "c"}]},
    "export": {"exports": [], "problems": []},
}


def wanted(name: str) -> list[Action]:
    """What is pressed on a screen: all that it names in its footer, and all that only it does."""
    hidden = actions.shadowed(name)
    every = [action for action in actions.on(name) if action.key and action.id not in hidden]
    own = [action for action in every if name in action.screens and action.group != "Move"]
    return list(dict.fromkeys([*own, *(action for action in every if action.hint)]))


def traces(stage: FlowStage, ran: list[Any]) -> tuple[Any, ...]:
    """Everything that shows whether a key has done something."""
    focused = stage.app.focused
    place = focused.index if isinstance(focused, VirtualList) else focused and focused.scroll_offset
    return (stage.text, stage.screen, len(stage.app._notifications), len(stage.daemon.requests), len(ran), focused,
            place, list(stage.copied))  # fmt: skip


async def opened(stage: FlowStage, name: str, shows: str) -> Any:
    """Goes to the screen as it is when it is opened."""
    stage.app.workers.cancel_all()
    while len(stage.app.screen_stack) > 1:
        await stage.app.pop_screen()
    stage.app.clear_notifications()
    if name != "main":
        made = screen(name)
        made.flow = "triage"
        await stage.app.push_screen(made)
    else:
        stage.main.do_panel_flows()
    await stage.sees(shows)
    await stage.until(lambda: all(one.is_finished for one in stage.app.workers), f"an end of {[*stage.app.workers]}")
    return stage.screen


def run_all(name: str, answers: FlowAnswers, shows: str, size: tuple[int, int], patch: pytest.MonkeyPatch) -> None:
    ran: list[Any] = []

    async def run(app: Any, words: Any, more: Any = ()) -> Any:
        ran.append([*words, *more])
        told = SAID.get(words[1]) or {"results": [], "url": "https://x", "name": "x"}
        return twins.Done(tuple(words), 0, json.dumps(told), "")

    async def work(stage: FlowStage) -> None:
        for action in wanted(name):
            await opened(stage, name, shows)
            for key in AFTER.get(action.id, ()):
                await stage.press(key)
            before = traces(stage, ran)
            await stage.press(*action.key.split(" "))
            await stage.until(lambda before=before: traces(stage, ran) != before, f"{action.id} to do something")  # type: ignore[misc]

    patch.setattr(twins, "run", run)
    patch.setattr(Path, "home", lambda: Path(__file__).parent)
    on_stage(work, answers, size)


@pytest.mark.parametrize("name", SCREENS)
def test_where_there_is_something(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_all(name, triage(), SHOWN[name][0], WIDE, monkeypatch)


@pytest.mark.parametrize("name", ["diff"])
def test_where_there_is_little_room(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_all(name, triage(), SHOWN[name][0], NARROW, monkeypatch)


@pytest.mark.parametrize("name", ["checks", "diff", "history", "resolve"])
def test_where_there_is_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = FlowAnswers("triage", BASE, BASE, BASE)
    run_all(name, answers, SHOWN[name][1], WIDE, monkeypatch)


@pytest.mark.parametrize("name", SCREENS)
def test_in_ascii_every_screen_is_drawn_in_ascii(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule of a screen's own style sheet that begins with a class of the app is never met: Textual scopes it."""

    async def run(app: Any, words: Any, more: Any = ()) -> Any:
        return twins.Done(tuple(words), 0, json.dumps(SAID.get(words[1]) or {}), "")

    async def work(stage: FlowStage) -> None:
        shows = SHOWN[name][0] if name != "export" else "Into"
        await opened(stage, name, shows)
        await stage.until(lambda: stage.text.isascii(), "nothing but ASCII")

    monkeypatch.setattr(twins, "run", run)
    monkeypatch.setattr(Path, "home", lambda: Path(__file__).parent)
    on_stage(work, triage(), ascii=True)
