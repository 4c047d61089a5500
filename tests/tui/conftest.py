"""Stages: an app before a fake daemon, or before none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowsync_tui.widgets import confirm

from .fake_daemon import FakeDaemon, row
from .stage import Stage


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """One time zone, no colour of the terminal's, no settings of whoever runs this."""
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TMUX", "DISPLAY", "WAYLAND_DISPLAY", "VISUAL", "GIT_EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr(confirm, "GUARD", 0.0)  # the moment in which a question does not listen yet
    monkeypatch.setenv("SSH_CONNECTION", "a test does not reach for the desktop's clipboard")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A linked repository, as far as the UI looks at it."""
    folder = tmp_path / "repo"
    (folder / ".git").mkdir(parents=True)
    (folder / ".flowsync.yaml").write_text("version: 1\n")
    return folder


FLOWS = [
    row("support-triage", "conflict", hold=("both sides changed the same", "flowsync resolve support-triage --tool")),
    row("sql-gen", "problem", hold=("a name that Windows reserves", "rename it")),
    row(
        "intent-router", "held", local=["flow.dag.yaml"], hold=("uncommitted edits", "git commit"), dirty=["rerank.py"]
    ),
    row("eval-relevance", "diverged"),
    row("eval-groundedness", "studio-ahead"),
    row("rag-chat-exp", "local-ahead", ahead=2),
    row("fresh", "local-only"),
    row("theirs", "studio-only"),
    row("rag-chat-prod", warnings=2, errors=1),
]


@pytest.fixture
def daemon(root: Path) -> Iterator[FakeDaemon]:
    with FakeDaemon(root, list(FLOWS)) as running:
        yield running


@pytest.fixture
def stage(root: Path, daemon: FakeDaemon) -> Stage:
    """The app before a fake daemon with a flow in every state."""
    return Stage(root, daemon)


@pytest.fixture
def alone(root: Path) -> Stage:
    """The app in a linked repository without a daemon."""
    return Stage(root)
