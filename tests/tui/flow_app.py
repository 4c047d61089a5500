"""Drives the app's screens about one flow against a fake daemon: real socket, real client, real keys.

async def work(stage: FlowStage) -> None: ...
on_stage(work, answers, size=WIDE)
"""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from flowsync_tui.app import FlowsyncApp
from flowsync_tui.options import Options

from .fake_daemon import NOW, FakeDaemon, row
from .flow_answers import FlowAnswers
from .stage import WIDE, Acting

SCREENS = Path(__file__).parent / "screens"


class FlowStage(Acting):
    """A running app that is live on one flow."""

    def __init__(self, app: FlowsyncApp, pilot: Pilot[Any], daemon: Any, root: Path) -> None:
        super().__init__(app, pilot)
        self.daemon, self.root = daemon, root
        self.copied: list[str] = []
        app.copy_to_clipboard = self.copied.append  # type: ignore[method-assign]  # what the terminal would be sent

    @property
    def screen(self) -> Any:
        return self.app.screen

    async def press(self, *keys: str, sees: str = "") -> None:
        """Presses keys; with ``sees``, waits until that is on the screen."""
        await self.pilot.press(*keys)
        await self.pilot.pause()
        if sees:
            await self.sees(sees)

    async def sees(self, text: str) -> None:
        """Waits until a text is on the screen."""
        await self.shows(text)
        await self.pilot.pause()

    async def open(self, screen: Any, sees: str) -> None:
        """Goes to a screen and waits until it shows something."""
        self.app.push_screen(screen)
        await self.sees(sees)

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def toasts(self) -> str:
        return "\n".join(str(one.message) for one in self.app._notifications)

    def snapshot(self, name: str) -> None:
        """Compares the screen, without its frame, with ``screens/NAME.txt``; FLOWSYNC_SCREENS=write takes it over."""
        file = SCREENS / f"{name}.txt"
        seen = "\n".join(self.lines[1:-1]) + "\n"
        if os.environ.get("FLOWSYNC_SCREENS") == "write":
            file.write_text(seen, encoding="utf-8")
        assert seen == file.read_text(encoding="utf-8")


def on_stage(
    work: Callable[[FlowStage], Awaitable[None]],
    answers: FlowAnswers,
    size: tuple[int, int] = WIDE,
    state: str = "conflict",
    **options: Any,
) -> None:
    """Runs a test on the app, live on a flow that the daemon answers about."""
    with tempfile.TemporaryDirectory(prefix="fs") as folder:
        root = Path(folder).resolve()
        subprocess.run(["git", "init", "--quiet", str(root)], check=True)
        (root / ".flowsync.yaml").write_text("version: 1\n")
        place = root / "flows" / answers.flow
        for path, content in answers.sides["worktree"].items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_bytes(content)
        with FakeDaemon(root, [row(answers.flow, state)]) as daemon:
            daemon.answers.update(answers.table)
            app = FlowsyncApp(Options(root, clock=lambda: NOW, **options))
            asyncio.run(_run(work, app, daemon, root, size))


async def _run(
    work: Callable[[FlowStage], Awaitable[None]],
    app: FlowsyncApp,
    daemon: FakeDaemon,
    root: Path,
    size: tuple[int, int],
) -> None:
    async with app.run_test(size=size, notifications=True) as pilot:
        stage = FlowStage(app, pilot, daemon, root)
        await stage.settled()
        await work(stage)
