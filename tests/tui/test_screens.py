"""Whole screens as text, at 120x36 and 80x24. To take them anew after a change that was meant:

FLOWSYNC_SCREENS=write python -m pytest tests/tui/test_screens.py
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from .fake_daemon import NOW, row
from .stage import NARROW, WIDE, Acting, Stage

SCREENS = Path(__file__).parent / "screens"
FILES = [
    {
        "path": "flow.dag.yaml",
        "base": "a",
        "local": "b",
        "remote": "c",
        "worktree": "b",
        "size": 1411,
        "state": "conflict",
    },
    {"path": "prompt.jinja2", "base": "a", "local": "a", "remote": "a", "worktree": "a", "size": 615, "state": "same"},
    {"path": "rerank.py", "base": "a", "local": "b", "remote": "a", "worktree": "b", "size": 1330, "state": "local"},
]


async def main(on: Acting) -> None:
    await on.shows("prompt.jinja2" if on.app.size.width >= 100 else "support-triage")


async def detail(on: Acting) -> None:
    await on.press("2")
    await on.shows("prompt.jinja2")


async def filtering(on: Acting) -> None:
    await on.press("slash", *"rag !prod")
    await on.until(lambda: "support-triage" not in on.text, "a shorter list")


async def menu(on: Acting) -> None:
    await on.press("x")
    await on.shows("More")


async def palette(on: Acting) -> None:
    await on.press("colon", *"pa")
    await on.shows("Pause all")


async def help(on: Acting) -> None:
    await on.press("question_mark")
    await on.shows("On this screen")


async def question(on: Acting) -> None:
    on.app.do("daemon.stop")
    await on.shows("Stop the daemon?")


async def syncing(on: Acting) -> None:
    on.app.hear({"kind": "begun", "id": 1, "name": "sync", "flows": ["fresh", "rag-chat-exp"]})
    on.app.hear({"kind": "progress", "id": 1, "what": "push", "done": 3, "total": 7})
    await on.shows("syncing 42%")


async def logs(on: Acting) -> None:
    await on.press("L")
    await on.shows("the share does not answer")


SCENES: dict[str, Callable[[Acting], Awaitable[None]]] = {
    scene.__name__: scene for scene in (main, detail, filtering, menu, palette, help, question, logs, syncing)
}


@pytest.fixture
def full(stage: Stage) -> Stage:
    daemon = stage.daemon
    assert daemon is not None
    daemon.flows.append(row("流程-triage", "deleted-in-studio"))
    daemon.answers["files"] = lambda params: {"flow": params["flow"], "folder": "flows/x", "sides": {}, "files": FILES}
    daemon.answers["log"] = {
        "lines": [
            {"sequence": 1, "at": NOW - 60, "level": "info", "flow": "", "text": "looked at Studio: 9 flows"},
            {"sequence": 2, "at": NOW - 30, "level": "warning", "flow": "chat", "text": "the share does not answer"},
        ]
    }
    told = {"flow": "rag-chat-prod", "did": "landed", "paths": ["flow.dag.yaml"], "commit": "77ab0e1", "hold": None}
    daemon.state["recent"] = [
        {"sequence": 1, "kind": "result", "at": NOW - 90, "what": "pull", "results": [told]},
        {"sequence": 2, "kind": "notice", "at": NOW - 20, "about": "error", "title": "", "text": "no network for 9 s"},
    ]
    return stage


def compare(name: str, text: str) -> None:
    file = SCREENS / f"{name}.txt"
    if os.environ.get("FLOWSYNC_SCREENS") == "write":
        SCREENS.mkdir(exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")
    assert text + "\n" == file.read_text(encoding="utf-8")


def play(stage: Stage, scene: Callable[[Acting], Awaitable[None]], size: tuple[int, int], **options: Any) -> str:
    seen: list[str] = []

    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.until(lambda: on.main._files, "the files of the first flow")
        await scene(on)
        await on.pilot.pause()
        seen.append(on.text)

    stage.play(scenario, size, **options)
    return seen[0]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x36", "80x24"])
def test_they_look_as_they_did(full: Stage, size: tuple[int, int]) -> None:
    """One session goes through all of them: esc leads back from each."""
    seen: dict[str, str] = {}

    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.until(lambda: on.main._files, "the files of the first flow")
        for name, scene in SCENES.items():
            await scene(on)
            await on.pilot.pause()
            seen[name] = on.text
            await on.press("escape", "escape", "escape")
            await on.until(lambda: on.app.screen is on.main and not on.main.pattern, "the way back")

    full.play(scenario, size)
    for name, text in seen.items():
        compare(f"{name}-{size[0]}x{size[1]}", text)


def test_ascii_has_nothing_but_ascii(full: Stage) -> None:
    text = play(full, main, WIDE, ascii=True)
    assert text.isascii()
    compare("main-ascii", text)


def test_dialogs_in_ascii_are_ascii(full: Stage) -> None:
    async def scenario(on: Acting) -> None:
        await on.settled()
        for name in ("menu", "palette", "help", "question"):
            await SCENES[name](on)
            assert on.text.isascii(), name
            await on.press("escape", "escape")
            await on.until(lambda: on.app.screen is on.main, "the way back")

    full.play(scenario, NARROW, ascii=True)


def test_plain_has_no_borders_and_lists_by_name(full: Stage) -> None:
    text = play(full, main, WIDE, plain=True, ascii=True)
    assert "+-" not in text and "|   " not in text
    compare("main-plain", text)


def test_no_daemon_looks_as_it_did(alone: Stage) -> None:
    async def scenario(on: Acting) -> None:
        await on.shows("The daemon is not running.")
        compare("no-daemon-120x36", on.text)

    alone.play(scenario)


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "flowsync-hc", "ansi-dark"])
def test_every_state_has_its_own_style_in_every_theme(full: Stage, theme: str) -> None:
    """What is told by colour is also told by a word; the colours are to be told apart all the same."""
    styles: dict[str, str] = {}

    async def scenario(on: Acting) -> None:
        on.app.theme = theme
        await on.settled()
        await on.pilot.pause()
        get = on.app.drawn_styles.get  # type: ignore[union-attr]
        for name in ("good", "here", "waits", "bad", "conflict", "quiet"):
            styles[name] = str(get(name))
            assert get(name).color is None or get(name).color != get(name).bgcolor, name

    full.play(scenario)
    assert len(set(styles.values())) >= 5


def test_without_colour_nothing_is_coloured(full: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def scenario(on: Acting) -> None:
        await on.settled()
        for strip in on.app.screen._compositor.render_strips():
            for segment in strip.apply_filter(on.app._filters[0], on.app.screen.styles.background):  # type: ignore[attr-defined]
                colour = segment.style and segment.style.color and segment.style.color.triplet
                assert not colour or colour.red == colour.green == colour.blue

    full.play(scenario)
