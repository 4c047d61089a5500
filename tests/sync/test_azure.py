"""The stories of the acceptance list on Azure Files: the emulator, the real SDK, requests counted."""

import hashlib
import os
import signal
import subprocess
from pathlib import Path

import pytest

from flowsync.emulator import Emulator
from flowsync.emulator.witness import Event
from world import DAG, EmulatedStudio, Repo, World, flow


def test_200_flows_of_10_files_are_one_linear_history_and_then_cost_one_list_each(
    azure_world: World, emulator: Emulator
) -> None:
    world = azure_world
    for number in range(200):
        folder = emulator.share_folder("code") / f"Users/alice/promptflow/flow-{number:03}"
        folder.mkdir(parents=True)
        (folder / "flow.dag.yaml").write_text(DAG)
        for file in range(9):
            (folder / f"node_{file}.py").write_text(f"flow = {number}\nfile = {file}\n")
    first = world.tip()
    world.sync()
    assert len(world.git("rev-list", "--merges", "main")) == 0
    assert 0 < int(world.git("rev-list", "--count", f"{first}..main")) <= 200
    assert len(world.files("main", "flows")) == 2000
    assert world.git("status", "--porcelain") == ""
    for number in (0, 77, 199):
        name = f"flow-{number:03}"
        assert world.subjects(f"studio/{name}")[0] == f"{name}: first seen in Studio"
        assert world.git("diff", "--name-only", "main", f"studio/{name}", "--", f"flows/{name}") == ""

    tip, refs, studio = world.tip(), world.refs(), _digest(world)
    emulator.reset_counts()
    world.sync()
    assert (world.tip(), world.refs(), _digest(world)) == (tip, refs, studio)
    assert dict(emulator.counts) == {"list": 201}


def _digest(world: World) -> str:
    share = world.share
    assert isinstance(share, EmulatedStudio)
    files = sorted(path for path in share.folder.rglob("*") if path.is_file())
    return hashlib.sha1(b"".join(bytes(path) + path.read_bytes() for path in files)).hexdigest()


@pytest.mark.parametrize("hand", ["sdk", "disk"])
def test_an_edit_there_an_edit_here_and_a_conflict_in_one_sync(azure_world: World, hand: str) -> None:
    world = azure_world
    for name in "ABC":
        world.studio_flow(name, a_py="one\n")
    world.sync()
    old = world.there("B")["a.py"]
    studio = {"A/a.py": "saved in Studio\n", "C/a.py": "C in Studio\n"}
    if hand == "sdk":
        world.studio(studio)
    else:
        assert isinstance(world.share, EmulatedStudio)
        for path, content in studio.items():
            (world.share.folder / path).write_text(content)
    binary = bytes(range(256)) + b"\r\n\0"
    world.commit({"flows/B/a.py": binary, "flows/C/a.py": "C here\n"})
    before = world.tip()

    run = world.sync("--json", code=1)
    did = {row["flow"]: row["did"] for row in run.json["results"]}
    assert did == {"A": "landed", "B": "pushed", "C": "conflict"}
    assert world.git("rev-list", "--count", f"{before}..main") == "1"
    assert world.here("A")["a.py"] == b"saved in Studio\n"
    assert world.there("B")["a.py"] == binary
    assert world.there("C")["a.py"] == b"C in Studio\n" and world.here("C")["a.py"] == b"C here\n"
    assert world.states() == {"A": "in-sync", "B": "in-sync", "C": "conflict"}
    for content in (b"saved in Studio\n", b"C in Studio\n", old, binary):
        assert world.reaches(content)


def test_a_save_that_races_with_the_push_is_stale_and_survives(azure_world: World, emulator: Emulator) -> None:
    world = azure_world
    world.studio_flow("chat", a_py="one\n", b_py="one\n")
    world.sync()
    world.commit({"flows/chat/a.py": "here\n"})
    saved: list[str] = []

    def studio_saves(event: Event) -> None:
        if event.when == "before" and event.operation == "acquire_lease" and not saved:
            saved.append(event.path)
            (emulator.share_folder("code") / "Users/alice/promptflow/chat/a.py").write_text("in Studio\n")

    emulator.on_request(studio_saves)
    run = world.ends(1, "push")
    assert saved and "stale" in run.out and "nothing of it was overwritten" in run.out
    assert world.there("chat")["a.py"] == b"in Studio\n"
    # a sync looks again by itself, and finds that it is a conflict
    assert "conflict" in world.sync(code=1).out
    assert world.there("chat")["a.py"] == b"in Studio\n"


def test_a_scan_that_fails_on_page_2_is_no_scan(azure_world: World, emulator: Emulator) -> None:
    world = azure_world
    world.studio_flow("chat", a_py="one\n")
    world.studio_flow("triage", t_py="one\n")
    world.sync()
    folder = emulator.share_folder("code") / "Users/alice/promptflow/chat"
    for number in range(5001):
        (folder / f"{number:04}.txt").touch()
    (folder / "a.py").write_text("two\n")
    (folder.parent / "triage/t.py").write_text("two\n")
    emulator.faults.refuse("list", "*/chat", status=403, code="AuthorizationPermissionMismatch", times=None, page=2)
    before = world.tip("studio/chat")
    run = world.sync(code=4)
    assert "failed" in run.out and "may not touch" in run.out
    assert world.tip("studio/chat") == before
    assert world.here("triage")["t.py"] == b"two\n"
    emulator.faults.clear()
    for extra in folder.glob("*.txt"):
        extra.unlink()
    world.sync()
    assert world.here("chat")["a.py"] == b"two\n"


def test_a_wrong_key_no_network_no_share_and_no_folder(
    azure_world: World, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = azure_world
    world.studio_flow("chat", a_py="one\n")
    world.sync()
    refs = world.refs()
    good = os.environ["AZURE_STORAGE_CONNECTION_STRING"]

    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", good.replace("AccountKey=E", "AccountKey=F"))
    run = world.ends(4, "sync")
    assert "does not accept the credentials" in run.err and "AZURE_STORAGE" in run.err
    assert good.partition("AccountKey=")[2][:20] not in run.err
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", good)

    (world.folder / ".flowsync.yaml").write_text(_file(world).replace("/code", "/nowhere"))
    assert "no such share" in world.ends(4, "sync").err
    (world.folder / ".flowsync.yaml").write_text(_file(world).replace("alice", "nobody"))
    assert "is not there" in world.ends(4, "sync").err
    (world.folder / ".flowsync.yaml").write_text(_file(world))

    emulator.stop()
    run = world.ends(4, "fetch")
    assert "does not answer" in run.err and "network" in run.err
    assert world.refs() == refs
    assert "seen" in world.ends(0, "status").out  # what was seen is still told


def _file(world: World) -> str:
    return world.git("show", "HEAD:.flowsync.yaml") + "\n"


@pytest.mark.parametrize("steps", [(1, 4, 7, 10), pytest.param(tuple(range(40)), marks=pytest.mark.slow)], ids=len)
def test_a_push_killed_at_any_request_is_finished_by_the_next_run(
    azure_world: World, emulator: Emulator, steps: tuple[int, ...]
) -> None:
    world = azure_world
    world.studio_flow("chat", a_py="one\n", b_py="one\n", gone_py="one\n")
    world.sync()
    for step in steps:
        world.commit(
            {
                "flows/chat/a.py": f"a {step}\n",
                "flows/chat/flow.dag.yaml": DAG + f"# {step}\n",
                f"flows/chat/new/{step}.py": "new\n",
                **{f"flows/chat/{path}": None for path in world.here("chat") if path.startswith(("new", "gone"))},
            }
        )
        died = _killed_at(world, emulator, step)
        world.sync()
        assert world.there("chat") == world.here("chat"), f"killed at request {step}"
        assert world.states() == {"chat": "in-sync"}
        assert not list((world.folder / ".git/flowsync/journal").rglob("*.jsonl"))
        assert not [path for path in world.share.files() if path.startswith(".flowsync")]
        if not died:
            break
    assert step > 12 or steps[-1] < 12  # it died at many points, and at last it did not
    assert died == (len(steps) == 4)
    assert world.git("rev-list", "--merges", "main") == ""
    world.fsck()


def _killed_at(world: World, emulator: Emulator, step: int) -> bool:
    """Pushes in a process that is killed when its request number ``step`` after the look has taken effect."""
    victims: list[subprocess.Popen[bytes]] = []
    count = -1

    def kill(event: Event) -> None:
        nonlocal count
        if event.when == "before" or event.operation.startswith("list"):
            return
        count += 1
        if count == step:
            victims[0].kill()

    environ = {**os.environ, "AZURE_STORAGE_CONNECTION_STRING": emulator.connection_string}
    victims.append(subprocess.Popen(world.command("push", "--jobs", "1"), env=environ, stdout=subprocess.PIPE))
    emulator.on_request(kill)
    victims[0].communicate()
    emulator.off_request(kill)
    return victims[0].returncode == -signal.SIGKILL


def test_two_clones_on_one_share_both_see_everything(azure_world: World, tmp_path: Path) -> None:
    world = azure_world
    world.studio_flow("chat", a_py="a = 1\n", b_py="b = 1\n")
    world.sync()
    Repo(tmp_path).git("clone", "--quiet", str(world.folder), "second")
    other = World(tmp_path / "second", share=world.share)
    other.git("config", "user.email", "other@example.com")
    other.sync()
    assert other.states() == {"chat": "in-sync"} and other.tip() == world.tip()

    world.commit({"flows/chat/a.py": "a = 'first clone'\n"})
    world.sync()
    other.commit({"flows/chat/b.py": "b = 'second clone'\n"})
    other.sync()
    world.sync()
    expected = flow(a_py="a = 'first clone'\n", b_py="b = 'second clone'\n")
    both = {path: str(content).encode() for path, content in expected.items()}
    assert world.here("chat") == other.here("chat") == world.there("chat") == both
    # the same line: whoever comes second has the conflict, and nobody's is overwritten
    world.commit({"flows/chat/a.py": "a = 'here'\n"})
    other.commit({"flows/chat/a.py": "a = 'there'\n"})
    world.sync()
    other.sync(code=1)
    assert world.there("chat")["a.py"] == b"a = 'here'\n"
    other.ends(0, "resolve", "chat", "--ours")
    other.sync()
    world.sync()
    assert world.here("chat")["a.py"] == b"a = 'there'\n"


def test_a_lost_reply_is_settled_by_looking(azure_world: World, emulator: Emulator) -> None:
    world = azure_world
    world.studio_flow("chat", a_py="one\n", b_py="one\n")
    world.sync()
    world.commit({"flows/chat/a.py": "two\n", "flows/chat/new.py": "new\n", "flows/chat/b.py": None})
    names = ("create_file", "rename_file", "delete_file", "acquire_lease", "release_lease")
    lost = [emulator.faults.drop_after(operation) for operation in names]
    world.sync()
    assert [fault.hits for fault in lost] == [1] * len(names)
    assert world.there("chat") == world.here("chat")
    assert world.states() == {"chat": "in-sync"}


def test_after_a_push_the_next_look_finds_nothing_and_fetches_nothing(azure_world: World, emulator: Emulator) -> None:
    world = azure_world
    world.studio_flow("chat", a_py="one\n", b_py="one\n")
    world.sync()
    world.commit({"flows/chat/a.py": "two\n", "flows/chat/sub/new.py": "new\n", "flows/chat/b.py": None})
    world.sync()
    emulator.reset_counts()
    refs = world.refs()
    assert world.sync().out == "Everything is in sync.\n"
    assert world.refs() == refs
    assert dict(emulator.counts) == {"list": 3}  # the root, the flow, the folder in it


def test_sources_first_then_the_definition_then_the_deletes(azure_world: World, emulator: Emulator) -> None:
    world = azure_world
    world.studio_flow("chat", a_py="one\n", old_py="one\n")
    world.sync()
    world.commit(
        {
            "flows/chat/a.py": "two\n",
            "flows/chat/old.py": None,
            "flows/chat/flow.dag.yaml": DAG + "# two\n",
            "flows/chat/zz.py": "new\n",
        }
    )
    states: list[dict[str, bytes]] = []
    folder = emulator.share_folder("code") / "Users/alice/promptflow/chat"

    def look(event: Event) -> None:
        states.append({path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()})

    emulator.on_request(look)
    world.sync()
    emulator.off_request(look)
    for files in states:
        if files["flow.dag.yaml"].endswith(b"# two\n"):
            assert files["a.py"] == b"two\n" and files["zz.py"] == b"new\n"
        else:
            assert "old.py" in files
        assert files["a.py"] in (b"one\n", b"two\n") and files.get("zz.py", b"new\n") == b"new\n"  # never a part
    assert len({tuple(sorted(files.items())) for files in states}) >= 4


def test_a_save_in_the_middle_of_a_look_is_never_half_believed(azure_world: World, emulator: Emulator) -> None:
    world = azure_world
    world.studio_flow("chat", a_py="one\n", b_py="one\n")
    folder = emulator.share_folder("code") / "Users/alice/promptflow/chat"
    read: list[str] = []

    def studio_saves(event: Event) -> None:
        if event.operation == "get_file" and event.when == "after":
            read.append(event.path)
            if len(read) == 1:  # one file was read as it was before, the others will be as they are after
                for file in folder.glob("*.py"):
                    file.write_text("two\n")

    emulator.on_request(studio_saves)
    world.ends(0, "fetch", "--jobs", "1")
    assert len(read) > 3  # it looked again
    assert {content for path, content in world.here("chat", "studio/chat").items() if path.endswith(".py")} == {
        b"two\n"
    }


def test_a_flow_that_never_holds_still_waits(azure_world: World, emulator: Emulator) -> None:
    world = azure_world
    world.studio_flow("chat", a_py="0\n")
    world.studio_flow("fine", a_py="0\n")
    file = emulator.share_folder("code") / "Users/alice/promptflow/chat/a.py"
    saves = 0

    def studio_saves(event: Event) -> None:
        nonlocal saves
        if event.operation == "list" and event.path.endswith("/chat"):  # before it is listed, and after
            saves += 1
            file.write_text(f"{saves}\n")

    emulator.on_request(studio_saves)
    run = world.sync(code=1)
    assert "Studio is writing to it right now" in run.out
    assert world.tip("studio/chat") is None and world.here("fine")
    emulator.off_request(studio_saves)
    world.sync()
    assert world.here("chat")["a.py"] == f"{saves}\n".encode()


def test_a_root_that_cannot_be_listed_changes_nothing(azure_world: World, emulator: Emulator) -> None:
    world = azure_world
    world.studio_flow("chat", a_py="one\n")
    world.sync()
    before, refs = world.untouched(), world.refs()
    emulator.faults.refuse("list", "*/promptflow", status=403, code="AuthorizationPermissionMismatch", times=None)
    run = world.sync(code=4)
    assert "may not touch" in run.err and "Storage File Data Privileged Contributor" in run.err
    assert (world.untouched(), world.refs()) == (before, refs)


def test_a_share_that_is_busy_for_a_moment_is_asked_again(azure_world: World, emulator: Emulator) -> None:
    world = azure_world
    world.studio_flow("chat", a_py="one\n")
    busy = [
        emulator.faults.refuse(name, status=503, code="ServerBusy", retry_after=0.01) for name in ("list", "get_file")
    ]
    dropped = emulator.faults.drop_before("get_file", skip=1)
    world.sync()
    assert [fault.hits for fault in (*busy, dropped)] == [1, 1, 1]
    assert world.here("chat")["a.py"] == b"one\n"


def test_a_large_file_both_ways(azure_world: World) -> None:
    world = azure_world
    large = os.urandom(1024) * 1024 * 9
    world.studio_flow("chat", large_py=large)
    world.sync()
    assert world.here("chat")["large.py"] == large
    world.commit({"flows/chat/large.py": large + b"more", "flows/chat/new.bin": large, "flows/chat/empty": b""})
    world.sync()
    assert world.there("chat") == world.here("chat") and world.there("chat")["large.py"] == large + b"more"
    assert world.sync().out == "Everything is in sync.\n"


def test_files_of_any_content_and_name(azure_world: World) -> None:
    world = azure_world
    contents: dict[str, bytes] = {
        "empty.txt": b"",
        "crlf.txt": b"one\r\ntwo\r\n",
        "binary.bin": bytes(range(256)),
        "ünï/日本 語.txt": b"x",
        "a'b;c&d$(e)%20+#.txt": b"x",
        "dot.d/.hidden": b"x",
    }
    world.studio(
        {f"chat flow/{path}": content for path, content in {"flow.dag.yaml": DAG.encode(), **contents}.items()}
    )
    world.sync()
    assert {path: world.here("chat flow")[path] for path in contents} == contents
    world.commit({f"flows/chat flow/{path}": content + b"!" for path, content in contents.items()})
    world.sync()
    assert {path: world.there("chat flow")[path] for path in contents} == {
        path: content + b"!" for path, content in contents.items()
    }


def test_a_write_that_failed_and_yet_took_effect_is_settled_by_the_next_look(
    azure_world: World, emulator: Emulator
) -> None:
    world = azure_world
    world.studio_flow("chat", a_py="one\n", b_py="one\n")
    world.sync()
    world.commit({"flows/chat/a.py": "two\n", "flows/chat/flow.dag.yaml": DAG + "# two\n"})
    emulator.faults.drop_after("create_file", "*/a.py")
    emulator.faults.refuse("create_file", "*/a.py", status=403, code="AuthorizationPermissionMismatch", times=None)
    emulator.faults.refuse("head_file", status=403, code="AuthorizationPermissionMismatch", times=None, skip=1)
    emulator.faults.refuse("get_file", status=403, code="AuthorizationPermissionMismatch", times=None)
    world.sync(code=4)
    assert world.share.folder.joinpath("chat/a.py").read_bytes() == b"two\n"  # type: ignore[attr-defined]
    emulator.faults.clear()
    world.sync()
    assert world.there("chat") == world.here("chat") and world.states() == {"chat": "in-sync"}
    assert world.git("rev-list", "--merges", "main") == ""
    assert not list((world.folder / ".git/flowsync/journal").rglob("*.jsonl"))
