import itertools
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.core.lines import Edit, edits, hunks

lines = st.lists(st.sampled_from("abcdefgh"), max_size=14)
long = st.lists(st.sampled_from([f"line {number}" for number in range(400)]), max_size=60)


def applied(old: list[str], new: list[str], found: list[Edit]) -> list[str]:
    """The old text with the edits made; what is between them has to be the same in both."""
    result: list[str] = []
    done = new_done = 0
    for edit in found:
        assert old[done : edit.start] == new[new_done : edit.new_start]
        result += old[done : edit.start] + new[edit.new_start : edit.new_end]
        done, new_done = edit.end, edit.new_end
    assert old[done:] == new[new_done:]
    return result + old[done:]


@given(lines, lines)
def test_edits_make_one_text_of_the_other(old: list[str], new: list[str]) -> None:
    found = edits(old, new)
    assert applied(old, new, found) == new
    assert all(one.end < two.start or one.new_end < two.new_start for one, two in itertools.pairwise(found))


@given(long, st.lists(st.integers(0, 59), max_size=8))
def test_what_was_not_touched_is_no_edit(old: list[str], touched: list[int]) -> None:
    new = [f"{line}!" if number in touched else line for number, line in enumerate(old)]
    found = edits(old, new)
    assert applied(old, new, found) == new
    assert sum(edit.end - edit.start for edit in found) <= 2 * len({one for one in touched if one < len(old)})


def test_equal_texts_have_no_edits() -> None:
    assert edits([], []) == []
    assert edits(["a", "b"], ["a", "b"]) == []
    assert edits([], ["a"]) == [Edit(0, 0, 0, 1)]
    assert edits(["a"], []) == [Edit(0, 1, 0, 0)]


def test_a_moved_block_leaves_the_rest_alone() -> None:
    old = [f"line {number}" for number in range(20)]
    assert edits(old, [*old[5:], *old[:5]]) == [Edit(0, 5, 0, 0), Edit(20, 20, 15, 20)]


def test_thousands_of_equal_lines_cost_little() -> None:
    """A matcher that compares each with each would not end."""
    old, new = ["x"] * 20_000, [*["x"] * 9_000, "y", *["x"] * 11_500]
    assert applied(old, new, edits(old, new)) == new
    old, new = ["a", "b"] * 10_000, ["b", "b", "a"] * 6_000
    assert applied(old, new, edits(old, new)) == new


@given(lines, lines, lines)
def test_hunks_cover_every_difference(base: list[str], local: list[str], remote: list[str]) -> None:
    found = hunks(base, local, remote)
    at = [0, 0, 0]
    for hunk in found:
        same = [text[start : part.start] for text, start, part in zip((base, local, remote), at, hunk[:3], strict=True)]
        assert same[0] == same[1] == same[2]
        at = [part.stop for part in hunk[:3]]
    assert base[at[0] :] == local[at[1] :] == remote[at[2] :]


@given(lines, lines)
def test_one_side_alone_never_clashes(base: list[str], side: list[str]) -> None:
    assert not any(
        hunk.clash for hunk in [*hunks(base, side, base), *hunks(base, base, side), *hunks(base, side, side)]
    )


CASES = {
    "apart": ("abcde", "aXcde", "abcdY"),
    "touching": ("abcde", "abXde", "abcYe"),
    "same line": ("abc", "aXc", "aYc"),
    "the same edit": ("abc", "aXc", "aXc"),
    "both added at one place": ("ab", "aXb", "aYb"),
    "both added the same": ("ab", "aXb", "aXb"),
    "deleted and changed": ("abc", "ac", "aXc"),
    "one added before what the other changed": ("abcd", "aXbcd", "aYcd"),
    "ends": ("abc", "Xabc", "abcY"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_clash_is_what_git_calls_one(case: str, tmp_path: Path) -> None:
    base, local, remote = ([f"{letter}\n" for letter in text] for text in CASES[case])
    for name, text in (("base", base), ("local", local), ("remote", remote)):
        (tmp_path / name).write_text("".join(text))
    command = ["git", "merge-file", "-p", "local", "base", "remote"]
    git = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert any(hunk.clash for hunk in hunks(base, local, remote)) == (git.returncode > 0)
