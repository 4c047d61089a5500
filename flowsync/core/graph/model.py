"""What is drawn: boxes (the flow's inputs, its nodes, its outputs) and edges between them, each with its badge."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from flowsync.core.document import parse
from flowsync.core.flow import Dag, Reference, Step, read_dag
from flowsync.core.semantic import semantic_diff

INPUTS, OUTPUTS = "${inputs}", "${outputs}"
"""Keys of the boxes at either end; no node can have such a name."""

ADDED, REMOVED, CHANGED, BROKEN = "+", "−", "~", "!"


@dataclass(frozen=True, slots=True)
class Box:
    """A node, or an end of the flow. ``badge`` is what happened to it, or ``!`` if it is broken."""

    key: str
    title: str
    detail: str = ""
    badge: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A box's result goes into another; ``badge`` is ``+`` or ``−`` where that is new or gone."""

    source: str
    target: str
    badge: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Boxes in the order of the flow, and edges between them, each once."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


def graph_of(content: bytes, ends: bool = True) -> Graph:
    """Returns a definition's graph; what cannot be read has none. ``ends`` adds the flow's inputs and outputs."""
    dag = read_dag(parse(content))
    known = {step.label for step in dag.nodes if step.label}
    edges, broken = _edges(dag, known, ends)
    boxes = [_box(step, step.label in broken) for step in _unique(dag)]
    used = {edge.source for edge in edges} | {edge.target for edge in edges}
    if INPUTS in used:
        boxes.insert(0, Box(INPUTS, "inputs", _names(item.name for item in dag.inputs)))
    if OUTPUTS in used:
        boxes.append(Box(OUTPUTS, "outputs", _names(item.name for item in dag.outputs)))
    return Graph(tuple(boxes), tuple(edges))


def changed_graph(old: bytes, new: bytes, ends: bool = True, files: Collection[str] = ()) -> Graph:
    """Returns the newer graph with what is gone still in it, and with the changes marked.

    ``files`` are paths below the flow whose content changed: a node whose source is among them has changed, too.
    """
    before, after = graph_of(old, ends), graph_of(new, ends)
    badges = semantic_diff(old, new, files).badges()
    now = {box.key for box in after.boxes}
    boxes = [replace(box, badge=box.badge or badges.get(box.key, "")) for box in after.boxes]
    renamed = _renamed(old, new)
    boxes += [replace(box, badge=REMOVED) for box in before.boxes if renamed.get(box.key, box.key) not in now]
    had = {(renamed.get(edge.source, edge.source), renamed.get(edge.target, edge.target)) for edge in before.edges}
    has = {(edge.source, edge.target) for edge in after.edges}
    edges = [Edge(*pair, "" if pair in had else ADDED) for pair in sorted(has)]
    keys = {box.key for box in boxes}
    edges += [Edge(*pair, REMOVED) for pair in sorted(had - has) if set(pair) <= keys]
    return Graph(tuple(boxes), tuple(edges))


def _renamed(old: bytes, new: bytes) -> dict[str, str]:
    changes = semantic_diff(old, new).changes
    return {change.old: change.new for change in changes if change.what.name == "RENAMED" and change.old and change.new}


def _unique(dag: Dag) -> Iterator[Step]:
    """Yields the nodes that have a name, each once."""
    seen: set[str] = set()
    for step in dag.nodes:
        if step.label and step.label not in seen:
            seen.add(step.label)
            yield step


def _box(step: Step, broken: bool) -> Box:
    detail = step.type.text if step.type else "variants" if step.use_variants else ""
    return Box(step.label, step.label, detail + (", once" if step.aggregation else ""), BROKEN if broken else "")


def _edges(dag: Dag, known: set[str], ends: bool) -> tuple[list[Edge], set[str]]:
    """Returns the edges, each once, and the nodes with a reference to nothing."""
    found: dict[tuple[str, str], Edge] = {}
    broken: set[str] = set()
    inputs = {item.name for item in dag.inputs}
    links = [(step.label, reference) for step in dag.steps() for reference in step.references()]
    links += [(OUTPUTS, reference) for output in dag.outputs for reference in output.references]
    for target, reference in links:
        source = _source(reference, known, inputs)
        if not source:
            broken.add(target)
        elif target and (ends or not {source, target} & {INPUTS, OUTPUTS}):
            found.setdefault((source, target), Edge(source, target))
    return list(found.values()), broken


def _source(reference: Reference, known: set[str], inputs: set[str]) -> str:
    """Returns the key of the box that a reference leads to, or an empty text."""
    if reference.to_input:
        return INPUTS if {reference.to_input, reference.to_input.partition(".")[0]} & inputs else ""
    return reference.to_node if reference.to_node in known else ""


def _names(names: Iterator[str]) -> str:
    return ", ".join(names)
