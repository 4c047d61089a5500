"""``flowsync restore``: bring a flow back as it once was."""

import argparse
from typing import Any

from flowsync.cli import arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of restore."""
    arguments.flow(parser)
    parser.add_argument(
        "--at", required=True, metavar="REV", help="any revision of Git: a commit of flowsync log, studio/FLOW, HEAD~3"
    )
    parser.add_argument("--no-commit", action="store_true", help="leave the result staged, and commit nothing")
    arguments.remote(parser)
    arguments.dry_run(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Commits (or stages) the flow as the revision has it, through the daemon if one runs."""
    from flowsync.cli.results import tell
    from flowsync.cli.through import through

    wanted = {"flow": args.flow, "at": args.at, "commit": not args.no_commit, "dry_run": args.dry_run}
    said = through(arguments.here(args), args.remote, "restore", wanted)
    return tell(said or _by_hand(args), args.json)


def _by_hand(args: argparse.Namespace) -> dict[str, Any]:
    from flowsync.core.tree import FlowName
    from flowsync.sync.opened import linked
    from flowsync.sync.settle import restore
    from flowsync.sync.shown import results_json

    with linked(arguments.here(args), args.remote) as link:
        result = restore(link, FlowName(args.flow), args.at, args.dry_run, not args.no_commit)
    return results_json([result], args.dry_run)
