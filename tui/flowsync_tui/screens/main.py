"""The main screen: flows, the flow under the cursor, and what flowsync did."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from textual import events
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from flowsync.errors import FlowsyncError
from flowsync_tui.screens.room import Room
from flowsync_tui.view import guards
from flowsync_tui.view.compared import LOCAL, WORKTREE
from flowsync_tui.view.format import clean, count, to_ascii
from flowsync_tui.view.listing import SORTS, listed
from flowsync_tui.view.state import Changed, Flow, Phase
from flowsync_tui.view.summary import overview
from flowsync_tui.widgets.activity import Activity, twin_of
from flowsync_tui.widgets.empty import nothing_here
from flowsync_tui.widgets.filter_line import FilterLine
from flowsync_tui.widgets.flow_list import FlowList
from flowsync_tui.widgets.lines import Lines
from flowsync_tui.widgets.virtual_list import VirtualList

_PANELS = ("flows", "detail", "activity")
_FOLLOW = 0.03  # seconds after which the panel follows the cursor
_REST = 0.15  # seconds that the cursor rests before the flow's files are asked for


class MainScreen(Room, screen="main"):
    """Three panels; one at a time where it is narrow."""

    AUTO_FOCUS = "#flows"

    def __init__(self) -> None:
        super().__init__()
        self.pattern = ""
        self.sort = SORTS[0]
        self._files: dict[str, tuple[Flow, Any]] = {}  # the row that they belong to, and the files
        self._rows: list[Flow] = []
        self._following: Timer | None = None
        self._looked = False
        self._written: dict[tuple[str | None, str], str] = {}
        self._listed: Mapping[int, tuple[str, str]] = {}  # the lines of the flow's panel that are about a file

    def body(self) -> Iterable[Widget]:
        """Returns the panels."""
        panels: list[Widget] = [FlowList(id="flows"), Lines(id="detail")]
        panels.insert(0 if self.ui.plain else 2, Activity(id="activity"))
        yield from panels
        yield FilterLine()

    # showing

    def store_changed(self, names: Changed) -> None:
        """Draws what changed."""
        if "link" in names and self.state.phase is Phase.ABSENT and not self.state.known and not self._looked:
            self._looked = True
            self.ui.begin(self._look())
        if names & {"flows", "link"}:
            self.list_flows()
        elif "running" in names:
            self.query_one(FlowList).refresh()
        if "activity" in names:
            self.query_one(Activity).take(self.state.activity)
            if self.ui.plain:
                self._title(self.query_one(Activity), "3", "Activity")
        if names & {"flows", "link", "daemon", "running"}:
            if "flows" in names:
                self._ask_soon()
            self.show_detail()

    async def _look(self) -> None:
        """Asks Git where the flows stand, as nobody else does without a daemon."""
        from flowsync_tui.doing.twins import answer

        told = await answer(self.ui, ["flowsync", "status"])
        if not self.state.known:
            self.ui.hear({"kind": "status", "status": told})

    def list_flows(self) -> None:
        """Lists the flows that match the filter, in order."""
        flows = self.query_one(FlowList)
        # a plain session is read line by line: rows do not jump about while it is open
        self._rows = listed(self.state, self.pattern, "name" if self.ui.plain else self.sort)
        nothing = () if self._rows else nothing_here(self.state, self.pattern)
        flows.take(self.state, self._rows, self.ui.now(), nothing)
        self._title(flows, "1", "Flows", self._listing())
        self._position()
        if not self._rows:
            self.show_detail()

    def _listing(self) -> str:
        marked = f" · {len(self.state.marked)} marked" if self.state.marked else ""
        by = "" if self.sort == SORTS[0] else f" · by {self.sort}"
        return (f" ── /{clean(self.pattern)}" if self.pattern else "") + by + marked

    def _title(self, widget: Widget, number: str, title: str, more: str = "") -> None:
        self._write(widget, "border_title", f"[{number}] {title}{more}")

    def _position(self) -> None:
        flows = self.query_one(FlowList)
        self._write(flows, "border_subtitle", f"{flows.index + 1} of {flows.count}" if flows.count else "")

    def _write(self, widget: Widget, place: str, text: str) -> None:
        """Writes into a panel's border, which draws the whole panel anew: only what is not there yet."""
        shown = to_ascii(text) if self.ui.ascii_only else text
        if self._written.get((widget.id, place)) != shown:
            self._written[widget.id, place] = shown
            setattr(widget, place, Content(shown))

    def show_detail(self) -> None:
        """Shows the flow under the cursor, or what to do where there is none."""
        detail, flow = self.query_one("#detail", Lines), self.query_one(FlowList).flow
        if flow is None:
            detail.take((), top=True)
            self._listed = {}
            self._title(detail, "2", "Flow")
            return
        _, files = self._files.get(flow.name, (flow, None))  # those of an older row stay until there are newer ones
        lines, self._listed = overview(self.state, flow, files, self.ui.now())
        detail.take(lines)
        self._title(detail, "2", clean(flow.name))

    def clock(self) -> None:
        """Draws what depends on the time."""
        super().clock()
        self.list_flows()

    def on_virtual_list_moved(self, event: VirtualList.Moved) -> None:
        """Follows the cursor: the panel beside it shows that flow."""
        flows = self.query_one(FlowList)
        if event.list is not flows:
            return
        name = flows.flow.name if flows.flow else ""
        self._position()
        if name != self.state.cursor:
            self.state.cursor = name
            if self._following is None:  # whoever holds a key down sees the list move, and the panel follow
                self._following = self.set_timer(_FOLLOW, self._follow)

    def _follow(self) -> None:
        """Shows the flow that the cursor is on by now."""
        self._following = None
        self.show_detail()
        self.refresh_hints()
        self._ask_soon()

    def _ask_soon(self) -> None:
        """Asks for the files of the flow that the cursor comes to rest on."""
        flow = self.state.flow
        if flow is not None and self.state.live and self._files.get(flow.name, (None,))[0] is not flow:
            self.set_timer(_REST, lambda: self._ask_files(flow) if flow is self.state.flow else None)

    def _ask_files(self, flow: Flow) -> None:
        async def ask() -> None:
            try:
                told = await self.ui.ask("files", flow=flow.name)
            except FlowsyncError:  # a flow that has gone, or a daemon that is older: the row's own words stay
                return
            self._files[flow.name] = (flow, told["files"])
            if flow.name == self.state.cursor:
                self.show_detail()

        work: Callable[[], Awaitable[None]] = ask  # made when it is started: one that is replaced before never begins
        self.run_worker(work, exclusive=True, group="files", exit_on_error=False)

    # panels

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        """Goes from the list to the flow, from that to a file's diff, and from a line of Activity to its words."""
        if event.list.id == "flows":
            self.do_panel_detail()
        elif event.list.id == "detail":
            self._open_file()
        elif event.list.id == "activity" and (entry := self.query_one(Activity).entry):
            self.ui.toast(f"{entry.flow}: {entry.text}" if entry.flow else entry.text, twin_of(entry))
            self.ui.do("copy.twin")

    def _open_file(self) -> None:
        """Shows what differs in the file under the cursor, or all of a file that is the same everywhere."""
        flow = self.state.cursor
        path, state = self._listed.get(self.query_one("#detail", Lines).line, ("", ""))
        if reason := guards.live(self.state):
            self.ui.toast(f"Open: {reason}")
        elif state == "same":
            from flowsync_tui.screens.source import SourceScreen

            self.ui.push_screen(SourceScreen(flow, path))
        else:
            from flowsync_tui.screens.diff import DiffScreen

            self.ui.push_screen(DiffScreen(flow, (LOCAL, WORKTREE) if state == "dirty" else None, path))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Shows the panel that has the focus where there is room for one."""
        for name in _PANELS:
            self.set_class(self.focused is not None and self.focused.id == name, f"-at-{name}")

    def _go(self, name: str) -> None:
        self.query_one(f"#{name}").focus()

    def do_panel_flows(self) -> None:
        """Goes to the list."""
        self._go("flows")

    def do_panel_detail(self) -> None:
        """Goes to the flow."""
        self._go("detail")

    def do_panel_activity(self) -> None:
        """Goes to Activity."""
        self._go("activity")

    def do_panel_next(self) -> None:
        """Goes to the panel after this one."""
        self._step(1)

    def do_panel_previous(self) -> None:
        """Goes to the panel before this one."""
        self._step(-1)

    def _step(self, by: int) -> None:
        at = _PANELS.index(self.focused.id) if self.focused and self.focused.id in _PANELS else 0
        self._go(_PANELS[(at + by) % len(_PANELS)])

    def do_list_right(self) -> None:
        """Goes to the panel on the right."""
        self.do_panel_detail()

    def do_list_left(self) -> None:
        """Goes to the list on the left."""
        self.do_panel_flows()

    def do_panel_zoom(self) -> None:
        """Gives the panel the whole screen, or takes that back."""
        self.toggle_class("-zoomed")

    # filter, order, marks

    def do_list_filter(self) -> None:
        """Opens the line that a filter is typed into."""
        self.query_one(FilterLine).open(self.pattern)

    def on_filter_line_changed(self, event: FilterLine.Changed) -> None:
        """Lists what matches while it is typed."""
        self.pattern = event.text
        self.list_flows()

    def on_filter_line_closed(self, event: FilterLine.Closed) -> None:
        """Goes back to the list."""
        self._go("flows")

    def do_list_sort(self) -> None:
        """Takes the next order."""
        self.sort = SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)]
        self.list_flows()
        self.ui.toast(f"sorted by {self.sort}")

    def do_flow_mark(self) -> None:
        """Marks the flow, or takes the mark back, and goes on to the next."""
        if name := self.state.cursor:
            self.state.marked ^= {name}
            self.list_flows()
            self.query_one(FlowList).do_list_down()
            self.refresh_frame()

    def do_flow_mark_all(self) -> None:
        """Marks all that is listed, or nothing if it all is marked."""
        listed_names = frozenset(flow.name for flow in self._rows)
        self.state.marked = frozenset() if listed_names <= self.state.marked else listed_names
        self.list_flows()
        self.refresh_frame()
        self.ui.toast(f"{count(len(self.state.marked), 'flow')} marked")

    def do_app_back(self) -> None:
        """Takes back one thing at a time: the zoom, the panel, the marks, the filter."""
        if self.has_class("-zoomed"):
            self.remove_class("-zoomed")
        elif self.focused is not None and self.focused.id != "flows":
            self._go("flows")
        elif self.state.marked:
            self.state.marked = frozenset()
            self.list_flows()
        elif self.pattern:
            self.pattern = ""
            self.list_flows()
        self.refresh_frame()
