"""``flowsync doctor``: what is wrong, and how to fix it."""

import argparse
from typing import TYPE_CHECKING

from flowsync.cli import arguments

if TYPE_CHECKING:
    from flowsync.sync.checkup import Check

_MARKS = {"ok": ("ok", "green"), "note": ("note", "cyan"), "bad": ("bad", "red")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of doctor."""
    arguments.remote(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Checks what flowsync needs, one line each, with the fix for what is wrong; exits with 1 if anything is."""
    import os

    from flowsync.cli.output import columns, paint, say, say_json
    from flowsync.errors import Exit
    from flowsync.sync.checkup import checkup

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


def _as_json(check: "Check") -> dict[str, str]:
    return {"name": check.name, "verdict": check.verdict, "said": check.said, "fix": check.fix}
