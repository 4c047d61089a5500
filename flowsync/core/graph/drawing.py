"""A picture as text: boxes and wires of line characters, for terminals, messages and comments on pull requests."""

from collections.abc import Iterator

from flowsync.core.graph.columns import cells
from flowsync.core.graph.model import BROKEN, CHANGED, Graph
from flowsync.core.graph.placing import Picture, Placed, Wire, placed

MOST = 120  # boxes, and three times as many edges; more are listed

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
LINES = " ╵╷│╴┘┐┤╶└┌├─┴┬┼"
"""The character for each set of directions, by their sum."""


def as_text(graph: Graph) -> str:
    """Returns a graph as text, each line with its end; a list of who uses what if it is too large to be drawn."""
    lines = as_lines(placed(graph)) if drawable(graph) else list(_listed(graph))
    return "".join(f"{line}\n" for line in lines)


def drawable(graph: Graph) -> bool:
    """Tells whether a graph is small enough to be placed and drawn at once."""
    return len(graph.boxes) <= MOST and len(graph.edges) <= 3 * MOST


def as_lines(picture: Picture) -> list[str]:
    """Draws a picture. Where wires cross, the one that runs down is drawn over the other."""
    canvas: list[list[str]] = [[" "] * picture.width for _ in range(picture.height)]
    owners: dict[tuple[int, int], dict[str, int]] = {}
    fork = {box.box.key: box.fork for box in picture.boxes}
    for number, wire in enumerate(picture.wires):
        above = wire.edge.target if wire.turned else wire.edge.source
        for x, y, directions in wire_cells(wire):
            owner = above if y <= fork[above] else f"\n{number}"
            at = owners.setdefault((x, y), {})
            at[owner] = at.get(owner, 0) | directions
    for (x, y), at in owners.items():
        canvas[y][x] = LINES[next(iter(at.values()))] if len(at) == 1 else "│"
    for box in picture.boxes:
        _box(canvas, box)
    for wire in picture.wires:
        (top_x, top_y), (end_x, end_y) = wire.points[0], wire.points[-1]
        canvas[top_y][top_x] = "▲" if wire.turned else "┬" if canvas[top_y][top_x] != "▲" else "▲"
        canvas[end_y][end_x] = "┴" if wire.turned else "▼"
    return ["".join(row).rstrip() for row in canvas]


def wire_cells(wire: Wire) -> Iterator[tuple[int, int, int]]:
    """Yields the cells of a wire between its boxes, and in which directions it leaves each."""
    for (x, y), (to_x, to_y) in zip(wire.points, wire.points[1:], strict=False):
        if x == to_x:
            for row in range(y, to_y + 1):
                yield x, row, (UP if row > y else 0) | (DOWN if row < to_y else 0)
        else:
            for column in range(min(x, to_x), max(x, to_x) + 1):
                yield column, y, (LEFT if column > min(x, to_x) else 0) | (RIGHT if column < max(x, to_x) else 0)


def _box(canvas: list[list[str]], box: Placed) -> None:
    inner = box.width - 2
    rows = ["┌" + "─" * inner + "┐", *(_inside(line, inner) for line in box.lines), "└" + "─" * inner + "┘"]
    for offset, row in enumerate(rows):
        canvas[box.y + offset][box.x : box.x + box.width] = _by_cell(row)


def _inside(line: str, width: int) -> str:
    return "│ " + line + " " * (width - 1 - cells(line)) + "│"


def _by_cell(text: str) -> list[str]:
    """Splits a text into what stands in each cell: a wide character fills two, a combining one joins the last."""
    found: list[str] = []
    for character in text:
        size = cells(character)
        if size == 0 and found:
            found[-1] += character
        else:
            found += [character, *[""] * (size - 1)]
    return found


def _listed(graph: Graph) -> Iterator[str]:
    sources: dict[str, list[str]] = {}
    titles = {box.key: box.title for box in graph.boxes}
    for edge in graph.edges:
        sources.setdefault(edge.target, []).append(edge.badge + titles[edge.source])
    for box in graph.boxes:
        used = ", ".join(sources.get(box.key, ()))
        yield f"{box.badge or ' '} {box.title}" + (f" ← {used}" if used else "")


LEGEND = {"+": "added", "−": "removed", CHANGED: "changed", BROKEN: "broken"}
"""What badges mean, for whoever shows them."""
