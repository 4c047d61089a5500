"""Refs: read in one look, moved in one transaction or not at all."""

import pytest

from flowsync.errors import RepositoryError
from flowsync.repo import Repository
from flowsync.repo.refs import Move, RefMoved
from world import Repo

A, B = "refs/remotes/studio/a", "refs/flowsync/studio/a"


@pytest.fixture
def shas(repo: Repo) -> list[str]:
    return [repo.commit({"x": str(number)}) for number in range(3)]


def test_several_refs_move_together(repo: Repo, opened: Repository, shas: list[str]) -> None:
    opened.refs.move([Move(A, None, shas[0]), Move(B, None, shas[1])], "test")
    assert (opened.refs.get(A), opened.refs.get(B)) == (shas[0], shas[1])
    opened.refs.move([Move(A, shas[0], shas[2]), Move(B, shas[1], None)], "test")
    assert (opened.refs.get(A), opened.refs.get(B)) == (shas[2], None)
    opened.refs.move([], "nothing to do")
    assert repo.refs("refs/remotes/") == {A: shas[2]}


@pytest.mark.parametrize("late", ["moved", "there already", "gone"])
def test_a_lost_race_changes_nothing(repo: Repo, opened: Repository, shas: list[str], late: str) -> None:
    opened.refs.move([Move(A, None, shas[0])], "test")
    if late == "moved":
        repo.git("update-ref", A, shas[1])
        move = Move(A, shas[0], shas[2])
    elif late == "there already":
        move = Move(A, None, shas[2])
    else:
        repo.git("update-ref", "-d", A)
        move = Move(A, shas[0], shas[2])
    before = repo.refs()
    with pytest.raises(RefMoved):
        opened.refs.move([Move(B, None, shas[0]), move], "test")
    assert repo.refs() == before


def test_a_ref_that_git_refuses_is_said(opened: Repository, shas: list[str]) -> None:
    with pytest.raises(RepositoryError, match="git update-ref refused"):
        opened.refs.move([Move("refs/remotes/studio/a..b", None, shas[0])], "test")


def test_packed_refs_are_refs(repo: Repo, opened: Repository, shas: list[str]) -> None:
    opened.refs.move([Move(f"refs/remotes/studio/{number}", None, shas[number % 3]) for number in range(300)], "test")
    repo.git("pack-refs", "--all")
    found = opened.refs.below("refs/remotes/studio/")
    assert found == {str(number): shas[number % 3] for number in range(300)}
    merged = opened.refs.below("refs/remotes/studio/", shas[0])
    assert merged == {name: sha for name, sha in found.items() if sha == shas[0]}
    opened.refs.move([Move("refs/remotes/studio/7", shas[1], None)], "test")
    assert "7" not in opened.refs.below("refs/remotes/studio/")


def test_a_prefix_is_no_pattern(repo: Repo, opened: Repository, shas: list[str]) -> None:
    opened.refs.move([Move("refs/remotes/studio2/x", None, shas[0]), Move(A, None, shas[0])], "test")
    assert opened.refs.below("refs/remotes/studio/") == {"a": shas[0]}


@pytest.mark.parametrize(
    "revision", ["--all", "-n1", "nowhere", "main:x", "HEAD..main", "", "@{99}", "refs/heads/", "main^{tree}"]
)
def test_a_revision_that_is_no_commit_is_none(opened: Repository, shas: list[str], revision: str) -> None:
    assert opened.refs.get(revision) is None


def test_a_revision_may_be_anything_that_names_a_commit(repo: Repo, opened: Repository, shas: list[str]) -> None:
    repo.git("tag", "-a", "-m", "x", "v1", shas[1])
    found = [opened.refs.get(name) for name in ("main", "HEAD~2", "v1", shas[0][:10], "@")]
    assert found == [shas[2], shas[0], shas[1], shas[0], shas[2]]


def test_containing(opened: Repository, shas: list[str]) -> None:
    assert opened.refs.contains(shas[2], shas[0]) and opened.refs.contains(shas[0], shas[0])
    assert not opened.refs.contains(shas[0], shas[2])
    with pytest.raises(RepositoryError):
        opened.refs.contains(shas[0], "1" * 40)
