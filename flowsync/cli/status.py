"""``flowsync status``: where every flow stands."""

import argparse
from datetime import datetime
from typing import Any

from flowsync.cli import arguments

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
    arguments.remote(parser, every=True)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints every flow's state, from the last look at the share (or a new one with --fetch)."""
    if args.all:
        from flowsync.cli.every import each

        return each(args, _found, _print)
    found, code = _found(args)
    if args.json:
        from flowsync.cli.output import say_json

        say_json(found)
    else:
        _print(found)
    return code


def _found(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """Returns the state of a remote's flows, and how the command ends because of it."""
    from flowsync.errors import Exit, UsageError

    found = _by_daemon(args) or _by_hand(args)
    rows = [row for row in found["flows"] if not args.flows or row["name"] in args.flows]
    if unknown := set(args.flows) - {row["name"] for row in rows}:
        raise UsageError(f"no flow is called {', '.join(sorted(unknown))}", "flowsync status --fetch")
    waiting = any(row["hold"] or row["state"] in ("conflict", "problem") for row in rows)
    return {**found, "flows": rows}, Exit.ATTENTION if args.check and waiting else Exit.DONE


def _by_daemon(args: argparse.Namespace) -> dict[str, Any] | None:
    """Returns the daemon's answer, which costs neither Git nor the share; None if none serves this remote."""
    from flowsync.cli.through import daemon_for

    client = daemon_for(arguments.here(args), args.remote)
    if client is None:
        return None
    with client:
        if args.fetch:
            client.request("command", {"name": "fetch", "flows": args.flows})
        found: dict[str, Any] = client.request("status")
        return found


def _by_hand(args: argparse.Namespace) -> dict[str, Any]:
    from flowsync.core.tree import FlowName
    from flowsync.sync.opened import linked
    from flowsync.sync.shown import status_json
    from flowsync.sync.status import status

    with linked(arguments.here(args), args.remote) as link:
        if args.fetch:
            from flowsync.sync.conductor import Conductor

            Conductor(link).fetch(args.flows)
        return status_json(status(link, frozenset(map(FlowName, args.flows))))


def _print(found: dict[str, Any]) -> None:
    from flowsync.cli.output import ago, columns, paint, plain, say

    at = found["observed_at"]
    looked = "never looked at; try: flowsync fetch" if at is None else f"seen {ago(datetime.fromisoformat(at))}"
    say(f"{found['remote']}: {plain(found['share'])}")
    say(f"branch {plain(found['branch'])}, share {looked}")
    if since := found.get("read_only"):
        said = f"Studio is read-only (noticed {ago(datetime.fromisoformat(since))}): flowsync pulls, and pushes nothing"
        say(paint(said, "yellow"))
    if busy := found["busy"]:
        say(paint(f"git is busy: {busy['reason']} (try: {busy['hint']})", "yellow"))
    say()
    if not found["flows"]:
        say("No flow on either side yet.")
    rows = columns((row["state"], row["name"], _detail(row)) for row in found["flows"])
    for row, (state, flow, detail) in zip(found["flows"], rows, strict=True):
        say(f"  {paint(state, _COLOURS.get(row['state'], 'yellow'))}  {flow}  {detail}".rstrip())
        if hold := row["hold"]:
            say(f"  {' ' * len(state)}  {paint(hold['reason'], 'yellow')}")
            if hold["hint"]:
                say(f"  {' ' * len(state)}  {paint('try: ' + hold['hint'], 'dim')}")
        elif (draft := row.get("draft")) and not draft["registered"]:
            say(f"  {' ' * len(state)}  {paint('not registered in Studio; try: ' + draft['hint'], 'dim')}")


def _detail(row: dict[str, Any]) -> str:
    from flowsync.cli.output import count

    parts = [part for part in (_side("here", row["local"]), _side("Studio", row["studio"])) if part]
    if row["local"]["dirty"] and row["hold"] is None:
        parts.append(f"{len(row['local']['dirty'])} uncommitted")
    for what, many in row["findings"].items():
        if many:
            parts.append(f"{count(many, what)} (flowsync validate)")
    return "; ".join(parts)


def _side(where: str, side: dict[str, Any]) -> str:
    """Returns what happened on one side since both agreed, or an empty string."""
    from flowsync.cli.output import ago, count

    if side["state"] in ("unchanged", "absent") or not (side["changed"] or side["who"]):
        return ""
    what = f"{count(len(side['changed']), 'file')} {side['state']}"
    if not side["who"]:
        return f"{where}: {what}"
    return f"{where}: {what} by {side['who']}, {ago(datetime.fromisoformat(side['when']))}"
