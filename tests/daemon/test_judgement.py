"""What the daemon judges by: debouncing, pace, budget, back-off, agenda, pauses. Time is an argument."""

import itertools
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.core.tree import FlowName
from flowsync.daemon.agenda import NEVER, Situation, Step, next_step
from flowsync.daemon.backoff import LONGEST, Backoff
from flowsync.daemon.broadcast import Broadcast
from flowsync.daemon.budget import HOUR, Budget
from flowsync.daemon.clock import Wakefulness
from flowsync.daemon.ledger import Ledger
from flowsync.daemon.pace import Look, Pace, Tempo
from flowsync.daemon.pauses import ALL, FOREVER, Pauses
from flowsync.daemon.quiet import Heard, Quiet, Rumour
from flowsync.daemon.rumours import Grounds

CHAT, TRIAGE = FlowName("chat"), FlowName("triage")


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now, self.at = 1000.0, 5000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.at


# -- quiet


def test_ten_thousand_events_in_a_second_are_due_once() -> None:
    quiet, taken = Quiet(), 0
    for number in range(10_000):
        now = number / 10_000
        quiet.hear(Rumour.FILES, now, FlowName(f"flow-{number % 7}"))
        taken += quiet.take(now) is not None
    assert taken == 0
    assert quiet.take(1.1) is None
    heard = quiet.take(1.25)
    assert heard == Heard(frozenset({Rumour.FILES}), frozenset(FlowName(f"flow-{n}") for n in range(7)))
    assert quiet.take(99) is None
    assert quiet.due is None


def test_a_storm_without_end_is_followed_now_and_then() -> None:
    quiet = Quiet(longest=10)
    times = [n / 10 for n in range(350) if (quiet.hear(Rumour.FILES, n / 10) or True) and quiet.take(n / 10)]
    assert len(times) == 3
    assert all(9.9 <= later - earlier <= 10.3 for earlier, later in itertools.pairwise(times))


def test_a_commit_does_not_wait_for_the_files_to_settle() -> None:
    quiet = Quiet()
    quiet.hear(Rumour.FILES, 0.0, CHAT)
    quiet.hear(Rumour.REFS, 0.02)
    assert quiet.due == pytest.approx(0.06)
    assert quiet.take(0.07) == Heard(frozenset({Rumour.REFS}))
    assert quiet.due == pytest.approx(0.2)
    assert quiet.take(0.21) == Heard(frozenset({Rumour.FILES}), frozenset({CHAT}))


def test_what_was_postponed_comes_back_with_what_was_heard_since() -> None:
    quiet = Quiet()
    quiet.hear(Rumour.FILES, 0.0, CHAT)
    heard = quiet.take(1.0)
    assert heard is not None
    quiet.postpone(heard, 1.0, 0.25)
    quiet.hear(Rumour.GIT, 1.1)
    assert quiet.take(1.13) is None
    assert quiet.take(1.2) == Heard(frozenset({Rumour.GIT}))
    quiet.hear(Rumour.GIT, 1.21)
    again = quiet.take(1.26)
    assert again == Heard(frozenset({Rumour.FILES, Rumour.GIT}), frozenset({CHAT}))


# -- pace


def pace(chance: float = 0.5) -> Pace:
    return Pace(Tempo(), lambda: chance)


def test_the_first_look_is_a_sweep() -> None:
    assert pace().take(0.0) == Look(frozenset())


def test_an_active_flow_is_looked_at_within_seconds_and_ever_more_rarely_when_it_rests() -> None:
    schedule = pace()
    schedule.looked([CHAT, TRIAGE], 0.0, sweep=True)
    assert schedule.due() == pytest.approx(600)
    schedule.activity(CHAT, 100.0, 100.0)
    looks, now = [], 100.0
    while now < 8000:
        now = schedule.due()
        look = schedule.take(now)
        assert look is not None
        if look.flows:
            assert look.flows == {CHAT}
            looks.append(now)
        schedule.looked(look.flows or [CHAT, TRIAGE], now, sweep=not look.flows)
    assert looks[0] - 100 < 3
    gaps = [later - earlier for earlier, later in itertools.pairwise(looks)]
    assert max(gaps[:10]) < 3.5
    assert gaps[-1] > 200
    assert len(looks) < 120


def test_looks_are_jittered() -> None:
    due = set()
    for chance in (0.0, 0.3, 0.99):
        schedule = pace(chance)
        schedule.looked([], 0.0, sweep=True)
        due.add(round(schedule.due()))
    assert len(due) == 3
    assert all(540 <= at <= 660 for at in due)


def test_a_sweep_forgets_flows_that_are_gone() -> None:
    schedule = pace()
    schedule.activity(CHAT, 0.0, 0.0)
    schedule.looked([TRIAGE], 1.0, sweep=True)
    assert schedule.due() > 500


def test_flows_that_are_due_together_are_looked_at_together() -> None:
    schedule = pace()
    schedule.looked([CHAT, TRIAGE], 0.0, sweep=True)
    schedule.activity(CHAT, 1.0, 1.0)
    schedule.activity(TRIAGE, 1.3, 1.3)
    assert schedule.take(schedule.due()) == Look(frozenset({CHAT, TRIAGE}))


def test_where_the_budget_is_short_the_latest_activity_keeps_its_pace() -> None:
    schedule = Pace(Tempo(), lambda: 0.5, allowance=2000)
    names = [FlowName(f"f{number}") for number in range(40)]
    schedule.looked(names, 0.0, sweep=True)
    for number, name in enumerate(names):
        schedule.activity(name, 1.0 + number / 100, 1.5)
    schedule.looked(names, 2.0)
    assert schedule.take(schedule.due()) == Look(frozenset({names[-1]}))
    assert schedule.due() - 2.0 < 3
    assert schedule.per_hour(2.0, 1.0, 0.0) < 2500
    free = Pace(Tempo(), lambda: 0.5)
    for name in names:
        free.activity(name, 1.0, 1.0)
    assert free.per_hour(2.0, 1.0, 0.0) > 40_000


def test_activity_of_long_ago_is_left_to_the_sweep() -> None:
    schedule = pace()
    schedule.looked([CHAT], 0.0, sweep=True)
    schedule.activity(CHAT, -1_000_000.0, 0.0)
    assert schedule.due() == pytest.approx(600)


# -- budget


@given(
    st.integers(60, 20_000),
    st.lists(st.tuples(st.floats(0, 900), st.integers(1, 400), st.booleans()), max_size=150),
)
def test_no_sixty_minutes_ever_see_more_than_the_budget(per_hour: int, wishes: list[tuple[float, int, bool]]) -> None:
    budget, now, spent = Budget.full(per_hour, 0.0), 0.0, []
    for pause, cost, urgent in wishes:
        now += pause
        if budget.affords(cost, now, urgent):
            budget.spend(cost, now)
            spent.append((now, cost))
    for start, _ in spent:
        assert sum(cost for at, cost in spent if start <= at < start + HOUR) <= per_hour + 1e-6


def test_looking_leaves_something_for_pushes() -> None:
    budget, looks = Budget.full(1000, 0.0), 0
    while budget.affords(10, 0.0):
        budget.spend(10, 0.0)
        looks += 1
    assert looks > 5
    assert not budget.affords(10, 0.0)
    assert budget.affords(20, 0.0, urgent=True)


@given(st.integers(60, 5000), st.integers(1, 100), st.booleans())
def test_when_it_can_be_afforded_it_can(per_hour: int, cost: int, urgent: bool) -> None:
    budget = Budget.full(per_hour, 0.0)
    budget.spend(per_hour * 0.25, 0.0)
    at = budget.when(cost, 0.0, urgent)
    floor = 0.0 if urgent else budget.reserve
    affordable = min(float(cost), per_hour * 0.25 - floor)
    assert at > 0
    assert budget.affords(affordable, at + 0.01, urgent)


def test_what_was_not_needed_comes_back() -> None:
    budget = Budget.full(1000, 0.0)
    budget.spend(100, 0.0)
    budget.spend(-90, 0.0)
    assert budget.level == pytest.approx(240)
    assert budget.made == 10
    assert budget.last_hour(0.0) == 10


# -- back-off


def test_back_off_grows_to_a_minute_and_is_forgotten_at_once() -> None:
    backoff = Backoff(lambda: 1.0)
    waits = []
    for _ in range(12):
        backoff.failed(100.0)
        waits.append(backoff.until - 100.0)
    assert waits[:4] == [1, 2, 4, 8]
    assert max(waits) == LONGEST
    backoff.recovered()
    assert backoff.until == 0.0
    backoff.failed(100.0)
    assert backoff.until == 101.0


def test_back_off_is_jittered_and_never_shorter_than_asked_for() -> None:
    low, high = Backoff(lambda: 0.0), Backoff(lambda: 1.0)
    for one in (low, high):
        one.failed(0.0)
    assert low.until < high.until
    low.failed(0.0, at_least=30.0)
    assert low.until == 30.0


# -- agenda


def test_commands_come_first_then_rumours_then_looks() -> None:
    everything = Situation(jobs=1, rumours=0.0, retry=0.0, look=0.0)
    assert next_step(everything, 10.0) is Step.JOB
    assert next_step(Situation(rumours=0.0, retry=0.0, look=0.0), 10.0) is Step.RUMOURS
    assert next_step(Situation(retry=0.0, look=0.0), 10.0) is Step.RETRY
    assert next_step(Situation(look=0.0), 10.0) is Step.LOOK


def test_it_sleeps_until_the_first_thing_that_is_due() -> None:
    assert next_step(Situation(rumours=12.0, look=11.0, check=60.0), 10.0) == 11.0
    assert next_step(Situation(), 10.0) == NEVER


def test_a_pause_keeps_it_from_everything_but_commands() -> None:
    at = Situation(rumours=0.0, retry=0.0, look=0.0, probe=0.0, check=60.0, paused=True)
    assert next_step(at, 10.0) == 60.0
    assert next_step(Situation(jobs=1, paused=True), 10.0) is Step.JOB


@pytest.mark.parametrize("keeps", ["backoff", "affordable"])
def test_a_look_waits_for_the_back_off_and_for_the_budget(keeps: str) -> None:
    assert next_step(Situation(look=0.0, **{keeps: 30.0}), 10.0) == 30.0  # type: ignore[arg-type]
    assert next_step(Situation(look=0.0, **{keeps: 30.0}), 30.0) is Step.LOOK  # type: ignore[arg-type]


def test_on_battery_looks_stop_and_what_is_done_here_goes_on() -> None:
    assert next_step(Situation(look=0.0, check=60.0, looks_stopped=True), 10.0) == 60.0
    assert next_step(Situation(rumours=0.0, looks_stopped=True), 10.0) is Step.RUMOURS


# -- pauses, sleep


def test_pauses_end_by_themselves_or_are_ended() -> None:
    pauses = Pauses().with_pause([], FOREVER).with_pause(["chat"], 100.0)
    assert pauses.everything
    assert pauses.next_end() == 100.0
    assert pauses.at(100.0).until == {ALL: FOREVER}
    assert pauses.without(["chat"]).until == {ALL: FOREVER}
    assert pauses.without([]).until == {}


def test_sleep_is_noticed_by_either_clock() -> None:
    clock = Hand()
    awake = Wakefulness(clock)
    clock.now, clock.at = 1010.0, 5010.0
    assert not awake.slept()
    clock.now, clock.at = 1011.0, 9000.0  # suspended: only the wall ran on
    assert awake.slept()
    awake.sleeping_until(1012.0)
    clock.now, clock.at = 1100.0, 9089.0  # stopped: the timer came late
    assert awake.slept()
    assert not awake.slept()


# -- rumours

GROUNDS = Grounds(PurePosixPath("/r"), PurePosixPath("/r/.git/worktrees/w"), PurePosixPath("/r/.git"), "flows")


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/r/.git/refs/heads/main", (Rumour.REFS, None)),
        ("/r/.git/refs/heads/feature/x", (Rumour.REFS, None)),
        ("/r/.git/packed-refs", (Rumour.REFS, None)),
        ("/r/.git/worktrees/w/HEAD", (Rumour.REFS, None)),
        ("/r/.git/worktrees/w/index.lock", (Rumour.GIT, None)),
        ("/r/.git/worktrees/w/rebase-merge", (Rumour.GIT, None)),
        ("/r/.git/refs/heads/main.lock", None),
        ("/r/.git/refs/remotes/studio/chat", None),
        ("/r/.git/objects/ab/cdef", None),
        ("/r/.git/flowsync/daemon.log", None),
        ("/r/.flowsync.yaml", (Rumour.CONFIG, None)),
        ("/r/flows/chat/flow.dag.yaml", (Rumour.FILES, CHAT)),
        ("/r/flows/chat", (Rumour.FILES, CHAT)),
        ("/r/flows/chat/.runs/1", None),
        ("/r/flows/chat/__pycache__/a.pyc", None),
        ("/r/flows/chat/.flow.dag.yaml.swp", None),
        ("/r/flows/chat/4913", None),
        ("/r/flows/chat/a.py___jb_tmp___", None),
        ("/r/node_modules/x/y.js", None),
        ("/elsewhere", None),
    ],
)
def test_what_a_path_means(path: str, meant: tuple[Rumour, FlowName | None] | None) -> None:
    assert GROUNDS.rumour(PurePosixPath(path)) == meant


# -- the ledger


def test_a_restart_refills_no_budget(tmp_path: Path) -> None:
    hand, file = Hand(), tmp_path / "budget.json"
    budget = Ledger(file, hand).recall(Budget.full(1000, hand.now))
    assert budget.affords(200, hand.now)
    budget.spend(225, hand.now)
    Ledger(file, hand).keep(budget)
    hand.now, hand.at = 7.0, hand.at + 60  # another process, after a minute
    again = Ledger(file, hand).recall(Budget.full(1000, hand.now))
    assert again.level == pytest.approx(250 - 225 + 1000 * 0.75 / 60)
    assert again.last_hour(hand.now) == pytest.approx(225 * 59 / 60, abs=1)
    assert not again.affords(100, hand.now)
    hand.at += HOUR
    assert Ledger(file, hand).recall(Budget.full(1000, hand.now)).level == 250


@given(
    restarts=st.lists(st.tuples(st.floats(0, 900), st.floats(-50, 120)), max_size=40), per_hour=st.floats(10, 10_000)
)
def test_no_hour_of_restarts_spends_more_than_the_budget(
    tmp_path_factory: pytest.TempPathFactory, restarts: list[tuple[float, float]], per_hour: float
) -> None:
    hand, file = Hand(), tmp_path_factory.mktemp("ledger") / "budget.json"
    spent: list[tuple[float, float]] = []
    for pause, cost in restarts:
        hand.now += pause
        hand.at += pause
        ledger = Ledger(file, hand)
        budget = ledger.recall(Budget.full(per_hour, hand.now))
        if cost > 0 and budget.affords(cost, hand.now):
            budget.spend(cost, hand.now)
            budget.made += 1  # a fraction of a request counts, too
            spent.append((hand.now, cost))
        ledger.keep(budget)
    for begin, _ in spent:
        assert sum(cost for at, cost in spent if begin <= at < begin + HOUR) <= per_hour * 1.0001


@pytest.mark.parametrize("text", ["", "{", "[]", '{"level": 1}', '{"at": 0, "level": NaN, "hour": 0}', '{"at": "x"}'])
def test_a_ledger_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    hand, fresh = Hand(), Budget.full(1000, 1000.0)
    (tmp_path / "budget.json").write_text(text)
    assert Ledger(tmp_path / "budget.json", hand).recall(fresh) is fresh


def test_a_clock_that_was_set_back_refills_nothing(tmp_path: Path) -> None:
    hand, file = Hand(), tmp_path / "budget.json"
    budget = Budget.full(1000, hand.now)
    budget.spend(250, hand.now)
    Ledger(file, hand).keep(budget)
    hand.at -= 10_000
    assert Ledger(file, hand).recall(Budget.full(1000, hand.now)).level == pytest.approx(0)


# -- broadcast


def test_a_step_that_is_over_in_a_moment_is_told_to_nobody() -> None:
    told: list[tuple[str, int, bool]] = []
    hand = Hand()
    broadcast = Broadcast(lambda kind, **said: told.append((said["what"], said["done"], said["over"])), hand.monotonic)
    broadcast.begin("Fetching", 10, ["chat"])
    for done in range(10):
        hand.now += 0.01
        broadcast.at(done)
    broadcast.end()
    assert told == []
    broadcast.begin("Pushing", 100, [])
    for done in range(100):
        hand.now += 0.02
        broadcast.at(done)
    broadcast.begin("Landing", 1, [])  # the step before is over, whether it said so or not
    broadcast.end()
    assert 15 <= len(told) <= 21
    assert [one[1] for one in told] == sorted(one[1] for one in told)
    assert told[-1] == ("Pushing", 100, True)
    assert not any(over for _, _, over in told[:-1])
