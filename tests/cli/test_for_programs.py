"""Every command that shows or changes a state has a form for programs, and one that writes can be rehearsed."""

import argparse
import importlib
from collections.abc import Iterator

import pytest

from flowsync.cli import COMMANDS
from world import World

# what has nothing for a program to read: drivers that Git calls, and what runs until it is ended or is a show
_FOR_NOBODY = {"git-merge", "git-diff", "emulator", "demo", "tui", "open", "run test", "daemon run", "daemon restart"}
# whatever changes flows, on either side, or what is linked
_WRITE = {"init", "hooks", "fetch", "pull", "push", "sync", "restore", "discard", "resolve", "export", "import"}


def parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for row in COMMANDS:
        parser = argparse.ArgumentParser()
        parser.set_defaults(command=row.name)
        importlib.import_module(f"flowsync.cli.{row.module}").add_arguments(parser)
        inner = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
        if not inner:
            yield row.name, parser
        for action in inner:
            yield from ((f"{row.name} {name}", one) for name, one in action.choices.items())


@pytest.mark.parametrize(("name", "parser"), list(parsers()), ids=[name for name, _ in parsers()])
def test_every_command_has_its_form_for_programs(name: str, parser: argparse.ArgumentParser) -> None:
    options = {option for action in parser._actions for option in action.option_strings}
    assert "--json" in options or name in _FOR_NOBODY
    assert "--dry-run" in options or name not in _WRITE


@pytest.fixture
def synced(world: World) -> World:
    world.studio_flow("chat", a_py="a = 1\n")
    world.sync()
    world.studio({"chat/a.py": "a = 2\n"})
    world.ends(0, "fetch")
    world.commit({"flows/chat/b.py": "b = 1\n"})
    return world


def test_log_tells_which_side_each_commit_is_from(synced: World) -> None:
    found = synced.ends(0, "log", "chat", "--json").json["commits"]
    assert {(one["side"], tuple(one["paths"])) for one in found} == {
        ("studio", ("a.py", "flow.dag.yaml")),
        ("studio", ("a.py",)),
        ("local", ("b.py",)),
    }
    assert all(one["parents"] == synced.git("log", "-1", "--format=%P", one["commit"]).split() for one in found)
    assert synced.ends(0, "log", "chat", "--json", "-n", "1").json["commits"] == found[:1]
    synced.ends(2, "log", "nothing", "--json")
    synced.ends(2, "log", "nothing")


def test_diff_tells_what_it_means(synced: World) -> None:
    (flow,) = synced.ends(0, "diff", "chat", "--semantic", "--json").json["flows"]
    assert flow["semantic"] == ["edit a.py", "delete b.py"]
    (flow,) = synced.ends(0, "diff", "chat", "--semantic", "--mine", "--json").json["flows"]
    assert flow["semantic"] == ["add b.py"]
    (flow,) = synced.ends(0, "diff", "chat", "--json").json["flows"]
    assert "semantic" not in flow


def test_pauses_for_programs(synced: World) -> None:
    assert synced.ends(0, "pause", "chat", "--json").json["paused"] == {"chat": None}
    until = synced.ends(0, "pause", "--for", "1h", "--json").json["paused"]
    assert until["*"] > 1_000_000_000
    assert synced.ends(0, "resume", "--json").json["paused"] == {}


def test_a_daemon_that_is_not_there_for_programs(
    synced: World, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    assert synced.ends(0, "daemon", "stop", "--json").json == {"version": 1, "running": False, "stopped": False}
    rehearsed = synced.ends(0, "daemon", "install", "--dry-run", "--json").json
    assert (rehearsed["dry_run"], rehearsed["done"]) == (True, False)
    assert synced.ends(0, "daemon", "uninstall", "--json").json["done"] is False
    assert synced.ends(0, "daemon", "install", "--json").json["text"] == rehearsed["text"]
    assert synced.ends(0, "daemon", "uninstall", "--json").json["done"] is True
