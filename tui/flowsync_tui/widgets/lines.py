"""Lines of styled text that scroll: a flow's panel, a report. The cursor is the line that was read last."""

from collections.abc import Sequence

from flowsync_tui.widgets.drawn import Piece
from flowsync_tui.widgets.virtual_list import VirtualList


class Lines(VirtualList):
    """Lines of (harmless text, style) pairs."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: Sequence[Sequence[Piece]] = ()

    def take(self, lines: Sequence[Sequence[Piece]], top: bool = False) -> None:
        """Shows these lines, from the top or from where it was."""
        self._lines = lines
        self.show(len(lines), 0 if top else None)

    @property
    def text(self) -> str:
        """Returns the line under the cursor as plain text."""
        return "".join(text for text, _ in self._lines[self.index]) if self._lines else ""

    def pieces(self, index: int, width: int) -> Sequence[Piece]:
        """Returns a line."""
        return self._lines[index]
