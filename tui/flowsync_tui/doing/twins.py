"""Running an action's twin: the command line that Activity shows is what runs, in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flowsync.errors import FlowsyncError
from flowsync_tui.bridge import in_thread
from flowsync_tui.view.action import spoken

if TYPE_CHECKING:
    from flowsync_tui.app import FlowsyncApp


@dataclass(frozen=True)
class Done:
    """What a command ended with and said."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Returns what it printed for programs, or None if that is no JSON."""
        try:
            return json.loads(self.out)
        except ValueError:
            return None

    @property
    def failed(self) -> bool:
        """Tells whether it did not do what it was asked; findings and conflicts are an outcome, not a failure."""
        return self.code not in (0, 1)

    @property
    def said(self) -> str:
        """Returns its complaint, without its own name before it."""
        lines = [line for line in self.err.strip().splitlines() if line.strip()]
        first = next((line for line in lines if line.startswith("flowsync: ")), lines[0] if lines else "")
        return first.removeprefix("flowsync: ") or f"{self.words[0]} ended with {self.code}"

    @property
    def hint(self) -> str:
        """Returns what it says to try."""
        return next((line.strip()[5:] for line in self.err.splitlines() if line.startswith("  try: ")), "")


async def run(app: "FlowsyncApp", words: Sequence[str], more: Sequence[str] = ()) -> Done:
    """Runs a command line in the repository's folder; ``more`` are words that only a program wants (--json)."""
    command = [*words, *more]
    if command[0] == "flowsync":
        # -P: a repository with a folder called flowsync is none of Python's business
        command = [sys.executable, "-P", "-m", "flowsync", *_before_names(command[1:], more)]
    env = {**os.environ, "NO_COLOR": "1", "GIT_TERMINAL_PROMPT": "0"}
    folder = app.bridge.root
    # in a thread, not by asyncio: who leaves meanwhile does not end it, and no transport outlives its loop
    done = await in_thread(
        lambda: subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, cwd=folder, env=env, check=False)
    )
    out, err = (said.decode("utf-8", "replace") for said in (done.stdout, done.stderr))
    return Done(tuple(words), done.returncode, out, err)


def _before_names(words: list[str], more: Sequence[str]) -> list[str]:
    """Returns the words with options before a ``--``, after which everything is a name."""
    if "--" not in words or not more:
        return words
    kept = words[: len(words) - len(more)]
    at = kept.index("--")
    return [*kept[:at], *more, *kept[at:]]


async def do(
    app: "FlowsyncApp", words: Sequence[str], flow: str = "", done: str = "", more: Sequence[str] = ()
) -> Done:
    """Runs a command line and tells how it ended, in Activity and, if it failed, in a toast."""
    found = await run(app, words, more)
    if found.failed:
        app.tell("failed", found.said, flow, spoken(words), found.hint)
    else:
        app.tell("done", done or (found.out.strip().splitlines() or ["done"])[-1], flow, spoken(words))
    return found


class TwinFailed(FlowsyncError):
    """A command line that the UI needed the answer of did not end well."""


async def answer(app: "FlowsyncApp", words: Sequence[str], more: Sequence[str] = ("--json",)) -> Any:
    """Runs a command line for its JSON; what went wrong is raised."""
    found = await run(app, words, more)
    said = found.json
    if said is None:
        raise TwinFailed(found.said, found.hint)
    return said
