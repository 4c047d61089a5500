"""Resolve: what both sides changed differently, place by place, until the merge can be committed.

Everything that is decided lives in ``view.conflict.Resolution``; nothing is written before ``resolve.apply``.
"""

import asyncio
from collections.abc import Iterable

from textual.widget import Widget
from textual.widgets import Static

from flowsync.core.check import Finding
from flowsync_tui.doing.conflicts import beside, conflict
from flowsync_tui.doing.merging import Settled, commit, with_tool
from flowsync_tui.screens.flow_room import FlowRoom
from flowsync_tui.view.checks import Row, summary
from flowsync_tui.view.conflict import Resolution
from flowsync_tui.view.conflicted import Choice, Place
from flowsync_tui.view.contents import decoded
from flowsync_tui.view.format import count
from flowsync_tui.widgets.place_view import PlaceView

NOTHING = Resolution((), {})
NO_PLACE = "nothing is in conflict"


class ResolveScreen(FlowRoom, screen="resolve"):
    """A conflict."""

    DEFAULT_CSS = """
    ResolveScreen #reason, ResolveScreen #verdict { height: auto; max-height: 3; padding: 0 1; }
    ResolveScreen #reason { color: $text-muted; }
    ResolveScreen.-narrow #sides { layout: vertical; }
    ResolveScreen.-narrow #base { display: none; }
    """

    def __init__(self, flow: str) -> None:
        super().__init__(flow)
        self.resolution = NOTHING
        self.findings: list[Finding] | None = None
        self._others: dict[str, bytes] = {}
        self._at = 0

    def body(self) -> Iterable[Widget]:
        """Lays out the screen."""
        yield Static("", id="about")
        yield Static("", id="reason")
        yield PlaceView(id="place")
        yield Static("", id="verdict")

    def on_mount(self) -> None:
        """Fetches the conflict."""
        super().on_mount()
        self._places.result.focus()
        self.about("looking …")
        self.load(self._fetch)

    @property
    def _places(self) -> PlaceView:
        return self.query_one(PlaceView)

    # -- Loading --------------------------------------------------------------------------------------------------

    def flow_moved(self) -> None:
        """Looks again; what was picked stays where it still fits."""
        self.load(self._fetch)

    async def _fetch(self) -> None:
        fresh, files = await conflict(self)
        lost = fresh.adopt(self.resolution) if self.resolution.touched else 0
        if lost:
            self.ui.toast(f"a side has moved: {count(lost, 'pick')} no longer hold{'s' if lost == 1 else ''}")
        self.resolution = fresh
        self._at = min(self._at, max(len(fresh.places) - 1, 0))
        self._show()
        self._others = await beside(self, files, fresh.files)
        self._check()

    # -- Showing --------------------------------------------------------------------------------------------------

    @property
    def place(self) -> Place | None:
        """The place that is shown."""
        places = self.resolution.places
        return places[self._at] if self._at < len(places) else None

    def _show(self) -> None:
        place = self.place
        if place is None:
            self.about("no file is in conflict")
            self.say("#reason", "enter commits the merge" if self.resolution.files else "esc goes back")
            return
        left = len(self.resolution.open)
        self.about(f"resolve {self._at + 1} of {len(self.resolution.places)} · {place.title} · {left} open")
        hint = "   4 takes the suggestion" if place.suggestion is not None else ""
        self.say("#reason", place.reason + hint)
        self._places.show(place, self.resolution)

    def _check(self) -> None:
        """Validates the result in the background, once everything is picked."""
        self.findings = None
        left = len(self.resolution.open)
        if left or not self.resolution.files:
            self.say("#verdict", f"{count(left, 'place')} open: nothing is written before enter" if left else "")
            return
        self.say("#verdict", "validating the result …")
        self.load(self._validate, "check")

    async def _validate(self) -> None:
        self.findings = await asyncio.to_thread(self.resolution.findings, self._others)
        errors = [one for one in self.findings if one.severity == "error"]
        lines = [f"✗ {one.path}:{one.line} {one.message}" for one in errors[:2]]
        said = summary(self._rows())
        self.say("#verdict", "\n".join([f"result: {said}   enter commits the merge", *lines]))

    def _rows(self) -> list[Row]:
        found = [one for one in self.findings or () if one.severity != "info"]
        return [Row(f.code, f.severity, f.path, f.line, f.column, f.message, f.fix) for f in found]

    # -- Picking --------------------------------------------------------------------------------------------------

    def _pick(self, choice: Choice, text: str | None = None) -> None:
        if self.place is None:
            self.ui.toast(NO_PLACE)
            return
        if refused := self.resolution.pick(self.place, choice, text):
            self.ui.toast(refused, bad=True)
            return
        self._show()
        self._check()

    def do_resolve_base(self) -> None:
        """Takes base."""
        self._pick(Choice.BASE)

    def do_resolve_local(self) -> None:
        """Takes the branch's side."""
        self._pick(Choice.LOCAL)

    def do_resolve_remote(self) -> None:
        """Takes Studio's side."""
        self._pick(Choice.REMOTE)

    def do_resolve_both(self) -> None:
        """Takes both."""
        self._pick(Choice.BOTH)

    def do_resolve_suggested(self) -> None:
        """Takes what is suggested."""
        self._pick(Choice.SUGGESTED)

    async def do_resolve_edit(self) -> None:
        """Lets the person write it."""
        place = self.place
        if place is None:
            self.ui.toast(NO_PLACE)
            return
        taken = self.resolution.taken(place)
        text = taken if taken is not None else place.local or place.remote or ""
        written = await self.edit_text(text, _file_name(place))
        if written is not None and place == self.place:
            self._pick(Choice.WRITTEN, written)

    def do_resolve_all_local(self) -> None:
        """Takes the branch's side for the rest."""
        self._changed(self.resolution.pick_rest(Choice.LOCAL))

    def do_resolve_all_remote(self) -> None:
        """Takes Studio's side for the rest."""
        self._changed(self.resolution.pick_rest(Choice.REMOTE))

    def do_resolve_file(self) -> None:
        """Decides about the whole file, or place by place."""
        if self.place is None:
            self.ui.toast(NO_PLACE)
            return
        file = self.place.file
        self._changed(self.resolution.toggle_whole(file))
        self._at = next((at for at, one in enumerate(self.resolution.places) if one.file == file), 0)
        self._show()

    def do_resolve_undo(self) -> None:
        """Takes the last pick back."""
        self._changed("" if self.resolution.undo() else "nothing is picked yet")

    def _changed(self, refused: str) -> None:
        if refused:
            self.ui.toast(refused)
        self._at = min(self._at, max(len(self.resolution.places) - 1, 0))
        self._show()
        self._check()

    def do_resolve_next(self) -> None:
        """Goes to the next place that is open, or to the next one if none is."""
        places, still = self.resolution.places, self.resolution.open
        following = [*range(self._at + 1, len(places)), *range(self._at)]
        self._go(next((at for at in following if places[at] in still), (self._at + 1) % max(len(places), 1)))

    def do_resolve_previous(self) -> None:
        """Goes to the place before."""
        self._go((self._at - 1) % max(len(self.resolution.places), 1))

    def _go(self, at: int) -> None:
        if at == self._at:
            self.ui.toast(NO_PLACE if self.place is None else "this is the only place")
        self._at = at
        self._show()

    # -- The result -----------------------------------------------------------------------------------------------

    def do_resolve_checks(self) -> None:
        """Shows the findings of the result."""
        from flowsync_tui.screens.checks import ChecksScreen

        if self.findings is None:
            self.ui.toast(f"{count(len(self.resolution.open), 'place')} open: the result is validated then")
        else:
            self.ui.push_screen(ChecksScreen(self.flow, given=self._rows()))

    def do_resolve_result(self) -> None:
        """Shows the whole file as it will be."""
        from flowsync_tui.screens.source import SourceScreen

        if self.place is None:
            self.ui.toast(NO_PLACE)
        else:
            merge = self.resolution.merged(self.place.file)
            text = "(the file goes)" if merge.content is None else decoded(merge.content)
            self.ui.push_screen(SourceScreen(self.flow, self.place.file, at="result", given=text))

    async def do_resolve_apply(self) -> None:
        """Commits the merge, once the person has seen what that means."""
        if not self.resolution.files:
            self.ui.toast("nothing is in conflict")
        elif left := self.resolution.open:
            self._go(self.resolution.places.index(left[0]))
            self.ui.toast(f"{count(len(left), 'place')} still open")
        else:
            await self._apply()

    async def _apply(self) -> None:
        done = await commit(self, self.resolution)
        if done is Settled.YES:
            self._settled()
        elif done is Settled.STALE:
            self.load(self._fetch)

    async def do_resolve_tool(self) -> None:
        """Lets the person's merge tool do it."""
        done = await with_tool(self, self.resolution.sides.get("local"))
        if done is Settled.YES:
            self._settled()
        elif done is Settled.STALE:
            self.load(self._fetch)

    def _settled(self) -> None:
        self.resolution = NOTHING
        self.ui.pop_screen()

    def do_app_back(self) -> None:
        """Goes back; what was picked is forgotten, and nothing was written."""
        self.ui.begin(self._leave())

    async def _leave(self) -> None:
        lines = ["Nothing was written. What you picked is forgotten."]
        if not self.resolution.touched or await self.ui.sure("Leave the conflict as it is?", lines, "Leave"):
            self.ui.pop_screen()


def _file_name(place: Place) -> str:
    """Returns what an editor is to take the text for."""
    return place.file.rpartition("/")[2]
