"""Committing what was decided about a conflict: by the daemon, after a question, or by the person's merge tool."""

import sys
from collections.abc import Mapping
from enum import Enum
from typing import Any

from flowsync_tui.doing.editor import lend
from flowsync_tui.doing.undoing import remember
from flowsync_tui.screens.flow_room import FlowRoom
from flowsync_tui.view.action import argv, spoken
from flowsync_tui.view.actions import by_id
from flowsync_tui.view.conflict import Resolution
from flowsync_tui.view.format import count


class Settled(Enum):
    """Whether a conflict is settled: yes, no, or it may be another one by now."""

    YES = "yes"
    NO = "no"
    STALE = "stale"


async def commit(room: FlowRoom, resolution: Resolution) -> Settled:
    """Has the daemon commit what was picked, if that is meant; what stands in the way is told."""
    planned = await _told(room, resolution, True)
    if isinstance(planned, Settled):
        return planned
    if not await room.ui.sure(f"Merge {room.flow}?", _lines(resolution, planned), "Commit the merge"):
        return Settled.NO
    done = await _told(room, resolution, False)
    if isinstance(done, Settled):
        return done
    room.ui.tell("merged", f"both sides are joined in commit {str(done['commit'])[:8]}", room.flow)
    remember(room.ui, [{"flow": room.flow, "did": "merged", "before": done.get("before")}])
    return Settled.YES


async def _told(room: FlowRoom, resolution: Resolution, dry_run: bool) -> Mapping[str, Any] | Settled:
    """Returns what the daemon says it does, or why there is nothing more to do, once that is told."""
    files, sides = dict(resolution.answers()), dict(resolution.sides)
    said = await room.ask("resolve", files=files, sides=sides, dry_run=dry_run)
    result = said["results"][0]
    if result["hold"] is None:
        return {**result, "findings": said["findings"]}
    room.ui.toast(result["hold"]["reason"], result["hold"]["hint"], bad=True)
    return Settled.STALE if result["did"] == "stale" else Settled.NO


def _lines(resolution: Resolution, planned: Mapping[str, Any]) -> list[str]:
    errors = [one for one in planned["findings"] if one["level"] == "error"]
    verdict = [f"✗ {count(len(errors), 'error')} in the result: {errors[0]['message']}"] if errors else []
    return [
        *resolution.summary(),
        "",
        "The branch gets a merge commit with both sides as its parents.",
        "Studio gets the result with the next push; its own version stays in the history.",
        "z takes it back, by a commit that restores what the branch had.",
        *verdict,
    ]


async def with_tool(room: FlowRoom, before: str | None) -> Settled:
    """Lends the terminal to the person's merge tool; ``before`` is the branch's commit, to go back to."""
    words = argv(by_id()["resolve.tool"].twin, {"flow": room.flow})
    lines = ["Git's merge tool opens the files in conflict.", "When all are settled, the merge is committed."]
    if not await room.ui.sure(f"Resolve {room.flow} in your merge tool?", [*lines, "", f"$ {spoken(words)}"]):
        return Settled.NO
    code = await lend(room.ui, [sys.executable, "-P", "-m", *words], room.ui.bridge.root, stay=True)
    if code is None:
        room.ui.toast("this terminal cannot be lent out; type:", spoken(words))
        return Settled.NO
    if code:
        room.ui.toast("the conflict is as it was: not all of it was settled", bad=True)
        return Settled.STALE
    room.ui.tell("merged", "both sides are joined by your merge tool", room.flow, spoken(words))
    remember(room.ui, [{"flow": room.flow, "did": "merged", "before": before}])
    return Settled.YES
