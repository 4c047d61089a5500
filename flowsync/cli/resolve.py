"""``flowsync resolve``: settle a conflict and commit the merge."""

import argparse
from typing import TYPE_CHECKING, Any

from flowsync.cli import arguments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.core.tree import Path
    from flowsync.sync.answers import Answer

_SHOWN = 5  # findings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of resolve."""
    arguments.flow(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--ours", action="store_true", help="where both changed the same, the branch's side counts")
    how.add_argument("--theirs", action="store_true", help="where both changed the same, Studio's side counts")
    how.add_argument(
        "--tool", nargs="?", const="", metavar="NAME", help="settle it with git mergetool (git's configured one)"
    )
    parser.add_argument(
        "--take",
        metavar="PATH=SIDE",
        action="append",
        default=[],
        help="settle one file: base, local (the branch), remote (Studio) or delete; may be repeated",
    )
    parser.add_argument(
        "--content",
        metavar="PATH=FILE",
        action="append",
        default=[],
        help="settle one file with what is in another; may be repeated",
    )
    arguments.remote(parser)
    arguments.dry_run(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Settles the flow and commits the merge, through the daemon if one runs; a tool asks the person here."""
    from flowsync.cli.results import tell

    answers = _answers(args)  # before anything is opened
    said = None if args.tool is not None else _by_daemon(args, answers)
    said = said or _by_hand(args, answers)
    ends = tell(said, args.json)
    if not args.json:
        _warn(said["findings"])
    return ends


def _by_daemon(args: argparse.Namespace, answers: "dict[Path, Answer]") -> Any:
    from flowsync.cli.through import through
    from flowsync.sync.answers import answers_json

    wanted = {"flow": args.flow, "files": answers_json(answers), "dry_run": args.dry_run}
    return through(arguments.here(args), args.remote, "resolve", wanted)


def _by_hand(args: argparse.Namespace, answers: "dict[Path, Answer]") -> dict[str, Any]:
    from flowsync.core.tree import FlowName
    from flowsync.sync.opened import linked
    from flowsync.sync.settle import Settlement, Take, resolve, settled_json

    how = Settlement.each(answers) if args.tool is None else Settlement(Take.TOOL, args.tool)
    with linked(arguments.here(args), args.remote) as link:
        return settled_json(link, resolve(link, FlowName(args.flow), how, args.dry_run), args.dry_run)


def _answers(args: argparse.Namespace) -> "dict[Path, Answer]":
    """Returns what the command line says of each file, and of those that it does not name."""
    from flowsync.errors import UsageError
    from flowsync.sync.answers import EVERY, Side, checked, side

    answers: dict[Path, Answer] = {}
    for path, word in map(_pair, args.take):
        answers[checked(path)] = side(word)
    for path, word in map(_pair, args.content):
        try:
            answers[checked(path)] = (arguments.here(args) / word).read_bytes()
        except OSError as error:
            raise UsageError(f"{word} cannot be read: {error.strerror}") from error
    if args.tool is not None and answers:
        raise UsageError("what the tool settles needs no --take and no --content")
    if args.ours or args.theirs:
        if EVERY in answers:
            raise UsageError("--ours or --theirs says already what becomes of the files that are not named")
        answers[EVERY] = Side.LOCAL if args.ours else Side.REMOTE
    if args.tool is None and not answers:
        raise UsageError("say how to settle it", "--ours, --theirs, --tool, or --take PATH=SIDE for each file")
    return answers


def _pair(said: str) -> tuple[str, str]:
    from flowsync.errors import UsageError

    path, equals, word = said.rpartition("=")
    if not equals:
        raise UsageError(f"{said!r} says no file", "--take flow.dag.yaml=local")
    return path, word


def _warn(found: "Sequence[Mapping[str, Any]]") -> None:
    """Says what is wrong with the flow as it is settled; it is settled nevertheless."""
    from flowsync.cli.output import paint, plain, say

    errors = [one for one in found if one["level"] == "error"]
    for one in errors[:_SHOWN]:
        place = f"{one['file']}:{one['line']}"
        say(f"  {paint('error', 'red')}  {plain(place + ': ' + one['message'])}")
    if len(errors) > _SHOWN:
        say(f"  and {len(errors) - _SHOWN} more errors: flowsync validate")
