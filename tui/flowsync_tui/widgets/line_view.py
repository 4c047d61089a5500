"""A scrolling view of many lines, each drawn when it is seen: the base of the diff, the graph and a file's text.

A line is ``fixed`` segments (a gutter that never scrolls and is never copied) and ``body`` segments. Text can be
selected with the mouse, and copied. Keys come from the registry as ``do_list_*``.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Offset, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from flowsync_tui.view.code import KINDS
from flowsync_tui.view.format import to_ascii
from flowsync_tui.widgets.drawn import is_ascii

Segments = list[Segment]
ASIDE = 8  # columns that one key scrolls


class LineView(ScrollView, can_focus=True):
    """Lines by number; a subclass says how many there are and what each looks like."""

    DEFAULT_CSS = """
    LineView { color: $foreground; scrollbar-size-horizontal: 0; scrollbar-size-vertical: 1; }
    LineView > .line--dim { color: $text-muted; }
    LineView > .line--good { color: $text-success; }
    LineView > .line--bad { color: $text-error; text-style: bold; }
    LineView > .line--warn { color: $text-warning; }
    LineView > .code--keyword { color: $text-primary; }
    LineView > .code--name { color: $text-accent; }
    LineView > .code--string { color: $text-warning; }
    LineView > .code--number { color: $text-secondary; }
    LineView > .code--comment { color: $text-muted; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("line--dim", "line--good", "line--bad", "line--warn"),
        *(f"code--{kind}" for kind in KINDS),
    }

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawn: LRUCache[int, tuple[Segments, Segments]] = LRUCache(512)
        self._own_style: Style | None = None

    # -- What a subclass says -------------------------------------------------------------------------------------

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        return 0

    def fixed(self, line: int) -> Segments:
        """Returns a line's gutter."""
        return []

    def body(self, line: int) -> Segments:
        """Returns a line's text."""
        return []

    def body_width(self) -> int:
        """Returns the width of the widest line; 0 if nothing ever scrolls to the side."""
        return 0

    # -- What it gives a subclass ---------------------------------------------------------------------------------

    def style(self, name: str) -> Style:
        """Returns the style of a component class on this widget: what is half transparent is mixed with it."""
        return self.get_component_rich_style(name)

    @property
    def own_style(self) -> Style:
        """Returns the widget's own style, mixed from those of all around it: worked out once, not for each line."""
        if self._own_style is None:
            self._own_style = self.rich_style
        return self._own_style

    def renew(self) -> None:
        """Draws everything anew after the lines have changed."""
        self._own_style = None
        self._drawn.clear()
        self.virtual_size = Size(self.body_width(), self.line_count)
        self.refresh()

    def recolour(self) -> None:
        """Draws what is seen anew: the lines are the same, their colours are not."""
        self._drawn.clear()
        self.refresh()

    # -- Drawing --------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Draws one row of the screen."""
        scroll_x, scroll_y = self.scroll_offset
        line, width = y + scroll_y, self.scrollable_content_region.width
        base = self.own_style
        if line >= self.line_count:
            return Strip.blank(width, base)
        fixed, body = self._line(line)
        gutter = Strip(fixed)
        fill = body[-1].style if body and not body[-1].text else None  # an empty last segment fills the line up
        shown = Strip(self._selected(line, body)).crop_extend(scroll_x, scroll_x + width - gutter.cell_length, fill)
        return Strip.join([gutter, shown.apply_offsets(scroll_x, line)]).apply_style(base)

    def _line(self, line: int) -> tuple[Segments, Segments]:
        drawn = self._drawn.get(line)
        if drawn is None:
            drawn = self._drawn[line] = self.spelled(self.fixed(line)), self.spelled(self.body(line))
        return drawn

    def spelled(self, segments: Segments) -> Segments:
        """Returns segments as this terminal can show them."""
        if not is_ascii(self):
            return segments
        return [Segment(to_ascii(segment.text), segment.style) for segment in segments]

    def _selected(self, line: int, body: Segments) -> Segments:
        selection = self.text_selection
        span = selection.get_span(line) if selection is not None else None
        if span is None:
            return body
        start, end = span
        end = sum(len(segment.text) for segment in body) if end == -1 else end
        return restyled(body, [(start, end)], self.screen.get_component_rich_style("screen--selection"))

    def notify_style_update(self) -> None:
        """Forgets what was drawn with the old theme."""
        super().notify_style_update()
        self._own_style = None
        self._drawn.clear()

    # -- Selection ------------------------------------------------------------------------------------------------

    @property
    def allow_select(self) -> bool:
        """Text can be selected."""
        return True

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Returns the selected text: the bodies only."""
        first = selection.start.y if selection.start else 0
        last = min(selection.end.y if selection.end else self.line_count, self.line_count - 1)
        shift = Offset(0, first)
        texts = ["".join(segment.text for segment in self._line(line)[1]) for line in range(first, last + 1)]
        start, end = (place - shift if place else None for place in selection)
        return Selection(start, end).extract("\n".join(texts)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Shows what is selected now."""
        self.refresh()

    # -- Moving ---------------------------------------------------------------------------------------------------

    def show_line(self, line: int, margin: int = 0) -> None:
        """Scrolls, if need be, until a line is seen."""
        top, height = self.scroll_offset.y, max(self.scrollable_content_region.height, 1)
        if line - margin < top:
            self.scroll_to(y=line - margin, animate=False, force=True)
        elif line + margin >= top + height:
            self.scroll_to(y=line + margin - height + 1, animate=False, force=True)

    def do_list_down(self) -> None:
        """Scrolls one line down."""
        self.scroll_relative(y=1, animate=False, force=True)

    def do_list_up(self) -> None:
        """Scrolls one line up."""
        self.scroll_relative(y=-1, animate=False, force=True)

    def do_list_top(self) -> None:
        """Scrolls to the first line."""
        self.scroll_to(y=0, animate=False, force=True)

    def do_list_bottom(self) -> None:
        """Scrolls to the last line."""
        self.scroll_to(y=self.line_count, animate=False, force=True)

    def do_list_page_down(self) -> None:
        """Scrolls a page down."""
        self.scroll_relative(y=self._page, animate=False, force=True)

    def do_list_page_up(self) -> None:
        """Scrolls a page up."""
        self.scroll_relative(y=-self._page, animate=False, force=True)

    def do_list_left(self) -> None:
        """Scrolls to the left."""
        self.scroll_relative(x=-ASIDE, animate=False, force=True)

    def do_list_right(self) -> None:
        """Scrolls to the right."""
        self.scroll_relative(x=ASIDE, animate=False, force=True)

    @property
    def _page(self) -> int:
        return max(self.scrollable_content_region.height - 1, 1)


def restyled(segments: Sequence[Segment], spans: Sequence[tuple[int, int]], style: Style) -> Segments:
    """Returns segments with a style added to ranges of their characters."""
    found: Segments = []
    at = 0
    cuts = sorted({place for span in spans for place in span})
    for segment in segments:
        end = at + len(segment.text)
        places = [at, *(cut for cut in cuts if at < cut < end), end]
        for start, stop in pairwise(places):
            inside = any(first <= start < last for first, last in spans)
            shown = segment.style + style if inside and segment.style else style if inside else segment.style
            found.append(Segment(segment.text[start - at : stop - at], shown))
        at = end
    return found
