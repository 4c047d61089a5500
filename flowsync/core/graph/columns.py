"""The horizontal half of a picture: every step's column, and where wires enter what is below them.

A wire leaves a box in the middle of its lower edge. It enters the next layer where no other box's wire leaves the layer
above, so that between two layers no two wires from different boxes ever run down the same column.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from flowsync.core.graph.layers import Layers, Link, Step
from flowsync.core.graph.model import Box

GAP = 3  # cells between neighbours in a layer
WIDEST = 32  # cells of a box's text
PASSES = 4


def cells(text: str) -> int:
    """Returns how many columns a text takes in a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def clipped(text: str, width: int = WIDEST) -> str:
    """Returns a text on one line that a terminal shows in at most ``width`` cells."""
    shown = "".join(c if c.isprintable() else "?" for c in text[: 4 * width])
    if cells(shown) <= width and len(text) <= 4 * width:
        return shown
    while cells(shown) > width - 1:
        shown = shown[:-1]
    return shown + "…"


def lines_of(box: Box) -> tuple[str, ...]:
    """Returns what stands in a box."""
    title = f"{box.badge} {box.title}" if box.badge else box.title
    return tuple(clipped(line) for line in (title, box.detail) if line)


class Columns:
    """Chooses the columns of a layered graph."""

    def __init__(self, layers: Layers, lines: Mapping[str, Sequence[str]]) -> None:
        self.rows = layers.rows
        self.lines = lines
        self.incoming: dict[Step, list[Link]] = {}
        self.outgoing: dict[Step, list[Link]] = {}
        for link in layers.links:
            self.incoming.setdefault(link.below, []).append(link)
            self.outgoing.setdefault(link.above, []).append(link)
        self.left: dict[Step, int] = {}
        self.entries: dict[Link, int] = {}
        self.arrange()
        for row in self.rows:
            self.enter(row)

    def width(self, step: Step) -> int:
        """Returns a step's width: its text, and room for every wire that enters; one cell where a wire passes."""
        if step.edge is not None:
            return 1
        text = max((cells(line) for line in self.lines[step.key]), default=0) + 4
        return max(text, 2 * len(self.incoming.get(step, ())) + 3) | 1  # odd, to have a middle

    def middle(self, step: Step) -> int:
        """Returns the column in which wires leave a step."""
        return self.left[step] + self.width(step) // 2

    def arrange(self) -> None:
        """Packs every row, then draws its steps towards the middle of their neighbours, down and up in turn."""
        for row in self.rows:
            self.pack(row, dict.fromkeys(row, 0.0))
        for turn in range(PASSES):
            downwards = turn % 2 == 0
            for row in self.rows if downwards else reversed(self.rows):
                self.pack(row, {step: self.wanted(step, downwards) for step in row})
        shift = min(self.left.values(), default=0)
        self.left = {step: x - shift for step, x in self.left.items()}

    def wanted(self, step: Step, downwards: bool) -> float:
        if downwards:
            beside = [self.middle(link.above) for link in self.incoming.get(step, ())]
        else:
            beside = [self.middle(link.below) for link in self.outgoing.get(step, ())]
        middle = sum(beside) / len(beside) if beside else self.middle(step)
        return middle - self.width(step) // 2

    def pack(self, row: Sequence[Step], wanted: Mapping[Step, float]) -> None:
        """Places a row as near to what is wanted as its order and the gaps allow: between two ways of giving way."""
        pushed: list[float] = []
        for index, step in enumerate(row):
            least = pushed[-1] + self.width(row[index - 1]) + GAP if index else wanted[step]
            pushed.append(max(wanted[step], least))
        pulled = [wanted[step] for step in row]
        for index in range(len(row) - 2, -1, -1):
            pulled[index] = min(pulled[index], pulled[index + 1] - self.width(row[index]) - GAP)
        least = -(10**9)
        for step, one, two in zip(row, pushed, pulled, strict=True):
            self.left[step] = max(round((one + two) / 2), round(least))
            least = self.left[step] + self.width(step) + GAP

    def enter(self, row: Sequence[Step]) -> None:
        """Chooses where wires enter a row, and moves its steps right where that needs room."""
        leaving = {self.middle(link.above): link.above for step in row for link in self.incoming.get(step, ())}
        shift = 0
        for step in row:
            self.left[step] += shift
            while (chosen := self.entries_of(step, leaving)) is None:
                self.left[step] += 1
                shift += 1
            self.entries.update(chosen)

    def entries_of(self, step: Step, leaving: Mapping[int, Step]) -> dict[Link, int] | None:
        """Returns an entry for each link into a step; None if it has not enough where it stands."""
        links = sorted(self.incoming.get(step, ()), key=lambda link: self.middle(link.above))
        inset = 0 if step.edge is not None else 1
        span = range(self.left[step] + inset, self.left[step] + self.width(step) - inset)
        chosen: dict[Link, int] = {}
        for index, link in enumerate(links):
            straight = self.middle(link.above)
            even = span.start + (len(span) - 1) * (2 * index + 1) // (2 * len(links))
            free = [x for x in span if x not in chosen.values() and leaving.get(x, link.above) == link.above]
            if not free:
                return None
            chosen[link] = straight if straight in free else _nearest(free, even)
        return chosen


def _nearest(columns: Iterable[int], wanted: int) -> int:
    return min(columns, key=lambda column: abs(column - wanted))
