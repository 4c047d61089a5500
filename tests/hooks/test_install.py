"""Installing keeps what is there, chains it, and uninstalling brings it back byte for byte."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from flow_repo import BROKEN, GOOD
from flowsync_hooks.shims import EVENTS

DEFINITION = "flows/chat/flow.dag.yaml"
SPY = """#!/bin/sh
# café: bytes count
echo "before $*" >> "$SPY"
cat >> "$SPY"
exit ${SPY_EXIT:-0}
"""


def snapshot(folder: Path):
    """Every file of a folder: its mode, and its bytes or where it leads."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            os.readlink(path) if path.is_symlink() else path.read_bytes(),
        )
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def break_flow(repo):
    repo.write(DEFINITION, BROKEN)
    repo.stage()


def stopped(done):
    return done.returncode != 0 and "FS101" in done.stdout + done.stderr


def states(repo, action="status"):
    done = repo.flowsync("hooks", action, "--json")
    assert done.returncode in (0, 1), done.stderr
    return {state["event"]: state for state in json.loads(done.stdout)["hooks"]}


@pytest.mark.parametrize("chained", [False, True])
def test_a_rehearsal_tells_what_comes_and_changes_nothing(repo, chained):
    if chained:
        hook = repo.write(".git/hooks/post-merge", SPY)
        hook.chmod(0o755)
    for action in ("install", "uninstall", "install", "install"):
        before = snapshot(repo.top / ".git")
        done = repo.flowsync("hooks", action, "--dry-run", "--json")
        assert (done.returncode, snapshot(repo.top / ".git")) == (0, before)
        planned = {state["event"]: state for state in json.loads(done.stdout)["hooks"]}
        assert planned == states(repo, action)


def test_install_and_uninstall_leave_no_trace(repo):
    before = snapshot(repo.top / ".git")
    assert {state["how"] for state in states(repo, "install").values()} == {"shim"}
    assert {state["how"] for state in states(repo).values()} == {"shim"}
    break_flow(repo)
    assert stopped(repo.commit())
    repo.git("reset", "-q", "--hard")
    assert {state["how"] for state in states(repo, "uninstall").values()} == {"none"}
    after = snapshot(repo.top / ".git")
    ours = {
        name for name in after if not name.startswith(("objects/", "index", "logs/", "ORIG_HEAD", "COMMIT_EDITMSG"))
    }
    assert {name: after[name] for name in ours} == {name: before[name] for name in ours}


@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
def test_existing_hooks_run_first_and_come_back(repo, twice):
    folder = repo.top / ".git" / "hooks"
    for event in EVENTS:
        (folder / event).write_bytes(SPY.encode())
        (folder / event).chmod(0o755)
    before = snapshot(folder)
    assert all(state["chained"] for state in states(repo, "install").values())
    if twice:
        states(repo, "install")
    spy = repo.home / "spy"
    break_flow(repo)
    assert stopped(repo.commit(extra={"SPY": str(spy)}))
    assert spy.read_text() == "before \n"
    states(repo, "uninstall")
    assert snapshot(folder) == before
    assert repo.commit(extra={"SPY": str(spy)}).returncode == 0  # nobody validates any more


def test_an_existing_hook_that_fails_stops_the_commit(repo):
    place = repo.top / ".git/hooks/pre-commit"
    place.write_text(SPY)
    place.chmod(0o755)
    states(repo, "install")
    assert repo.commit("--allow-empty", extra={"SPY": str(repo.home / "spy"), "SPY_EXIT": "3"}).returncode != 0
    assert repo.commit("--allow-empty", extra={"SPY": str(repo.home / "spy")}).returncode == 0


def test_a_hook_that_is_a_link_or_not_executable_stays_what_it_is(repo):
    folder = repo.top / ".git" / "hooks"
    real = repo.home / "real-hook"
    real.write_text(SPY)
    real.chmod(0o755)
    (folder / "pre-commit").symlink_to(real)
    (folder / "post-commit").write_text(SPY)
    (folder / "post-commit").chmod(0o644)
    before = snapshot(folder)
    states(repo, "install")
    spy = repo.home / "spy"
    assert repo.commit("--allow-empty", extra={"SPY": str(spy)}).returncode == 0
    assert spy.read_text() == "before \n"  # the link's target; the other was never run by Git either
    states(repo, "uninstall")
    assert snapshot(folder) == before


def test_core_hookspath_of_the_repository(repo):
    repo.git("config", "core.hooksPath", "tool s/hooks")
    own = repo.write("tool s/hooks/pre-commit", SPY)
    own.chmod(0o755)
    spy = repo.home / "spy"
    found = states(repo, "install")["pre-commit"]
    assert found["place"].endswith("/tool s/hooks/pre-commit")
    assert found["chained"]
    repo.write(DEFINITION, BROKEN)
    repo.git("add", DEFINITION)
    assert stopped(repo.commit(extra={"SPY": str(spy)}, cwd=repo.top / "flows"))
    assert spy.read_text() == "before \n"
    states(repo, "uninstall")
    assert own.read_text() == SPY


def test_core_hookspath_of_everybody_is_left_alone(repo):
    shared = repo.home / "shared-hooks"
    shared.mkdir()
    repo.git("config", "--global", "core.hooksPath", str(shared))
    done = repo.flowsync("hooks", "install")
    assert done.returncode == 2
    assert "other repositories use too" in done.stderr
    assert list(shared.iterdir()) == []


def test_installing_in_a_linked_worktree_serves_all(repo, tmp_path):
    other = tmp_path / "other"
    repo.git("worktree", "add", "-q", str(other), "-b", "side")
    assert repo.flowsync("hooks", "install", cwd=other).returncode == 0
    break_flow(repo)
    assert stopped(repo.commit())


def test_an_interpreter_that_is_gone(repo):
    place = repo.top / ".git/hooks/pre-commit"
    states(repo, "install")
    text = place.read_text()
    assert f"PYTHON={sys.executable}" in text
    place.write_text(text.replace(sys.executable, "/gone/bin/python"))
    found = states(repo)["pre-commit"]
    assert found["problem"] == "its interpreter /gone/bin/python is gone"
    bare = {"HOME": str(repo.home), "PATH": os.path.dirname(shutil.which("git")) + ":/bin"}
    done = repo.run("git", "commit", "-q", "--allow-empty", "-m", "x", environment=bare)
    assert done.returncode != 0
    assert "flowsync hooks install" in done.stderr
    # A flowsync on the PATH takes over.
    folder = repo.home / "bin"
    folder.mkdir()
    (folder / "flowsync").write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m flowsync "$@"\n')
    (folder / "flowsync").chmod(0o755)
    bare["PATH"] = f"{folder}:{bare['PATH']}"
    break_flow(repo)
    assert stopped(repo.run("git", "commit", "-q", "-m", "x", environment=bare))
    states(repo, "install")
    assert states(repo)["pre-commit"]["problem"] == ""


def test_a_configuration_that_runs_us_already_keeps_its_pre_commit(repo):
    repo.write(".pre-commit-config.yaml", "repos:\n- repo: x\n  hooks: [{id: flowsync-validate}]\n")
    found = states(repo, "install")
    assert (found["pre-commit"]["how"], found["pre-commit"]["place"]) == ("manager", ".pre-commit-config.yaml")
    assert found["post-commit"]["how"] == "shim"
    assert not (repo.top / ".git/hooks/pre-commit").exists()


def test_outside_of_a_repository(tmp_path, repo):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert repo.flowsync("hooks", "install", cwd=elsewhere).returncode == 3


class TestGitWithHooksInItsConfiguration:
    """Git 2.54 and later. An older Git plays it: it says so, and the test runs what the configuration names."""

    @pytest.fixture
    def newer(self, repo):
        real = shutil.which("git")
        folder = repo.home / "newer"
        folder.mkdir()
        (folder / "git").write_text(
            f'#!/bin/sh\nif [ "$*" = version ]; then echo "git version 2.54.0"; exit; fi\nexec "{real}" "$@"\n'
        )
        (folder / "git").chmod(0o755)
        repo.path = f"{folder}:{os.environ['PATH']}"
        return repo

    def flowsync(self, repo, *arguments):
        return repo.run(sys.executable, "-P", "-m", "flowsync", *arguments, extra={"PATH": repo.path})

    def test_no_hook_file_is_touched(self, newer):
        before = snapshot(newer.top / ".git")
        hooks = newer.top / ".git/hooks"
        (hooks / "pre-commit").write_text(SPY)
        files = snapshot(hooks)
        assert self.flowsync(newer, "hooks", "install").returncode == 0
        assert snapshot(hooks) == files
        assert newer.git("config", "hook.flowsync-pre-commit.event") == "pre-commit\n"
        shown = json.loads(self.flowsync(newer, "hooks", "status", "--json").stdout)["hooks"]
        assert {(state["how"], state["problem"]) for state in shown} == {("config", "")}
        assert self.flowsync(newer, "hooks", "uninstall").returncode == 0
        (hooks / "pre-commit").unlink()
        assert snapshot(newer.top / ".git") == before

    def test_what_it_names_validates(self, newer):
        assert self.flowsync(newer, "hooks", "install").returncode == 0
        break_flow(newer)
        command = newer.git("config", "hook.flowsync-pre-commit.command").strip()
        assert stopped(newer.run("sh", "-c", f'{command} "$@"', "hook"))
        newer.write(DEFINITION, GOOD["flow.dag.yaml"])
        newer.stage()
        assert newer.run("sh", "-c", f'{command} "$@"', "hook").returncode == 0

    def test_shims_of_an_older_git_are_replaced(self, newer):
        assert newer.flowsync("hooks", "install").returncode == 0
        assert (newer.top / ".git/hooks/pre-commit").exists()
        assert self.flowsync(newer, "hooks", "install").returncode == 0
        assert not (newer.top / ".git/hooks/pre-commit").exists()

    def test_a_shared_hookspath_is_no_obstacle(self, newer):
        newer.git("config", "--global", "core.hooksPath", str(newer.home / "shared"))
        assert self.flowsync(newer, "hooks", "install").returncode == 0
