"""A git child that is killed leaves locks, and files half checked out: the next run puts that right, and nothing else.

The child dies where it really holds its locks: in a hook, or in a filter, that kills it.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from world import World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the scripts find whom to kill in /proc")

GIT = "git=$PPID; while ! grep -q ^git /proc/$git/comm; do read -r _ _ _ git _ < /proc/$git/stat; done; "
FLOWSYNC_TOO = "read -r _ _ _ flowsync _ < /proc/$git/stat; kill -9 $flowsync; "


@pytest.fixture
def chat(world: World) -> World:
    world.studio_flow("chat", a_py="a = 1\n", b_py="b = 1\n", c_py="c = 1\n")
    world.sync()
    return world


def deadly(world: World, place: Path, when: str, before: str = "") -> None:
    """A script that kills the git that runs it, once, when a condition holds."""
    once = world.folder / ".git/died"
    place.parent.mkdir(exist_ok=True)
    kill = f"if [ ! -e {once} ] && {when}; then touch {once}; {GIT}{before}kill -9 $git; sleep 1; fi"
    place.write_text(f"#!/bin/sh\n{kill}\ncat\n")
    place.chmod(0o755)


def locks(world: World) -> list[Path]:
    return [path for path in world.folder.glob(".git/**/*.lock") if path.parent.name != "flowsync"]


def at_rest(world: World) -> None:
    world.sync()
    assert (world.folder / ".git/died").exists()
    assert not locks(world) and not (world.folder / ".git/flowsync/git-child.json").exists()
    assert not list((world.folder / ".git/flowsync").glob("landing*"))
    assert world.git("status", "--porcelain") == "" and not world.fsck()
    assert world.here("chat") == world.there("chat")
    assert "Everything is in sync" in world.sync().out


@pytest.mark.parametrize("before", ["", FLOWSYNC_TOO], ids=["git alone", "flowsync, too"])
@pytest.mark.parametrize("state", ["prepared", "committed"])
@pytest.mark.parametrize("ref", ["refs/remotes/studio/chat", "refs/heads/main", "refs/flowsync/studio/chat"])
def test_killed_with_refs_locked(chat: World, ref: str, state: str, before: str) -> None:
    deadly(chat, chat.folder / ".git/hooks/reference-transaction", f'[ "$1" = {state} ] && grep -q " {ref}$"', before)
    chat.studio({"chat/a.py": "a = 2\n", "chat/d.py": "d = 2\n", "chat/c.py": None})
    chat.process("sync")
    at_rest(chat)


@pytest.mark.parametrize("before", ["", FLOWSYNC_TOO], ids=["git alone", "flowsync, too"])
@pytest.mark.parametrize("file", ["a.py", "b.py", "d.py"])
@pytest.mark.parametrize("aside", [True, False])
def test_killed_in_the_middle_of_the_checkout(chat: World, aside: bool, file: str, before: str) -> None:
    """Of one to files aside, or to the worktree by git merge, as where nothing can be set aside."""
    chat.git("config", "core.sparseCheckout", str(not aside).lower())
    chat.commit({".gitattributes": "*.py filter=deadly\n"})
    filter = chat.folder / ".git/hooks/filter"
    deadly(chat, filter, f'[ "$1" = flows/chat/{file} ]', before)
    chat.git("config", "filter.deadly.smudge", f"{filter} %f")
    chat.git("config", "filter.deadly.clean", "cat")
    chat.studio({"chat/a.py": "a = 2\n", "chat/b.py": "b = 2\n", "chat/d.py": "d = 2\n", "chat/c.py": None})
    chat.process("sync")
    assert chat.git("rev-parse", "studio/chat") != chat.git("rev-parse", "main")
    at_rest(chat)


def test_what_a_person_did_since_is_left_alone(chat: World) -> None:
    chat.commit({".gitattributes": "*.py filter=deadly\n"})
    filter = chat.folder / ".git/hooks/filter"
    deadly(chat, filter, '[ "$1" = flows/chat/b.py ]', FLOWSYNC_TOO)
    chat.git("config", "filter.deadly.smudge", f"{filter} %f")
    chat.git("config", "filter.deadly.clean", "cat")
    chat.studio({"chat/a.py": "a = 2\n", "chat/b.py": "b = 2\n", "chat/d.py": "d = 2\n"})
    chat.process("sync")
    chat.write({"flows/chat/a.py": "a = 'mine'\n", "flows/chat/note.md": "mine\n"})
    assert "uncommitted" in chat.sync(code=1).out
    assert (chat.folder / "flows/chat/a.py").read_text() == "a = 'mine'\n"
    assert (chat.folder / "flows/chat/note.md").read_text() == "mine\n"
    assert (chat.folder / "flows/chat/b.py").read_text() == "b = 1\n" and not locks(chat)


@pytest.mark.parametrize("name", ["refs/remotes/studio/chat.lock", "refs/flowsync/studio/chat.lock", "index.lock"])
def test_a_lock_that_was_there_before_is_somebody_else_s(chat: World, name: str) -> None:
    lock = chat.folder / ".git" / name
    lock.touch()
    chat.studio({"chat/a.py": "a = 2\n"})
    run = chat.run("sync")
    assert run.code in (1, 3) and name.rpartition("/")[2] in run.out + run.err and "if no" in run.out + run.err
    assert lock.exists()
    lock.unlink()
    chat.sync()
    assert "Everything is in sync" in chat.sync().out


def record(world: World, lock: Path, began: float) -> Path:
    file = world.folder / ".git/flowsync/git-child.json"
    said = {"folder": str(world.folder), "arguments": ["update-ref"], "locks": [str(lock)], "began": began}
    file.write_text(json.dumps({**said, "pid": 2**22 + 1, "born": "another boot 1"}))
    return file


@pytest.mark.parametrize("age", [-3600.0, 3600.0])
def test_a_lock_of_another_time_than_the_child_s_stays(chat: World, age: float) -> None:
    lock = chat.folder / ".git/refs/remotes/studio/other.lock"
    lock.touch()
    record(chat, lock, time.time() + age)
    chat.sync()
    assert lock.exists()


def test_a_lock_stays_while_another_git_is_at_work_here(chat: World) -> None:
    lock = chat.folder / ".git/refs/remotes/studio/other.lock"
    with subprocess.Popen(["git", "fast-import", "--quiet"], cwd=chat.folder, stdin=subprocess.PIPE) as other:
        lock.touch()
        file = record(chat, lock, time.time())
        assert chat.process("sync").code == 0  # the other git is not its own child, as it would be ours
        assert lock.exists() and file.exists()
        other.communicate(b"")
    chat.sync()
    assert not lock.exists() and not file.exists()
