"""Source: one file of a flow, as it is on a side or at a commit."""

from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import Static

from flowsync_tui.doing.copying import copy
from flowsync_tui.screens.flow_room import FlowRoom
from flowsync_tui.view.compared import WORKTREE, name_of
from flowsync_tui.view.contents import content_of, decoded, is_binary, lines_of
from flowsync_tui.view.format import clean
from flowsync_tui.widgets.text_view import TextView


class SourceScreen(FlowRoom, screen="source"):
    """A file, from one of its lines on. ``given`` is a text that is nowhere yet; then nothing is asked."""

    DEFAULT_CSS = "SourceScreen TextView { height: 1fr; }"

    def __init__(self, flow: str, path: str, line: int = 1, at: str = WORKTREE, given: str | None = None) -> None:
        super().__init__(flow)
        self._path, self._line, self._at, self._given = path, line, at, given

    def body(self) -> Iterable[Widget]:
        """Lays out the screen."""
        yield Static("", id="about")
        yield TextView(id="source")

    def on_mount(self) -> None:
        """Fetches the file."""
        super().on_mount()
        self._view.focus()
        self.load(self._fetch)

    @property
    def _view(self) -> TextView:
        return self.query_one(TextView)

    async def _fetch(self) -> None:
        if self._given is not None:
            self.about(f"{clean(self._path)}   {self._at}, not written yet")
            self._view.take(lines_of(self._given), path=self._path)
            return
        said = await self.said(self._path, self._at)
        content = content_of(said)
        self.about(f"{clean(self._path)}   {name_of(self._at)}")
        if content is None:
            self._view.take(["too large to be shown here: e opens it" if said else f"there is no file {self._path}"])
        elif is_binary(content):
            self._view.take([f"no text: {len(content)} bytes"])
        else:
            self._view.take(lines_of(decoded(content)), self._line - 1, path=self._path)

    async def do_source_edit(self) -> None:
        """Opens the file in the person's editor."""
        if self._given is not None:
            self.ui.toast("this is not written yet: esc goes back to it")
            return
        await self.edit_file(self._path, self._view.line)
        self.load(self._fetch)

    async def do_source_copy(self) -> None:
        """Copies the text."""
        await copy(self.ui, self._view.text)
