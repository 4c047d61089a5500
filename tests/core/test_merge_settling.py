"""A person's picks: the same as settling the markers in an editor would give, and refused where they do not fit."""

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flowsync.core.merge import Merged, Pick, Picked, merge_flow, settle_flow, union
from merge_scenarios import BASE, CONFLICTS, Scenario, edit, settled
from merge_strategies import Style, edited, flows, write

SIDES = {"local": Pick.LOCAL, "remote": Pick.REMOTE}
TEMPERATURE = "nodes/summarise/inputs/temperature"


def versions(scenario: Scenario) -> tuple[bytes | None, bytes, bytes]:
    base = None if scenario.base is None else scenario.base.encode()
    return base, scenario.local.encode(), scenario.remote.encode()


def picked_everywhere(merged: Merged, side: Picked) -> dict[str, Picked]:
    return {decision.path: side for decision in merged.conflicts}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("scenario", CONFLICTS, ids=lambda scenario: scenario.name)
def test_picking_one_side_is_settling_every_marker_for_it(scenario: Scenario, side: str) -> None:
    merged = merge_flow(*versions(scenario))
    if merged.unable:
        pytest.skip("not merged by meaning")
    found = settle_flow(*versions(scenario), picked_everywhere(merged, SIDES[side]))
    assert found.clean, found.unable
    assert yaml.safe_load(found.content) == yaml.safe_load(settled(merged.content, side))
    if merged.conflicts[0].path:
        assert found.content.decode() == settled(merged.content, side)


@pytest.mark.parametrize("scenario", CONFLICTS, ids=lambda scenario: scenario.name)
def test_nothing_picked_is_the_merge_as_it_was(scenario: Scenario) -> None:
    assert settle_flow(*versions(scenario), {}) == merge_flow(*versions(scenario))


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_any_picks_give_what_an_editor_would(data: st.DataObject) -> None:
    base = data.draw(flows())
    local, remote = data.draw(edited(base, True)), data.draw(edited(base, True))
    texts = [write(flow, Style()).encode() for flow in (base, local, remote)]
    merged = merge_flow(*texts)
    assume(merged.conflicts and not merged.unable)
    picks = {one.path: data.draw(st.sampled_from([*SIDES.values(), None])) for one in merged.conflicts}
    chosen: dict[str, Picked] = {path: pick for path, pick in picks.items() if pick}
    found = settle_flow(*texts, chosen)
    assert not found.unable
    assert [one.path for one in found.conflicts] == [path for path in picks if path not in chosen]
    rest = picked_everywhere(found, Pick.LOCAL)
    assert yaml.safe_load(settle_flow(*texts, {**chosen, **rest}).content) == yaml.safe_load(
        settled(found.content, "local")
    )


def conflict() -> tuple[bytes, bytes, bytes]:
    low, high = ("temperature: 0.2", "temperature: 0.1"), ("temperature: 0.2", "temperature: 0.9")
    return BASE.encode(), edit(BASE, low).encode(), edit(BASE, high).encode()


def written(text: str) -> Merged:
    return settle_flow(*conflict(), {TEMPERATURE: text})


def test_a_text_of_ones_own_takes_the_place() -> None:
    assert written("temperature: 0.5").content.decode() == edit(
        BASE, ("temperature: 0.2   # low: facts only", "temperature: 0.5")
    )


def test_a_text_may_hold_more_keys_and_comments() -> None:
    found = written("# measured\ntemperature: 0.5\ntop_p: 1  # all\n").content.decode()
    assert "    # measured\n    temperature: 0.5\n    top_p: 1  # all\n    text:" in found


def test_an_empty_text_takes_the_thing_away() -> None:
    assert written("").content.decode() == edit(BASE, ("    temperature: 0.2   # low: facts only\n", ""))


@pytest.mark.parametrize("text", ["temperature: [", "- temperature", "text: twice", "just words", "a: &x 1\nb: *x"])
def test_a_text_that_does_not_fit_is_refused_with_its_reason(text: str) -> None:
    found = written(text)
    assert found.unable
    assert not found.content


def test_base_can_be_picked() -> None:
    assert settle_flow(*conflict(), {TEMPERATURE: Pick.BASE}).content.decode() == BASE


def test_a_list_item_is_written_with_its_dash() -> None:
    node = "- name: extra\n  type: python\n  source: {type: code, path: %s.py}\n"
    base, local, remote = (BASE.replace("environment:", one + "environment:") for one in ("", node % "a", node % "b"))
    texts = base.encode(), local.encode(), remote.encode()
    assert [one.path for one in merge_flow(*texts).conflicts] == ["nodes/extra"]
    found = settle_flow(*texts, {"nodes/extra": node % "c"})
    assert found.content.decode() == BASE.replace("environment:", node % "c" + "environment:")
    assert settle_flow(*texts, {"nodes/extra": "name: extra"}).unable


def test_line_ends_stay_those_of_the_local_side() -> None:
    base, local, remote = conflict()
    crlf = local.replace(b"\n", b"\r\n")
    found = settle_flow(base, crlf, remote, {TEMPERATURE: "temperature: 0.5\ntop_p: 1"}).content
    assert b"temperature: 0.5\r\n    top_p: 1\r\n" in found
    assert found.count(b"\n") == found.count(b"\r\n")


def test_the_union_has_what_either_side_added() -> None:
    assert union("a\nb\n", "a\nL\nb\n", "a\nR\nb\n") == "a\nL\nR\nb\n"
    assert union("a\nb\n", "a\nb\nL", "R\na\nb\n") == "R\na\nb\nL"
    assert union(None, "L", "R") == "L\nR"
    assert union("a\nb\nc\n", "a\nc\n", "a\nb\nc\n") == "a\nc\n"
