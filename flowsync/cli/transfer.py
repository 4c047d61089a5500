"""``flowsync fetch``, ``pull``, ``push`` and ``sync``."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flowsync.cli import arguments

if TYPE_CHECKING:
    from flowsync.sync.link import Reporter
    from flowsync.sync.result import Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the four transfers."""
    arguments.flows(parser)
    arguments.remote(parser, every=True)
    arguments.dry_run(parser)
    arguments.json(parser)
    if parser.get_default("command") != "fetch":
        arguments.accept_deletes(parser)
    parser.add_argument(
        "--jobs", type=int, default=16, metavar="N", help="requests to have under way at once (default: 16)"
    )


def run(args: argparse.Namespace) -> int:
    """Runs one transfer, through the daemon if one runs, and tells what became of each flow."""
    from flowsync.cli.results import show
    from flowsync.sync.result import exit_code

    nothing = "Everything is in sync." if args.command == "sync" else "Nothing to do."
    if not args.all:
        results = _results(args)
        show(results, args.json, args.dry_run, nothing)
        return exit_code(results)
    from flowsync.cli.every import each
    from flowsync.cli.output import paint, say
    from flowsync.sync.shown import result_from, results_json

    def one(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
        results = _results(args)
        return results_json(results, args.dry_run), exit_code(results)

    def tell(said: dict[str, Any]) -> None:
        say(paint(said["remote"], "bold"))
        show([result_from(result) for result in said["results"]], False, args.dry_run, nothing)

    return each(args, one, tell)


def _results(args: argparse.Namespace) -> "Sequence[Result]":
    from flowsync.cli.progress import reporter

    with reporter(args.json) as watching:
        results = _by_daemon(args, watching)
        return _by_hand(args, watching) if results is None else results


def _by_hand(args: argparse.Namespace, watching: "Reporter") -> "Sequence[Result]":
    from flowsync.sync.asked import transfer
    from flowsync.sync.conductor import Conductor
    from flowsync.sync.opened import linked

    with linked(arguments.here(args), args.remote, watching) as link:
        conductor = Conductor(link, concurrency=args.jobs)
        return transfer(link, conductor, args.command, args.flows, _consent(args), args.dry_run)


def _by_daemon(args: argparse.Namespace, watching: "Reporter") -> "Sequence[Result] | None":
    """Returns what the daemon did, None if none serves this remote."""
    from flowsync.cli.through import Progress, daemon_for

    client = daemon_for(arguments.here(args), args.remote)
    if client is None:
        return None
    from flowsync.sync.shown import result_from

    with client:
        wanted = {"name": args.command, "flows": args.flows, "accept_deletes": _consent(args), "dry_run": args.dry_run}
        try:
            said = client.request("command", wanted, Progress(watching))
        except KeyboardInterrupt:
            client.send("cancel", {"id": client.last})
            raise
    return [result_from(result) for result in said]


def _consent(args: argparse.Namespace) -> "list[str]":
    return list(getattr(args, "accept_deletes", ()))
