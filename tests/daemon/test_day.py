"""A day in the life, with real processes in a real terminal (tmux): the transcript is in docs/daemon.md.

FLOWSYNC_TRANSCRIPT names a file to write the transcript to.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon_process import until
from flow_files import DEFINITION, SOURCE
from flowsync.daemon.client import connect
from flowsync.daemon.lock import is_running
from flowsync.daemon.place import find
from flowsync.emulator import Emulator
from world import EmulatedStudio, World

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("tmux"), reason="there is no tmux here"),
]


class Terminal:
    """A shell in tmux that a script types into, and reads like a person."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._name = f"flowsync-{os.getpid()}"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "50", "-c", str(folder), "bash", "--norc")
        for name, value in {**env, "PS1": "$ "}.items():
            self._type(f"export {name}='{value}'")
        self._type("clear; tmux clear-history")
        self.said: list[str] = []

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-L", self._name, *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    def _type(self, line: str) -> None:
        self._tmux("send-keys", "-l", f"{line}; tmux wait-for -S typed")
        self._tmux("send-keys", "Enter")
        self._tmux("wait-for", "typed")

    def run(self, line: str) -> str:
        """Types a command, waits for its end, and returns what it said."""
        self._tmux("send-keys", "-l", "clear; tmux clear-history; tmux wait-for -S typed")
        self._tmux("send-keys", "Enter")
        self._tmux("wait-for", "typed")
        self._tmux("send-keys", "-l", f" {line}; tmux wait-for -S typed")
        self._tmux("send-keys", "Enter")
        self._tmux("wait-for", "typed")
        shown = self._tmux("capture-pane", "-p", "-J", "-S", "-").splitlines()
        # what is typed while the shell is busy is shown twice
        start = max(number for number, text in enumerate(shown) if "tmux wait-for -S typed" in text and line in text)
        body = [text.rstrip() for text in shown[start + 1 :]]
        while body and body[-1] in ("", "$"):
            body.pop()
        self.said += [f"$ {line}", *body]
        return "\n".join(body)

    def note(self, text: str) -> None:
        self.said += ["", f"# {text}"]

    def close(self) -> None:
        self._tmux("kill-server")


@pytest.fixture
def terminal(azure_world: World, tmp_path: Path) -> Iterator[Terminal]:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "flowsync").write_text(f'#!/bin/sh\nexec {sys.executable} -m flowsync "$@"\n')
    (tools / "flowsync").chmod(0o755)
    names = ("HOME", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL", "AZURE_STORAGE_CONNECTION_STRING")
    env = {name: os.environ[name] for name in names}
    env |= {"PATH": f"{tools}:{os.environ['PATH']}", "XDG_STATE_HOME": str(tmp_path / "state"), "GIT_PAGER": "cat"}
    running = Terminal(azure_world.folder, env)
    yield running
    running.close()
    place = find(azure_world.folder)
    if place is not None and is_running(place):
        azure_world.run("daemon", "stop")


def test_a_day_in_the_life(azure_world: World, terminal: Terminal, emulator: Emulator, tmp_path: Path) -> None:
    world = azure_world
    world.git("config", "flowsync.notify", "none")
    world.studio({"chat/flow.dag.yaml": DEFINITION, "chat/a.py": SOURCE})

    def state(flow: str = "chat") -> str:
        with connect(world.folder) as daemon:  # type: ignore[union-attr]
            rows = daemon.request("status")["flows"]
        return next((str(row["state"]) for row in rows if row["name"] == flow), "")

    def health() -> str:
        with connect(world.folder) as daemon:  # type: ignore[union-attr]
            return str(daemon.request("state")["health"])

    def studio(text: str) -> None:
        world.studio({"chat/a.py": SOURCE + text})

    _morning(world, terminal, state, studio)
    _conflict(world, terminal, state, studio)
    _outage(world, terminal, state, health, emulator, tmp_path)
    assert world.fsck() == ""
    said = "\n".join(terminal.said)
    if where := os.environ.get("FLOWSYNC_TRANSCRIPT"):
        said = said.replace(str(tmp_path), "/home/pat").replace(f":{emulator.port}/", ":10004/")
        Path(where).write_text(said.replace(f":{emulator.port} ", ":10004 ") + "\n")


def _morning(world: World, terminal: Terminal, state: Callable[[], str], studio: Callable[[str], None]) -> None:
    terminal.note("nine o'clock")
    assert "The daemon runs" in terminal.run("flowsync daemon start")
    until(lambda: state() == "in-sync", "the first sync")
    terminal.note("a colleague saves in Studio; a few seconds later:")
    studio("# from Studio\n")
    until(lambda: world.here("chat")["a.py"].endswith(b"# from Studio\n"), "the save as a commit")
    until(lambda: state() == "in-sync")
    assert "Studio" in terminal.run("git log --oneline --format='%h %an: %s'")
    terminal.note("an edit here; the commit is in Studio before the status is read")
    terminal.run("sed -i 's/return text/return text.strip()/' flows/chat/a.py && git commit -qam 'Strip the text'")
    until(lambda: b"strip()" in world.there("chat")["a.py"], "the commit in Studio")
    until(lambda: state() == "in-sync")
    assert "in-sync" in terminal.run("flowsync status")


def _conflict(world: World, terminal: Terminal, state: Callable[[], str], studio: Callable[[str], None]) -> None:
    terminal.note("both edit the same line at the same time")
    terminal.run("flowsync pause --for 1h")
    terminal.run("sed -i 's/strip()/lower()/' flows/chat/a.py && git commit -qam 'Lower the text'")
    world.studio({"chat/a.py": world.there("chat")["a.py"].replace(b"strip()", b"upper()")})
    terminal.run("flowsync resume")
    until(lambda: state() == "conflict", "the conflict")
    assert "conflict" in terminal.run("flowsync status")
    terminal.run("git diff main studio/chat")
    assert "merged" in terminal.run("flowsync resolve chat --theirs")
    until(lambda: state() == "in-sync", "the resolution in Studio")
    terminal.run("git log --oneline --graph -4")


def _outage(
    world: World,
    terminal: Terminal,
    state: Callable[[], str],
    health: Callable[[], str],
    emulator: Emulator,
    tmp_path: Path,
) -> None:
    terminal.note("the network is gone; work goes on")
    port = emulator.port
    emulator.stop()
    terminal.run("echo '# offline' >> flows/chat/a.py && git commit -qam 'Written on a train'")
    until(lambda: health() == "offline", "that it says so")
    assert "offline" in terminal.run("flowsync daemon status")
    with Emulator(tmp_path / "emulated", port=port, shares=("code",)) as back:
        assert isinstance(world.share, EmulatedStudio)
        world.share.emulator = back
        terminal.note("and it is back")
        until(lambda: world.there("chat")["a.py"].endswith(b"# offline\n"), "the commit in Studio")
        until(lambda: state() == "in-sync")
        assert "in-sync" in terminal.run("flowsync status")
        terminal.note("the lid is closed, and opened again (SIGSTOP, SIGCONT)")
        with connect(world.folder) as daemon:  # type: ignore[union-attr]
            pid = daemon.hello["pid"]
        terminal.run(f"kill -STOP {pid}")
        terminal.run("echo '# lid' >> flows/chat/a.py && git commit -qam 'While it slept'")
        terminal.run(f"kill -CONT {pid}")
        until(lambda: world.there("chat")["a.py"].endswith(b"# lid\n"), "what was committed while it slept")
        terminal.note("what was pushed is tidied up; nothing has changed in Studio, and nothing looks as if it had")
        terminal.run("git reset -q --soft HEAD~2 && git commit -qm 'Written on a train'")
        terminal.run("GIT_SEQUENCE_EDITOR=true git rebase -q -i --force-rebase HEAD~1")
        until(lambda: state() == "in-sync", "that a rebase changes nothing")
        assert "in-sync" in terminal.run("flowsync status")
        terminal.note("six o'clock")
        terminal.run("flowsync daemon status")
        assert "stopped" in terminal.run("flowsync daemon stop")
        assert world.git("status", "--porcelain") == ""
        assert world.here("chat") == world.there("chat")
