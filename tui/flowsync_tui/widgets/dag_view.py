"""A flow's graph on the screen: drawn, or as a rail of one line for each node. One box is selected."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.reactive import reactive

from flowsync.core.graph import Graph, Placed, as_lines
from flowsync.core.graph.columns import cells
from flowsync_tui.view.format import clean
from flowsync_tui.view.graph import GLYPHS, RAIL_BELOW, RAIL_FROM, FlowGraph
from flowsync_tui.widgets.line_view import LineView, Segments, restyled

PAGE = 4  # boxes
_EMPTY = FlowGraph(Graph((), ()))
_BADGES = {"+": "line--good", "−": "line--bad", "~": "line--warn", "!": "line--bad"}
_LEVELS = {"error": ("✗", "line--bad"), "warning": ("?", "line--warn"), "info": ("i", "line--dim")}


class DagView(LineView):
    """Shows what ``show`` is given. ``rail`` is what the person chose; None: whichever fits."""

    DEFAULT_CSS = """
    DagView > .dag--box { color: $foreground; }
    DagView > .dag--wire { color: $text-muted; }
    DagView > .dag--near { color: $text-accent; text-style: bold; }
    DagView > .dag--selected { background: $block-cursor-blurred-background; text-style: bold; }
    DagView:focus > .dag--selected { background: $block-cursor-background; color: $block-cursor-foreground; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"dag--box", "dag--wire", "dag--near", "dag--selected"}

    rail: reactive[bool | None] = reactive(None, repaint=False)
    selected: reactive[str] = reactive("", repaint=False)

    class Selected(Message):
        """Another box is selected."""

        def __init__(self, view: "DagView", key: str) -> None:
            super().__init__()
            self.view, self.key = view, key

        @property
        def control(self) -> "DagView":
            """The view it happened in."""
            return self.view

    class Opened(Selected):
        """Enter, or a double click, on a box."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.model = _EMPTY
        self._lines: list[str] = []
        self._spans: dict[int, list[Placed]] = {}
        self._near: Mapping[int, list[tuple[int, int]]] = {}

    def show(self, model: FlowGraph) -> None:
        """Shows a graph; the selected box stays so, if it is still there."""
        self.model = model
        self._lines, self._spans = [], {}
        kept = self.selected if self.selected in model.boxes else next(iter(model.order), "")
        self.set_reactive(DagView.selected, kept)
        self._select()
        self.post_message(self.Selected(self, kept))

    def mark(self) -> None:
        """Shows findings that have come since the graph was drawn."""
        self.renew()

    @property
    def is_rail(self) -> bool:
        """Whether the rail is shown: asked for, or no drawing fits."""
        if not self.model.can_be_drawn:
            return True
        if self.rail is not None:
            return self.rail
        return self.scrollable_content_region.width < RAIL_BELOW or len(self.model.graph.boxes) > RAIL_FROM

    def watch_rail(self) -> None:
        """Changes between the drawing and the rail."""
        self._select()

    def on_resize(self, event: events.Resize) -> None:
        """Chooses anew what fits."""
        self._select()

    def watch_selected(self) -> None:
        """Shows another box as selected."""
        self._select()
        self.post_message(self.Selected(self, self.selected))

    def _draw(self) -> None:
        """Draws the picture, when it is first seen."""
        if self._lines or self.is_rail or self.model.picture is None:
            return
        self._lines = as_lines(self.model.picture)
        for box in self.model.picture.boxes:
            for row in range(box.y, box.y + box.height):
                self._spans.setdefault(row, []).append(box)

    def _select(self) -> None:
        self._draw()
        near: dict[int, list[tuple[int, int]]] = {}
        for x, y in sorted(self.model.wires(self.selected)) if not self.is_rail else ():
            near.setdefault(y, []).append((x, x + 1))
        self._near = near
        self.renew()
        if self.is_rail:
            if self.selected in self.model.order:
                self.show_line(self.model.order.index(self.selected), 1)
        elif (box := self.model.places.get(self.selected)) is not None:
            self.show_line(box.y + box.height - 1)
            self.show_line(box.y)
            self._show_columns(box.x, box.x + box.width)

    def _show_columns(self, left: int, right: int) -> None:
        start, width = self.scroll_offset.x, self.scrollable_content_region.width
        if left < start or right > start + width:
            self.scroll_to(x=max(0, (left + right - width) // 2), animate=False, force=True)

    # -- Drawing --------------------------------------------------------------------------------------------------

    @property
    def line_count(self) -> int:
        """How many lines the drawing, or the rail, has."""
        return max(len(self.model.order) if self.is_rail else len(self._lines), 1)

    def body_width(self) -> int:
        """Returns the width of the drawing; a rail is cut."""
        return 0 if self.is_rail or self.model.picture is None else self.model.picture.width + 2

    def body(self, line: int) -> Segments:
        """Returns a line of the drawing or of the rail."""
        if not self.model.order:
            return [Segment(self.model.note or "nothing to draw", self.style("line--dim"))]
        return self._railed(line) if self.is_rail else self._drawn_line(line)

    def _railed(self, line: int) -> Segments:
        key = self.model.order[line]
        box, text = self.model.rail_lines[line]
        mark, style = _LEVELS.get(self.model.level(key), (" ", ""))
        glyph = GLYPHS.get(box.detail.partition(",")[0], "▸" if key.startswith("$") else "●")
        parts = [
            Segment(f"{box.badge or ' '} ", self._badge(box.badge)),
            Segment(f"{mark} ", self.style(style) if style else None),
            Segment(f"{glyph} {text}"),
        ]
        if key == self.selected:
            return restyled(parts, [(0, 10_000)], self.style("dag--selected"))
        joined = {*self.model.sources[self.selected], *self.model.targets[self.selected]} if self.selected else set()
        return restyled(parts, [(4, 10_000)], self.style("dag--near")) if key in joined else parts

    def _drawn_line(self, line: int) -> Segments:
        text = self._lines[line]
        segments = [Segment(text, self.style("dag--wire"))]
        columns = _Columns(text)
        near = [columns.span(start, end) for start, end in self._near.get(line, ())]
        segments = restyled(segments, near, self.style("dag--near"))
        for box in self._spans.get(line, ()):
            segments = restyled(segments, [columns.span(box.x, box.x + box.width)], self._box_style(box))
        return segments + self._beside(line)

    def _beside(self, line: int) -> Segments:
        """Returns what stands right of a drawing's line: the findings of boxes cannot change the drawing."""
        marks = [
            (box.box.title, *_LEVELS[level])
            for box in self._spans.get(line, ())
            if line == box.y + 1 and (level := self.model.level(box.box.key))
        ]
        return [Segment(f"  {mark} {clean(title)}", self.style(style)) for title, mark, style in marks]

    def _box_style(self, box: Placed) -> Style:
        style = self.style("dag--box")
        if (level := self.model.level(box.box.key)) == "error":
            style += self.style(_LEVELS[level][1])
        style += self._badge(box.box.badge)
        return style + self.style("dag--selected") if box.box.key == self.selected else style

    def _badge(self, badge: str) -> Style:
        return self.style(_BADGES[badge]) if badge in _BADGES else Style()

    # -- Walking --------------------------------------------------------------------------------------------------

    def do_list_down(self) -> None:
        """Goes to the box below."""
        self._go("down", 1)

    def do_list_up(self) -> None:
        """Goes to the box above."""
        self._go("up", -1)

    def do_list_left(self) -> None:
        """Goes to the box on the left; in the rail, to what the box uses."""
        self._aside("left", self.model.sources)

    def do_list_right(self) -> None:
        """Goes to the box on the right; in the rail, to what uses the box."""
        self._aside("right", self.model.targets)

    def do_list_top(self) -> None:
        """Goes to the first box."""
        self._edge(0)

    def do_list_bottom(self) -> None:
        """Goes to the last box."""
        self._edge(-1)

    def do_list_page_down(self) -> None:
        """Goes some boxes down."""
        self._page_by("down", 1)

    def do_list_page_up(self) -> None:
        """Goes some boxes up."""
        self._page_by("up", -1)

    def do_list_open(self) -> None:
        """Opens the selected box."""
        if self.selected:
            self.post_message(self.Opened(self, self.selected))

    def _go(self, direction: str, by: int) -> None:
        model = self.model
        self.selected = model.stepped(self.selected, by) if self.is_rail else model.moved(self.selected, direction)

    def _aside(self, direction: str, beside: Mapping[str, Sequence[str]]) -> None:
        if self.is_rail:
            self.selected = next(iter(beside.get(self.selected, ())), self.selected)
        else:
            self.selected = self.model.moved(self.selected, direction)

    def _edge(self, at: int) -> None:
        order = self.model.order if self.is_rail else self.model.drawn_order
        self.selected = order[at] if order else ""

    def _page_by(self, direction: str, by: int) -> None:
        for _ in range(self._page if self.is_rail else PAGE):
            self._go(direction, by)

    def on_click(self, event: events.Click) -> None:
        """Selects the box under the mouse; a second click opens it."""
        x, y = event.x + self.scroll_offset.x, event.y + self.scroll_offset.y
        if self.is_rail:
            key = self.model.order[y] if y < len(self.model.order) else ""
        else:
            key = self.model.at(x, y)
        if key:
            self.selected = key
            if event.chain == 2:
                self.do_list_open()

    @property
    def text(self) -> str:
        """The drawing, or the rail, as text."""
        lines = [text for _, text in self.model.rail_lines] if self.is_rail else self._lines
        return "\n".join(lines) + "\n"


class _Columns:
    """Turns columns of a line into characters: a wide character takes two columns, a combining one none."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] | None = None
        if cells(text) != len(text):
            self._starts = []
            for index, character in enumerate(text):
                self._starts += [index] * cells(character)

    def span(self, start: int, end: int) -> tuple[int, int]:
        if self._starts is None:
            return start, end
        size = len(self._starts)
        first = self._starts[start] if start < size else size
        return first, self._starts[end] if end < size else 10**6
