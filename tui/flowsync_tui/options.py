"""How a session is started; the command line fills it in. Imports no Textual."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from flowsync_tui.settings import Settings


def _unreported(error: BaseException) -> str:
    return ""


@dataclass
class Options:
    """``report`` writes what happened to a file and returns its name; ``settings_file`` is watched for changes."""

    start: Path
    settings: Settings = field(default_factory=Settings)
    settings_file: Path | None = None
    plain: bool = False
    ascii: bool = False
    read_only: bool = False
    report: Callable[[BaseException], str] = _unreported
