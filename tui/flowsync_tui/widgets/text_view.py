"""A text with its line numbers, to be read and copied."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment

from flowsync_tui.view.contents import shown
from flowsync_tui.widgets.code_colours import CodeColours
from flowsync_tui.widgets.line_view import LineView, Segments


class TextView(LineView):
    """Shows the lines that it is given. ``signs`` stand in place of numbers, with the name of a style each."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: Sequence[str] = ()
        self._signs: Sequence[tuple[str, str]] | None = None
        self._here = -1
        self._colours: CodeColours | None = None

    def take(
        self,
        lines: Sequence[str],
        here: int = -1,
        signs: Sequence[tuple[str, str]] | None = None,
        path: str = "",
    ) -> None:
        """Shows lines, from the line ``here`` (from 0) on if that is one of them, in the colours of ``path``."""
        self._lines, self._signs, self._here = [shown(line) for line in lines], signs, here
        self._colours = CodeColours(self, path, self._lines) if path else None
        self.renew()
        self.scroll_to(0, max(0, here - 3), animate=False, force=True)

    @property
    def text(self) -> str:
        """All of the text, as it is shown."""
        return "\n".join(self._lines) + "\n"

    @property
    def line(self) -> int:
        """The line that is looked at, from 1: the one it was opened at while that is seen, else the first seen."""
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        return (self._here if top <= self._here < top + height else top) + 1

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    def body_width(self) -> int:
        """Returns the width of the widest line and its gutter."""
        return max(map(cell_len, self._lines), default=0) + self._gutter

    @property
    def _gutter(self) -> int:
        return 2 if self._signs is not None else len(str(len(self._lines))) + 2

    def fixed(self, line: int) -> Segments:
        """Returns a line's number, or its sign."""
        if self._signs is not None:
            sign, style = self._signs[line]
            return [Segment(f"{sign} ", self.style(style) if style else None)]
        mark = "▌" if line == self._here else " "
        return [Segment(f"{mark}{line + 1:>{self._gutter - 2}} ", self.style("line--dim"))]

    def body(self, line: int) -> Segments:
        """Returns a line's text."""
        style = self._signs[line][1] if self._signs is not None else ""
        segments = [Segment(self._lines[line], self.style(style) if style else None)]
        return segments if self._colours is None else self._colours.on(line, segments)
