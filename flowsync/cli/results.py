"""How the outcome of a command is shown, flow by flow."""

from collections.abc import Mapping, Sequence
from typing import Any

from flowsync.cli.output import columns, paint, plain, say, say_json
from flowsync.sync.result import Did, Result, exit_code
from flowsync.sync.shown import result_from, result_json, results_json

_COLOURS = {
    Did.FETCHED: "cyan",
    Did.LANDED: "green",
    Did.MERGED: "green",
    Did.PUSHED: "green",
    Did.RESTORED: "green",
    Did.DISCARDED: "green",
    Did.UNCHANGED: "dim",
    Did.HELD: "yellow",
    Did.STALE: "yellow",
    Did.PROBLEM: "yellow",
    Did.CONFLICT: "red",
    Did.FAILED: "red",
}
_PATHS_SHOWN = 4
as_json = result_json


def show(results: Sequence[Result], to_program: bool, dry_run: bool, nothing: str) -> None:
    """Prints what was done (or would be) with each flow; ``nothing`` if there was nothing to do."""
    if to_program:
        say_json(results_json(results, dry_run))
        return
    if not results:
        say(nothing)
        return
    rows = columns((f"{'would be ' if dry_run else ''}{one.did}", one.flow, _detail(one)) for one in results)
    for result, (did, flow, detail) in zip(results, rows, strict=True):
        say(f"{paint(did, _COLOURS[result.did])}  {flow}  {detail}".rstrip())
        if result.hold and result.hold.hint:
            say(f"{' ' * len(did)}  {paint('try: ' + result.hold.hint, 'dim')}")


def tell(said: Mapping[str, Any], to_program: bool) -> int:
    """Prints what a decision came to, as ``results_json`` has it, and returns how the command ends."""
    results = [result_from(result) for result in said["results"]]
    if to_program:
        say_json(said)
    else:
        show(results, False, bool(said["dry_run"]), "")
    return exit_code(results)


def _detail(result: Result) -> str:
    if result.hold:
        return plain(result.hold.reason)
    shown = ", ".join(result.paths[:_PATHS_SHOWN])
    return shown + (f" and {len(result.paths) - _PATHS_SHOWN} more" if len(result.paths) > _PATHS_SHOWN else "")
