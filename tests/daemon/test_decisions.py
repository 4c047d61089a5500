"""What a person decides through the socket: settling a conflict file by file, and dropping edits."""

import base64
from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("method", "params"),
    [
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
