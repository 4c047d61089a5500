"""What is done with the flow under the cursor, or with the marked ones."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowsync_tui.doing.syncing import pause, transfer
from flowsync_tui.doing.twins import answer, do
from flowsync_tui.doing.undoing import remember
from flowsync_tui.view.action import argv, spoken
from flowsync_tui.view.actions import by_id

if TYPE_CHECKING:
    from flowsync_tui.app import FlowsyncApp

# the screens about one flow: module and class
_SCREENS = {
    "diff": ("diff", "DiffScreen"),
    "graph": ("graph", "GraphScreen"),
    "history": ("history", "HistoryScreen"),
    "checks": ("checks", "ChecksScreen"),
    "resolve": ("resolve", "ResolveScreen"),
    "runs": ("runs", "RunsScreen"),
}


def target(app: "FlowsyncApp") -> str:
    """Returns the one flow that is meant."""
    return app.state.targets[0]


async def folder_of(app: "FlowsyncApp", flow: str) -> Path:
    """Returns a flow's folder in the repository."""
    told = await app.ask("files", flow=flow)
    return Path(told["folder"])


def _open(app: "FlowsyncApp", name: str) -> None:
    module, cls = _SCREENS[name]
    screen: Any = getattr(import_module(f"flowsync_tui.screens.{module}"), cls)
    app.push_screen(screen(target(app)))


def do_flow_diff(app: "FlowsyncApp") -> None:
    """Shows what differs."""
    _open(app, "diff")


def do_flow_graph(app: "FlowsyncApp") -> None:
    """Shows the graph."""
    _open(app, "graph")


def do_flow_history(app: "FlowsyncApp") -> None:
    """Shows the history."""
    _open(app, "history")


def do_flow_checks(app: "FlowsyncApp") -> None:
    """Shows the findings."""
    _open(app, "checks")


def do_flow_runs(app: "FlowsyncApp") -> None:
    """Shows the runs."""
    _open(app, "runs")


def do_flow_resolve(app: "FlowsyncApp") -> None:
    """Opens the conflict."""
    _open(app, "resolve")


async def do_flow_sync(app: "FlowsyncApp") -> None:
    """Syncs."""
    await transfer(app, "sync", app.state.targets)


async def do_flow_pull(app: "FlowsyncApp") -> None:
    """Lands Studio's edits."""
    await transfer(app, "pull", app.state.targets)


async def do_flow_push(app: "FlowsyncApp") -> None:
    """Writes the branch's edits to Studio."""
    await transfer(app, "push", app.state.targets)


async def do_flow_pause(app: "FlowsyncApp") -> None:
    """Lets the flows rest, or go on."""
    targets = app.state.targets
    await pause(app, targets, all(flow in app.state.paused for flow in targets))


async def do_flow_accept_deletes(app: "FlowsyncApp") -> None:
    """Releases the brake on deletes of one flow."""
    flow = target(app)
    row = app.state.flows[flow]
    lines = [
        row.reason,
        "",
        "What is gone on one side is deleted on the other.",
        "History keeps it: H, then r, restores.",
    ]
    if await app.sure(f"Delete files of {flow} on the other side?", lines, "Delete", flow):
        await transfer(app, "sync", (flow,), accept_deletes=[flow])


async def do_flow_edit(app: "FlowsyncApp") -> None:
    """Opens the flow's definition in the editor."""
    from flowsync_tui.doing.editor import edit

    told = await app.ask("files", flow=target(app))
    names = [file["path"] for file in told["files"] if file.get("worktree")]
    chosen = next((name for name in ("flow.dag.yaml", "flow.flex.yaml") if name in names), None)
    chosen = chosen or next((name for name in names if name.endswith(".prompty")), None)
    if chosen is None:
        app.toast(f"{target(app)} has no file here: s sync lands it")
        return
    await edit(app, app.bridge.root / told["folder"] / chosen)


async def do_flow_folder(app: "FlowsyncApp") -> None:
    """Opens the flow's folder in the desktop's file manager, or says where it is."""
    import shutil
    import sys

    folder = app.bridge.root / await folder_of(app, target(app))
    opener = {"darwin": "open", "win32": "explorer"}.get(sys.platform, "xdg-open")
    if shutil.which(opener) is None:
        app.toast(str(folder))
        return
    await do(app, [opener, str(folder)], target(app), str(folder))


async def do_flow_studio(app: "FlowsyncApp") -> None:
    """Opens the flow in Studio."""
    await do(app, argv(by_id()["flow.studio"].twin, {"flow": target(app)}), target(app))


async def do_flow_discard(app: "FlowsyncApp") -> None:
    """Drops uncommitted edits; a commit keeps them, and z brings them back."""
    flow = target(app)
    words = argv(by_id()["flow.discard"].twin, {"flow": flow})
    plan = (await answer(app, words, ("--dry-run", "--json")))["results"][0]
    if plan["did"] != "discarded":
        app.toast(plan["hold"]["reason"], plan["hold"]["hint"])
        return
    paths = [f"  {path}" for path in plan["paths"]]
    lines = [
        "Edits of these files are dropped; a commit keeps them:",
        *paths[:8],
        "",
        f"$ {spoken(words)}",
        "z brings them back.",
    ]
    if await app.sure(f"Discard uncommitted edits of {flow}?", lines, "Discard"):
        done = await do(app, words, flow, "uncommitted edits are dropped: z brings them back", ("--json",))
        remember(app, (done.json or {}).get("results", ()))


async def do_flow_restore(app: "FlowsyncApp") -> None:
    """Chooses a version in the history and brings it back."""
    from flowsync_tui.doing.restoring import choose

    await choose(app, target(app))


async def do_flow_export(app: "FlowsyncApp") -> None:
    """Opens the export."""
    from flowsync_tui.screens.transfer import ExportScreen

    app.push_screen(ExportScreen(app.state.targets))


async def do_flow_import(app: "FlowsyncApp") -> None:
    """Opens the import."""
    from flowsync_tui.screens.transfer import ImportScreen

    app.push_screen(ImportScreen())


async def do_flow_new(app: "FlowsyncApp") -> None:
    """Opens the form of a new draft."""
    from flowsync_tui.doing.drafts import new

    await new(app)


async def do_flow_undo(app: "FlowsyncApp") -> None:
    """Takes the last action back."""
    if not app.undone:
        app.toast("nothing to undo: what flowsync did before is in H history, and can be restored")
        return
    last = app.undone[-1]
    if last.easy or await app.sure("Undo the last action?", [last.text], "Undo"):
        app.undone.remove(last)
        await last.work()
