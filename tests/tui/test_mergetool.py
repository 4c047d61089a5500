"""The person's git mergetool on a real terminal, before the real daemon: it settles, fails, leaves markers."""

import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.bench_tui import Terminal
from daemon_process import Daemon, until
from world import World

from .test_for_real import below
from .triage import BASE, LOCAL, REMOTE

Tool = Callable[[str], Terminal]


@pytest.fixture
def with_tool(azure_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tool]:
    """Configures a script as git's merge tool, and opens the conflict that it is for."""
    world = azure_world
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    world.git("config", "flowsync.notify", "none")
    world.studio(below("triage", BASE))
    world.sync()
    world.commit({f"flows/{path}": content for path, content in below("triage", LOCAL).items()}, "eight are enough")
    world.studio(below("triage", REMOTE))
    daemon = Daemon(world)
    ends: list[Callable[[], object]] = [lambda: daemon.end(signal.SIGTERM)]

    def start(text: str) -> Terminal:
        file = tmp_path / "tool"
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        for name, value in (
            ("merge.tool", "ours"),
            ("mergetool.ours.cmd", f'{file} "$BASE" "$LOCAL" "$REMOTE" "$MERGED"'),
            ("mergetool.ours.trustExitCode", "true"),
            ("mergetool.prompt", "false"),
            ("mergetool.keepBackup", "false"),
        ):
            world.git("config", name, value)
        daemon.ready()
        until(lambda: daemon.flow("triage")["state"] == "conflict", f"a conflict: {daemon}")
        terminal = Terminal([sys.executable, "-m", "flowsync", "tui"], str(world.folder))
        ends.append(terminal.end)
        terminal.until(b"conflict ")
        terminal.until(b"rerank.py")
        shows(terminal, b"m", "resolve 1 of")
        shows(terminal, b"M", "Resolve triage in your merge tool?")
        answered(terminal)
        return terminal

    yield start
    for end in reversed(ends):
        end()


def shows(terminal: Terminal, key: bytes, text: str) -> None:
    terminal.seen = b""
    terminal.press(key)
    terminal.until(text.encode())


def answered(terminal: Terminal) -> None:
    """Says yes as soon as the question listens, which it does not in its first moment."""
    terminal.drain(0.5)  # longer than that moment
    terminal.press(b"y")


def merges(world: World) -> int:
    return len(world.git("rev-list", "--merges", "main").split())


def test_what_it_settles_is_committed_and_the_screen_goes_back(with_tool: Tool, azure_world: World) -> None:
    world = azure_world
    before = merges(world)
    terminal = with_tool('cp "$3" "$4"')  # all from Studio
    terminal.until(b"both sides are joined by your merge tool")
    assert merges(world) == before + 1
    until(lambda: world.here("triage")["flow.dag.yaml"] == REMOTE["flow.dag.yaml"], "Studio's value")
    assert world.here("triage")["rerank.py"] == REMOTE["rerank.py"]
    shows(terminal, b"z", "restore triage as before")


@pytest.mark.parametrize(
    ("tool", "asks"),
    [("exit 1", b"Continue merging other unresolved paths"), ("true", b"")],
    ids=["it fails", "it leaves the markers"],
)
def test_what_it_does_not_settle_stays_a_conflict(with_tool: Tool, azure_world: World, tool: str, asks: bytes) -> None:
    world = azure_world
    tip, before = world.tip(), world.here("triage")
    terminal = with_tool(tool)
    if asks:
        terminal.until(asks)
        terminal.press(b"n\r")
    terminal.until(b"press Enter to go back")
    shows(terminal, b"\r", "the conflict is as it was")
    terminal.until(b"resolve 1 of")
    assert world.tip() == tip
    assert world.here("triage") == before
    assert not world.git("status", "--porcelain")


def test_ctrl_c_ends_the_tool_and_not_the_session(with_tool: Tool, azure_world: World, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    tip = azure_world.tip()
    terminal = with_tool(f"echo $$ > {begun}.part; mv {begun}.part {begun}; exec sleep 600")
    until(begun.exists, "the tool to run")
    terminal.press(b"\x03")
    terminal.until(b"press Enter to go back")
    shows(terminal, b"\r", "the conflict is as it was")
    assert azure_world.tip() == tip
    with pytest.raises(ProcessLookupError):
        os.kill(int(begun.read_text()), 0)
