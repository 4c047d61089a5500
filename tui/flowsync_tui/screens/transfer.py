"""ZIP archives, out and in: what would be written is listed before anything is."""

import asyncio
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from textual.widget import Widget

from flowsync_tui.doing.twins import answer, do
from flowsync_tui.doing.undoing import remember
from flowsync_tui.screens.room import Room
from flowsync_tui.view.action import argv, spoken
from flowsync_tui.view.format import clean, count
from flowsync_tui.widgets.drawn import Piece
from flowsync_tui.widgets.form import Field, Form
from flowsync_tui.widgets.lines import Lines
from flowsync_tui.widgets.virtual_list import VirtualList

_LOOKS = {"merged": "good", "landed": "good", "unchanged": "quiet", "conflict": "conflict", "held": "waits"}


class ExportScreen(Room, screen="export"):
    """Flows as archives: where to, whose side, and the list of what would be written."""

    AUTO_FOCUS = "#plan"
    DEFAULT_CSS = """
    ExportScreen #plan { height: 1fr; border: round $primary; border-title-color: $foreground; }
    """

    def __init__(self, flows: Sequence[str]) -> None:
        super().__init__()
        self._flows = tuple(flows)
        self._side = "local"
        self._folder = ""

    def body(self) -> Iterable[Widget]:
        """Returns the plan."""
        yield Lines(id="plan")

    def on_mount(self) -> None:
        """Shows the plan."""
        self._folder = str(_downloads() or self.ui.options.start)
        self.ui.begin(self._plan())

    @property
    def _words(self) -> list[str]:
        template = "flowsync export --from {side} -o {folder} {flows}"
        return argv(template, {"side": self._side, "folder": f"{self._folder}/", "flows": self._flows})

    async def _plan(self) -> None:
        lines = self.query_one(Lines)
        self.entitle(lines, f"Export {count(len(self._flows), 'flow')}")
        lines.take([((" Looking…", "quiet"),)])
        told = await answer(self.ui, self._words, ("--dry-run", "--json"))
        rows: list[Sequence[Piece]] = [
            ((" From  ", "quiet"), ("the branch" if self._side == "local" else "Studio, as last seen", "strong")),
            ((" Into  ", "quiet"), (clean(self._folder), "strong")),
            ((" ", "plain"),),
        ]
        for one in told["exports"]:
            size = f"{count(one['files'], 'file')}, {one['size']:,} B"
            rows.append(((" + ", "good"), (clean(Path(one["file"]).name), "plain"), (f"  {size}", "quiet")))
        for one in told["problems"]:
            rows.append(((" ✗ ", "bad"), (clean(one["flow"]), "plain"), (f"  {clean(one['hold']['reason'])}", "waits")))
        rows += [((" ", "plain"),), ((f" $ {clean(spoken(self._words))}", "quiet"),)]
        if self.is_mounted:
            lines.take(rows, top=True)

    def do_export_side(self) -> None:
        """Takes the other side's files."""
        self._side = "studio" if self._side == "local" else "local"
        self.ui.begin(self._plan())

    async def do_export_folder(self) -> None:
        """Lets another folder be typed."""
        told = await self.ui.push_screen_wait(
            Form("Export into", [Field("folder", "Folder", self._folder, needed=True)])
        )
        if told:
            self._folder = str(Path(told["folder"]).expanduser())
            await self._plan()

    async def do_export_write(self) -> None:
        """Writes the archives."""
        done = await do(self.ui, self._words, self._flows[0] if len(self._flows) == 1 else "")
        if not done.failed:
            self.ui.toast(f"{count(len(self._flows), 'archive')} in {self._folder}")
            self.ui.pop_screen()


class Files(VirtualList):
    """The folders and archives in a folder."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.entries: list[tuple[str, bool, int]] = []  # name, whether it is a folder, size

    def pieces(self, index: int, width: int) -> Sequence[Piece]:
        """Returns an entry's row."""
        name, folder, size = self.entries[index]
        if folder:
            return ((f" {clean(name)}/", "here"),)
        return ((f" {clean(name)}", "plain"), (f"  {size:,} B", "quiet"))


class ImportScreen(Room, screen="import"):
    """An archive, chosen from a folder; what it would change; then, after a question, the import."""

    AUTO_FOCUS = "#files"
    DEFAULT_CSS = """
    ImportScreen #plan, ImportScreen #files {
        height: 1fr; border: round $foreground 35%; border-title-color: $foreground; }
    ImportScreen #plan:focus, ImportScreen #files:focus { border: round $primary; }
    """

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self._folder = folder
        self._archive: Path | None = None
        self._plan: Mapping[str, Any] | None = None
        self._said: list[str] = []  # the command line that the plan is of
        self._ways: dict[int, list[str]] = {}  # rows of the plan that offer another command line

    def body(self) -> Iterable[Widget]:
        """Returns the files, and the plan below them."""
        yield Files(id="files")
        yield Lines(id="plan")

    def on_mount(self) -> None:
        """Begins where downloads usually lie."""
        start = self._folder or _downloads() or self.ui.options.start
        self.query_one(Lines).take([((" Enter on an archive shows what it would change.", "quiet"),)])
        self.entitle(self.query_one(Lines), "Plan")
        self.ui.begin(self._open(start.absolute()))

    async def _open(self, folder: Path) -> None:
        found = await asyncio.to_thread(_listed, folder)
        files = self.query_one(Files)
        self._folder, files.entries = folder, [("..", True, 0), *found]
        self.entitle(files, f"Import: {clean(str(folder))}")
        files.show(len(files.entries), 0)

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        """Opens a folder, or looks into an archive; on the plan, goes the way that is offered, or imports it."""
        if event.list.id == "plan":
            if event.index in self._ways and self._archive is not None:
                self.ui.begin(self._look(self._archive, self._ways[event.index]))
            else:
                self.ui.do("import.do")
            return
        name, folder, _ = self.query_one(Files).entries[event.index]
        here = self._folder or Path.home()
        chosen = here.parent if name == ".." else here / name
        self.ui.begin(self._open(chosen) if folder else self._look(chosen))

    async def _look(self, archive: Path, words: list[str] | None = None) -> None:
        lines = self.query_one(Lines)
        self._archive, self._plan, self._ways = archive, None, {}
        self._said = words or argv("flowsync import {archive}", {"archive": str(archive)})
        self.entitle(lines, f"Plan: {clean(archive.name)}")
        lines.take([((" Looking into it…", "quiet"),)])
        self._plan = await answer(self.ui, self._words(), ("--dry-run", "--json"))
        rows: list[Sequence[Piece]] = []
        for result in self._plan["results"]:
            rows += _drawn(result)
            for way in result.get("choices") or ():
                self._ways[len(rows)] = shlex.split(way["command"])
                rows.append(((f"   > {clean(way['command'])}", "key"), (f"   {clean(way['meaning'])}", "quiet")))
        rows += [((" ", "plain"),), ((f" $ {clean(spoken(self._words()))}", "quiet"),)]
        if self.is_mounted:
            lines.take(rows, top=True)
            lines.focus()

    def _words(self) -> list[str]:
        return self._said

    async def do_import_do(self) -> None:
        """Imports what the plan shows, if that is meant."""
        if self._archive is None or self._plan is None:
            self.ui.toast("choose an archive first")
            return
        results = self._plan["results"]
        paths = [f"  {path}" for result in results for path in result["paths"]]
        if held := next((result["hold"] for result in results if result["hold"]), None):
            self.ui.toast(held["reason"], held["hint"] or "choose a way to go on in the plan", bad=True)
            return
        if not paths:
            self.ui.toast("the branch holds exactly this already: nothing to import")
            return
        lines = [f"{', '.join(result['flow'] for result in results)}: files that change", *paths[:8], "",
                 f"$ {spoken(self._words())}", "It becomes a commit; z takes it back."]  # fmt: skip
        if await self.ui.sure(f"Import {self._archive.name}?", lines, "Import"):
            done = await do(self.ui, self._words(), results[0]["flow"], "imported", ("--json",))
            remember(self.ui, (done.json or {}).get("results", ()))
            if not done.failed:
                self.ui.pop_screen()


def _downloads() -> Path | None:
    """Returns where browsers put what they download, if that is known."""
    folder = Path.home() / "Downloads"
    return folder if folder.is_dir() else None


def _listed(folder: Path) -> list[tuple[str, bool, int]]:
    """Returns a folder's folders and archives, folders first; what cannot be read is left out."""
    found: list[tuple[str, bool, int]] = []
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name.casefold())
    except OSError:
        return []
    for entry in entries:
        try:
            if entry.is_dir() and not entry.name.startswith("."):
                found.append((entry.name, True, 0))
            elif entry.suffix.lower() == ".zip" and entry.is_file():
                found.append((entry.name, False, entry.stat().st_size))
        except OSError:
            continue  # it went, or is nobody's to see
    return sorted(found, key=lambda one: not one[1])


def _drawn(result: Mapping[str, Any]) -> list[Sequence[Piece]]:
    did = str(result["did"])
    rows: list[Sequence[Piece]] = [((f" {did:<10}", _LOOKS.get(did, "plain")), (clean(result["flow"]), "strong"))]
    rows += [((f"   ~ {clean(path)}", "plain"),) for path in result["paths"]]
    if result["hold"]:
        rows.append(((f"   {clean(result['hold']['reason'])}", "waits"),))
        if result["hold"]["hint"]:
            rows.append(((f"   {clean(result['hold']['hint'])}", "quiet"),))
    rows += [((f"   {clean(note)}", "quiet"),) for note in result.get("notes") or ()]
    return rows
