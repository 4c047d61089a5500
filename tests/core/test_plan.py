"""The plan of one flow: base, local, remote. A tree is written as its files, ``a1`` is file ``a`` with content 1.

``-`` is a flow that is not there, ``ax`` a problem at ``a``. A case is one line: the three sides, then the state, what
the branch changed, what Studio changed, and the clashes.
"""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.core.plan import TO_LAND, TO_PUSH, Plan, State, brake, everything_gone, plan
from flowsync.core.tree import Blob, Entry, File, FlowName, Path, Problem, apply

CASES = """
# nobody did anything
-        -        -        in-sync            .        .        .
a1       a1       a1       in-sync            .        .        .
# one side
a1       a2       a1       local-ahead        a        .        .
a1       a1b1     a1       local-ahead        b        .        .
a1b1     a1       a1b1     local-ahead        b        .        .
a1       a1       a2       studio-ahead       .        a        .
a1       a1       a1b1     studio-ahead       .        b        .
a1b1     a1b1     a1       studio-ahead       .        b        .
a1b1     a2       a1b1     local-ahead        ab       .        .
# new flows
-        a1       -        local-only         a        .        .
-        -        a1       studio-only        .        a        .
-        a1       a1       in-sync            a        a        .
# unknown base: both are there and differ
-        a1       a2       diverged           a        a        a
-        a1b1     a1       diverged           ab       a        .
-        a1       a1b1     diverged           a        ab       .
-        a1b1     a2c1     diverged           ab       ac       a
# whole flows deleted
a1       -        a1       deleted-locally    a        .        .
a1       a1       -        deleted-in-studio  .        a        .
a1       -        -        in-sync            a        a        .
a1       -        a2       conflict           a        a        a
a1       a2       -        conflict           a        a        a
a1b1     -        a1b2     conflict           ab       b        b
# both sides, different files
a1b1     a2b1     a1b2     diverged           a        b        .
a1       a1b1     a1c1     diverged           b        c        .
a1b1     b1       a1       diverged           a        b        .
# both sides, the same file
a1       a2       a3       diverged           a        a        a
a1       a2       a2       in-sync            a        a        .
a1       -        -        in-sync            a        a        .
a1b1     a2b1     a2b2     diverged           a        ab       .
a1b1     b1       a2b1     diverged           a        a        a
a1b1     a2b1     b1       diverged           a        a        a
b1       a1b1     a2b1     diverged           a        a        a
# problems stop their flow, and only say where they are
a1       a1       ax       problem            .        a        .
a1       ax       a1       problem            a        .        .
a1       ax       ax       problem            a        a        .
a1b1     a2b1     a1bx     problem            a        b        .
-        ax       -        problem            a        .        .
"""


def tree(written: str) -> dict[Path, Entry] | None:
    if written == "-":
        return None
    return {Path(name): _entry(content) for name, content in zip(written[::2], written[1::2], strict=True)}


def _entry(content: str) -> Entry:
    return Problem("does not fit") if content == "x" else File(Blob(content * 40))


def rows() -> list[list[str]]:
    return [line.split() for line in CASES.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("row", rows(), ids=" ".join)
def test_case(row: list[str]) -> None:
    base, local, remote = map(tree, row[:3])
    decided = plan(base, local, remote)
    named = [
        "".join(change.path for change in decided.local) or ".",
        "".join(change.path for change in decided.remote) or ".",
        "".join(clash.path for clash in decided.clashes) or ".",
    ]
    assert [decided.state.value, *named] == row[3:]


MIRROR = {
    State.LOCAL_AHEAD: State.STUDIO_AHEAD,
    State.LOCAL_ONLY: State.STUDIO_ONLY,
    State.DELETED_LOCALLY: State.DELETED_IN_STUDIO,
}
MIRROR |= {there: here for here, there in MIRROR.items()}
FILES = st.builds(File, st.sampled_from([Blob(digit * 40) for digit in "123"]))
SIDES = st.none() | st.dictionaries(st.sampled_from([Path(name) for name in "abcd"]), FILES, min_size=1)
Side = Mapping[Path, Entry] | None


@given(SIDES, SIDES, SIDES)
def test_the_two_sides_are_equals(base: Side, local: Side, remote: Side) -> None:
    one, other = plan(base, local, remote), plan(base, remote, local)
    assert other.state is MIRROR.get(one.state, one.state)
    assert (one.local, one.remote) == (other.remote, other.local)
    assert [clash.path for clash in one.clashes] == [clash.path for clash in other.clashes]


@given(SIDES, SIDES, SIDES)
def test_once_a_plan_is_applied_there_is_nothing_left_to_plan(base: Side, local: Side, remote: Side) -> None:
    decided = plan(base, local, remote)
    here, there = _applied(decided, local, remote)
    if decided.state in (State.CONFLICT,) or decided.clashes:
        assert (here, there) == (local, remote)  # a conflict touches nothing
        return
    after = plan(here, here, there)
    assert after.state is State.IN_SYNC and not after.local and not after.remote


def _applied(decided: Plan, local: Side, remote: Side) -> tuple[Side, Side]:
    """What landing and pushing a plan leave on the two sides."""
    if decided.state in TO_LAND:
        local = apply(local or {}, decided.remote) or None
    elif decided.state in TO_PUSH:
        remote = apply(remote or {}, decided.local) or None
    elif decided.state is State.DIVERGED and not decided.clashes:
        local = remote = apply(apply(local or {}, decided.remote), ()) or None
    return local, remote


@given(SIDES, SIDES, SIDES)
def test_nothing_is_deleted_that_was_not_in_base(base: Side, local: Side, remote: Side) -> None:
    decided = plan(base, local, remote)
    for change in (*decided.local, *decided.remote):
        if change.new is None:
            assert base is not None and change.path in base


@given(SIDES, SIDES, SIDES)
def test_a_clash_is_where_both_changed_and_differ(base: Side, local: Side, remote: Side) -> None:
    decided = plan(base, local, remote)
    ours, theirs = ({change.path: change.new for change in side} for side in (decided.local, decided.remote))
    both = {path for path in ours.keys() & theirs.keys() if ours[path] != theirs[path]}
    if decided.state is not State.IN_SYNC:
        assert {clash.path for clash in decided.clashes} == both


CHAT = FlowName("chat")


@pytest.mark.parametrize(
    ("base", "local", "remote", "limit", "said"),
    [
        ("a1b1", "a1b1", "-", 1.0, "the whole flow is gone from Studio"),
        ("a1b1", "-", "a1b1", 1.0, "the whole flow was deleted on the branch"),
        ("a1b1c1d1", "a1b1c1d1", "a1", 0.5, "3 of 4 files were deleted in Studio"),
        ("a1b1c1d1", "a1", "a1b1c1d1", 0.5, "3 of 4 files were deleted here"),
        ("a1b1c1d1", "a1b1", "a1b1c1d1", 0.5, None),  # half is not more than half
        ("a1b1", "a1", "a1b1", 0.0, None),  # a single file is a person's hand
        ("a1b1c1", "a1", "a1b1c1", 0.0, "2 of 3"),
        ("a1b1c1", "a1", "a1b1c1", 1.0, None),
        ("a1b1", "a2b2", "a1b1", 0.0, None),
    ],
)
def test_brake(base: str, local: str, remote: str, limit: float, said: str | None) -> None:
    hold = brake(CHAT, plan(tree(base), tree(local), tree(remote)), tree(base), limit)
    assert (hold is None) == (said is None)
    if hold and said:
        assert said in hold.reason and "flowsync sync --accept-deletes chat" in hold.hint


def test_everything_gone_needs_more_than_one_flow_and_none_left() -> None:
    a, b = FlowName("a"), FlowName("b")
    assert everything_gone([a, b], []) and everything_gone([a, b], [FlowName("new")])
    assert not everything_gone([a], []) and not everything_gone([], [a]) and not everything_gone([a, b], [b])
