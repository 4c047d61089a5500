"""Progress on standard error, only where someone watches."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flowsync.sync.link import Reporter, Silence

if TYPE_CHECKING:
    from rich.progress import Progress


class _Bars:
    """Shows each step as one of rich's progress bars."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._task = progress.add_task("", visible=False)

    def begin(self, what: str, total: int) -> None:
        self._progress.reset(self._task, description=what, total=total, visible=True)

    def advance(self, parts: int = 1) -> None:
        self._progress.advance(self._task, parts)

    def end(self) -> None:
        self._progress.update(self._task, visible=False)


@contextmanager
def reporter(quiet: bool = False) -> Iterator[Reporter]:
    """Yields a reporter that draws progress bars, or a silent one where standard error is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield Silence()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bars(progress)
