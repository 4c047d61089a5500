"""Paths, blobs, entries, trees: what differs, and a tree with changes applied."""

import hashlib
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from flowsync.core.tree import (
    EXECUTABLE,
    REGULAR,
    Blob,
    Change,
    Entry,
    File,
    Path,
    Problem,
    Version,
    apply,
    blob_of,
    diff,
)

PATHS = st.sampled_from([Path(name) for name in ("a", "b", "c", "d/e", "d/f")])
ENTRIES: st.SearchStrategy[Entry] = st.one_of(
    st.builds(File, st.sampled_from([Blob("1" * 40), Blob("2" * 40)]), st.sampled_from([REGULAR, EXECUTABLE])),
    st.builds(Problem, st.sampled_from(["is a link", "is too long"])),
)
TREES = st.dictionaries(PATHS, ENTRIES)


@given(TREES, TREES)
def test_what_differs_turns_one_into_the_other(old: dict[Path, Entry], new: dict[Path, Entry]) -> None:
    assert apply(old, diff(old, new)) == new


@given(TREES, TREES)
def test_a_difference_is_sorted_complete_and_says_what_was_and_is(
    old: dict[Path, Entry], new: dict[Path, Entry]
) -> None:
    changes = diff(old, new)
    assert [change.path for change in changes] == sorted({change.path for change in changes})
    assert all(change.old != change.new for change in changes)
    assert all((old.get(change.path), new.get(change.path)) == (change.old, change.new) for change in changes)
    assert {change.path for change in changes} == {path for path in old | new if old.get(path) != new.get(path)}


@given(TREES, TREES)
def test_the_way_back_is_the_way_there_turned_round(old: dict[Path, Entry], new: dict[Path, Entry]) -> None:
    assert diff(new, old) == tuple(Change(change.path, change.new, change.old) for change in diff(old, new))


@given(TREES)
def test_nothing_differs_from_itself(tree: dict[Path, Entry]) -> None:
    assert diff(tree, tree) == ()
    assert apply(tree, ()) == tree


@given(TREES, TREES)
def test_a_replaced_file_keeps_its_mode(old: dict[Path, Entry], new: dict[Path, Entry]) -> None:
    result = apply(old, diff(old, new))
    for path, entry in result.items():
        before = old.get(path)
        if isinstance(entry, File) and isinstance(before, File):
            assert entry.mode == before.mode


def test_applying_changes_no_argument() -> None:
    tree: dict[Path, Entry] = {Path("a"): File(Blob("1" * 40))}
    apply(tree, [Change(Path("a"), tree[Path("a")], None)])
    assert tree == {Path("a"): File(Blob("1" * 40))}


def test_a_mode_is_no_difference() -> None:
    one, two = File(Blob("1" * 40), REGULAR), File(Blob("1" * 40), EXECUTABLE)
    assert diff({Path("a"): one}, {Path("a"): two}) == ()


def test_a_version_is_its_etag() -> None:
    assert Version("x", 1, "then", "7") == Version("x", 2)
    assert Version("x", 1) != Version("y", 1)


@given(st.binary(max_size=200))
def test_a_blob_is_named_as_git_names_it(content: bytes) -> None:
    header = b"blob %d\0" % len(content)
    assert blob_of(content) == hashlib.sha1(header + content).hexdigest()


def test_git_agrees() -> None:
    for content in (b"", b"x\r\n", bytes(range(256))):
        done = subprocess.run(["git", "hash-object", "--stdin"], input=content, capture_output=True, check=True)
        assert blob_of(content) == done.stdout.decode().strip()
