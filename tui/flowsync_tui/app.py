"""The app: it has actions done, and tells what came of them. Screens compose; it only routes."""

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar

from textual import events
from textual.dom import DOMNode
from textual.screen import Screen

from flowsync.errors import FlowsyncError
from flowsync_tui.hearing import Hearing
from flowsync_tui.keymap import Keys, clashes
from flowsync_tui.options import Options
from flowsync_tui.screens.main import MainScreen
from flowsync_tui.screens.room import Room
from flowsync_tui.settings import Settings, Stamp, load, stamp
from flowsync_tui.theme import DEFAULT, HIGH_CONTRAST, Styles
from flowsync_tui.view import actions
from flowsync_tui.view.action import Action
from flowsync_tui.view.format import clean
from flowsync_tui.view.state import Entry

LEAST = (60, 16)  # cells; below nothing is legible
_LOOK = 2.0  # seconds between looks at the file of settings
_SETTLED = 0.2  # seconds after which a file that was saved is whole


class FlowsyncApp(Hearing):
    """The terminal UI."""

    CSS_PATH = "styles/app.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "flowsync"
    BINDINGS: ClassVar[list[Any]] = []

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.ascii_only = options.ascii or options.settings.ascii
        self.plain = options.plain or options.settings.plain
        self.keys = Keys(options.settings.keys)
        self.failure: Exception | None = None
        self.drawn_styles: Styles | None = None
        self.undone: list[Undo] = []
        self._forced_ascii = options.ascii and not options.settings.ascii
        self._stamps: list[Stamp | None] = []  # of the settings: as they were taken over, and as they were last seen
        self.animation_level = "none"

    # starting

    def on_resize(self, event: events.Resize) -> None:
        """Says so where nothing would be legible, and goes on where it is again."""
        from flowsync_tui.screens.too_small import TooSmall

        small = event.size.width < LEAST[0] or event.size.height < LEAST[1]
        if small and not isinstance(self.screen, TooSmall):
            self.push_screen(TooSmall(LEAST))
        elif not small and isinstance(self.screen, TooSmall):
            self.pop_screen()

    def get_default_screen(self) -> Screen[Any]:
        """Returns the main screen."""
        return MainScreen()

    def on_mount(self) -> None:
        """Begins to listen; what is drawn first waits for nothing."""
        self.set_class(self.ascii_only, "-ascii")
        self.set_class(self.plain, "-plain")
        self.register_theme(HIGH_CONTRAST)
        self._choose_theme(self.options.settings.theme)
        if self.keys.own:
            self.set_keymap({id: keys for id, keys in self.keys.own.items() if " " not in keys})
        self.theme_changed_signal.subscribe(self, self._recolour)
        # after ctrl+z and fg the screen is blank (textual #6298): draw it once the terminal is ours again
        self.app_resume_signal.subscribe(self, lambda _: self.set_timer(0.05, self.redraw))
        self.listen()
        self.call_after_refresh(self._arrived)
        if self.options.settings_file is not None:
            self._stamps = [stamp(self.options.settings_file)] * 2
            self.set_interval(_LOOK, self._look_at_settings)

    def _arrived(self) -> None:
        for mistake in self.options.settings.mistakes:
            self.tell("error", mistake)
        for id, key, other in clashes(self.keys.own):
            self.tell("error", f"settings: {key} is both {id} and {other}")

    def _choose_theme(self, name: str, instead: str = "") -> None:
        """Takes a theme; ``instead`` is what counts where there is no such theme."""
        if name and name not in self.available_themes:
            self.tell("error", f"there is no theme {name!r}; the palette lists them")
        chosen = name if name in self.available_themes else instead or os.environ.get("TEXTUAL_THEME", DEFAULT)
        self.theme = chosen if chosen in self.available_themes else DEFAULT
        self._recolour(None)

    def _recolour(self, _: object) -> None:
        self.drawn_styles = Styles(self.theme_variables, monochrome=self.no_color)
        self.redraw()

    def redraw(self) -> None:
        """Draws everything anew."""
        self.refresh(layout=True, repaint=True)
        for screen in self.screen_stack:
            for widget in screen.query("*"):
                widget.refresh()

    def on_app_focus(self) -> None:
        """Looks whether the settings were edited elsewhere."""
        if self._stamps:
            self._look_at_settings()

    def _look_at_settings(self) -> None:
        """Takes the settings over once they were saved and have come to rest; a file that is gone changes nothing."""
        file = self.options.settings_file
        now = stamp(file) if file is not None else None
        if file is None or now is None or now == self._stamps[0]:
            return
        if now == self._stamps[1]:
            self.take_settings(load(file, self.options.settings))
            self.toast("the settings are read again")
        else:
            self._stamps[1] = now
            self.set_timer(_SETTLED, self._look_at_settings)

    def take_settings(self, told: Settings) -> None:
        """Takes over settings that were changed while this runs; mistakes are told."""
        if self._stamps and self.options.settings_file is not None:
            self._stamps = [stamp(self.options.settings_file)] * 2
        before, self.options.settings = self.options.settings, told
        self.keys = Keys(told.keys)
        self.set_keymap({id: keys for id, keys in told.keys.items() if " " not in keys})
        self.ascii_only = self._forced_ascii or told.ascii
        self.set_class(self.ascii_only, "-ascii")
        if told.theme != before.theme:
            self._choose_theme(told.theme, self.theme if told.theme else "")
        if told.read_only != before.read_only:
            self.hear({"kind": "read_only", "read_only": told.read_only})
        self._arrived()
        self.redraw()
        self.show_changes(frozenset({"link", "flows", "activity"}))

    # what is told

    def tell(self, deed: str, text: str, flow: str = "", twin: str = "", hint: str = "") -> None:
        """Puts a line into Activity; errors are a toast, too."""
        said = f"{text} ({hint})" if hint and hint not in text else text
        self.hear({"kind": "entry", "entry": Entry(self.now(), deed, flow, said, twin, hint)})
        if deed in ("error", "failed"):
            self.toast(f"{flow}: {text}" if flow else text, hint, bad=True)

    def toast(self, text: str, hint: str = "", bad: bool = False) -> None:
        """Says something for some seconds."""
        lines = [clean(text), *([clean(hint)] if hint else [])]
        self.notify("\n".join(lines), severity="error" if bad else "information", timeout=5, markup=False)

    def complain(self, error: BaseException, flow: str = "") -> None:
        """Tells a failure: what a person can act on, or a bug with the file that holds its report."""
        if isinstance(error, FlowsyncError):
            self.tell("error", error.message, flow, hint=error.hint)
        else:
            name = self.options.report(error)
            self.tell("error", f"this is a bug in flowsync ({type(error).__name__}); nothing was lost. {name}", flow)

    # what is done

    def action_do(self, id: str) -> None:
        """Has an action done: what a key, the palette or the mouse asks for."""
        self.do(id)

    def do(self, id: str) -> None:
        """Has an action done, or says why it cannot be."""
        action = actions.by_id()[id]
        room = next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Room)), None)
        if reason := (room.refusal(action) if room else action.refusal(self.state)):
            self.toast(f"{action.label}: {reason}")
            return
        handler = self.handler(action)
        if handler is None:
            return  # a move that nothing here can make
        if inspect.isawaitable(made := handler()):
            self.begin(made)

    def handler(self, action: Action) -> Callable[[], Any] | None:
        """Returns what does an action: the focused widget, what it lies in, the screen, or ``doing``."""
        focused: DOMNode | None = self.focused or self.screen
        while focused is not None and focused is not self:
            if found := getattr(focused, action.handler, None):
                return found  # type: ignore[no-any-return]
            focused = focused.parent
        area = action.id.partition(".")[0]
        if area in _AREAS:
            done = getattr(import_module(f"flowsync_tui.doing.{_AREAS[area]}"), action.handler, None)
            return None if done is None else lambda: done(self)
        return None

    def action_menu(self, key: str) -> None:
        """Opens a menu."""
        from flowsync_tui.doing.screens import open_menu

        open_menu(self, key)

    def begin(self, work: Awaitable[Any]) -> None:
        """Lets something go on by itself; its failure is told, never shown as a traceback."""
        self.run_worker(self._guarded(work), exit_on_error=False, group="doing")

    async def _guarded(self, work: Awaitable[Any]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.complain(error)

    async def sure(self, title: str, lines: Sequence[str], do: str = "Do it", name: str = "") -> bool:
        """Asks whether to go on; no is the default. With ``name``, that has to be typed."""
        from flowsync_tui.widgets.confirm import Confirm

        answer: bool = await self.push_screen_wait(Confirm(title, lines, do, name))
        return answer

    # leaving

    def leave(self) -> None:
        """Ends the session; the daemon goes on."""
        self.bridge.close()
        self.exit(0)

    def _handle_exception(self, error: Exception) -> None:
        """Ends with the error kept for a report, instead of a traceback over the screen."""
        if self.failure is None:
            self.failure = error
        if self._exception is None:  # what a test that drives the app raises
            self._exception = error
            self._exception_event.set()
        self._return_code = 70
        self._close_messages_no_wait()

    def on_unmount(self) -> None:
        """Hangs up."""
        self.bridge.close()


class Undo:
    """How the last action is taken back: a sentence, and what does it."""

    def __init__(self, text: str, work: Callable[[], Coroutine[Any, Any, None]], easy: bool = False) -> None:
        self.text, self.work, self.easy = text, work, easy


_AREAS: Mapping[str, str] = {
    "app": "screens",
    "all": "syncing",
    "flow": "flows",
    "copy": "copying",
    "mode": "syncing",
    "daemon": "daemon",
}


def run(options: Options) -> int:
    """Runs a session and returns its exit code; a bug is raised once the terminal is the person's again."""
    app = FlowsyncApp(options)
    code = app.run(mouse=options.settings.mouse)
    if app.failure is not None:
        raise app.failure
    return code or 0
