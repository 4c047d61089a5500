"""A renamed file is one rename on the other side, too: its content does not travel, and nothing else changes."""

import os
import shutil
from collections import Counter

import pytest

from flowsync.core.tree import FlowName, Path, blob_of
from flowsync.emulator import Emulator, Event
from flowsync.errors import ShareError
from flowsync.journal import Intent, Journal
from flowsync.share.azure import open_azure
from flowsync.share.location import AzureLocation, parse
from flowsync.sync.conductor import Conductor
from flowsync.sync.opened import linked
from safety.stage import HASTE
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


def test_a_file_of_a_folder_is_read_whatever_its_inode_and_times_say(world: World) -> None:
    """Inodes are used again, and times can be set: unzipping leaves files of one size and one time."""
    folder = world.share.folder / "chat"  # type: ignore[attr-defined]
    world.studio_flow("chat", a_py="a = 1\n")
    before = (folder / "a.py").stat()
    world.sync()
    (folder / "a.py").write_text("b = 2\n")
    (folder / "a.py").rename(folder / "b.py")
    os.utime(folder / "b.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    after = (folder / "b.py").stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
    world.sync()
    assert world.here("chat")["b.py"] == b"b = 2\n"


# Whole flows


@pytest.fixture
def two(azure_world: World) -> World:
    azure_world.studio_flow("chat", a_py=LARGE, b_py="b = 1\n")
    azure_world.studio_flow("other", a_py="other\n")
    azure_world.sync()
    counts(azure_world)
    return azure_world


def folder_renamed_there(world: World, old: str, new: str) -> None:
    share = world.share
    assert isinstance(share, EmulatedStudio)
    share.client.get_directory_client(f"{share.top}/{old}").rename_directory(f"{share.top}/{new}")
    share.emulator.reset_counts()


def quiet(world: World) -> None:
    for flow in ("talk", "other"):
        assert world.here(flow) == world.there(flow) != {}
    assert world.here("chat") == world.there("chat") == {}
    assert world.states() == {"talk": "in-sync", "other": "in-sync"}
    counts(world)
    assert "Everything is in sync" in world.sync().out
    assert counts(world) == {"list": 3}


def test_a_flow_renamed_in_studio_is_one_commit_that_nobody_is_asked_about(two: World) -> None:
    before = two.tip()
    two.git("update-index", "--chmod=+x", "flows/chat/b.py")
    two.git("commit", "--quiet", "-m", "a mode")
    two.sync()
    two.git("reset", "--hard", "--quiet")
    folder_renamed_there(two, "chat", "talk")
    two.sync()
    assert counts(two)["get_file"] == 0
    assert two.git("rev-list", "--count", f"{before}..main") == "2"
    assert two.subjects()[0] == "talk: renamed from chat in Studio"
    assert sorted(shown(two)) == [
        f"R100\tflows/chat/{name}\tflows/talk/{name}" for name in ("a.py", "b.py", "flow.dag.yaml")
    ]
    assert two.git("ls-tree", "main", "flows/talk/b.py").startswith("100755")
    assert two.git("log", "-1", "--format=%an").startswith("alice")
    quiet(two)


def test_a_flow_renamed_in_git_is_one_request_that_nobody_is_asked_about(two: World) -> None:
    two.studio({"chat/.promptflow/flow.log": "what Studio keeps beside the flow\n"})
    identity = file_id(two, "chat/a.py")
    two.git("mv", "flows/chat", "flows/talk")
    two.git("commit", "--quiet", "-m", "a better name")
    tip = two.tip()
    counts(two)
    two.sync()
    made = counts(two)
    assert made["rename_directory"] == 1 and not {"create_file", "delete_file", "rename_file", "get_file"} & made.keys()
    assert file_id(two, "talk/a.py") == identity and two.tip() == tip
    assert two.there("talk").pop(".promptflow/flow.log")
    two.studio({"talk/.promptflow/flow.log": None})
    shutil.rmtree(two.share.folder / "talk/.promptflow")  # type: ignore[attr-defined]
    quiet(two)


def test_what_studio_saved_while_its_flow_was_renamed_comes_along(two: World, emulator: Emulator) -> None:
    two.git("mv", "flows/chat", "flows/talk")
    two.git("commit", "--quiet", "-m", "a better name")
    saved: list[bool] = []

    def save(event: Event) -> None:
        if event.when == "before" and event.operation == "rename_directory" and not saved:
            saved.append(True)
            two.studio({"chat/b.py": "b = 'saved in Studio'\n"})

    emulator.on_request(save)
    two.sync()
    emulator.off_request(save)
    assert saved and two.here("talk")["b.py"] == b"b = 'saved in Studio'\n"
    quiet(two)


def test_a_flow_renamed_here_and_edited_there_is_a_conflict_and_both_stay(two: World) -> None:
    two.git("mv", "flows/chat", "flows/talk")
    two.git("commit", "--quiet", "-m", "a better name")
    two.studio({"chat/b.py": "b = 'saved in Studio'\n"})
    two.sync(code=1)
    assert two.states() == {"chat": "conflict", "talk": "in-sync", "other": "in-sync"}
    assert two.there("chat")["b.py"] == b"b = 'saved in Studio'\n" and two.there("talk") == two.here("talk")


@pytest.mark.parametrize("edited", ["there", "here"])
def test_a_flow_that_was_renamed_and_edited_is_new_and_the_old_one_is_asked_about(two: World, edited: str) -> None:
    if edited == "there":
        folder_renamed_there(two, "chat", "talk")
        two.studio({"talk/b.py": "b = 2\n"})
    else:
        two.git("mv", "flows/chat", "flows/talk")
        two.commit({"flows/talk/b.py": "b = 2\n"})
    run = two.sync(code=1)
    assert "--accept-deletes chat" in run.out
    assert two.here("talk") == two.there("talk") and two.here("talk")["b.py"] == b"b = 2\n"
    two.sync("--accept-deletes", "chat")
    quiet(two)


def test_a_name_that_studio_has_taken_stops_the_rename(two: World, emulator: Emulator) -> None:
    two.git("mv", "flows/chat", "flows/talk")
    two.git("commit", "--quiet", "-m", "a better name")
    made: list[bool] = []

    def make(event: Event) -> None:
        if event.when == "before" and event.operation == "rename_directory" and not made:
            made.append(True)
            two.studio({"talk/a.py": "Studio's own\n"})

    emulator.on_request(make)
    two.sync(code=1)
    emulator.off_request(make)
    assert made and two.there("talk")["a.py"] == b"Studio's own\n" and two.there("chat")["a.py"] == LARGE


def test_a_rename_that_has_to_wait_deletes_nothing(two: World) -> None:
    config = two.folder / ".flowsync.yaml"
    two.commit({".flowsync.yaml": config.read_text() + "    flows: {talk: {mode: pull}}\n"})
    two.git("mv", "flows/chat", "flows/talk")
    two.git("commit", "--quiet", "-m", "a better name")
    two.sync(code=1)
    assert two.there("chat") and not two.there("talk")


def test_a_rename_in_studio_that_has_to_wait_deletes_nothing(two: World) -> None:
    folder_renamed_there(two, "chat", "talk")
    two.write({"flows/talk/a.py": "mine, and not committed\n"})
    before = two.tip()
    two.sync(code=1)
    assert two.tip() == before and two.here("chat")
    shutil.rmtree(two.folder / "flows/talk")
    two.sync()
    quiet(two)


@pytest.mark.parametrize("when", ["drop_before", "drop_after"])
def test_a_run_that_dies_at_the_rename_is_finished_by_the_next(two: World, emulator: Emulator, when: str) -> None:
    two.git("mv", "flows/chat", "flows/talk")
    two.git("commit", "--quiet", "-m", "a better name")
    getattr(emulator.faults, when)("rename_directory", times=None)
    emulator.faults.drop_before("get_directory", "*/talk", times=None)
    location = parse(two.share.url)
    assert isinstance(location, AzureLocation)
    with linked(two.folder) as link, pytest.raises(ShareError):
        Conductor(link, {}, opener=lambda: open_azure(location, os.environ, patience=HASTE)).sync()
    assert bool(two.there("talk")) == (when == "drop_after")
    emulator.faults.clear()
    two.sync()
    quiet(two)


def test_a_flow_renamed_on_a_folder_both_ways(world: World) -> None:
    world.studio_flow("chat", a_py=LARGE)
    world.studio_flow("other", a_py="other\n")
    world.sync()
    top = world.share.folder  # type: ignore[attr-defined]
    (top / "chat").rename(top / "talk")
    world.sync()
    assert world.subjects()[0] == "talk: renamed from chat in Studio"
    inode = (top / "talk").stat().st_ino
    world.git("mv", "flows/talk", "flows/answer")
    world.git("commit", "--quiet", "-m", "a better name")
    world.sync()
    assert (top / "answer").stat().st_ino == inode and not (top / "talk").exists()
    assert "Everything is in sync" in world.sync().out


def test_a_lease_that_a_renamed_folder_took_along_is_given_back(two: World) -> None:
    """The run that held it died, the folder got another name, and Studio could never save the file again."""
    two.commit({"flows/chat/b.py": "b = 2\n"})
    assert isinstance(two.share, EmulatedStudio)
    lease = two.share.client.get_file_client(f"{two.share.top}/chat/b.py")
    journal = Journal(two.folder / ".git/flowsync", "studio")
    identity = "00000000-0000-0000-0000-000000000001"
    journal.begin({FlowName("chat"): {Path("b.py"): Intent(blob_of(b"b = 2\n"), identity)}})
    lease.acquire_lease(lease_id=identity)
    folder_renamed_there(two, "chat", "talk")
    moved = two.share.client.get_file_client(f"{two.share.top}/talk/b.py")
    assert moved.get_file_properties()["lease"]["status"] == "locked"
    two.run("sync")
    assert moved.get_file_properties()["lease"]["status"] == "unlocked"
    two.studio({"talk/b.py": "b = 'Studio can save it'\n"})


def test_a_lease_that_went_along_is_sought_even_if_another_file_has_taken_its_place(two: World) -> None:
    """The file at the old path was taken for the one that had the lease (seed 20339)."""
    assert isinstance(two.share, EmulatedStudio)
    identity = "00000000-0000-0000-0000-000000000001"
    two.share.client.get_file_client(f"{two.share.top}/chat/b.py").acquire_lease(lease_id=identity)
    Journal(two.folder / ".git/flowsync", "studio").owe({"chat/b.py": identity})
    folder_renamed_there(two, "chat", "talk")
    two.studio_flow("chat", b_py="another\n")
    two.run("sync")
    moved = two.share.client.get_file_client(f"{two.share.top}/talk/b.py")
    assert moved.get_file_properties()["lease"]["status"] == "unlocked"


def test_a_lease_of_a_push_that_died_is_sought_by_the_files_id_if_another_file_stands_there(two: World) -> None:
    """The file at the old path was taken for the one that had the lease, which a renamed folder had taken along."""
    two.commit({"flows/chat/b.py": "b = 2\n"})
    assert isinstance(two.share, EmulatedStudio)
    identity = "00000000-0000-0000-0000-000000000001"
    intent = Intent(blob_of(b"b = 2\n"), identity)
    Journal(two.folder / ".git/flowsync", "studio").begin({FlowName("chat"): {Path("b.py"): intent}})
    two.share.client.get_file_client(f"{two.share.top}/chat/b.py").acquire_lease(lease_id=identity)
    folder_renamed_there(two, "chat", "talk")
    two.studio_flow("chat", b_py="another\n")
    two.run("sync")
    moved = two.share.client.get_file_client(f"{two.share.top}/talk/b.py")
    assert moved.get_file_properties()["lease"]["status"] == "unlocked"


@pytest.mark.parametrize("name", ["chat", "talk"])
@pytest.mark.parametrize("side", ["git", "studio"])
def test_one_of_the_two_names_is_enough(two: World, side: str, name: str) -> None:
    """The daemon syncs flow by flow: it sent the new one whole, and asked whether the old one may go."""
    if side == "git":
        two.git("mv", "flows/chat", "flows/talk")
        two.git("commit", "--quiet", "-m", "a better name")
    else:
        folder_renamed_there(two, "chat", "talk")
        two.run("fetch")
    assert "held" not in two.states().values() and "held" not in two.ends(0, "sync", "--dry-run").out
    counts(two)
    two.sync(name)
    assert not {"create_file", "get_file", "delete_file"} & counts(two).keys()
    quiet(two)


@pytest.mark.parametrize("operation", ["rename_directory", "get_directory"])
@pytest.mark.parametrize("code", ["SharingViolation", "AuthorizationPermissionMismatch", "InternalError"])
def test_a_folder_that_cannot_be_renamed_now_is_renamed_by_the_next_run(
    two: World, emulator: Emulator, code: str, operation: str
) -> None:
    """It was sent whole under its new name, and a person was asked about the old one."""
    two.git("mv", "flows/chat", "flows/talk")
    two.git("commit", "--quiet", "-m", "a better name")
    status = {"SharingViolation": 409, "InternalError": 500}.get(code, 403)
    emulator.faults.refuse(
        operation, "*/chat" if operation == "get_directory" else "*", code=code, status=status, times=None
    )
    location = parse(two.share.url)
    assert isinstance(location, AzureLocation)
    with linked(two.folder) as link:
        ended = Conductor(link, {}, opener=lambda: open_azure(location, os.environ, patience=HASTE)).sync()
    assert {(result.flow, result.did.value) for result in ended} == {("chat", "failed"), ("talk", "failed")}
    assert two.there("chat") and not two.there("talk")
    emulator.faults.clear()
    two.sync()
    assert counts(two)["create_file"] == 0
    quiet(two)


def test_a_rename_waits_until_the_old_name_can_be_looked_at(two: World, emulator: Emulator) -> None:
    """The old flow's look failed, and the new one, alone by then, was written whole."""
    two.git("mv", "flows/chat", "flows/talk")
    two.git("commit", "--quiet", "-m", "a better name")
    emulator.faults.refuse("list", "*/promptflow/chat", code="SharingViolation", status=409, times=None)
    two.run("sync")
    assert not (two.share.folder / "talk").exists()  # type: ignore[attr-defined]
    emulator.faults.clear()
    two.sync()
    quiet(two)
