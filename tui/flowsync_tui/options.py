"""How a session is started; the command line fills it in. Imports no Textual."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from flowsync_tui.bridge import Bridge
from flowsync_tui.settings import Settings


def _unreported(error: BaseException) -> str:
    return ""


@dataclass
class Options:
    """``report`` writes what happened to a file and returns its name.

    ``clock`` tells seconds since 1970; ``settings_file`` is what : Settings opens.
    """

    start: Path
    settings: Settings = field(default_factory=Settings)
    settings_file: Path | None = None
    plain: bool = False
    ascii: bool = False
    read_only: bool = False
    clock: Callable[[], float] = time.time
    report: Callable[[BaseException], str] = _unreported
    bridge: Bridge | None = None  # one that listens already
