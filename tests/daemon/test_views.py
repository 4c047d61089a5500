"""What a client can look at through the socket: a flow's files on all sides, their content and its history."""

import base64
import json
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from filelock import FileLock

from daemon_process import Daemon, until
from flowsync.errors import UsageError
from world import World

Start = Callable[..., Daemon]


def rows(found: dict[str, Any]) -> dict[str, str]:
    return {row["path"]: row["state"] for row in found["files"]}


def row(found: dict[str, Any], path: str) -> dict[str, Any]:
    return next(row for row in found["files"] if row["path"] == path)


@pytest.fixture
def parted(world: World, run_daemon: Start) -> Daemon:
    """A daemon at rest over a flow with a file in every state."""
    files = {name: f"{name} = 1\n" for name in ("same_py", "mine_py", "theirs_py", "both_py", "clash_py", "typed_py")}
    world.studio_flow("chat", **files)
    world.sync()
    world.commit(
        {
            "flows/chat/mine.py": "mine\n",
            "flows/chat/both.py": "top\nboth_py = 1\n",
            "flows/chat/clash.py": "here\n",
            "flows/chat/new.py": "n\n",
        }
    )
    world.studio({"chat/theirs.py": "theirs\n", "chat/both.py": "both_py = 1\n\n\n\nend\n", "chat/clash.py": "there\n"})
    world.ends(0, "fetch")
    world.write({"flows/chat/typed.py": "typed\n" * 1000, "flows/chat/untracked.py": "u\n"})
    return run_daemon(world).ready().settled()


def test_files_tell_each_file_on_every_side(world: World, parted: Daemon) -> None:
    found = parted.ask("files", flow="chat")
    assert rows(found) == {
        "both.py": "both",
        "clash.py": "conflict",
        "flow.dag.yaml": "same",
        "mine.py": "local",
        "new.py": "local",
        "same.py": "same",
        "theirs.py": "remote",
        "typed.py": "dirty",
        "untracked.py": "dirty",
    }
    assert found["folder"] == "flows/chat"
    assert found["sides"] == {
        "base": world.tip("refs/flowsync/studio/chat"),
        "local": world.tip("main"),
        "remote": world.tip("studio/chat"),
    }
    clash = row(found, "clash.py")
    assert clash["local"] == world.git("rev-parse", "main:flows/chat/clash.py") == clash["worktree"]
    assert clash["remote"] == world.git("rev-parse", "studio/chat:flows/chat/clash.py")
    assert clash["base"] == world.git("rev-parse", "refs/flowsync/studio/chat:flows/chat/clash.py")
    assert row(found, "new.py") | {"size": 2} == row(found, "new.py")
    assert (row(found, "new.py")["base"], row(found, "new.py")["remote"]) == (None, None)
    typed = row(found, "typed.py")
    assert typed["worktree"] == world.git("hash-object", "flows/chat/typed.py") != typed["local"] == typed["base"]
    assert typed["size"] == 6000
    untracked = row(found, "untracked.py")
    assert (untracked["local"], untracked["worktree"]) == (None, world.git("hash-object", "flows/chat/untracked.py"))


def test_content_is_told_for_every_side(world: World, parted: Daemon) -> None:
    def content(path: str, at: str) -> Any:
        return parted.ask("content", flow="chat", path=path, at=at)

    assert content("clash.py", "base")["text"] == "clash_py = 1\n"
    assert content("clash.py", "local")["text"] == "here\n"
    assert content("clash.py", "remote") | {"text": "there\n", "size": 6} == content("clash.py", "remote")
    assert content("typed.py", "worktree")["text"] == "typed\n" * 1000
    assert content("typed.py", "local")["text"] == "typed_py = 1\n"
    assert content("new.py", "base") is None
    assert content("new.py", world.git("rev-parse", "HEAD~1")) is None
    assert content("clash.py", world.git("rev-parse", "HEAD"))["text"] == "here\n"
    assert content("clash.py", row(parted.ask("files", flow="chat"), "clash.py")["remote"])["text"] == "there\n"
    assert content("untracked.py", "worktree")["text"] == "u\n"
    for nowhere in ("", "0" * 40, "--help", "no-such"):
        with pytest.raises(UsageError):
            content("clash.py", nowhere)
    with pytest.raises(UsageError, match="no flow is called"):
        parted.ask("content", flow="chit", path="x", at="base")


def test_content_that_is_no_text_or_too_much(world: World, daemon: Daemon) -> None:
    world.write({"flows/chat/data.bin": b"\xff\x00\xfe"})
    (world.folder / "flows/chat/big.txt").write_bytes(b"x" * (8 * 1024 * 1024 + 1))
    told = daemon.ask("content", flow="chat", path="data.bin", at="worktree")
    assert base64.b64decode(told["base64"]) == b"\xff\x00\xfe"
    assert "text" not in told
    big = daemon.ask("content", flow="chat", path="big.txt", at="worktree")
    assert big["too_large"] is True
    assert big["size"] == 8 * 1024 * 1024 + 1
    assert not {"text", "base64"} & big.keys()


def test_nothing_outside_of_the_flow_is_shown(world: World, daemon: Daemon) -> None:
    world.write({"secret.txt": "s"})
    os.symlink(world.folder / "secret.txt", world.folder / "flows/chat/link.txt")
    os.symlink(world.folder, world.folder / "flows/chat/out")
    os.mkfifo(world.folder / "flows/chat/pipe")
    for path in ("../../secret.txt", "link.txt", "out/secret.txt", str(world.folder / "secret.txt"), "pipe", "a//b"):
        assert daemon.ask("content", flow="chat", path=path, at="worktree") is None, path
    listed = rows(daemon.ask("files", flow="chat"))
    assert "pipe" not in listed


def test_history_is_one_timeline_of_both_sides(world: World, parted: Daemon) -> None:
    found = parted.ask("history", flow="chat")
    *latest, first = found["entries"]
    assert first["subject"] == "chat: first seen in Studio"
    assert sorted(entry["side"] for entry in latest) == ["local", "studio"]  # of the same second, perhaps
    assert found["more"] is False
    by_side = {entry["side"]: entry for entry in reversed(found["entries"])}
    assert by_side["local"]["paths"] == ["both.py", "clash.py", "mine.py", "new.py"]
    assert by_side["local"]["author"] == "Pat"
    assert by_side["studio"]["author"] == "alice"
    one = parted.ask("history", flow="chat", limit=1)
    rest = parted.ask("history", flow="chat", limit=10, after=one["entries"][0]["commit"])
    assert (one["more"], rest["more"]) == (True, False)
    assert one["entries"] + rest["entries"] == found["entries"]


def test_a_settled_conflict_and_what_it_overruled_stay_in_the_timeline(world: World, daemon: Daemon) -> None:
    world.ends(0, "pause")
    world.commit({"flows/chat/a.py": "mine\n"}, "mine")
    world.studio({"chat/a.py": "theirs\n"})
    world.ends(0, "fetch")
    world.ends(0, "resolve", "chat", "--ours")
    world.sync()
    entries = daemon.ask("history", flow="chat")["entries"]
    merge, *sides, first = entries
    assert (merge["side"], merge["paths"], first["side"]) == ("merge", [], "studio")
    assert {entry["side"]: entry["paths"] for entry in sides} == {"local": ["a.py"], "studio": ["a.py"]}


def test_reading_does_not_wait_for_a_pass(world: World, daemon: Daemon) -> None:
    with FileLock(world.folder / ".git" / "flowsync" / "lock"):  # another flowsync is at work: passes wait for it
        waiting = threading.Thread(target=lambda: world.run("sync"))
        waiting.start()
        until(lambda: daemon.state["health"] == "working", "the pass to begin")
        assert rows(daemon.ask("files", flow="chat"))
        assert daemon.ask("content", flow="chat", path="a.py", at="local")["text"] == "x = 1\n"
        assert daemon.state["health"] == "working"
    waiting.join()


def test_what_was_committed_just_now_is_seen(world: World, daemon: Daemon) -> None:
    world.ends(0, "pause")
    for number in range(5):
        world.commit({"flows/chat/a.py": f"y = {number}\n"})
        assert daemon.ask("content", flow="chat", path="a.py", at="local")["text"] == f"y = {number}\n"
        assert daemon.ask("files", flow="chat")["sides"]["local"] == world.tip("main")


def test_another_configuration_is_read(world: World, daemon: Daemon) -> None:
    assert daemon.ask("files", flow="chat")["folder"] == "flows/chat"
    world.ends(0, "pause")
    world.path = "elsewhere"
    world.git("mv", "flows", "elsewhere")
    world.link()
    assert daemon.ask("files", flow="chat")["folder"] == "elsewhere/chat"


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("files", {}),
        ("files", {"flow": 7}),
        ("content", {"flow": "chat", "path": "a.py"}),
        ("history", {"flow": "chat", "limit": 0}),
        ("history", {"flow": "chat", "limit": "many"}),
        ("history", {"flow": "nothing"}),
    ],
)
def test_wrong_parameters_are_the_clients_mistake(daemon: Daemon, method: str, params: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        daemon.ask(method, **params)
    assert json.dumps(daemon.ask("files", flow="chat"))
