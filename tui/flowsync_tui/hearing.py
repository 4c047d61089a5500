"""What an app hears: events of the bridge and its own go into the state, and the screens show what changed."""

import contextvars
import threading
import time
from contextlib import suppress
from typing import Any

from textual.app import App

from flowsync.errors import FlowsyncError
from flowsync_tui.bridge import Bridge
from flowsync_tui.options import Options
from flowsync_tui.screens.room import Room
from flowsync_tui.view.state import Changed, Event, State
from flowsync_tui.view.store import Store
from flowsync_tui.warming import warm

TOGETHER = 0.1  # seconds in which changes are drawn once
_SOON = 3.0  # seconds in which the flows are usually on the screen
_CLOCK = 5.0  # seconds between looks at the clock: ages, and how long the daemon has been away


class Hearing(App[int]):
    """An app with a state that follows the daemon."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.store = Store(State(read_only=options.read_only or options.settings.read_only))
        self.bridge = options.bridge or Bridge(options.start, options.clock)
        self._loop_thread = 0
        self._surroundings: contextvars.Context | None = None  # of the app, for timers set on a thread's behalf
        self._flushing = False
        self._flushed = 0.0
        self._warmed = False

    def listen(self) -> None:
        """Begins to listen, from the app's own thread."""
        self._loop_thread, self._surroundings = threading.get_ident(), contextvars.copy_context()
        self.set_interval(_CLOCK, self._tick)
        self.bridge.start()
        self.bridge.attach(self._woken)
        self.set_timer(_SOON, self._warm)

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
        wait = 0.0 if self.bridge.urgent else self._flushed + TOGETHER - time.monotonic()
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
            if self.state.known and not self._warmed:
                self.call_after_refresh(self._warm)

    def _warm(self) -> None:
        """Gets ready for what keys open, once the flows are on the screen."""
        if not self._warmed:
            self._warmed = True
            warm()

    def show_changes(self, names: Changed) -> None:
        """Tells every screen what changed."""
        for screen in self.screen_stack:
            if isinstance(screen, Room) and screen.is_mounted:
                screen.store_changed(names)
                screen.refresh_frame()

    def _tick(self) -> None:
        if self.app_focus or not self.state.live:
            for screen in self.screen_stack[-1:]:
                if isinstance(screen, Room) and screen.is_mounted:
                    screen.clock()
        if self.app_focus and self.state.live:
            self.run_worker(self._ask_state(), exclusive=True, group="state", exit_on_error=False)

    async def _ask_state(self) -> None:
        """Asks how the daemon is doing: its last look, its requests and what they cost come with no event."""
        with suppress(FlowsyncError, OSError):  # whether it answers at all is the bridge's to tell
            self.hear({"kind": "state", "state": await self.ask("state")})

    async def ask(self, method: str, **params: Any) -> Any:
        """Asks the daemon; its errors are raised as FlowsyncError."""
        return await self.bridge.ask(method, params)
