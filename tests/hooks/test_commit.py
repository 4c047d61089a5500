"""git commit with our own hook: stopped by what is staged, and by nothing else."""

import os
import shutil
import sys

import pytest

from flow_repo import BROKEN, GOOD

DEFINITION = "flows/chat/flow.dag.yaml"


def stopped(done):
    return done.returncode != 0 and "FS101" in done.stdout + done.stderr


def test_broken_is_stopped_and_fixed_passes(hooked):
    before = hooked.head()
    hooked.write(DEFINITION, BROKEN)
    hooked.stage()
    done = hooked.commit()
    assert stopped(done)
    assert "flows/chat/flow.dag.yaml:4:35: FS101" in done.stdout + done.stderr
    assert "Did you mean 'echo'?" in done.stdout + done.stderr
    assert hooked.head() == before
    hooked.write(DEFINITION, GOOD["flow.dag.yaml"] + "# fixed\n")
    hooked.stage()
    assert hooked.commit().returncode == 0
    assert hooked.head() != before


def test_what_is_staged_counts_and_not_the_worktree(hooked):
    hooked.write(DEFINITION, BROKEN)
    hooked.stage()
    hooked.write(DEFINITION, GOOD["flow.dag.yaml"])
    assert stopped(hooked.commit())
    hooked.write(DEFINITION, GOOD["flow.dag.yaml"] + "# fine\n")
    hooked.stage()
    hooked.write(DEFINITION, BROKEN)
    assert hooked.commit().returncode == 0


def test_commit_all_and_single_paths_use_their_own_index(hooked):
    hooked.flow("flows/other")
    hooked.stage()
    assert hooked.commit().returncode == 0
    hooked.write(DEFINITION, BROKEN)
    assert stopped(hooked.commit("-a"))
    hooked.write("flows/other/echo.py", GOOD["echo.py"] + "\n# more\n")
    assert hooked.commit("flows/other/echo.py").returncode == 0  # the broken flow is not part of it
    assert stopped(hooked.commit("--amend", "-a"))


def test_a_deleted_source_stops_its_flow(hooked):
    hooked.git("rm", "-q", "flows/chat/echo.py")
    done = hooked.commit()
    assert done.returncode != 0
    assert "FS301" in done.stdout + done.stderr


def test_a_whole_flow_may_go(hooked):
    hooked.git("rm", "-q", "-r", "flows/chat")
    assert hooked.commit().returncode == 0


def test_any_file_of_the_flow_counts(hooked):
    hooked.write("flows/chat/echo.py", "def echo(:\n")
    hooked.stage()
    done = hooked.commit()
    assert done.returncode != 0
    assert "flows/chat/echo.py:1:10: FS308" in done.stdout + done.stderr


def test_an_included_file_counts_for_the_flow_that_includes_it(hooked):
    hooked.write("shared/echo.py", GOOD["echo.py"])
    (hooked.top / "flows/chat/echo.py").unlink()
    hooked.write(DEFINITION, GOOD["flow.dag.yaml"] + "additional_includes:\n- ../../shared\n- ../../shared/echo.py\n")
    hooked.stage()
    done = hooked.commit()
    assert done.returncode == 0, done.stderr
    hooked.write("shared/echo.py", "no tool here\n")
    hooked.stage()
    done = hooked.commit()
    assert done.returncode != 0
    assert "flows/chat/../../shared/echo.py:1:4: FS308" in done.stdout + done.stderr


def test_other_files_are_none_of_its_business(hooked):
    hooked.write("src/x.py", "def (:\n")
    hooked.write("docs/flow.yaml", "a: [\n")
    hooked.stage()
    assert hooked.commit().returncode == 0


def test_the_first_commit_of_a_repository(tmp_path):
    from flow_repo import FlowRepo

    repo = FlowRepo(tmp_path / "repo", tmp_path / "home")
    assert repo.flowsync("hooks", "install").returncode == 0
    repo.flow("flows/chat", flow__dag__yaml=BROKEN)
    repo.stage()
    assert stopped(repo.commit())
    repo.flow("flows/chat")
    repo.stage()
    assert repo.commit().returncode == 0


def test_a_flow_at_the_top_of_the_repository(tmp_path):
    from flow_repo import FlowRepo

    repo = FlowRepo(tmp_path / "repo", tmp_path / "home")
    assert repo.flowsync("hooks", "install").returncode == 0
    for path, text in GOOD.items():
        repo.write(path, text)
    repo.write("flow.dag.yaml", BROKEN)
    repo.stage()
    done = repo.commit()
    assert stopped(done)
    assert "\nflow.dag.yaml:4:35: FS101" in "\n" + done.stdout + done.stderr


def test_from_a_subfolder(hooked):
    hooked.write(DEFINITION, BROKEN)
    hooked.stage()
    assert stopped(hooked.commit(cwd=hooked.top / "flows" / "chat"))


def test_in_a_linked_worktree(hooked, tmp_path):
    other = tmp_path / "wor k'tree"
    hooked.git("worktree", "add", "-q", str(other), "-b", "side")
    (other / DEFINITION).write_text(BROKEN)
    hooked.git("add", "-A", cwd=other)
    assert stopped(hooked.commit(cwd=other))
    assert hooked.commit("--allow-empty").returncode == 0  # the main worktree's index is another


def test_with_a_bare_path_and_environment(hooked):
    """As a graphical client runs it: no virtual environment, no locale, hardly a PATH."""
    hooked.write(DEFINITION, BROKEN)
    hooked.stage()
    bare = {"HOME": str(hooked.home), "PATH": os.path.dirname(shutil.which("git")) + ":/bin"}
    done = hooked.run("git", "commit", "-q", "-m", "x", environment=bare)
    assert stopped(done)
    hooked.write(DEFINITION, GOOD["flow.dag.yaml"] + "# ü\n")
    hooked.stage()
    done = hooked.run("git", "commit", "-q", "-m", "x", environment=bare)
    assert done.returncode == 0, done.stderr


NAMES = [
    "a flow",
    "it's",
    'quo"ted',
    "line\nbreak",
    "ümläut 流れ",
    "-dash",
    ":(top)",
    "star*[x]",
    "tab\there",
    "back\\slash",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_kind(hooked, name):
    hooked.flow(f"flows/{name}", flow__dag__yaml=BROKEN)
    hooked.write(f"flows/{name}/{name}.txt", "x")
    hooked.stage()
    done = hooked.commit()
    assert stopped(done)
    shown = name.replace("\n", "\\n").replace("\t", "\\t")
    assert f"flows/{shown}/flow.dag.yaml:4:35: FS101" in done.stdout + done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's file systems hold any bytes as a name")
def test_a_name_that_is_no_utf_8(hooked):
    folder = os.fsencode(hooked.top) + b"/flows/caf\xe9"
    os.mkdir(folder)
    for path, text in GOOD.items():
        with open(folder + b"/" + path.encode(), "wb") as file:
            file.write((BROKEN if path == "flow.dag.yaml" else text).encode())
    hooked.stage()
    done = hooked.commit()
    assert stopped(done)
    assert "flows/caf\\udce9/flow.dag.yaml:4:35: FS101" in done.stdout + done.stderr


def test_it_can_be_skipped(hooked):
    hooked.write(DEFINITION, BROKEN)
    hooked.stage()
    assert stopped(hooked.commit(extra={"SKIP": "something-else"}))
    assert hooked.commit(extra={"SKIP": "x,flowsync-validate"}).returncode == 0
    hooked.write(DEFINITION, BROKEN + "# more\n")
    hooked.stage()
    assert hooked.commit("--no-verify").returncode == 0


def test_warnings_are_shown_and_stop_nothing(hooked):
    hooked.write(DEFINITION, GOOD["flow.dag.yaml"] + "colour: red\n")
    hooked.stage()
    done = hooked.commit()
    assert done.returncode == 0
    assert "FS201 warning" in done.stdout + done.stderr


def test_settings_are_those_that_are_staged(hooked):
    hooked.write(".flowsync.yaml", "version: 1\nrules: {FS101: off}\n")
    hooked.write(DEFINITION, BROKEN)
    hooked.stage(DEFINITION)
    assert stopped(hooked.commit())
    hooked.stage()
    assert hooked.commit().returncode == 0
    hooked.write(".flowsync.yaml", "version: 1\nrules: {FS999: off}\n")
    hooked.stage()
    done = hooked.commit()
    assert done.returncode != 0
    assert ".flowsync.yaml:2: rules: there is no rule 'FS999'" in done.stderr


def test_nothing_of_the_repository_is_imported(hooked):
    """A folder named yaml, or a module ast.py, is content and never code."""
    for name in ("yaml", "ast", "jinja2", "flowsync", "flowsync_hooks", "sitecustomize"):
        hooked.write(f"{name}.py", f"open({str(hooked.home / 'ran')!r}, 'a').write({name!r})\n")
        hooked.write(f"{name}/__init__.py", f"open({str(hooked.home / 'ran')!r}, 'a').write({name!r})\n")
    hooked.write(DEFINITION, BROKEN)
    hooked.stage()
    assert stopped(hooked.commit(extra={"PYTHONPATH": str(hooked.top)}))
    assert not (hooked.home / "ran").exists()


def test_hooks_import_nothing_heavy(hooked):
    hooked.write(DEFINITION, BROKEN)
    hooked.stage()
    script = (
        "import sys; from flowsync_hooks.__main__ import main; main(sys.argv[1:]);"
        "print(sorted({m.partition('.')[0] for m in sys.modules}"
        " & {'git', 'azure', 'textual', 'watchdog', 'pathspec', 'rich', 'aiohttp', 'asyncio', 'flowsync_tui'}))"
    )
    for hook in (
        ["pre-commit"],
        ["secrets", DEFINITION],
        ["strip-outputs", ".runs/x"],
        ["pre-push"],
        ["nudge", "x", "y"],
    ):
        done = hooked.run(sys.executable, "-P", "-c", script, *hook)
        assert done.stdout.splitlines()[-1] == "[]", (hook, done.stdout, done.stderr)
