"""``flowsync discard``: drop uncommitted edits. A commit keeps them."""

import argparse

from flowsync.cli import arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of discard."""
    arguments.flow(parser)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only these files or folders of the flow")
    arguments.remote(parser)
    arguments.dry_run(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Takes the flow's files back to what the branch holds."""
    from flowsync.cli.results import show
    from flowsync.core.tree import FlowName
    from flowsync.sync.discard import discard
    from flowsync.sync.opened import linked
    from flowsync.sync.result import exit_code

    with linked(arguments.here(args), args.remote) as link:
        result = discard(link, FlowName(args.flow), args.paths, args.dry_run)
    show([result], args.json, args.dry_run, "")
    return exit_code([result])
