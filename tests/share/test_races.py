"""A neighbour that strikes between any two steps of ours: it is never overwritten, and what we say is true.

Each race is run with the neighbour at step 0, 1, 2, … until a run has fewer steps than that.
"""

from collections.abc import Callable, Iterable, Iterator

import pytest

from flowsync.share.base import Failed, Listing, Outcome, Removed, Share, Stale, Version, Written

from .worlds import AzureWorld, FolderWorld, World, drop, put

OURS, THEIRS, BEFORE = b"ours: the new content", b"theirs: the neighbour's", b"before: what was there"
MODES = ["inline", "replace"]


class Neighbour:
    """Acts once, at the n-th step."""

    def __init__(self, step: int, act: Callable[[], bool]) -> None:
        self.left = step
        self.did: bool | None = None  # None: it was not its turn; False: the share refused it
        self._act = act

    def __call__(self) -> None:
        self.left -= 1
        if self.left == -1:
            self.did = self._act()


def only(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of a batch of one, which has then ended."""
    (outcome,) = outcomes
    return outcome


def race(
    world: World, act: Callable[[], bool], ours: Callable[[], Outcome], reset: Callable[[], None]
) -> Iterator[tuple[Neighbour, Outcome]]:
    for step in range(200):
        reset()
        neighbour = Neighbour(step, act)
        with world.between(neighbour):
            outcome = ours()
        if neighbour.did is None:
            assert step > 1, "the neighbour never had a turn"
            return
        yield neighbour, outcome
    raise AssertionError("the run has no end")


def version(share: Share, name: str = "a.py") -> Version | None:
    found = share.list([""])[""]
    assert isinstance(found, Listing)
    return found.files.get(name)


def expected(share: Share) -> Version:
    found = version(share)
    assert found is not None
    return found


def begin(world: World, content: bytes | None) -> None:
    if content is None:
        world.discard("a.py")
    else:
        assert world.save("a.py", content)


def in_place(world: World) -> Callable[[], bool]:
    def write() -> bool:
        assert isinstance(world, FolderWorld)
        try:
            with (world.folder / "a.py").open("r+b") as file:
                file.write(THEIRS)
                file.truncate()
        except FileNotFoundError:
            return False
        return True

    return write


def neighbours(world: World) -> dict[str, Callable[[], bool]]:
    acts = {"saves": lambda: world.save("a.py", THEIRS)}
    if isinstance(world, FolderWorld):
        acts["writes in place"] = in_place(world)
    return acts


def check_never_overwritten(world: World, share: Share, neighbour: Neighbour, outcome: Outcome) -> None:
    """What the neighbour wrote is there; what was not refused to it is never called ours."""
    now = version(share)
    content = world.files().get("a.py")
    if neighbour.did:
        assert content == THEIRS, (outcome, content)
        if isinstance(outcome, Written):
            assert outcome.version != now, "the neighbour's save would be taken for our own"
    elif isinstance(outcome, Written):
        assert content == OURS and outcome.version == now
    if isinstance(outcome, Stale) and content is not None:
        assert outcome.found == now
    assert world.leases() == {}


def exact(world: World) -> bool:
    """Tells whether this world closes every window; a folder without exchange keeps a small one, and says so."""
    return not isinstance(world, FolderWorld) or (world._anchored and world._swaps)


@pytest.mark.parametrize("mode", MODES)
def test_an_overwrite_against_a_save(world: World, mode: str) -> None:
    if not exact(world):
        pytest.skip("documented: this file system cannot exchange names")
    outcomes = set()
    for act in neighbours(world).values():
        with world.open(mode) as share:
            state: list[Version] = []

            def reset(share: Share = share, state: list[Version] = state) -> None:
                begin(world, BEFORE)
                state[:] = [expected(share)]

            def ours(share: Share = share, state: list[Version] = state) -> Outcome:
                return only(share.write([put("a.py", OURS, state[0])]))

            for neighbour, outcome in race(world, act, ours, reset):
                check_never_overwritten(world, share, neighbour, outcome)
                outcomes.add((type(outcome), neighbour.did))
    assert (Stale, True) in outcomes
    assert world.folders() == set()


def test_a_new_file_against_a_save(world: World) -> None:
    outcomes = set()
    for act in neighbours(world).values():
        with world.open() as share:
            for neighbour, outcome in race(
                world,
                act,
                lambda share=share: only(share.write([put("a.py", OURS, None)])),
                lambda: begin(world, None),
            ):
                check_never_overwritten(world, share, neighbour, outcome)
                outcomes.add((type(outcome), neighbour.did))
    assert (Stale, True) in outcomes


def test_a_removal_against_a_save(world: World) -> None:
    if not exact(world) and not getattr(world, "_anchored", True):
        pytest.skip("documented: this system deletes without a guard that holds")
    outcomes = set()
    for act in neighbours(world).values():
        with world.open() as share:
            state: list[Version] = []

            def reset(share: Share = share, state: list[Version] = state) -> None:
                begin(world, BEFORE)
                state[:] = [expected(share)]

            def ours(share: Share = share, state: list[Version] = state) -> Outcome:
                return only(share.remove([drop("a.py", state[0])]))

            for neighbour, outcome in race(world, act, ours, reset):
                if neighbour.did:
                    assert world.files().get("a.py") == THEIRS, outcome
                elif isinstance(outcome, Removed):
                    assert "a.py" not in world.files()
                assert world.leases() == {}
                outcomes.add((type(outcome), neighbour.did))
    assert (Stale, True) in outcomes


@pytest.mark.parametrize("mode", MODES)
def test_an_overwrite_against_a_deletion(world: World, mode: str) -> None:
    if not exact(world):
        pytest.skip("documented: this file system cannot exchange names")
    with world.open(mode) as share:
        state: list[Version] = []

        def reset() -> None:
            begin(world, BEFORE)
            state[:] = [expected(share)]

        for neighbour, outcome in race(
            world,
            lambda: world.discard("a.py"),
            lambda: only(share.write([put("a.py", OURS, state[0])])),
            reset,
        ):
            content = world.files().get("a.py")
            if neighbour.did:
                assert content is None, (outcome, content)
            if isinstance(outcome, Stale):
                assert outcome.found == version(share)
            elif isinstance(outcome, Written) and not neighbour.did:
                assert content == OURS


def test_a_neighbour_that_makes_the_same_change_is_still_somebody_else(azure: AzureWorld) -> None:
    """Same bytes, other version: were it taken for ours, the neighbour's next save would be, too."""
    with azure.open() as share:
        for neighbour, outcome in race(
            azure,
            lambda: azure.save("a.py", OURS),
            lambda: only(share.write([put("a.py", OURS, None)])),
            lambda: begin(azure, None),
        ):
            now = version(share)
            assert isinstance(outcome, Written | Stale)
            if neighbour.did and isinstance(outcome, Stale):
                assert outcome.found == now


def test_two_flowsyncs_push_the_same_file(world: World) -> None:
    """One of two clients wins each round, and the other learns of it; nobody overwrites blindly."""
    if not exact(world):
        pytest.skip("documented: this file system cannot exchange names")
    world.save("a.py", BEFORE)
    with world.open() as one, world.open() as two:
        expect = expected(one)
        others: list[Outcome] = []

        def strike() -> bool:
            others.append(only(two.write([put("a.py", THEIRS, expect)])))
            return isinstance(others[-1], Written)

        def reset() -> None:
            nonlocal expect
            begin(world, BEFORE)
            expect = expected(one)

        for neighbour, outcome in race(world, strike, lambda: only(one.write([put("a.py", OURS, expect)])), reset):
            winners = [o for o in (outcome, others[-1]) if isinstance(o, Written)]
            assert len(winners) == 1, (outcome, others[-1])
            assert world.files()["a.py"] == (THEIRS if neighbour.did else OURS)
            assert isinstance(outcome, Written | Stale | Failed)
            assert world.leases() == {}
