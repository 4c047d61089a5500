"""Who stands above whom: longest-path layers, long edges cut into steps, and an order that crosses little.

A circle (only broken flows have one) is opened by turning an edge around for the drawing.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from flowsync.core.graph.model import Edge, Graph

SWEEPS = 8


@dataclass(frozen=True, slots=True)
class Step:
    """A box's place in a layer, or (``edge`` is set) a place that a long edge passes through."""

    key: str
    edge: Edge | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A piece of an edge from one layer to the next. ``turned`` if the edge points up."""

    above: Step
    below: Step
    edge: Edge
    turned: bool


@dataclass(frozen=True, slots=True)
class Layers:
    """Rows of steps from top to bottom, and the links between neighbouring rows."""

    rows: tuple[tuple[Step, ...], ...]
    links: tuple[Link, ...]


def layered(graph: Graph) -> Layers:
    """Arranges a graph in layers."""
    keys = [box.key for box in graph.boxes]
    edges = [edge for edge in graph.edges if edge.source != edge.target]
    down = {edge: edge for edge in edges} | {edge: Edge(edge.target, edge.source) for edge in _closing(keys, edges)}
    depth = _depths(keys, list(down.values()))
    rows: list[list[Step]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for key in keys:
        rows[depth[key]].append(Step(key))
    links = [link for edge in edges for link in _links(edge, down[edge], depth, rows)]
    return Layers(tuple(map(tuple, _ordered(rows, links))), tuple(links))


def _closing(keys: Sequence[str], edges: Sequence[Edge]) -> set[Edge]:
    """Returns edges without which there is no circle."""
    following: dict[str, list[Edge]] = {key: [] for key in keys}
    for one in edges:
        following[one.source].append(one)
    closing: set[Edge] = set()
    state: dict[str, int] = {}
    for start in keys:
        pending = [(start, iter(following[start]))] if start not in state else []
        state.setdefault(start, 1)
        while pending:
            key, rest = pending[-1]
            edge = next(rest, None)
            if edge is None:
                state[key] = 2
                pending.pop()
            elif state.get(edge.target) == 1:
                closing.add(edge)
            elif edge.target not in state:
                state[edge.target] = 1
                pending.append((edge.target, iter(following[edge.target])))
    return closing


def _depths(keys: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Returns each box's layer: the length of the longest way to it."""
    following: dict[str, list[str]] = {key: [] for key in keys}
    waiting = dict.fromkeys(keys, 0)
    for edge in edges:
        following[edge.source].append(edge.target)
        waiting[edge.target] += 1
    depth = dict.fromkeys(keys, 0)
    ready = [key for key in keys if not waiting[key]]
    for key in ready:
        for other in following[key]:
            depth[other] = max(depth[other], depth[key] + 1)
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    return depth


def _links(edge: Edge, down: Edge, depth: dict[str, int], rows: list[list[Step]]) -> list[Link]:
    """Cuts an edge into links, with a step in each layer that it passes."""
    top, bottom = depth[down.source], depth[down.target]
    passing = [Step(f"{edge.source}\n{edge.target}\n{layer}", edge) for layer in range(top + 1, bottom)]
    for layer, step in enumerate(passing, top + 1):
        rows[layer].append(step)
    way = [Step(down.source), *passing, Step(down.target)]
    turned = down.source != edge.source
    return [Link(above, below, edge, turned) for above, below in pairwise(way)]


def _ordered(rows: list[list[Step]], links: Sequence[Link]) -> list[list[Step]]:
    """Orders every row by the mean place of its neighbours, down and up in turn, and returns the best of all."""
    above: dict[Step, list[Step]] = {}
    below: dict[Step, list[Step]] = {}
    for link in links:
        above.setdefault(link.below, []).append(link.above)
        below.setdefault(link.above, []).append(link.below)
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        indices = range(1, len(rows)) if downwards else range(len(rows) - 2, -1, -1)
        for index in indices:
            beside = {step: place for place, step in enumerate(rows[index - 1 if downwards else index + 1])}
            rows[index] = _by_mean(rows[index], above if downwards else below, beside)
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _by_mean(row: list[Step], neighbours: dict[Step, list[Step]], beside: dict[Step, int]) -> list[Step]:
    def mean(place: int, step: Step) -> float:
        places = [beside[other] for other in neighbours.get(step, ())]
        return sum(places) / len(places) if places else place

    weights = {step: mean(place, step) for place, step in enumerate(row)}
    return sorted(row, key=weights.__getitem__)


def _crossings(rows: list[list[Step]], below: dict[Step, list[Step]]) -> int:
    total = 0
    for upper, lower in pairwise(rows):
        place = {step: index for index, step in enumerate(lower)}
        before: list[int] = []
        for step in upper:
            targets = [place[other] for other in below.get(step, ())]
            total += sum(len(before) - bisect_right(before, target) for target in targets)
            for target in targets:
                insort(before, target)
    return total
