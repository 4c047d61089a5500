"""``flowsync resolve``: settle a conflict and commit the merge."""

import argparse
from typing import TYPE_CHECKING

from flowsync.cli import arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.core.rulebook import Finding
    from flowsync.core.tree import Path
    from flowsync.sync.answers import Answer
    from flowsync.sync.settle import Settlement

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
    """Settles the flow and commits the merge."""
    from flowsync.cli.output import say_json
    from flowsync.cli.results import show
    from flowsync.core.tree import FlowName
    from flowsync.sync.findings import found_in
    from flowsync.sync.opened import linked
    from flowsync.sync.result import exit_code
    from flowsync.sync.settle import resolve, settled_json

    how = _settlement(args)  # before anything is opened
    with linked(arguments.here(args), args.remote) as link:
        done = resolve(link, FlowName(args.flow), how, args.dry_run)
        if args.json:
            say_json(settled_json(link, done, args.dry_run))
        else:
            show([done.result], False, args.dry_run, "")
            _warn(found_in(link, done.folder) if done.folder else [])
    return exit_code([done.result])


def _settlement(args: argparse.Namespace) -> "Settlement":
    from flowsync.errors import UsageError
    from flowsync.sync.answers import EVERY
    from flowsync.sync.settle import Settlement, Take

    answers = _answers(args)
    take = Take.OURS if args.ours else Take.THEIRS if args.theirs else Take.EACH if args.tool is None else Take.TOOL
    if take is Take.EACH and not answers:
        raise UsageError("say how to settle it", "--ours, --theirs, --tool, or --take PATH=SIDE for each file")
    if take is Take.TOOL and answers:
        raise UsageError("what the tool settles needs no --take and no --content")
    if take is Take.EACH:
        return Settlement.each(answers)
    if EVERY in answers:
        raise UsageError("--ours or --theirs says already what becomes of the files that are not named")
    return Settlement(take, args.tool or "", answers)


def _answers(args: argparse.Namespace) -> "dict[Path, Answer]":
    from flowsync.errors import UsageError
    from flowsync.sync.answers import checked, side

    answers: dict[Path, Answer] = {}
    for path, word in map(_pair, args.take):
        answers[checked(path)] = side(word)
    for path, word in map(_pair, args.content):
        try:
            answers[checked(path)] = (arguments.here(args) / word).read_bytes()
        except OSError as error:
            raise UsageError(f"{word} cannot be read: {error.strerror}") from error
    return answers


def _pair(said: str) -> tuple[str, str]:
    from flowsync.errors import UsageError

    path, equals, word = said.rpartition("=")
    if not equals:
        raise UsageError(f"{said!r} says no file", "--take flow.dag.yaml=local")
    return path, word


def _warn(found: "Sequence[Finding]") -> None:
    """Says what is wrong with the flow as it is settled; it is settled nevertheless."""
    from flowsync.cli.output import paint, plain, say

    errors = [finding for finding in found if finding.severity == "error"]
    for one in errors[:_SHOWN]:
        say(f"  {paint('error', 'red')}  {plain(f'{one.path}:{one.line}: {one.message}')}")
    if len(errors) > _SHOWN:
        say(f"  and {len(errors) - _SHOWN} more errors: flowsync validate")
