"""Runs: what a flow was run for in the cloud, from which commit, and what came of it."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from textual import on
from textual.widget import Widget
from textual.widgets import Static

from flowsync_tui.doing.copying import copy
from flowsync_tui.doing.editor import lend
from flowsync_tui.doing.twins import answer
from flowsync_tui.screens.flow_room import FlowRoom
from flowsync_tui.view.action import argv, spoken
from flowsync_tui.view.actions import by_id
from flowsync_tui.view.format import count
from flowsync_tui.view.runs import Run, about, runs
from flowsync_tui.widgets.run_list import RunList


class RunsScreen(FlowRoom, screen="runs"):
    """The runs that flowsync submitted of a flow, everybody's."""

    DEFAULT_CSS = """
    RunsScreen RunList { height: 1fr; }
    RunsScreen #run { height: auto; min-height: 3; max-height: 8; padding: 0 1; border-top: solid $panel; }
    """

    def __init__(self, flow: str) -> None:
        super().__init__(flow)
        self._metrics: dict[str, Mapping[str, Any]] = {}

    def body(self) -> Iterable[Widget]:
        """Lays out the screen."""
        yield Static("", id="about")
        yield RunList(id="runs")
        yield Static("", id="run")

    def on_mount(self) -> None:
        """Asks for the runs."""
        super().on_mount()
        self._list.focus()
        self.do_runs_again()

    @property
    def _list(self) -> RunList:
        return self.query_one(RunList)

    async def _fetch(self) -> None:
        said = await answer(self.ui, argv(by_id()["flow.runs"].twin, {"flow": self.flow}), ("--json",))
        found = runs(said)
        self._metrics.clear()
        self._list.take(found, self.ui.now())
        self.about(count(len(found), "run") if found else "no run yet: flowsync run submit FILE starts one")
        self._tell()

    @on(RunList.Moved)
    def _tell(self) -> None:
        run = self._list.run
        self.say("#run", "\n".join(about(run, self._metrics.get(run.name)) if run else [""]))

    def _here(self) -> Run | None:
        """Returns the run under the cursor; says so where there is none."""
        if self._list.run is None:
            self.ui.toast("there is no run under the cursor")
        return self._list.run

    # -- Actions --------------------------------------------------------------------------------------------------

    def do_runs_again(self) -> None:
        """Asks for the runs once more."""
        self.about("asking Studio …")
        self.load(self._fetch)

    @on(RunList.Opened)
    def _opened(self) -> None:
        self.ui.do("runs.metrics")

    def do_runs_metrics(self) -> None:
        """Asks for what the run measured."""
        if run := self._here():
            self.ui.toast(f"asking for the metrics of {run.name} …")
            self.load(lambda: self._measure(run), "metrics")

    async def _measure(self, run: Run) -> None:
        said = await answer(self.ui, argv(by_id()["runs.metrics"].twin, {"run": run.name}))
        self._metrics[run.name] = said["metrics"].get(run.name) or {}
        self._tell()

    async def do_runs_stream(self) -> None:
        """Follows the run's log on the terminal, until it is over or Ctrl+C."""
        if (run := self._here()) is None:
            return
        words = argv(by_id()["runs.stream"].twin, {"run": run.name})
        if await lend(self.ui, [sys.executable, "-P", "-m", *words], self.ui.bridge.root, stay=True) is None:
            self.ui.toast("this terminal cannot be lent out; type:", spoken(words))
        else:
            self.do_runs_again()

    async def do_runs_copy(self) -> None:
        """Copies the run's name."""
        if run := self._here():
            await copy(self.ui, run.name)

    async def do_runs_page(self) -> None:
        """Copies the run's address in Studio."""
        if run := self._here():
            await copy(self.ui, run.url)
