"""The daemon dies, comes back, speaks another version, or was never there."""

import json
from pathlib import Path

from flowsync_tui.view.state import Phase
from world import World

from .fake_daemon import FakeDaemon, row
from .stage import Acting, Stage


def test_no_daemon_is_said_with_the_key_that_starts_one(alone: Stage) -> None:
    async def scenario(on: Acting) -> None:
        await on.shows("The daemon is not running.", "D starts it", "daemon ✗ not running")
        await on.press("R")
        await on.shows("Refresh: the daemon is not running: D starts it")

    alone.play(scenario)


def test_a_daemon_that_starts_later_is_found(alone: Stage) -> None:
    async def scenario(on: Acting) -> None:
        await on.shows("The daemon is not running.")
        with FakeDaemon(alone.root, [row("chat")]):
            await on.shows("chat", "daemon ✓ idle")

    alone.play(scenario)


def test_a_daemon_that_dies_leaves_what_was_last_seen_and_is_found_again(stage: Stage) -> None:
    assert stage.daemon is not None
    daemon = stage.daemon

    async def scenario(on: Acting) -> None:
        await on.settled()
        daemon.die()
        await on.shows("offline", "reconnecting", "rag-chat-prod")
        await on.press("s")
        await on.shows("Sync: the daemon does not answer; reconnecting")
        daemon.flows = [row("afterwards")]
        daemon.open()
        await on.shows("afterwards", "daemon ✓ idle")
        assert "rag-chat-prod" not in on.text
        assert on.app.state.phase is Phase.LIVE

    stage.play(scenario)


def test_a_command_under_way_ends_with_the_daemon(stage: Stage) -> None:
    assert stage.daemon is not None
    daemon = stage.daemon

    async def scenario(on: Acting) -> None:
        await on.settled()
        daemon.answers["command"] = lambda params: daemon.die()
        await on.press("s")
        await on.shows("the daemon ended before it answered")
        await on.until(lambda: not on.app.state.running, "nothing under way")

    stage.play(scenario)


def test_another_version_is_said_with_what_helps_and_the_right_one_is_found(root: Path) -> None:
    async def scenario(on: Acting) -> None:
        with FakeDaemon(root, version=2):
            await on.shows("this daemon speaks version 2 of the protocol only", "flowsync daemon restart")
            await on.until(lambda: on.app.state.phase is Phase.REFUSED, "the refusal")
            await on.press("s")
            await on.shows("the daemon refuses")
        with FakeDaemon(root, [row("chat")]):
            await on.shows("chat", "daemon ✓ idle")

    Stage(root).play(scenario)


def test_an_address_that_nobody_listens_at_is_no_daemon(alone: Stage) -> None:
    place = alone.root / ".git" / "flowsync"
    place.mkdir()
    (place / "daemon.json").write_text(json.dumps({"version": 1, "pid": 1, "socket": str(place / "none")}))

    async def scenario(on: Acting) -> None:
        await on.shows("The daemon is not running.")

    alone.play(scenario)


def test_an_address_that_is_damaged_is_no_daemon(alone: Stage) -> None:
    place = alone.root / ".git" / "flowsync"
    place.mkdir()
    (place / "daemon.json").write_text("{")

    async def scenario(on: Acting) -> None:
        await on.shows("The daemon is not running.")

    alone.play(scenario)


def test_a_repository_that_is_not_linked_and_none_at_all(tmp_path: Path) -> None:
    async def outside(on: Acting) -> None:
        await on.shows("This is no Git repository.")
        await on.press("s")
        await on.shows("this is no Git repository: i sets one up")

    async def unlinked(on: Acting) -> None:
        await on.shows("This repository is not linked to Studio.", "i links it")

    Stage(tmp_path).play(outside)
    (tmp_path / ".git").mkdir()
    Stage(tmp_path).play(unlinked)


def test_a_method_that_an_older_daemon_lacks_breaks_nothing(stage: Stage) -> None:
    """``files`` is not answered: the flow's panel keeps what its row says."""

    async def scenario(on: Acting) -> None:
        await on.settled()
        await on.press("j", "j", "j")
        await on.until(lambda: stage.daemon and stage.daemon.asked("files"), "the question")
        await on.pilot.pause(0.1)
        assert "flow.dag.yaml" in on.text

    stage.play(scenario)


def test_without_a_daemon_the_flows_are_listed_as_git_has_them(world: World) -> None:
    world.commit({"flows/chat/flow.dag.yaml": "inputs: {}\noutputs: {}\nnodes: []\n"})

    async def scenario(on: Acting) -> None:
        await on.until(lambda: "local-only" in on.text and "chat" in on.text, "the flow", 60.0)
        await on.shows("not running (D starts it)", "D Start daemon")
        await on.press("s")
        await on.shows("Sync: the daemon is not running: D starts it")

    Stage(world.folder).play(scenario)
