"""The branch and the worktree: looked at, and moved as ``git merge --ff-only`` moves them, and by it."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from flowsync.errors import RepositoryError
from flowsync.repo import Repository
from flowsync.repo.ground import NotFastForward
from flowsync.repo.plumbing import Git
from world import Repo


@pytest.fixture
def commits(repo: Repo) -> tuple[str, str]:
    """A branch, and a commit that it can be moved to."""
    old = repo.commit({"a": "1\n", "keep": "x\n"})
    new = repo.commit({"a": "2\n", "b": "new\n"})
    repo.git("reset", "--quiet", "--hard", old)
    return old, new


@pytest.fixture
def by_git(repo: Repo) -> None:
    """Has git itself move the worktree, as where files cannot be set aside."""
    repo.git("config", "core.sparseCheckout", "true")


@pytest.fixture(params=["aside", "by git"])
def ahead(commits: tuple[str, str], request: pytest.FixtureRequest) -> tuple[str, str]:
    """The same, to be moved by either way."""
    if request.param == "by git":
        request.getfixturevalue("by_git")
    return commits


def test_the_branch_and_its_worktree_move_together(repo: Repo, opened: Repository, ahead: tuple[str, str]) -> None:
    opened.worktree.fast_forward("main", *ahead)
    assert repo.tip() == ahead[1] and (repo.folder / "b").read_text() == "new\n"
    assert repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize("path", ["a", "b"])
def test_edits_in_the_way_stop_the_move_and_stay(
    repo: Repo, opened: Repository, ahead: tuple[str, str], path: str
) -> None:
    repo.write({path: "unsaved\n", "keep": "unsaved too\n"})
    before = repo.untouched()
    with pytest.raises(NotFastForward, match="would be overwritten"):
        opened.worktree.fast_forward("main", *ahead)
    assert repo.untouched() == before


@pytest.mark.usefixtures("by_git")
@pytest.mark.skipif(os.name == "nt", reason="a script stands for git")
def test_a_branch_that_is_switched_to_at_the_last_moment_stays_where_it_is(
    repo: Repo, opened: Repository, commits: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What landed moved whichever branch was checked out when git began. A git before the real one is the person."""
    real, tools = shutil.which("git"), tmp_path / "tools"
    tools.mkdir()
    switch = f'"{real}" -C "{repo.folder}" switch --quiet --create other'
    (tools / "git").write_text(f'#!/bin/sh\ncase "$*" in *--ff-only*) {switch} ;; esac\nexec "{real}" "$@"\n')
    (tools / "git").chmod(0o755)
    repo.write({"keep": "unsaved\n"})
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
        with pytest.raises(NotFastForward, match="was left meanwhile"):
            opened.worktree.fast_forward("main", *commits)
    assert repo.git("symbolic-ref", "HEAD") == "refs/heads/other"
    assert (repo.tip(), repo.tip("other")) == (commits[0], commits[0])
    assert repo.git("status", "--porcelain") == " M keep"
    assert (repo.folder / "a").read_text() == "1\n" and not (repo.folder / "b").exists()


def test_an_ignored_file_in_the_way_stops_the_move_and_stays(
    repo: Repo, opened: Repository, ahead: tuple[str, str]
) -> None:
    (repo.folder / ".git/info/exclude").write_text("b\n")
    repo.write({"b": "ignored, and mine\n"})
    with pytest.raises(NotFastForward):
        opened.worktree.fast_forward("main", *ahead)
    assert (repo.folder / "b").read_text() == "ignored, and mine\n" and repo.tip() == ahead[0]


def test_edits_elsewhere_stay_staged_or_not(repo: Repo, opened: Repository, ahead: tuple[str, str]) -> None:
    repo.write({"keep": "staged\n", "new": "new\n"})
    repo.git("add", "keep")
    repo.write({"keep": "and more\n"})
    opened.worktree.fast_forward("main", *ahead)
    assert repo.git("status", "--porcelain").splitlines() == ["MM keep", "?? new"]
    assert repo.git("show", ":keep") == "staged" and (repo.folder / "keep").read_text() == "and more\n"


def test_a_branch_that_moved_is_not_moved(repo: Repo, opened: Repository, ahead: tuple[str, str]) -> None:
    now = repo.commit({"c": "meanwhile\n"})
    with pytest.raises(NotFastForward, match="moved meanwhile"):
        opened.worktree.fast_forward("main", *ahead)
    assert repo.tip() == now


def test_what_is_no_descendant_is_refused(repo: Repo, opened: Repository, ahead: tuple[str, str]) -> None:
    now = repo.commit({"c": "another way\n"})
    with pytest.raises(NotFastForward):
        opened.worktree.fast_forward("main", now, ahead[1])
    assert repo.tip() == now


def test_a_branch_that_nobody_checked_out_moves_alone(repo: Repo, opened: Repository, ahead: tuple[str, str]) -> None:
    repo.git("checkout", "--quiet", "-b", "work")
    before = repo.untouched()
    opened.worktree.fast_forward("main", *ahead)
    assert repo.tip() == ahead[1]
    assert {name: state for name, state in repo.untouched().items() if name != "refs/heads/main"} == {
        name: state for name, state in before.items() if name != "refs/heads/main"
    }
    with pytest.raises(RepositoryError):
        opened.worktree.fast_forward("main", *ahead)


def test_where_a_branch_is_checked_out(repo: Repo, opened: Repository, tmp_path: Path, ahead: tuple[str, str]) -> None:
    here = opened.worktree.checkout("main")
    assert here and here.folder == repo.folder
    assert opened.worktree.current() == "main" and opened.worktree.checkout("nowhere") is None
    repo.git("worktree", "add", "--quiet", "-b", "feature/x", str(tmp_path / "line\nbreak"))
    there = opened.worktree.checkout("feature/x")
    assert there and there.folder == tmp_path / "line\nbreak"
    assert there.git_dir.parent == repo.folder / ".git/worktrees"
    repo.git("checkout", "--quiet", "--detach")
    assert opened.worktree.current() is None and opened.worktree.checkout("main") is None


def test_an_unborn_branch(repo: Repo, opened: Repository) -> None:
    assert opened.worktree.tip("main") is None and opened.worktree.current() == "main"
    here = opened.worktree.checkout("main")
    assert here is not None and opened.worktree.dirty(here, "") == []
    repo.write({"a": "x"})
    assert opened.worktree.dirty(here, "") == ["a"]


@pytest.mark.parametrize("prefix", ["flows", "fl[o]ws", ":(icase)x", "*"])
def test_only_what_is_below_the_folder_is_dirty(repo: Repo, opened: Repository, prefix: str) -> None:
    repo.commit({f"{prefix}/a/x": "1", f"{prefix}/a/gone": "1", f"{prefix}2/x": "1", "flows/other": "1"})
    repo.write(
        {f"{prefix}/a/x": "2", f"{prefix}/a/gone": None, f"{prefix}/b/ü é": "2", f"{prefix}2/x": "2", "stray": "x"}
    )
    here = opened.worktree.checkout("main")
    assert here is not None
    assert sorted(opened.worktree.dirty(here, prefix)) == ["a/gone", "a/x", "b/ü é"]


def test_looking_never_takes_the_index_lock(repo: Repo, opened: Repository, ahead: tuple[str, str]) -> None:
    (repo.folder / "a").touch()  # a refresh of the index would be due
    index = (repo.folder / ".git/index").read_bytes()
    here = opened.worktree.checkout("main")
    assert here is not None and opened.worktree.dirty(here, "") == []
    assert (repo.folder / ".git/index").read_bytes() == index


def test_who_commits(repo: Repo, opened: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    author, committer = opened.person()
    assert author.startswith("Pat <pat@example.com> ") and committer.startswith("Pat <pat@example.com> ")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Someone Else")
    assert opened.person()[0].startswith("Someone Else <")
    monkeypatch.delenv("GIT_AUTHOR_NAME")
    repo.git("config", "--global", "--unset", "user.email")
    repo.git("config", "--global", "user.useConfigOnly", "true")
    with pytest.raises(RepositoryError, match="git does not know who you are"):
        opened.person()


def commits_meanwhile(repo: Repo, then: str = "") -> Path:
    """A hook with which the person commits, once, between git's index and HEAD."""
    hook = repo.folder / ".git/hooks/post-index-change"
    hook.parent.mkdir(exist_ok=True)
    commit = "echo 2 > mine.txt\ngit commit --quiet -m meanwhile -- mine.txt"
    hook.write_text(f"#!/bin/sh\nrm {hook}\n{commit}\n{then}\n")
    hook.chmod(0o755)
    return hook


@pytest.mark.usefixtures("by_git")
def test_a_commit_between_git_s_index_and_head_leaves_nothing_staged(repo: Repo, opened: Repository) -> None:
    """The soak found it: Studio's files stayed staged, as if the person had edited them, and their flow was held."""
    old = repo.commit({"flows/a/x.py": "x = 1\n", "mine.txt": "1\n"})
    new = repo.commit({"flows/a/x.py": "x = 2\n", "flows/a/y.py": "y\n"})
    repo.git("reset", "--quiet", "--hard", old)
    hook = commits_meanwhile(repo)
    with pytest.raises(NotFastForward):
        opened.worktree.fast_forward("main", old, new)
    assert not hook.exists() and repo.subjects()[0] == "meanwhile"
    assert repo.git("status", "--porcelain") == ""
    assert repo.files()["mine.txt"] == b"2\n" and repo.files()["flows/a/x.py"] == b"x = 1\n"


@pytest.mark.usefixtures("by_git")
@pytest.mark.parametrize("held", ["a moment", "long"])
def test_what_git_left_is_put_right_although_another_git_has_the_index_just_then(
    repo: Repo, opened: Repository, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The soak found it: Studio's files stayed staged for good, and the run ended with git's own words."""
    old = repo.commit({"flows/a/x.py": "x = 1\n", "mine.txt": "1\n"})
    new = repo.commit({"flows/a/x.py": "x = 2\n", "flows/a/y.py": "y\n"})
    repo.git("reset", "--quiet", "--hard", old)
    lock, git = repo.folder / ".git/index.lock", repo.folder / ".git"
    ends = f"(sleep 0.5; rm {lock}) >&- 2>&- &" if held == "a moment" else ""
    if held == "long":
        monkeypatch.setattr("flowsync.repo.mending._PATIENCE", 0.1)
    commits_meanwhile(repo, f"touch {lock}\n{ends}")
    with pytest.raises(NotFastForward):
        opened.worktree.fast_forward("main", old, new)
    assert repo.subjects()[0] == "meanwhile"
    if held == "long":
        assert lock.exists()
        opened.worktree.recover()  # it waits in vain, and says nothing: what is held is told by others
        assert (git / "flowsync/git-unmended.json").exists()
        lock.unlink()
        opened.worktree.recover()
    assert not (git / "flowsync/git-unmended.json").exists()
    assert repo.git("status", "--porcelain") == ""
    assert repo.files()["mine.txt"] == b"2\n" and repo.files()["flows/a/x.py"] == b"x = 1\n"


@pytest.mark.usefixtures("by_git")
def test_what_git_left_is_put_right_by_the_next_run_if_this_one_dies_as_git_ends(
    repo: Repo, opened: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = repo.commit({"flows/a/x.py": "x = 1\n", "mine.txt": "1\n"})
    new = repo.commit({"flows/a/x.py": "x = 2\n", "flows/a/y.py": "y\n"})
    repo.git("reset", "--quiet", "--hard", old)
    hook = commits_meanwhile(repo)
    tip = opened.worktree.tip

    def dying(branch: str) -> str | None:
        if not hook.exists():
            raise KeyboardInterrupt
        return tip(branch)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(opened.worktree, "tip", dying)
        opened.worktree.fast_forward("main", old, new)
    assert repo.git("status", "--porcelain")
    opened.worktree.recover()
    assert repo.git("status", "--porcelain") == ""
    assert repo.files()["mine.txt"] == b"2\n" and repo.files()["flows/a/x.py"] == b"x = 1\n"


@pytest.mark.usefixtures("by_git")
@pytest.mark.parametrize("saved", ["x = 'mine'\n", "x = "])
def test_what_is_saved_while_git_s_half_work_is_undone_stays(
    repo: Repo, opened: Repository, saved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The soak found it: the file was looked at, the person saved it, and it was put back as HEAD has it."""
    old = repo.commit({"flows/a/x.py": "x = 1\n", "flows/a/y.py": "y = 1\n", "mine.txt": "1\n"})
    new = repo.commit({"flows/a/x.py": "x = 2\n", "flows/a/y.py": "y = 2\n"})
    repo.git("reset", "--quiet", "--hard", old)
    commits_meanwhile(repo)
    file, run = repo.folder / "flows/a/x.py", Git.run

    def saving(git: Git, *arguments: str, **more: Any) -> Any:
        if arguments[0] == ("checkout-index" if saved.endswith("\n") else "ls-files"):  # after the look, or before it
            file.write_text(saved)
        return run(git, *arguments, **more)

    monkeypatch.setattr(Git, "run", saving)
    with pytest.raises(NotFastForward):
        opened.worktree.fast_forward("main", old, new)
    assert file.read_text() == saved and (repo.folder / "flows/a/y.py").read_text() == "y = 1\n"
    assert repo.git("status", "--porcelain").split() == ["M", "flows/a/x.py"]
