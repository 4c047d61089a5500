"""What every screen is: the top line, its own body, the hints; bindings from the registry by its name.

    class LogsScreen(Room, screen="logs"):
        def body(self) -> ComposeResult: ...
        def store_changed(self, names): ...
        def do_logs_follow(self): ...

``do_<id>`` methods of the focused widget, its parents, the screen, and ``flowsync_tui.doing`` are tried in this order.
"""

from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from flowsync_tui.keymap import bindings
from flowsync_tui.view import actions
from flowsync_tui.view.action import Action
from flowsync_tui.view.format import to_ascii
from flowsync_tui.view.state import Changed, State
from flowsync_tui.widgets.hints import Hint, Hints
from flowsync_tui.widgets.status_bar import StatusBar
from flowsync_tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from flowsync_tui.app import FlowsyncApp

_LAST = 90  # hints from this place on are never left out


class Room(Screen[None]):
    """A screen with the top line and the hints around it."""

    NAME: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    def __init_subclass__(cls, screen: str = "", **more: Any) -> None:
        if screen:
            cls.NAME = screen
            cls.BINDINGS = list(bindings(screen))
        super().__init_subclass__(**more)

    @property
    def ui(self) -> "FlowsyncApp":
        """Returns the app, as the type it is."""
        return cast("FlowsyncApp", self.app)

    @property
    def state(self) -> State:
        """Returns what is known."""
        return self.ui.state

    def compose(self) -> ComposeResult:
        """Lays out the screen."""
        yield StatusBar()
        yield from self.body()
        yield Hints()

    def body(self) -> Iterable[Widget]:
        """Returns what is between the top line and the hints."""
        return ()

    def on_mount(self) -> None:
        """Shows what is known already."""
        self.store_changed(frozenset({"link", "flows", "daemon", "activity", "running", "log"}))
        self.refresh_frame()

    def store_changed(self, names: Changed) -> None:
        """Takes over what changed; screens that show more of it than the frame does say how."""

    def refresh_frame(self) -> None:
        """Draws the top line and the hints anew."""
        self.query_one(StatusBar).take(self.state, self.ui.now())
        self.refresh_hints()

    def refresh_hints(self) -> None:
        """Draws the hints anew, where they changed."""
        self.query_one(Hints).take([self._hint(action) for action in actions.hints(self.NAME)])

    def entitle(self, widget: Widget, text: str) -> None:
        """Writes a title, harmless already, into a widget's border, as this terminal can show it."""
        widget.border_title = Content(to_ascii(text) if self.ui.ascii_only else text)

    def clock(self) -> None:
        """Draws what depends on the time; called every few seconds while the screen is in sight."""
        self.refresh_frame()

    def _hint(self, action: Action) -> Hint:
        possible = self.refusal(action) is None
        return Hint(action.id, self.ui.keys.of(action), action.label, possible, action.hint >= _LAST)

    def refusal(self, action: Action) -> str | None:
        """Returns why an action cannot be done here and now, or None."""
        if action.id == "list.open" and isinstance(self.focused, VirtualList) and not self.focused.count:
            return "there is nothing here to open"
        return action.refusal(self.state)

    def do_panel_next(self) -> None:
        """Goes to what is next on the screen."""
        self.focus_next()

    def do_panel_previous(self) -> None:
        """Goes to what is before on the screen."""
        self.focus_previous()

    def do_app_back(self) -> Coroutine[Any, Any, None] | None:
        """Goes back to the screen before."""
        self.ui.pop_screen()
        return None

    def on_hints_chosen(self, event: Hints.Chosen) -> None:
        """Does what was clicked on in the bottom line."""
        self.ui.do(event.id)
