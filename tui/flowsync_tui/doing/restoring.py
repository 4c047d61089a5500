"""Restoring: which version, what that would change, and the commit that does it."""

from typing import TYPE_CHECKING

from flowsync_tui.doing.twins import answer, do
from flowsync_tui.doing.undoing import remember
from flowsync_tui.view.action import argv, spoken
from flowsync_tui.view.actions import by_id
from flowsync_tui.view.format import clean
from flowsync_tui.widgets.picker import Item, Picker

if TYPE_CHECKING:
    from flowsync_tui.app import FlowsyncApp

_FILES = 8  # named in the question
_VERSIONS = 200


async def choose(app: "FlowsyncApp", flow: str) -> None:
    """Lets a version be chosen, then restores it."""
    told = await app.ask("history", flow=flow, limit=_VERSIONS)
    items = [
        Item(entry["commit"], clean(entry["subject"]), f"{entry['author']} ({entry['side']})", entry["at"][5:16])
        for entry in told["entries"]
    ]
    commit = await app.push_screen_wait(Picker(f"Restore {clean(flow)} as it was", items))
    if commit:
        await restore(app, flow, commit)


async def restore(app: "FlowsyncApp", flow: str, commit: str) -> bool:
    """Brings a flow back as a commit had it, if that is meant; tells whether it did."""
    words = argv(by_id()["flow.restore"].twin, {"commit": commit[:12], "flow": flow})
    told = await answer(app, words, ("--dry-run", "--json"))
    result = told["results"][0] if told["results"] else None
    if result is None or result["did"] == "unchanged":
        app.toast(f"{flow} is as it was then: nothing to restore")
        return False
    if result["hold"]:
        app.tell("held", result["hold"]["reason"], flow, spoken(words), result["hold"]["hint"])
        app.toast(result["hold"]["reason"], result["hold"]["hint"], bad=True)
        return False
    paths = [f"  {path}" for path in result["paths"]]
    more = [f"  and {len(paths) - _FILES} more"] if len(paths) > _FILES else []
    lines = [f"These files become as they were in {commit[:7]}:", *paths[:_FILES], *more, "",
             f"$ {spoken(words)}", "It is a new commit, nothing is rewritten; z takes it back."]  # fmt: skip
    if not await app.sure(f"Restore {flow}?", lines, "Restore"):
        return False
    done = await do(app, words, flow, f"restored as in {commit[:7]}: s sync takes it to Studio", ("--json",))
    remember(app, (done.json or {}).get("results", ()))
    return done.code == 0
