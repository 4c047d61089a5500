"""``flowsync restore``: bring a flow back as it once was."""

import argparse

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
    """Commits (or stages) the flow as the revision has it."""
    from flowsync.cli.results import show
    from flowsync.core.tree import FlowName
    from flowsync.sync.opened import linked
    from flowsync.sync.result import exit_code
    from flowsync.sync.settle import restore

    with linked(arguments.here(args), args.remote) as link:
        result = restore(link, FlowName(args.flow), args.at, args.dry_run, not args.no_commit)
    show([result], args.json, args.dry_run, "")
    return exit_code([result])
