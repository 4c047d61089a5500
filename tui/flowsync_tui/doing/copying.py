"""Copying: the terminal's clipboard (OSC 52), tmux's buffer, and the desktop's own tool where there is one."""

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from flowsync_tui.bridge import in_thread
from flowsync_tui.doing.twins import answer
from flowsync_tui.view.action import argv
from flowsync_tui.view.actions import by_id
from flowsync_tui.view.format import clean
from flowsync_tui.widgets.activity import Activity, twin_of

if TYPE_CHECKING:
    from flowsync_tui.app import FlowsyncApp

_PATIENCE = 2.0  # seconds that a clipboard tool may take


async def copy(app: "FlowsyncApp", text: str) -> None:
    """Copies text everywhere it may be looked for, and says so."""
    if not text:
        app.toast("there is nothing to copy")
        return
    app.copy_to_clipboard(text)
    for command in tools(os.environ, sys.platform):
        await in_thread(lambda command=command: _give(command, text))  # type: ignore[misc]
    app.toast(f"copied: {clean(text.splitlines()[0])}")


def tools(environment: "os._Environ[str] | dict[str, str]", platform: str) -> list[list[str]]:
    """Returns the commands that take a text on their standard input, beyond what the terminal itself does."""
    found: list[list[str]] = []
    if environment.get("TMUX"):
        found.append(["tmux", "load-buffer", "-w", "-"])
    if environment.get("SSH_CONNECTION"):
        return found  # the desktop over there is nobody's
    if platform == "darwin":
        found.append(["pbcopy"])
    elif environment.get("WAYLAND_DISPLAY"):
        found.append(["wl-copy"])
    elif environment.get("DISPLAY"):
        found.append(["xclip", "-selection", "clipboard"])
    return [command for command in found if shutil.which(command[0])]


def _give(command: list[str], text: str) -> None:
    try:
        subprocess.run(
            command,
            input=text.encode(),
            timeout=_PATIENCE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return  # the terminal's own way has been used already; this one was for those that lack it


async def do_copy_name(app: "FlowsyncApp") -> None:
    """Copies the names of the flows that are meant."""
    await copy(app, "\n".join(app.state.targets))


async def do_copy_path(app: "FlowsyncApp") -> None:
    """Copies the flow's folder."""
    from flowsync_tui.doing.flows import folder_of

    await copy(app, str(app.bridge.root / await folder_of(app, app.state.targets[0])))


async def do_copy_commit(app: "FlowsyncApp") -> None:
    """Copies the flow's last commit."""
    row = app.state.flows[app.state.targets[0]].row
    await copy(app, row["local"]["commit"] or row["studio"]["commit"] or "")


async def do_copy_twin(app: "FlowsyncApp") -> None:
    """Copies the command line of the selected line of Activity."""
    entry = app.screen.query_one(Activity).entry if app.screen.query(Activity) else None
    await copy(app, twin_of(entry) or entry.text if entry else "")


async def do_copy_link(app: "FlowsyncApp") -> None:
    """Copies the flow's address in Studio."""
    words = argv(by_id()["copy.link"].twin, {"flow": app.state.targets[0]})
    told = await answer(app, words)
    await copy(app, str(told.get("url") or told.get("link") or ""))
