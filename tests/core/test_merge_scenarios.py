"""The merge, over the table of scenarios: the exact text where both sides' edits fit, the exact places where not."""

import pytest
import yaml

from flowsync.core.merge import Markers, Merged, merge_flow
from merge_scenarios import CONFLICTS, MERGES, SCENARIOS, Scenario, settled


def merged(scenario: Scenario, swapped: bool = False) -> Merged:
    base = None if scenario.base is None else scenario.base.encode()
    sides = scenario.local.encode(), scenario.remote.encode()
    return merge_flow(base, *(reversed(sides) if swapped else sides))


def names(scenario: Scenario) -> str:
    return scenario.name


def test_the_table_is_long_enough() -> None:
    assert len(SCENARIOS) >= 40
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


@pytest.mark.parametrize("scenario", MERGES, ids=names)
def test_clean(scenario: Scenario) -> None:
    result = merged(scenario)
    assert not result.unable
    assert result.content.decode() == scenario.want
    assert result.clean


@pytest.mark.parametrize("scenario", MERGES, ids=names)
def test_clean_the_other_way_round_means_the_same(scenario: Scenario) -> None:
    result = merged(scenario, swapped=True)
    assert result.clean
    assert by_name(result.content.decode()) == by_name(scenario.want or "")


@pytest.mark.parametrize("scenario", CONFLICTS, ids=names)
def test_conflict(scenario: Scenario) -> None:
    result = merged(scenario)
    assert {decision.path for decision in result.conflicts} == set(scenario.at)
    assert all(decision.reason for decision in result.conflicts)
    assert result.content.count(b"<<<<<<< local") == len(scenario.at)


@pytest.mark.parametrize("scenario", CONFLICTS, ids=names)
def test_conflicts_are_the_same_the_other_way_round(scenario: Scenario) -> None:
    there, back = merged(scenario), merged(scenario, swapped=True)
    assert {decision.path for decision in there.conflicts} == {decision.path for decision in back.conflicts}


@pytest.mark.parametrize("scenario", CONFLICTS, ids=names)
def test_markers_settled_for_either_side_leave_yaml(scenario: Scenario) -> None:
    content = merged(scenario).content
    for side in ("local", "remote"):
        assert isinstance(yaml.safe_load(settled(content, side)), dict)


@pytest.mark.parametrize("scenario", CONFLICTS, ids=names)
def test_each_side_is_in_the_text_or_was_deleted(scenario: Scenario) -> None:
    result = merged(scenario)
    text = "".join(line.strip() for line in result.content.decode().splitlines())
    for decision in result.conflicts:
        for version in (decision.local, decision.remote):
            lines = [line.strip() for line in (version or "").splitlines()]
            assert "".join(lines) in text


def by_name(text: str) -> object:
    """Returns what a flow says, with its nodes by name: their order, and that of includes, means nothing."""
    flow = yaml.safe_load(text)
    nodes = {node["name"]: node for node in flow.pop("nodes", [])}
    includes = sorted(flow.pop("additional_includes", []))
    return flow, nodes, includes


def test_markers_follow_the_wanted_size_labels_and_base() -> None:
    base, local, remote = (f"a: 1\nb: {value}\n".encode() for value in (1, 2, 3))
    result = merge_flow(base, local, remote, Markers("HEAD", "base of both", "studio/chat", 9))
    assert result.content.decode() == (
        "a: 1\n<<<<<<<<< HEAD\nb: 2\n||||||||| base of both\nb: 1\n=========\nb: 3\n>>>>>>>>> studio/chat\n"
    )
