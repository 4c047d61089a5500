"""A diff on the screen: unified or side by side, with line numbers, signs and the words that changed.

Only what is seen is drawn: words are compared and colours are looked up row by row.
"""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.cache import LRUCache
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from flowsync_tui.view.contents import Shown, shown
from flowsync_tui.view.diff import CONTEXTS, Kind, Marks, Row, Rows, Texts, hidden, hunk, line_at, rows, words
from flowsync_tui.widgets.code_colours import CodeColours
from flowsync_tui.widgets.line_view import LineView, Segments, restyled

SPLIT_FROM = 88  # columns of the view; narrower, two columns show too little
NOTHING = Texts((), (), ())
_SIMPLE = 400  # characters; a longer line's width is taken as it comes


class DiffView(LineView):
    """Shows what ``show`` is given. ``split`` and ``context`` are what the person chose."""

    DEFAULT_CSS = """
    DiffView > .diff--added { color: $text-success; background: $success 12%; }
    DiffView > .diff--removed { color: $text-error; background: $error 12%; }
    DiffView > .diff--word-added { color: $text-success; background: $success 35%; text-style: bold underline; }
    DiffView > .diff--word-removed { color: $text-error; background: $error 35%; text-style: bold underline; }
    DiffView > .diff--number { color: $text-muted; }
    DiffView > .diff--here { color: $text-accent; text-style: bold; }
    DiffView > .diff--fold { color: $text-muted; text-style: italic; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("diff--added", "diff--removed", "diff--word-added", "diff--word-removed", "diff--number", "diff--here"),
        "diff--fold",
    }

    split: reactive[bool] = reactive(True, repaint=False)
    context: reactive[int] = reactive(0, repaint=False)
    """Which of ``CONTEXTS``."""
    current: reactive[int] = reactive(0, repaint=False)
    """Which change the person is at."""

    class At(Message):
        """The person is at another change."""

        def __init__(self, view: "DiffView", number: int) -> None:
            super().__init__()
            self.view, self.number = view, number

        @property
        def control(self) -> "DiffView":
            """The view it happened in."""
            return self.view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.texts = NOTHING
        self.rows = Rows((), ())
        self._note = ""
        self._digits = 1
        self._longest = 0
        self._two = False
        self._here = range(0)  # the rows of the current change
        self._colours: tuple[CodeColours, CodeColours] | None = None  # of the old text and the new one
        self._seen_rows: LRUCache[tuple[int, int], Segments] = LRUCache(256)
        self._words: LRUCache[Row, tuple[Marks, Marks]] = LRUCache(512)

    # -- What is shown --------------------------------------------------------------------------------------------

    def show(self, texts: Texts, note: str = "", path: str = "") -> None:
        """Shows a comparison, from its first change; ``note`` stands where there is none."""
        self.texts, self._note = texts, note or texts.refused
        self._colours = CodeColours(self, path, Shown(texts.old)), CodeColours(self, path, Shown(texts.new))
        self._longest = max(_widest(texts.old), _widest(texts.new))
        self._digits = len(str(max(len(texts.old), len(texts.new), 1)))
        self._words.clear()
        self.set_reactive(DiffView.current, 0)
        self._lay()
        self.scroll_to(0, 0, animate=False, force=True)
        if self.rows.starts:
            self.show_line(self.rows.starts[0], 3)

    def _lay(self) -> None:
        """Lays the rows out anew."""
        self._two = self._fits_two()
        self.rows = rows(self.texts, self._two, CONTEXTS[self.context])
        self._here = self._rows_of(self.current)
        self.renew()

    def _fits_two(self) -> bool:
        """Tells whether to show two columns: there is room, and something for each."""
        wide = self.scrollable_content_region.width >= SPLIT_FROM
        return self.split and wide and bool(self.texts.old) and bool(self.texts.new)

    def on_resize(self, event: events.Resize) -> None:
        """Shows one column or two, as they fit now."""
        if self._two != self._fits_two():
            row = self._top_row()
            self._lay()
            self._go_to(row)
        elif self._two:
            self.renew()

    def watch_split(self) -> None:
        """Changes between one and two columns, at the same line."""
        row = self._top_row()
        self._lay()
        self._go_to(row)

    def watch_context(self) -> None:
        """Shows more, or less, of what is the same."""
        self._lay()
        if self.rows.starts:
            self.show_line(self.rows.starts[self.current], 3)

    def watch_current(self, old: int, new: int) -> None:
        """Marks the change that the person is at."""
        before, self._here = self._here, self._rows_of(new)
        for row in (*before, *self._here):
            self._drawn.discard(row)
        self._seen_rows.clear()
        self.refresh()
        self.post_message(self.At(self, new))

    def _top_row(self) -> Row | None:
        top = self.scroll_offset.y
        return self.rows.rows[top] if top < len(self.rows.rows) else None

    def _go_to(self, wanted: Row | None) -> None:
        """Scrolls to the row that shows the same line as another layout's row did."""
        if wanted is None:
            return
        for at, row in enumerate(self.rows.rows):
            if row.new >= wanted.new >= 0 or (wanted.new < 0 and row.old >= wanted.old):
                self.scroll_to(y=at, animate=False, force=True)
                return

    def renew(self) -> None:
        """Draws everything anew."""
        self._seen_rows.clear()
        super().renew()

    def recolour(self) -> None:
        """Draws what is seen anew."""
        self._seen_rows.clear()
        super().recolour()

    def notify_style_update(self) -> None:
        """Forgets what was drawn with the old theme."""
        super().notify_style_update()
        self._seen_rows.clear()

    # -- Changes --------------------------------------------------------------------------------------------------

    def go(self, by: int) -> bool:
        """Goes to the next or an earlier change; returns False where there is none."""
        number = self.current + by
        if not self._seen(self.current):
            number = self._next_from(self.scroll_offset.y, by)
        if not 0 <= number < len(self.rows.starts):
            return False
        self.current = number
        self.show_line(self.rows.starts[number], 3)
        self.show_line(self.rows.starts[number])
        return True

    def _seen(self, number: int) -> bool:
        if number >= len(self.rows.starts):
            return False
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        return any(top <= row < top + height for row in self._rows_of(number))

    def _next_from(self, top: int, by: int) -> int:
        starts = self.rows.starts
        if by > 0:
            return next((number for number, start in enumerate(starts) if start >= top), len(starts))
        return next((number for number in range(len(starts) - 1, -1, -1) if starts[number] < top), -1)

    def _rows_of(self, number: int) -> range:
        if not 0 <= number < len(self.rows.starts):
            return range(0)
        start = end = self.rows.starts[number]
        while end < len(self.rows.rows) and self.rows.rows[end].kind not in (Kind.SAME, Kind.FOLD):
            end += 1
        return range(start, end)

    @property
    def hunk(self) -> str:
        """The change that the person is at, as a patch shows it."""
        return hunk(self.texts, self.current) if self.current < len(self.texts.edits) else ""

    @property
    def line(self) -> int:
        """The line of the newer text that an editor is to open."""
        if self._seen(self.current):
            return line_at(self.rows.rows[self.rows.starts[self.current]])
        row = self._top_row()
        return line_at(row) if row else 1

    # -- Drawing --------------------------------------------------------------------------------------------------

    @property
    def line_count(self) -> int:
        """How many rows there are; one with a note where nothing differs."""
        return max(len(self.rows.rows), 1) + (1 if self.texts.ends else 0)

    def body_width(self) -> int:
        """Returns what the widest row needs."""
        if self._two:
            return self.scrollable_content_region.width + max(0, self._longest - self._column)
        return self._longest + 2 * self._digits + 5

    @property
    def _column(self) -> int:
        """How many cells of text one of two columns shows."""
        return max((self.scrollable_content_region.width - 1) // 2 - self._digits - 4, 1)

    def fixed(self, line: int) -> Segments:
        """Returns the numbers and the sign of a row in one column."""
        if self._two or line >= len(self.rows.rows):
            return []
        row = self.rows.rows[line]
        if row.kind is Kind.FOLD:
            return [Segment(" " * (2 * self._digits + 3), self.style("diff--fold"))]
        old = row.old if row.kind is not Kind.ADDED else -1
        new = row.new if row.kind is not Kind.REMOVED else -1
        numbers = f"{self._number(old)} {self._number(new)}"
        return [self._bar(line), Segment(numbers, self.style("diff--number")), self._sign(row.kind)]

    def body(self, line: int) -> Segments:
        """Returns the text of a row."""
        if line >= len(self.rows.rows):
            note = self.texts.ends if line or self.rows.rows else self._note or "no difference"
            return [Segment(note, self.style("diff--fold"))]
        row = self.rows.rows[line]
        if row.kind is Kind.FOLD:
            count = hidden(self.rows, line, self.texts)
            return [Segment(f"⋯ {count} line{'' if count == 1 else 's'} the same", self.style("diff--fold"))]
        if self._two:
            return self._columns(line, row)
        return self._text(row, row.kind is not Kind.REMOVED)

    def render_line(self, y: int) -> Strip:
        """Draws one row; of two columns each scrolls by itself."""
        if self._two:
            return self._both(y)
        return super().render_line(y)

    def _both(self, y: int) -> Strip:
        line, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        base = self.own_style
        if line >= self.line_count:
            return Strip.blank(width, base)
        key = line, self.scroll_offset.x
        body = self._seen_rows.get(key)
        if body is None:
            body = self._seen_rows[key] = [
                Segment(segment.text, base + segment.style if segment.style else base)
                for segment in self.spelled(self.body(line))
            ]
        strip = Strip(self._selected(line, body))
        return strip.adjust_cell_length(width, base).apply_offsets(0, line)

    def _columns(self, line: int, row: Row) -> Segments:
        """Returns both columns of a row, each cut to what is seen of it."""
        found: Segments = []
        for new in (False, True):
            at = row.new if new else row.old
            if row.kind is (Kind.REMOVED if new else Kind.ADDED):
                at = -1
            kind = (Kind.ADDED if new else Kind.REMOVED) if row.kind is Kind.CHANGED else row.kind
            found += [Segment("│", self.style("diff--number"))] if new else []
            found += [self._bar(line), Segment(self._number(at), self.style("diff--number"))]
            if at < 0:
                found.append(Segment(" " * (self._column + 3)))
                continue
            found += [self._sign(kind), *window(self._text(row, new), self.scroll_offset.x, self._column)]
        return found

    def _text(self, row: Row, new: bool) -> Segments:
        """Returns one side's line, with its changed words marked."""
        at = row.new if new else row.old
        text = shown(self.texts.new[at] if new else self.texts.old[at])
        if row.kind is Kind.SAME:
            return self._coloured(at, new, [Segment(text)])
        side = "added" if new else "removed"
        style = self.style(f"diff--{side}")
        marks = self._marks(row)[1 if new else 0]
        segments = self._coloured(at, new, [Segment(text, style)])
        marked = restyled(segments, marks, self.style(f"diff--word-{side}")) if marks else segments
        return [*marked, Segment("", style)]  # what fills the line up

    def _coloured(self, at: int, new: bool, segments: Segments) -> Segments:
        return segments if self._colours is None else self._colours[1 if new else 0].on(at, segments)

    def _marks(self, row: Row) -> tuple[Marks, Marks]:
        if row.old < 0 or row.new < 0:
            return (), ()
        marks = self._words.get(row._replace(kind=Kind.CHANGED))
        if marks is None:
            old, new = shown(self.texts.old[row.old]), shown(self.texts.new[row.new])
            marks = self._words[row._replace(kind=Kind.CHANGED)] = words(old, new)
        return marks

    def _bar(self, line: int) -> Segment:
        """Returns the mark of the change that the person is at."""
        return Segment("▌" if line in self._here else " ", self.style("diff--here"))

    def _sign(self, kind: Kind) -> Segment:
        style: Style | None = None
        if kind in (Kind.ADDED, Kind.REMOVED):
            style = self.style("diff--added" if kind is Kind.ADDED else "diff--removed")
        return Segment(f" {kind.value} ", style)

    def _number(self, at: int) -> str:
        return f"{at + 1 if at >= 0 else '':>{self._digits}}"


def window(segments: Segments, left: int, width: int) -> Segments:
    """Returns what is seen of segments in so many cells from a column on, filled up with blanks."""
    fill = segments[-1].style if segments and not segments[-1].text else None
    if not all(segment.text.isascii() for segment in segments):
        return list(Strip(segments).crop_extend(left, left + width, fill))
    found: Segments = []
    at, end = 0, left + width
    for segment in segments:
        start, stop = max(left - at, 0), min(end - at, len(segment.text))
        if start < stop:
            found.append(Segment(segment.text[start:stop], segment.style))
        at += len(segment.text)
    seen = sum(len(segment.text) for segment in found)
    return [*found, Segment(" " * (width - seen), fill)] if seen < width else found


def _widest(lines: Sequence[str]) -> int:
    """Returns the width of the widest line, in cells."""
    whole = "".join(lines)
    if whole.isascii() and whole.isprintable():
        return max(map(len, lines), default=0)
    widest = 0
    for line in lines:
        if 9 * len(line) > widest:  # one character takes at most nine cells
            text = shown(line)
            widest = max(widest, cell_len(text) if len(text) < _SIMPLE else 2 * len(text))
    return widest
