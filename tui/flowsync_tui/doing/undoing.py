"""How what was done is taken back: by the commit that was there before, or by the command that its result names."""

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flowsync_tui.doing.twins import do
from flowsync_tui.view.action import argv
from flowsync_tui.view.format import count

if TYPE_CHECKING:
    from flowsync_tui.app import FlowsyncApp

_MOVED = ("landed", "merged", "restored")  # what made a commit on the branch


def remember(app: "FlowsyncApp", results: Sequence[Mapping[str, Any]]) -> None:
    """Makes z take these results back, as far as Git allows."""
    from flowsync_tui.app import Undo

    commands = [(result["flow"], words) for result in results if (words := undo_words(result))]
    if not commands:
        return
    flows = commands[0][0] if len(commands) == 1 else count(len(commands), "flow")
    dropped = all(result["did"] == "discarded" for result in results)
    text = f"bring the discarded edits of {flows} back" if dropped else f"restore {flows} as before: a new commit"

    async def back() -> None:
        for flow, words in commands:
            await do(app, words, flow, "the edits are back" if dropped else "as it was before")

    app.undone.append(Undo(text, back))


def undo_words(result: Mapping[str, Any]) -> list[str]:
    """Returns the command line that takes a result back, or an empty list."""
    hint = (result.get("hold") or {}).get("hint", "")
    if result["did"] == "discarded" and hint.startswith("flowsync restore "):
        return shlex.split(hint)
    if result["did"] in _MOVED and result.get("before"):
        return argv("flowsync restore --at {commit} {flow}", {"commit": result["before"], "flow": result["flow"]})
    return []
