"""The app before the real daemon, with real git and a real share: what a person would do in a first hour."""

import json
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from daemon_process import Daemon, until
from flowsync.daemon.place import find
from flowsync.daemon.process import stop
from world import World

from .stage import NARROW, WIDE, Acting, Stage


@pytest.fixture
def served(azure_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Daemon]]:
    """A linked repository with one flow on both sides, and its daemon; the share is the emulator, through the SDK."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    azure_world.git("config", "flowsync.notify", "none")
    azure_world.studio_flow("chat", answer_py="def answer(): return 1\n")
    azure_world.sync()
    daemon = Daemon(azure_world)
    try:
        yield azure_world, daemon.ready().settled()
    finally:
        daemon.end()


def test_a_studio_edit_arrives_is_paused_restored_exported_and_imported(served: tuple[World, Daemon]) -> None:
    world, daemon = served
    first = world.git("rev-parse", "HEAD").strip()

    async def scenario(on: Acting) -> None:
        await on.until(lambda: "in-sync" in on.text, "the flow")
        world.studio({"chat/answer.py": "def answer(): return 2\n"})
        await on.press("R")
        await on.until(lambda: "studio-ahead 1" in on.text or "in-sync" in on.text, "the look")
        await on.press("s")
        await on.until(lambda: "Studio's edits are on the branch: answer.py" in on.text, "the landing")
        await on.press("t")
        await on.until(lambda: "chat rests" in on.text and daemon.state["paused"], "the pause")
        await on.press("z")
        await on.until(lambda: not daemon.state["paused"], "the end of the pause")
        await _restore(on, first)
        assert (world.folder / "flows/chat/answer.py").read_text() == "def answer(): return 1\n"
        await on.press("z")
        await on.until(lambda: "Undo the last action?" in on.text, "the question")
        await on.press("y")
        await on.until(lambda: "return 2" in (world.folder / "flows/chat/answer.py").read_text(), "it")

    Stage(world.folder).play(scenario)
    until(lambda: world.git("status", "--porcelain") == "", "the index, which follows the files")


async def _restore(on: Acting, commit: str) -> None:
    await on.press("x", "r")
    await on.until(lambda: "Restore chat as it was" in on.text, "the versions")
    await on.press("down", "enter")
    await on.until(lambda: "Restore chat?" in on.text and "answer.py" in on.text, "the question")
    await on.press("y")
    await on.until(lambda: "restored as in" in on.text, "the restore")


def test_a_flow_is_exported_and_what_was_exported_is_imported(served: tuple[World, Daemon], tmp_path: Path) -> None:
    world, _ = served
    downloads = Path.home() / "Downloads"
    downloads.mkdir(parents=True)

    async def scenario(on: Acting) -> None:
        await on.until(lambda: "in-sync" in on.text, "the flow")
        await on.press("x", "e")
        await on.until(lambda: "chat.zip" in on.text, "the plan")
        assert not (downloads / "chat.zip").exists()
        await on.press("enter")
        await on.until(lambda: (downloads / "chat.zip").exists(), "the archive")
        world.commit({"flows/chat/answer.py": "def answer(): return 3\n"})
        await on.until(lambda: "[1] Flows" in on.text, "the main screen")
        await on.press("x", "i")
        await on.until(lambda: "chat.zip" in on.text, "the file")
        await on.press("down", "enter")
        await on.until(lambda: "$ flowsync import" in on.text, "the plan")

    Stage(world.folder).play(scenario, NARROW)


def test_an_import_that_waits_offers_ways_and_goes_them(served: tuple[World, Daemon]) -> None:
    world, _ = served
    downloads = Path.home() / "Downloads"
    downloads.mkdir(parents=True)
    with ZipFile(downloads / "chat.zip", "w") as archive:  # nothing says what it was made from
        for path, content in world.here("chat").items():
            archive.writestr(path, content if path != "answer.py" else b"def answer(): return 4\n")

    async def scenario(on: Acting) -> None:
        await on.until(lambda: "in-sync" in on.text, "the flow")
        await on.press("x", "i")
        await on.until(lambda: "chat.zip" in on.text, "the file")
        await on.press("down", "enter")
        await on.until(lambda: "held" in on.text and "--base" in on.text, "the ways")
        await on.press("down", "down", "enter")
        await on.until(lambda: "landed" in on.text, "the plan of that way")
        await on.press("i")
        await on.until(lambda: "Import chat.zip?" in on.text, "the question")
        await on.press("y")
        await on.until(lambda: world.here("chat")["answer.py"].endswith(b"return 4\n"), "the import")

    Stage(world.folder).play(scenario, WIDE)


def test_a_repository_is_linked_and_its_flows_are_listed(unlinked: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(unlinked.folder.parent / "state"))
    unlinked.commit({"README.md": "x"})
    unlinked.studio_flow("chat")

    async def scenario(on: Acting) -> None:
        await on.until(lambda: "is not linked to Studio" in on.text, "the way in")
        await on.press("i")
        await on.until(lambda: "Where are the flows?" in on.text, "the choice")
        await on.press(*"an addr", "enter")
        await on.until(lambda: "Address of the folder" in on.text, "the form")
        await on.press(*unlinked.share.url, "enter")
        await on.until(lambda: "Folder for the flows" in on.text, "the next form")
        await on.press("enter", "enter")
        await on.until(lambda: "1 flow: chat" in on.text, "the plan")
        assert not (unlinked.folder / ".flowsync.yaml").exists()
        await on.press("y")
        await on.until(lambda: on.app.state.live and "chat" in on.app.state.flows, "the daemon")
        await on.until(lambda: "chat" in on.text, "the flow")
        on.app.do("daemon.stop")
        await on.until(lambda: "Stop the daemon?" in on.text, "the question")
        await on.press("y")
        await on.until(lambda: "offline" in on.text or "not running" in on.text, "the end of it")

    try:
        Stage(unlinked.folder).play(scenario)
    finally:
        place = find(unlinked.folder)
        assert place is not None
        stop(place)
    assert unlinked.git("log", "-1", "--format=%s", "--", ".flowsync.yaml").strip() == "Link to Studio"


def test_the_doctor_and_the_log_are_read(served: tuple[World, Daemon]) -> None:
    world, _ = served

    async def scenario(on: Acting) -> None:
        await on.until(lambda: "in-sync" in on.text, "the flow")
        await on.press("C")
        await on.until(lambda: "Nothing is wrong" in on.text or "Something is wrong" in on.text, "the report")
        await on.press("escape", "L")
        await on.until(lambda: "serves" in on.text, "the log")

    Stage(world.folder).play(scenario, NARROW)


def test_the_machine_readable_twin_of_the_list_says_the_same(served: tuple[World, Daemon]) -> None:
    """What a screen reader's user gets from ``flowsync status --json`` is what the screen shows."""
    world, _ = served
    said = json.loads(world.run("status", "--json").out)

    async def scenario(on: Acting) -> None:
        await on.until(lambda: on.app.state.known, "the flows")
        assert {name: flow.state for name, flow in on.app.state.flows.items()} == {
            row["name"]: row["state"] for row in said["flows"]
        }

    Stage(world.folder).play(scenario)
