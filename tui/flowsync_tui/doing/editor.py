"""The person's editor: it gets the terminal, and all is drawn anew when it gives it back."""

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
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
    if await lend(app, words, app.bridge.root) is None:
        raise UsageError("this terminal cannot be lent to an editor", spoken(words))


async def lend(app: "FlowsyncApp", words: Sequence[str], folder: Path, stay: bool = False) -> int | None:
    """Gives the terminal to a command and returns what that ended with; None where the terminal cannot be given.

    ``stay``: what a command that failed has said can be read until Enter is pressed. Ctrl+C is for the command alone.
    """
    before = signal.getsignal(signal.SIGINT)
    try:
        with app.suspend():
            signal.signal(signal.SIGINT, lambda *_: None)  # not SIG_IGN, which the command would inherit
            code = await asyncio.to_thread(_lent, list(words), folder, stay)
    except SuspendNotSupported:
        return None
    except OSError as error:
        raise UsageError(f"{words[0]} cannot be started: {error.strerror}", "export EDITOR=nano") from error
    finally:
        signal.signal(signal.SIGINT, before)
    app.redraw()
    return code


def _lent(words: list[str], folder: Path, stay: bool) -> int:
    code = subprocess.call(words, cwd=folder)
    if stay and code:
        print("\npress Enter to go back to flowsync ", end="", flush=True)
        sys.stdin.readline()
    return code
