"""Graph: a flow's nodes and what they use, with changes and findings marked; each leads to its source."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from textual import on
from textual.widget import Widget
from textual.widgets import Static

from flowsync.errors import FlowsyncError
from flowsync_tui.doing.copying import copy
from flowsync_tui.screens.flow_room import FlowRoom
from flowsync_tui.view import compared
from flowsync_tui.view.compared import LOCAL, WORKTREE, Pair
from flowsync_tui.view.graph import FlowGraph, definition_of, flow_graph
from flowsync_tui.widgets.dag_view import DagView

SAID = 5  # lines about a node


class GraphScreen(FlowRoom, screen="graph"):
    """The graph. ``pair`` is what to mark the changes between; ("", side) marks none."""

    DEFAULT_CSS = """
    GraphScreen DagView { height: 1fr; padding: 0 1; }
    GraphScreen #node { height: auto; max-height: 6; padding: 0 1; border-top: solid $panel; }
    """

    def __init__(self, flow: str, pair: Pair | None = None) -> None:
        super().__init__(flow)
        self._own = pair
        self.pair: Pair = pair or ("", WORKTREE)
        self._pairs: Sequence[Pair] = (self.pair,)
        self._definition = ""

    def body(self) -> Iterable[Widget]:
        """Lays out the screen."""
        yield Static("", id="about")
        yield DagView(id="graph")
        yield Static("", id="node")

    def on_mount(self) -> None:
        """Fetches the graph."""
        super().on_mount()
        self._dag.focus()
        self.about("looking …")
        self.load(lambda: self._fetch(first=True))

    def flow_moved(self) -> None:
        """Draws the graph anew; the selected node stays so."""
        self.load(self._fetch)

    @property
    def _dag(self) -> DagView:
        return self.query_one(DagView)

    async def _fetch(self, first: bool = False) -> None:
        files = (await self.ask("files"))["files"]
        if first:
            self._definition = definition_of(str(file["path"]) for file in files)
            self._pairs = compared.graph_pairs(files, self._definition)
            self.pair = self._own or self._pairs[0]
        before, after = await asyncio.gather(*(self.content(self._definition, side) for side in self.pair))
        changed = compared.changed(files, self.pair) if self.pair[0] else ()
        model = await asyncio.to_thread(flow_graph, self._definition, after, before, changed)
        if self.pair[1] in (LOCAL, WORKTREE):  # what was found before is shown until it is found anew
            model.findings.update(self._dag.model.findings)
        self._dag.show(model)
        self._head(model)
        before_them = dict(model.findings)
        model.take(await self._found())  # validation takes longer than drawing
        if model.findings != before_them:
            self._dag.mark()
            self._selected()

    async def _found(self) -> Sequence[Any]:
        """Returns what validation finds, where that is about what is shown."""
        if self.pair[1] not in (LOCAL, WORKTREE):
            return ()
        try:
            return list((await self.ask("findings", at=self.pair[1]))["findings"])
        except FlowsyncError as error:  # a graph without findings is better than none
            self.ui.toast(error.message, error.hint)
            return ()

    def _head(self, model: FlowGraph) -> None:
        said = [compared.title(self.pair) if self.pair[0] else compared.name_of(self.pair[1])]
        if model.note:
            said.append(model.note)
        else:
            count = sum(not key.startswith("$") for key in model.order)
            said.append(f"{count} node{'' if count == 1 else 's'}")
            marked = [box.badge for box in model.graph.boxes if box.badge]
            said += [f"{badge} {marked.count(badge)}" for badge in ("+", "−", "~", "!") if badge in marked]
        self.about("   ".join(said))

    @on(DagView.Selected)
    def _selected(self) -> None:
        lines = self._dag.model.about(self._dag.selected)
        if len(lines) > SAID:
            lines = [*lines[: SAID - 1], f"… {len(lines) - SAID + 1} more"]
        self.say("#node", "\n".join(lines))

    # -- Actions --------------------------------------------------------------------------------------------------

    @on(DagView.Opened)
    def _opened(self) -> None:
        from flowsync_tui.screens.source import SourceScreen

        path, line = self._dag.model.source(self._dag.selected)
        if path:
            self.ui.push_screen(SourceScreen(self.flow, path, line, self.pair[1]))

    async def do_graph_edit(self) -> None:
        """Opens the node's source in the person's editor."""
        path, line = self._dag.model.source(self._dag.selected)
        await self.edit_file(path or self._definition, line)
        self.load(self._fetch)

    def do_graph_rail(self) -> None:
        """Changes between the drawing and the rail."""
        if not self._dag.model.can_be_drawn:
            self.ui.toast("this graph cannot be drawn: it is listed")
        self._dag.rail = not self._dag.is_rail

    def do_graph_sides(self) -> None:
        """Marks what changed between another two sides."""
        self.pair = compared.after(self.pair, self._pairs)
        self.load(self._fetch)

    def do_graph_checks(self) -> None:
        """Shows the findings."""
        from flowsync_tui.screens.checks import ChecksScreen

        self.ui.push_screen(ChecksScreen(self.flow))

    async def do_graph_copy(self) -> None:
        """Copies the graph as text."""
        await copy(self.ui, self._dag.text)
