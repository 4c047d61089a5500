"""How commands print: harmless text, colour only where it is welcome, JSON for programs."""

import json
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TextIO

from flowsync.core.plain import count as count
from flowsync.core.plain import plain as plain
from flowsync.errors import FlowsyncError

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36", "dim": "2", "bold": "1"}


def colours(stream: TextIO) -> bool:
    """Tells whether colour is welcome there: on a terminal, unless NO_COLOR says no."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str) -> str:
    """Returns text for standard output, in a colour where that is welcome. The text is made harmless."""
    safe = plain(text)
    return f"\x1b[{_COLOURS[colour]}m{safe}\x1b[0m" if colours(sys.stdout) else safe


def say(line: str = "") -> None:
    """Prints one line whose parts are harmless already (through ``plain`` or ``paint``)."""
    encoding = sys.stdout.encoding or "utf-8"
    print(line.encode(encoding, "backslashreplace").decode(encoding))


def complain(error: FlowsyncError, about: str = "") -> None:
    """Prints an error and what to do about it; ``about`` says whose it is, where several go on."""
    print(f"flowsync: {f'{plain(about)}: ' if about else ''}{plain(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"  try: {plain(error.hint)}", file=sys.stderr)


def say_json(value: object) -> None:
    """Prints a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=True))


def columns(rows: Iterable[tuple[str, ...]]) -> list[list[str]]:
    """Returns the rows' cells padded to the width of their column, the last one as it is."""
    table = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)] if table else []
    return [[cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)] + row[-1:] for row in table]


def ago(moment: datetime | None) -> str:
    """Returns how long ago a moment was, as people say it."""
    if moment is None:
        return "never"
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now" if seconds < 10 else f"{seconds} seconds ago"
