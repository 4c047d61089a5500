"""The repository in memory answers as real git does: the same random histories in both, and the same questions."""

import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from flowsync.core.tree import File
from flowsync.core.tree import Path as TreePath
from flowsync.errors import RepositoryError
from flowsync.repo import Repository
from flowsync.repo.ground import NotFastForward
from flowsync.repo.refs import Move, RefMoved
from world import Repo

from .memory_repo import MemoryRepository
from .writing import fresh

NAMES = ("flows/chat/a.py", "flows/chat/sub/c.py", "flows/triage/a.py", "README.md")
WHO = "Pat <pat@example.com> 1700000000 +0000"


class Both:
    """The same history in memory and on disk."""

    def __init__(self, real: Repository, memory: MemoryRepository) -> None:
        self.real, self.memory = real, memory
        self.commits: list[str] = []

    def commit(self, files: dict[str, bytes], parents: tuple[str, ...]) -> str:
        shas = set()
        for repo in (self.real, self.memory):
            objects = repo.objects
            entries = {TreePath(path): File(objects.write_bytes(content)) for path, content in files.items()}
            tree = objects.write_files(entries) or objects.write_empty_tree()
            when = f"Pat <pat@example.com> {1700000000 + len(self.commits)} +0000"
            shas.add(objects.write_commit(tree, parents, when, when, "an edit\n"))
        assert len(shas) == 1
        self.commits.append(*shas)
        return shas.pop()

    def grow(self, seed: int, size: int = 14) -> random.Random:
        chance = random.Random(seed)
        files: dict[str, bytes] = {}
        for _ in range(size):
            parents = tuple(chance.sample(self.commits, min(len(self.commits), chance.choice((1, 1, 1, 2)))))
            files = dict(self.memory.files(parents[0])) if parents else {}
            if len(parents) == 2 and chance.random() < 0.5:
                files.update(self.memory.files(parents[1]))
            for _ in range(chance.choice((0, 1, 1, 2))):
                path = chance.choice(NAMES)
                if chance.random() < 0.2:
                    files.pop(path, None)
                else:
                    files[path] = fresh("a.py", [b"%d" % chance.randrange(4) for _ in range(3)])
            self.commit(files, parents)
        return chance


@pytest.fixture
def both(repo: Repo, tmp_path: Path) -> Iterator[Both]:
    with Repository(repo.folder) as real:
        yield Both(real, MemoryRepository(tmp_path, "pat", lambda: 1700000000))


@pytest.mark.parametrize("seed", range(12))
def test_walks_over_history(both: Both, seed: int) -> None:
    chance = both.grow(seed)
    for _ in range(12):
        one, other = chance.choice(both.commits), chance.choice(both.commits)
        path = chance.choice(("flows/chat", "flows/triage", "flows/chat/a.py"))
        real, memory = both.real, both.memory
        assert real.refs.contains(one, other) == memory.refs.contains(one, other)
        assert real.history.line(one, [other]) == memory.history.line(one, [other])
        assert sorted(real.history.touching(one, path)) == sorted(memory.history.touching(one, path))
        since = [other, chance.choice(both.commits)]
        assert sorted(real.history.touching(one, path, since=since)) == sorted(
            memory.history.touching(one, path, since=since)
        )
        pairs = [(one, other), (other, one), *([(since[1], None)] if chance.random() < 0.3 else [])]
        for folder in ("flows/chat", "flows/triage"):
            for mine, lacks in pairs:
                in_git, in_memory = (repo.history.apart(pairs, "flows") for repo in (real, memory))
                times = [datetime.fromisoformat(one.when).timestamp() for one in in_git.only_in(mine, lacks, folder)]
                assert sorted(times) == sorted(float(one.when) for one in in_memory.only_in(mine, lacks, folder))


def test_of_a_line_of_commits_walks_have_one_order(both: Both) -> None:
    parent: tuple[str, ...] = ()
    for number in range(8):
        sha = both.commit({"flows/chat/a.py": b"%d" % (number // 2), "README.md": b"%d" % number}, parent)
        parent = (sha,)
    assert both.real.history.touching(sha, "flows/chat") == both.memory.history.touching(sha, "flows/chat")


@pytest.mark.parametrize("seed", range(10))
def test_merges_of_trees(both: Both, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(8):
        base = {path: fresh("a.py", [b"1%d" % n, b"2%d" % n, b"3%d" % n]) for n, path in enumerate(NAMES)}
        sides = [_edited(base, chance) for _ in range(2)]
        trees = [
            [repo.objects.commit(both.commit(files, ())).tree for files in (base, *sides)]
            for repo in (both.real, both.memory)
        ]
        real, memory = both.real.merger.merge(*trees[0]), both.memory.merger.merge(*trees[1])
        assert sorted(real.conflicts) == sorted(memory.conflicts)
        if not real.conflicts:
            assert real.tree == memory.tree


def _edited(files: dict[str, bytes], chance: random.Random) -> dict[str, bytes]:
    result = dict(files)
    for path in chance.sample(NAMES, chance.choice((1, 2, 3))):
        if chance.random() < 0.2:
            result.pop(path)
        else:
            slot = chance.randrange(3)
            result[path] = result[path].replace(b"%d" % (slot + 1), b"x%d" % chance.randrange(3), 1)
    return result


def test_refs(both: Both) -> None:
    both.grow(1)
    one, two = both.commits[0], both.commits[-1]
    for repo in (both.real, both.memory):
        refs = repo.refs
        refs.move([Move("refs/remotes/studio/chat", None, one), Move("refs/flowsync/studio/chat", None, two)], "a")
        assert refs.get("refs/remotes/studio/chat") == one
        assert refs.get("refs/remotes/studio/none") is None
        assert refs.below("refs/remotes/studio/") == {"chat": one}
        assert refs.below("refs/remotes/studio/", merged_into=two) == ({"chat": one} if refs.contains(two, one) else {})
        assert refs.containing("refs/flowsync/studio/", two) == {"chat"}
        assert refs.matching("refs/flowsync/studio/") == {"refs/flowsync/studio/chat": two}
        with pytest.raises(RefMoved):
            refs.move([Move("refs/heads/new", None, one), Move("refs/remotes/studio/chat", two, one)], "b")
        assert refs.get("refs/heads/new") is None
        refs.move([Move("refs/remotes/studio/chat", one, None)], "c")
        assert refs.get("refs/remotes/studio/chat") is None
        with pytest.raises(RepositoryError):
            repo.objects.read("0" * 40)


def test_the_branch_moves_only_forward_and_never_over_edits(both: Both, repo: Repo) -> None:
    first = both.commit({"flows/chat/a.py": b"1", "README.md": b"1"}, ())
    second = both.commit({"flows/chat/a.py": b"2", "README.md": b"1"}, (first,))
    aside = both.commit({"README.md": b"2"}, ())
    repo.git("reset", "--quiet", "--hard", first)
    both.memory.refs.all["refs/heads/main"] = first
    for one in (both.real, both.memory):
        worktree = one.worktree
        at = worktree.checkout("main")
        assert at is not None and worktree.current() == "main" and worktree.tip("main") == first
        with pytest.raises(NotFastForward):
            worktree.fast_forward("main", first, aside)
        with pytest.raises(NotFastForward):
            worktree.fast_forward("main", second, aside)
        if one is both.real:
            repo.write({"flows/chat/a.py": "unsaved"})
        else:
            both.memory.worktree.edits["flows/chat/a.py"] = b"unsaved"
        assert worktree.dirty(at, "flows") == ["chat/a.py"]
        with pytest.raises(NotFastForward):
            worktree.fast_forward("main", first, second)
        if one is both.real:
            repo.git("checkout", "--quiet", ".")
        else:
            both.memory.worktree.edits.clear()
        worktree.fast_forward("main", first, second)
        assert worktree.tip("main") == second
