"""What the top line says, piece by piece, and what a flow's panel says. Pure: state in, (text, style) pairs out."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len

from flowsync_tui.view.format import age, clean, count, look
from flowsync_tui.view.listing import tally
from flowsync_tui.view.state import Flow, Phase, State, moment

Piece = tuple[str, str]
Line = list[Piece]
_PHASES = {
    Phase.CONNECTING: ("◌ connecting", "quiet"),
    Phase.ABSENT: ("✗ not running (D starts it)", "waits"),
    Phase.REFUSED: ("✗ refused", "bad"),
    Phase.UNLINKED: ("not linked", "waits"),
    Phase.OUTSIDE: ("no repository", "waits"),
}
_CALM = ("idle", "working", "starting", "stopping")


class Part(NamedTuple):
    """A part of the top line; those of high ``rank`` go first where it is narrow."""

    rank: int
    pieces: Line


def top_line(state: State, now: float, width: int) -> Line:
    """Returns the top line at a width."""
    parts = [part for part in _parts(state, now) if any(text for text, _ in part.pieces)]
    while len(parts) > 1 and _width(parts) > width:
        parts.remove(max(parts, key=lambda part: part.rank))
    line: Line = [(" ", "plain")]
    for at, part in enumerate(parts):
        line += [(" │ ", "quiet")] if at else []
        line += part.pieces
    return line


def _width(parts: Sequence[Part]) -> int:
    return 1 + sum(cell_len(text) for part in parts for text, _ in part.pieces) + 3 * (len(parts) - 1)


def _parts(state: State, now: float) -> list[Part]:
    return [
        Part(8, [("flowsync", "strong")]),
        Part(4, [(clean(_remote(state)), "plain")]),
        Part(0, _link(state, now)),
        Part(3, [("read-only", "waits")] if state.read_only else []),
        Part(5, _mode(state)),
        Part(6, [(clean(str(state.status.get("branch", ""))), "plain")] if state.status.get("branch") else []),
        Part(1, _counts(state)),
        Part(2, _running(state)),
        Part(9, _seen(state, now)),
        Part(10, _cost(state)),
        Part(11, [(clean(str(state.status.get("share", ""))), "quiet")] if state.status.get("share") else []),
    ]


def _remote(state: State) -> str:
    return str(state.status.get("remote") or state.hello.get("remote") or "")


def _link(state: State, now: float) -> Line:
    if state.phase is Phase.LOST:
        tried = f" ({state.attempts})" if state.attempts else ""
        away = age(max(10.0, now - state.lost_at)) if now - state.lost_at >= 10 else f"{int(now - state.lost_at)} s"
        return [(f"offline {away} · reconnecting{tried}", "waits")]
    if not state.live:
        text, style = _PHASES[state.phase]
        why = f": {clean(state.why)}" if state.why else ""
        return [(f"daemon {text}{why}" if "repo" not in text and "linked" not in text else text, style)]
    health = str(state.daemon.get("health", ""))
    if health in _CALM:
        return [("daemon ", "plain"), ("✓ ", "good"), (health, "plain")]
    return [("daemon ", "plain"), (f"! {health}", "quiet" if health == "paused" else "waits")]


def _mode(state: State) -> Line:
    modes = state.daemon.get("modes") or {}
    mode = modes.get("*", "")
    others = len(modes) - 1 if mode else 0
    return [(mode + (f" (+{others})" if others > 0 else ""), "plain")] if mode else []


def _counts(state: State) -> Line:
    if not state.known:
        return [("looking…", "quiet")] if state.live else []
    line: Line = [(f"{count(len(state.flows), 'flow')}{':' if state.flows else ''}", "plain")]
    for name, number in tally(state):
        line += [(" ", "plain"), (f"{look(name).glyph}{number}", look(name).style)]
    return line


def _running(state: State) -> Line:
    if not state.running:
        return []
    running = max(state.running.values(), key=lambda one: one.total)
    far = f" {running.done} of {running.total}" if running.total else ""
    return [(f"⟳ {running.what or running.name}{far} {running.share}".rstrip(), "busy")]


def _seen(state: State, now: float) -> Line:
    last = state.daemon.get("last_cycle")
    return [(f"seen {age(now - last)}{' ago' if now - last >= 10 else ''}", "quiet")] if last else []


def _cost(state: State) -> Line:
    requests = state.daemon.get("requests") or {}
    if not requests.get("made"):
        return []
    cost = (state.daemon.get("cost_per_month") or {}).get("transaction-optimized")
    price = f" · ${cost:.2f}/month" if cost and requests.get("budget_per_hour") is not None else ""
    return [(f"{requests.get('at_this_pace_per_hour', 0)} requests/h{price}", "quiet")]


class Overview(NamedTuple):
    """The lines of a flow's panel; ``files`` says which of them is about which file, and that file's state."""

    lines: list[Line]
    files: Mapping[int, tuple[str, str]]


def overview(state: State, flow: Flow, files: Sequence[Mapping[str, Any]] | None, now: float) -> Overview:
    """Returns a flow's panel."""
    word = state.shown(flow)
    shown = look(word)
    lines: list[Line] = [
        [(" ", "plain"), (f"{shown.glyph} {flow.state}", shown.style), (f"  {clean(_meaning(flow))}", "plain")]
    ]
    if word != flow.state:
        lines.append([(f" {shown.glyph} {word} {state.detail(flow)}".rstrip(), shown.style)])
    if flow.reason and flow.state != "conflict":
        lines.append([(f"   {clean(flow.reason)}", "waits")])
    lines += [[("", "plain")], _side("local ", flow.row["local"], now), _side("studio", flow.row["studio"], now)]
    listed = _files(flow, files)
    places = {len(lines) + 1 + at: (str(file["path"]), str(file["state"])) for at, file in enumerate(listed)}
    lines += [[("", "plain")], *map(file_line, listed), [("", "plain")], _checks(flow)]
    if flow.dirty:
        lines.append([(f" Edits    {count(flow.dirty, 'file')} not committed", "waits")])
    return Overview([*lines, _next(flow)], places)


def _meaning(flow: Flow) -> str:
    return {
        "in-sync": "both sides hold the same",
        "local-ahead": f"{count(flow.number, 'commit')} not in Studio yet",
        "studio-ahead": f"{count(flow.number, 'save')} not on the branch yet",
        "diverged": "both sides were edited; it merges by itself",
        "conflict": f"both sides changed the same: {count(flow.number, 'file')}",
        "local-only": "Studio does not have it yet",
        "studio-only": "the branch does not have it yet",
        "deleted-locally": "deleted here, still in Studio",
        "deleted-in-studio": "deleted in Studio, still here",
    }.get(flow.state, "")


def _side(title: str, side: Mapping[str, Any], now: float) -> Line:
    commit = str(side.get("commit") or "")[:7]
    line: Line = [(f" {title}  ", "strong"), (f"{side['state']:<9}", "plain"), (f" {commit:<7}", "quiet")]
    when = moment(side.get("when"))
    if when:
        line.append((f"  {age(now - when):>6}", "quiet"))
    if side.get("who"):
        line.append((f"  {clean(side['who'])}", "plain"))
    return line


_FILES = {
    "same": ("✓", "same", "quiet"),
    "local": ("⇡", "local", "here"),
    "remote": ("⇣", "studio", "there"),
    "both": ("⇅", "both", "both"),
    "conflict": ("!", "conflict", "conflict"),
    "dirty": ("·", "not committed", "waits"),
}


def _files(flow: Flow, files: Sequence[Mapping[str, Any]] | None) -> Sequence[Mapping[str, Any]]:
    """Returns what the daemon says of each file, or, before it does, what the row knows."""
    if files is not None:
        return files
    local, studio = set(flow.row["local"].get("changed") or ()), set(flow.row["studio"].get("changed") or ())
    found = []
    for path in sorted(local | studio | set(flow.row["local"].get("dirty") or ())):
        both = "conflict" if flow.state == "conflict" else "both"
        state = both if path in local & studio else "local" if path in local else "remote"
        found.append({"path": path, "state": state if path in local | studio else "dirty"})
    return found


def file_line(file: Mapping[str, Any]) -> Line:
    """Returns a file's line."""
    glyph, word, style = _FILES.get(file["state"], ("?", file["state"], "quiet"))
    size = file.get("size")
    return [
        ("   ", "plain"),
        (f"{glyph} {word}", style),
        (" " * max(1, 14 - len(word)), "plain"),
        (clean(file["path"]), "quiet" if file["state"] == "same" else "plain"),
        (f"  {size:,} B" if size is not None else "", "quiet"),
    ]


def _checks(flow: Flow) -> Line:
    line: Line = [(" Checks   ", "strong")]
    if not flow.errors and not flow.warnings:
        return [*line, ("✓ nothing found", "good")]
    if flow.errors:
        line.append((f"✗ {count(flow.errors, 'error')}  ", "bad"))
    if flow.warnings:
        line.append((f"? {count(flow.warnings, 'warning')}  ", "waits"))
    return [*line, ("v shows them", "quiet")]


def _next(flow: Flow) -> Line:
    steps = {
        "conflict": "m resolve · d diff · H history",
        "in-sync": "d diff · f graph · H history (restore any version)",
        "local-ahead": "s sync takes it to Studio · d diff",
        "local-only": "s sync puts it up in Studio",
        "studio-ahead": "s sync lands it here · d diff",
        "studio-only": "s sync lands it here",
        "diverged": "s sync merges both · d diff",
    }
    step = steps.get(flow.state) or (clean(flow.hint) if flow.hint else "d diff · H history")
    return [(" Next     ", "strong"), (step, "plain")]
