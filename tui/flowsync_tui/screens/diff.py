"""Diff: the files that differ between two sides or commits, and the one under the cursor line by line."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from textual import on
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from flowsync.core.flow import kind_of
from flowsync.core.semantic import semantic_diff
from flowsync_tui.doing.copying import copy
from flowsync_tui.screens.flow_room import FlowRoom
from flowsync_tui.view import compared
from flowsync_tui.view.compared import Change, Pair
from flowsync_tui.view.contents import content_of, decoded, is_binary
from flowsync_tui.view.diff import CONTEXTS, Texts, texts
from flowsync_tui.widgets.diff_view import SPLIT_FROM, DiffView
from flowsync_tui.widgets.file_list import FileList

NO_FILE = "no file differs here: b compares another two"
SENTENCES = 4  # what changed in the words of flows; more are counted


class DiffScreen(FlowRoom, screen="diff"):
    """What differs."""

    DEFAULT_CSS = """
    DiffScreen #panes { height: 1fr; }
    DiffScreen #files { width: 30; height: 1fr; border-right: solid $panel; }
    DiffScreen #right { width: 1fr; }
    DiffScreen #semantic { height: auto; max-height: 6; padding: 0 1; color: $text-accent; display: none; }
    DiffScreen #semantic.-said { display: block; }
    DiffScreen DiffView { height: 1fr; }
    DiffScreen.-narrow #panes { layout: vertical; }
    DiffScreen.-narrow #files { width: 1fr; height: 4; border-right: none; border-bottom: solid $panel; }
    DiffScreen.-narrow #right { height: 1fr; }
    """

    def __init__(self, flow: str, pair: Pair | None = None, path: str = "") -> None:
        super().__init__(flow)
        self._own, self._wanted = pair, path
        self.pair: Pair = pair or compared.PAIRS[0]
        self._pairs: Sequence[Pair] = (self.pair,)
        self._changes: list[Change] = []
        self._semantic: list[str] = []
        self._whitespace = True
        self._raw: tuple[bytes | None, bytes | None] = (None, None)
        self._too_large = False

    def body(self) -> Iterable[Widget]:
        """Lays out the screen."""
        yield Static("", id="about")
        diff = DiffView(id="diff")
        yield Horizontal(FileList(id="files"), Vertical(Static("", id="semantic"), diff, id="right"), id="panes")

    def on_mount(self) -> None:
        """Fetches what differs."""
        super().on_mount()
        self._diff.focus()
        self.about("looking …")
        self.load(lambda: self._compare(first=True))

    def flow_moved(self) -> None:
        """Compares anew; the file that is read stays, and stays where it is unless it has changed."""
        self.load(self._compare)

    @property
    def _diff(self) -> DiffView:
        return self.query_one("#diff", DiffView)

    @property
    def _files(self) -> FileList:
        return self.query_one("#files", FileList)

    @property
    def change(self) -> Change | None:
        """The file under the cursor."""
        index = self._files.index
        return self._changes[index] if 0 <= index < len(self._changes) else None

    # -- Loading --------------------------------------------------------------------------------------------------

    async def _compare(self, first: bool = False) -> None:
        if first:
            files = (await self.ask("files"))["files"]
            self._pairs = compared.pairs(files, self._own)
            self.pair = self._pairs[0]
        found = await self.ask("compare", before=self.pair[0], after=self.pair[1])
        if self.change is not None:  # where the cursor is by now: it may have moved meanwhile
            self._wanted = self.change.path
        self._changes = compared.changes(found)
        paths = [change.path for change in self._changes]
        self._files.take(self._changes, paths.index(self._wanted) if self._wanted in paths else 0)
        if not self._changes:
            self._show(texts("", ""), "the two are the same")

    @on(FileList.Moved)
    def _file_moved(self) -> None:
        if self.change is not None:
            self.load(partial(self._open, self.change), "file")

    async def _open(self, change: Change) -> None:
        self._wanted = change.path
        old, new = await asyncio.gather(self._side(change, 0), self._side(change, 1))
        if self.change != change:
            return  # the cursor has moved on
        self._too_large = any(one is not None and bool(one.get("too_large")) for one in (old, new))
        self._raw = content_of(old), content_of(new)
        await self._lay_out(change)

    async def _side(self, change: Change, number: int) -> Mapping[str, Any] | None:
        there = change.after if number else change.before
        return await self.said(change.path, self.pair[number]) if there else None

    async def _lay_out(self, change: Change) -> None:
        found = await asyncio.to_thread(self._compared)
        meaning = await asyncio.to_thread(self._meaning, change.path)
        if self.change == change:
            self._semantic = meaning
            self._show(found)

    def _compared(self) -> Texts:
        if self._too_large:
            return Texts((), (), (), "too large to be compared here: press e or |")
        if any(content is not None and is_binary(content) for content in self._raw):
            sizes = " → ".join("absent" if one is None else f"{len(one)} bytes" for one in self._raw)
            return Texts((), (), (), f"no text: {sizes}")
        old, new = (None if content is None else decoded(content) for content in self._raw)
        return texts(old, new, self._whitespace)

    def _meaning(self, path: str) -> list[str]:
        """Returns what changed in a definition, in the words of flows."""
        if kind_of(path) != "dag" or None in self._raw:
            return []
        return semantic_diff(*self._raw, [change.path for change in self._changes]).lines()

    def _show(self, found: Texts, note: str = "") -> None:
        if found != self._diff.texts or note:
            self._diff.show(found, note, self.change.path if self.change else "")
        said = self._semantic if self.change else []
        lines = said[:SENTENCES]
        if len(said) > SENTENCES:
            lines.append(f"… and {len(said) - SENTENCES} more")
        self.say("#semantic", "\n".join(lines))
        self.query_one("#semantic").set_class(bool(lines), "-said")
        self._head()

    @on(FileList.Opened)
    def _read(self) -> None:
        self._diff.focus()

    @on(DiffView.At)
    def _head(self) -> None:
        change, diff = self.change, self._diff
        said = [compared.title(self.pair)]
        if change is not None:
            added, removed = diff.texts.counts
            said += [change.path, f"+{added} −{removed}"]
            if count := len(diff.rows.starts):
                said.append(f"change {diff.current + 1} of {count}")
        if self._diff.context:
            around = CONTEXTS[self._diff.context]
            said.append("every line" if around is None else f"{around} lines around")
        if not self._whitespace:
            said.append("blanks ignored")
        self.about("   ".join(said))

    # -- Actions --------------------------------------------------------------------------------------------------

    def do_diff_next(self) -> None:
        """Goes to the next change, or to the next file."""
        if not self._diff.go(1) and not self._next_file(1):
            self.ui.toast("this was the last change")

    def do_diff_previous(self) -> None:
        """Goes to the change before, or to the file before."""
        if not self._diff.go(-1) and not self._next_file(-1):
            self.ui.toast("this was the first change")

    def do_diff_next_file(self) -> None:
        """Goes to the next file."""
        if not self._next_file(1):
            self.ui.toast("this was the last file")

    def do_diff_previous_file(self) -> None:
        """Goes to the file before."""
        if not self._next_file(-1):
            self.ui.toast("this was the first file")

    def _next_file(self, by: int) -> bool:
        index = self._files.index + by
        if not 0 <= index < len(self._changes):
            return False
        self._files.move(index)
        return True

    def do_diff_sides(self) -> None:
        """Compares another two."""
        self.pair = compared.after(self.pair, self._pairs)
        self.load(self._compare)

    def do_diff_split(self) -> None:
        """Changes between one column and two."""
        if self._diff.size.width < SPLIT_FROM:
            self.ui.toast("this window is too narrow for two columns")
        elif not self._diff.texts.old or not self._diff.texts.new:
            self.ui.toast("only one side has something to show: two columns need two")
        else:
            self._diff.split = not self._diff.split

    def do_diff_spaces(self) -> None:
        """Lets blanks count, or not."""
        self._whitespace = not self._whitespace
        if self.change is not None:
            self.load(partial(self._lay_out, self.change), "file")

    def do_diff_context(self) -> None:
        """Shows more of what is the same."""
        self._diff.context = (self._diff.context + 1) % len(CONTEXTS)
        self._head()

    def do_list_open(self) -> None:
        """Shows the whole file, where the diff is: as the newer side has it, else the older."""
        from flowsync_tui.screens.source import SourceScreen

        if (change := self.change) is None:
            self.ui.toast(NO_FILE)
        else:
            side = self.pair[1 if change.after else 0]
            self.ui.push_screen(SourceScreen(self.flow, change.path, self._diff.line, side))

    async def do_diff_copy(self) -> None:
        """Copies the change."""
        await copy(self.ui, self._diff.hunk)

    async def do_diff_edit(self) -> None:
        """Opens the file in the person's editor."""
        if self.change is None:
            self.ui.toast(NO_FILE)
            return
        await self.edit_file(self.change.path, self._diff.line)
        self.load(self._compare)

    async def do_diff_pager(self) -> None:
        """Shows the file's diff in Git's pager."""
        if self.change is None:
            self.ui.toast(NO_FILE)
            return
        name = Path(self.change.path).name
        with TemporaryDirectory(prefix="flowsync-") as folder:
            places = []
            for side, content in zip(self.pair, self._raw, strict=True):
                place = Path(folder, compared.name_of(side), name)
                place.parent.mkdir()
                place.write_bytes(content or b"")
                places.append(str(place.relative_to(folder)))
            words = ["git", "--paginate", "diff", "--no-index", "--", *places]
            if not await self.lend(words, Path(folder)):
                self.ui.toast("this terminal cannot be given to a pager")
