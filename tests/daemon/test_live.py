"""``live``: saved edits become commits of their flow only, and only when they are whole and sound."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon_process import Daemon, until
from flow_files import DEFINITION, SOURCE
from flowsync.core.tree import FlowName
from flowsync.sync.live import LiveCommit, commit_live
from flowsync.sync.opened import linked
from world import World

CHAT = FlowName("chat")


@pytest.fixture
def alive(world: World) -> World:
    """A live flow, committed, and another with edits of every sort."""
    world.link(mode="live")
    world.commit(
        {"flows/chat/flow.dag.yaml": DEFINITION, "flows/chat/a.py": SOURCE, "README.md": "1\n", "staged": "1\n"}
    )
    return world


def commit(world: World) -> LiveCommit:
    with linked(world.folder) as link:
        return commit_live(link, CHAT)


def test_the_commit_holds_the_flow_and_nothing_else_moves(alive: World) -> None:
    alive.write({"README.md": "edited\n", "staged": "2\n", "untracked": "u\n"})
    alive.git("add", "staged")
    alive.write({"flows/chat/a.py": SOURCE + "# more\n", "flows/chat/b.jinja2": "hello\n"})
    before = alive.tip()
    made = commit(alive)
    assert made.hold is None
    assert made.commit == alive.tip()
    assert alive.git("rev-parse", "main^") == before
    assert alive.git("diff", "--name-only", "main^", "main").splitlines() == ["flows/chat/a.py", "flows/chat/b.jinja2"]
    assert alive.here("chat")["a.py"].decode() == SOURCE + "# more\n"
    assert alive.git("status", "--porcelain").splitlines() == [" M README.md", "M  staged", "?? untracked"]
    assert alive.subjects()[0] == "chat: edit a.py, add b.jinja2"
    assert alive.fsck() == ""


def test_a_deleted_file_and_a_mode_are_taken_as_git_takes_them(alive: World) -> None:
    alive.commit({"flows/chat/old.txt": "old\n", "flows/chat/run.sh": "#!/bin/sh\n"})
    alive.write({"flows/chat/old.txt": None})
    (alive.folder / "flows/chat/run.sh").chmod(0o755)
    assert commit(alive).commit
    assert "old.txt" not in alive.here("chat")
    assert alive.git("ls-tree", "main", "flows/chat/run.sh").startswith("100755")
    assert alive.git("status", "--porcelain") == ""


def test_the_commit_is_what_git_add_would_make_of_line_ends(alive: World) -> None:
    alive.commit({".gitattributes": "*.py text=auto\n"})
    alive.write({"flows/chat/a.py": SOURCE.replace("\n", "\r\n") + "# crlf\r\n"})
    assert commit(alive).commit
    assert b"\r" not in alive.here("chat")["a.py"]
    assert alive.git("status", "--porcelain") == ""


def test_an_edit_with_an_error_waits_and_says_where(alive: World) -> None:
    before = alive.untouched()
    alive.write({"flows/chat/a.py": "def a(:\n"})
    made = commit(alive)
    assert made.commit == ""
    assert made.hold is not None
    assert made.hold.reason.startswith("a.py:1")
    assert "validate" in made.hold.hint
    after = alive.untouched()
    assert {name for name in after if after[name] != before.get(name)} == {"file flows/chat/a.py"}


def test_nothing_is_committed_when_nothing_was_edited(alive: World) -> None:
    before = alive.untouched()
    assert commit(alive) == LiveCommit(CHAT)
    assert alive.untouched() == before


def test_what_never_syncs_and_what_editors_leave_behind_is_left_out(alive: World) -> None:
    alive.write(
        {"flows/chat/.a.py.swp": "x", "flows/chat/4913": "", "flows/chat/a.py~": "x", "flows/chat/.runs/1/x": "x"}
    )
    assert commit(alive) == LiveCommit(CHAT)


def test_a_person_who_stages_composes_a_commit(alive: World) -> None:
    alive.write({"flows/chat/a.py": SOURCE + "# one\n"})
    alive.git("add", "flows/chat/a.py")
    alive.write({"flows/chat/a.py": SOURCE + "# one\n# two\n"})
    before = alive.untouched()
    made = commit(alive)
    assert made.hold is not None
    assert "staged" in made.hold.reason
    assert alive.untouched() == before


@pytest.mark.parametrize("name", ["index.lock", "MERGE_HEAD", "rebase-merge", "CHERRY_PICK_HEAD", "BISECT_LOG"])
def test_it_waits_while_git_is_busy(alive: World, name: str) -> None:
    alive.write({"flows/chat/a.py": SOURCE + "# one\n"})
    (alive.folder / ".git" / name).touch()
    before = alive.untouched()
    assert commit(alive).hold is not None
    assert alive.untouched() == before


def test_it_waits_on_another_branch(alive: World) -> None:
    alive.git("switch", "--quiet", "-c", "other")
    alive.write({"flows/chat/a.py": SOURCE + "# one\n"})
    made = commit(alive)
    assert made.hold is not None
    assert "not checked out" in made.hold.reason


def test_a_file_that_is_saved_while_it_is_read_waits(alive: World) -> None:
    """A clean filter stands for the editor: it writes the file while git reads it."""
    file = alive.folder / "flows/chat/a.py"
    script = alive.folder.parent / "saver.py"
    script.write_text(f"import sys\nopen({str(file)!r}, 'a').write('# again\\n')\nsys.stdout.write(sys.stdin.read())\n")
    alive.git("config", "filter.saver.clean", f"{sys.executable} {script}")
    alive.commit({".gitattributes": "*.md filter=saver\nflows/chat/*.txt filter=saver\n"})
    alive.write({"flows/chat/a.py": SOURCE + "# one\n", "flows/chat/note.txt": "n\n"})
    before = alive.tip()
    made = commit(alive)
    assert made.hold is not None
    assert "being saved" in made.hold.reason
    assert alive.tip() == before


def test_edits_that_a_hook_framework_put_away_are_not_taken_for_edits(alive: World, tmp_path: Path) -> None:
    """The framework's patch names its process; while that lives, what the worktree shows is not the person's."""
    alive.write({"flows/chat/a.py": SOURCE + "# one\n"})
    framework = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    patch = Path(os.environ["HOME"]) / ".cache/pre-commit" / f"patch1700000000-{framework.pid}"
    patch.parent.mkdir(parents=True)
    patch.write_text("diff")
    assert commit(alive).hold is not None
    framework.communicate(b"\n")
    assert commit(alive).commit


def test_a_commit_that_the_person_makes_meanwhile_wins(alive: World) -> None:
    """A clean filter stands for the person: it moves the branch while the live commit is built."""
    script = alive.folder.parent / "committer.sh"
    script.write_text(
        f"cat; git -C {alive.folder} update-ref refs/heads/main "
        f"$(git -C {alive.folder} commit-tree main^{{tree}} -p main -m person)\n"
    )
    alive.git("config", "filter.committer.clean", f"sh {script}")
    alive.commit({".gitattributes": "flows/chat/*.txt filter=committer\n"})
    alive.write({"flows/chat/note.txt": "n\n"})
    made = commit(alive)
    assert made.hold is not None
    assert alive.subjects()[0] == "person"
    assert (alive.folder / "flows/chat/note.txt").read_text() == "n\n"


def test_a_saved_edit_is_in_studio_and_a_broken_one_waits(alive: World, run_daemon: Callable[..., Daemon]) -> None:
    daemon = run_daemon(alive).ready().settled()
    alive.write({"flows/chat/a.py": SOURCE + "# saved\n"})
    until(lambda: alive.there("chat")["a.py"].endswith(b"# saved\n"), "the edit in Studio")
    alive.write({"flows/chat/a.py": "def broken(:\n"})
    row = until(
        lambda: (
            (row := daemon.flow("chat"))["hold"] and row["hold"]["reason"].startswith("a.py:1") and row  # where it is
        ),
        f"the reason: {daemon}",
    )
    assert row["state"] == "held"
    assert alive.there("chat")["a.py"].endswith(b"# saved\n")
    alive.write({"flows/chat/a.py": SOURCE + "# mended\n"})
    until(lambda: alive.there("chat")["a.py"].endswith(b"# mended\n"), "the mended edit in Studio")
    daemon.settled()
    assert daemon.flow("chat")["state"] == "in-sync"
    assert alive.git("status", "--porcelain") == ""


def test_a_flow_of_its_own_mode_is_live_among_others(world: World, run_daemon: Callable[..., Daemon]) -> None:
    world.link(flows={"chat": {"mode": "live"}})
    files = {"flow.dag.yaml": DEFINITION, "a.py": SOURCE}
    world.commit({f"flows/{name}/{path}": text for name in ("chat", "slow") for path, text in files.items()})
    daemon = run_daemon(world).ready().settled()
    world.write({f"flows/{name}/a.py": SOURCE + "# edit\n" for name in ("slow", "chat")})
    until(lambda: world.there("chat")["a.py"].endswith(b"# edit\n"), "the live flow's edit")
    daemon.settled()
    assert world.there("slow")["a.py"].decode() == SOURCE
    assert world.git("status", "--porcelain") == " M flows/slow/a.py"
