"""Arguments that several commands share, so that one word means one thing everywhere."""

import argparse
from pathlib import Path

from flowsync.errors import UsageError


def flows(parser: argparse.ArgumentParser) -> None:
    """Adds the flows that a command is about; none means all."""
    parser.add_argument("flows", nargs="*", metavar="FLOW", help="only these flows, by name or folder (default: all)")
    parser.set_defaults(takes_flows=True)


def flow(parser: argparse.ArgumentParser) -> None:
    """Adds the one flow that a command is about."""
    parser.add_argument("flow", metavar="FLOW", help="the flow's name, or its folder")
    parser.set_defaults(takes_flows=True)


def remote(parser: argparse.ArgumentParser, every: bool = False) -> None:
    """Adds the choice of a remote (or, if ``every``, of all of them) and of the folder to work in."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--remote", metavar="NAME", help="the remote of .flowsync.yaml (default: the first)")
    if every:
        choice.add_argument("--all", action="store_true", help="every remote of .flowsync.yaml, one after the other")
    parser.add_argument("-C", dest="directory", metavar="DIR", default=argparse.SUPPRESS, help="work in this folder")


def json(parser: argparse.ArgumentParser) -> None:
    """Adds output for programs."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def dry_run(parser: argparse.ArgumentParser) -> None:
    """Adds the rehearsal."""
    parser.add_argument("-n", "--dry-run", action="store_true", help="show what would be done, and do nothing of it")


def accept_deletes(parser: argparse.ArgumentParser) -> None:
    """Adds the consent to deletes that a brake stopped."""
    parser.add_argument(
        "--accept-deletes",
        metavar="FLOW",
        action="append",
        default=[],
        help="let this flow's files, or the whole flow, be deleted on the other side too (may be repeated)",
    )


def sentence(help: str) -> str:
    """Returns the line that lists a command as the sentence that describes it."""
    return f"{help[:1].upper()}{help[1:]}."


def here(args: argparse.Namespace) -> Path:
    """Returns the folder to work in; UsageError if there is no such folder."""
    folder = Path(args.directory or ".").absolute()
    if args.directory and not folder.is_dir():
        raise UsageError(f"{args.directory} is not a folder")
    return folder
