"""The drawn graph: exact pictures of small flows, and drawings of random ones that can be read back wire by wire."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowsync.core.graph import Box, Edge, Graph, as_lines, as_mermaid, as_text, changed_graph, graph_of, placed
from flowsync.core.graph.drawing import MOST
from merge_scenarios import BASE, CLEAN, FETCH, RENAMED, RERANK, VARIANTS, after_nodes, edit

CHANGED = edit(
    BASE,
    *RENAMED,
    after_nodes(RERANK),
    ("temperature: 0.2", "ranked: ${rerank.output}\n    page: ${fetch.output}\n    temperature: 0.2"),
)


def test_a_flow_with_its_changes() -> None:
    assert (
        as_text(changed_graph(BASE.encode(), CHANGED.encode()))
        == """\
            ┌───────────┐
            │ inputs    │
            │ question  │
            └─────┬─────┘
                  │
             ┌────▼────┐
             │ fetch   │
             │ python  │
             └────┬────┘
     ┌────────────┼───────────┐
     │            │           │
┌────▼────┐   ┌───▼───────┐   │
│ ~ tidy  │   │ + rerank  │   │
│ python  │   │ python    │   │
└────┬────┘   └─────┬─────┘   │
     └────────┐     │ ┌───────┘
              │     │ │
           ┌──▼─────▼─▼──┐
           │ ~ summarise │
           │ llm         │
           └──────┬──────┘
                  │
             ┌────▼────┐
             │ outputs │
             │ answer  │
             └─────────┘
"""
    )


def test_what_is_gone_stays_in_the_picture_of_a_change() -> None:
    graph = changed_graph(BASE.encode(), edit(BASE, (CLEAN, ""), ("${clean.", "${fetch.")).encode())
    assert {(box.key, box.badge) for box in graph.boxes if box.badge} == {("clean", "−"), ("summarise", "~")}
    assert {(edge.source, edge.target, edge.badge) for edge in graph.edges if edge.badge} == {
        ("fetch", "clean", "−"),
        ("clean", "summarise", "−"),
        ("fetch", "summarise", "+"),
    }


def test_the_ends_can_be_left_out() -> None:
    graph = graph_of(BASE.encode(), ends=False)
    assert [box.title for box in graph.boxes] == ["fetch", "clean", "summarise"]
    assert [(edge.source, edge.target) for edge in graph.edges] == [("fetch", "clean"), ("clean", "summarise")]


def test_broken_references_and_circles_are_shown() -> None:
    broken = graph_of(
        edit(BASE, ("${clean.output}", "${gone.output}"), ("${inputs.question}", "${inputs.none}")).encode()
    )
    assert {box.key for box in broken.boxes if box.badge == "!"} == {"fetch", "summarise"}
    circle = as_text(graph_of(edit(BASE, ("retries: 3", "retries: ${summarise.output}")).encode()))
    assert "▲" in circle
    assert circle.count("▼") == 4
    itself = graph_of(edit(BASE, ("retries: 3", "retries: ${fetch.output}")).encode())
    assert Edge("fetch", "fetch") in itself.edges
    assert as_text(itself).count("fetch") == 1


def test_variants_count_as_their_node() -> None:
    graph = graph_of(VARIANTS.encode())
    assert [box.detail for box in graph.boxes if box.key == "summarise"] == ["variants"]
    assert Edge("clean", "summarise") in graph.edges


@pytest.mark.parametrize("content", [b"", b"nodes: 1", b"a: [", b"\xff", b"nodes:\n- 1\n- name:\n- {name: [a]}\n"])
def test_what_has_no_graph_is_empty(content: bytes) -> None:
    assert graph_of(content) == Graph((), ())
    assert as_text(graph_of(content)) == ""
    assert as_mermaid(graph_of(content)) == "flowchart TD\n"


def test_names_never_break_a_drawing() -> None:
    names = ["a\x1b[31m", "名前" * 20, 'x"]; click n0 "javascript:x"', "e\u0301", "\u202eabc"]
    graph = Graph(tuple(Box(name, name) for name in names), (Edge(names[0], names[1]),))
    text = as_text(graph)
    assert all(line.isprintable() for line in text.splitlines())
    assert "名前名前" in text
    mermaid = as_mermaid(graph)
    assert mermaid.count('"') == 2 * len(names)
    assert '["x#34;#93;#59; click n0 #34;javascript#58;x#34;"]' in mermaid


def test_mermaid_with_changes() -> None:
    assert as_mermaid(changed_graph(BASE.encode(), edit(BASE, (FETCH, ""), ("${fetch.output}", "x")).encode())) == (
        "flowchart TD\n"
        '  n0["~ clean<br/>python"]:::changed\n'
        '  n1["summarise<br/>llm"]\n'
        '  n2["outputs<br/>answer"]\n'
        '  n3["inputs<br/>question"]:::removed\n'
        '  n4["− fetch<br/>python"]:::removed\n'
        "  n0 --> n1\n  n1 --> n2\n  n3 -.-> n4\n  n4 -.-> n0\n"
        "  classDef removed fill:#ffebe9,stroke:#cf222e,color:#cf222e,stroke-dasharray:4\n"
        "  classDef changed fill:#fff8c5,stroke:#9a6700,color:#9a6700\n"
    ).replace('["inputs<br/>question"]:::removed', '["− inputs<br/>question"]:::removed')


def test_too_large_a_graph_is_listed() -> None:
    names = [f"n{number}" for number in range(MOST + 1)]
    graph = Graph(tuple(Box(name, name) for name in names), tuple(Edge(names[0], name) for name in names[1:]))
    assert as_text(graph).splitlines()[:3] == ["  n0", "  n1 ← n0", "  n2 ← n0"]


# -- Reading a drawing back ------------------------------------------------------------------------------------------

STEPS = {"U": (0, -1), "D": (0, 1), "L": (-1, 0), "R": (1, 0)}
OPEN = dict(
    zip(
        "╵╷│╴┘┐┤╶└┌├─┴┬┼",
        ["U", "D", "UD", "L", "UL", "DL", "UDL", "R", "UR", "DR", "UDR", "LR", "ULR", "DLR", "UDLR"],
        strict=True,
    )
)
BACK = {"U": "D", "D": "U", "L": "R", "R": "L"}


def reached(lines: list[str], x: int, y: int) -> Iterator[tuple[int, int]]:
    """Yields the arrows that a wire leads to when it leaves its box downwards at ``x``, ``y``, as an eye follows it."""
    pending, seen = [(x, y + 1, "D")], set()
    while pending:
        x, y, going = state = pending.pop()
        if state in seen:
            continue
        seen.add(state)
        character = lines[y][x] if x < len(lines[y]) else " "
        if character == "▼":
            assert going == "D"
            yield x, y
            continue
        ways = OPEN[character]
        if character == "│" and going in "LR":
            ways = "LR"  # it passes below a wire that runs down
        assert BACK[going] in ways, f"a wire breaks off at {x}, {y}"
        pending += [(x + STEPS[way][0], y + STEPS[way][1], way) for way in ways if way != BACK[going]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(1, 14))
    pairs = [(one, two) for one in range(size) for two in range(one + 1, size)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=26)) if pairs else []
    titles = draw(st.lists(st.text("abcde", min_size=1, max_size=9), min_size=size, max_size=size))
    boxes = tuple(Box(f"b{number}", title, "python") for number, title in enumerate(titles))
    return Graph(draw(st.permutations(boxes)), tuple(Edge(f"b{one}", f"b{two}") for one, two in chosen))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_every_drawing_can_be_read_back(graph: Graph) -> None:
    picture = placed(graph)
    lines = as_lines(picture)
    assert max(map(len, lines)) <= picture.width
    read = set()
    for box in picture.boxes:
        bottom = box.y + box.height - 1
        for x in range(box.x, box.x + box.width):
            if lines[bottom][x] == "┬":
                for to_x, to_y in reached(lines, x, bottom):
                    (target,) = (b for b in picture.boxes if b.y == to_y and b.x < to_x < b.x + b.width)
                    read.add((box.box.key, target.box.key))
    assert read == {(edge.source, edge.target) for edge in graph.edges}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_boxes_stand_apart_and_below_what_they_use(graph: Graph) -> None:
    picture = placed(graph)
    taken = [
        (x, y) for b in picture.boxes for x in range(b.x - 1, b.x + b.width + 1) for y in range(b.y, b.y + b.height)
    ]
    assert len(taken) == len(set(taken))
    layer = {box.box.key: box.layer for box in picture.boxes}
    assert all(layer[edge.source] < layer[edge.target] for edge in graph.edges)
    assert {box.box for box in picture.boxes} == set(graph.boxes)
    assert all(box.x >= 0 for box in picture.boxes)
