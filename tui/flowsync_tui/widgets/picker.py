"""One list to choose from: the palette, the help, a menu. Typing narrows it down; a menu's keys choose at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from flowsync_tui.view.format import clean, fit
from flowsync_tui.view.listing import text_matches
from flowsync_tui.widgets.drawn import Piece
from flowsync_tui.widgets.virtual_list import VirtualList


@dataclass(frozen=True)
class Item:
    """Something to choose. ``reason``: why it cannot be chosen now. No id: a heading."""

    id: str
    label: str
    help: str = ""
    key: str = ""
    reason: str = ""


class Items(VirtualList):
    """Rows of items."""

    def __init__(self) -> None:
        super().__init__()
        self.items: Sequence[Item] = ()

    def pieces(self, index: int, width: int) -> Sequence[Piece]:
        """Returns an item's row."""
        item = self.items[index]
        if not item.id:
            return ((f" {clean(item.label)}", "strong"),)
        style = "quiet" if item.reason else "plain"
        more = clean(f"{item.help} ({item.reason})" if item.reason else item.help)
        return (
            (f" {fit(item.key, 12)} ", "quiet" if item.reason else "key"),
            (fit(clean(item.label), 20) + " ", style),
            (fit(more, max(0, width - 35)), "quiet"),
        )


class Picker(ModalScreen[str | None]):
    """Chooses one of many; None if nothing was chosen."""

    DEFAULT_CSS = """
    Picker { align: center middle; }
    Picker > Vertical { width: 90; max-width: 96%; height: auto; max-height: 90%; border: round $primary;
                        background: $surface; }
    Picker Items { height: auto; max-height: 24; background: $surface; }
    Picker #typed { height: 1; }
    """

    def __init__(self, title: str, items: Sequence[Item], menu: bool = False) -> None:
        """``menu``: keys choose; else typing narrows down."""
        super().__init__()
        self._title, self._items, self._menu = title, items, menu
        self._typed = ""

    def compose(self) -> ComposeResult:
        """Lays out the list."""
        with Vertical() as box:
            box.border_title = Content(self._title)
            if not self._menu:
                yield Static(Content(" > type to narrow down"), id="typed")
            yield Items()

    def on_mount(self) -> None:
        """Shows everything."""
        self._narrow()
        self.query_one(Items).focus()

    def _narrow(self) -> None:
        items = self.query_one(Items)
        found = [item for item in self._items if self._fits(item)]
        if self._typed:
            found = [item for item in found if item.id]
            found.sort(key=lambda item: not item.label.casefold().startswith(self._typed.casefold()))
        items.items = found
        first = next((at for at, item in enumerate(found) if item.id), 0)
        items.show(len(found), first)
        items.styles.height = max(1, len(found))
        if not self._menu:
            typed = f" > {clean(self._typed)}" if self._typed else " > type to narrow down"
            none = f"   nothing matches {clean(self._typed)!r}: esc clears" if not found else ""
            self.query_one("#typed", Static).update(Content(typed + none))

    def _fits(self, item: Item) -> bool:
        return not self._typed or text_matches(f"{item.label} {item.help} {item.id}".casefold(), self._typed)

    def on_key(self, event: events.Key) -> None:
        """Moves, types, chooses or leaves."""
        event.stop()
        event.prevent_default()
        items = self.query_one(Items)
        moves = {
            "down": items.do_list_down,
            "up": items.do_list_up,
            "ctrl+n": items.do_list_down,
            "ctrl+p": items.do_list_up,
            "pagedown": items.do_list_page_down,
            "pageup": items.do_list_page_up,
            "tab": items.do_list_down,
            "shift+tab": items.do_list_up,
        }
        if self._menu:
            moves |= {"j": items.do_list_down, "k": items.do_list_up}
        if event.key in moves and not self._chosen_by(event):
            moves[event.key]()
        elif event.key == "enter":
            items.do_list_open()
        elif event.key == "escape":
            self._leave()
        elif self._menu:
            if chosen := self._chosen_by(event):
                self.dismiss(chosen)
        else:
            self._type(event)

    def _chosen_by(self, event: events.Key) -> str:
        """Returns the id of the menu's item that has this key."""
        if not self._menu:
            return ""
        return next((item.id for item in self._items if item.key in (event.key, event.character)), "")

    def _type(self, event: events.Key) -> None:
        if event.key in ("backspace", "ctrl+h"):
            self._typed = self._typed[:-1]
        elif event.key == "ctrl+u":
            self._typed = ""
        elif event.is_printable and event.character:
            self._typed += event.character
        self._narrow()

    def _leave(self) -> None:
        if self._typed:
            self._typed = ""
            self._narrow()
        else:
            self.dismiss(None)

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        """Chooses the row."""
        event.stop()
        item = self.query_one(Items).items[event.index]
        if item.id:
            self.dismiss(item.id)

    def on_click(self, event: events.Click) -> None:
        """Leaves when the mouse is clicked outside."""
        if event.widget is self:
            self.dismiss(None)
