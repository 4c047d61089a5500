"""The worktree is moved while a person saves, commits and switches, at every single moment, and while flowsync dies.

What the moments are, Python's audit events tell: each file renamed, linked, removed, and each process begun.
"""

import errno
import itertools
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from flowsync.errors import RepositoryError
from flowsync.repo import Repository
from flowsync.repo.ground import NotFastForward
from world import Repo

pytestmark = pytest.mark.skipif(os.name == "nt", reason="git itself moves the worktree there")

EVENTS = ("os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir", "subprocess.Popen", "shutil.rmtree")


class Moments:
    """Does something at one moment of what is tried; an audit hook stays for ever, so there is one, which sleeps."""

    def __init__(self) -> None:
        self.left = 0
        self.act: Callable[[], None] | None = None
        sys.addaudithook(self._heard)

    def at(self, number: int, act: Callable[[], None]) -> None:
        self.left, self.act = number, act

    def came(self) -> bool:
        """Whether the moment came; nothing is to be done any more."""
        came, self.act = self.act is None, None
        return came

    def _heard(self, event: str, _: tuple[object, ...]) -> None:
        if self.act and event in EVENTS:
            self.left -= 1
            if self.left < 0:
                act, self.act = self.act, None
                act()


MOMENTS = Moments()

OLD = {"flows/a/x.py": "x = 1\n", "flows/a/gone/y.py": "y = 1\n", "flows/a/turns": "a file\n", "mine.txt": "1\n"}
NEW = {"flows/a/x.py": "x = 2\n", "flows/a/gone/y.py": None, "flows/a/turns/z.py": "z\n"}


@pytest.fixture
def ahead(repo: Repo) -> tuple[str, str]:
    """Two commits; files change, come and go between them, and a folder comes in the place of a file."""
    old = repo.commit(OLD)
    (repo.folder / "flows/a/turns").unlink()
    new = repo.commit({**NEW, "flows/a/new/n.py": "n\n"})
    repo.git("reset", "--quiet", "--hard", old)
    return old, new


def moments(repo: Repo, ahead: tuple[str, str], act: Callable[[], None]) -> Iterator[bool]:
    """Lands with something done at the first moment, at the second, and so on; yields whether it landed."""
    number = 0
    while True:
        repo.git("reset", "--quiet", "--hard", ahead[0])
        repo.git("clean", "--quiet", "-ffdx")
        with Repository(repo.folder) as opened:
            MOMENTS.at(number, act)
            try:
                opened.worktree.fast_forward("main", *ahead)
                landed = True
            except NotFastForward:
                landed = False
            finally:
                came = MOMENTS.came()
        if not came:
            assert landed and number > 30
            return
        leaves_nothing(repo)
        yield landed
        number += 1


def leaves_nothing(repo: Repo) -> None:
    git = repo.folder / ".git"
    assert not (git / "index.lock").exists() and not (git / "flowsync/landing.json").exists()
    assert not list((git / "flowsync").glob("landing-*"))


def in_place(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("mine\n")


def by_another(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name("aside")
    aside.write_text("mine\n")
    aside.replace(file)


@pytest.mark.parametrize("save", [in_place, by_another])
@pytest.mark.parametrize("path", ["flows/a/x.py", "flows/a/gone/y.py", "flows/a/new/n.py"])
def test_a_save_at_any_moment_is_there_afterwards(
    repo: Repo, ahead: tuple[str, str], path: str, save: Callable[[Path], None]
) -> None:
    """git merge --ff-only overwrites one that comes after its first look."""
    file = repo.folder / path
    outcomes = set()
    for landed in moments(repo, ahead, lambda: save(file)):
        assert file.read_text() == "mine\n"
        assert repo.tip() == ahead[landed]
        states = [line for line in repo.git("status", "--porcelain").splitlines() if path not in line]
        assert [line for line in states if "?? flows/a/new/" not in line and "?? flows/a/gone/" not in line] == []
        assert repo.git("diff", "--cached", "--name-only") == ""
        outcomes.add(landed)
    assert outcomes == {True, False}


def test_a_file_that_is_removed_at_any_moment_does_not_come_back(repo: Repo, ahead: tuple[str, str]) -> None:
    file = repo.folder / "flows/a/x.py"
    removed = []

    def remove() -> None:
        removed.append(file.exists())
        file.unlink(missing_ok=True)

    for landed in moments(repo, ahead, remove):
        there = file.read_text() if file.exists() else None
        assert there is None if removed[-1] else there == ("x = 2\n" if landed else "x = 1\n")
    assert set(removed) == {True, False}


def test_a_commit_at_any_moment_is_a_commit_and_nothing_else(repo: Repo, ahead: tuple[str, str]) -> None:
    done, looks = [], []

    def look() -> int | None:
        file = repo.folder / "flows/a/x.py"
        return file.stat().st_ctime_ns if file.exists() else None

    def commit() -> None:
        (repo.folder / "mine.txt").write_text("2\n")
        command = ["git", "commit", "--quiet", "-m", "mine", "--", "mine.txt"]
        looks.append(look())
        done.append(subprocess.run(command, cwd=repo.folder, capture_output=True, check=False).returncode == 0)

    for landed in moments(repo, ahead, commit):
        assert landed or look() == looks[-1], "placed, and gone back: somebody may have read it"
        if not done[-1]:  # the index was locked just then
            repo.git("commit", "--quiet", "-m", "mine", "--", "mine.txt")
        assert repo.git("status", "--porcelain") == ""
        assert repo.git("diff", "--name-only", ahead[landed], "main") == "mine.txt"
        assert repo.git("rev-parse", "main^") == ahead[landed]
    assert set(done) == {True, False}


def test_who_sees_the_new_commit_sees_its_index(repo: Repo, ahead: tuple[str, str], tmp_path: Path) -> None:
    """``git commit FILE`` reads HEAD and index, takes the lock after that, and writes the index that it has read."""
    read = []

    def begin() -> None:
        shutil.copyfile(repo.folder / ".git/index", tmp_path / "read")
        read.append(repo.tip())

    for landed in moments(repo, ahead, begin):
        if read[-1] == repo.tip():  # else git says that HEAD is not where it was, and leaves the index alone
            (tmp_path / "read").replace(repo.folder / ".git/index")
        assert repo.git("diff", "--cached", "--name-only") == ""
        assert landed
    assert set(read) == set(ahead)


@pytest.mark.parametrize("path", ["flows/a/x.py", "flows/a/new/n.py"])
def test_a_save_and_a_commit_at_any_moment(repo: Repo, ahead: tuple[str, str], path: str) -> None:
    """What was placed already, and written to, is not taken away when the branch turns out to have moved."""
    file = repo.folder / path
    tree = repo.git("rev-parse", f"{ahead[0]}^{{tree}}")
    other = repo.git("commit-tree", "-p", ahead[0], "-m", "by another program", tree)

    def act() -> None:
        in_place(file)
        command = ["git", "update-ref", "refs/heads/main", other, ahead[0]]
        subprocess.run(command, cwd=repo.folder, capture_output=True, check=False)

    for landed in moments(repo, ahead, act):
        assert file.read_text() == "mine\n"
        assert repo.tip() == (ahead[1] if landed else other)
        assert repo.git("diff", "--cached", "--name-only") == ""
        assert {line[3:] for line in repo.git("status", "--porcelain").splitlines()} <= {path, "flows/a/new/"}


def test_an_add_at_any_moment_stays(repo: Repo, ahead: tuple[str, str]) -> None:
    added = []

    def add() -> None:
        (repo.folder / "mine.txt").write_text("2\n")
        added.append(
            subprocess.run(["git", "add", "mine.txt"], cwd=repo.folder, capture_output=True, check=False).returncode
        )

    for landed in moments(repo, ahead, add):
        assert repo.tip() == ahead[landed]
        assert repo.git("status", "--porcelain") == (" M mine.txt" if added[-1] else "M  mine.txt")
    assert 0 in added and max(added)


def test_a_switch_of_branches_at_any_moment_takes_nothing_along(repo: Repo, ahead: tuple[str, str]) -> None:
    repo.git("branch", "other")

    def switch() -> None:
        command = ["git", "switch", "--quiet", "other"]
        subprocess.run(command, cwd=repo.folder, capture_output=True, check=False)

    for landed in moments(repo, ahead, switch):
        assert repo.git("status", "--porcelain") == "" and repo.tip("other") == ahead[0]
        assert repo.tip() == ahead[landed]
        repo.git("switch", "--quiet", "main")


def test_a_failure_of_any_operation_leaves_all_as_it_was_or_lands(repo: Repo, ahead: tuple[str, str]) -> None:
    """A full disk, say; what could not be undone then is by the next run."""

    def fail() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    tips = set()
    for number in itertools.count():
        repo.git("reset", "--quiet", "--hard", ahead[0])
        repo.git("clean", "--quiet", "-ffdx")
        with Repository(repo.folder) as opened:
            MOMENTS.at(number, fail)
            with suppress(RepositoryError, OSError):
                opened.worktree.fast_forward("main", *ahead)
            if not MOMENTS.came():
                break
            opened.worktree.recover()
        leaves_nothing(repo)
        assert repo.git("status", "--porcelain") == ""
        tips.add(repo.tip())
    assert number > 30 and tips == set(ahead)


def test_without_hard_links_git_does_it(repo: Repo, ahead: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    with Repository(repo.folder) as opened:
        opened.worktree.fast_forward("main", *ahead)
    assert repo.tip() == ahead[1] and repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize("setting", ["core.splitIndex", "core.untrackedCache", "index.threads", "core.fsmonitor"])
def test_whatever_the_index_holds(repo: Repo, ahead: tuple[str, str], setting: str) -> None:
    repo.git("config", setting, "true")
    repo.git("update-index", "--split-index" if "split" in setting else "--refresh")
    repo.write({"staged": "1\n"})
    repo.git("add", "staged")
    with Repository(repo.folder) as opened:
        opened.worktree.fast_forward("main", *ahead)
    assert repo.tip() == ahead[1] and repo.git("status", "--porcelain") == "A  staged"
    repo.fsck()


def dies_at(repo: Repo, number: int, ahead: tuple[str, str]) -> bool:
    """Lands in a process of its own, which ends at a moment; tells whether it came to that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads, of which the child uses none
        child = os.fork()
    if not child:
        try:
            with Repository(repo.folder) as opened:
                MOMENTS.at(number, lambda: os._exit(9))
                opened.worktree.fast_forward("main", *ahead)
            os._exit(0)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


@pytest.mark.parametrize("saves", [False, True])
def test_killed_at_any_moment(repo: Repo, ahead: tuple[str, str], saves: bool) -> None:
    """The next run puts all right; what was saved in between stays."""
    tips = set()
    file = repo.folder / "flows/a/x.py"
    for number in itertools.count():
        repo.git("reset", "--quiet", "--hard", ahead[0])
        repo.git("clean", "--quiet", "-ffdx")
        if not dies_at(repo, number, ahead):
            break
        if saves:
            file.write_text("mine\n")
        with Repository(repo.folder) as opened:
            opened.worktree.recover()
        leaves_nothing(repo)
        tips.add(repo.tip())
        assert repo.git("diff", "--cached", "--name-only") == ""
        assert repo.git("status", "--porcelain").split() == (["M", "flows/a/x.py"] if saves else [])
        if saves:
            assert file.read_text() == "mine\n"
    assert number > 30 and tips == set(ahead)


@pytest.mark.parametrize("paths", [["--all"], ["mine.txt"]])
def test_killed_and_then_the_lock_removed_by_hand(repo: Repo, ahead: tuple[str, str], paths: list[str]) -> None:
    """And a commit, of all that is there or of something else, before flowsync runs again."""
    for number in itertools.count():
        repo.git("reset", "--quiet", "--hard", ahead[0])
        repo.git("clean", "--quiet", "-ffdx")
        if not dies_at(repo, number, ahead):
            break
        (repo.folder / ".git/index.lock").unlink(missing_ok=True)
        repo.write({"mine.txt": "2\n"})
        repo.git("add", *paths)
        repo.git("commit", "--quiet", "-m", "mine", *(["--", *paths] if "mine.txt" in paths else []))
        committed = repo.files()
        with Repository(repo.folder) as opened:
            opened.worktree.recover()
        leaves_nothing(repo)
        assert repo.files() == committed
        # what was on its way in that moment was committed as removed; it is there all the same
        back = [line.removeprefix("?? ") for line in repo.git("status", "--porcelain").splitlines()]
        assert all((repo.folder / path).read_text() == OLD[path] for path in back)
    assert number > 30


def test_what_only_looks_edited_lands(repo: Repo, ahead: tuple[str, str]) -> None:
    """Other line ends than git would write, which git takes for the same."""
    repo.git("config", "core.autocrlf", "input")
    (repo.folder / "flows/a/x.py").write_bytes(b"x = 1\r\n")
    repo.git("add", "flows/a/x.py")
    assert repo.git("status", "--porcelain") == ""
    with Repository(repo.folder) as opened:
        opened.worktree.fast_forward("main", *ahead)
    assert repo.tip() == ahead[1] and repo.git("status", "--porcelain") == ""


def test_what_a_symbolic_link_leads_away_to_stays(repo: Repo, ahead: tuple[str, str], tmp_path: Path) -> None:
    (repo.folder / "flows/a").rename(tmp_path / "elsewhere")
    (repo.folder / "flows/a").symlink_to(tmp_path / "elsewhere")
    with Repository(repo.folder) as opened, pytest.raises(NotFastForward, match="symbolic link"):
        opened.worktree.fast_forward("main", *ahead)
    assert (tmp_path / "elsewhere/x.py").read_text() == "x = 1\n" and repo.tip() == ahead[0]
    leaves_nothing(repo)


def test_nothing_moves_for_what_cannot_come(repo: Repo, ahead: tuple[str, str]) -> None:
    """Whatever refuses does so at each sync, until a person has cleared the way: nothing may flicker meanwhile."""
    (repo.folder / ".git/info/exclude").write_text("n.py\n")
    repo.write({"flows/a/new/n.py": "ignored, and mine\n"})
    before = (repo.folder / "flows/a/x.py").stat().st_ctime_ns
    with Repository(repo.folder) as opened, pytest.raises(NotFastForward, match=r"n\.py would be .* it is there"):
        opened.worktree.fast_forward("main", *ahead)
    assert (repo.folder / "flows/a/x.py").stat().st_ctime_ns == before
    assert (repo.folder / "flows/a/new/n.py").read_text() == "ignored, and mine\n" and repo.tip() == ahead[0]


def test_a_name_whose_case_changes(repo: Repo) -> None:
    old = repo.commit({"flows/a/X.py": "x\n"})
    repo.git("mv", "flows/a/X.py", "flows/a/aside")
    repo.git("mv", "flows/a/aside", "flows/a/x.py")
    new = repo.commit({})
    repo.git("reset", "--quiet", "--hard", old)
    with Repository(repo.folder) as opened:
        opened.worktree.fast_forward("main", old, new)
    assert [file.name for file in (repo.folder / "flows/a").iterdir()] == ["x.py"]
    assert repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize("bits", ["--skip-worktree", "--assume-unchanged"])
def test_what_git_was_told_not_to_look_at_is_looked_at(repo: Repo, ahead: tuple[str, str], bits: str) -> None:
    repo.git("update-index", bits, "flows/a/x.py")
    (repo.folder / "flows/a/x.py").write_text("mine\n")
    with Repository(repo.folder) as opened, pytest.raises(NotFastForward, match="would be overwritten"):
        opened.worktree.fast_forward("main", *ahead)
    assert (repo.folder / "flows/a/x.py").read_text() == "mine\n" and repo.tip() == ahead[0]


def test_links_and_modes_come_along(repo: Repo) -> None:
    old = repo.commit({"a.sh": "1\n", "b.sh": "1\n"})
    (repo.folder / "a.sh").chmod(0o755)
    (repo.folder / "link").symlink_to("a.sh")
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "-m", "modes")
    new = repo.tip()
    (repo.folder / "link").unlink()
    (repo.folder / "link").symlink_to("b.sh")
    repo.git("commit", "--quiet", "-am", "another link")
    newer = repo.tip()
    for before, after in ((old, new), (new, newer)):
        repo.git("reset", "--quiet", "--hard", before)
        with Repository(repo.folder) as opened:
            opened.worktree.fast_forward("main", before, after or "")
        assert repo.git("status", "--porcelain") == "" and repo.tip() == after
    assert os.readlink(repo.folder / "link") == "b.sh" and os.access(repo.folder / "a.sh", os.X_OK)
