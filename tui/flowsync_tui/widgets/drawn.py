"""Lines that are drawn cell by cell: from (text, style) pairs to Textual's strips, in colour, in ASCII, at a width."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip

from flowsync_tui.theme import Styles
from flowsync_tui.view.format import to_ascii

if TYPE_CHECKING:
    from textual.widget import Widget

Piece = tuple[str, str]  # harmless text, and a style's name


def styles_of(widget: "Widget") -> Styles:
    """Returns the styles of the running app; a test's app that has none gets those of its theme."""
    app = widget.app
    found = getattr(app, "drawn_styles", None)
    if found is None:
        found = Styles(app.theme_variables)
        app.drawn_styles = found  # type: ignore[attr-defined]
    return found


def is_ascii(widget: "Widget") -> bool:
    """Tells whether this terminal is drawn on in ASCII only."""
    return bool(getattr(widget.app, "ascii_only", False))


def strip(widget: "Widget", pieces: Iterable[Piece], width: int, background: str = "background") -> Strip:
    """Returns a line of exactly this width."""
    styles, ascii_only = styles_of(widget), is_ascii(widget)
    segments = [
        Segment(to_ascii(text) if ascii_only else text, styles.get(name, background)) for text, name in pieces if text
    ]
    line = Strip(segments)
    return line.adjust_cell_length(width, styles.get("plain", background))
