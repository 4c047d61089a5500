"""Whether a merged flow still hangs together: what is broken in it that was broken on neither side.

Two edits that are each right can break a graph together: one side deletes a node, the other refers to it; each adds one
half of a circle. Every flaw names the places to put in conflict, so that a person sees both halves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from flowsync.core import document as yaml
from flowsync.core.circles import circles
from flowsync.core.flow import Dag, Reference, Step, read_dag


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is broken. ``key`` tells two flaws apart; ``places`` are paths to put in conflict, the best choice first.

    Places of one choice belong together. ``target`` is the name that is not there, where that is the flaw.
    """

    key: tuple[str, ...]
    reason: str
    places: tuple[tuple[str, ...], ...]
    target: str = ""


Link = tuple[str, Step | None, Reference]
"""The path that holds a reference, the node that it is in (None for an output), and the reference."""


def flaws(text: str) -> dict[tuple[str, ...], Flaw]:
    """Returns what is broken in a flow's graph, by key; nothing for a text that does not parse."""
    parsed = yaml.parse(text)
    if parsed.root is None or not parsed.parsed:
        return {}
    dag = read_dag(parsed)
    links = list(_links(dag))
    found = [*_dangling(dag, links), *_circles(dag, links), *_twins(dag), *_aggregation(dag, links)]
    return {flaw.key: flaw for flaw in [*found, *_variants(dag), *_chat(dag)]}


def _links(dag: Dag) -> Iterator[Link]:
    for step in dag.steps():
        path = f"node_variants/{step.label}/variants/{step.variant}/node" if step.variant else f"nodes/{step.label}"
        for assignment in step.inputs:
            for reference in assignment.references:
                yield f"{path}/inputs/{assignment.name}", step, reference
        for reference in step.activate.references if step.activate else ():
            yield f"{path}/activate/when", step, reference
    for output in dag.outputs:
        for reference in output.references:
            yield f"outputs/{output.name}/reference", None, reference


def _dangling(dag: Dag, links: list[Link]) -> Iterator[Flaw]:
    inputs, nodes = {item.name for item in dag.inputs}, {step.label for step in dag.nodes}
    for path, _, reference in links:
        said = "${" + reference.written + "}"
        name = reference.to_input.partition(".")[0]
        if name and name not in inputs and reference.to_input not in inputs:
            reason = f"{said} names a flow input that is gone after the merge"
            yield Flaw(("input", path, name), reason, ((f"inputs/{name}",), (path,)), name)
        elif reference.to_node and reference.to_node not in nodes:
            node = reference.to_node
            reason = f"{said} names a node that is gone after the merge"
            yield Flaw(("node", path, node), reason, ((f"nodes/{node}",), (path,)), node)


def _circles(dag: Dag, links: list[Link]) -> Iterator[Flaw]:
    edges: dict[str, dict[str, list[str]]] = {step.label: {} for step in dag.nodes}
    for path, step, reference in links:
        if step is not None and step.label in edges and reference.to_node in edges:
            edges[step.label].setdefault(reference.to_node, []).append(path)
    for circle in circles(edges):
        places = [path for one, two in pairwise([*circle, circle[0]]) for path in edges[one][two]]
        reason = "the merge closes a circle: " + " → ".join([*circle, circle[0]])
        yield Flaw(("circle", *sorted(circle)), reason, (tuple(places),))


def _twins(dag: Dag) -> Iterator[Flaw]:
    seen: set[str] = set()
    for step in dag.nodes:
        if step.label and step.label in seen:
            reason = f"two nodes are called {step.label} after the merge"
            yield Flaw(("twins", step.label), reason, ((f"nodes/{step.label}",), ("nodes",)), step.label)
        seen.add(step.label)


def _aggregation(dag: Dag, links: list[Link]) -> Iterator[Flaw]:
    reducers = {step.label for step in dag.nodes if step.aggregation}
    for path, step, reference in links:
        if step is not None and step.label not in reducers and reference.to_node in reducers:
            reason = f"{step.label} would use the aggregation node {reference.to_node}, which runs after it"
            places = (path, f"nodes/{reference.to_node}/aggregation", f"nodes/{step.label}/aggregation")
            yield Flaw(("aggregation", path, reference.to_node), reason, (places,))


def _variants(dag: Dag) -> Iterator[Flaw]:
    groups = {group.name: group for group in dag.variants}
    for step in dag.nodes:
        if step.use_variants and step.label not in groups:
            reason = f"the variants of {step.label} are gone after the merge"
            places = ((f"node_variants/{step.label}",), (f"nodes/{step.label}",), ("node_variants",))
            yield Flaw(("variants", step.label), reason, places)
    for group in dag.variants:
        default = group.default.text if group.default else ""
        if default and default not in {step.variant for step in group.steps}:
            path = f"node_variants/{group.name}"
            reason = f"the default variant {default} of {group.name} is gone after the merge"
            yield Flaw(("default", path), reason, ((f"{path}/variants/{default}",), (f"{path}/default_variant_id",)))


def _chat(dag: Dag) -> Iterator[Flaw]:
    for key, names in (
        ("is_chat_input", [item.name for item in dag.inputs if item.chat_input]),
        ("is_chat_history", [item.name for item in dag.inputs if item.chat_history]),
    ):
        if len(names) > 1:
            reason = f"{' and '.join(names)} would each be the flow's one {key}"
            within = tuple(f"inputs/{name}/{key}" for name in names)
            yield Flaw((key, *sorted(names)), reason, (within, tuple(f"inputs/{name}" for name in names)))
