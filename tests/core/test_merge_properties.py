"""What holds for every merge: no edit disappears, nothing else changes, both directions agree, all of it parses."""

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from flowsync.core.merge import Markers, Merged, merge_flow
from flowsync.core.merge.reading import read
from flowsync.core.merge.writing import written
from merge_scenarios import settled
from merge_strategies import Flow, Style, edited, flows, styles, write

CASES = 40
MANY = 4000  # of each property, so 24,000 in all
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@st.composite
def merges(draw: st.DrawFn, renames: bool = True) -> tuple[Flow, Flow, Flow, str, str, str]:
    """Three versions of a flow and their texts; a person's style is base's, a program's is its own."""
    base = draw(flows())
    local, remote = draw(edited(base, renames)), draw(edited(base, renames))
    style = draw(styles)
    of_local = draw(st.sampled_from([style, style, draw(styles)]))
    of_remote = draw(st.sampled_from([style, style, draw(styles)]))
    return base, local, remote, write(base, style), write(local, of_local), write(remote, of_remote)


def merged(base: str, local: str, remote: str) -> Merged:
    return merge_flow(base.encode(), local.encode(), remote.encode())


def property_test(test: Any) -> Any:
    """Runs a property for a few cases always, for thousands with --slow."""
    return settings(max_examples=CASES, deadline=None, suppress_health_check=QUIET)(test)


def said(text: bytes | str) -> Any:
    return yaml.safe_load(text)


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Returns every value of a flow by its path, with nodes by name and includes as a set."""
    found: dict[tuple[str, ...], Any] = {}
    if path == ("nodes",):
        value = {node["name"]: node for node in value}
    if path == ("additional_includes",):
        value = dict.fromkeys(value, True)
    if isinstance(value, dict) and (value or len(path) < 2):
        for key, inner in value.items():
            found |= leaves(inner, (*path, str(key)))
        return found
    return {path: (type(value).__name__, value)}


def roundtrip(case: tuple[Flow, Flow, Flow, str, str, str]) -> None:
    for text in case[3:]:
        assert written(read(text.encode()), Markers()) == text
        assert said(text) is not None


def identity(case: tuple[Flow, Flow, Flow, str, str, str]) -> None:
    base, side = case[3], case[4]
    assert merged(base, base, side).content.decode() == side
    assert merged(base, side, base).content.decode() == side
    assert merged(base, side, side).content.decode() == side
    # The same without the short cut for equal bytes: a comment makes the other side differ.
    noted = base + "# noted\n"
    result = merged(base, noted, side)
    assert result.clean
    assert said(result.content) == said(side)
    assert merged(base, side, noted).content.decode().startswith(side.removesuffix("\n").removesuffix("\r"))


def rewriting_is_no_change(case: tuple[Flow, Flow, Flow, str, str, str], style: Style) -> None:
    base, _, _, base_text, local_text, _ = case
    again = write(base, Style(False, style.sort_keys, style.indented_lists, style.braces, style.quotes, style.newline))
    assert merged(base_text, local_text, again).content.decode() == (again if base_text == local_text else local_text)


def symmetric(case: tuple[Flow, Flow, Flow, str, str, str]) -> None:
    there, back = merged(*case[3:]), merged(case[3], case[5], case[4])
    assert bool(there.unable) == bool(back.unable)
    assert {d.path for d in there.conflicts} == {d.path for d in back.conflicts}
    if there.clean:
        assert leaves(said(there.content)) == leaves(said(back.content))


def parses_or_is_a_conflict(case: tuple[Flow, Flow, Flow, str, str, str]) -> None:
    result = merged(*case[3:])
    assert not result.unable
    event("clean" if result.clean else "conflict")
    if result.clean:
        assert isinstance(said(result.content), dict)
    else:
        assert (
            result.content.count(b"<<<<<<< local") == len(result.conflicts) == result.content.count(b">>>>>>> remote")
        )


def idempotent(case: tuple[Flow, Flow, Flow, str, str, str]) -> None:
    result = merged(*case[3:])
    assume(result.clean)
    again = merged(case[3], result.content.decode(), case[5])
    assert again.clean
    assert again.content == result.content


def no_edit_disappears(case: tuple[Flow, Flow, Flow, str, str, str]) -> None:
    """Compares with a three-way merge of plain paths that knows no text: another algorithm for the same answer."""
    result = merged(*case[3:])
    places = [tuple(decision.path.split("/")) for decision in result.conflicts]
    base, local, remote = (leaves(said(text)) for text in case[3:])
    now = leaves(said(settled(result.content, "local")))
    for path in base.keys() | local.keys() | remote.keys():
        before, ours, theirs = base.get(path), local.get(path), remote.get(path)
        in_conflict = any(path[: len(place)] == place or place[: len(path)] == path for place in places)
        if ours != before and theirs != before and ours != theirs:
            assert in_conflict or _joined(path, base, local, remote), path
        elif not in_conflict and not _joined(path, base, local, remote):
            assert now.get(path) == (ours if ours != before else theirs), path


def _joined(path: tuple[str, ...], *versions: dict[tuple[str, ...], Any]) -> bool:
    """Tells whether both sides' values may be joined: lines of a text, entries of a mapping and none."""
    return path == ("description",) or any(
        other != path and other[: len(path)] == path for version in versions for other in version
    )


@property_test
@given(merges())
def test_roundtrip(case: Any) -> None:
    roundtrip(case)


@property_test
@given(merges())
def test_identity(case: Any) -> None:
    identity(case)


@property_test
@given(merges(), styles)
def test_rewriting_is_no_change(case: Any, style: Style) -> None:
    rewriting_is_no_change(case, style)


@property_test
@given(merges())
def test_symmetric(case: Any) -> None:
    symmetric(case)


@property_test
@given(merges())
def test_parses_or_is_a_conflict(case: Any) -> None:
    parses_or_is_a_conflict(case)


@property_test
@given(merges())
def test_idempotent(case: Any) -> None:
    idempotent(case)


@property_test
@given(merges(renames=False))
def test_no_edit_disappears(case: Any) -> None:
    no_edit_disappears(case)


EVERY = {
    "roundtrip": roundtrip,
    "identity": identity,
    "symmetric": symmetric,
    "parses": parses_or_is_a_conflict,
    "idempotent": idempotent,
}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", EVERY)
def test_many(name: str) -> None:
    settings(max_examples=MANY, deadline=None, suppress_health_check=QUIET)(given(merges())(EVERY[name]))()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_no_edit_disappears() -> None:
    many = settings(max_examples=MANY, deadline=None, suppress_health_check=QUIET)
    many(given(merges(renames=False))(no_edit_disappears))()
