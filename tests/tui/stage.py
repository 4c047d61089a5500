"""A stage for the app: a repository with a fake daemon, a terminal of a size, keys, and what is on the screen.

def test_it(stage: Stage) -> None:
    async def scenario(on: Acting) -> None:
        await on.until(lambda: "chat" in on.text)
        await on.press("s")
    stage.play(scenario)
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from daemon_process import PATIENCE, holds
from flowsync_tui.app import FlowsyncApp
from flowsync_tui.options import Options
from flowsync_tui.screens.main import MainScreen
from flowsync_tui.settings import Settings

from .fake_daemon import NOW, FakeDaemon

WIDE, NARROW = (120, 36), (80, 24)


class Acting:
    """The running app, as a person has it before them."""

    def __init__(self, app: FlowsyncApp, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        """What the screen shows, line by line."""
        return dump(self.app)

    @property
    def main(self) -> MainScreen:
        return next(screen for screen in self.app.screen_stack if isinstance(screen, MainScreen))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, condition: Callable[[], Any], what: str = "", patience: float = PATIENCE) -> Any:
        deadline = time.monotonic() + patience
        while not (found := holds(condition)):
            assert time.monotonic() < deadline, f"did not come to pass: {what or condition}\n{self.text}"
            await self.pilot.pause(0.01)
        return found

    async def shows(self, *words: str) -> None:
        for word in words:
            await self.until(lambda word=word: word in self.text, f"{word!r} on the screen")  # type: ignore[misc]

    async def settled(self) -> None:
        """Waits until the flows are listed and the cursor's flow is shown."""
        await self.until(lambda: self.app.state.live and self.app.state.known, "the daemon's answer")
        await self.until(lambda: not self.app._flushing and not self.app.bridge.heard, "what was heard to be shown")
        await self.pilot.pause()


Scenario = Callable[[Acting], Awaitable[None]]


class Stage:
    """Where scenarios are played."""

    def __init__(self, root: Path, daemon: FakeDaemon | None = None) -> None:
        self.root = root
        self.daemon = daemon

    def play(self, scenario: Scenario, size: tuple[int, int] = WIDE, **options: Any) -> FlowsyncApp:
        settings = options.pop("settings", Settings())
        app = FlowsyncApp(Options(self.root, settings, clock=lambda: NOW, **options))

        async def run() -> None:
            async with app.run_test(size=size, notifications=True) as pilot:
                await scenario(Acting(app, pilot))

        asyncio.run(run())
        return app


def dump(app: FlowsyncApp) -> str:
    """Returns what the screen shows as plain text, without blanks at the ends of lines."""
    lines = ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]
    return "\n".join(line.rstrip() for line in lines)
