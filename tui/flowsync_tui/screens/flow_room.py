"""What the screens about one flow have in common: a line that says what is shown, loading, the person's editor."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from textual.content import Content
from textual.widgets import Static

from flowsync.errors import UsageError
from flowsync_tui.doing.editor import command_for, lend
from flowsync_tui.screens.room import Room
from flowsync_tui.view.contents import content_of, harmless
from flowsync_tui.view.format import clean, to_ascii
from flowsync_tui.view.state import Changed
from flowsync_tui.widgets.virtual_list import VirtualList


class FlowRoom(Room):
    """A screen about one flow."""

    DEFAULT_CSS = """
    FlowRoom > #about { height: auto; max-height: 2; padding: 0 1; background: $panel; text-style: bold; }
    """

    def __init__(self, flow: str) -> None:
        super().__init__()
        self.flow = flow
        self._seen: tuple[object, ...] = ()
        self._said: dict[str, str] = {}

    def on_mount(self) -> None:
        """Remembers where the flow stands now."""
        self._seen = self._standing()
        super().on_mount()

    def store_changed(self, names: Changed) -> None:
        """Notices when the flow has moved."""
        if "flows" in names and self._standing() != self._seen:
            self._seen = self._standing()
            self.flow_moved()

    def on_virtual_list_moved(self, event: VirtualList.Moved) -> None:
        """Offers what can be done with what is selected now."""
        self.refresh_hints()

    def flow_moved(self) -> None:
        """Looks again: one of the flow's sides has moved, or its worktree has."""

    def _standing(self) -> tuple[object, ...]:
        flow = self.state.flows.get(self.flow)
        return (flow.row["local"], flow.row["studio"]) if flow else ()

    def about(self, text: str) -> None:
        """Says in the line on top what is shown."""
        self.say("#about", f"{self.flow}   {text}".rstrip())

    def say(self, where: str, text: str) -> None:
        """Writes a text, harmless, into one of the screen's lines."""
        if self._said.get(where) == text:
            return  # a line that is written anew is laid out anew, and the screen with it
        self._said[where] = text
        shown = "\n".join(clean(line) for line in text.split("\n"))
        self.query_one(where, Static).update(Content(to_ascii(shown) if self.ui.ascii_only else shown))

    def load(self, work: Callable[[], Awaitable[Any]], group: str = "load") -> None:
        """Lets something be fetched; the same asked again replaces it. A failure is told."""

        async def guarded() -> None:
            try:
                await work()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self.ui.complain(error, self.flow)

        # the function, not what it returns: a coroutine that is cancelled before it begins would never be awaited
        self.run_worker(guarded, exclusive=True, group=group, exit_on_error=False)  # type: ignore[arg-type]

    async def ask(self, method: str, **params: Any) -> Any:
        """Asks the daemon about the flow."""
        return await self.ui.ask(method, flow=self.flow, **params)

    async def said(self, path: str, at: str) -> Mapping[str, Any] | None:
        """Returns what the daemon says a file holds on a side or at a commit."""
        found: Mapping[str, Any] | None = await self.ask("content", path=path, at=at)
        return found

    async def content(self, path: str, at: str) -> bytes | None:
        """Returns a file's bytes; None if there is no such file, or it is too large to be shown."""
        return content_of(await self.said(path, at)) if at and path else None

    # -- The person's editor --------------------------------------------------------------------------------------

    async def edit_file(self, path: str, line: int = 1) -> None:
        """Opens a file of the worktree at a line; without an editor, in the app."""
        folder = (await self.ask("files"))["folder"]
        place = self.ui.bridge.root / folder / path
        if not place.is_file():
            raise UsageError(f"{path} is not in the worktree", f"flowsync pull {self.flow}")
        if await self.lend(command_for(place, line)):
            return
        before = await asyncio.to_thread(place.read_bytes)
        written = await self._edit_here(before.decode("utf-8", "surrogateescape"), path, line)
        if written is not None:
            await asyncio.to_thread(_replace, place, written.encode("utf-8", "surrogateescape"), before)

    async def edit_text(self, text: str, name: str) -> str | None:
        """Lets the person change a text; returns None if it was left as it was."""
        with TemporaryDirectory(prefix="flowsync-") as folder:
            place = Path(folder, Path(name).name or "text")
            place.write_bytes(text.encode("utf-8", "surrogateescape"))
            if not await self.lend(command_for(place)):
                return await self._edit_here(text, name, 1)
            written = place.read_bytes().decode("utf-8", "surrogateescape")
        return None if written == text else written

    async def lend(self, words: list[str], folder: Path | None = None) -> bool:
        """Gives the terminal to a command until it ends; returns False where that is not possible."""
        return await lend(self.ui, words, folder or self.ui.bridge.root) is not None

    async def _edit_here(self, text: str, name: str, line: int) -> str | None:
        from flowsync_tui.screens.editor import Editor

        if not harmless(text):
            raise UsageError(f"{name} holds invisible characters, which only a real editor shows", "export EDITOR=…")
        written = await self.ui.push_screen_wait(Editor(text, name, line))
        return None if written == text else written


def _replace(place: Path, content: bytes, before: bytes) -> None:
    """Writes a file that nobody has changed meanwhile."""
    if place.read_bytes() != before:
        raise UsageError(f"{place.name} was changed by another program meanwhile; nothing was written")
    temporary = place.with_name(f".{place.name}.flowsync")
    temporary.write_bytes(content)
    temporary.chmod(place.stat().st_mode & 0o777)
    temporary.replace(place)
