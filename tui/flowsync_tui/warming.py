"""What keys open is imported soon after the first paint: the first graph or diff of a session waits for nothing.

A thread does it, with a rest after each module: whoever types meanwhile is served in between. What is asked for before
its turn is simply imported then, as ever.
"""

import gc
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

REST = 0.004  # seconds between two modules

LATE: Sequence[str] = (
    "yaml",
    "flowsync.core.flow",
    "flowsync.core.merge",
    "flowsync.core.graph",
    "flowsync.core.semantic",
    "concurrent.futures.thread",  # asyncio.to_thread
    "textual.scrollbar",
    "flowsync_tui.doing.flows",
    "flowsync_tui.view.diff",
    "flowsync_tui.screens.graph",
    "flowsync_tui.screens.diff",
    "flowsync_tui.screens.source",
    "flowsync_tui.screens.history",
    "flowsync_tui.screens.checks",
    "flowsync.core.check",
    "pygments.lexers.python",
    "pygments.lexers.data",
    "flowsync_tui.screens.resolve",
    "flowsync_tui.screens.runs",
    "flowsync_tui.doing.screens",
    "flowsync_tui.widgets.confirm",
    "flowsync_tui.screens.logs",
    "flowsync_tui.screens.doctor",
    "flowsync_tui.screens.transfer",
)
"""What leads to a screen, in the order in which it is likely to be wanted; what it imports comes along."""


def warm() -> threading.Thread:
    """Begins to import what keys open."""
    thread = threading.Thread(target=_run, name="flowsync-tui-warming", daemon=True)
    thread.start()
    return thread


def _run() -> None:
    for name in LATE:
        if name not in sys.modules:
            with suppress(Exception):  # the key that needs it fails in the same way, and says so
                import_module(name)
            time.sleep(REST)
    tidy()


def tidy() -> None:
    """Lets the garbage collector work again, but not on what is there to stay: its sweeps would be felt as hiccups."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
