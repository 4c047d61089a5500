"""The person's editor: it gets the terminal, and all is drawn anew when it gives it back."""

import asyncio
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from flowsync.errors import UsageError
from flowsync_tui.view.action import spoken

if TYPE_CHECKING:
    from flowsync_tui.app import FlowsyncApp

_FALLBACK = ("nano", "vi")
# how editors take a line; the others open a file's beginning
_PLUS = frozenset(
    {
        "vi",
        "vim",
        "nvim",
        "view",
        "nano",
        "pico",
        "emacs",
        "emacsclient",
        "micro",
        "joe",
        "ne",
        "mg",
        "kak",
        "jed",
        "mcedit",
    }
)
_COLON = frozenset({"hx", "helix", "subl", "zed", "lapce"})
_GOTO = frozenset({"code", "codium", "code-insiders", "cursor", "windsurf"})


def command_for(file: Path, line: int = 0) -> list[str]:
    """Returns the command that opens a file, at a line if the editor is known to take one; UsageError without any."""
    named = next((os.environ[name] for name in ("GIT_EDITOR", "VISUAL", "EDITOR") if os.environ.get(name)), "")
    words = shlex.split(named) if named else [one for one in _FALLBACK if shutil.which(one)][:1]
    if not words:
        raise UsageError(f"no editor is named; the file is {file}", "export EDITOR=nano")
    program = Path(words[0]).stem.lower()
    if program in _GOTO:
        waiting = words if {"--wait", "-w"} & {*words} else [*words, "--wait"]
        return [*waiting, "--goto", f"{file}:{max(1, line)}"]
    if line > 1 and program in _PLUS:
        return [*words, f"+{line}", str(file)]
    if line > 1 and program in _COLON:
        return [*words, f"{file}:{line}"]
    return [*words, str(file)]


async def edit(app: "FlowsyncApp", file: Path, line: int = 0) -> None:
    """Opens a file in the person's editor and returns when that is closed."""
    words = command_for(file, line)
    try:
        with app.suspend():
            await asyncio.to_thread(lambda: subprocess.call(words, cwd=app.bridge.root))
    except SuspendNotSupported as error:
        raise UsageError("this terminal cannot be lent to an editor", spoken(words)) from error
    except OSError as error:
        raise UsageError(f"{words[0]} cannot be started: {error.strerror}", "export EDITOR=nano") from error
    app.redraw()
