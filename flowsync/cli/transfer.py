"""``flowsync fetch``, ``pull``, ``push`` and ``sync``."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowsync.cli import arguments

if TYPE_CHECKING:
    from flowsync.sync.link import Link
    from flowsync.sync.result import Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the four transfers."""
    arguments.flows(parser)
    arguments.remote(parser)
    arguments.dry_run(parser)
    arguments.json(parser)
    if parser.get_default("command") != "fetch":
        arguments.accept_deletes(parser)
    parser.add_argument(
        "--jobs", type=int, default=16, metavar="N", help="requests to have under way at once (default: 16)"
    )


def run(args: argparse.Namespace) -> int:
    """Runs one transfer and tells what became of each flow."""
    from flowsync.cli.progress import reporter
    from flowsync.cli.results import show
    from flowsync.sync.opened import linked
    from flowsync.sync.result import exit_code

    with reporter(args.json) as watching, linked(arguments.here(args), args.remote, watching) as link:
        results = _transfer(link, args)
    show(results, args.json, args.dry_run, "Everything is in sync." if args.command == "sync" else "Nothing to do.")
    return exit_code(results)


def _transfer(link: "Link", args: argparse.Namespace) -> "Sequence[Result]":
    from flowsync.core.tree import FlowName
    from flowsync.sync.conductor import Conductor
    from flowsync.sync.land import Consent
    from flowsync.sync.preview import preview
    from flowsync.sync.survey import survey

    conductor = Conductor(link, concurrency=args.jobs)
    consent = Consent(frozenset(map(FlowName, getattr(args, "accept_deletes", ()))))
    flows = [*args.flows, *(flow for flow in consent.deletes if args.flows and flow not in args.flows)]
    if not args.dry_run:
        return {
            "fetch": conductor.fetch,
            "pull": conductor.pull,
            "push": conductor.push,
            "sync": conductor.sync,
        }[args.command](flows, consent)
    # A rehearsal needs a look: it fetches, which moves nothing but tracking refs, and prints the plan.
    fetched = conductor.fetch(flows, consent)
    if args.command == "fetch":
        return fetched
    chosen = frozenset(map(FlowName, flows))
    land, push = args.command != "push", args.command != "pull"
    planned = preview(link, survey(link), chosen, consent, land=land, push=push)
    return [result for result in fetched if result.hold] + planned
