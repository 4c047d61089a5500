"""A small editor in the app, for where the terminal cannot be given to the person's own."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from flowsync_tui.view.format import clean


class Editor(ModalScreen[str | None]):
    """One text. ctrl+s keeps it, esc leaves it as it was."""

    DEFAULT_CSS = """
    Editor > Static { height: 1; padding: 0 1; background: $panel; }
    Editor > TextArea { height: 1fr; border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f2", "keep", "Keep", priority=True),
        Binding("escape", "leave", "Leave", priority=True),
    ]

    def __init__(self, text: str, name: str, line: int = 1) -> None:
        super().__init__()
        self._text, self._title, self._line = text, name, line

    def compose(self) -> ComposeResult:
        """Lays out the editor."""
        yield Static(Content(f"{clean(self._title)}   ctrl+s (or f2) keeps it, esc leaves it as it was"))
        area = TextArea(self._text, soft_wrap=False, show_line_numbers=True, tab_behavior="indent")
        area.cursor_blink = False
        yield area

    def on_mount(self) -> None:
        """Goes to the line."""
        area = self.query_one(TextArea)
        area.focus()
        area.move_cursor((min(self._line, area.document.line_count) - 1, 0), center=True)

    def action_keep(self) -> None:
        """Ends with the text as it is now."""
        self.dismiss(self.query_one(TextArea).text)

    def action_leave(self) -> None:
        """Ends with the text as it was."""
        self.dismiss(None)
