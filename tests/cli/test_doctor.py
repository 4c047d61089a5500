"""``flowsync doctor``: each thing that can be wrong is named with its fix, and a healthy link has none."""

import os
import shutil
from pathlib import Path

import pytest

from flowsync.emulator import Emulator
from flowsync.journal import Intent, Journal
from world import World


def checks(world: World, code: int) -> dict[str, list[tuple[str, str, str]]]:
    """What doctor said, by the check's name: verdict, sentence, fix."""
    run = world.ends(code, "doctor", "--json")
    assert run.json["healthy"] == (code == 0)
    found: dict[str, list[tuple[str, str, str]]] = {}
    for check in run.json["checks"]:
        found.setdefault(check["name"], []).append((check["verdict"], check["said"], check["fix"]))
    return found


def test_a_healthy_link(world: World) -> None:
    world.studio_flow("chat", a_py="a = 1\n")
    world.sync()
    before, refs = world.untouched(), world.refs()
    found = checks(world, 0)
    assert found["share"][0][:2] == ("ok", "1 flow, 2 requests")
    assert {"python", "git", "repository", "link", "credentials", "clock", "branch"} <= found.keys()
    assert (world.untouched(), world.refs()) == (before, refs)


def test_no_repository_and_no_link(unlinked: World, tmp_path: Path) -> None:
    assert checks(unlinked, 1)["link"][0][2] == "flowsync init --share URL"
    found = checks(World(tmp_path, share=unlinked.share), 1)
    assert found["repository"][0][2] == "git init"


def test_what_is_committed_and_should_not_be(world: World) -> None:
    world.studio_flow("chat", a_py="a = 1\n")
    world.sync()
    world.commit({"flows/chat/.env": "KEY=1\n", "flows/chat/__pycache__/a.pyc": "x"})
    found = checks(world, 1)["branch"]
    assert [fix for verdict, _, fix in found if verdict == "bad"] == [
        "git rm --cached 'flows/chat/.env', and a line for it in .gitignore",
        "git rm --cached 'flows/chat/__pycache__/a.pyc', and a line for it in .gitignore",
    ]


def test_a_share_that_is_gone_and_a_flow_that_is(world: World) -> None:
    world.studio_flow("chat", a_py="a = 1\n")
    world.studio_flow("other", a_py="a = 1\n")
    world.sync()
    world.studio({"chat": None})
    assert ("bad", "chat is gone from the share", "flowsync status chat") in checks(world, 1)["share"]
    folder = world.share.folder  # type: ignore[attr-defined]
    folder.rename(folder.with_name("away"))
    assert checks(world, 1)["share"][0][0] == "bad"


def test_names_that_cannot_sync(world: World) -> None:
    world.studio_flow("chat", a_py="a = 1\n")
    (world.share.folder / "chat/what?").write_text("x")  # type: ignore[attr-defined]
    ((verdict, said, fix),) = checks(world, 1)["names"]
    assert verdict == "bad" and said.startswith("chat/what?: its name") and fix == "rename it"


def test_an_interrupted_push(world: World) -> None:
    world.studio_flow("chat", a_py="a = 1\n")
    world.sync()
    Journal(world.folder / ".git/flowsync", "studio").begin({"chat": {"a.py": Intent(None, "x")}})  # type: ignore[arg-type,dict-item]
    assert checks(world, 0)["journal"] == [("note", "a push of chat was interrupted", "flowsync sync")]


def test_a_clock_that_is_wrong(azure_world: World, emulator: Emulator) -> None:
    azure_world.studio_flow("chat", a_py="a = 1\n")
    assert checks(azure_world, 0)["credentials"][0][1] == "from AZURE_STORAGE_CONNECTION_STRING"
    emulator.clock.skew = 600
    ((verdict, said, fix),) = checks(azure_world, 1)["clock"]
    assert verdict == "bad" and "seconds behind the share" in said and "set the clock" in fix


def test_a_wrong_key(azure_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    good = os.environ["AZURE_STORAGE_CONNECTION_STRING"]
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", good.replace("AccountKey=E", "AccountKey=F"))
    ((verdict, said, fix),) = checks(azure_world, 1)["share"]
    assert verdict == "bad" and "does not accept the credentials" in said and "AZURE_STORAGE_KEY" in fix


def test_an_old_git_is_said(world: World, tmp_path: Path) -> None:
    real = shutil.which("git")
    old = tmp_path / "bin"
    old.mkdir()
    (old / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *version*) echo git version 2.30.1;; *) exec {real} "$@";; esac\n'
    )
    (old / "git").chmod(0o755)
    env = {"PATH": f"{old}{os.pathsep}{os.environ['PATH']}"}
    run = world.process("doctor", env=env)
    assert run.code == 1 and "2.30.1 has no merge-tree" in run.out and "update git to 2.39" in run.out
    run = world.process("sync", env=env)
    assert run.code == 3 and "git 2.30.1 is too old" in run.err
