"""A flow's graph to walk through: its boxes with changes and findings, as a drawing and as a rail of one line each.

What belongs here: which box is beside which, what is written about a box, where its source is. The drawing itself is
``flowsync.core.graph``'s; styles and cells of the screen are ``widgets.dag_view``'s.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rich.cells import cell_len

from flowsync.core.document import parse
from flowsync.core.flow import Dag, Step, definitions, kind_of, read_dag
from flowsync.core.graph import Box, Graph, Picture, Placed, changed_graph, drawable, graph_of, placed, wire_cells
from flowsync.core.graph.model import INPUTS, OUTPUTS
from flowsync_tui.view.contents import shown
from flowsync_tui.view.format import clean, fit

RAIL_BELOW = 100  # columns
RAIL_FROM = 40  # nodes
RAIL_TITLE = 32  # cells of a name

GLYPHS = {"llm": "✦", "prompt": "¶", "python": "λ"}
"""What stands before a node's name in the rail; the type's name follows it, so that no glyph needs to be known."""

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding about the flow, as far as the graph shows it."""

    level: str
    file: str
    line: int
    message: str


@dataclass(frozen=True)
class FlowGraph:
    """The graph of one definition, compared with an older one. ``note`` says why there is none."""

    graph: Graph
    dag: Dag | None = None
    definition: str = ""
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    note: str = ""

    @cached_property
    def picture(self) -> Picture | None:
        """The drawing; None if the graph is too large for one."""
        return placed(self.graph) if self.can_be_drawn else None

    @cached_property
    def sources(self) -> Mapping[str, Sequence[str]]:
        """For each box, the boxes it uses."""
        return self._beside("target", "source")

    @cached_property
    def targets(self) -> Mapping[str, Sequence[str]]:
        """For each box, the boxes that use it."""
        return self._beside("source", "target")

    def _beside(self, one: str, other: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {box.key: [] for box in self.graph.boxes}
        for edge in self.graph.edges:
            found[getattr(edge, one)].append(getattr(edge, other))
        return found

    @cached_property
    def order(self) -> Sequence[str]:
        """The boxes in the order of the flow, which is the rail's."""
        return [box.key for box in self.graph.boxes]

    @cached_property
    def drawn_order(self) -> Sequence[str]:
        """The boxes from top to bottom, left to right."""
        return [one.box.key for one in sorted(self.places.values(), key=lambda one: (one.layer, one.number))]

    @property
    def can_be_drawn(self) -> bool:
        """Whether there is a drawing, without making it."""
        return bool(self.graph.boxes) and drawable(self.graph)

    @cached_property
    def boxes(self) -> Mapping[str, Box]:
        """The boxes by key."""
        return {box.key: box for box in self.graph.boxes}

    @cached_property
    def places(self) -> Mapping[str, Placed]:
        """Where the boxes stand."""
        return {one.box.key: one for one in self.picture.boxes} if self.picture else {}

    def moved(self, key: str, direction: str) -> str:
        """Returns the box beside another in the drawing: ``up``, ``down``, ``left``, ``right``, ``first``, ``last``."""
        if direction in ("first", "last") or key not in self.places:
            return self.drawn_order[-1 if direction == "last" else 0] if self.drawn_order else ""
        here = self.places[key]
        if direction in ("left", "right"):
            number = here.number + (1 if direction == "right" else -1)
            row = [one for one in self.places.values() if one.layer == here.layer and one.number == number]
            return row[0].box.key if row else key
        layer = here.layer + (1 if direction == "down" else -1)
        row = [one for one in self.places.values() if one.layer == layer]
        joined = set(self.targets[key] if direction == "down" else self.sources[key])
        near = sorted(row, key=lambda one: (one.box.key not in joined, abs(_middle(one) - _middle(here))))
        return near[0].box.key if near else key

    def stepped(self, key: str, by: int) -> str:
        """Returns the box some lines further down the rail."""
        if not self.order:
            return ""
        at = self.order.index(key) if key in self.order else 0
        return self.order[max(0, min(at + by, len(self.order) - 1))]

    def at(self, x: int, y: int) -> str:
        """Returns the box at a cell of the drawing, or an empty text."""
        for one in self.places.values():
            if one.x <= x < one.x + one.width and one.y <= y < one.y + one.height:
                return one.box.key
        return ""

    def wires(self, key: str) -> frozenset[Cell]:
        """Returns the cells of all wires from and to a box."""
        wires = self.picture.wires if self.picture else ()
        own = (wire for wire in wires if key in (wire.edge.source, wire.edge.target))
        return frozenset((x, y) for wire in own for x, y, _ in wire_cells(wire))

    def take(self, findings: Iterable[Mapping[str, Any]]) -> None:
        """Puts findings on their boxes; they come later than the graph, which is not drawn again for them."""
        if self.dag is not None:
            self.findings.clear()
            self.findings.update(_on_boxes(self.dag, self.definition, findings))

    def level(self, key: str) -> str:
        """Returns the worst level of a box's findings, or an empty text."""
        levels = {finding.level for finding in self.findings.get(key, ())}
        return next((level for level in ("error", "warning", "info") if level in levels), "")

    def source(self, key: str) -> tuple[str, int]:
        """Returns the file that a box's source is in, and the line: the definition where there is no other."""
        if self.dag is None:
            return self.definition, 1
        step = self._step(key)
        if step and step.source and step.source.path:
            return step.source.path.text, 1
        if step:
            return self.definition, step.span.line
        ends = self.dag.inputs if key == INPUTS else self.dag.outputs if key == OUTPUTS else ()
        return self.definition, min((one.span.line for one in ends), default=1)

    def _step(self, key: str) -> Step | None:
        steps = [step for step in (self.dag.nodes if self.dag else ()) if step.label == key]
        if steps and steps[0].use_variants and self.dag:
            variants = next((group for group in self.dag.variants if group.name == key), None)
            default = variants.default.text if variants and variants.default else ""
            chosen = [step for step in variants.steps if step.variant == default] if variants else []
            return (chosen or list(variants.steps if variants else ()) or steps)[0]
        return steps[0] if steps else None

    def about(self, key: str) -> list[str]:
        """Returns what there is to say about a box, in lines."""
        box = self.boxes.get(key)
        if box is None:
            return []
        changed = {"+": "added", "−": "removed", "~": "changed", "!": "broken"}.get(box.badge, "")
        said = [" · ".join(shown(text) for text in (box.title, box.detail, changed) if text)]
        for word, keys in (("uses", self.sources[key]), ("used by", self.targets[key])):
            if keys:
                said.append(f"{word} " + ", ".join(shown(self.boxes[other].title) for other in keys))
        path, line = self.source(key)
        if path and self.dag:
            said.append(f"source {shown(path)}:{line}")
        return said + [f"{one.level}: {shown(one.message)}" for one in self.findings.get(key, ())]

    @cached_property
    def rail_lines(self) -> list[tuple[Box, str]]:
        """A line for each box: who it is, then what it uses."""
        width = min(max((cell_len(clean(box.title)) for box in self.graph.boxes), default=0), RAIL_TITLE)
        found = []
        for key in self.order:
            box = self.boxes[key]
            used = ", ".join(self.boxes[other].title for other in self.sources[key])
            line = f"{fit(clean(box.title), width)} {fit(clean(box.detail), 8)}" + (f" ← {clean(used)}" if used else "")
            found.append((box, line.rstrip()))
        return found


def flow_graph(
    path: str,
    content: bytes | None,
    before: bytes | None = None,
    changed: Collection[str] = (),
) -> FlowGraph:
    """Returns the graph of a definition, with what changed since ``before``.

    ``changed`` are the flow's files that did, too.
    """
    if content is None:
        return FlowGraph(Graph((), ()), None, path, note="this flow has no definition here")
    if kind_of(path) != "dag":
        return FlowGraph(Graph((), ()), None, path, note=f"{path} has no graph: it is one program")
    document = parse(content)
    if not document.parsed:
        problem = document.problems[0]
        note = f"{path}:{problem.span.line}: {problem.message}"
        return FlowGraph(Graph((), ()), None, path, note=note)
    dag = read_dag(document)
    graph = graph_of(content) if before is None else changed_graph(before, content, files=changed)
    note = "" if graph.boxes else "the flow has no nodes yet"
    return FlowGraph(graph, dag, path, note=note)


def definition_of(paths: Iterable[str]) -> str:
    """Returns the definition among a flow's files, or an empty text."""
    found = definitions(path for path in paths if "/" not in path)
    return found[0] if found else ""


def _on_boxes(dag: Dag, path: str, findings: Iterable[Mapping[str, Any]]) -> dict[str, list[Finding]]:
    """Returns the findings of each box: about its lines of the definition, or about its source."""
    found: dict[str, list[Finding]] = {}
    ends = [(step.span.line, _last_line(dag, step), step.label) for step in dag.steps()]
    files = {step.source.path.text: step.label for step in dag.steps() if step.source and step.source.path}
    for said in findings:
        one = Finding(str(said["level"]), str(said["file"]), int(said["line"]), str(said["message"]))
        key = files.get(one.file, "")
        if one.file == path:
            key = next((label for first, last, label in ends if first <= one.line <= last), "")
        if key:
            found.setdefault(key, []).append(one)
    return found


def _last_line(dag: Dag, step: Step) -> int:
    return step.span.line + dag.document.text.count("\n", step.span.start, step.span.end)


def _middle(one: Placed) -> int:
    return one.x + one.width // 2
