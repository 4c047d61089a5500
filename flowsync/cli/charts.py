"""Tables, bars and spark lines of runs, drawn by rich on standard output."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from flowsync.cli.output import colours, plain

if TYPE_CHECKING:
    from rich.console import Console

    from flowsync.studio.runs import Line, Run

_BLOCKS = "▁▂▃▄▅▆▇█"
_BAR = 24  # characters of a whole bar
_UNCUT = 4096  # characters of a line
_CELL = 60  # characters of a value that are shown
_STATUS = {"Completed": "green", "Failed": "red", "Canceled": "yellow"}


def console() -> "Console":
    """Returns where to draw, with colour only where that is welcome."""
    import sys

    from rich.console import Console

    # what goes to a file or a pipe is not cut to a screen
    width = None if sys.stdout.isatty() else _UNCUT
    return Console(no_color=not colours(sys.stdout), highlight=False, width=width)


def spark(values: Sequence[float]) -> str:
    """Returns a line of blocks whose heights are the values, from the least to the greatest."""
    if not values:
        return ""
    least, span = min(values), max(values) - min(values)
    steps = len(_BLOCKS) - 1
    return "".join(_BLOCKS[round((value - least) / span * steps) if span else steps // 2] for value in values)


def bar(value: float, most: float) -> str:
    """Returns a bar of a length in proportion to ``most``; nothing for what is not above 0."""
    if most <= 0 or value <= 0:
        return ""
    eighths = round(min(1.0, value / most) * _BAR * 8)
    return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]


def runs(found: "Sequence[Run]") -> None:
    """Draws a table of runs; below, as spark lines, how long they took and how their metrics went."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("status", "name", "flow", "commit", "seconds", "created"):
        table.add_column(name, justify="right" if name == "seconds" else "left", overflow="fold")
    for run in found:
        commit = run.tags.get("flowsync.commit", "")[:10] + ("*" if run.tags.get("flowsync.dirty") else "")
        table.add_row(
            Text(plain(run.status), style=_STATUS.get(run.status, "cyan")),
            Text(plain(run.name)),
            Text(plain(run.tags.get("flowsync.flow") or run.display_name)),
            Text(plain(commit)),
            f"{run.seconds:.0f}" if run.ended else "",
            plain(run.created[:19].replace("T", " ")),
        )
    out = console()
    out.print(table)
    trends = {"seconds": [run.seconds for run in reversed(found) if run.ended]}
    for name in sorted({name for run in found for name in run.metrics}):
        trends[name] = [run.metrics[name] for run in reversed(found) if name in run.metrics]
    for name, values in trends.items():
        if len(values) > 1:
            out.print(f"{plain(name)}, oldest first: {spark(values)}  {min(values):g} to {max(values):g}", markup=False)


def metrics(found: Mapping[str, Mapping[str, float]]) -> None:
    """Draws the metrics of one run as bars, or of several side by side with a spark line over them."""
    from rich.table import Table
    from rich.text import Text

    names = sorted({name for one in found.values() for name in one})
    table = Table(box=None, pad_edge=False)
    table.add_column("metric")
    for run in found:
        table.add_column(Text(plain(run)), justify="right")
    table.add_column("")
    for name in names:
        values = [one.get(name) for one in found.values()]
        known = [value for value in values if value is not None]
        drawn = bar(known[0], max(1.0, known[0])) if len(found) == 1 else spark(known)
        table.add_row(Text(plain(name)), *("" if value is None else f"{value:g}" for value in values), drawn)
    console().print(table)


def lines(found: "Sequence[Line]") -> None:
    """Draws the lines of a run: what went in and what came out, or why nothing did."""
    from rich.table import Table
    from rich.text import Text

    inputs = list(dict.fromkeys(name for line in found for name in line.inputs))
    outputs = list(dict.fromkeys(name for line in found for name in line.outputs))
    table = Table(box=None, pad_edge=False)
    table.add_column("line", justify="right")
    results = [f"outputs.{name}" for name in outputs] or ["outputs"]
    for name in (*(f"inputs.{name}" for name in inputs), *results):
        table.add_column(Text(plain(name)), overflow="fold")
    for line in found:
        cells = [_cell(line.inputs.get(name)) for name in inputs]
        if line.error:
            cells += [f"failed: {plain(line.error)}"]
        else:
            cells += [_cell(line.outputs.get(name)) for name in outputs]
        style = "red" if line.error else ""
        table.add_row(str(line.index), *(Text(cell, style=style) for cell in cells))
    console().print(table)


def _cell(value: object) -> str:
    text = " ".join(plain("" if value is None else str(value)).split())
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"
