"""``flowsync resolve``: settle a conflict and commit the merge."""

import argparse

from flowsync.cli import arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of resolve."""
    arguments.flow(parser)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--ours", action="store_true", help="where both changed the same, the branch's side counts")
    how.add_argument("--theirs", action="store_true", help="where both changed the same, Studio's side counts")
    how.add_argument(
        "--tool", nargs="?", const="", metavar="NAME", help="settle it with git mergetool (git's configured one)"
    )
    arguments.remote(parser)
    arguments.dry_run(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Settles the flow and commits the merge."""
    from flowsync.cli.results import show
    from flowsync.core.tree import FlowName
    from flowsync.sync.opened import linked
    from flowsync.sync.result import exit_code
    from flowsync.sync.settle import Settlement, Take, resolve

    take = Take.OURS if args.ours else Take.THEIRS if args.theirs else Take.TOOL
    with linked(arguments.here(args), args.remote) as link:
        result = resolve(link, FlowName(args.flow), Settlement(take, args.tool or ""), args.dry_run)
    show([result], args.json, args.dry_run, "")
    return exit_code([result])
