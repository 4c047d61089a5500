"""The semantic diff, in words and as data."""

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowsync.core.semantic import SemanticDiff, What, semantic_diff
from merge_scenarios import BASE, CLEAN, FETCH, RENAMED, RERANK, VARIANTS, after_nodes, edit, saved_by_a_program
from merge_strategies import Flow, Style, edited, flows, styles, write


def diff(old: str | None, new: str | None, files: tuple[str, ...] = ()) -> SemanticDiff:
    return semantic_diff(*(None if text is None else text.encode() for text in (old, new)), files)


@pytest.mark.parametrize(
    ("pairs", "lines", "summary"),
    [
        ([("0.2", "0.7")], ["~ node summarise: temperature 0.2 → 0.7"], "summarise: temperature 0.2 → 0.7"),
        (
            [("0.2", "0.7"), after_nodes(RERANK)],
            ["~ node summarise: temperature 0.2 → 0.7", "+ node rerank (python rerank.py)"],
            "summarise: temperature 0.2 → 0.7; + node rerank",
        ),
        (
            [("    retries: 3\n", "    timeout: 9\n"), ("open_ai", "eu")],
            ["~ node fetch: + timeout 9; − retries 3", "~ node summarise: connection open_ai → eu"],
            "fetch: + timeout 9, − retries 3; summarise: connection open_ai → eu",
        ),
        (
            RENAMED,
            ["» node clean → tidy", "~ node summarise: text ${clean.output} → ${tidy.output}"],
            "» node clean → tidy; summarise: text ${clean.output} → ${tidy.output}",
        ),
        (
            [(CLEAN, ""), ("${clean.", "${fetch.")],
            ["~ node summarise: text ${clean.output} → ${fetch.output}", "− node clean"],
            "summarise: text ${clean.output} → ${fetch.output}; − node clean",
        ),
        ([(FETCH + CLEAN, CLEAN + FETCH)], ["↕ node clean"], "↕ node clean"),
        (
            [("question:\n    type: string\n    default: hello", "topic:\n    type: int"), ("${inputs.question}", "x")],
            ["~ node fetch: url ${inputs.question} → x", "+ input topic (int)", "− input question"],
            "fetch: url ${inputs.question} → x; + input topic; − input question",
        ),
        (
            [("reference: ${summarise.output}", "reference: ${clean.output}"), ("requirements.txt\n", "r.txt\n")],
            [
                "~ output answer: reference ${summarise.output} → ${clean.output}",
                "~ flow: environment python_requirements_txt requirements.txt → r.txt",
            ],
            "output answer: reference ${summarise.output} → ${clean.output}; 1 more",
        ),
        ([("path: clean.py", "path: cleaner.py")], ["~ node clean: source path clean.py → cleaner.py"], None),
        ([("hello", "|\n      two\n      lines")], ["~ input question: default changed"], None),
        ([("retries: 3", "retries: ''")], ["~ node fetch: retries 3 → nothing"], None),
    ],
)
def test_in_words(pairs: list[tuple[str, str]], lines: list[str], summary: str | None) -> None:
    result = diff(BASE, edit(BASE, *pairs))
    assert result.lines() == lines
    if summary:
        assert result.summary() == summary


def test_variants() -> None:
    assert diff(BASE, VARIANTS).lines() == ["~ node summarise: + variants variant_0, variant_1"]
    assert diff(VARIANTS, BASE).lines() == ["~ node summarise: − variants variant_0, variant_1"]
    assert diff(
        VARIANTS, edit(VARIANTS, ("0.9", "1.0"), ("variant_id: variant_0", "variant_id: variant_1"))
    ).lines() == ["~ node summarise: default variant variant_0 → variant_1; variant_1 temperature 0.9 → 1.0"]


def test_how_it_is_written_is_no_change() -> None:
    result = diff(BASE, saved_by_a_program(BASE))
    assert result.changes == ()
    assert result.lines() == ["rewritten, with the same meaning"]
    assert diff(BASE, BASE).lines() == []
    assert diff(BASE, BASE).summary() == ""


def test_files_beside_the_definition_count_for_their_nodes() -> None:
    result = diff(BASE, BASE, ("clean.py", "summarise.jinja2", "README.md"))
    assert result.summary() == "clean: code changed; summarise: prompt changed"
    assert result.badges() == {"clean": "~", "summarise": "~"}


def test_a_flow_that_comes_goes_or_breaks() -> None:
    assert diff(None, BASE).summary() == "new flow with 3 nodes: fetch, clean, summarise"
    assert diff(BASE, None).summary() == "the flow is gone"
    assert diff(BASE, "a: [").summary().startswith("the definition cannot be read: line 1")
    assert diff("a: [", BASE).summary() == "the definition can be read again"
    assert diff(None, None).lines() == []


def test_badges() -> None:
    result = diff(BASE, edit(BASE, *RENAMED, after_nodes(RERANK), (FETCH, "")))
    assert result.badges() == {"tidy": "~", "summarise": "~", "rerank": "+", "fetch": "−"}


def test_a_summary_keeps_to_its_width_and_says_what_it_leaves_out() -> None:
    many = diff(BASE, edit(BASE, ("0.2", "0.7"), ("retries: 3", "retries: 4"), ("hello", "hi"), ("open_ai", "eu")))
    assert many.summary(40) == "fetch: retries 3 → 4; 2 more"
    assert many.summary(12) == "fet…; 2 more"
    assert diff(BASE, edit(BASE, ("hello", "x" * 500))).summary() == f"input question: default hello → {'x' * 39}…"


def test_nothing_that_a_terminal_obeys_is_shown() -> None:
    result = diff("a: 1\n", 'a: "\\e[31mred\\a\\nx"\nb: "\\u202e\\e"\n')
    assert all(character.isprintable() for line in [*result.lines(), result.summary()] for character in line)
    assert result.changes[1].new == "\u202e\x1b"


def test_as_data() -> None:
    assert diff(BASE, edit(BASE, ("0.2", "0.7"))).to_json() == {
        "note": "",
        "changes": [
            {
                "what": "changed",
                "thing": "node",
                "name": "summarise",
                "part": "inputs/temperature",
                "old": "0.2",
                "new": "0.7",
            }
        ],
    }


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data(), flows(), styles, styles)
def test_there_are_changes_if_and_only_if_the_meaning_differs(
    data: st.DataObject, flow: Flow, one: Style, two: Style
) -> None:
    other = data.draw(edited(flow))
    result = diff(write(flow, one), write(other, two))
    read = [yaml.safe_load(text) for text in (write(flow, one), write(other, two))]
    same = [{**version, "additional_includes": None} for version in read]  # compared on their own below
    includes = [sorted(version.get("additional_includes", [])) for version in (flow, other)]
    if includes[0] == includes[1]:
        assert bool(result.changes) == (same[0] != same[1])
    added = {change.name for change in result.changes if change.what is What.ADDED and change.thing == "node"}
    names = [{node["name"] for node in version["nodes"]} for version in (flow, other)]
    assert added <= names[1] - names[0]


def test_anchors_are_no_fault_of_the_definition():
    text = b"inputs:\n  a: &a {type: string}\n  b: *a\nnodes: []\n"
    changed = text.replace(b"string", b"int")
    assert semantic_diff(text, text).note == ""
    for old, new in ((text, changed), (text, b"nodes: []\n"), (b"nodes: []\n", text)):
        assert semantic_diff(old, new).note.startswith("the definition changed, but cannot be compared by node: ")
    assert semantic_diff(text, b"nodes: [\n").note.startswith("the definition cannot be read: ")
    assert semantic_diff(b"nodes: [\n", changed).note.startswith("the definition changed, but cannot")
    assert semantic_diff(b"nodes: [\n", b"nodes: []\n").note == "the definition can be read again"
