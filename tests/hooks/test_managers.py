"""The hooks of .pre-commit-hooks.yaml under the real pre-commit, prek and lefthook.

FLOWSYNC_HOOK_TOOLS names the folder that holds their executables, if they are not on the PATH.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flow_repo import BROKEN, GOOD

SOURCE = Path(__file__).parents[2]
DEFINITION = "flows/chat/flow.dag.yaml"
KEY = "AccountKey=" + "Ab3+/9zX" * 10 + "abcdef=="

# `language: system` runs this very flowsync; the slow test installs it, as users' machines do.
CONFIG = """\
repos:
- repo: {hooks}
  rev: {rev}
  hooks:
  - {{id: flowsync-validate{language}}}
  - {{id: flowsync-secrets{language}}}
  - {{id: flowsync-strip-outputs{language}}}
"""
NO_OP = """\
repos:
- repo: local
  hooks: [{id: nothing, name: nothing, entry: "true", language: system, always_run: true, pass_filenames: false}]
"""
LEFTHOOK = """\
pre-commit:
  commands:
    flowsync-validate:
      run: flowsync validate --staged
"""


def tool(name: str) -> str:
    path = os.pathsep.join((os.environ.get("FLOWSYNC_HOOK_TOOLS", ""), os.environ["PATH"]))
    found = shutil.which(name, path=path)
    if not found:
        pytest.skip(f"{name} is not installed; FLOWSYNC_HOOK_TOOLS can name the folder that has it")
    return found


def hook_repository(repo, source: Path) -> str:
    """Makes a repository of the hooks' definition, and returns its commit."""
    place = repo.home / "hooks-repo"
    place.mkdir()
    shutil.copy(source / ".pre-commit-hooks.yaml", place)
    repo.git("init", "-q", cwd=place)
    repo.git("add", "-A", cwd=place)
    repo.git("commit", "-q", "-m", "hooks", cwd=place)
    return repo.git("rev-parse", "HEAD", cwd=place).strip()


class Managed:
    """A repository whose hooks a manager runs."""

    def __init__(self, repo, manager: str) -> None:
        self.repo, self.manager = repo, manager
        self.executable = tool(manager)
        folders = (os.path.dirname(sys.executable), os.path.dirname(self.executable), os.environ["PATH"])
        self.extra = {"PATH": os.pathsep.join(folders), "PRE_COMMIT_HOME": str(repo.home / "pc")}
        self.extra["PREK_HOME"] = str(repo.home / "prek")
        rev = hook_repository(repo, SOURCE)
        config = CONFIG.format(hooks=repo.home / "hooks-repo", rev=rev, language=", language: system")
        repo.write(".pre-commit-config.yaml", config)
        repo.stage()
        assert repo.commit().returncode == 0
        self.install()

    def install(self) -> None:
        done = self.repo.run(self.executable, "install", extra=self.extra)
        assert done.returncode == 0, done.stdout + done.stderr

    def commit(self, *arguments: str, cwd: Path | None = None) -> tuple[int, str]:
        done = self.repo.commit(*arguments, cwd=cwd, extra=self.extra)
        return done.returncode, done.stdout + done.stderr

    def run_all(self, *arguments: str) -> tuple[int, str]:
        done = self.repo.run(self.executable, "run", *arguments, extra=self.extra)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(params=["pre-commit", "prek"])
def managed(repo, request):
    return Managed(repo, request.param)


def test_broken_stops_fixed_passes_unstaged_fix_still_stops(managed):
    repo = managed.repo
    repo.write(DEFINITION, BROKEN)
    repo.stage()
    code, said = managed.commit()
    assert code != 0
    assert f"{DEFINITION}:4:35: FS101" in said
    repo.write(DEFINITION, GOOD["flow.dag.yaml"])  # fixed, not staged: the manager puts it aside meanwhile
    code, said = managed.commit()
    assert code != 0
    assert "FS101" in said
    assert (repo.top / DEFINITION).read_text() == GOOD["flow.dag.yaml"]
    repo.write(DEFINITION, GOOD["flow.dag.yaml"] + "# fixed\n")
    repo.stage()
    code, said = managed.commit(cwd=repo.top / "flows" / "chat")
    assert code == 0, said


def test_a_commit_that_only_deletes(managed):
    managed.repo.git("rm", "-q", "flows/chat/echo.py")
    code, said = managed.commit()
    assert code != 0
    assert "FS301" in said


def test_odd_names_and_a_worktree(managed, tmp_path):
    repo, other = managed.repo, tmp_path / "other tree"
    repo.git("worktree", "add", "-q", str(other), "-b", "side")
    for name in ("a flow", "it's", 'quo"ted', "line\nbreak", "ümläut 流れ"):
        for path, text in GOOD.items():
            place = other / "flows" / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(BROKEN if path == "flow.dag.yaml" else text)
    repo.git("add", "-A", cwd=other)
    code, said = managed.commit(cwd=other)
    assert code != 0
    for name in ("a flow", "it's", 'quo"ted', "line\\nbreak", "ümläut 流れ"):
        assert f"flows/{name}/flow.dag.yaml:4:35: FS101" in said
    for name in ("a flow", "it's", 'quo"ted', "line\nbreak", "ümläut 流れ"):
        (other / "flows" / name / "flow.dag.yaml").write_text(GOOD["flow.dag.yaml"])
    repo.git("add", "-A", cwd=other)
    code, said = managed.commit(cwd=other)
    assert code == 0, said


def test_all_files_as_ci_runs_it(managed):
    repo = managed.repo
    code, said = managed.run_all("--all-files")
    assert code == 0, said
    repo.write(DEFINITION, BROKEN)
    repo.stage()
    repo.git("commit", "-q", "--no-verify", "-m", "broken")
    code, said = managed.run_all("--all-files")
    assert code != 0
    assert said.count(f"{DEFINITION}:4:35: FS101") == 1
    code, said = managed.run_all("flowsync-validate", "--files", "flows/chat/echo.py")
    assert code != 0
    assert "FS101" in said


def test_secrets_anywhere(managed):
    repo = managed.repo
    repo.write("src/settings.ini", f"storage = {KEY}\n")
    repo.stage()
    code, said = managed.commit()
    assert code != 0
    assert "src/settings.ini:1:22: FS601" in said
    assert KEY[11:] not in said
    repo.write("src/settings.ini", f"storage = {KEY}  # flowsync: ignore[FS601]\n")
    repo.stage()
    code, said = managed.commit()
    assert code == 0, said


def test_generated_files_are_taken_out(managed):
    repo = managed.repo
    for path in (".promptflow/flow.log", ".promptflow/flow.tools.json", "__pycache__/echo.cpython-311.pyc"):
        repo.write(f"flows/chat/{path}", "x")
    repo.stage()
    code, said = managed.commit()
    assert code != 0
    assert "flows/chat/.promptflow/flow.log: taken out of the commit" in said
    code, said = managed.commit()
    assert code == 0, said
    committed = repo.git("show", "--format=", "--name-only").split()
    assert committed == ["flows/chat/.promptflow/flow.tools.json"]
    assert (repo.top / "flows/chat/.promptflow/flow.log").exists()


def test_beside_our_own_hooks(managed):
    """Whichever was installed first: both run, and each can be taken away."""
    repo = managed.repo
    assert repo.flowsync("hooks", "install").returncode == 0
    shown = repo.flowsync("hooks", "status").stdout
    assert "left to .pre-commit-config.yaml" in shown
    repo.write(DEFINITION, BROKEN)
    repo.stage()
    code, said = managed.commit()
    assert code != 0
    assert said.count("FS101") == 1
    assert repo.flowsync("hooks", "uninstall").returncode == 0
    code, said = managed.commit()
    assert code != 0


@pytest.mark.parametrize("manager", ["pre-commit", "prek"])
def test_a_manager_that_comes_later_keeps_our_hook(hooked, manager):
    executable = tool(manager)
    hooked.write(".pre-commit-config.yaml", NO_OP)
    hooked.stage()
    assert hooked.commit().returncode == 0
    before = hooked.run("ls", "-A", ".git/hooks").stdout
    assert hooked.run(executable, "install").returncode == 0
    hooked.write(DEFINITION, BROKEN)
    hooked.stage()
    done = hooked.commit()
    assert done.returncode != 0
    assert "FS101" in done.stdout + done.stderr
    assert hooked.flowsync("hooks", "install").returncode == 0  # again: nothing runs twice
    done = hooked.commit()
    assert (done.stdout + done.stderr).count("FS101") == 1
    assert hooked.flowsync("hooks", "uninstall").returncode == 0
    assert hooked.commit().returncode == 0
    assert hooked.run(executable, "uninstall").returncode == 0
    after = set(hooked.run("ls", "-A", ".git/hooks").stdout.split())
    assert after <= set(before.split())


def test_lefthook(repo):
    executable = tool("lefthook")
    folders = (os.path.dirname(sys.executable), os.path.dirname(executable), os.environ["PATH"])
    extra = {"PATH": os.pathsep.join(folders), "CI": "true"}
    repo.write("lefthook.yml", LEFTHOOK)
    repo.stage()
    assert repo.commit().returncode == 0
    done = repo.run(executable, "install", extra=extra)
    assert done.returncode == 0, done.stderr
    repo.write(DEFINITION, BROKEN)
    repo.stage()
    repo.write(DEFINITION, GOOD["flow.dag.yaml"])
    done = repo.commit(extra=extra)
    assert done.returncode != 0
    assert "FS101" in done.stdout + done.stderr
    repo.write(DEFINITION, GOOD["flow.dag.yaml"] + "# fixed\n")
    repo.stage()
    done = repo.commit(extra=extra)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("manager", ["pre-commit", "prek"])
def test_installed_by_the_manager_from_a_repository(repo, manager):
    """As on a user's machine: cloned, built and installed with all that it depends on."""
    executable = tool(manager)
    clone = repo.home / "flowsync-clone"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=SOURCE, capture_output=True, check=True).stdout.split(b"\0")
    for name in filter(None, map(os.fsdecode, listed)):
        if (SOURCE / name).is_file() and not name.startswith("tests/"):
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SOURCE / name, clone / name)
    repo.git("init", "-q", cwd=clone)
    repo.git("add", "-A", cwd=clone)
    repo.git("commit", "-q", "-m", "flowsync", cwd=clone)
    rev = repo.git("rev-parse", "HEAD", cwd=clone).strip()
    repo.write(".pre-commit-config.yaml", CONFIG.format(hooks=clone, rev=rev, language=""))
    repo.stage()
    assert repo.commit().returncode == 0
    extra = {"PRE_COMMIT_HOME": str(repo.home / "pc"), "PREK_HOME": str(repo.home / "prek")}
    run = [executable, "run", "--all-files"]
    first = subprocess.run(run, cwd=repo.top, env=repo.environment | extra, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stdout + first.stderr
    repo.write(DEFINITION, BROKEN)
    repo.stage()
    done = repo.run(executable, "run", extra=extra)
    assert done.returncode != 0
    assert f"{DEFINITION}:4:35: FS101" in done.stdout
