"""Lines of styled text that scroll: a flow's panel, a report, a log. What is too long goes on below, indented."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, chop_cells

from flowsync_tui.widgets.drawn import Piece
from flowsync_tui.widgets.virtual_list import VirtualList

_INDENT = 4
_LEAST = 20  # cells; narrower than that nothing is wrapped


class Lines(VirtualList):
    """Lines of (harmless text, style) pairs."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: Sequence[Sequence[Piece]] = ()
        self._rows: list[tuple[int, Sequence[Piece]]] = []  # the line that a row is of, and the row
        self._wrapped_at = 0

    def take(self, lines: Sequence[Sequence[Piece]], top: bool = False) -> None:
        """Shows these lines, from the top or from where it was."""
        self._lines = lines
        self._wrap()
        self.show(len(self._rows), 0 if top else None)

    def _wrap(self) -> None:
        self._wrapped_at = self.scrollable_content_region.width
        self._rows = [
            (number, row) for number, line in enumerate(self._lines) for row in wrapped(line, self._wrapped_at - 1)
        ]

    def on_resize(self) -> None:
        """Breaks the lines anew where there is more room, or less."""
        if self.scrollable_content_region.width != self._wrapped_at:
            at = self.line
            self._wrap()
            index = next((row for row, (number, _) in enumerate(self._rows) if number == at), 0)
            self.show(len(self._rows), index)

    @property
    def line(self) -> int:
        """Returns which of the lines the cursor is on; -1 if there are none."""
        return self._rows[self.index][0] if 0 <= self.index < len(self._rows) else -1

    @property
    def text(self) -> str:
        """Returns the line under the cursor as plain text, whole."""
        return "".join(text for text, _ in self._lines[self.line]) if self._lines else ""

    def pieces(self, index: int, width: int) -> Sequence[Piece]:
        """Returns a row."""
        return self._rows[index][1]


def wrapped(line: Sequence[Piece], width: int) -> Iterator[Sequence[Piece]]:
    """Returns a line's rows: one, or as many as it takes at a width."""
    if width < _LEAST or sum(cell_len(text) for text, _ in line) <= width:
        yield line
        return
    row: list[Piece] = []
    left = width
    for text, style in line:
        while cell_len(text) > left:
            head = chop_cells(text, left)[0] if left > 0 else ""
            cut = head.rfind(" ") + 1 or len(head)  # between words, where there is a blank
            row.append((text[:cut], style))
            yield row
            text, row, left = text[cut:], [(" " * _INDENT, "plain")], width - _INDENT
        row.append((text, style))
        left -= cell_len(text)
    yield row
