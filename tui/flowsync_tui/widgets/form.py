"""A small form: lines to fill in, some with a list to choose from. Enter goes on to the next, and at last submits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from flowsync_tui.view.format import clean


@dataclass(frozen=True)
class Field:
    """A line. ``needed``: it may not stay empty."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    needed: bool = False


class Form(ModalScreen[Mapping[str, str] | None]):
    """Asks for some words; None if it was left."""

    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    DEFAULT_CSS = """
    Form { align: center middle; }
    Form > Vertical { width: 84; max-width: 96%; height: auto; max-height: 96%; border: round $primary;
                      background: $surface; padding: 0 1; overflow-y: auto; }
    Form Input { border: none; height: 1; padding: 0 1; background: $panel; margin-bottom: 1; }
    Form Input:focus { border: none; background: $primary 30%; }
    Form.-short Input { margin-bottom: 0; }
    Form .hint { color: $foreground 60%; }
    """

    def __init__(self, title: str, fields: Sequence[Field], lines: Sequence[str] = ()) -> None:
        super().__init__()
        self._title, self._fields, self._lines = title, fields, lines

    def compose(self) -> ComposeResult:
        """Lays out the lines."""
        with Vertical() as box:
            box.border_title = Content(self._title)
            for line in self._lines:
                yield Static(Content(clean(line)))
            for field in self._fields:
                yield Static(Content(field.label + (f"   {field.hint}" if field.hint else "")), classes="label")
                yield Input(field.value, id=f"field-{field.name}")
            yield Static(Content("enter goes on · tab moves · esc leaves"), classes="hint", id="said")

    def on_mount(self) -> None:
        """Begins with the first empty line."""
        inputs = list(self.query(Input))
        (next((one for one in inputs if not one.value), None) or inputs[0]).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Goes on to the next line, or ends."""
        inputs = list(self.query(Input))
        at = inputs.index(event.input)
        if at + 1 < len(inputs):
            inputs[at + 1].focus()
            return
        values = {field.name: one.value.strip() for field, one in zip(self._fields, inputs, strict=True)}
        for field, one in zip(self._fields, inputs, strict=True):
            if field.needed and not values[field.name]:
                self.query_one("#said", Static).update(Content(f"{field.label} is needed"))
                one.focus()
                return
        self.dismiss(values)

    def on_key(self, event: events.Key) -> None:
        """Leaves with Escape, and moves with the arrows."""
        if event.key == "escape":
            event.stop()
            self.dismiss(None)
        elif event.key in ("down", "up"):
            event.stop()
            (self.focus_next if event.key == "down" else self.focus_previous)()
