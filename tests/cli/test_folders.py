"""A flow's folder stands for its name, as a shell completes it."""

import pytest

from world import World


@pytest.fixture
def two(world: World) -> World:
    for name in ("chat", "talk"):
        world.studio_flow(name, a_py="a = 1\n")
    world.sync()
    return world


def rows(world: World, *arguments: str) -> list[str]:
    return [row["name"] for row in world.ends(0, "status", "--json", *arguments).json["flows"]]


@pytest.mark.parametrize("given", ["flows/chat", "flows/chat/", "./flows/chat/a.py", "flows/../flows/chat", "chat"])
def test_a_folder_and_what_is_in_it_name_the_flow(two: World, given: str) -> None:
    assert rows(two, given) == ["chat"]


def test_from_inside(two: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(two.folder / "flows/chat")
    assert rows(two, "-C", ".", ".") == rows(two, "-C", ".", "../chat") == ["chat"]
    assert rows(two, "-C", ".", "../talk", "chat") == ["chat", "talk"]
    assert rows(two, "-C", ".", "..") == rows(two, "-C", "../..", ".") == ["chat", "talk"]
    assert rows(two, "-C", "..", str(two.folder / "flows/talk")) == ["talk"]


def test_every_command_that_takes_flows(two: World) -> None:
    two.commit({"flows/chat/a.py": "a = 2\n", "flows/talk/a.py": "a = 2\n"})
    assert "talk" not in two.ends(0, "diff", "flows/chat").out
    assert "first seen" in two.ends(0, "log", "flows/chat", "--json").out
    assert "talk" not in two.ends(0, "push", "flows/chat/").out
    assert two.there("chat")["a.py"] == b"a = 2\n" and two.there("talk")["a.py"] == b"a = 1\n"
    assert "chat.zip" in two.ends(0, "export", "-n", "flows/chat").out
    assert two.ends(0, "pause", "flows/chat", "--json").json["paused"] == {"chat": None}
    two.git("rm", "--quiet", "-r", "flows/talk")
    two.git("commit", "--quiet", "-m", "gone")
    two.ends(0, "sync", "--accept-deletes", "flows/talk")
    assert not two.there("talk")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("status", "nope/chat"), "nope/chat is not in flows, where studio's flows are"),
        (("status", "/"), "/ is not in flows"),
        (("log", "flows/"), "flows/ is the folder of all flows; name one"),
        (("sync", "--accept-deletes", "."), ". is the folder of all flows; name one"),
        (("status", "flows/none"), "no flow is called none"),
    ],
)
def test_what_names_no_flow_is_refused(two: World, arguments: tuple[str, ...], said: str) -> None:
    assert said in two.ends(2, *arguments).err


def test_a_folder_of_another_remote(two: World) -> None:
    more = (two.folder / ".flowsync.yaml").read_text() + f"  other:\n    share: {two.share.url}\n    path: more\n"
    two.commit({".flowsync.yaml": more, "more/mine/flow.dag.yaml": "nodes: []\n"})
    run = two.ends(2, "status", "more/mine")
    assert "more/mine is of another remote, other" in run.err
    assert "flowsync status --remote other more/mine" in run.err
    assert "mine" in rows(two, "--remote", "other", "more/mine")
