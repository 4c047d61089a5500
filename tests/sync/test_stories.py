"""What users really live through, one story each, on a share that is a folder."""

import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from flowsync.journal import Intent, Journal
from flowsync.sync.conductor import Conductor
from flowsync.sync.opened import linked
from world import DAG, FolderStudio, Repo, World


@pytest.fixture
def chat(world: World) -> World:
    """A world whose flow ``chat`` is in sync."""
    world.studio_flow("chat", a_py="a = 1\n", b_py="b = 1\n", c_py="c = 1\n")
    world.sync()
    return world


def in_sync(world: World, name: str = "chat") -> None:
    """Asserts that both sides hold the same and another sync does nothing."""
    assert world.here(name) == world.there(name)
    refs = world.refs()
    assert world.sync().out == "Everything is in sync.\n"
    assert world.refs() == refs
    assert world.states()[name] == "in-sync"


def conflict(world: World) -> None:
    world.commit({"flows/chat/a.py": "a = 'here'\n"})
    world.studio({"chat/a.py": "a = 'studio'\n"})
    run = world.sync(code=1)
    assert "both sides changed a.py" in run.out and "flowsync resolve chat" in run.out
    assert world.here("chat")["a.py"] == b"a = 'here'\n" and world.there("chat")["a.py"] == b"a = 'studio'\n"


# Conflicts


@pytest.mark.parametrize(("side", "wins"), [("--ours", b"a = 'here'\n"), ("--theirs", b"a = 'studio'\n")])
def test_resolve_takes_a_side_where_both_changed_the_same_and_joins_the_rest(
    chat: World, side: str, wins: bytes
) -> None:
    chat.studio({"chat/b.py": "b = 'studio'\n"})
    chat.write({"flows/chat/c.py": "c = 'here'\n"})
    chat.git("add", "flows/chat/c.py")
    conflict(chat)
    run = chat.ends(0, "resolve", "chat", side)
    assert "merged" in run.out
    assert len(chat.git("rev-list", "--parents", "-n1", "main").split()) == 3
    chat.sync()
    files = chat.here("chat")
    assert (files["a.py"], files["b.py"], files["c.py"]) == (wins, b"b = 'studio'\n", b"c = 'here'\n")
    in_sync(chat)
    assert chat.reaches("a = 'here'\n") and chat.reaches("a = 'studio'\n")


def test_resolve_with_a_tool(chat: World) -> None:
    conflict(chat)
    chat.git("config", "merge.tool", "joiner")
    chat.git("config", "mergetool.joiner.cmd", 'cat "$LOCAL" "$REMOTE" > "$MERGED"')
    chat.git("config", "mergetool.joiner.trustExitCode", "true")
    chat.git("config", "mergetool.keepBackup", "false")
    before = chat.untouched()
    chat.ends(0, "resolve", "chat", "--tool")
    assert chat.here("chat")["a.py"] == b"a = 'here'\na = 'studio'\n"
    assert chat.untouched()["config"] == before["config"]
    assert len(chat.git("worktree", "list").splitlines()) == 1
    chat.sync()
    in_sync(chat)


def test_a_tool_that_fails_leaves_everything_as_it_was(chat: World) -> None:
    conflict(chat)
    chat.git("config", "mergetool.no.cmd", "false")
    chat.git("config", "mergetool.no.trustExitCode", "true")
    before = chat.untouched()
    run = chat.ends(1, "resolve", "chat", "--tool", "no")
    assert "nothing was changed" in run.out
    assert chat.untouched() == before and chat.state("chat")["state"] == "conflict"


def test_a_merge_by_hand_settles_a_conflict(chat: World) -> None:
    conflict(chat)
    chat.git("merge", "studio/chat", ok=False)
    chat.commit({"flows/chat/a.py": "a = 'both'\n"}, "merged by hand")
    chat.sync()
    assert chat.there("chat")["a.py"] == b"a = 'both'\n"
    in_sync(chat)


def test_resolving_what_is_no_conflict_says_so(chat: World) -> None:
    assert "nothing to resolve" in chat.ends(1, "resolve", "chat", "--ours").out
    assert "no flow is called nope" in chat.ends(2, "resolve", "nope", "--ours").err


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
def test_one_side_edits_and_the_other_deletes_a_file(chat: World, side: str) -> None:
    chat.commit({"flows/chat/a.py": None})
    chat.studio({"chat/a.py": "a = 'studio'\n"})
    chat.sync(code=1)
    chat.ends(0, "resolve", "chat", side)
    chat.sync()
    assert chat.here("chat").get("a.py") == (None if side == "--ours" else b"a = 'studio'\n")
    in_sync(chat)


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
def test_one_side_edits_and_the_other_deletes_the_whole_flow(chat: World, side: str) -> None:
    chat.git("rm", "--quiet", "-r", "flows/chat")
    chat.git("commit", "--quiet", "-m", "no more chat")
    chat.studio({"chat/a.py": "a = 'studio'\n"})
    assert "conflict" in chat.sync(code=1).out
    chat.ends(0, "resolve", "chat", side)
    if side == "--ours":
        chat.sync(code=1)
        chat.sync("--accept-deletes", "chat")
        assert not chat.there("chat") and chat.reaches("a = 'studio'\n")
        assert chat.states() == {}
    else:
        chat.sync()
        in_sync(chat)
        assert chat.here("chat")["a.py"] == b"a = 'studio'\n"


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
def test_a_file_here_and_a_folder_of_that_name_there(chat: World, side: str) -> None:
    chat.commit({"flows/chat/new": "a file\n"})
    chat.studio({"chat/new/inner.py": "in a folder\n"})
    chat.sync(code=1)
    chat.ends(0, "resolve", "chat", side)
    files = chat.here("chat")
    assert {path: content for path, content in files.items() if path.startswith("new")} == (
        {"new": b"a file\n"} if side == "--ours" else {"new/inner.py": b"in a folder\n"}
    )
    chat.sync()
    in_sync(chat)


def test_both_sides_rename_a_file_to_different_names(chat: World) -> None:
    body = "".join(f"line {number}\n" for number in range(30))
    chat.studio({"chat/long.py": body})
    chat.sync()
    chat.commit({"flows/chat/long.py": None, "flows/chat/mine.py": body + "mine\n"})
    chat.studio({"chat/long.py": None, "chat/theirs.py": body + "theirs\n"})
    chat.run("sync")
    if chat.state("chat")["state"] == "conflict":
        chat.ends(0, "resolve", "chat", "--ours")
    chat.sync()
    in_sync(chat)
    assert chat.reaches(body + "mine\n") and chat.reaches(body + "theirs\n")


def test_edits_of_different_lines_are_joined_and_nobody_is_asked(chat: World) -> None:
    lines = [f"line {number}\n" for number in range(9)]
    chat.studio({"chat/a.py": "".join(lines)})
    chat.sync()
    chat.commit({"flows/chat/a.py": "".join(["here\n", *lines[1:]])})
    chat.studio({"chat/a.py": "".join([*lines[:-1], "studio\n"])})
    assert "merged" in chat.sync().out
    assert chat.there("chat")["a.py"] == "".join(["here\n", *lines[1:-1], "studio\n"]).encode()
    in_sync(chat)


def test_the_same_edit_on_both_sides_is_no_conflict(chat: World) -> None:
    chat.commit({"flows/chat/a.py": "a = 2\n"})
    chat.studio({"chat/a.py": "a = 2\n"})
    before = chat.tip()
    chat.sync()
    assert chat.tip() == before
    in_sync(chat)


# A branch that is rewritten


def test_an_amended_message_is_no_edit(chat: World) -> None:
    chat.commit({"flows/chat/a.py": "a = 2\n"})
    chat.sync()
    pushed = chat.tip()
    chat.git("commit", "--quiet", "--amend", "-m", "a better message")
    assert chat.sync().out == "Everything is in sync.\n"
    chat.studio({"chat/b.py": "b = 2\n"})
    chat.sync()
    assert chat.subjects()[:2] == ["chat: edit b.py in Studio", "a better message"]
    in_sync(chat)
    assert pushed in chat.git("rev-list", "--all").split()


def test_an_amended_edit_is_pushed(chat: World) -> None:
    chat.commit({"flows/chat/a.py": "a = 2\n"})
    chat.sync()
    pushed = chat.tip()
    chat.write({"flows/chat/a.py": "a = 3\n"})
    chat.git("commit", "--quiet", "--amend", "-a", "-m", "amended")
    assert "pushed" in chat.sync().out
    assert chat.there("chat")["a.py"] == b"a = 3\n"
    in_sync(chat)
    assert pushed in chat.git("rev-list", "--all").split()


def test_a_rebase_of_what_was_pushed_is_no_conflict(chat: World) -> None:
    chat.git("branch", "old")
    chat.commit({"flows/chat/a.py": "a = 2\n"}, "pushed")
    chat.sync()
    chat.git("checkout", "--quiet", "old")
    chat.commit({"README.md": "elsewhere\n"})
    chat.git("checkout", "--quiet", "main")
    chat.git("rebase", "--quiet", "old")
    assert chat.sync().out == "Everything is in sync.\n"
    chat.studio({"chat/b.py": "b = 2\n"})
    chat.commit({"flows/chat/c.py": "c = 2\n"})
    chat.sync()
    in_sync(chat)


def test_what_was_pushed_and_squashed_stays_reachable(chat: World) -> None:
    chat.commit({"flows/chat/a.py": "first push\n"})
    chat.sync()
    chat.commit({"flows/chat/a.py": "second push\n"})
    chat.sync()
    chat.git("reset", "--quiet", "--soft", "HEAD~2")
    chat.git("commit", "--quiet", "-m", "squashed")
    chat.studio({"chat/b.py": "b = 2\n"})
    chat.sync()
    in_sync(chat)
    assert chat.reaches("first push\n")  # Studio held it, and a push replaced it


def test_a_reset_takes_back_nothing_in_studio(chat: World) -> None:
    chat.commit({"flows/chat/a.py": "a = 2\n", "README.md": "not for Studio\n"}, "pushed")
    chat.sync()
    chat.git("reset", "--quiet", "--hard", "HEAD~1")
    assert chat.states() == {"chat": "studio-ahead"}
    chat.sync()
    assert chat.here("chat")["a.py"] == b"a = 2\n" and "README.md" not in chat.files()
    in_sync(chat)


def test_what_came_after_a_commit_that_was_reset_away_does_not_bring_it_back(chat: World) -> None:
    """The save of another flow stands on it; and what is gone on both sides stays so."""
    chat.commit({"flows/chat/d.py": "gone soon\n", "README.md": "read me\n"}, "pushed")
    chat.studio_flow("other", a_py="a = 1\n")
    chat.sync()
    chat.git("reset", "--quiet", "--hard", "HEAD~2")
    chat.share.delete("chat/d.py")
    chat.sync()
    assert "d.py" not in chat.here("chat") and "README.md" not in chat.files()
    in_sync(chat, "other")
    in_sync(chat)
    assert chat.reaches("gone soon\n")


def test_a_revert_takes_it_back(chat: World) -> None:
    chat.commit({"flows/chat/a.py": "a = 2\n"})
    chat.sync()
    chat.git("revert", "--no-edit", "HEAD")
    chat.sync()
    assert chat.there("chat")["a.py"] == b"a = 1\n"
    in_sync(chat)


def test_restore_brings_back_what_either_side_ever_held(chat: World) -> None:
    held = chat.tip()
    chat.studio({"chat/a.py": "a = 2\n", "chat/d.py": "new\n"})
    chat.sync()
    chat.ends(0, "restore", "chat", "--at", str(held))
    assert chat.here("chat") == chat.here("chat", str(held))
    chat.sync()
    in_sync(chat)
    assert "already as" in chat.ends(1, "restore", "chat", "--at", str(held)).out
    assert "is no commit" in chat.ends(2, "restore", "chat", "--at", "nowhere").err
    assert "is no commit" in chat.ends(2, "restore", "chat", "--at=--all").err
    first = chat.git("rev-list", "--max-parents=0", "main")
    assert "holds no flow called chat" in chat.ends(2, "restore", "chat", "--at", first).err


# Moves and names


def test_a_file_becomes_a_folder_and_back(chat: World) -> None:
    chat.git("rm", "--quiet", "flows/chat/a.py")
    chat.commit({"flows/chat/a.py/inner.py": "inner\n"})
    chat.sync()
    assert chat.there("chat")["a.py/inner.py"] == b"inner\n"
    in_sync(chat)
    chat.git("rm", "--quiet", "-r", "flows/chat/a.py")
    chat.commit({"flows/chat/a.py": "a file again\n"})
    chat.sync()
    in_sync(chat)
    assert chat.there("chat")["a.py"] == b"a file again\n"
    # and the other way round
    chat.studio({"chat/b.py": None, "chat/b.py/inner.py": "inner\n"})
    chat.sync()
    in_sync(chat)
    chat.studio({"chat/b.py": None})
    chat.studio({"chat/b.py": "a file again\n"})
    chat.sync()
    in_sync(chat)


def test_a_folder_with_generated_files_becomes_a_file(chat: World) -> None:
    chat.studio({"chat/lib/x.py": "x\n"})
    chat.sync()
    chat.commit({"flows/chat/lib/__pycache__/x.pyc": "compiled\n"})
    chat.studio({"chat/lib": None})
    chat.studio({"chat/lib": "a file now\n"})
    run = chat.sync()
    assert "landed" in run.out
    assert chat.here("chat")["lib"] == b"a file now\n"


def test_a_name_changes_only_its_case(chat: World) -> None:
    chat.git("mv", "flows/chat/a.py", "flows/chat/A.py")
    chat.git("commit", "--quiet", "-m", "louder")
    chat.sync()
    assert {"A.py"} == {path for path in chat.there("chat") if path.lower() == "a.py"}
    in_sync(chat)
    chat.studio({"chat/A.py": None, "chat/a.py": "a = 1\n"})
    chat.sync()
    in_sync(chat)


@pytest.mark.parametrize(
    "name", ["two words", "Ünïcödé 日本", "a.b..c", ".dotted", "HEAD", "@", "x.lock", "50%", "-n", "a@{b}", "~x^y"]
)
def test_flows_of_any_name_that_the_share_allows(world: World, name: str) -> None:
    world.studio_flow(name, a_py="a = 1\n")
    world.studio_flow("plain", a_py="a = 1\n")
    world.sync()
    world.commit({f"flows/{name}/a.py": "a = 2\n"})
    world.studio({f"{name}/b.py": "b = 1\n"})
    world.sync()
    in_sync(world, name)
    assert world.state(name)["studio"]["ref"] in world.refs()
    assert world.git("diff", "main", world.state(name)["studio"]["ref"]) == ""


def test_files_of_any_content_and_name(chat: World) -> None:
    files: dict[str, str | bytes | None] = {
        "empty.txt": b"",
        "crlf.txt": b"one\r\ntwo\r\n",
        "mixed.txt": b"one\r\ntwo\nthree\r",
        "binary.bin": bytes(range(256)) * 9,
        "latin.txt": "café".encode("latin-1"),
        "no newline": b"x",
        "ünï/日本 語.txt": "ü",
        "-rf": b"x",
        "a'b;c&d$(e).txt": b"x",
    }
    chat.write({".gitattributes": "* text=auto eol=crlf\n*.bin filter=lfs\n"})
    chat.git("config", "core.autocrlf", "true")
    chat.git("add", ".gitattributes")
    chat.git("commit", "--quiet", "-m", "attributes that would alter everything")
    chat.studio({f"chat/{path}": content for path, content in files.items()})
    chat.sync()
    assert {path: chat.here("chat")[path] for path in files} == {path: _raw(content) for path, content in files.items()}
    chat.git("-c", "core.autocrlf=false", "mv", "flows/chat/crlf.txt", "flows/chat/moved.txt")
    chat.git("commit", "--quiet", "-m", "moved")
    chat.sync()
    assert chat.there("chat")["moved.txt"] == b"one\r\ntwo\r\n"
    assert chat.here("chat") == chat.there("chat")


def _raw(content: str | bytes | None) -> bytes:
    return content.encode() if isinstance(content, str) else content or b""


def test_the_executable_bit_is_gits_own(chat: World) -> None:
    chat.git("update-index", "--chmod=+x", "flows/chat/a.py")
    chat.git("commit", "--quiet", "-m", "executable")
    chat.git("checkout", "--", "flows")
    assert chat.sync().out == "Everything is in sync.\n"
    chat.studio({"chat/a.py": "a = 2\n"})
    chat.sync()
    assert chat.git("ls-tree", "main", "flows/chat/a.py").startswith("100755")
    assert (chat.folder / "flows/chat/a.py").stat().st_mode & stat.S_IXUSR


# What never syncs


def test_generated_and_secret_files_stay_where_they_are(chat: World) -> None:
    local = {
        ".env": "KEY=1",
        ".promptflow/flow.log": "log",
        "__pycache__/a.pyc": "c",
        ".promptflow/flow.tools.json": "{}",
    }
    chat.commit({f"flows/chat/{path}": content for path, content in local.items()})
    chat.studio({"chat/.runs/x": "run", "chat/.env": "OTHER=2"})
    chat.sync()
    assert chat.there("chat").keys() - chat.here("chat").keys() == {".runs/x"}
    assert chat.there("chat")[".env"] == b"OTHER=2" and chat.here("chat")[".env"] == b"KEY=1"
    assert ".promptflow/flow.tools.json" in chat.there("chat") and ".promptflow/flow.log" not in chat.there("chat")


def test_ignoring_a_file_never_deletes_it_anywhere(chat: World) -> None:
    chat.studio({"chat/data.csv": "1,2\n"})
    chat.sync()
    chat.git("rm", "--quiet", "--cached", "flows/chat/data.csv")
    chat.commit({"flows/chat/.gitignore": "*.csv\n"})
    chat.sync()
    assert chat.there("chat")["data.csv"] == b"1,2\n" and chat.there("chat")[".gitignore"] == b"*.csv\n"
    assert chat.sync().out == "Everything is in sync.\n"
    # and counting it again
    (chat.folder / "flows/chat/data.csv").unlink()
    chat.commit({"flows/chat/.gitignore": None})
    chat.sync()
    chat.sync()
    assert chat.here("chat")["data.csv"] == chat.there("chat")["data.csv"] == b"1,2\n"
    in_sync(chat)


# Several of everything


def test_modes_of_a_remote_and_of_a_flow(world: World) -> None:
    for name in ("see", "take", "both"):
        world.studio_flow(name, a_py="a = 1\n")
    world.sync()
    world.link(mode="sync", flows={"see": {"mode": "observe"}, "take": {"mode": "pull"}})
    world.studio({f"{name}/a.py": "a = 2\n" for name in ("see", "take", "both")})
    run = world.sync(code=1)
    assert "its mode is observe" in run.out
    assert [world.here(name)["a.py"] for name in ("see", "take", "both")] == [b"a = 1\n", b"a = 2\n", b"a = 2\n"]
    assert world.here("see", "studio/see")["a.py"] == b"a = 2\n"
    world.commit({f"flows/{name}/a.py": "a = 3\n" for name in ("see", "take", "both")})
    world.sync(code=1)
    assert [world.there(name)["a.py"] for name in ("see", "take", "both")] == [b"a = 2\n", b"a = 2\n", b"a = 3\n"]
    world.link(mode="observe", flows={"both": {}})
    world.commit({"flows/both/a.py": "a = 4\n"})
    assert "its mode is observe" in world.ends(1, "push", "both").out


def test_several_remotes_in_one_repository(world: World, tmp_path: Path) -> None:
    second = FolderStudio(tmp_path / "share2" / "Users" / "bob" / "promptflow")
    world.ends(0, "init", "--share", second.url, "--path", "bobs", "--remote", "bob")
    world.git("commit", "--quiet", "-am", "link to Bob")
    world.studio_flow("chat", a_py="alice's\n")
    second.save("chat/flow.dag.yaml", DAG.encode())
    second.save("chat/a.py", b"bob's\n")
    world.sync()
    world.sync("--remote", "bob")
    assert world.files()["flows/chat/a.py"] == b"alice's\n" and world.files()["bobs/chat/a.py"] == b"bob's\n"
    world.commit({"bobs/chat/a.py": "changed\n"})
    assert world.sync().out == "Everything is in sync.\n"
    world.sync("--remote", "bob")
    assert second.files()["chat/a.py"] == b"changed\n" and world.there("chat")["a.py"] == b"alice's\n"
    assert "has no remote 'carol'" in world.ends(2, "sync", "--remote", "carol").err


def test_flows_at_the_root_of_the_repository(unlinked: World) -> None:
    unlinked.path = ""
    unlinked.link()
    unlinked.commit({"README.md": "mine\n", "src/x.py": "mine\n"})
    unlinked.studio_flow("chat", a_py="a = 1\n")
    unlinked.sync()
    unlinked.commit({"chat/a.py": "a = 2\n"})
    unlinked.sync()
    in_sync(unlinked)
    assert set(unlinked.share.files()) == {"chat/flow.dag.yaml", "chat/a.py"}
    unlinked.write({"README.md": "unsaved\n"})
    unlinked.studio({"chat/a.py": "a = 3\n"})
    unlinked.sync()
    assert (unlinked.folder / "README.md").read_text() == "unsaved\n"


def test_two_clones_on_one_share(chat: World, tmp_path: Path) -> None:
    Repo(tmp_path).git("clone", "--quiet", str(chat.folder), "second")
    other = World(tmp_path / "second", share=chat.share)
    other.sync()
    assert other.tip() == chat.tip()
    chat.studio({"chat/a.py": "a = 2\n"})
    chat.ends(0, "fetch")
    other.ends(0, "fetch")
    assert chat.tip("studio/chat") == other.tip("studio/chat")  # the same transition is the same commit


def test_a_linked_worktree_and_a_sub_folder(chat: World, tmp_path: Path) -> None:
    linked_tree = tmp_path / "linked"
    chat.git("worktree", "add", "--quiet", "-b", "work", str(linked_tree))
    there = World(linked_tree / "flows", share=chat.share)
    chat.studio({"chat/a.py": "a = 2\n"})
    there.sync()
    assert (chat.folder / "flows/chat/a.py").read_text() == "a = 2\n"
    assert chat.git("status", "--porcelain") == "" and there.git("status", "--porcelain") == ""
    assert (linked_tree / "flows/chat/a.py").read_text() == "a = 1\n"


def test_a_branch_that_is_not_checked_out(chat: World) -> None:
    chat.git("checkout", "--quiet", "--detach")
    chat.studio({"chat/a.py": "a = 2\n"})
    before = chat.git("rev-parse", "HEAD")
    chat.sync()
    assert chat.here("chat")["a.py"] == b"a = 2\n"
    assert chat.git("rev-parse", "HEAD") == before and chat.git("status", "--porcelain") == ""


def test_an_unborn_branch(unlinked: World) -> None:
    unlinked.studio_flow("chat", a_py="a = 1\n")
    unlinked.studio_flow("triage", t_py="t = 1\n")
    unlinked.ends(0, "init", "--share", unlinked.share.url)
    unlinked.write({"flows/triage/t.py": "unsaved\n"})
    unlinked.sync(code=1)
    assert (unlinked.folder / "flows/triage/t.py").read_text() == "unsaved\n"
    (unlinked.folder / "flows/triage/t.py").unlink()
    unlinked.sync()
    assert set(unlinked.here("chat")) == {"flow.dag.yaml", "a.py"} and unlinked.here("triage")
    assert unlinked.git("status", "--porcelain") == "?? .flowsync.yaml"


def test_nobody_has_to_have_a_name_unless_there_is_a_merge(chat: World) -> None:
    chat.commit({"flows/chat/b.py": "b = 2\n"})
    chat.studio_flow("other", a_py="a = 1\n")
    (Path(os.environ["HOME"]) / "gitconfig").write_text(
        "[user]\n\tuseConfigOnly = true\n[init]\n\tdefaultBranch = main\n"
    )
    chat.studio({"chat/a.py": "a = 2\n"})
    run = chat.sync(code=1)
    assert "git does not know who you are" in run.out
    assert chat.here("other")  # its own trouble only
    chat.git("reset", "--quiet", "--hard", "HEAD~2")
    chat.sync()


def test_a_flow_of_the_branch_meets_a_folder_in_studio_that_is_no_flow_yet(world: World) -> None:
    world.studio({"chat/notes.txt": "Studio's\n", "chat/a.py": "Studio's\n"})
    world.commit({"flows/chat/flow.dag.yaml": DAG, "flows/chat/a.py": "the branch's\n"})
    run = world.sync(code=1)
    assert "both sides changed a.py" in run.out
    assert world.there("chat")["a.py"] == b"Studio's\n"
    world.ends(0, "resolve", "chat", "--ours")
    world.sync()
    in_sync(world)
    assert set(world.here("chat")) == {"flow.dag.yaml", "a.py", "notes.txt"}
    assert world.here("chat")["a.py"] == b"the branch's\n" and world.reaches("Studio's\n")


# Killed, and at the same time


def test_a_journal_that_a_killed_push_left_is_settled(chat: World) -> None:
    chat.commit({"flows/chat/a.py": "a = 2\n", "flows/chat/b.py": "b = 2\n", "flows/chat/c.py": None})
    blobs = {path: chat.git("rev-parse", f"main:flows/chat/{path}") for path in ("a.py", "b.py")}
    journal = Journal(chat.folder / ".git/flowsync", "studio")
    intents = {
        "a.py": Intent(blobs["a.py"], "11111111-1111-1111-1111-111111111111"),  # type: ignore[arg-type]
        "b.py": Intent(blobs["b.py"], "22222222-2222-2222-2222-222222222222"),  # type: ignore[arg-type]
        "c.py": Intent(None, "33333333-3333-3333-3333-333333333333"),
    }
    journal.begin({"chat": intents})  # type: ignore[dict-item]
    chat.studio({"chat/a.py": "a = 2\n"})  # took effect, and nobody heard the reply
    temporary = chat.share.folder / ".flowsync" / "22222222-2222-2222-2222-222222222222"  # type: ignore[attr-defined]
    temporary.parent.mkdir()
    temporary.write_text("half")
    chat.ends(0, "fetch")
    assert not temporary.exists()
    base = chat.here("chat", "refs/flowsync/studio/chat")
    assert base["a.py"] == b"a = 2\n" and base["b.py"] == b"b = 1\n" and "c.py" in base
    assert chat.states() == {"chat": "local-ahead"}
    chat.sync()
    in_sync(chat)
    assert chat.git("rev-list", "--merges", "main") == ""


def test_a_torn_journal_is_read_as_far_as_it_goes(chat: World) -> None:
    journal = Journal(chat.folder / ".git/flowsync", "studio")
    journal.begin({"chat": {"a.py": Intent(None, "lease")}})  # type: ignore[dict-item]
    (file,) = (chat.folder / ".git/flowsync/journal/studio").iterdir()
    file.write_text(file.read_text() + '["a.')
    ((name, intents),) = journal.unfinished()
    assert name == "chat" and not intents["a.py"].done  # type: ignore[index]
    chat.sync()
    in_sync(chat)


def test_a_cache_that_is_gone_or_damaged_costs_only_requests(chat: World) -> None:
    cache = chat.folder / ".git/flowsync/cache.db"
    refs = chat.refs()
    for damage in ("gone", "other", "torn", "text"):
        if damage == "gone":
            cache.unlink()
        elif damage == "torn":
            whole = cache.read_bytes()
            cache.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
        else:
            cache.write_text("no database" * 1000 if damage == "text" else "")
        assert chat.sync().out == "Everything is in sync.\n", damage
        assert chat.refs() == refs
    chat.commit({"flows/chat/a.py": "a = 2\n"})
    cache.unlink()
    chat.sync()
    in_sync(chat)


def test_two_commands_at_once_wait_for_each_other(chat: World) -> None:
    chat.commit({"flows/chat/a.py": "a = 2\n"})
    chat.studio({"chat/b.py": "b = 2\n"})
    runs = [subprocess.Popen(chat.command("sync"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(4)]
    said = [run.communicate()[0].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0, 0], said
    in_sync(chat)


class Commits:
    """A reporter that commits at the worst moment: while what Studio holds is prepared for the branch."""

    def __init__(self, world: World, path: str, times: int = 1) -> None:
        self.world, self.path, self.left = world, path, times
        self._landing = False

    def begin(self, what: str, total: int) -> None:
        self._landing = what == "Landing"

    def advance(self, parts: int = 1) -> None:
        if self._landing and self.left:
            self.left -= 1
            self.world.commit({self.path: f"number = {self.left}\n"}, "at the worst moment")

    def end(self) -> None: ...


def test_a_commit_while_landing_is_not_undone(chat: World) -> None:
    chat.studio({"chat/a.py": "a = 2\n"})
    with linked(chat.folder, reporter=Commits(chat, "flows/chat/b.py")) as link:
        (result,) = Conductor(link).pull()
    assert result.did == "held" and result.hold and "moved meanwhile" in result.hold.reason
    assert chat.here("chat")["b.py"] == b"number = 0\n"
    chat.sync()
    assert chat.here("chat")["a.py"] == b"a = 2\n" and chat.here("chat")["b.py"] == b"number = 0\n"
    in_sync(chat)


class Saves:
    """A reporter that saves in Studio, on top of what is there, as soon as the first file of a push is written."""

    def __init__(self, world: World, paths: Sequence[str]) -> None:
        self.world, self.paths = world, paths
        self.pushing = False

    def begin(self, what: str, total: int) -> None:
        self.pushing = what == "Pushing"

    def advance(self, parts: int = 1) -> None:
        if self.pushing:
            self.pushing = False
            there = self.world.there("chat")
            self.world.studio({f"chat/{path}": there[path] + b"# Studio\n" for path in self.paths})

    def end(self) -> None: ...


def test_who_saves_in_studio_right_after_a_push_has_built_on_it(chat: World) -> None:
    """What the push wrote is no edit of Studio's, or the next commit here would be in conflict with it."""
    chat.commit({f"flows/chat/{name}.py": f"{name} = 2\n\n\n\n" for name in "abc"})
    with linked(chat.folder, reporter=Saves(chat, ["a.py", "b.py", "c.py"])) as link:
        Conductor(link).push()
    assert b"b = 2\n\n\n\n# Studio\n" in chat.there("chat").values()
    chat.commit({f"flows/chat/{name}.py": f"{name} = 3\n\n\n\n" for name in "abc"})
    chat.sync()
    assert chat.here("chat")["b.py"] == b"b = 3\n\n\n\n# Studio\n"
    in_sync(chat)


def test_a_person_who_commits_all_the_while_does_not_keep_studio_out(chat: World) -> None:
    """In the soak, three commits a second were enough for nothing to land any more, once many flows were behind."""
    names = [f"other{number}" for number in range(5)]
    for name in names:
        chat.studio_flow(name, a_py="a = 1\n\n\n\nend\n")
    chat.sync()
    chat.commit({f"flows/{name}/a.py": "a = 2\n\n\n\nend\n" for name in names[:3]})
    chat.studio({f"{name}/a.py": "a = 1\n\n\n\nend, says Studio\n" for name in names})
    reporter = Commits(chat, "flows/other4/mine.py", 4)
    with linked(chat.folder, reporter=reporter) as link:
        results = {result.flow: result.did for result in Conductor(link).pull()}
    assert reporter.left == 0
    assert results == dict.fromkeys(names[:3], "merged") | {"other3": "landed", "other4": "held"}
    for name in names[:3]:
        assert chat.here(name)["a.py"] == b"a = 2\n\n\n\nend, says Studio\n"
    assert chat.here("other4")["mine.py"] == b"number = 0\n"
    chat.sync()
    in_sync(chat)


def test_flows_that_everybody_deleted_are_forgotten(world: World) -> None:
    for name in ("a", "b", "c"):
        world.studio_flow(name, x_py=f"{name}\n")
    world.sync()
    for name in ("a", "b"):
        world.studio({name: None})
        world.sync("--accept-deletes", name)
    world.git("rm", "--quiet", "-r", "flows/c")
    world.git("commit", "--quiet", "-m", "no more c")
    world.studio({"c": None})
    world.ends(0, "sync")
    assert world.sync().out == "Everything is in sync.\n"
    assert world.states() == {}
    assert world.refs("refs/remotes/") == {} and world.refs("refs/flowsync/studio/") == {}
    assert all(world.reaches(f"{name}\n") for name in "abc")
    world.studio_flow("a", x_py="again\n")
    world.sync()
    in_sync(world, "a")


def test_push_refuses_what_is_behind_as_git_does(chat: World) -> None:
    chat.commit({"flows/chat/a.py": "a = 'here'\n"})
    chat.studio({"chat/b.py": "b = 'studio'\n"})
    run = chat.ends(1, "push")
    assert "Studio has edits that the branch lacks" in run.out and "flowsync pull chat" in run.out
    assert chat.there("chat")["a.py"] == b"a = 1\n"
    assert "Studio has edits that the branch lacks" in chat.ends(1, "push").out  # and again: it is not forgotten
    chat.ends(0, "pull")
    assert chat.there("chat")["a.py"] == b"a = 1\n"
    chat.ends(0, "push")
    in_sync(chat)


def test_commands_about_a_flow_that_nobody_knows_are_refused(chat: World) -> None:
    for command in ("fetch", "pull", "push", "sync", "status", "diff", "log"):
        run = chat.process(command, "nope") if command == "log" else chat.run(command, "nope")
        assert run.code == 2 and "no flow is called nope" in run.err, f"{command}: {run}"
    assert chat.run("fetch", "../../etc").code == 2


def test_a_dry_run_writes_nothing(chat: World) -> None:
    chat.studio_flow("ahead", a_py="a = 1\n")
    chat.sync()
    chat.commit({"flows/chat/a.py": "a = 'here'\n"})
    chat.studio({"ahead/a.py": "a = 'studio'\n"})
    before, share = chat.untouched(), chat.share.files()
    run = chat.ends(0, "sync", "--dry-run", "--json")
    assert {(row["flow"], row["did"]) for row in run.json["results"]} == {("chat", "pushed"), ("ahead", "landed")}
    assert "landed" not in chat.ends(0, "push", "--dry-run").out
    assert "pushed" not in chat.ends(0, "pull", "--dry-run").out
    chat.ends(0, "restore", "chat", "--at", "main~1", "--dry-run")
    assert chat.untouched() == before and chat.share.files() == share
    chat.sync()


def test_a_hook_may_run_flowsync(chat: World) -> None:
    hook = chat.folder / ".git/hooks/post-commit"
    hook.write_text(f"#!/bin/sh\nexec {sys.executable} -m flowsync push\n")
    hook.chmod(0o755)
    chat.commit({"flows/chat/a.py": "a = 2\n"})
    assert chat.there("chat")["a.py"] == b"a = 2\n"


def test_a_merge_driver_of_the_repository_has_its_say(chat: World) -> None:
    chat.commit({".gitattributes": "*.py merge=union\n"})
    chat.commit({"flows/chat/a.py": "a = 'here'\n"})
    chat.studio({"chat/a.py": "a = 'studio'\n"})
    chat.sync()
    assert set(chat.there("chat")["a.py"].splitlines()) == {b"a = 'here'", b"a = 'studio'"}
    in_sync(chat)


def test_a_merge_driver_that_fails_is_that_flows_trouble(chat: World) -> None:
    chat.studio_flow("fine", a_py="a = 1\n")
    chat.sync()
    chat.commit({".gitattributes": "*.py merge=broken\n"})
    chat.git("config", "merge.broken.driver", "kill -9 $$")
    chat.commit({"flows/chat/a.py": "a = 'here'\n"})
    chat.studio({"chat/a.py": "a = 'studio'\n", "fine/a.py": "a = 2\n"})
    run = chat.run("sync")
    assert run.code == 1, str(run)
    assert chat.here("fine")["a.py"] == b"a = 2\n"
    assert chat.there("chat")["a.py"] == b"a = 'studio'\n" and chat.here("chat")["a.py"] == b"a = 'here'\n"


def test_what_a_dead_landing_brought_and_a_person_then_deleted_stays_deleted(world: World) -> None:
    world.studio_flow("bread", a_py="a = 1\n")
    world.studio_flow("chat", a_py="a = 1\n", b_py="b = 1\n", c_py="c = 1\n")
    world.run("fetch")
    fetched = world.refs("refs/remotes/studio/")["refs/remotes/studio/chat"]
    world.sync()
    # The run dies after the branch has moved and before the refs have: chat's save was replayed onto bread's.
    world.git("update-ref", "refs/remotes/studio/chat", fetched)
    world.git("update-ref", "-d", "refs/flowsync/studio/chat")
    world.git("rm", "-q", "flows/chat/b.py")
    world.git("commit", "-q", "-m", "without b")
    world.sync()
    assert "b.py" not in world.there("chat") and "b.py" not in world.here("chat")
    in_sync(world)


def test_what_a_dead_landing_brought_and_studio_then_edited_is_no_conflict(world: World) -> None:
    """The branch had chat under another commit than the tracking ref: nobody knew any more that both had held it."""
    world.studio_flow("bread", a_py="a = 1\n")
    world.studio_flow("chat", a_py="a = 1\n", b_py="b = 1\n")
    world.run("fetch")
    fetched = world.refs("refs/remotes/studio/")["refs/remotes/studio/chat"]
    world.sync()
    world.git("update-ref", "refs/remotes/studio/chat", fetched)
    world.git("update-ref", "-d", "refs/flowsync/studio/chat")
    world.commit({"flows/chat/b.py": "b = 'here'\n"})
    world.studio({"chat/a.py": "a = 'studio'\n"})
    world.sync()
    assert world.there("chat") == {**world.there("chat"), "a.py": b"a = 'studio'\n", "b.py": b"b = 'here'\n"}
    in_sync(world)
