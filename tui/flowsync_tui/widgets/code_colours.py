"""Colours of code in a view of lines: a line is drawn plain at once, and again when a thread has looked into it."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from rich.style import Style

from flowsync_tui.view.code import KINDS, Code

if TYPE_CHECKING:
    from flowsync_tui.widgets.line_view import LineView, Segments


class CodeColours:
    """One text in a view; without colours where the terminal is to have none."""

    def __init__(self, view: "LineView", path: str, lines: Sequence[str]) -> None:
        self._view = view
        self._code = None if view.app.no_color else Code(path, lines)
        self._asked: set[int] = set()

    def on(self, line: int, segments: "Segments") -> "Segments":
        """Returns a line's segments in colour, as far as its colours are known; else has them worked out."""
        from flowsync_tui.widgets.line_view import restyled

        if self._code is None:
            return segments
        chunk = self._code.chunk_of(line)
        if chunk >= 0 and chunk not in self._asked:
            self._asked.add(chunk)
            self._view.run_worker(partial(self._learn, chunk), group="colours", exit_on_error=False)  # type: ignore[arg-type]
        spans = self._code.spans(line)
        for kind in KINDS if spans else ():
            if own := [(start, end) for start, end, one in spans if one == kind]:
                segments = restyled(segments, own, Style(color=self._view.style(f"code--{kind}").color))
        return segments

    async def _learn(self, chunk: int) -> None:
        assert self._code is not None, "who has no colours learns none"
        await asyncio.to_thread(self._code.learn, chunk)
        self._asked.discard(chunk)
        self._view.recolour()
