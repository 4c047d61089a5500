"""Where a command is run, and what its output goes to: each odd place has its sentence and its exit code."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowsync.cache import Cache
from flowsync.cli import main
from flowsync.cli.crash import excuse
from flowsync.core.tree import FlowName
from flowsync.errors import RepositoryError
from flowsync.sync.message import restore_message
from world import World

ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs a line of bash in which ``flowsync`` is ours."""
    ours = f'flowsync() {{ "{sys.executable}" -m flowsync "$@"; }}; '
    return subprocess.run(
        ["bash", "-c", ours + line], cwd=cwd, env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=60
    )


@pytest.fixture
def chat(world: World) -> World:
    world.studio_flow("chat", **{"a.py": "a = 1\n" * 5000})
    world.sync()
    return world


def test_output_that_is_closed_is_no_bug(chat: World) -> None:
    ended = shell("flowsync status >&-; echo $? >&2", chat.folder)
    assert (ended.returncode, ended.stderr) == (0, "0\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_output_to_a_full_disk_is_no_bug(chat: World) -> None:
    ended = shell("flowsync status >/dev/full", chat.folder)
    assert ended.returncode == 2
    assert ended.stderr == "flowsync: what was to be printed cannot be written: No space left on device\n"


def test_a_reader_that_has_seen_enough_is_no_failure(chat: World) -> None:
    ended = shell("flowsync log chat -p | head -1; echo ${PIPESTATUS[0]}", chat.folder)
    assert ended.stdout.splitlines()[-1] == "0"
    assert "chat: first seen in Studio" in ended.stdout
    assert not ended.stderr


def test_a_folder_that_is_not_there(tmp_path, capsys) -> None:
    assert main(["-C", str(tmp_path / "gone"), "status"]) == 2
    assert capsys.readouterr().err == f"flowsync: {tmp_path / 'gone'} is not a folder\n"


@pytest.mark.parametrize("command", ["status", "hooks status", "hooks install", "drivers install", "pause", "log x"])
def test_no_repository(tmp_path, capsys, command: str) -> None:
    assert main(["-C", str(tmp_path), *command.split()]) == 3
    assert capsys.readouterr().err == f"flowsync: {tmp_path} is not in a Git repository\n  try: git init\n"


@pytest.mark.parametrize("command", ["status", "hooks install"])
def test_a_bare_repository(tmp_path, capsys, command: str) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path)], check=True, env=ENVIRONMENT)
    assert main(["-C", str(tmp_path), *command.split()]) == 3
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"flowsync: {tmp_path} is a bare repository")
    assert complaint.endswith("\n  try: git worktree add DIR\n")


def test_a_path_from_the_root_is_none_in_the_repository(world: World) -> None:
    (world.folder / ".flowsync.yaml").unlink()
    refused = world.ends(2, "init", "--share", world.share.url, "--path", "/flows")
    assert "path must be a folder inside the repository" in refused.err
    assert not (world.folder / ".flowsync.yaml").exists()


def test_a_name_that_no_flow_has_is_told_when_it_is_paused(chat: World) -> None:
    assert chat.ends(0, "pause", "chat").err == ""
    assert "no flow is called chatt now" in chat.ends(0, "pause", "chatt").err


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (errno.EACCES, "check who may write there"),
        (errno.EROFS, "check who may write there"),
        (errno.ENOSPC, "make room on that disk"),
        (errno.ENAMETOOLONG, "move the repository to a shorter path"),
    ],
)
def test_what_a_disk_refuses_is_no_bug(code: int, hint: str) -> None:
    said = excuse(OSError(code, os.strerror(code), "/repo/.git/flowsync/lock"))
    assert isinstance(said, RepositoryError)
    assert (said.message, said.hint) == (f"/repo/.git/flowsync/lock: {os.strerror(code)}", hint)
    assert excuse(OSError(errno.ENOENT, "gone", "x")) is None


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_cannot_be_written(chat: World) -> None:
    state = chat.folder / ".git" / "flowsync"
    for file in (state, *state.rglob("*")):
        file.chmod(0o555 if file.is_dir() else 0o444)
    try:
        refused = chat.ends(3, "sync")
    finally:
        for file in (state, *state.rglob("*")):
            file.chmod(0o755 if file.is_dir() else 0o644)
    assert "check who may write there" in refused.err


@pytest.mark.skipif(sys.platform != "linux", reason="paths are shorter elsewhere")
def test_a_path_that_is_too_long_for_sqlite(tmp_path) -> None:
    deep = tmp_path.joinpath(*["d" * 200] * 3)
    with pytest.raises(RepositoryError) as refused:
        Cache(deep)
    assert refused.value.hint == "move the repository: SQLite takes paths of up to 512 bytes"


def test_a_restored_state_is_named_for_good() -> None:
    sha = "0123456789" * 4
    assert restore_message(FlowName("chat"), "HEAD~2", sha).startswith("chat: restore as of HEAD~2 (0123456)\n")
    assert restore_message(FlowName("chat"), "01234567", sha).startswith("chat: restore as of 01234567\n")


def test_a_rehearsal_says_would_and_changes_nothing(chat: World) -> None:
    config = (chat.folder / ".git" / "config").read_bytes()
    hooks = chat.ends(0, "hooks", "install", "--dry-run").out.splitlines()
    assert hooks and all("  would be installed, " in line for line in hooks)
    steps = chat.ends(0, "drivers", "install", "--dry-run").out.splitlines()
    assert steps[0] == "git config merge.flowsync.name 'prompt flow definitions, by node (flowsync)'"
    assert steps[-1] == f"write to {chat.folder / '.git' / 'info' / 'attributes'}"
    assert chat.ends(0, "drivers", "uninstall", "--dry-run").out == ""
    assert (chat.folder / ".git" / "config").read_bytes() == config
    assert chat.ends(0, "drivers", "status").out == "not installed\n"
    chat.ends(0, "drivers", "install")
    taken = chat.ends(0, "drivers", "uninstall", "--dry-run", "--json").json["steps"]
    assert taken[0] == "git config --remove-section merge.flowsync" and len(taken) == 4
    assert chat.ends(0, "drivers", "status").out == "installed\n"
