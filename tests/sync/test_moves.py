"""A renamed file is one rename on the other side, too: its content does not travel, and nothing else changes."""

from collections import Counter

import pytest

from flowsync.emulator import Emulator, Event
from world import EmulatedStudio, World

LARGE = b"".join(b"line %d\n" % number for number in range(1000))


@pytest.fixture
def chat(azure_world: World) -> World:
    azure_world.studio_flow("chat", a_py=LARGE, b_py="b = 1\n")
    azure_world.sync()
    azure_world.share.emulator.reset_counts()  # type: ignore[attr-defined]
    return azure_world


def counts(world: World) -> Counter[str]:
    """The requests of flowsync since the last count."""
    emulator = world.share.emulator  # type: ignore[attr-defined]
    made = Counter(emulator.counts)
    emulator.reset_counts()
    return made


def renamed_there(world: World, old: str, new: str) -> None:
    share = world.share
    assert isinstance(share, EmulatedStudio)
    share.client.get_file_client(f"{share.top}/{old}").rename_file(f"{share.top}/{new}")
    share.emulator.reset_counts()


def file_id(world: World, path: str) -> str:
    share = world.share
    assert isinstance(share, EmulatedStudio)
    return str(share.client.get_file_client(f"{share.top}/{path}").get_file_properties()["file_id"])


def shown(world: World) -> list[str]:
    """What git says of the last commit, renames looked for."""
    return world.git("show", "--format=", "--name-status", "-M", "main").splitlines()


def in_sync(world: World) -> None:
    assert world.here("chat") == world.there("chat")
    counts(world)
    assert "Everything is in sync" in world.sync().out
    assert set(counts(world)) == {"list"}


def test_a_rename_in_studio_is_one_rename_in_git_and_reads_nothing(chat: World) -> None:
    renamed_there(chat, "chat/a.py", "chat/answer.py")
    chat.sync()
    assert counts(chat) == {"list": 2, "get_directory": 1}  # which share this is, since something changed
    assert shown(chat) == ["R100\tflows/chat/a.py\tflows/chat/answer.py"]
    assert chat.subjects()[0] == "chat: rename a.py to answer.py in Studio"
    in_sync(chat)


def test_a_rename_in_studio_over_another_file_reads_nothing(chat: World) -> None:
    share = chat.share
    assert isinstance(share, EmulatedStudio)
    share.client.get_file_client(f"{share.top}/chat/a.py").rename_file(f"{share.top}/chat/b.py", overwrite=True)
    counts(chat)
    chat.sync()
    assert counts(chat)["get_file"] == 0
    assert chat.here("chat")["b.py"] == LARGE
    in_sync(chat)


def test_a_rename_in_studio_with_an_edit_is_read(chat: World) -> None:
    renamed_there(chat, "chat/a.py", "chat/answer.py")
    chat.studio({"chat/answer.py": LARGE.replace(b"line 1\n", b"LINE 1\n")})  # the same size, the same id
    counts(chat)
    chat.sync()
    assert counts(chat)["get_file"] == 1
    assert chat.here("chat")["answer.py"].startswith(b"line 0\nLINE 1\n")
    in_sync(chat)


def test_a_rename_in_git_is_one_rename_in_studio_and_sends_nothing(chat: World) -> None:
    before = file_id(chat, "chat/a.py")
    chat.git("mv", "flows/chat/a.py", "flows/chat/answer.py")
    chat.git("commit", "--quiet", "-m", "a better name")
    counts(chat)
    chat.sync()
    made = counts(chat)
    assert (made["rename_file"], made["create_file"], made["put_range"], made["delete_file"]) == (1, 0, 0, 0), made
    assert sum(made.values()) - made["list"] == 4
    assert file_id(chat, "chat/answer.py") == before
    in_sync(chat)


def test_a_rename_in_git_into_a_new_folder_leaves_no_empty_one(chat: World) -> None:
    for old, new in (("a.py", "src/deep/a.py"), ("src/deep/a.py", "lib/a.py")):
        (chat.folder / "flows/chat" / new).parent.mkdir(parents=True, exist_ok=True)
        chat.git("mv", f"flows/chat/{old}", f"flows/chat/{new}")
        chat.git("commit", "--quiet", "-m", "elsewhere")
        counts(chat)
        chat.sync()
        assert counts(chat)["rename_file"] == 1
        in_sync(chat)
    share = chat.share
    assert isinstance(share, EmulatedStudio)
    assert {path.name for path in (share.folder / "chat").iterdir() if path.is_dir()} == {"lib"}


def test_the_definition_follows_the_renamed_sources(chat: World, emulator: Emulator) -> None:
    chat.git("mv", "flows/chat/a.py", "flows/chat/answer.py")
    chat.commit({"flows/chat/flow.dag.yaml": "inputs: {}\noutputs: {}\nnodes: []\n# answer.py\n"})
    order: list[str] = []

    def note(event: Event) -> None:
        if event.when == "before" and event.operation in ("rename_file", "create_file"):
            order.append(f"{event.operation} {event.path.rpartition('/')[2]}")

    emulator.on_request(note)
    chat.sync()
    emulator.off_request(note)
    assert order == ["rename_file answer.py", "create_file flow.dag.yaml"]
    in_sync(chat)


def test_a_new_name_that_studio_took_meanwhile_is_not_overwritten(chat: World, emulator: Emulator) -> None:
    chat.git("mv", "flows/chat/a.py", "flows/chat/answer.py")
    chat.git("commit", "--quiet", "-m", "a better name")
    taken: list[bool] = []

    def take(event: Event) -> None:
        if event.when == "before" and event.operation == "acquire_lease" and not taken:
            taken.append(True)
            chat.studio({"chat/answer.py": "Studio's own\n"})

    emulator.on_request(take)
    run = chat.sync(code=1)
    emulator.off_request(take)
    assert taken and "conflict" in run.out
    assert chat.there("chat")["answer.py"] == b"Studio's own\n" and chat.there("chat")["a.py"] == LARGE
    assert chat.here("chat")["answer.py"] == LARGE
    chat.ends(0, "resolve", "chat", "--ours")
    chat.sync()
    in_sync(chat)


def test_where_the_share_cannot_rename_the_file_is_written_and_deleted(chat: World, emulator: Emulator) -> None:
    chat.git("mv", "flows/chat/a.py", "flows/chat/answer.py")
    chat.git("commit", "--quiet", "-m", "a better name")
    emulator.faults.refuse("rename_file", "*/answer.py", code="SharingViolation", status=409, times=1)
    counts(chat)
    chat.sync()
    assert counts(chat)["delete_file"] == 1
    in_sync(chat)


def test_a_rename_on_a_folder_keeps_the_file(world: World) -> None:
    world.studio_flow("chat", a_py=LARGE, b_py="b = 1\n")
    world.sync()
    folder = world.share.folder / "chat"  # type: ignore[attr-defined]
    before = (folder / "a.py").stat()
    world.git("mv", "flows/chat/a.py", "flows/chat/answer.py")
    world.git("commit", "--quiet", "-m", "a better name")
    world.sync()
    after = (folder / "answer.py").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not (folder / "a.py").exists()
    (folder / "answer.py").rename(folder / "again.py")
    world.sync()
    assert shown(world) == ["R100\tflows/chat/answer.py\tflows/chat/again.py"]
    assert "Everything is in sync" in world.sync().out


def test_an_inode_that_is_used_again_with_the_same_times_is_no_rename(world: World) -> None:
    """What unzipping leaves: files of one size and one time, and the next may get the inode of the last."""
    import os

    folder = world.share.folder / "chat"  # type: ignore[attr-defined]
    world.studio_flow("chat", a_py="a = 1\n")
    os.utime(folder / "a.py", (1e9, 1e9))
    world.sync()
    (folder / "a.py").unlink()
    (folder / "b.py").write_text("b = 2\n")
    os.utime(folder / "b.py", (1e9, 1e9))
    world.sync()
    assert world.here("chat")["b.py"] == b"b = 2\n"
