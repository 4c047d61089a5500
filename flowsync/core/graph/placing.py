"""Where every box stands and which way every wire goes, in cells of a terminal.

Between two layers, wires go sideways on tracks: one for each box they come from, shared only by wires that stay apart.
So two wires share a stretch only if they come from the same box, and where others meet they only cross.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flowsync.core.graph.columns import Columns, lines_of
from flowsync.core.graph.layers import Layers, Link, Step, layered
from flowsync.core.graph.model import Box, Edge, Graph

Point = tuple[int, int]
Track = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Placed:
    """A box with its place: its top left corner, its size, its layer from above and its number in it.

    Down to the row ``fork`` the wires from it run together; below, each is on its own.
    """

    box: Box
    x: int
    y: int
    width: int
    height: int
    layer: int
    number: int
    fork: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wire:
    """An edge's way from the box above to the box below, corner by corner; ``turned`` if the edge points up."""

    edge: Edge
    points: tuple[Point, ...]
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything with its place."""

    boxes: tuple[Placed, ...]
    wires: tuple[Wire, ...]
    width: int
    height: int


def placed(graph: Graph) -> Picture:
    """Places a graph's boxes and wires."""
    layers = layered(graph)
    lines = {box.key: lines_of(box) for box in graph.boxes}
    columns = Columns(layers, lines)
    boxes: dict[str, Placed] = {}
    tracks: dict[Step, int] = {}  # the row on which a step's wires go sideways
    by_key = {box.key: box for box in graph.boxes}
    y = 0
    for layer, row in enumerate(layers.rows):
        standing = [step for step in row if step.edge is None]
        height = max(len(lines[step.key]) + 2 for step in standing)
        found = _tracks(row, columns)
        tracks |= {step: y + height + track for step, track in found.items()}
        for number, step in enumerate(standing):
            said = lines[step.key]
            size = columns.width(step), len(said) + 2
            fork = tracks.get(step, y + len(said) + 1)
            boxes[step.key] = Placed(by_key[step.key], columns.left[step], y, *size, layer, number, fork, said)
        y += height + max(found.values(), default=-1) + 2
    wires = _wires(layers, columns, boxes, tracks)
    corners = [x + 1 for wire in wires for x, _ in wire.points]
    width = max([*(one.x + one.width for one in boxes.values()), *corners], default=0)
    height = max((one.y + one.height for one in boxes.values()), default=0)
    return Picture(tuple(boxes.values()), wires, width, height)


def _tracks(row: Sequence[Step], columns: Columns) -> dict[Step, int]:
    """Returns the track, counted from the layer down, of every step in it whose wires go sideways."""
    spans: dict[Step, Track] = {}
    for step in row:
        ends = [columns.middle(step), *(columns.entries[link] for link in columns.outgoing.get(step, ()))]
        if min(ends) < max(ends):
            spans[step] = (min(ends), max(ends))
    taken: list[list[Track]] = []
    found: dict[Step, int] = {}
    for step, (start, end) in sorted(spans.items(), key=lambda item: item[1][1] - item[1][0]):
        free = (n for n, track in enumerate(taken) if all(end + 1 < s or e + 1 < start for s, e in track))
        found[step] = next(free, len(taken))
        if found[step] == len(taken):
            taken.append([])
        taken[found[step]].append((start, end))
    return found


def _wires(
    layers: Layers, columns: Columns, boxes: Mapping[str, Placed], tracks: Mapping[Step, int]
) -> tuple[Wire, ...]:
    ways: dict[Edge, list[Link]] = {}
    for link in layers.links:
        ways.setdefault(link.edge, []).append(link)
    return tuple(_wire(edge, links, columns, boxes, tracks) for edge, links in ways.items())


def _wire(
    edge: Edge, links: Sequence[Link], columns: Columns, boxes: Mapping[str, Placed], tracks: Mapping[Step, int]
) -> Wire:
    """Returns an edge's way through all its links."""
    above = boxes[links[0].above.key]
    points: list[Point] = [(columns.middle(links[0].above), above.y + above.height - 1)]
    for link in links:
        start, end = columns.middle(link.above), columns.entries[link]
        if start != end:
            points += [(start, tracks[link.above]), (end, tracks[link.above])]
    points.append((columns.entries[links[-1]], boxes[links[-1].below.key].y))
    return Wire(edge, tuple(points), links[0].turned)
