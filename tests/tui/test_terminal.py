"""On a real terminal: it is lent to the person's editor, to Git's pager and to the merge tool, and taken back."""

import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.bench_tui import Terminal
from daemon_process import until

from .fake_daemon import FakeDaemon, row
from .flow_answers import FlowAnswers
from .triage import triage

ESC = b"\x1b"
Open = Callable[[FlowAnswers], Terminal]


def program(folder: Path, name: str, text: str) -> Path:
    """A program that does what a person would do with it."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Starts the app on a terminal; it ends with the test."""
    root = tmp_path / "repo"
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    (root / ".flowsync.yaml").write_text("version: 1\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    ends: list[Callable[[], object]] = []

    def start(answers: FlowAnswers) -> Terminal:
        for path, content in answers.sides["worktree"].items():
            file = root / "flows" / answers.flow / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        daemon = FakeDaemon(root, [row(answers.flow, "conflict")]).open()
        daemon.answers.update(answers.table)
        ends.append(lambda: daemon.__exit__(None, None, None))
        terminal = Terminal([sys.executable, "-m", "flowsync", "tui"], str(root))
        ends.append(terminal.end)
        terminal.until(b"conflict 1")
        terminal.until(b"rerank.py")
        return terminal

    yield start
    for end in reversed(ends):
        end()


def shows(terminal: Terminal, key: bytes, text: str) -> None:
    terminal.seen = b""
    terminal.press(key)
    terminal.until(text.encode())


def comes_back(terminal: Terminal, key: bytes, text: str) -> None:
    """Presses a key that lends the terminal, and waits until it is taken back and drawn on."""
    shows(terminal, key, "\x1b[?1049h")
    terminal.seen = terminal.seen.partition(b"\x1b[?1049h")[2]
    terminal.until(text.encode())


def test_the_editor_opens_the_file_at_the_change(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = tmp_path / "called"
    monkeypatch.setenv("EDITOR", str(program(tmp_path, "vi", f'echo "$@" > {called}; echo "# edited" >> "$2"')))
    terminal = opened(triage())
    shows(terminal, b"d", "answer.py   +1")
    shows(terminal, b"J", "flow.dag.yaml   +6")
    shows(terminal, b"n", "change 2 of 2")
    comes_back(terminal, b"e", "flow.dag.yaml   +6")  # all is drawn anew
    file = tmp_path / "repo/flows/triage/flow.dag.yaml"
    until(lambda: called.exists() and called.read_text().strip(), "the editor to be called")
    assert called.read_text().split() == ["+17", str(file)]
    until(lambda: file.read_bytes().endswith(b"# edited\n"), "the file to be edited")
    shows(terminal, b"J", "rerank.py   +1")


def test_the_pager_is_gits_own(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paged = tmp_path / "paged"
    monkeypatch.setenv("GIT_PAGER", str(program(tmp_path, "pager", f"cat > {paged}.part; mv {paged}.part {paged}")))
    terminal = opened(triage())
    shows(terminal, b"d", "answer.py   +1")
    comes_back(terminal, b"|", "answer.py   +1")
    until(paged.exists, "the pager to be called")
    text = paged.read_text()
    assert "local/answer.py" in text
    assert "return str(2)" in text
    shows(terminal, b"J", "flow.dag.yaml   +6")


def test_a_place_is_written_in_the_editor(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", str(program(tmp_path, "myedit", 'grep -q "top_k: 8" "$1" && echo "top_k: 4" > "$1"')))
    terminal = opened(triage())
    shows(terminal, b"m", "resolve 1 of 2")
    comes_back(terminal, b"e", "picked EDITED")
    shows(terminal, b"d", "top_k: 4")


def test_the_merge_tool_gets_the_terminal(opened: Open, tmp_path: Path) -> None:
    """The twin runs there, and says why it cannot. What the repository holds is no module of ours."""
    hijacked = tmp_path / "hijacked"
    terminal = opened(triage())
    (tmp_path / "repo" / "flowsync.py").write_text(f"open({str(hijacked)!r}, 'w')\n")
    shows(terminal, b"m", "resolve 1 of 2")
    shows(terminal, b"M", "resolve triage --tool")
    terminal.drain(0.3)
    shows(terminal, b"y", "flowsync: ")
    terminal.until(b"press Enter to go back")
    shows(terminal, b"\r", "resolve 1 of 2")
    assert not hijacked.exists()
