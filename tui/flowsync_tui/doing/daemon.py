"""Starting and stopping the daemon, by its command line."""

from typing import TYPE_CHECKING

from flowsync_tui.doing.twins import do

if TYPE_CHECKING:
    from flowsync_tui.app import FlowsyncApp


async def do_daemon_start(app: "FlowsyncApp") -> None:
    """Starts it; the bridge connects as soon as it listens."""
    app.toast("starting the daemon…")
    await do(app, ["flowsync", "daemon", "start"])
    app.bridge.hurry()


async def do_daemon_stop(app: "FlowsyncApp") -> None:
    """Ends it, if that is meant."""
    lines = ["Background sync ends for this repository. Nothing is lost.", "", "D starts it again."]
    if await app.sure("Stop the daemon?", lines, "Stop it"):
        await do(app, ["flowsync", "daemon", "stop"])
        app.bridge.hurry()


async def do_daemon_restart(app: "FlowsyncApp") -> None:
    """Ends it and starts one of this version."""
    lines = ["What is under way ends; the new daemon plans again from what is there.", "", "Nothing is lost."]
    if await app.sure("Restart the daemon?", lines, "Restart it"):
        await do(app, ["flowsync", "daemon", "restart"])
        app.bridge.hurry()
