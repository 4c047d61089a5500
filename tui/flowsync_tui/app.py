"""The app: it holds the state, takes in what the bridge hears, has actions done. Screens compose; it only routes."""

import asyncio
import contextvars
import gc
import inspect
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, ClassVar

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.screen import Screen

from flowsync.errors import FlowsyncError
from flowsync_tui.bridge import Bridge
from flowsync_tui.keymap import Keys, clashes
from flowsync_tui.options import Options
from flowsync_tui.screens.main import MainScreen
from flowsync_tui.screens.room import Room
from flowsync_tui.settings import Settings
from flowsync_tui.theme import DEFAULT, HIGH_CONTRAST, Styles
from flowsync_tui.view import actions
from flowsync_tui.view.action import Action
from flowsync_tui.view.format import clean
from flowsync_tui.view.store import Changed, Entry, Event, State, Store

_TOGETHER = 0.1  # seconds in which changes are drawn once
_SOON = 3.0  # seconds in which the flows are usually on the screen
_CLOCK = 5.0  # seconds between looks at the clock: ages, and how long the daemon has been away
LEAST = (60, 16)  # cells; below nothing is legible


class FlowsyncApp(App[int]):
    """The terminal UI."""

    CSS_PATH = "styles/app.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "flowsync"
    BINDINGS: ClassVar[list[Any]] = []

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.ascii_only = options.ascii or options.settings.ascii
        self.plain = options.plain or options.settings.plain
        self.keys = Keys(options.settings.keys)
        self.store = Store(State(read_only=options.read_only or options.settings.read_only))
        self.bridge = options.bridge or Bridge(options.start, options.clock)
        self.failure: Exception | None = None
        self.drawn_styles: Styles | None = None
        self.undone: list[Undo] = []
        self._loop_thread = 0
        self._surroundings: contextvars.Context | None = None  # of the app, for timers set on a thread's behalf
        self._flushing = False
        self._flushed = 0.0
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
        self._loop_thread, self._surroundings = threading.get_ident(), contextvars.copy_context()
        self.set_class(self.ascii_only, "-ascii")
        self.set_class(self.plain, "-plain")
        self.register_theme(HIGH_CONTRAST)
        self._choose_theme(self.options.settings.theme)
        if self.keys.own:
            self.set_keymap({id: keys for id, keys in self.keys.own.items() if " " not in keys})
        self.theme_changed_signal.subscribe(self, self._recolour)
        # after ctrl+z and fg the screen is blank (textual #6298): draw it once the terminal is ours again
        self.app_resume_signal.subscribe(self, lambda _: self.set_timer(0.05, self.redraw))
        self.set_interval(_CLOCK, self._tick)
        self.bridge.start()
        self.bridge.attach(self._woken)
        self.set_timer(_SOON, _tidy)
        self.call_after_refresh(self._arrived)

    def _arrived(self) -> None:
        for mistake in self.options.settings.mistakes:
            self.tell("error", mistake)
        for id, key, other in clashes(self.keys.own):
            self.tell("error", f"settings: {key} is both {id} and {other}")

    def _choose_theme(self, name: str) -> None:
        if name and name not in self.available_themes:
            self.tell("error", f"there is no theme {name!r}; the palette lists them")
        chosen = name if name in self.available_themes else os.environ.get("TEXTUAL_THEME", DEFAULT)
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

    def take_settings(self, told: Settings) -> None:
        """Takes over settings that were changed while this runs; mistakes are told."""
        self.options.settings = told
        self.keys = Keys(told.keys)
        self.set_keymap({id: keys for id, keys in told.keys.items() if " " not in keys})
        if told.theme:
            self._choose_theme(told.theme)
        self._arrived()
        self.show_changes(frozenset({"link", "flows"}))

    # what is heard

    @property
    def state(self) -> State:
        """Returns what is known."""
        return self.store.state

    def now(self) -> float:
        """Returns what the clock says, in seconds since 1970."""
        return self.options.clock()

    def hear(self, event: Event) -> None:
        """Takes in an event; changes of a tenth of a second are drawn together."""
        self.bridge.put(event)

    def _woken(self) -> None:
        """Sees to it that what was heard is shown; called from any thread."""
        if threading.get_ident() == self._loop_thread:
            self._arm()
        elif self._loop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._arm, context=self._surroundings)
            except RuntimeError:  # the loop ended between the look and the call; nobody draws any more
                self.bridge.heard.clear()

    def _arm(self) -> None:
        if not self._running:
            return
        if self._flushing and not self.bridge.urgent:
            return
        wait = 0.0 if self.bridge.urgent else self._flushed + _TOGETHER - time.monotonic()
        if wait <= 0:
            self.flush()
        else:
            self._flushing = True
            self.set_timer(wait, self.flush)

    def flush(self) -> None:
        """Lets the store take in what was heard, and the screens show what changed."""
        self._flushing, self._flushed = False, time.monotonic()
        changed: set[str] = set()
        self.bridge.urgent = False
        while self.bridge.heard:
            changed |= self.store.reduce(self.bridge.heard.popleft())
        if changed:
            self.show_changes(frozenset(changed))
            if self.state.known and not gc.isenabled():
                self.call_after_refresh(_tidy)

    def show_changes(self, names: Changed) -> None:
        """Tells every screen what changed."""
        for screen in self.screen_stack:
            if isinstance(screen, Room) and screen.is_mounted:
                screen.store_changed(names)
                screen.refresh_frame()

    def _tick(self) -> None:
        if self.app_focus or not self.state.live:
            for screen in self.screen_stack[-1:]:
                if isinstance(screen, Room):
                    screen.clock()
        if self.app_focus and self.state.live:
            self.run_worker(self._ask_state(), exclusive=True, group="state", exit_on_error=False)

    async def _ask_state(self) -> None:
        """Asks how the daemon is doing: its last look, its requests and what they cost come with no event."""
        with suppress(FlowsyncError, OSError):  # whether it answers at all is the bridge's to tell
            self.hear({"kind": "state", "state": await self.ask("state")})

    # what is asked and told

    async def ask(self, method: str, **params: Any) -> Any:
        """Asks the daemon; its errors are raised as FlowsyncError."""
        return await self.bridge.ask(method, params)

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


def _tidy() -> None:
    """Lets the garbage collector work again, but not on what is there to stay: its sweeps would be felt as hiccups."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def run(options: Options) -> int:
    """Runs a session and returns its exit code; a bug is raised once the terminal is the person's again."""
    app = FlowsyncApp(options)
    code = app.run(mouse=options.settings.mouse)
    if app.failure is not None:
        raise app.failure
    return code or 0
