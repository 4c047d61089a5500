"""What a name may be, and a flow's name as a Git ref."""

import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.core.names import (
    folded,
    from_ref,
    is_git,
    problem_with_flow,
    problem_with_name,
    problem_with_path,
    to_ref,
    twins,
)
from flowsync.core.tree import FlowName

ANY = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40).map(FlowName)
AWKWARD = st.text(alphabet="ab.@{}~^:?*[\\%/ \x7f\x01lockHEADé-", min_size=1, max_size=12).map(FlowName)


@given(ANY | AWKWARD)
def test_a_ref_name_leads_back_to_its_flow(flow: FlowName) -> None:
    assert from_ref(to_ref(flow)) == flow


@given(AWKWARD, AWKWARD)
def test_two_flows_never_share_a_ref(one: FlowName, other: FlowName) -> None:
    assert (one == other) == (to_ref(one) == to_ref(other))


@given(st.lists(ANY | AWKWARD, min_size=1, max_size=200, unique=True))
def test_git_takes_every_ref_name(flows: list[FlowName]) -> None:
    for flow in flows[:3]:  # git check-ref-format takes one at a time
        ref = f"refs/remotes/studio/{to_ref(flow)}".encode("utf-8", "surrogateescape")
        assert subprocess.run([b"git", b"check-ref-format", ref], check=False).returncode == 0, ref
    assert all("/" not in to_ref(flow) for flow in flows)


@pytest.mark.parametrize(
    "name",
    [".", "..", ".a", "a.", "a..b", "...", "@", "HEAD", "a@{b}", "x.lock", ".lock", "a b", "50%", "%2E", "-x", "a\\b"],
)
def test_awkward_names(name: str) -> None:
    ref = to_ref(FlowName(name))
    assert from_ref(ref) == name
    assert subprocess.run(["git", "check-ref-format", f"refs/remotes/studio/{ref}"], check=False).returncode == 0


def test_plain_names_stay_as_they_are() -> None:
    for name in ("chat", "my-flow_2", "a.b", "Ünïcödé", "日本", "head"):
        assert to_ref(FlowName(name)) == name


def test_a_name_of_bytes_that_are_no_utf_8() -> None:
    name = FlowName(b"caf\xe9".decode("utf-8", "surrogateescape"))
    assert from_ref(to_ref(name)) == name


BAD = {
    "": "is not a name",
    "..": "is not a name",
    "a:b": "forbid",
    "a|b": "forbid",
    'a"b': "forbid",
    "a\tb": "forbid",
    "a\x85b": "forbid",
    "a\ud800b": "forbid",
    "a\uffff": "forbid",
    "dot.": "ends with a dot",
    "blank ": "ends with",
    "CON": "reserve",
    "con.txt": "reserve",
    "Lpt1": "reserve",
    "COM9.log": "reserve",
    "clock$": "reserve",
    "a" * 256: "longer than the 255",
    "😀" * 128: "longer than the 255",  # counted in UTF-16, as Windows and Azure do
    "git~1": "taken for .git",
    ".GIT": "taken for .git",
    ".g\u200cit": "taken for .git",
}


@pytest.mark.parametrize("name", BAD, ids=lambda name: ascii(name)[:20])
def test_a_bad_name_says_why(name: str) -> None:
    assert BAD[name] in problem_with_name(name)
    found = problem_with_path(f"sub/{name}/x")
    assert found is not None and found.hint and "\t" not in found.reason


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "a b",
        ".env",
        "a.b.c",
        "console",
        "com10",
        "nul1",
        "ü",
        "a" * 255,
        "😀" * 127,
        "(1)'&;",
        ".gitignore",
        ".gitattributes",
        "~x",
    ],
)
def test_a_good_name_is_none(name: str) -> None:
    assert problem_with_name(name) == ""
    assert problem_with_path(name) is None
    assert problem_with_flow(name) is None or len(name.encode()) > 240


def test_a_path_may_not_be_too_long() -> None:
    path = "/".join(["x" * 200] * 11)
    found = problem_with_path(path)
    assert found is not None and "2048" in found.reason


def test_a_flow_may_not_be_git_or_too_long_for_a_ref() -> None:
    for name in (".git", "x " * 100 + "x", "a:b", "\ud800"):
        assert problem_with_flow(name) is not None


@pytest.mark.parametrize("name", [".git", ".GIT", ".git.", ".git ", "git~1", "GIT~2", ".g\u200dit", "\ufeff.git"])
def test_every_spelling_of_git(name: str) -> None:
    assert is_git(name)


@pytest.mark.parametrize("name", ["git", ".github", ".gitignore", "git~", "a.git", ".gi", "dot.git."])
def test_what_is_not_git(name: str) -> None:
    assert not is_git(name)


@given(st.text(max_size=30))
def test_folding_is_stable_and_blind_to_case_and_form(text: str) -> None:
    assert folded(folded(text)) == folded(text) or unicodedata.normalize("NFC", folded(text).casefold()) != folded(text)
    assert folded(unicodedata.normalize("NFD", text)) == folded(unicodedata.normalize("NFC", text))


def test_twins() -> None:
    assert set(twins(["a", "A", "b"])) == {"a", "A"}
    assert set(twins(["café", "cafe\u0301"])) == {"café", "cafe\u0301"}
    assert set(twins(["Sub/x", "sub/y", "other"])) == {"Sub/x", "sub/y"}  # the folder is one
    assert set(twins(["a", "A/b"])) == {"a", "A/b"}  # a file and a folder
    assert twins(["a", "b", "c/a"]) == {}
    assert twins(["x/a", "y/a", "x/b"]) == {}
    (one, _) = twins(["a", "A"]).values()
    assert "A and a differ only in case" in one.reason


@given(st.lists(st.sampled_from(["a", "A", "b", "c/d", "C/d", "c/D", "e"]), unique=True))
def test_twins_are_exactly_the_paths_that_share_a_folded_prefix(paths: list[str]) -> None:
    def prefixes(path: str) -> list[str]:
        parts = path.split("/")
        return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]

    expected = {
        path
        for path in paths
        for other in paths
        for one in prefixes(path)
        for two in prefixes(other)
        if one != two and folded(one) == folded(two)
    }
    assert set(twins(paths)) == expected
