"""Resolve: what both sides changed differently, place by place, until the merge can be committed.

Everything that is decided lives in ``view.conflict.Resolution``; nothing is written before ``resolve.apply``.
"""

import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from flowsync.core.check import Finding
from flowsync.errors import FlowsyncError
from flowsync_tui.doing.editor import lend
from flowsync_tui.doing.undoing import remember
from flowsync_tui.screens.flow_room import FlowRoom
from flowsync_tui.view.action import argv, spoken
from flowsync_tui.view.actions import by_id
from flowsync_tui.view.checks import Row, summary
from flowsync_tui.view.conflict import Resolution
from flowsync_tui.view.conflicted import Choice, Conflicted, Place, merged_alone, signs
from flowsync_tui.view.contents import content_of, decoded
from flowsync_tui.view.format import count
from flowsync_tui.widgets.panel import Panel

SIDES = (Choice.BASE, Choice.LOCAL, Choice.REMOTE)
READ_UP_TO = 256 * 1024  # bytes of a file beside the conflict that validation looks into
NOTHING = Resolution((), {})
NO_PLACE = "nothing is in conflict"


class ResolveScreen(FlowRoom, screen="resolve"):
    """A conflict."""

    DEFAULT_CSS = """
    ResolveScreen #sides { height: 6; }
    ResolveScreen #sides Panel { width: 1fr; height: 1fr; }
    ResolveScreen #result { height: 1fr; }
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
        yield Horizontal(*(Panel(id=choice.name.lower()) for choice in SIDES), id="sides")
        yield Panel(id="result")
        yield Static("", id="verdict")

    def on_mount(self) -> None:
        """Fetches the conflict."""
        super().on_mount()
        self._panel("result").focus()
        self.about("looking …")
        self.load(self._fetch)

    def _panel(self, name: str) -> Panel:
        return self.query_one(f"#{name}", Panel)

    # -- Loading --------------------------------------------------------------------------------------------------

    def flow_moved(self) -> None:
        """Looks again; what was picked stays where it still fits."""
        self.load(self._fetch)

    async def _fetch(self) -> None:
        found = await self.ask("files")
        files: Sequence[Mapping[str, Any]] = found["files"]
        clashing = [str(file["path"]) for file in files if file["state"] == "conflict"]
        conflicted = [Conflicted(path, *await self._versions(path)) for path in clashing]
        fresh = Resolution(conflicted, found["sides"])
        await asyncio.to_thread(lambda: fresh.places)  # the merge, once
        lost = fresh.adopt(self.resolution) if self.resolution.touched else 0
        if lost:
            self.ui.toast(f"a side has moved: {count(lost, 'pick')} no longer hold{'s' if lost == 1 else ''}")
        self.resolution = fresh
        self._at = min(self._at, max(len(fresh.places) - 1, 0))
        self._show()
        self._others = await self._beside(files, clashing)
        self._check()

    async def _versions(self, path: str) -> tuple[bytes | None, bytes | None, bytes | None]:
        said = await asyncio.gather(*(self.said(path, choice.name.lower()) for choice in SIDES))
        if any(one is not None and one.get("too_large") for one in said):
            raise FlowsyncError(f"{path} is too large to be merged here", f"flowsync resolve {self.flow} --tool")
        base, local, remote = map(content_of, said)
        return base, local, remote

    async def _beside(self, files: Sequence[Mapping[str, Any]], clashing: Sequence[str]) -> dict[str, bytes]:
        """Returns the files without conflict, as the merge will have them; what is large is taken for empty."""
        found: dict[str, bytes] = {}
        for file in files:
            path = str(file["path"])
            if path in clashing:
                continue
            content: bytes | None = b""
            if file["size"] <= READ_UP_TO:
                content = await self._merged_alone(file)
            elif not file["local"] and not file["remote"]:
                content = None
            if content is not None:
                found[path] = content
        return found

    async def _merged_alone(self, file: Mapping[str, Any]) -> bytes | None:
        path, sides = str(file["path"]), ("base", "local", "remote")
        if len({file["local"], file["remote"]}) == 1 or file["base"] in (file["local"], file["remote"]):
            taken = "local" if file["remote"] in (file["base"], file["local"]) else "remote"
            return await self.content(path, taken) if file[taken] else None
        base, local, remote = [await self.content(path, side) if file[side] else None for side in sides]
        return merged_alone(path, base, local, remote)

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
        answer = self.resolution.answer(place)
        for choice in SIDES:
            panel = self._panel(choice.name.lower())
            panel.name_it(f"{SIDES.index(choice) + 1} {choice.value}", bool(answer and answer.choice is choice))
            panel.take(*_signed(place, choice))
        self._share_out(place)
        self._show_result(place)

    def _share_out(self, place: Place) -> None:
        """Gives the sides as many lines as they need, up to half of the screen; the result gets the rest."""
        longest = max(len((place.side(choice) or "").splitlines()) for choice in SIDES)
        stacked = 2 if self.has_class("-narrow") else 1
        most = self.size.height // 2
        self.query_one("#sides", Horizontal).styles.height = max(
            min(stacked * (max(longest, 1) + 3), most), 3 * stacked
        )

    def on_resize(self) -> None:
        """Shares the screen out anew."""
        if self.place is not None:
            self.call_after_refresh(self._share_out, self.place)

    def _show_result(self, place: Place) -> None:
        """Shows the file as it will be, at what was picked here."""
        panel, answer = self._panel("result"), self.resolution.answer(place)
        panel.name_it("RESULT" if answer is None else f"RESULT: picked {answer.choice.value}")
        if answer is None:
            panel.say(["nothing is picked yet: 1 base, 2 local, 3 Studio, b both, e edit"])
            return
        shown = self.resolution.preview(place)
        if shown.gone:
            panel.say(["(there will be no such file)"])
            return
        marks = [("▌", "line--good") if at in shown.here else _marker(line) for at, line in enumerate(shown.lines)]
        panel.take(shown.lines, shown.here.start, marks)

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
        files, sides = self.resolution.answers(), self.resolution.sides
        planned = await self._told(files, sides, True)
        if planned is None or not await self.ui.sure(f"Merge {self.flow}?", self._lines(planned), "Commit the merge"):
            return
        done = await self._told(files, sides, False)
        if done is not None:
            self.ui.tell("merged", f"both sides are joined in commit {str(done['commit'])[:8]}", self.flow)
            remember(self.ui, [{"flow": self.flow, "did": "merged", "before": done.get("before")}])
            self.resolution = NOTHING
            self.ui.pop_screen()

    async def _told(self, files: Mapping[str, Any], sides: Mapping[str, Any], dry_run: bool) -> Any:
        """Has the daemon resolve; returns the result, or None once it is told why that did not work."""
        said = await self.ask("resolve", files=dict(files), sides=dict(sides), dry_run=dry_run)
        result = said["results"][0]
        if result["hold"] is None:
            return {**result, "findings": said["findings"]}
        self.ui.toast(result["hold"]["reason"], result["hold"]["hint"], bad=True)
        if result["did"] == "stale":
            self.load(self._fetch)
        return None

    def _lines(self, planned: Mapping[str, Any]) -> list[str]:
        errors = [one for one in planned["findings"] if one["level"] == "error"]
        verdict = [f"✗ {count(len(errors), 'error')} in the result: {errors[0]['message']}"] if errors else []
        return [
            *self.resolution.summary(),
            "",
            "The branch gets a merge commit with both sides as its parents.",
            "Studio gets the result with the next push; its own version stays in the history.",
            "z takes it back, by a commit that restores what the branch had.",
            *verdict,
        ]

    async def do_resolve_tool(self) -> None:
        """Lets the person's merge tool do it."""
        words = argv(by_id()["resolve.tool"].twin, {"flow": self.flow})
        lines = ["Git's merge tool opens the files in conflict.", "When all are settled, the merge is committed."]
        if not await self.ui.sure(f"Resolve {self.flow} in your merge tool?", [*lines, "", f"$ {spoken(words)}"]):
            return
        before = self.resolution.sides.get("local")
        code = await lend(self.ui, [sys.executable, "-P", "-m", *words], self.ui.bridge.root, stay=True)
        if code is None:
            self.ui.toast("this terminal cannot be lent out; type:", spoken(words))
        elif code:
            self.ui.toast("the conflict is as it was: not all of it was settled", bad=True)
            self.load(self._fetch)
        else:
            self.ui.tell("merged", "both sides are joined by your merge tool", self.flow, spoken(words))
            remember(self.ui, [{"flow": self.flow, "did": "merged", "before": before}])
            self.resolution = NOTHING
            self.ui.pop_screen()

    def do_app_back(self) -> None:
        """Goes back; what was picked is forgotten, and nothing was written."""
        self.ui.begin(self._leave())

    async def _leave(self) -> None:
        lines = ["Nothing was written. What you picked is forgotten."]
        if not self.resolution.touched or await self.ui.sure("Leave the conflict as it is?", lines, "Leave"):
            self.ui.pop_screen()


def _signed(place: Place, choice: Choice) -> tuple[list[str], int, list[tuple[str, str]]]:
    lines, signed = signs(place, choice)
    return lines, -1, signed


def _marker(line: str) -> tuple[str, str]:
    """Returns the sign of a line of the result: what is still open stands between markers."""
    return ("!", "line--warn") if line.startswith(("<<<<<<<", "=======", ">>>>>>>")) else (" ", "")


def _file_name(place: Place) -> str:
    """Returns what an editor is to take the text for."""
    return place.file.rpartition("/")[2]
