"""``flowsync status``: where every flow stands."""

import argparse
from datetime import datetime
from typing import TYPE_CHECKING

from flowsync.cli import arguments

if TYPE_CHECKING:
    from flowsync.sync.status import FlowStatus, Side, Status

_COLOURS = {
    "in-sync": "green",
    "local-ahead": "cyan",
    "local-only": "cyan",
    "studio-ahead": "blue",
    "studio-only": "blue",
    "conflict": "red",
    "problem": "red",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of status."""
    arguments.flows(parser)
    parser.add_argument("--fetch", action="store_true", help="look at the share first")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a flow waits for a person")
    arguments.remote(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints every flow's state, from the last look at the share (or a new one with --fetch)."""
    from flowsync.core.plan import State
    from flowsync.core.tree import FlowName
    from flowsync.errors import Exit, UsageError
    from flowsync.sync.opened import linked
    from flowsync.sync.status import status

    with linked(arguments.here(args), args.remote) as link:
        if args.fetch:
            from flowsync.sync.conductor import Conductor

            Conductor(link).fetch(args.flows)
        found = status(link, frozenset(map(FlowName, args.flows)))
    if unknown := set(args.flows) - {row.flow for row in found.flows}:
        raise UsageError(f"no flow is called {', '.join(sorted(unknown))}", "flowsync status --fetch")
    if args.json:
        from flowsync.cli.output import say_json

        say_json(_as_json(found))
    else:
        _print(found)
    waiting = any(row.hold or row.state in (State.CONFLICT, State.PROBLEM) for row in found.flows)
    return Exit.ATTENTION if args.check and waiting else Exit.DONE


def _print(found: "Status") -> None:
    from flowsync.cli.output import ago, columns, paint, plain, say

    say(f"{found.remote}: {plain(found.share)}")
    looked = "never looked at; try: flowsync fetch" if found.observed_at is None else f"seen {ago(found.observed_at)}"
    say(f"branch {plain(found.branch)}, share {looked}")
    if found.busy:
        say(paint(f"git is busy: {found.busy.reason} (try: {found.busy.hint})", "yellow"))
    say()
    if not found.flows:
        say("No flow on either side yet.")
    rows = columns((row.state.value, row.flow, _detail(row)) for row in found.flows)
    for row, (state, flow, detail) in zip(found.flows, rows, strict=True):
        say(f"  {paint(state, _COLOURS.get(row.state.value, 'yellow'))}  {flow}  {detail}".rstrip())
        if row.hold:
            say(f"  {' ' * len(state)}  {paint(row.hold.reason, 'yellow')}")
            if row.hold.hint:
                say(f"  {' ' * len(state)}  {paint('try: ' + row.hold.hint, 'dim')}")


def _detail(row: "FlowStatus") -> str:
    parts = [part for part in (_side("here", row.local), _side("Studio", row.studio)) if part]
    if row.dirty and row.hold is None:
        parts.append(f"{len(row.dirty)} uncommitted")
    for count, what in ((row.errors, "error"), (row.warnings, "warning")):
        if count:
            parts.append(f"{count} {what}{'s' if count > 1 else ''} (flowsync validate)")
    return "; ".join(parts)


def _side(where: str, side: "Side") -> str:
    """Returns what happened on one side since both agreed, or an empty string."""
    from flowsync.cli.output import ago

    if side.state in ("unchanged", "absent"):
        return ""
    what = f"{len(side.changed)} file{'s' if len(side.changed) != 1 else ''} {side.state}"
    if not side.who:
        return f"{where}: {what}"
    return f"{where}: {what} by {side.who}, {ago(datetime.fromisoformat(side.when))}"


def _as_json(found: "Status") -> dict[str, object]:
    from flowsync.cli.results import hold_json

    return {
        "version": 1,
        "remote": found.remote,
        "branch": found.branch,
        "share": found.share,
        "observed_at": found.observed_at.isoformat() if found.observed_at else None,
        "flows": [
            {
                "name": row.flow,
                "state": row.state.value,
                "local": {
                    "state": row.local.state,
                    "commit": row.local.commit,
                    "changed": list(row.local.changed),
                    "dirty": list(row.dirty),
                    "ahead": row.local.commits,
                },
                "studio": {
                    "state": row.studio.state,
                    "ref": row.ref,
                    "commit": row.studio.commit,
                    "changed": list(row.studio.changed),
                    "last_write": row.last_write or None,
                    "ahead": row.studio.commits,
                },
                "hold": hold_json(row.hold),
                "findings": {"error": row.errors, "warning": row.warnings},
            }
            for row in found.flows
        ],
    }
