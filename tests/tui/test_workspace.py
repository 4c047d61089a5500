"""A repository is linked to an Azure ML workspace by keys alone: chosen, looked into, followed by the daemon."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowsync.daemon.place import find
from flowsync.daemon.process import stop
from studio.world import GOOD, Office, sign_in, unlinked_office
from workspace import ALICE, NAMES, workspace_emulator
from world import Repo

from .stage import WIDE, Acting, Stage


@pytest.fixture
def several(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Three workspaces in two groups; the second of the first group holds a flow of alice's."""
    subscription = NAMES.partition("/")[0]
    names = [f"{subscription}/{rest}" for rest in ("flows-rg/one", "flows-rg/two", "other-rg/three")]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with workspace_emulator(tmp_path, *names) as running:
        sign_in(monkeypatch, running, tmp_path, ALICE)
        office = unlinked_office(repo, running)
        office.git("config", "flowsync.notify", "none")
        users = running.share_folder(running.workspaces[1].share) / "Users"
        for path, content in GOOD.items():
            file = users / "alice" / "promptflow" / "chat" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        (users / "bob" / "promptflow").mkdir(parents=True)
        yield office
        if place := find(office.folder):
            stop(place)


def test_a_workspace_is_chosen_linked_and_followed(several: Office) -> None:
    async def scenario(on: Acting) -> None:
        await on.shows("is not linked to Studio")
        await on.press("i")
        await on.shows("Where are the flows?")
        await on.press("enter")
        await on.shows("Workspaces", "three", "in other-rg")
        await on.press(*"two", "enter")
        await on.shows("Users", "you: alice@contoso.com", "bob")
        await on.press("enter")
        await on.shows("Folder for the flows", "two?user=alice")
        await on.press("enter", "enter")
        await on.shows("Link this repository to Studio?", "1 flow: chat")
        assert not (several.folder / ".flowsync.yaml").exists()
        await on.press("y")
        await on.until(lambda: on.app.state.live and "chat" in on.app.state.flows, "the daemon")
        await on.until(lambda: several.here("chat") == {path: text.encode() for path, text in GOOD.items()}, "the flow")

    Stage(several.folder).play(scenario, WIDE)
    assert "flows-rg/two" in (several.folder / ".flowsync.yaml").read_text()
    assert several.git("log", "-1", "--format=%s", "--", ".flowsync.yaml").strip() == "Link to Studio"


def test_who_cannot_see_azure_is_told_and_types_the_address(several: Office) -> None:
    several.emulator.faults.refuse("list_subscriptions", code="AuthorizationFailed")

    async def scenario(on: Acting) -> None:
        await on.shows("is not linked to Studio")
        await on.press("i")
        await on.shows("Where are the flows?")
        await on.press("enter")
        await on.shows("Address of the folder")
        assert on.app._notifications
        await on.press("escape")
        await on.shows("is not linked to Studio")

    Stage(several.folder).play(scenario, WIDE)
