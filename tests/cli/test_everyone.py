"""A whole share at once: ``init --everyone`` links every user who has flows, ``--all`` goes through all remotes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flowsync.config import Mode, name_for, parse
from flowsync.emulator import Emulator
from world import DAG, Repo, World

PEOPLE = ("alice", "bob.smith", "Zoë Müller")


@dataclass
class House(World):
    """A share with several people's flows, and a repository that is not linked yet."""

    users: Path = Path()
    whole: str = ""

    def save(self, user: str, flow: str = "chat", file: str = "flow.dag.yaml", text: str = DAG) -> Path:
        path = self.users / user / "promptflow" / flow / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def linked(self) -> "House":
        self.ends(0, "init", "--everyone", "--share", self.whole)
        self.git("add", ".flowsync.yaml")
        self.git("commit", "--quiet", "-m", "Link to Studio")
        return self

    def each(self, code: int, *arguments: str) -> dict[str, Any]:
        return {one["remote"]: one for one in self.ends(code, *arguments, "--all", "--json").json["remotes"]}


@pytest.fixture(params=["folder", "Azure Files"])
def house(
    request: pytest.FixtureRequest, tmp_path: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    if request.param == "folder":
        (tmp_path / "share").mkdir()
        yield _furnished(House(repo.folder, users=tmp_path / "share/Users", whole=f"file://{tmp_path / 'share'}"))
        return
    with Emulator(tmp_path / "data", shares=("code",)) as emulator:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", emulator.connection_string)
        users = emulator.share_folder("code") / "Users"
        yield _furnished(House(repo.folder, users=users, whole=f"{emulator.url}/code"))


def _furnished(house: House) -> House:
    for user in PEOPLE:
        house.save(user)
    (house.users / "no-flows-yet").mkdir()
    return house


def test_everybody_with_flows_is_linked_and_only_read(house: House) -> None:
    house.linked()
    remotes = parse((house.folder / ".flowsync.yaml").read_text()).remotes
    assert {name: (one.path, one.mode) for name, one in remotes.items()} == {
        name: (f"flows/{name}", Mode.PULL) for name in ("alice", "bob.smith", "Zoe-Muller")
    }
    assert house.each(0, "pull").keys() == remotes.keys()
    assert {path for path in house.files() if path.startswith("flows/")} == {
        f"flows/{name}/chat/flow.dag.yaml" for name in remotes
    }
    house.commit({"flows/alice/chat/mine.py": "mine = 1\n"})
    held = house.each(1, "sync")["alice"]["results"]
    assert [(one["did"], one["hold"]["reason"]) for one in held] == [("held", "its mode is pull")]
    assert not (house.users / "alice/promptflow/chat/mine.py").exists()


def test_who_came_later_is_added_and_the_rest_stays_as_it_is(house: House) -> None:
    house.linked()
    before = (house.folder / ".flowsync.yaml").read_text()
    assert "is linked" in house.ends(0, "init", "--everyone", "--share", house.whole).out
    assert (house.folder / ".flowsync.yaml").read_text() == before
    house.save("dora")
    (new,) = house.ends(0, "init", "--everyone", "--share", house.whole, "--json").json["remotes"]
    assert (new["remote"], new["path"], new["flows"]) == ("dora", "flows/dora", ["chat"])
    assert (house.folder / ".flowsync.yaml").read_text().startswith(before)


def test_a_rehearsal_writes_nothing(house: House) -> None:
    found = house.ends(0, "init", "--everyone", "--share", house.whole, "--dry-run", "--json").json
    assert [one["remote"] for one in found["remotes"]] == ["alice", "bob.smith", "Zoe-Muller"]
    assert not (house.folder / ".flowsync.yaml").exists()


def test_one_users_trouble_does_not_keep_the_others_back(house: House) -> None:
    house.linked()
    house.each(0, "pull")
    (house.users / "alice").rename(house.users / "gone")
    house.save("bob.smith", file="a.py", text="a = 1\n")
    run = house.ends(4, "pull", "--all")
    assert run.err.startswith("flowsync: alice: ") and "landed  chat  a.py" in run.out
    said = house.each(4, "pull")
    assert said["alice"]["error"]["message"] and said["bob.smith"]["results"] == []
    assert (house.folder / "flows/alice/chat/flow.dag.yaml").exists()
    assert {name: [row["state"] for row in one["flows"]] for name, one in house.each(0, "status").items()} == {
        name: ["in-sync"] for name in ("alice", "bob.smith", "Zoe-Muller")
    }


def test_what_attention_is_needed_for_anywhere_shows_in_the_exit_code(house: House) -> None:
    house.linked()
    house.each(0, "pull")
    assert "bob.smith: " in house.ends(0, "status", "--all", "--check").out
    house.save("bob.smith", file="flow.dag.yaml", text="Studio: 1\n")
    house.write({"flows/bob.smith/chat/flow.dag.yaml": "mine: 1\n"})
    assert house.each(1, "pull")["bob.smith"]["results"][0]["did"] == "held"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pull", "--all", "chat"), "leave the flows out"),
        (("pull", "--all", "--remote", "alice"), "not allowed with argument"),
        (("init", "--everyone"), "needs the share, or the workspace, as a whole"),
        (("init", "--everyone", "--remote", "x"), "not allowed with argument"),
        (("init", "--everyone", "--share", "azfile://store/code?user=alice"), "names one user's folder"),
    ],
)
def test_what_cannot_be_meant_is_refused(house: House, arguments: tuple[str, ...], said: str) -> None:
    house.linked()
    assert said in house.ends(2, *arguments).err


def test_a_share_without_users_is_no_share_of_a_workspace(house: House) -> None:
    run = house.ends(4, "init", "--everyone", "--share", f"{house.whole}/Users")
    assert "There is no folder Users" in run.err and not (house.folder / ".flowsync.yaml").exists()


def test_names_of_remotes_are_like_the_users_and_unlike_each_other() -> None:
    assert name_for("alice.smith", ()) == "alice.smith"
    assert name_for("Zoë Müller", ()) == "Zoe-Muller"
    assert name_for("ALICE", ("alice", "Alice-2")) == "ALICE-3"
    assert name_for("kept", ()) == "kept-2"
    assert name_for("名前", ()) == "user"
    for name in ("a..b", "-x-", "x.lock", "a b/c\\d", "...", "..lock"):
        found = name_for(name, ())
        assert parse(f"version: 1\nremotes:\n  {found}:\n    share: file:///x\n").remotes[found]
