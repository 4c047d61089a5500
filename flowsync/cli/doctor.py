"""``flowsync doctor``: what is wrong, and how to fix it."""

import argparse
from typing import TYPE_CHECKING, Literal

from flowsync.cli import arguments

if TYPE_CHECKING:
    from flowsync.config import RemoteConfig
    from flowsync.share.base import Share
    from flowsync.sync.checkup import Check

_MARKS = {"ok": ("ok", "green"), "note": ("note", "cyan"), "bad": ("bad", "red")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of doctor."""
    arguments.remote(parser)
    arguments.json(parser)
    parser.add_argument(
        "--probe",
        action="store_true",
        help="ask the share what nobody has documented, in a scratch folder that is removed again; some 300 requests",
    )
    parser.add_argument(
        "--accept-share",
        action="store_true",
        help="the share that the remote names now is meant, although it is not the one that was linked",
    )
    parser.add_argument(
        "--accept-writes",
        action="store_true",
        help="Studio takes changes again: forget that it refused one for good, and push as before",
    )


def run(args: argparse.Namespace) -> int:
    """Checks what flowsync needs, one line each, with the fix for what is wrong; exits with 1 if anything is."""
    import os

    from flowsync.cli.output import columns, paint, say, say_json
    from flowsync.errors import Exit
    from flowsync.sync.checkup import checkup

    if args.accept_share:
        _accept_share(args)
    if args.accept_writes:
        _accept_writes(args)
    if args.probe:
        return _probe(args)
    found = list(checkup(arguments.here(args), args.remote, os.environ))
    bad = any(check.verdict == "bad" for check in found)
    if args.json:
        say_json({"version": 1, "healthy": not bad, "checks": [_as_json(check) for check in found]})
        return Exit.ATTENTION if bad else Exit.DONE
    rows = columns((_MARKS[check.verdict][0], check.name, check.said) for check in found)
    for check, (mark, name, said) in zip(found, rows, strict=True):
        say(f"{paint(mark, _MARKS[check.verdict][1])}  {name}  {said}")
        if check.fix:
            say(f"{' ' * len(mark)}  {paint('fix: ' + check.fix, 'yellow')}")
    return Exit.ATTENTION if bad else Exit.DONE


def _accept_share(args: argparse.Namespace) -> None:
    import os

    from flowsync.sync.alone import alone
    from flowsync.sync.brakes import accept_share
    from flowsync.sync.opened import linked
    from flowsync.sync.shares import open_share

    with (
        linked(arguments.here(args), args.remote) as link,
        alone(link),
        open_share(link.remote, os.environ, link.repo.state_dir) as share,
    ):
        accept_share(link.repo.state_dir, link.remote.name, share.identity())


def _accept_writes(args: argparse.Namespace) -> None:
    from flowsync.sync.opened import linked

    with linked(arguments.here(args), args.remote) as link:
        link.memory.reopen()


def _open_writing(remote: "RemoteConfig", write: Literal["inline", "replace"]) -> "Share":
    import dataclasses
    import os

    from flowsync.config import WriteWay
    from flowsync.sync.shares import open_share

    return open_share(dataclasses.replace(remote, write=WriteWay(write)), os.environ)


def _probe(args: argparse.Namespace) -> int:
    """Prints the report, question by question; it names no file and no secret, so that it can be sent to us."""
    from functools import partial

    from flowsync.cli.output import paint, say, say_json
    from flowsync.errors import Exit
    from flowsync.sync.opened import linked
    from flowsync.sync.probe import probe

    with linked(arguments.here(args), args.remote) as link:
        answers = []
        for answer in probe(partial(_open_writing, link.remote)):
            answers.append(answer)
            if not args.json:
                say(f"{paint('ok ' if answer.good else 'bad', 'green' if answer.good else 'red')}  {answer.question}")
                say(f"     {answer.seen}{f' ({answer.means})' if answer.means else ''}")
    if args.json:
        rows = [{"question": one.question, "seen": one.seen, "means": one.means, "good": one.good} for one in answers]
        say_json({"version": 1, "answers": rows})
    return Exit.DONE if all(answer.good for answer in answers) else Exit.ATTENTION


def _as_json(check: "Check") -> dict[str, str]:
    return {"name": check.name, "verdict": check.verdict, "said": check.said, "fix": check.fix}
