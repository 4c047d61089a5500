"""What the world throws at a sync: a clear sentence, the right exit code, and nothing lost."""

import os
import shutil
import socket
import sys
import time
from pathlib import Path

import pytest

from world import DAG, World

DIR_MODE = 0o755


@pytest.fixture
def chat(world: World) -> World:
    """A world with two flows in sync; ``fine`` is there to go on whatever happens to ``chat``."""
    world.studio_flow("chat", a_py="a = 1\n", b_py="b = 1\n")
    world.studio_flow("fine", a_py="a = 1\n")
    world.sync()
    return world


def folder(world: World) -> Path:
    return world.share.folder  # type: ignore[attr-defined, no-any-return]


def goes_on(world: World, code: int, *said: str) -> None:
    """Edits the other flow on both sides, and asserts that a sync lands and pushes it and says what is wrong."""
    number = time.monotonic_ns()
    world.studio({"fine/a.py": f"a = {number}\n"})
    world.commit({"flows/fine/b.py": f"b = {number}\n"})
    run = world.sync(code=code)
    for words in said:
        assert words in run.out, str(run)
    assert world.here("fine")["a.py"] == f"a = {number}\n".encode() == world.there("fine")["a.py"]
    assert world.there("fine")["b.py"] == f"b = {number}\n".encode()


# The share


def test_no_network(world: World) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        world.commit(
            {
                ".flowsync.yaml": f"version: 1\nremotes:\n  studio:\n    share: http://127.0.0.1:{port}/devstoreaccount1/code?user=a\n"
            }
        )
        run = world.ends(4, "sync")
    assert "does not answer" in run.err and "check the network" in run.err


def test_a_share_that_is_a_file(world: World) -> None:
    folder(world).rmdir()
    folder(world).write_text("no folder")
    run = world.ends(4, "sync")
    assert "is not a folder" in run.err


def test_a_folder_that_may_not_be_read(chat: World) -> None:
    if os.getuid() == 0:
        pytest.skip("root may read everything")
    (folder(chat) / "chat").chmod(0)
    try:
        goes_on(chat, 4, "failed", "may not be read")
    finally:
        (folder(chat) / "chat").chmod(DIR_MODE)
    assert chat.here("chat")["a.py"] == b"a = 1\n"


def test_a_flow_that_cannot_be_listed_is_said_before_it_was_ever_seen(chat: World) -> None:
    new = folder(chat) / "new"
    new.mkdir()
    (new / "sub").symlink_to(new)  # a loop is a link, which is no folder
    (new / "flow.dag.yaml").write_text(DAG)
    goes_on(chat, 1, "problem", "sub: it is a link")


def test_a_flow_folder_that_vanishes(chat: World) -> None:
    chat.studio({"chat": None})
    goes_on(chat, 1, "the whole flow is gone from Studio")
    assert chat.here("chat")
    chat.ends(0, "resolve", "chat", "--ours")
    chat.sync()
    assert chat.there("chat") == chat.here("chat")


def test_all_flows_gone_at_once(chat: World) -> None:
    chat.studio({"chat": None, "fine": None})
    refs = chat.refs()
    for command in ("fetch", "pull", "sync"):
        run = chat.ends(4, command)
        assert "none of the 2 flows" in run.err and "--accept-deletes" in run.err
    assert chat.refs() == refs
    assert "bad" in chat.run("doctor").out
    chat.sync("--accept-deletes", "chat", "--accept-deletes", "fine")
    assert chat.states() == {}


def test_the_definition_alone_is_gone(chat: World) -> None:
    chat.studio({"chat/flow.dag.yaml": None})
    chat.sync()
    assert set(chat.here("chat")) == {"a.py", "b.py"}
    chat.ends(0, "restore", "chat", "--at", "main~1")
    chat.sync()
    assert chat.there("chat")["flow.dag.yaml"] == DAG.encode()


# Names


BAD_HERE = {
    "con.py": "reserve",
    "a:b.py": "forbid",
    "what?.py": "forbid",
    "ends.": "ends with a dot",
    "ends ": "ends with a dot or a blank",
    "back\\slash.py": "forbid",
    "new\nline.py": "forbid",
    "esc\x1b[31m.py": "forbid",
    b"caf\xe9.py".decode("utf-8", "surrogateescape"): "forbid",
    "sub/nul": "reserve",
    "x" * 300 + "/y": "",
}


@pytest.mark.parametrize("name", [name for name in BAD_HERE if len(name) < 200], ids=ascii)
def test_a_name_here_that_the_share_forbids(chat: World, name: str) -> None:
    chat.commit({f"flows/chat/{name}": "content\n"})
    before = chat.share.files()
    goes_on(chat, 1, "problem", BAD_HERE[name], "rename it")
    after = chat.share.files()
    assert {path: after[path] for path in before if path.startswith("chat")} == {
        path: content for path, content in before.items() if path.startswith("chat")
    }
    assert "\x1b" not in chat.run("sync").out + chat.run("status").out
    chat.git("rm", "--quiet", "-r", "flows/chat/" + name.partition("/")[0])
    chat.git("commit", "--quiet", "-m", "renamed")
    chat.sync()


@pytest.mark.parametrize(
    "name", ["con.py", "a:b.py", "ends.", b"caf\xe9.py".decode("utf-8", "surrogateescape")], ids=ascii
)
def test_a_name_there_that_not_every_system_can_hold(chat: World, name: str) -> None:
    (folder(chat) / "chat" / name).write_text("content\n")
    before = chat.here("chat")
    goes_on(chat, 1, "problem", "its name", "rename it")
    assert chat.here("chat") == before
    assert chat.state("chat")["state"] == "problem"
    (folder(chat) / "chat" / name).unlink()
    chat.sync()


def test_names_that_differ_only_in_case_or_form(chat: World) -> None:
    for first, second in (("Data.csv", "data.csv"), ("caf\u00e9.txt", "cafe\u0301.txt"), ("Sub/x", "sub/y")):
        chat.studio({f"chat/{first}": "1\n", f"chat/{second}": "2\n"})
        goes_on(chat, 1, "problem", "differ only in case")
        assert {first, second} & chat.here("chat").keys() == set()
        assert chat.there("chat")[first] == b"1\n" and chat.there("chat")[second] == b"2\n"
        chat.studio({f"chat/{first}": None, f"chat/{second}": None})
        chat.commit({f"flows/chat/{first}": "1\n", f"flows/chat/{second}": "2\n"})
        goes_on(chat, 1, "problem", "differ only in case")
        assert {first, second} & chat.there("chat").keys() == set()
        chat.git("reset", "--quiet", "--hard", "HEAD~2")
        chat.run("sync")


def test_a_twin_that_appears_deletes_nothing(chat: World) -> None:
    chat.studio({"chat/A.py": "a twin\n"})
    goes_on(chat, 1, "differ only in case")
    assert chat.here("chat", "studio/chat")["a.py"] == b"a = 1\n"
    (chat.folder / ".git/flowsync/cache.db").unlink()  # which is where the problem was written down
    assert "a.py" in chat.here("chat")
    assert chat.states()["chat"] == "in-sync"


def test_flows_whose_names_differ_only_in_case(chat: World) -> None:
    chat.studio_flow("Chat", a_py="another\n")
    goes_on(chat, 1, "Chat and chat differ only in case")
    assert chat.here("chat")["a.py"] == b"a = 1\n" and not chat.here("Chat")
    chat.studio({"Chat": None})
    chat.sync()
    chat.commit({"flows/CHAT/flow.dag.yaml": DAG})
    goes_on(chat, 1, "CHAT and chat differ only in case")
    assert not chat.there("CHAT")


@pytest.mark.parametrize(
    "name", ["con", "a:b", "ends.", b"caf\xe9".decode("utf-8", "surrogateescape"), "x " * 100 + "x"], ids=ascii
)
def test_a_flow_of_a_name_that_cannot_be(chat: World, name: str) -> None:
    (folder(chat) / name).mkdir()
    (folder(chat) / name / "flow.dag.yaml").write_text(DAG)
    goes_on(chat, 1, "problem", "name")
    (folder(chat) / name / "flow.dag.yaml").unlink()
    (folder(chat) / name).rmdir()
    chat.sync()
    chat.commit({f"flows/{name}/flow.dag.yaml": DAG})
    goes_on(chat, 1, "problem", "name")
    assert not any(path.startswith(name) for path in chat.share.files())


def test_a_link_out_of_the_flow(chat: World, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret\n")
    (folder(chat) / "chat" / "leak.txt").symlink_to(secret)
    (folder(chat) / "chat" / "leak").symlink_to(tmp_path)
    goes_on(chat, 1, "problem", "it is a link, and links are never followed")
    assert not chat.reaches("secret\n")
    (folder(chat) / "chat" / "leak.txt").unlink()
    (folder(chat) / "chat" / "leak").unlink()
    chat.sync()
    # a link in the branch
    (chat.folder / "flows/chat/leak.txt").symlink_to(secret)
    chat.git("add", "flows/chat/leak.txt")
    chat.git("commit", "--quiet", "-m", "a link")
    goes_on(chat, 1, "is a symbolic link, which Azure Files cannot hold")
    assert "leak.txt" not in chat.there("chat")
    assert (chat.folder / "flows/chat/leak.txt").is_symlink()


def test_a_flow_that_becomes_a_link(chat: World, tmp_path: Path) -> None:
    (folder(chat) / "chat").rename(tmp_path / "moved")
    (folder(chat) / "chat").symlink_to(tmp_path / "moved")
    goes_on(chat, 1, "problem", "it is a link")
    assert chat.here("chat") and chat.here("chat", "studio/chat")


def test_a_link_that_an_ignore_file_keeps_out_is_no_problem(chat: World, tmp_path: Path) -> None:
    chat.studio({"chat/.amlignore": "env\n"})
    (folder(chat) / "chat" / "env").symlink_to(tmp_path)
    chat.sync()
    assert chat.states()["chat"] == "in-sync"


def test_a_nested_repository(chat: World) -> None:
    chat.studio({"chat/.git/config": "[core]\n", "chat/sub/.GIT/hooks/post-checkout": "#!/bin/sh\n", "chat/.git ": "x"})
    chat.run("sync")
    assert not any(".git" in path.lower() for path in chat.here("chat"))
    assert chat.there("chat")[".git/config"] == b"[core]\n"
    # a gitlink in the branch
    sha = chat.tip()
    chat.git("update-index", "--add", "--cacheinfo", f"160000,{sha},flows/chat/module")
    chat.git("commit", "--quiet", "-m", "a submodule")
    (chat.folder / "flows/chat/module").mkdir()
    goes_on(chat, 1, "problem", "module: is a nested repository")


# Content


def test_a_large_file_both_ways(chat: World) -> None:
    large = os.urandom(1024) * 1024 * 100  # 100 MB that pack well
    chat.studio({"chat/large.bin": large})
    chat.sync()
    assert int(chat.git("cat-file", "-s", "main:flows/chat/large.bin")) == len(large)
    chat.commit({"flows/chat/large.bin": large + b"more"})
    chat.sync()
    assert (folder(chat) / "chat/large.bin").read_bytes() == large + b"more"
    assert chat.states()["chat"] == "in-sync"


def test_a_file_of_nuls_waits_because_an_upload_may_be_in_progress(chat: World) -> None:
    chat.studio({"chat/a.py": b"\0" * 100})
    before = chat.tip("studio/chat")
    goes_on(chat, 1, "held", "a.py holds nothing but NUL bytes: an upload may be in progress")
    assert chat.tip("studio/chat") == before
    assert chat.state("chat")["state"] == "held"
    chat.studio({"chat/a.py": "a = 2\n"})
    chat.sync()
    assert chat.here("chat")["a.py"] == b"a = 2\n"


def test_a_file_of_nuls_that_stays_is_what_studio_holds(chat: World) -> None:
    chat.studio({"chat/a.py": b"\0" * 100})
    chat.sync(code=1)
    old = time.time() - 60
    os.utime(folder(chat) / "chat/a.py", (old, old))
    chat.sync()
    assert chat.here("chat")["a.py"] == b"\0" * 100


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody can tell who has a file open")
def test_a_file_that_is_being_written_is_not_believed_by_halves(chat: World) -> None:
    before = chat.tip("studio/chat")
    chat.commit({"flows/chat/a.py": "mine\n"})
    with (folder(chat) / "chat/b.py").open("wb") as slow:
        goes_on(chat, 1, "held", "b.py is open in a program that writes to it: an upload may be in progress")
        slow.write(b"first ")
        slow.flush()
        chat.sync(code=1)
        slow.write(b"and last\n")
        assert chat.tip("studio/chat") == before
    chat.sync()
    assert chat.here("chat") | {"flow.dag.yaml": b""} == {
        "a.py": b"mine\n",
        "b.py": b"first and last\n",
        "flow.dag.yaml": b"",
    }
    assert [said for said in chat.subjects() if "b.py" in said] == ["chat: edit b.py in Studio"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody can tell who has a file open")
def test_a_file_that_is_open_for_ever_is_what_studio_holds(chat: World) -> None:
    with (folder(chat) / "chat/log.txt").open("ab") as logger:
        logger.write(b"a line\n")
        logger.flush()
        chat.sync(code=1)
        old = time.time() - 60
        os.utime(folder(chat) / "chat/log.txt", (old, old))
        chat.sync()
    assert chat.here("chat")["log.txt"] == b"a line\n"


def test_a_definition_that_does_not_parse_waits_and_is_believed_in_the_end(chat: World) -> None:
    chat.studio({"chat/flow.dag.yaml": "inputs: {unfinished"})
    goes_on(chat, 1, "flow.dag.yaml does not parse")
    old = time.time() - 60
    os.utime(folder(chat) / "chat/flow.dag.yaml", (old, old))
    chat.sync()
    assert chat.here("chat")["flow.dag.yaml"] == b"inputs: {unfinished"


def test_a_new_flow_that_is_not_believed_yet_is_shown(chat: World) -> None:
    """It was named by the look that held it, and then by nothing: status said that there was no such flow."""
    chat.studio({"new/flow.dag.yaml": "inputs: {unfinished"})
    goes_on(chat, 1, "held", "flow.dag.yaml does not parse")
    assert chat.states() == {"chat": "in-sync", "fine": "in-sync", "new": "held"}
    assert "does not parse" in chat.ends(1, "status", "new", "--check").out
    row = chat.state("new")
    assert "does not parse" in row["hold"]["reason"] and row["studio"]["state"] == "new" and not row["studio"]["commit"]
    for said in ("log", "diff", "pull", "push"):  # as of any other flow
        assert "no flow is called" not in str(chat.run(said, "new"))
    assert chat.here("new") == {} and "does not parse" in chat.ends(1, "sync", "new").out
    old = time.time() - 60
    os.utime(folder(chat) / "new/flow.dag.yaml", (old, old))
    chat.sync()
    assert chat.states()["new"] == "in-sync"


@pytest.mark.parametrize("look", [("fetch",), ("fetch", "new")])
def test_a_new_flow_that_is_gone_before_it_was_believed_is_forgotten(chat: World, look: tuple[str, ...]) -> None:
    chat.studio({"new/flow.dag.yaml": "inputs: {unfinished"})
    chat.ends(1, "fetch")
    shutil.rmtree(folder(chat) / "new")
    gone = chat.run(*look)
    assert gone.code == (2 if "new" in look else 0), str(gone)
    assert "new" not in chat.states()


def test_a_new_flow_whose_name_cannot_be_is_shown(chat: World) -> None:
    chat.studio_flow("CHAT", a_py="a = 'another'\n")
    goes_on(chat, 1, "problem", "CHAT")
    assert chat.states() == {"chat": "problem", "CHAT": "problem", "fine": "in-sync"}
    assert "CHAT" in chat.ends(1, "status", "--check").out
    shutil.rmtree(folder(chat) / "CHAT")
    chat.sync()
    assert chat.states() == {"chat": "in-sync", "fine": "in-sync"}


def test_a_date_in_the_far_future_holds_nothing_for_ever(chat: World) -> None:
    chat.studio({"chat/a.py": b"\0" * 100})
    future = time.time() + 10**8
    os.utime(folder(chat) / "chat/a.py", (future, future))
    chat.sync()
    assert chat.here("chat")["a.py"] == b"\0" * 100


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"a: &a [*a]\n", b"\xff\xfe\x00", b"x: " + b"y" * 2_000_000, b"&a " * 9999], ids=len
)
def test_a_hostile_definition_is_content_like_any_other(chat: World, content: bytes) -> None:
    chat.studio({"chat/flow.dag.yaml": content})
    old = time.time() - 60
    os.utime(folder(chat) / "chat/flow.dag.yaml", (old, old))
    goes_on(chat, 0)
    assert chat.here("chat")["flow.dag.yaml"] == content


def test_a_share_that_a_person_swapped_for_another(chat: World) -> None:
    old = chat.share.files()
    folder(chat).rename(folder(chat).with_name("before"))
    folder(chat).mkdir()
    chat.studio_flow("fine", a_py="of another share\n")
    chat.run("sync")
    assert chat.here("chat") and chat.reaches(old["fine/a.py"])


def test_a_repository_that_is_none(tmp_path: Path, git_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from flowsync.cli import main

    assert main(["-C", str(tmp_path), "status"]) == 3
    assert "is not in a Git repository" in capsys.readouterr().err
    assert main(["-C", str(tmp_path / "nowhere"), "status"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_repository_of_sha_256_is_refused(tmp_path: Path, world: World) -> None:
    world.git("init", "--quiet", "--object-format=sha256", str(tmp_path / "new"))
    run = World(tmp_path / "new", share=world.share).ends(3, "init", "--share", world.share.url)
    assert "SHA-256" in run.err


def test_a_bare_repository_is_refused(tmp_path: Path, world: World) -> None:
    world.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    assert "bare" in World(tmp_path / "bare", share=world.share).ends(3, "status").err


def test_no_git_or_a_git_that_cannot_start_is_said(world: World, tmp_path: Path) -> None:
    run = world.process("status", env={"PATH": str(tmp_path)})
    assert run.code == 3 and "it is not on the PATH" in run.err, str(run)
    Path(os.environ["GIT_CONFIG_GLOBAL"]).write_text("[user\n")
    run = world.process("status")
    assert run.code == 3 and "bad config line 1" in run.err, str(run)
