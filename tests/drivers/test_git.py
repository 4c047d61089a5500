"""The drivers inside real Git: merge, rebase, cherry-pick, merge-tree, diff, log, and without the program."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from flowsync.drivers.installing import install, merge_command, standing, uninstall
from flowsync.drivers.merging import decisions
from merge_scenarios import BASE, RERANK, TRANSLATE, after_nodes, edit, settled

PROGRAM = str(Path(sys.executable).with_name("flowsync"))
WHERE = "flows/chat/flow.dag.yaml"
ODD = 'flows/it\'s "ünï" & $(x)/flow.dag.yaml'


@dataclass
class Repository:
    """A repository whose ``main`` and ``other`` go apart."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, ok: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode in ok, done.stdout + done.stderr
        return done

    def write(self, text: str, where: str = WHERE) -> None:
        file = self.folder / where
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())

    def read(self, where: str = WHERE) -> str:
        return (self.folder / where).read_bytes().decode()

    def commit(self, text: str, where: str = WHERE) -> None:
        self.write(text, where)
        self.run("add", "-A")
        self.run("commit", "-q", "-m", "edit")

    def part(self, base: str | None, local: str, remote: str, where: str = WHERE) -> None:
        """Commits base on both branches (unless there is none), remote on ``other``, local on ``main``."""
        if base is not None:
            self.commit(base, where)
        self.run("checkout", "-q", "-b", "other")
        self.commit(remote, where)
        self.run("checkout", "-q", "main")
        self.commit(local, where)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "a repository"
    folder.mkdir()
    made = Repository(
        folder, {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PYTHONDONTWRITEBYTECODE": ""}
    )
    made.run("init", "-q", "-b", "main")
    made.run("config", "user.name", "Ann")
    made.run("config", "user.email", "ann@example.com")
    made.run("commit", "-q", "--allow-empty", "-m", "start")
    install(folder)
    return made


LOCAL = edit(BASE, ("0.2", "0.7"), after_nodes(RERANK))
REMOTE = edit(BASE, ("gpt-4o", "gpt-5"), after_nodes(TRANSLATE))
MERGED = edit(BASE, ("0.2", "0.7"), ("gpt-4o", "gpt-5"), after_nodes(RERANK + TRANSLATE))
CLASHING = edit(BASE, ("0.2", "0.9"), ("retries: 3", "retries: 5"))


def test_git_itself_cannot_merge_this(repository: Repository) -> None:
    uninstall(repository.folder)
    repository.part(BASE, LOCAL, REMOTE)
    repository.run("merge", "other", ok=(1,))


@pytest.mark.parametrize("where", [WHERE, ODD, "flow.dag.yaml"])
def test_merge(repository: Repository, where: str) -> None:
    repository.part(BASE, LOCAL, REMOTE, where)
    repository.run("merge", "-q", "--no-edit", "other")
    assert repository.read(where) == MERGED


def test_rebase(repository: Repository) -> None:
    repository.part(BASE, LOCAL, REMOTE)
    repository.run("rebase", "-q", "other")
    # A rebase puts our commit onto theirs, so theirs is the local side.
    assert repository.read() == edit(BASE, ("0.2", "0.7"), ("gpt-4o", "gpt-5"), after_nodes(TRANSLATE + RERANK))


def test_cherry_pick(repository: Repository) -> None:
    repository.part(BASE, LOCAL, REMOTE)
    repository.run("cherry-pick", "other")
    assert repository.read() == MERGED


def test_merge_tree_without_a_worktree(repository: Repository) -> None:
    repository.part(BASE, LOCAL, REMOTE)
    tree = repository.run("merge-tree", "--write-tree", "main", "other").stdout.strip()
    assert repository.run("show", f"{tree}:{WHERE}").stdout == MERGED


def test_stash_pop(repository: Repository) -> None:
    repository.commit(BASE)
    repository.write(REMOTE)
    repository.run("stash", "-q")
    repository.commit(LOCAL)
    repository.run("stash", "pop", "-q")
    assert repository.read() == MERGED


def test_a_conflict_has_markers_around_one_key_and_is_recorded(repository: Repository) -> None:
    repository.part(BASE, edit(LOCAL), CLASHING)
    done = repository.run("merge", "other", ok=(1,))
    assert "nodes/summarise/inputs/temperature: both sides changed it" in done.stderr
    text = repository.read()
    assert text.count("<<<<<<< ") == 1
    assert "<<<<<<< ours\n    temperature: 0.7   # low: facts only\n=======\n" in text.replace("HEAD", "ours")
    assert "retries: 5" in text
    assert repository.run("diff", "--name-only", "--diff-filter=U").stdout == f"{WHERE}\n"
    kept = decisions(repository.folder / ".git")[WHERE]
    assert [d["path"] for d in kept["decisions"] if d["action"] == "conflict"] == ["nodes/summarise/inputs/temperature"]  # type: ignore[attr-defined]
    repository.run("merge", "--abort")
    repository.run("checkout", "-q", "-B", "main", "main~1")
    repository.run("merge", "-q", "other")


def test_decisions_of_an_earlier_merge_go_when_it_is_merged_anew(repository: Repository) -> None:
    repository.part(BASE, LOCAL, CLASHING)
    repository.run("merge", "other", ok=(1,))
    assert decisions(repository.folder / ".git")
    repository.run("merge", "--abort")
    repository.commit(edit(BASE, ("hello", "hi")))
    repository.run("merge", "-q", "--no-edit", "other")
    assert not decisions(repository.folder / ".git")


def test_the_conflict_style_is_gits(repository: Repository) -> None:
    repository.run("config", "merge.conflictStyle", "zdiff3")
    repository.part(BASE, LOCAL, CLASHING)
    repository.run("merge", "other", ok=(1,))
    assert "|||||||" in repository.read()
    assert "    temperature: 0.2   # low: facts only\n=======\n" in repository.read()


def test_the_marker_size_is_gits(repository: Repository) -> None:
    (repository.folder / ".gitattributes").write_text("*.yaml conflict-marker-size=11\n")
    repository.part(BASE, LOCAL, CLASHING)
    repository.run("merge", "other", ok=(1,))
    assert "<" * 11 + " " in repository.read()


def test_added_on_both_sides(repository: Repository) -> None:
    repository.part(None, LOCAL, REMOTE)
    repository.run("merge", "other", ok=(1,))
    text = repository.read()
    assert yaml.safe_load(settled(text.encode(), "local"))["nodes"][2]["inputs"]["temperature"] == 0.7
    assert RERANK + TRANSLATE in text
    assert text.count("<<<<<<< ") == 2


def test_a_line_merge_that_breaks_the_graph_is_a_conflict(repository: Repository) -> None:
    anchored = edit(BASE, ("name: fetch", "name: &n fetch"), ("hello", "hello\n  again: &again\n    type: string"))
    remote = edit(anchored, ("outputs:\n", "outputs:\n  page:\n    type: string\n    reference: ${fetch.output}\n"))
    local = edit(anchored, ("name: &n fetch", "name: &n load"), ("${fetch.output}", "${load.output}"))
    repository.part(anchored, local, remote)
    done = repository.run("merge", "other", ok=(1,))
    assert "merged by lines" in done.stderr
    assert "${fetch.output} names a node that is gone after the merge" in done.stderr
    assert settled(repository.read().encode(), "local") == local
    assert settled(repository.read().encode(), "remote") == remote


def broken_program(folder: Path, script: str) -> str:
    """Makes a program called flowsync that does what ``script`` says."""
    program = folder / "bin" / "flowsync"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


@pytest.mark.parametrize(
    "script",
    [None, "exit 1", "exit 2", "echo boom >&2; exit 70", "kill -9 $$", "exec /nowhere/python"],
    ids=["missing", "fails like a conflict", "usage", "bug", "killed", "interpreter gone"],
)
def test_without_a_working_program_git_merges_lines_and_no_side_is_lost(
    repository: Repository, tmp_path: Path, script: str | None
) -> None:
    program = str(tmp_path / "gone") if script is None else broken_program(tmp_path, script)
    repository.run("config", "merge.flowsync.driver", merge_command(program))
    repository.env["PATH"] = "/usr/bin:/bin"
    repository.part(BASE, LOCAL, CLASHING)
    repository.run("merge", "other", ok=(1,))
    text = repository.read()
    assert "temperature: 0.7" in text
    assert "temperature: 0.9" in text
    assert "<<<<<<< " in text
    repository.run("merge", "--abort")
    repository.commit(edit(BASE, ("hello", "hi")))
    repository.run("merge", "-q", "--no-edit", "other")
    assert repository.read() == edit(CLASHING, ("hello", "hi"))


def test_a_program_that_moved_is_found_on_the_path(repository: Repository, tmp_path: Path) -> None:
    repository.run("config", "merge.flowsync.driver", merge_command(str(tmp_path / "gone")))
    repository.env["PATH"] = f"{Path(PROGRAM).parent}:{os.environ['PATH']}"
    repository.part(BASE, LOCAL, REMOTE)
    repository.run("merge", "-q", "--no-edit", "other")
    assert repository.read() == MERGED


def test_a_bare_path_as_in_a_graphical_client(repository: Repository) -> None:
    repository.part(BASE, LOCAL, REMOTE)
    bare = {"HOME": str(repository.folder), "PATH": "/usr/bin:/bin"}
    subprocess.run(["git", "merge", "-q", "--no-edit", "other"], cwd=repository.folder, env=bare, check=True)
    assert repository.read() == MERGED


def test_in_a_linked_worktree(repository: Repository) -> None:
    repository.part(BASE, LOCAL, CLASHING)
    repository.run("worktree", "add", "-q", "../linked", "-b", "third", "main")
    linked = Repository(repository.folder.parent / "linked", repository.env)
    linked.run("merge", "other", ok=(1,))
    assert linked.read().count("<<<<<<< ") == 1
    git_dir = Path(linked.run("rev-parse", "--absolute-git-dir").stdout.strip())
    assert list(decisions(git_dir)) == [WHERE]


def test_derived_files_never_conflict(repository: Repository) -> None:
    where = "flows/chat/.promptflow/flow.tools.json"
    repository.part("{}\n", '{"a": 1}\n', '{"a": 2}\n', where)
    repository.run("merge", "-q", "--no-edit", "other")
    assert repository.read(where) == '{"a": 1}\n'


# -- Showing differences ----------------------------------------------------------------------------------------------


def test_diff_says_what_changed_and_is_still_a_patch(repository: Repository) -> None:
    repository.commit(BASE)
    repository.write(LOCAL)
    shown = repository.run("diff").stdout
    assert shown.startswith(
        f"flow {WHERE}\n  ~ node summarise: temperature 0.2 → 0.7\n  + node rerank (python rerank.py)\n\n"
        f"diff --git a/{WHERE} b/{WHERE}\n"
    )
    assert "@@ - name: summarise\n" in shown
    assert "\033" not in shown
    (repository.folder.parent / "patch").write_text(shown)
    repository.run("checkout", "-q", WHERE)
    repository.run("apply", str(repository.folder.parent / "patch"))
    assert repository.read() == LOCAL


@pytest.mark.parametrize("where", [WHERE, ODD])
def test_a_patch_of_a_new_a_deleted_and_a_moved_file_applies(repository: Repository, where: str) -> None:
    repository.commit(BASE, where)
    for text in (None, LOCAL):
        if text is None:
            repository.run("rm", "-q", where)
        else:
            repository.write(text, where)
            repository.run("add", "-A")
        shown = repository.run("diff", "--cached").stdout
        assert shown.startswith("flow ")
        (repository.folder.parent / "patch").write_text(shown, encoding="utf-8")
        repository.run("reset", "-q", "--hard")
        repository.run("apply", "--index", str(repository.folder.parent / "patch"))
        assert (repository.folder / where).exists() == (text is not None)
        repository.run("commit", "-q", "-m", "applied")
        if text is None:
            repository.run("revert", "--no-edit", "HEAD")


def test_log_with_external_diffs(repository: Repository) -> None:
    repository.commit(BASE)
    repository.commit(LOCAL)
    shown = repository.run("log", "-p", "--ext-diff", "--format=%s").stdout
    assert f"flow {WHERE}\n  ~ node summarise: temperature 0.2 → 0.7\n" in shown
    assert f"flow {WHERE}\n  new flow with 3 nodes: fetch, clean, summarise\n" in shown


def test_hunks_are_headed_with_their_node_even_without_the_program(repository: Repository) -> None:
    repository.commit(BASE)
    repository.write(edit(BASE, ("gpt-4o", "gpt-5")))
    assert "@@ - name: summarise\n" in repository.run("diff", "--no-ext-diff").stdout
    assert "@@ - name: summarise\n" in repository.run("-c", "diff.external=", "diff", "--no-ext-diff").stdout


def test_colour_as_git_has_it(repository: Repository) -> None:
    repository.commit(BASE)
    repository.write(LOCAL)
    shown = repository.run("-c", "color.diff=always", "diff").stdout
    assert "\033[33m~ node summarise: temperature 0.2 → 0.7\033[m" in shown
    assert "\033[32m+" in shown


def test_only_the_mode_changed(repository: Repository) -> None:
    repository.commit(BASE)
    (repository.folder / WHERE).chmod(0o755)
    shown = repository.run("diff").stdout
    assert shown == f"flow {WHERE}\n\ndiff --git a/{WHERE} b/{WHERE}\nold mode 100644\nnew mode 100755\n"


def test_an_unmerged_path(repository: Repository) -> None:
    repository.part(BASE, LOCAL, CLASHING)
    repository.run("merge", "other", ok=(1,))
    assert WHERE in repository.run("diff", "--cached").stdout


def test_diff_without_the_program(repository: Repository, tmp_path: Path) -> None:
    install(repository.folder)
    command = repository.run("config", "diff.flowsync.command").stdout.strip()
    repository.run("config", "diff.flowsync.command", command.replace(PROGRAM, str(tmp_path / "gone")))
    repository.env["PATH"] = "/usr/bin:/bin"
    repository.commit(BASE)
    repository.write(LOCAL)
    shown = repository.run("diff").stdout
    assert "-    temperature: 0.2" in shown
    assert "+    temperature: 0.7" in shown


# -- Installing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [None, b"*.png binary\n", b"*.png binary", b"a b\r\n\r\n"])
@pytest.mark.parametrize("shared", [False, True])
def test_uninstall_leaves_what_was_there_byte_for_byte(
    repository: Repository, before: bytes | None, shared: bool
) -> None:
    uninstall(repository.folder)
    config = (repository.folder / ".git/config").read_bytes()
    file = repository.folder / (".gitattributes" if shared else ".git/info/attributes")
    if before is not None:
        file.write_bytes(before)
    assert install(repository.folder, shared) == file
    once = file.read_bytes()
    install(repository.folder, shared)
    assert file.read_bytes() == once
    assert standing(repository.folder).configured
    assert not standing(repository.folder).problems
    uninstall(repository.folder)
    assert (file.read_bytes() if file.exists() else None) == before
    assert (repository.folder / ".git/config").read_bytes() == config
    assert not standing(repository.folder).configured


def test_standing_says_what_is_wrong(repository: Repository) -> None:
    (repository.folder / ".git/info/attributes").unlink()
    assert "no attributes" in standing(repository.folder).problems[0]
    install(repository.folder, shared=True)
    repository.run("config", "--remove-section", "merge.flowsync")
    assert "not configured" in standing(repository.folder).problems[0]
    install(repository.folder)
    driver = repository.run("config", "merge.flowsync.driver").stdout.strip()
    repository.run("config", "merge.flowsync.driver", driver.replace(PROGRAM, "/nowhere/flowsync"))
    assert "/nowhere/flowsync is gone" in standing(repository.folder).problems[0]


def test_the_command(repository: Repository) -> None:
    def flowsync(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, "drivers", *arguments], cwd=repository.folder, capture_output=True, text=True, check=False
        )

    assert flowsync("uninstall").returncode == 0
    assert flowsync("status").stdout == "not installed\n"
    assert flowsync("install", "--shared").returncode == 0
    state = json.loads(flowsync("status", "--json").stdout)
    assert state["configured"]
    assert state["attributes"] == [str(repository.folder / ".gitattributes")]
    outside = subprocess.run([PROGRAM, "-C", "/", "drivers", "install"], capture_output=True, text=True, check=False)
    assert outside.returncode == 3
    assert "Git repository" in outside.stderr


@pytest.mark.parametrize("command", ["git-merge", "git-diff"])
def test_nothing_heavy_is_imported(command: str, tmp_path: Path) -> None:
    files = []
    for name, text in (("base", BASE), ("local", LOCAL), ("remote", CLASHING)):
        (tmp_path / name).write_text(text)
        files.append(str(tmp_path / name))
    arguments = {
        "git-merge": ["git-merge", *files, "7", WHERE],
        "git-diff": ["git-diff", WHERE, files[0], "1" * 40, "100644", files[1], "2" * 40, "100644"],
    }[command]
    code = (
        "import sys; from flowsync.cli import main; main(sys.argv[1:]); "
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    loaded = set(eval(done.stderr.splitlines()[-1]))
    assert "yaml" in loaded
    assert not loaded & {"git", "azure", "textual", "watchdog", "rich", "asyncio", "aiohttp", "sqlite3", "jinja2"}
