"""The model without Textual: events in, state and the names of what changed out."""

from typing import Any

import pytest

from flowsync_tui.view.listing import listed, tally
from flowsync_tui.view.state import Entry, Phase
from flowsync_tui.view.store import Store

from .conftest import FLOWS
from .fake_daemon import NOW, row


def store(*flows: dict[str, Any]) -> Store:
    made = Store()
    made.reduce({"kind": "phase", "phase": "live"})
    made.reduce({"kind": "status", "status": {"remote": "studio", "branch": "main", "flows": list(flows or FLOWS)}})
    return made


def names(made: Store, pattern: str = "", sort: str = "attention") -> list[str]:
    return [flow.name for flow in listed(made.state, pattern, sort)]


def test_what_needs_a_person_is_listed_first() -> None:
    made = store()
    assert names(made) == [
        "support-triage", "sql-gen", "intent-router", "eval-relevance", "eval-groundedness", "rag-chat-exp", "theirs",
        "fresh", "rag-chat-prod",
    ]  # fmt: skip


def test_a_changed_row_replaces_the_flow_and_a_gone_one_takes_its_mark_along() -> None:
    made = store()
    made.state.marked = frozenset({"fresh", "theirs"})
    changed = made.reduce({"kind": "flows", "changed": [row("fresh", "in-sync")], "gone": ["theirs"]})
    assert changed == {"flows"}
    assert made.state.flows["fresh"].state == "in-sync"
    assert made.state.marked == {"fresh"}


def test_an_event_of_a_later_version_changes_nothing() -> None:
    assert store().reduce({"kind": "tomorrow", "at": 1}) == frozenset()


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("rag", {"rag-chat-exp", "rag-chat-prod"}),
        ("RAG !prod", {"rag-chat-exp"}),
        ("conflict", {"support-triage"}),
        ("bob !rag eval", {"eval-groundedness"}),
        ("!in-sync !rag-chat-exp !e", set()),
        ("nothing like it", set()),
    ],
)
def test_a_filter_looks_at_name_state_and_author(pattern: str, found: set[str]) -> None:
    made = store(
        *(row(flow["name"], flow["state"], who="bob" if "ground" in flow["name"] else "anna") for flow in FLOWS)
    )
    assert set(names(made, pattern)) == found


def test_sorting_by_last_change_puts_the_newest_first() -> None:
    made = store(
        row("old", "local-ahead", when="2026-01-01T00:00:00+00:00"),
        row("new", "local-ahead", when="2026-02-01T00:00:00Z"),
    )
    assert names(made, sort="last change") == ["new", "old"]
    assert names(made, sort="name") == ["new", "old"]


def test_a_command_under_way_is_told_in_the_rows_that_it_is_about() -> None:
    made = store()
    assert made.reduce({"kind": "begun", "id": 7, "name": "sync", "flows": ["fresh"]}) == {"running", "flows"}
    assert made.reduce({"kind": "progress", "id": 7, "what": "push", "done": 3, "total": 4}) == {"running"}
    state = made.state
    assert (state.shown(state.flows["fresh"]), state.detail(state.flows["fresh"])) == ("syncing", "75%")
    assert state.shown(state.flows["rag-chat-exp"]) == "local-ahead"
    assert made.reduce({"kind": "ended", "id": 7}) == {"running", "flows"}
    assert state.shown(state.flows["fresh"]) == "local-only"


def test_what_the_daemon_does_by_itself_is_told_until_it_is_over() -> None:
    made = store(row("a", "studio-ahead"), row("b", "in-sync"))
    step = {"kind": "progress", "at": NOW, "what": "pull", "total": 7, "flows": ["a"]}
    assert made.reduce({**step, "done": 3, "over": False}) == {"running", "flows"}
    assert (made.state.shown(made.state.flows["a"]), made.state.detail(made.state.flows["a"])) == ("syncing", "42%")
    assert made.state.shown(made.state.flows["b"]) == "in-sync"
    assert made.reduce({**step, "done": 5, "over": False}) == {"running"}
    assert made.reduce({**step, "done": 7, "over": True}) == {"running", "flows"}
    assert made.state.shown(made.state.flows["a"]) == "studio-ahead" and not made.state.running


def test_a_command_of_ours_is_told_once() -> None:
    made = store()
    step = {"kind": "progress", "at": NOW, "what": "push", "done": 1, "total": 7, "flows": [], "over": False}
    made.reduce(step)
    made.reduce({"kind": "begun", "id": 1, "name": "push", "flows": ()})
    assert made.reduce(step) == frozenset()
    assert list(made.state.running) == [1]


def test_progress_of_a_command_that_ended_is_nothing() -> None:
    assert store().reduce({"kind": "progress", "id": 1, "what": "push", "done": 1, "total": 1}) == frozenset()


def test_a_command_about_everything_leaves_what_is_in_sync_or_in_conflict_alone() -> None:
    made = store()
    made.reduce({"kind": "begun", "id": 1, "name": "sync", "flows": []})
    shown = {name: made.state.shown(flow) for name, flow in made.state.flows.items()}
    assert (shown["rag-chat-prod"], shown["support-triage"], shown["fresh"]) == ("in-sync", "conflict", "syncing")


def test_a_pause_rests_what_is_calm_and_hides_no_conflict() -> None:
    made = store()
    made.reduce({"kind": "paused", "paused": {"*": None}})
    assert made.state.shown(made.state.flows["support-triage"]) == "conflict"
    assert made.state.shown(made.state.flows["rag-chat-prod"]) == "paused"


def test_results_become_activity_with_the_command_that_did_it() -> None:
    made = store()
    result = {"flow": "chat", "did": "landed", "paths": ["a.py", "b.py"], "commit": "77ab0e1234", "hold": None}
    assert made.reduce({"kind": "result", "at": NOW, "what": "pull", "results": [result]}) == {"activity"}
    entry = made.state.activity[-1]
    assert entry.text == "Studio's edits are on the branch: a.py, b.py (77ab0e1)"
    assert (entry.deed, entry.twin) == ("landed", "flowsync pull {flow}")


def test_what_happened_before_the_session_is_in_activity_once() -> None:
    made = store()
    recent = {"kind": "notice", "at": NOW, "about": "error", "title": "flowsync", "text": "no network"}
    state = {"health": "offline", "recent": [recent]}
    assert "activity" in made.reduce({"kind": "state", "state": state})
    made.reduce({"kind": "state", "state": state})
    assert [entry.text for entry in made.state.activity] == ["no network"]


def test_activity_and_log_stay_small() -> None:
    made = store()
    for number in range(700):
        made.reduce({"kind": "entry", "entry": Entry(NOW, "done", "", str(number))})
    assert len(made.state.activity) == 500
    assert made.state.activity[-1].text == "699"
    lines = [{"sequence": number, "at": NOW, "level": "info", "text": ""} for number in range(30_000)]
    made.reduce({"kind": "lines", "lines": lines})
    assert len(made.state.log) == 20_000


def test_a_line_that_comes_twice_is_kept_once_and_in_order() -> None:
    made = store()
    made.reduce({"kind": "log", "sequence": 3, "at": NOW, "level": "info", "text": "c"})
    lines = [{"sequence": number, "at": NOW, "level": "info", "text": str(number)} for number in (1, 2, 3)]
    made.reduce({"kind": "lines", "lines": lines})
    assert [line["sequence"] for line in made.state.log] == [1, 2, 3]


def test_losing_the_daemon_ends_what_was_under_way_and_counts_the_attempts() -> None:
    made = store()
    made.reduce({"kind": "begun", "id": 1, "name": "sync", "flows": []})
    for at in (10.0, 20.0, 30.0):
        made.reduce({"kind": "phase", "phase": "lost", "at": at})
    assert (made.state.phase, made.state.attempts, made.state.lost_at, made.state.running) == (Phase.LOST, 2, 10.0, {})
    made.reduce({"kind": "phase", "phase": "live"})
    assert made.state.attempts == 0


def test_the_tally_begins_with_what_is_well_and_goes_on_with_what_is_not() -> None:
    assert tally(store(row("a"), row("b"), row("c", "conflict")).state) == [("in-sync", 2), ("conflict", 1)]


def test_targets_are_the_marked_flows_else_the_one_under_the_cursor() -> None:
    made = store()
    assert made.state.targets == ()
    made.state.cursor = "fresh"
    assert made.state.targets == ("fresh",)
    made.state.marked = frozenset({"theirs", "sql-gen", "gone"})
    assert made.state.targets == ("sql-gen", "theirs")
