"""History: every version of a flow, of Studio and of the branch, to look at, to compare and to bring back."""

from collections.abc import Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import Static

from flowsync_tui.doing.copying import copy
from flowsync_tui.doing.restoring import restore
from flowsync_tui.screens.flow_room import FlowRoom
from flowsync_tui.view.format import count
from flowsync_tui.view.history import PAGE, Timeline, Version
from flowsync_tui.widgets.timeline import TimelineView


class HistoryScreen(FlowRoom, screen="history"):
    """The timeline."""

    DEFAULT_CSS = """
    HistoryScreen TimelineView { height: 1fr; }
    HistoryScreen #version { height: auto; min-height: 3; max-height: 6; padding: 0 1; border-top: solid $panel; }
    """

    def __init__(self, flow: str) -> None:
        super().__init__(flow)
        self.timeline = Timeline()

    def body(self) -> Iterable[Widget]:
        """Lays out the screen."""
        yield Static("", id="about")
        yield TimelineView(id="timeline")
        yield Static("", id="version")

    def on_mount(self) -> None:
        """Fetches the newest page."""
        super().on_mount()
        self._list.focus()
        self.about("looking …")
        self.load(self._fetch)

    def flow_moved(self) -> None:
        """Fetches what is new; the cursor stays on its version."""
        self.load(self._again)

    async def _again(self) -> None:
        fresh = Timeline(marked=self.timeline.marked)
        fresh.take(await self.ask("history", limit=PAGE))
        here, self.timeline = self.version, fresh
        self._list.take(fresh, self.ui.now(), here.commit if here else "")
        self._head()

    @property
    def _list(self) -> TimelineView:
        return self.query_one(TimelineView)

    @property
    def version(self) -> Version | None:
        """The version under the cursor."""
        index = self._list.index
        return self.timeline.versions[index] if 0 <= index < len(self.timeline.versions) else None

    async def _fetch(self) -> None:
        more = {"after": self.timeline.last} if self.timeline.versions else {}
        self.timeline.take(await self.ask("history", limit=PAGE, **more))
        self._list.take(self.timeline, self.ui.now())
        self._head()

    def _head(self) -> None:
        known = count(len(self.timeline.versions), "version") + (" and more" if self.timeline.more else "")
        marked = f"   marked {self.timeline.marked[:8]}: enter compares" if self.timeline.marked else ""
        self.about(known + marked)

    @on(TimelineView.Moved)
    def _moved(self) -> None:
        one = self.version
        if one is None and self.timeline.more and self.timeline.versions:
            self.load(self._fetch)
        lines = [f"{one.short}  {one.author}  {one.subject}", "  ".join(one.paths)] if one else [""]
        self.say("#version", "\n".join(lines))

    def _there(self, version: Version | None) -> Version | None:
        """Returns the version under the cursor; says so where there is none."""
        if version is None:
            self.ui.toast("there is no version under the cursor")
        return version

    # -- Actions --------------------------------------------------------------------------------------------------

    @on(TimelineView.Opened)
    def _opened(self) -> None:
        from flowsync_tui.screens.diff import DiffScreen

        if self.version is not None:
            self.ui.push_screen(DiffScreen(self.flow, self.timeline.pair(self._list.index)))

    def do_history_mark(self) -> None:
        """Marks the version, to compare it with another."""
        if self._there(self.version):
            self.timeline.mark(self._list.index)
            self._list.take(self.timeline, self.ui.now())
            self._head()

    async def do_history_restore(self) -> None:
        """Brings the flow back as it was."""
        if (one := self._there(self.version)) and await restore(self.ui, self.flow, one.commit):
            self.load(self._again)

    async def do_history_copy(self) -> None:
        """Copies the commit's id."""
        if one := self._there(self.version):
            await copy(self.ui, one.commit)

    def do_history_graph(self) -> None:
        """Shows the graph as it was."""
        from flowsync_tui.screens.graph import GraphScreen

        if one := self._there(self.version):
            self.ui.push_screen(GraphScreen(self.flow, ("", one.commit)))
