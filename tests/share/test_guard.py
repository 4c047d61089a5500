"""Every request of every guarded order fails once, before or after it took effect, with and without a neighbour."""

import io
import itertools
from collections.abc import Callable, Iterator

import pytest

from flowsync.errors import ShareDenied, ShareError, ShareUnavailable
from flowsync.share import guard
from flowsync.share.base import Failed, Listing, Outcome, Put, Remove, Removed, Stale, Version, Written
from flowsync.share.codes import TABLE, failure
from flowsync.share.memory import Fault, MemoryShare, Step
from flowsync.share.memory_store import Store

OURS, THEIRS, BEFORE = b"ours", b"theirs!", b"before"
LEASE = "11111111-2222-3333-4444-555555555555"
ORDERS = ["inline", "replace", "create", "remove"]
LARGE = b"large" * (guard.INLINE_LIMIT // 4)


class Run:
    """One order of requests in a fresh store."""

    def __init__(self, order: str, retries: int = 1, ours: bytes = OURS) -> None:
        self.order, self.ours = order, ours
        self.store = Store()
        self.share = MemoryShare(self.store, write="replace" if order == "replace" else "inline", retries=retries)
        if order != "create":
            self.store.save("a.py", BEFORE)
        self.before = self.version()
        self.store.make_folders("")

    def version(self) -> Version | None:
        found = MemoryShare(self.store).list([""])[""]
        assert isinstance(found, Listing)
        return found.files.get("a.py")

    def go(self) -> Outcome | ShareError:
        try:
            if self.order == "remove":
                assert self.before is not None
                (outcome,) = self.share.remove([Remove("a.py", self.before, LEASE)])
            else:
                put = Put("a.py", len(self.ours), lambda: io.BytesIO(self.ours), self.before, LEASE)
                (outcome,) = self.share.write([put])
        except ShareError as error:
            return error
        return outcome

    @property
    def content(self) -> bytes | None:
        return self.store.files().get("a.py")


def steps(order: str) -> list[tuple[Step, int]]:
    """The requests of an order, each with its number among those of its kind."""
    run = Run(order)
    assert isinstance(run.go(), Written | Removed)
    run.share.close()
    seen: dict[str, int] = {}
    result = []
    for step in run.share.log:
        seen[step.kind] = seen.get(step.kind, 0) + 1
        result.append((step, seen[step.kind]))
    return result


def faults() -> Iterator[tuple[str, Fault]]:
    for order in ORDERS:
        for (step, nth), after in itertools.product(steps(order), (False, True)):
            yield order, Fault(step.kind, nth, after=after)


def check(run: Run, outcome: Outcome | ShareError, neighbour: bool = False) -> None:
    """What is said is true, and nothing is left behind."""
    content, now = run.content, run.version()
    if isinstance(outcome, Written) and not neighbour:
        assert content == run.ours and now == outcome.version
    if isinstance(outcome, Removed) and not neighbour:
        assert content is None
    if isinstance(outcome, Written) and content != run.ours:
        assert outcome.version != now, "the neighbour's save would be taken for our own"
    if isinstance(outcome, Stale):
        assert content != run.ours or neighbour
    run.share.close()
    if any(step.kind == "remove" for step in run.share.log) and run.store.folders():
        MemoryShare(run.store).release({})  # an empty folder that could not be removed is the next run's
    assert set(run.store.files()) <= {"a.py"} and run.store.folders() == set()
    assert run.store.leases() == {}


@pytest.mark.parametrize(("order", "fault"), list(faults()), ids=lambda value: str(getattr(value, "kind", value)))
def test_a_failure_that_passes_changes_nothing_in_the_end(order: str, fault: Fault) -> None:
    run = Run(order, retries=1)
    run.share.faults.append(Fault(fault.kind, fault.nth, after=fault.after))
    outcome = run.go()
    assert isinstance(outcome, Removed if order == "remove" else Written), outcome
    check(run, outcome)


@pytest.mark.parametrize(("order", "fault"), list(faults()), ids=lambda value: str(getattr(value, "kind", value)))
def test_a_failure_without_repetition_is_settled_by_looking(order: str, fault: Fault) -> None:
    run = Run(order, retries=0)
    run.share.faults.append(Fault(fault.kind, fault.nth, after=fault.after))
    outcome = run.go()
    assert not isinstance(outcome, Stale), outcome
    if isinstance(outcome, Failed | ShareError):
        assert run.content in (run.before and BEFORE, None) if run.content != OURS else True
    check(run, outcome)


@pytest.mark.parametrize("order", ORDERS)
def test_a_lost_reply_and_then_a_neighbour(order: str) -> None:
    """After any lost reply, at any later step, somebody saves: whatever is said, that save is never called ours."""
    tried = saved = 0
    for step, nth in steps(order):
        for turn in itertools.count():
            run = Run(order, retries=1)
            fault = Fault(step.kind, nth, after=True)
            run.share.faults.append(fault)
            neighbour = _Neighbour(run.store, fault, run.share, turn)
            run.share.hook = neighbour
            outcome = run.go()
            if neighbour.saved:
                saved += 1
                assert run.content == THEIRS, outcome
            if not neighbour.had_turn:
                break
            tried += 1
            run.share.hook = lambda _: None
            check(run, outcome, neighbour=neighbour.saved)
    assert tried > 4 and saved


class _Neighbour:
    """Saves once, ``turn`` requests after the fault struck."""

    def __init__(self, store: Store, fault: Fault, share: MemoryShare, turn: int) -> None:
        self.had_turn = self.saved = False
        self._store, self._fault, self._share, self._left = store, fault, share, turn

    def __call__(self, step: Step) -> None:
        if self._fault in self._share.faults or self.had_turn:
            return
        if self._left:
            self._left -= 1
            return
        self.had_turn = True
        try:
            self._store.save("a.py", THEIRS)
            self.saved = True
        except ShareError as error:
            assert error.code == "LeaseIdMissing"


@pytest.mark.parametrize("order", ["inline", "replace", "remove"])
def test_a_file_that_another_program_has_open(order: str) -> None:
    run = Run(order)
    run.share.faults.append(Fault("acquire", times=99, error=failure("SharingViolation", "a.py")))
    outcome = run.go()
    assert isinstance(outcome, Failed) and isinstance(outcome.error, ShareUnavailable)
    assert "open in another program" in outcome.error.message and outcome.error.hint
    assert [step.kind for step in run.share.log].count("wait") == 4
    check(run, outcome)
    assert run.content == BEFORE


@pytest.mark.parametrize(
    ("order", "blocked", "used"), [("inline", "create", "rename"), ("replace", "rename", "create")]
)
def test_one_way_to_write_is_blocked_and_the_other_is_taken(order: str, blocked: str, used: str) -> None:
    run = Run(order)
    nth = 1
    run.share.faults.append(Fault(blocked, nth, error=failure("SharingViolation", "a.py")))  # type: ignore[arg-type]
    outcome = run.go()
    assert isinstance(outcome, Written)
    assert [step.kind for step in run.share.log].count(used) >= 1
    check(run, outcome)


def test_both_ways_to_write_are_blocked() -> None:
    run = Run("inline")
    run.share.faults += [
        Fault("create", error=failure("SharingViolation", "a.py")),
        Fault("rename", times=9, error=failure("SharingViolation", "a.py")),
    ]
    outcome = run.go()
    assert isinstance(outcome, Failed) and run.content == BEFORE
    check(run, outcome)


def test_large_content_is_never_written_in_place() -> None:
    run = Run("inline", ours=LARGE)
    outcome = run.go()
    assert isinstance(outcome, Written) and run.content == LARGE
    created = [step.path for step in run.share.log if step.kind == "create"]
    assert created == [guard.temporary(LEASE)]
    check(run, outcome)


def test_another_lease_is_waited_for_and_then_respected() -> None:
    run = Run("inline")
    run.store.acquire("a.py", "another")
    outcome = run.go()
    assert isinstance(outcome, Failed) and "lease" in outcome.error.message
    assert run.store.leases() == {"a.py": "another"} and run.content == BEFORE


def test_a_lease_that_is_ours_without_our_knowing_is_recognised() -> None:
    """The reply to our acquire was lost, and the repetition finds the file leased: by us."""
    run = Run("inline")
    run.share.faults += [
        Fault("acquire", 1, after=True),
        Fault("acquire", 2, error=failure("LeaseAlreadyPresent", "a.py")),
    ]
    outcome = run.go()
    assert isinstance(outcome, Written)
    assert [step.kind for step in run.share.log].count("wait") == 0
    check(run, outcome)


def test_another_writer_that_ends_meanwhile_makes_us_stale_not_failed() -> None:
    run = Run("inline")
    run.store.acquire("a.py", "another")

    def finish(step: Step) -> None:
        if step.kind == "wait" and run.store.leases():
            run.store.create("a.py", THEIRS, "another")
            run.store.release("a.py", "another")

    run.share.hook = finish
    assert run.go() == Stale("a.py", run.version())
    assert run.content == THEIRS


def test_the_folder_for_temporaries_is_made_again_if_another_run_removed_it() -> None:
    run = Run("create")
    list(run.share.write([Put("b.py", 1, lambda: io.BytesIO(b"1"), None, "first")]))
    run.store.remove_folder(".flowsync")
    outcome = run.go()
    assert isinstance(outcome, Written)
    run.store.delete("b.py", None)
    check(run, outcome)


@pytest.mark.parametrize("order", ORDERS)
def test_refused_credentials_are_raised_once_all_is_undone(order: str) -> None:
    for step, nth in steps(order):
        if step.path.startswith(".flowsync") and step.kind in ("make", "remove"):
            continue
        run = Run(order)
        run.share.faults.append(Fault(step.kind, nth, error=failure("AuthenticationFailed", "")))
        outcome = run.go()
        assert isinstance(outcome, ShareDenied | Written | Removed), (step, outcome)
        run.share.faults.clear()
        run.store.discard("nothing")
        if step.kind != "release":
            run.share.close()
            assert run.store.leases() == {}


def test_a_share_that_dies_in_the_middle_is_raised_and_the_next_run_cleans_up() -> None:
    for order in ORDERS:
        for step, nth in steps(order):
            run = Run(order)
            run.share.faults += [
                Fault(kind, nth if kind == step.kind else 1, times=10**9)
                for kind in ("acquire", "look", "create", "rename", "delete", "release", "read", "make", "remove")
                if kind == step.kind or nth > 1
            ]
            run.go()
            successor = MemoryShare(run.store)
            successor.release({"a.py": LEASE})
            assert run.store.leases() == {} and run.store.folders() == set()
            assert run.content in (BEFORE, OURS, None)


class Killed(BaseException):
    """The process is gone: nothing is cleaned up."""


def test_killed_before_any_request_the_next_run_finds_old_or_new_and_frees_it() -> None:
    for order in ORDERS:
        for number in range(len(steps(order))):
            run = Run(order)
            run.share.hook = _kill_at(number)
            with pytest.raises(Killed):
                run.go()
                run.share.close()
            MemoryShare(run.store).release({"a.py": LEASE})
            assert run.store.leases() == {} and run.store.folders() == set()
            assert run.content in {"create": (None, OURS), "remove": (BEFORE, None)}.get(order, (BEFORE, OURS))


def _kill_at(number: int) -> Callable[[Step], None]:
    left = number

    def hook(_: Step) -> None:
        nonlocal left
        if not left:
            raise Killed
        left -= 1

    return hook


def test_the_table_of_codes_is_sound() -> None:
    for code, entry in TABLE.items():
        error = failure(code, "chat/flow.dag.yaml")
        assert error.code == code and error.message.endswith(".") and "{}" not in error.message
        assert not entry.whole or "{}" not in entry.sentence
        assert entry.hint or entry.why.name in ("MISSING", "EXISTS")


def test_an_unknown_code_is_named() -> None:
    assert "Unheard (HTTP 418)" in failure("Unheard", "a.py", 418).message
    assert isinstance(failure("", "a.py", 403), ShareDenied)
