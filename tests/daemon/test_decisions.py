"""What a person decides through the socket: settling a conflict file by file, and dropping edits."""

import base64
import contextlib
import json
import os
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from daemon_process import Daemon, row, rows, until
from flowsync.errors import UsageError
from world import World


def test_a_conflict_is_rehearsed_and_settled(world: World, parted: Daemon) -> None:
    world.git("checkout", "--", "flows/chat/typed.py")
    (world.folder / "flows/chat/untracked.py").unlink()
    until(lambda: not parted.flow("chat")["local"]["dirty"], "the edits to be gone")
    sides = parted.ask("files", flow="chat")["sides"]
    answers = {"clash.py": {"text": "both\n"}, "same.py": {"base64": base64.b64encode(b"\xff").decode()}}
    before = world.refs(), world.untouched()
    tried = parted.ask("resolve", flow="chat", files=answers, sides=sides, dry_run=True)
    assert (world.refs(), world.untouched()) == before
    assert [one["did"] for one in tried["results"]] == ["merged"]
    shown = parted.ask("content", flow="chat", path="clash.py", at=tried["folder"])
    assert shown["text"] == "both\n"
    assert {one["rule"] for one in tried["findings"]} == {
        one["rule"] for one in parted.ask("findings", flow="chat", at=tried["folder"])["findings"]
    }
    done = parted.ask("resolve", flow="chat", files=answers, sides=sides)
    assert done["folder"] == tried["folder"] == world.git("rev-parse", f"{done['results'][0]['commit']}:flows/chat")
    assert done["results"][0]["before"] == sides["local"]
    until(lambda: parted.flow("chat")["state"] == "in-sync", "what was settled to be in Studio")
    there = world.there("chat")
    assert (there["clash.py"], there["same.py"]) == (b"both\n", b"\xff")
    assert set(rows(parted.ask("files", flow="chat")).values()) == {"same"}


def test_what_has_moved_since_it_was_shown_is_not_settled(world: World, parted: Daemon) -> None:
    world.git("checkout", "--", "flows/chat/typed.py")
    (world.folder / "flows/chat/untracked.py").unlink()
    sides = parted.ask("files", flow="chat")["sides"]
    world.commit({"README.md": "another's business\n"})
    answers = {"clash.py": {"take": "local"}}
    tried = parted.ask("resolve", flow="chat", files=answers, sides=sides, dry_run=True)
    assert [one["did"] for one in tried["results"]] == ["merged"]
    world.commit({"flows/chat/clash.py": "here again\n"})
    for wrong in (sides, {**sides, "remote": "0" * 40}, {}):
        (result,) = parted.ask("resolve", flow="chat", files=answers, sides=wrong)["results"]
        assert result["did"] == "stale"
    assert world.here("chat")["clash.py"] == b"here again\n"


def test_edits_are_discarded_and_come_back(world: World, daemon: Daemon) -> None:
    world.write({"flows/chat/a.py": "typed\n", "flows/chat/new.py": "n\n"})
    tried = daemon.ask("discard", flow="chat", dry_run=True)
    assert tried["results"][0]["paths"] == ["a.py", "new.py"]
    assert rows(daemon.ask("files", flow="chat"))["a.py"] == "dirty"
    (result,) = daemon.ask("discard", flow="chat", paths=["a.py"])["results"]
    assert (world.folder / "flows/chat/a.py").read_text() == "x = 1\n"
    found = daemon.ask("files", flow="chat")
    assert (rows(found)["a.py"], rows(found)["new.py"]) == ("same", "dirty")
    assert row(found, "a.py")["worktree"] == row(found, "a.py")["local"]
    told = daemon.ask("content", flow="chat", path="a.py", at=result["commit"])
    assert told["text"] == "typed\n"
    assert daemon.count("flows_discarded") == 1
    world.ends(0, "restore", "chat", "--at", result["commit"], "--no-commit")
    until(lambda: daemon.flow("chat")["local"]["dirty"] == ["a.py", "new.py"], "the edits to be back")


def test_the_command_line_decides_through_the_daemon(world: World, daemon: Daemon) -> None:
    first = world.tip()
    world.commit({"flows/chat/a.py": "x = 2\n"})
    until(lambda: daemon.flow("chat")["state"] == "in-sync")
    tried = world.ends(0, "restore", "chat", "--at", str(first), "--dry-run", "--json").json
    assert (tried["results"][0]["paths"], world.here("chat")["a.py"]) == (["a.py"], b"x = 2\n")
    assert "restored  chat  a.py" in world.ends(0, "restore", "chat", "--at", str(first)).out
    assert daemon.count("flows_restored") == 1
    world.write({"flows/chat/a.py": "typed\n"})
    assert "kept as" in world.ends(0, "discard", "chat").out
    assert daemon.count("flows_discarded") == 1
    world.ends(0, "pause")
    until(lambda: daemon.state["health"] == "paused")
    world.commit({"flows/chat/a.py": "mine\n"})
    world.studio({"chat/a.py": "theirs\n"})
    world.ends(0, "fetch")
    (result,) = world.ends(0, "resolve", "chat", "--theirs", "--json").json["results"]
    assert (result["did"], result["commit"]) == ("merged", world.tip())
    assert daemon.count("flows_merged") == 1
    world.ends(2, "restore", "chat", "--at", "no-such-revision")
    world.ends(2, "discard", "nothing")
    world.ends(1, "resolve", "chat", "--ours")


def test_a_decision_waits_for_its_turn_and_not_for_ten_seconds_only(world: World, daemon: Daemon) -> None:
    world.write({"flows/chat/a.py": "typed\n"})
    with FileLock(world.folder / ".git" / "flowsync" / "lock"):
        asked = threading.Thread(target=lambda: world.run("sync"))
        asked.start()
        until(lambda: daemon.state["health"] == "working")
        waiting = threading.Thread(target=lambda: daemon.ask("discard", flow="chat"))
        waiting.start()
        assert daemon.ask("discard", flow="chat", dry_run=True)["results"][0]["paths"] == ["a.py"]
        assert (world.folder / "flows/chat/a.py").read_text() == "typed\n"
    asked.join()
    waiting.join()
    assert (world.folder / "flows/chat/a.py").read_text() == "x = 1\n"


def test_a_daemon_that_is_too_old_to_know_how_is_passed_by(world: World) -> None:
    world.studio_flow("chat", a_py="x = 1\n")
    world.sync()
    world.write({"flows/chat/a.py": "typed\n"})
    asked: list[str] = []

    def serve() -> None:
        with door, door.accept()[0] as client, client.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                asked.append(message["method"])
                error = {"code": -32601, "message": "there is no method", "data": {"hint": "", "exit": 5}}
                said = {"result": {"version": 1, "pid": 1}} if message["method"] == "hello" else {"error": error}
                client.sendall(json.dumps({"jsonrpc": "2.0", "id": message["id"], **said}).encode() + b"\n")

    door = socket.create_server(("127.0.0.1", 0))
    address = {"version": 1, "pid": 1, "port": door.getsockname()[1], "token": "t"}
    (world.folder / ".git/flowsync/daemon.json").write_text(json.dumps(address))
    thread = threading.Thread(target=serve)
    thread.start()
    world.ends(0, "discard", "chat")
    thread.join()
    assert asked == ["hello", "discard"]
    assert (world.folder / "flows/chat/a.py").read_text() == "x = 1\n"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="asks /proc for the daemon's children")
def test_a_git_process_that_ended_is_replaced(world: World, daemon: Daemon) -> None:
    def children() -> list[int]:
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                comm, _, fields = Path(f"/proc/{name}/stat").read_text().partition(" (")[2].rpartition(") ")
                if comm == "git" and fields.split()[1] == str(daemon.process.pid):
                    found.append(int(name))
        return found

    for _ in range(2):
        assert daemon.ask("content", flow="chat", path="a.py", at="local")["text"] == "x = 1\n"
        assert children()
        for pid in children():
            os.kill(pid, signal.SIGKILL)
    blob = world.git("rev-parse", "main:flows/chat/a.py")
    assert daemon.ask("content", flow="chat", path="a.py", at=blob)["text"] == "x = 1\n"
    assert daemon.ask("files", flow="chat")["files"]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("restore", {"flow": "chat"}),
        ("restore", {"flow": "chat", "at": "nowhere"}),
        ("restore", {"flow": "nothing", "at": "HEAD"}),
        ("resolve", {"flow": "chat"}),
        ("resolve", {"flow": "chat", "files": ["a.py"]}),
        ("resolve", {"flow": "chat", "files": {"a.py": "local"}}),
        ("resolve", {"flow": "chat", "files": {"a.py": {"take": "theirs"}}}),
        ("resolve", {"flow": "chat", "files": {"a.py": {"base64": "!"}}}),
        ("resolve", {"flow": "chat", "files": {"a.py": {"text": "\ud800"}}}),
        ("resolve", {"flow": "chat", "files": {"../a.py": {"take": "local"}}}),
        ("resolve", {"flow": "chat", "files": {"*": {"text": "x"}}}),
        ("resolve", {"flow": "chat", "files": {"*": {"take": "base"}}}),
        ("resolve", {"flow": "chat", "files": {"a.py": {"take": "local"}}, "sides": 7}),
        ("discard", {"flow": "../chat"}),
        ("discard", {"flow": "chat", "paths": "a.py"}),
        ("discard", {"flow": "chat", "paths": ["nothing.py"]}),
    ],
)
def test_what_makes_no_sense_is_the_clients_mistake(
    world: World, daemon: Daemon, method: str, params: dict[str, Any]
) -> None:
    before = world.refs(), world.untouched()
    for dry_run in (True, False):
        with pytest.raises(UsageError):
            daemon.ask(method, **params, dry_run=dry_run)
    assert (world.refs(), world.untouched()) == before
