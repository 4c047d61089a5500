"""Taking edits from side to side: over the daemon, which tells how far it is."""

from typing import TYPE_CHECKING, Any

from flowsync_tui.doing.undoing import remember
from flowsync_tui.view.action import argv, spoken
from flowsync_tui.view.actions import by_id
from flowsync_tui.view.format import count

if TYPE_CHECKING:
    from flowsync_tui.app import FlowsyncApp

_NOTHING = {
    "fetch": "nothing new in Studio",
    "pull": "nothing to land",
    "push": "nothing to push",
    "sync": "nothing to do: both sides hold the same",
}


async def transfer(app: "FlowsyncApp", name: str, flows: tuple[str, ...], **more: Any) -> None:
    """Has the daemon fetch, pull, push or sync; no flows means all."""
    twin = spoken(argv(f"flowsync {name} {{flows}}", {"flows": flows}))
    results = await app.bridge.command(name, flows, **more)
    if not results:
        app.tell("unchanged", _NOTHING[name], flows[0] if len(flows) == 1 else "", twin)
        app.toast(_NOTHING[name])
        return
    remember(app, results)
    waiting = [one for one in results if one["hold"]]
    done = len(results) - len(waiting)
    first = f"{waiting[0]['flow']}: {waiting[0]['hold']['reason']}" if waiting else ""
    said = f"{name}: {count(done, 'flow')} done" + (f", {len(waiting)} waiting" if waiting else "")
    app.toast(said, first, bad=any(one["did"] in ("failed", "conflict", "problem") for one in waiting))


async def do_all_fetch(app: "FlowsyncApp") -> None:
    """Looks at Studio again."""
    await transfer(app, "fetch", ())


async def do_all_sync(app: "FlowsyncApp") -> None:
    """Syncs everything."""
    await transfer(app, "sync", ())


def do_all_cancel(app: "FlowsyncApp") -> None:
    """Ends what this session has under way."""
    app.toast(f"ending {count(app.bridge.cancel(), 'command')}")


async def do_all_pause(app: "FlowsyncApp") -> None:
    """Lets background sync rest, or go on."""
    await pause(app, (), "*" in app.state.paused)


async def pause(app: "FlowsyncApp", flows: tuple[str, ...], resume: bool) -> None:
    """Pauses or resumes flows (none: all), and remembers how to take it back."""
    from flowsync_tui.app import Undo

    verb = "resume" if resume else "pause"
    told = await app.ask(verb, flows=list(flows))
    app.hear({"kind": "paused", "paused": told})
    what = ", ".join(flows[:3]) or "background sync"
    twin = spoken(argv(f"flowsync {verb} {{flows}}", {"flows": flows}))
    app.tell("done" if resume else "paused", f"{what} {'goes on' if resume else 'rests'}", "", twin)
    app.undone.append(Undo(f"{'pause' if resume else 'resume'} {what}", lambda: pause(app, flows, not resume), True))


async def _mode(app: "FlowsyncApp", mode: str) -> None:
    """Switches what the daemon does by itself: with marked flows for those, else for all."""
    flows = tuple(sorted(app.state.marked))
    told = await app.ask("mode", flows=list(flows), mode=None if mode == "configured" else mode)
    app.hear({"kind": "modes", "modes": told})
    what = count(len(flows), "flow") if flows else "all flows"
    twin = spoken(argv(by_id()[f"mode.{mode}"].twin, {"flows": flows}))
    app.tell("done", f"mode of {what}: {mode}, until the daemon ends", "", twin)
    app.toast(f"mode of {what}: {mode}")


async def do_mode_observe(app: "FlowsyncApp") -> None:
    """Only looks."""
    await _mode(app, "observe")


async def do_mode_pull(app: "FlowsyncApp") -> None:
    """Lands Studio's edits."""
    await _mode(app, "pull")


async def do_mode_sync(app: "FlowsyncApp") -> None:
    """Both ways."""
    await _mode(app, "sync")


async def do_mode_live(app: "FlowsyncApp") -> None:
    """Saved edits become commits."""
    await _mode(app, "live")


async def do_mode_configured(app: "FlowsyncApp") -> None:
    """As .flowsync.yaml says."""
    await _mode(app, "configured")
