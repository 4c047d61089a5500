"""``.flowsync.yaml`` with every kind of mistake: the message names the file, the line and the key."""

import pytest

from flowsync.config import Mode, parse
from flowsync.errors import ConfigError
from world import World

GOOD = """\
version: 1
remotes:
  studio:
    share: file:///srv/promptflow
    path: flows
    branch: main
    mode: sync
"""

MISTAKES = {
    "a key that is misspelt": (
        GOOD.replace("    path:", "    paht:"),
        ":5: paht is not a key of studio; did you mean path?",
    ),
    "a key that is unknown": (GOOD + "    colour: red\n", ":8: colour is not a key of studio"),
    "a top-level key": ("verison: 1\n" + GOOD, ":1: verison is not a key of the file; did you mean version?"),
    "a mode that is misspelt": (
        GOOD.replace("mode: sync", "mode: snyc"),
        ":7: mode must be one of observe, pull, sync, live",
    ),
    "a mode of a flow": (GOOD + "    flows:\n      chat: {mode: never}\n", ":9: mode must be one of"),
    "a key of a flow": (GOOD + "    flows:\n      chat: {node: pull}\n", ":9: node is not a key of chat"),
    "a flow without a mapping": (GOOD + "    flows:\n      chat: pull\n", ":9: chat must be a mapping"),
    "no version": (GOOD.replace("version: 1\n", ""), "version must be 1"),
    "another version": (GOOD.replace("version: 1", "version: 2"), ":1: version must be 1"),
    "a version in words": (GOOD.replace("version: 1", "version: one"), ":1: version must be a number"),
    "no remotes": ("version: 1\n", "remotes is missing"),
    "no remote": ("version: 1\nremotes: {}\n", ":2: remotes names no remote"),
    "remotes in a list": ("version: 1\nremotes:\n- studio\n", "remotes must be a mapping"),
    "no share": (GOOD.replace("    share: file:///srv/promptflow\n", ""), ":4: share is missing"),
    "an empty share": (GOOD.replace("file:///srv/promptflow", ""), ":4: share must be a text"),
    "a share in a list": (GOOD.replace("file:///srv/promptflow", "[a]"), ":4: share must be a text"),
    "a key twice": (GOOD + "    path: other\n", ":8:"),
    "a tab": (GOOD.replace("    path", "\tpath"), ":5:"),
    "an open bracket": (GOOD + "    flows: {\n", ":"),
    "not a mapping": ("- a\n", ":1: the file must be a mapping"),
    "an empty file": ("", ":1:"),
    "a share of deletes above all": (GOOD + "    max_deletes: 50\n", ":8: max_deletes must be between 0 and 1"),
    "no number": (GOOD + "    max_deletes: many\n", ":8: max_deletes must be a number"),
    "a number that is none": (GOOD + "    max_deletes: nan\n", ":8: max_deletes must be between"),
    "a time before now": (GOOD + "    settle: -1\n", ":8: settle must be a number of seconds"),
    "for ever": (GOOD + "    settle: inf\n", ":8: settle must be a number of seconds"),
    "a path that leaves": (GOOD.replace("path: flows", "path: ../flows"), ":5: path must be a folder inside"),
    "an absolute path": (GOOD.replace("path: flows", "path: /srv/flows"), ":5: path must be a folder inside"),
    "a path into .git": (GOOD.replace("path: flows", "path: .git/x"), ":5: path must be a folder inside"),
    "a path of Windows": (GOOD.replace("path: flows", r"path: C:\flows"), ":5: path must be a folder inside"),
    "a branch that cannot be": (
        GOOD.replace("branch: main", "branch: a..b"),
        ":6: branch must be the name of a branch",
    ),
    "a branch with a blank": (GOOD.replace("branch: main", "branch: my branch"), ":6: branch must be"),
    "a remote's name": (GOOD.replace("  studio:", "  my/studio:"), ":3: my/studio is not a remote's name"),
    "a remote like an option": (GOOD.replace("  studio:", "  -x:"), ":3: -x is not a remote's name"),
    "a remote where commits are kept": (GOOD.replace("  studio:", "  kept:"), ":3: kept is not a remote's name"),
    "a way to write": (GOOD + "    write: fast\n", ":8: write must be one of inline, replace"),
    "a control character": (GOOD + '    author: "\x01"\n', ":"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_file_line_and_key(mistake: str) -> None:
    text, said = MISTAKES[mistake]
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert caught.value.message.startswith(".flowsync.yaml:"), caught.value.message
    assert said in caught.value.message


def test_the_file_as_init_writes_it_is_read() -> None:
    studio = parse(GOOD).remote(None)
    assert (studio.path, studio.branch, studio.mode, studio.settle) == ("flows", "main", Mode.SYNC, 30.0)


@pytest.mark.parametrize("path", [".", "./"])
def test_the_whole_repository_may_hold_the_flows(path: str) -> None:
    assert parse(GOOD.replace("path: flows", f"path: {path}")).remote("studio").path == ""


def test_a_flow_without_a_mode_has_its_remotes() -> None:
    text = GOOD.replace("mode: sync", "mode: observe") + "    flows:\n      a: {}\n      b: {mode: live}\n"
    studio = parse(text).remote("studio")
    assert [studio.mode_of(flow) for flow in ("a", "b", "c")] == [Mode.OBSERVE, Mode.LIVE, Mode.OBSERVE]  # type: ignore[arg-type]


SECRETS = {
    "a SAS": "https://store.file.core.windows.net/code?sv=2024&sig=S3CR3T%3D",
    "a password": "http://user:S3CR3T@127.0.0.1/acc/code/Users/a",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_in_the_file_is_refused_and_never_shown(world: World, kind: str) -> None:
    text = (world.folder / ".flowsync.yaml").read_text().replace(world.share.url, SECRETS[kind])
    world.write({".flowsync.yaml": text})
    run = world.ends(2, "status")
    assert ".flowsync.yaml:4: share: The share URL holds a credential." in run.err
    assert "S3CR3T" not in run.out + run.err


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_on_the_command_line_is_refused_and_never_written(unlinked: World, kind: str) -> None:
    run = unlinked.ends(2, "init", "--share", SECRETS[kind])
    assert "holds a credential" in run.err and "S3CR3T" not in run.out + run.err
    assert not (unlinked.folder / ".flowsync.yaml").exists()


def test_a_wrong_file_ends_every_command_with_2(world: World) -> None:
    world.write({".flowsync.yaml": GOOD.replace("path:", "paht:")})
    for command in (
        ["status"],
        ["sync"],
        ["diff"],
        ["log", "chat"],
        ["resolve", "chat", "--ours"],
        ["restore", "chat", "--at", "main"],
    ):
        assert "paht is not a key" in world.ends(2, *command).err


def test_no_file_says_how_to_make_one(unlinked: World) -> None:
    assert "flowsync init --share URL" in unlinked.ends(2, "status").err


def test_a_branch_that_is_not_there_is_refused(world: World) -> None:
    world.link(branch="mian")
    run = world.ends(3, "sync")
    assert "there is no branch mian" in run.err and "git branch mian" in run.err


def test_a_file_that_is_no_utf_8_is_refused(world: World) -> None:
    (world.folder / ".flowsync.yaml").write_bytes(b"version: \xff\n")
    assert ".flowsync.yaml cannot be read" in world.ends(2, "status").err
