"""A list that draws only the rows in sight: ten thousand rows cost what ten cost.

Whoever shows a list derives from ``VirtualList`` and says what row ``index`` looks like. Keys come from the registry as
``do_list_*``; the mouse selects with a click and opens with a second one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from flowsync_tui.widgets.drawn import Piece, strip


class VirtualList(ScrollView, can_focus=True):
    """Rows, a cursor among them, and what was opened."""

    DEFAULT_CSS = "VirtualList { overflow-x: hidden; scrollbar-size-vertical: 1; }"
    HEADING: ClassVar[str] = ""

    @dataclass
    class Moved(Message):
        """The cursor is on another row, or the row under it changed. -1: there is none."""

        list: "VirtualList"
        index: int

        @property
        def control(self) -> "VirtualList":
            return self.list

    @dataclass
    class Opened(Message):
        """A row was chosen with Enter or the mouse."""

        list: "VirtualList"
        index: int

        @property
        def control(self) -> "VirtualList":
            return self.list

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._count = 0
        self._index = 0
        self._drawn: dict[int, tuple[Piece, ...]] = {}  # rows as they are on the screen, and some that were

    # what a list is made of

    def pieces(self, index: int, width: int) -> Sequence[Piece]:
        """Returns a row as (harmless text, style) pairs."""
        raise NotImplementedError

    @property
    def index(self) -> int:
        """Returns the row that the cursor is on; -1 in an empty list."""
        return self._index if self._count else -1

    @property
    def count(self) -> int:
        """Returns how many rows there are."""
        return self._count

    def show(self, count: int, index: int | None = None) -> None:
        """Takes over new rows, and draws those that look different; the cursor goes to ``index``, or stays."""
        same, self._count = self._count == count, count
        if self.virtual_size.height != count or not self.is_mounted:
            self.virtual_size = Size(0, count)
        self.move(self._index if index is None else index, True)
        if not same:
            self._drawn.clear()
            self.refresh()
            return
        top, width = self.scroll_offset.y, self.size.width - 1
        for row in range(top, min(top + self.size.height, count)):
            if self._drawn.get(row) != tuple(self.pieces(row, width)):
                self.refresh_line(row)

    def move(self, index: int, tell: bool = False) -> None:
        """Puts the cursor on a row and brings that into sight."""
        before, self._index = self._index, max(0, min(index, self._count - 1))
        if before != self._index or tell:
            self._reveal()
            if before != self._index:
                self.refresh_line(before)
                self.refresh_line(self._index)
            self.post_message(self.Moved(self, self.index))

    def _reveal(self) -> None:
        height, top = self.scrollable_content_region.height, self.scroll_offset.y
        if height <= 0:
            self.call_after_refresh(self._reveal_at_last)
        elif self._index < top:
            self.scroll_to(y=self._index, animate=False)
        elif self._index >= top + height:
            self.scroll_to(y=self._index - height + 1, animate=False)

    def _reveal_at_last(self) -> None:
        if self.scrollable_content_region.height > 0:
            self._reveal()

    def on_resize(self) -> None:
        """Keeps the cursor in sight when there is less room."""
        self._reveal()

    # drawing

    def render_line(self, y: int) -> Strip:
        """Returns the line at ``y`` of what is in sight."""
        row, width = y + self.scroll_offset.y, self.size.width
        if row >= self._count:
            return strip(self, (), width)
        here = row == self._index
        background = ("cursor" if self.has_focus else "resting") if here else "background"
        pieces = self._drawn[row] = tuple(self.pieces(row, width - 1))
        return strip(self, [("▌" if here else " ", "key"), *pieces], width, background)

    def on_focus(self) -> None:
        """Draws the cursor as the one that keys move."""
        self.refresh_line(self._index)

    def on_blur(self) -> None:
        """Draws the cursor as resting."""
        self.refresh_line(self._index)

    # keys and mouse

    def do_list_down(self) -> None:
        """Moves one row down."""
        self.move(self._index + 1)

    def do_list_up(self) -> None:
        """Moves one row up."""
        self.move(self._index - 1)

    def do_list_top(self) -> None:
        """Moves to the first row."""
        self.move(0)

    def do_list_bottom(self) -> None:
        """Moves to the last row."""
        self.move(self._count - 1)

    def do_list_page_down(self) -> None:
        """Moves a page down."""
        self.move(self._index + max(1, self.scrollable_content_region.height - 1))

    def do_list_page_up(self) -> None:
        """Moves a page up."""
        self.move(self._index - max(1, self.scrollable_content_region.height - 1))

    def do_list_open(self) -> None:
        """Opens the row under the cursor."""
        if self._count:
            self.post_message(self.Opened(self, self._index))

    def on_click(self, event: events.Click) -> None:
        """Moves the cursor to where the mouse is; a double click opens."""
        row = event.get_content_offset_capture(self).y + self.scroll_offset.y
        if 0 <= row < self._count:
            self.move(row)
            if event.chain > 1:
                self.do_list_open()
