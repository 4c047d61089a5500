"""Background sync of a workspace's share: with its own sign-in, over a rotated key, and read-only after retirement."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon_process import Daemon, until
from flowsync.emulator import Emulator
from workspace import ALICE, NAMES

from .world import GOOD, Office


@pytest.fixture
def daemon(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    short = tempfile.mkdtemp(prefix="fs-")  # sockets have short names
    monkeypatch.setenv("XDG_RUNTIME_DIR", short)
    office.git("config", "flowsync.fastestLook", "1")
    office.git("config", "flowsync.notify", "none")
    office.commit_flow("chat")
    office.draft("create", "chat")
    running = Daemon(office).ready().settled()
    yield running
    running.end()
    shutil.rmtree(short, ignore_errors=True)


def test_both_ways_and_over_a_rotated_key(office: Office, daemon: Daemon) -> None:
    office.commit({"flows/chat/notes.md": "mine\n"})
    until(lambda: office.on_share("chat").get("notes.md") == b"mine\n", f"the commit in Studio {daemon}")
    assert daemon.flow("chat")["draft"]["registered"] is True
    office.emulator._running().service.accounts[office.emulator.account] = b"another key" * 4
    (office.folder_of(ALICE) / "chat/echo.py").write_text(GOOD["echo.py"] + "# saved\n")
    until(lambda: b"# saved" in office.here("chat")["echo.py"], f"the save as a commit {daemon}")
    office.commit({"flows/chat/notes.md": "again\n"})
    until(lambda: office.on_share("chat").get("notes.md") == b"again\n", f"the next commit in Studio {daemon}")


def test_it_goes_on_pulling_after_retirement_and_says_so(office: Office, daemon: Daemon) -> None:
    office.workspace.phase = "read-only"
    office.draft("archive", "chat", code=4)
    (office.folder_of(ALICE) / "chat/echo.py").write_text(GOOD["echo.py"] + "# saved\n")
    until(lambda: b"# saved" in office.here("chat")["echo.py"], f"the save as a commit {daemon}")
    until(lambda: not (office.folder / ".git/index.lock").exists(), f"the landing to let go of the index {daemon}")
    office.commit({"flows/chat/notes.md": "mine\n"})
    held = until(lambda: (row := daemon.flow("chat"))["hold"] and row, f"the hold {daemon}")
    assert held["hold"]["reason"].startswith("Studio is read-only")
    assert daemon.ask("status")["read_only"]
    assert "notes.md" not in office.on_share("chat")
    said = office.ends(0, "daemon", "status").out
    assert "Studio is read-only" in said
    office.workspace.phase = "active"
    office.ends(0, "doctor", "--accept-writes")
    office.ends(0, "sync")  # by the daemon
    assert office.on_share("chat").get("notes.md") == b"mine\n" and daemon.ask("status")["read_only"] is None


def test_it_comes_back_when_the_workspace_does(office: Office, daemon: Daemon, tmp_path: Path) -> None:
    emulator = office.emulator
    emulator.stop()
    office.commit({"flows/chat/notes.md": "mine\n"})
    until(lambda: daemon.state["health"] == "offline", f"the daemon to be offline {daemon}")
    with Emulator(emulator.data, emulator.port, workspaces=(NAMES,)) as again:
        assert again.base_url == emulator.base_url
        until(lambda: office.on_share("chat").get("notes.md") == b"mine\n", f"the commit in Studio {daemon}")
