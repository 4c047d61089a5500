"""Checks: what validation finds in a flow, where, and how to fix it."""

from collections.abc import Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import Static

from flowsync_tui.doing.copying import copy
from flowsync_tui.screens.flow_room import FlowRoom
from flowsync_tui.view.checks import Row, rows, summary
from flowsync_tui.view.compared import WORKTREE, name_of
from flowsync_tui.widgets.findings_list import FindingsList


class ChecksScreen(FlowRoom, screen="checks"):
    """The findings. ``given`` are those of a flow that is nowhere yet; then nothing is asked."""

    DEFAULT_CSS = """
    ChecksScreen FindingsList { height: 1fr; }
    ChecksScreen #fix { height: auto; min-height: 3; max-height: 8; padding: 0 1; border-top: solid $panel; }
    """

    def __init__(self, flow: str, at: str = WORKTREE, given: list[Row] | None = None) -> None:
        super().__init__(flow)
        self._at, self._given = at, given
        self._rows: list[Row] = []

    def body(self) -> Iterable[Widget]:
        """Lays out the screen."""
        yield Static("", id="about")
        yield FindingsList(id="findings")
        yield Static("", id="fix")

    def on_mount(self) -> None:
        """Fetches the findings."""
        super().on_mount()
        self._list.focus()
        self.do_checks_again()

    def flow_moved(self) -> None:
        """Validates once more."""
        self.load(self._fetch)

    @property
    def _list(self) -> FindingsList:
        return self.query_one(FindingsList)

    @property
    def row(self) -> Row | None:
        """The finding under the cursor."""
        return self._rows[self._list.index] if self._rows else None

    async def _fetch(self) -> None:
        if self._given is None:
            self._take(rows((await self.ask("findings", at=self._at))["findings"]), name_of(self._at))
        else:
            self._take(self._given, "the result of the merge")

    def _take(self, found: list[Row], where: str) -> None:
        self._rows = found
        self._list.take(found)
        self.about(f"{where}   {summary(found)}")
        self._tell()

    @on(FindingsList.Moved)
    def _tell(self) -> None:
        row = self.row
        lines = [f"{row.place}  {row.message}", f"Fix: {row.fix}" if row.fix else ""] if row else [""]
        self.say("#fix", "\n".join(lines))

    # -- Actions --------------------------------------------------------------------------------------------------

    def do_checks_again(self) -> None:
        """Validates once more."""
        self.about("validating …")
        self.load(self._fetch)

    @on(FindingsList.Opened)
    def _opened(self) -> None:
        self.ui.do("checks.edit")

    async def do_checks_edit(self) -> None:
        """Opens the person's editor at the place."""
        if self.row is None:
            self.ui.toast("nothing was found that could be edited")
        elif self._given is not None:
            self.ui.toast("the merge is not written yet: esc goes back to it")
        else:
            await self.edit_file(self.row.file, self.row.line)
            self.do_checks_again()

    async def do_checks_copy(self) -> None:
        """Copies the finding."""
        await copy(self.ui, self.row.text if self.row is not None else "")
