"""``flowsync discard``: drop uncommitted edits. A commit keeps them."""

import argparse
from typing import Any

from flowsync.cli import arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of discard."""
    arguments.flow(parser)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only these files or folders of the flow")
    arguments.remote(parser)
    arguments.dry_run(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Takes the flow's files back to what the branch holds, through the daemon if one runs."""
    from flowsync.cli.results import tell
    from flowsync.cli.through import through

    wanted = {"flow": args.flow, "paths": args.paths, "dry_run": args.dry_run}
    said = through(arguments.here(args), args.remote, "discard", wanted)
    return tell(said or _by_hand(args), args.json)


def _by_hand(args: argparse.Namespace) -> dict[str, Any]:
    from flowsync.core.tree import FlowName
    from flowsync.sync.discard import discard
    from flowsync.sync.opened import linked
    from flowsync.sync.shown import results_json

    with linked(arguments.here(args), args.remote) as link:
        return results_json([discard(link, FlowName(args.flow), args.paths, args.dry_run)], args.dry_run)
