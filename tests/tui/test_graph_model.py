"""A flow's graph to walk through, without a screen."""

import random

from flowsync_tui.view.graph import FlowGraph, definition_of, flow_graph

from .triage import BASE, DEFINITION, REMOTE

DIAMOND = b"""\
inputs:
  q: {type: string}
outputs:
  a: {type: string, reference: '${last.output}'}
nodes:
- name: first
  type: python
  source: {type: code, path: first.py}
  inputs: {x: '${inputs.q}'}
- name: left
  type: llm
  source: {type: code, path: prompts/left.jinja2}
  inputs: {x: '${first.output}'}
- name: right
  use_variants: true
- name: last
  type: python
  source: {type: code, path: last.py}
  inputs:
    x: ${left.output}
    y: ${right.output}
node_variants:
  right:
    default_variant_id: v1
    variants:
      v0: {node: {type: llm, source: {type: code, path: v0.jinja2}, inputs: {x: '${first.output}'}}}
      v1: {node: {type: llm, source: {type: code, path: v1.jinja2}, inputs: {x: '${first.output}'}}}
"""
FILE = "flow.dag.yaml"


def diamond() -> FlowGraph:
    return flow_graph(FILE, DIAMOND)


def walked(*directions: str) -> str:
    graph = diamond()
    at = graph.moved("", "first")
    for direction in directions:
        at = graph.moved(at, direction)
    return at


def test_arrows_go_from_box_to_box() -> None:
    assert walked() == "${inputs}"
    assert walked("down") == "first"
    assert walked("down", "down") == "left"
    assert walked("down", "down", "right") == "right"
    assert walked("down", "down", "right", "right") == "right"
    assert walked("down", "down", "right", "left") == "left"
    assert walked("down", "down", "right", "down") == "last"
    assert walked("down", "down", "right", "down", "down") == "${outputs}"
    assert walked("down", "down", "right", "down", "down", "down") == "${outputs}"
    assert walked("last", "up") == "last"
    assert walked("last", "first") == "${inputs}"


def test_up_and_down_lead_along_an_edge_even_where_another_box_is_nearer() -> None:
    """In a tangle, the box right above or below is often another's."""
    chance = random.Random(4)
    text = "nodes:\n- name: n0\n  type: python\n"
    for number in range(1, 20):
        one, two = chance.randrange(number), chance.randrange(number)
        text += f"- name: n{number}\n  type: python\n  inputs: {{x: '${{n{one}.output}}', y: '${{n{two}.output}}'}}\n"
    graph = flow_graph(FILE, text.encode())
    layer = {key: place.layer for key, place in graph.places.items()}
    for key in graph.order:
        for direction, joined, step in (("down", graph.targets[key], 1), ("up", graph.sources[key], -1)):
            near = {other for other in joined if layer[other] == layer[key] + step}
            assert not near or graph.moved(key, direction) in near


def test_the_rail_is_in_the_order_of_the_flow() -> None:
    graph = diamond()
    assert [line for _, line in graph.rail_lines] == [
        "inputs  q",
        "first   python   ← inputs",
        "left    llm      ← first",
        "right   variants ← first",
        "last    python   ← left, right",
        "outputs a        ← last",
    ]
    assert graph.stepped("first", 1) == "left"
    assert graph.stepped("first", 99) == "${outputs}"
    assert graph.stepped("first", -99) == "${inputs}"


def test_every_box_leads_to_its_source() -> None:
    graph = diamond()
    assert graph.source("first") == ("first.py", 1)
    assert graph.source("left") == ("prompts/left.jinja2", 1)
    assert graph.source("right") == ("v1.jinja2", 1)
    assert graph.source("${inputs}") == (FILE, 2)
    assert graph.source("${outputs}") == (FILE, 4)


def test_a_node_without_a_source_leads_to_its_lines() -> None:
    graph = flow_graph(FILE, b"nodes:\n- name: a\n  type: python\n- name: b\n  type: python\n")
    assert graph.source("b") == (FILE, 4)


def test_a_box_is_found_under_the_mouse() -> None:
    graph = diamond()
    place = graph.places["left"]
    assert graph.at(place.x, place.y) == "left"
    assert graph.at(place.x + place.width - 1, place.y + place.height - 1) == "left"
    assert graph.at(place.x - 1, place.y) != "left"
    assert graph.at(-1, -1) == ""


def test_the_wires_of_a_box_are_its_own() -> None:
    graph = diamond()
    assert graph.wires("left")
    assert not graph.wires("left") <= graph.wires("right")
    assert graph.wires("nowhere") == frozenset()


def test_changes_are_marked() -> None:
    graph = flow_graph(FILE, REMOTE[FILE], DEFINITION)
    badges = {box.key: box.badge for box in graph.graph.boxes if box.badge}
    assert badges == {"rerank": "~", "polish": "+"}
    gone = flow_graph(FILE, DEFINITION, REMOTE[FILE])
    assert {box.key: box.badge for box in gone.graph.boxes if box.badge} == {"rerank": "~", "polish": "−"}
    assert "removed" in gone.about("polish")[0]
    assert gone.source("polish") == (FILE, 1)


def test_a_node_whose_source_changed_is_marked() -> None:
    graph = flow_graph(FILE, DEFINITION, DEFINITION, ["answer.py", "readme.md"])
    assert {box.key: box.badge for box in graph.graph.boxes if box.badge} == {"answer": "~"}


def test_findings_are_put_on_their_boxes() -> None:
    found = [
        {"level": "error", "file": FILE, "line": 10, "message": "about rerank"},
        {"level": "warning", "file": FILE, "line": 16, "message": "about answer"},
        {"level": "error", "file": "answer.py", "line": 3, "message": "in its source"},
        {"level": "error", "file": "other.py", "line": 1, "message": "about nothing here"},
    ]
    graph = flow_graph(FILE, BASE[FILE])
    assert graph.level("rerank") == ""
    graph.take(found)
    assert graph.level("rerank") == "error"
    assert graph.level("answer") == "error"
    assert graph.level("${inputs}") == ""
    assert graph.about("answer")[-2:] == ["warning: about answer", "error: in its source"]


def test_what_has_no_graph_says_why() -> None:
    assert "no definition" in flow_graph("", None).note
    assert "no graph" in flow_graph("flow.flex.yaml", b"entry: a:b\n").note
    assert flow_graph(FILE, b"nodes: [\n").note.startswith("flow.dag.yaml:2:")
    assert "no nodes" in flow_graph(FILE, b"nodes: []\n").note


def test_a_circle_is_drawn_all_the_same() -> None:
    circle = (
        b"nodes:\n- name: a\n  type: python\n  inputs: {x: '${b.output}'}\n- name: b\n  inputs: {x: '${a.output}'}\n"
    )
    graph = flow_graph(FILE, circle)
    assert graph.order == ["a", "b"]
    assert graph.moved("a", "down") == "b"


def test_a_graph_that_is_too_large_is_listed() -> None:
    many = b"nodes:\n" + b"".join(b"- name: n%d\n  type: python\n" % number for number in range(200))
    graph = flow_graph(FILE, many)
    assert not graph.can_be_drawn
    assert graph.picture is None
    assert len(graph.rail_lines) == 200
    assert graph.moved("n1", "down") == ""
    assert graph.stepped("n1", 1) == "n2"


def test_hostile_names_are_shown_harmlessly() -> None:
    hostile = 'nodes:\n- name: "\\e[31m\\u202E[bold]"\n  type: "x\\ny"\n- name: 漢字\n  type: llm\n'.encode()
    graph = flow_graph(FILE, hostile)
    assert all(line.isprintable() for _, line in graph.rail_lines)
    assert all(line.isprintable() for line in graph.about(graph.order[0]))


def test_the_definition_is_found_among_the_files() -> None:
    assert definition_of(["a.py", "flow.dag.yaml", "sub/flow.dag.yaml"]) == "flow.dag.yaml"
    assert definition_of(["sub/flow.dag.yaml"]) == ""
    assert definition_of(["b.prompty", "a.prompty"]) == "a.prompty"
