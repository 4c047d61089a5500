"""Flows that wait: uncommitted edits, and Git in the middle of something. Held with the reason, and nothing touched."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from world import World


def prepared(world: World) -> None:
    """A flow that Studio is about to edit, another that the branch has an edit of, and a history to get stuck in."""
    world.studio_flow("chat", a_py="a = 1\n", b_py="b = 1\n")
    world.studio_flow("push", p_py="p = 1\n")
    world.sync()
    world.commit({"README.md": "one\n"}, "one")
    world.commit({"README.md": "two\n"}, "two")
    world.git("branch", "other", "HEAD~1")
    world.git("checkout", "--quiet", "other")
    world.commit({"README.md": "other\n"}, "other")
    world.git("checkout", "--quiet", "main")
    world.commit({"flows/push/p.py": "p = 2\n"}, "an edit to push")


def modified(world: World) -> None:
    world.write({"flows/chat/b.py": "b = 'unsaved'\n"})


def staged(world: World) -> None:
    modified(world)
    world.git("add", "flows/chat/b.py")


def untracked(world: World) -> None:
    world.write({"flows/chat/new.py": "new\n"})


def deleted(world: World) -> None:
    world.write({"flows/chat/b.py": None})


def staged_delete(world: World) -> None:
    world.git("rm", "--quiet", "flows/chat/b.py")


def renamed(world: World) -> None:
    world.git("mv", "flows/chat/b.py", "flows/chat/c.py")


EDITS = (modified, staged, untracked, deleted, staged_delete, renamed)


@pytest.mark.parametrize("edit", EDITS)
def test_uncommitted_edits_hold_only_their_flow(world: World, edit: Callable[[World], None]) -> None:
    prepared(world)
    edit(world)
    world.studio({"chat/a.py": "a = 2\n"})
    before = world.untouched()
    run = world.sync(code=1)
    assert world.untouched() == before
    assert "held" in run.out and "it has uncommitted edits" in run.out
    assert world.there("push")["p.py"] == b"p = 2\n"  # the other flow went on
    row = world.state("chat")
    assert row["state"] == "held" and "uncommitted" in row["hold"]["reason"]
    world.git("stash", "--quiet", "--include-untracked")
    world.sync()
    assert world.here("chat")["a.py"] == b"a = 2\n"
    world.git("stash", "pop", "--quiet")


def test_edits_of_another_flow_or_of_no_flow_hold_nothing(world: World) -> None:
    prepared(world)
    world.studio({"chat/a.py": "a = 2\n"})
    world.write({"flows/push/p.py": "p = 'unsaved'\n", "README.md": "unsaved\n", "stray.txt": "stray\n"})
    world.write({"flows/chat/.promptflow/flow.log": "a test run\n", "flows/chat/__pycache__/a.pyc": "x"})
    world.sync()
    assert world.here("chat")["a.py"] == b"a = 2\n"
    assert world.git("status", "--porcelain").splitlines()[0] == " M README.md"
    assert (world.folder / "flows/push/p.py").read_bytes() == b"p = 'unsaved'\n"
    assert world.there("push")["p.py"] == b"p = 2\n"  # the commit goes, not the worktree's content


def test_what_an_amlignore_keeps_out_holds_nothing(world: World) -> None:
    prepared(world)
    world.commit({"flows/chat/.amlignore": "cache/\n"})
    world.sync()
    world.write({"flows/chat/cache/x": "git knows nothing of .amlignore\n"})
    world.studio({"chat/a.py": "a = 2\n"})
    world.sync()
    assert world.here("chat")["a.py"] == b"a = 2\n" and (world.folder / "flows/chat/cache/x").exists()
    assert world.state("chat")["local"]["dirty"] == []


def index_locked(world: World) -> None:
    (world.folder / ".git/index.lock").touch()


def merging(world: World) -> None:
    world.git("merge", "other", ok=False)
    assert (world.folder / ".git/MERGE_HEAD").exists()


def rebasing(world: World) -> None:
    world.git("rebase", "other", ok=False)
    assert (world.folder / ".git/rebase-merge").exists()


def rebasing_by_apply(world: World) -> None:
    world.git("rebase", "--apply", "other", ok=False)
    assert (world.folder / ".git/rebase-apply").exists()


def rebasing_another_that_moves_it_too(world: World) -> None:
    world.git("checkout", "--quiet", "-b", "top")
    world.commit({"more.md": "more\n"})
    world.git("rebase", "--update-refs", "other", ok=False)
    assert "refs/heads/main" in (world.folder / ".git/rebase-merge/update-refs").read_text()


def picking(world: World) -> None:
    world.git("cherry-pick", "other", ok=False)
    assert (world.folder / ".git/CHERRY_PICK_HEAD").exists()


def picking_several(world: World) -> None:
    world.git("cherry-pick", "other", "other~1", ok=False)
    world.git("checkout", "--quiet", "--ours", "README.md")
    world.git("add", "README.md")
    world.git("-c", "core.editor=true", "commit", "--quiet", "--allow-empty", "-m", "the first is through")
    assert (world.folder / ".git/sequencer").exists() and not (world.folder / ".git/CHERRY_PICK_HEAD").exists()


def reverting(world: World) -> None:
    world.git("revert", "--no-edit", "HEAD~2", ok=False)
    assert (world.folder / ".git/REVERT_HEAD").exists()


def bisecting(world: World) -> None:
    world.git("bisect", "start", "HEAD", "HEAD~3")
    assert world.git("symbolic-ref", "--quiet", "HEAD", ok=False) == ""


def pre_commit_at_work(world: World) -> None:
    patch = Path(os.environ["HOME"], f".cache/pre-commit/patch1700000000-{os.getpid()}")
    patch.parent.mkdir(parents=True)
    patch.touch()


def prek_at_work(world: World) -> None:
    patch = Path(os.environ["HOME"], f".cache/prek/patches/1700000000-{os.getpid()}.patch")
    patch.parent.mkdir(parents=True)
    patch.touch()


BUSY = {
    index_locked: "another git command holds the index",
    merging: "a merge is under way",
    rebasing: "a rebase is under way",
    rebasing_by_apply: "a rebase or git am is under way",
    rebasing_another_that_moves_it_too: "a rebase is under way",
    picking: "a cherry-pick is under way",
    picking_several: "a sequence of picks is under way",
    reverting: "a revert is under way",
    bisecting: "a bisect is under way",
    pre_commit_at_work: "pre-commit has put unstaged edits away",
    prek_at_work: "prek has put unstaged edits away",
}


@pytest.mark.parametrize("begin", BUSY)
def test_while_git_is_busy_everything_waits(world: World, begin: Callable[[World], None]) -> None:
    prepared(world)
    world.studio({"chat/a.py": "a = 2\n"})
    begin(world)
    before, share = world.untouched(), world.share.files()
    run = world.sync(code=1)
    assert world.untouched() == before
    assert world.share.files() == share
    for name in ("chat", "push"):
        assert any(line.split()[:2] == ["held", name] and BUSY[begin] in line for line in run.out.splitlines()), run.out
    assert world.git("log", "-1", "--format=%s", "studio/chat") == "chat: edit a.py in Studio"  # the look goes on
    assert all(BUSY[begin] in world.state(name)["hold"]["reason"] for name in ("chat", "push"))
    for command in (["resolve", "chat", "--theirs"], ["restore", "chat", "--at", "main~1"]):
        world.run(*command)
        assert world.untouched() == before


def test_a_rebase_that_ends_lets_everything_go_on(world: World) -> None:
    prepared(world)
    world.studio({"chat/a.py": "a = 2\n"})
    rebasing(world)
    world.sync(code=1)
    world.git("checkout", "--quiet", "--theirs", "README.md")
    world.git("add", "README.md")
    world.git("-c", "core.editor=true", "rebase", "--continue")
    world.sync()
    assert world.here("chat")["a.py"] == b"a = 2\n" and world.there("push")["p.py"] == b"p = 2\n"
    assert world.states() == {"chat": "in-sync", "push": "in-sync"}


def test_a_patch_of_a_process_that_died_holds_nothing(world: World) -> None:
    prepared(world)
    world.studio({"chat/a.py": "a = 2\n"})
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    folder = Path(os.environ["HOME"], ".cache/pre-commit")
    folder.mkdir(parents=True)
    (folder / f"patch1700000000-{gone.pid}").touch()
    world.sync()


def test_an_old_patch_whose_number_is_somebody_elses_by_now_holds_nothing(world: World) -> None:
    prepared(world)
    world.studio({"chat/a.py": "a = 2\n"})
    pre_commit_at_work(world)
    (patch,) = Path(os.environ["HOME"], ".cache/pre-commit").iterdir()
    yesterday = time.time() - 86400
    os.utime(patch, (yesterday, yesterday))
    world.sync()


def test_a_rebase_of_another_branch_holds_nothing(world: World) -> None:
    prepared(world)
    world.studio({"chat/a.py": "a = 2\n"})
    world.git("checkout", "--quiet", "other")
    world.git("rebase", "main", ok=False)
    assert (world.folder / ".git/rebase-merge").exists()
    world.sync()
    assert world.here("chat")["a.py"] == b"a = 2\n"


def test_a_branch_that_is_checked_out_elsewhere_is_moved_there(world: World) -> None:
    prepared(world)
    world.git("checkout", "--quiet", "other")
    elsewhere = world.folder.parent / "elsewhere"
    world.git("worktree", "add", "--quiet", str(elsewhere), "main")
    world.studio({"chat/a.py": "a = 2\n"})
    (elsewhere / "flows/chat/b.py").write_text("unsaved\n")
    world.sync(code=1)
    (elsewhere / "flows/chat/b.py").write_text("b = 1\n")
    world.sync()
    assert (elsewhere / "flows/chat/a.py").read_text() == "a = 2\n"
    assert world.git("-C", str(elsewhere), "status", "--porcelain") == ""
    assert world.git("status", "--porcelain") == ""


def test_a_worktree_that_is_gone_is_said(world: World) -> None:
    prepared(world)
    world.git("checkout", "--quiet", "other")
    elsewhere = world.folder.parent / "elsewhere"
    world.git("worktree", "add", "--quiet", str(elsewhere), "main")
    elsewhere.rename(elsewhere.with_name("moved"))
    run = world.sync(code=3)
    assert "which is not there" in run.err and "git worktree prune" in run.err


def test_auto_stash_is_not_used(world: World) -> None:
    prepared(world)
    world.git("config", "merge.autoStash", "true")
    world.write({"README.md": "unsaved\n"})
    world.studio({"chat/a.py": "a = 2\n"})
    world.sync()
    assert world.git("stash", "list") == "" and (world.folder / "README.md").read_text() == "unsaved\n"


def test_edits_put_away_in_a_stash_stay_there(world: World) -> None:
    prepared(world)
    modified(world)
    world.git("stash", "--quiet")
    stash = world.refs("refs/stash")
    world.studio({"chat/a.py": "a = 2\n"})
    world.sync()
    assert world.refs("refs/stash") == stash
