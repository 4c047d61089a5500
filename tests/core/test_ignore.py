"""Which paths never sync: the built-in rules, and ignore files as git itself reads them."""

import subprocess
from pathlib import Path as FilePath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowsync.core.ignore import either, ignored_by, is_ignore_file, may_hold, never_syncs
from flowsync.core.tree import Path

NEVER = [
    ".env", "sub/.env", ".ENV", ".venv/lib/x.py", "sub/__pycache__/a.pyc", ".runs/1/x", ".promptflow/flow.log",
    ".promptflow/flow.detail.json", ".git/config", "sub/.git", ".GIT/x", "git~1/config", ".flowsync/x", ".coverage",
]  # fmt: skip
ALWAYS = [
    "flow.dag.yaml", "a.py", ".promptflow/flow.tools.json", "env", "my.env", ".env.example", "runs/x", "venv/x",
    ".gitignore", ".amlignore", ".github/x", "sub/.promptflow/flow.log", "promptflow/x", "pycache",
]  # fmt: skip


@pytest.mark.parametrize("path", NEVER)
def test_generated_and_secret_paths_never_sync(path: str) -> None:
    assert never_syncs(path)


@pytest.mark.parametrize("path", ALWAYS)
def test_other_paths_do(path: str) -> None:
    assert not never_syncs(path)
    folder = path.rpartition("/")[0]
    assert not folder or may_hold(folder)  # a walk that asks about folders finds it


@given(st.lists(st.sampled_from([".env", "a", ".git", ".promptflow", "flow.tools.json", "x"]), min_size=1, max_size=4))
def test_pruning_loses_nothing(parts: list[str]) -> None:
    path = "/".join(parts)
    for depth in range(1, len(parts)):
        if not may_hold("/".join(parts[:depth])):
            assert never_syncs(path)


LINES = st.sampled_from([
    "*.log", "/a", "a", "a/", "!a", "!keep.log", "sub/", "sub/*", "!sub/keep.log", "**/deep", "deep/**", "a*b", "?.py",
    "[ab].py", "# comment", "", "\\#x", " ", "*", "!*/", "/sub/*.py", "sub/**/x.py", "!x.py", "a\\ ", "*.log\r",
    "[!a].py", "**", "/**/x.py", "sub",
])  # fmt: skip
FILES = [
    "a", "b", "a.py", "b.py", "x.py", "x.log", "keep.log", "#x", "sub/a.py", "sub/x.py", "sub/keep.log",
    "sub/in/x.py", "sub/in/a", "sub/deep/y", "deep/x/y", "aXb", "ab/c",
]  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(root=st.lists(LINES, max_size=5), inner=st.lists(LINES, max_size=3))
def test_git_agrees_about_gitignore(root: list[str], inner: list[str], agree: "Agreement") -> None:
    agree({".gitignore": "\n".join(root) + "\n", "sub/.gitignore": "\n".join(inner) + "\n"})


class Agreement:
    """Compares our verdict with that of ``git check-ignore``, in one repository for all examples."""

    def __init__(self, folder: FilePath) -> None:
        self.folder = folder
        subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
        for name in FILES:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()

    def __call__(self, rules: dict[str, str]) -> None:
        for name, text in rules.items():
            (self.folder / name).write_bytes(text.encode())
        done = subprocess.run(
            ["git", "-C", str(self.folder), "-c", "core.excludesFile=", "check-ignore", "--no-index", "--stdin", "-z"],
            input="\0".join(FILES).encode() + b"\0",
            capture_output=True,
            check=False,
        )
        ignored = ignored_by({Path(name): text.encode() for name, text in rules.items()})
        assert {path for path in FILES if ignored(path)} == set(done.stdout.decode().split("\0")[:-1]), rules


@pytest.fixture(scope="module")
def agree(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return Agreement(tmp_path_factory.mktemp("ignore"))


def test_an_amlignore_stands_alone() -> None:
    rules = {Path(".amlignore"): b"*.csv\n", Path(".gitignore"): b"*.log\n", Path("sub/.gitignore"): b"*\n"}
    ignored = ignored_by(rules)
    assert ignored("x.csv") and not ignored("x.log") and not ignored("sub/x")


def test_no_rules_ignore_nothing() -> None:
    assert not ignored_by({})("anything")
    assert not ignored_by({Path("a.py"): b"*\n"})("anything")  # not an ignore file


def test_rules_that_are_no_utf_8_do_not_stop_anything() -> None:
    ignored = ignored_by({Path(".gitignore"): b"caf\xe9\n*.log\n"})
    assert ignored("x.log") and not ignored("x.py")


def test_what_either_side_ignores_is_ignored() -> None:
    rule = either([lambda path: path == "a", lambda path: path == "b"])
    assert rule("a") and rule("b") and not rule("c") and not either([])("a")


def test_ignore_files_are_known_by_name() -> None:
    assert is_ignore_file(".gitignore") and is_ignore_file("sub/.gitignore") and is_ignore_file(".amlignore")
    assert not is_ignore_file("gitignore") and not is_ignore_file(".gitignore/x")
