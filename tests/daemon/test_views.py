"""What a client can look at through the socket: a flow's files on all sides, their content and its history."""

import base64
import json
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from filelock import FileLock

from daemon_process import Daemon, row, rows, until
from flow_repo import BROKEN, GOOD
from flowsync.emulator import Emulator
from flowsync.errors import UsageError
from world import World

Start = Callable[..., Daemon]


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
        assert daemon.ask("history", flow="chat")["entries"][0]["commit"] == world.tip("main")
        world.studio({"chat/b.py": f"z = {number}\n"})
        world.ends(0, "fetch", "chat")
        assert daemon.ask("content", flow="chat", path="b.py", at="remote")["text"] == f"z = {number}\n"
        assert daemon.ask("files", flow="chat")["sides"]["remote"] == world.tip("studio/chat")
    world.git("pack-refs", "--all")
    world.git("reset", "--quiet", "--hard", "HEAD~1")
    assert daemon.ask("content", flow="chat", path="a.py", at="local")["text"] == "y = 3\n"
    world.git("update-ref", "-d", "refs/flowsync/studio/chat")
    world.git("update-ref", "-d", "refs/remotes/studio/chat")
    assert daemon.ask("files", flow="chat")["sides"] == {"base": None, "local": world.tip("main"), "remote": None}


def test_another_configuration_is_read(world: World, daemon: Daemon) -> None:
    assert daemon.ask("files", flow="chat")["folder"] == "flows/chat"
    world.ends(0, "pause")
    world.path = "elsewhere"
    world.git("mv", "flows", "elsewhere")
    world.link()
    assert daemon.ask("files", flow="chat")["folder"] == "elsewhere/chat"


DAG, ECHO = GOOD["flow.dag.yaml"], GOOD["echo.py"]


def test_two_sides_are_compared_by_file_and_by_meaning(world: World, daemon: Daemon) -> None:
    world.ends(0, "pause")
    first = world.commit({"flows/chat/flow.dag.yaml": DAG, "flows/chat/echo.py": ECHO, "flows/chat/a.py": None})
    found = daemon.ask("compare", flow="chat", before="base", after=first)
    blobs = {path: world.git("rev-parse", f"{first}:flows/chat/{path}") for path in ("flow.dag.yaml", "echo.py")}
    assert [(one["path"], one["kind"], one["after"]) for one in found["changes"]] == [
        ("a.py", "removed", None),
        ("echo.py", "added", blobs["echo.py"]),
        ("flow.dag.yaml", "changed", blobs["flow.dag.yaml"]),
    ]
    assert any("echo" in line and line.startswith("  ") for line in found["semantic"])
    objects = world.git("count-objects")
    world.write({"flows/chat/echo.py": ECHO + "# more\n", "flows/chat/new.txt": "n", "flows/chat/__pycache__/x": "x"})
    saved = daemon.ask("compare", flow="chat", before="local", after="worktree")
    assert [(one["path"], one["kind"]) for one in saved["changes"]] == [("echo.py", "changed"), ("new.txt", "added")]
    assert saved["changes"][0]["after"] == world.git("hash-object", "flows/chat/echo.py")
    assert world.git("count-objects") != objects  # what is compared by meaning is stored, so that it can be read
    (world.folder / "flows/chat/echo.py").unlink()
    gone = daemon.ask("compare", flow="chat", before="worktree", after="local")
    assert ("echo.py", "added") in [(one["path"], one["kind"]) for one in gone["changes"]]
    assert daemon.ask("compare", flow="chat", before="local", after="local") == {"changes": [], "semantic": []}
    assert world.git("diff", "--cached", "--name-only") == ""


def test_findings_are_those_of_validate_on_any_side(world: World, daemon: Daemon) -> None:
    world.ends(0, "pause")
    world.commit({"flows/chat/flow.dag.yaml": DAG, "flows/chat/echo.py": ECHO})
    world.write({"flows/chat/flow.dag.yaml": BROKEN})
    (told,) = (one for one in daemon.ask("findings", flow="chat")["findings"] if one["level"] == "error")
    (printed,) = (
        one
        for flow in world.ends(1, "validate", "--json", str(world.folder / "flows/chat")).json["flows"]
        for one in flow["findings"]
        if one["severity"] == "error"
    )
    assert (told["rule"], told["name"], told["message"]) == (printed["code"], printed["name"], printed["message"])
    assert (told["line"], told["column"], told["fix"]) == (printed["line"], printed["column"], printed["fix"])
    assert printed["path"] == f"flows/chat/{told['file']}"
    levels = {at: {one["level"] for one in daemon.ask("findings", flow="chat", at=at)["findings"]} for at in SIDES}
    assert not any("error" in levels[at] for at in SIDES)
    world.git("commit", "--quiet", "-am", "broken")
    assert "error" in {one["level"] for one in daemon.ask("findings", flow="chat", at="local")["findings"]}


SIDES = ("base", "local", "remote")


def test_the_log_is_told_from_before_and_as_it_goes_on(world: World, daemon: Daemon, run_daemon: Start) -> None:
    lines = daemon.ask("log")["lines"]
    assert any("serves" in line["text"] for line in lines)
    (landed,) = (line for line in lines if line["flow"] == "chat")
    assert landed["level"] == "info"
    assert landed["text"].startswith("chat: landed")
    with daemon.client() as client:
        client.request("subscribe", {"kinds": ["log"]})
        world.commit({"flows/chat/a.py": "x = 2\n"})
        event = next(client.notifications())
    assert event | {"kind": "log", "flow": "chat", "level": "info"} == event
    after = daemon.ask("log", after=lines[-1]["sequence"])["lines"]
    assert {name: event[name] for name in after[0]} == after[0]
    assert daemon.ask("log", limit=1)["lines"] == daemon.ask("log")["lines"][-1:]
    assert {line["flow"] for line in daemon.ask("log", flow="chat")["lines"]} == {"chat"}
    daemon.end()
    again = run_daemon(world).ready().ask("log")["lines"]
    assert landed["text"] in [line["text"] for line in again]
    numbers = [line["sequence"] for line in again]
    assert numbers == sorted(set(numbers))


def test_what_the_daemon_does_by_itself_is_told_as_it_goes_on(
    azure_world: World, emulator: Emulator, run_daemon: Start
) -> None:
    world = azure_world
    world.studio_flow("chat")
    daemon = run_daemon(world).ready().settled()
    emulator.latency = 0.05
    told = []
    with daemon.client() as client:
        client.request("subscribe", {"kinds": ["progress", "result"]})
        world.commit({f"flows/chat/part_{number}.py": "p = 1\n" for number in range(40)})
        for event in client.notifications():
            told.append(event)
            if event["kind"] == "result":
                break
    steps = [event for event in told if event["kind"] == "progress" and event["what"] == "Pushing"]
    assert steps
    assert [one["done"] for one in steps] == sorted(one["done"] for one in steps)
    assert {one["total"] for one in steps} == {40}
    assert [one["over"] for one in steps] == [False] * (len(steps) - 1) + [True]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("files", {}),
        ("files", {"flow": 7}),
        ("content", {"flow": "chat", "path": "a.py"}),
        ("history", {"flow": "chat", "limit": 0}),
        ("history", {"flow": "chat", "limit": "many"}),
        ("history", {"flow": "nothing"}),
        ("compare", {"flow": "chat", "before": "base"}),
        ("compare", {"flow": "chat", "before": "base", "after": "nowhere"}),
        ("findings", {"flow": "chat", "at": "nowhere"}),
        ("log", {"after": "x"}),
    ],
)
def test_wrong_parameters_are_the_clients_mistake(daemon: Daemon, method: str, params: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        daemon.ask(method, **params)
    assert json.dumps(daemon.ask("files", flow="chat"))
