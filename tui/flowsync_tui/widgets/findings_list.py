"""Findings, each with its place; the fix of the one under the cursor is told elsewhere."""

from collections.abc import Sequence

from flowsync_tui.view.checks import GLYPHS, STYLES, Row
from flowsync_tui.view.format import clean, fit
from flowsync_tui.widgets.drawn import Piece
from flowsync_tui.widgets.virtual_list import VirtualList


class FindingsList(VirtualList):
    """Rows of findings."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()

    def take(self, rows: Sequence[Row]) -> None:
        """Shows these findings."""
        self._rows = rows
        self.show(len(rows))

    def pieces(self, index: int, width: int) -> Sequence[Piece]:
        """Returns a finding's row."""
        row = self._rows[index]
        style = STYLES.get(row.level, "plain")
        level = fit(f"{GLYPHS.get(row.level, '·')} {clean(row.level)}", 10)
        place = fit(clean(f"{row.file}:{row.line}"), min(28, max(12, width // 4)))
        rest = max(width - 36 - len(level), 8) if width > 60 else max(width - len(level) - len(place) - 8, 8)
        return (
            (level, style),
            (f"{place} ", "plain"),
            (fit(clean(row.rule), 6), "quiet"),
            (fit(clean(row.message), rest), "plain"),
        )
