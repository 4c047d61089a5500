"""``--all``: a command for every remote of ``.flowsync.yaml`` in turn; one's trouble never blocks another's."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from flowsync.cli import arguments
from flowsync.cli.output import complain, say_json
from flowsync.config import load
from flowsync.errors import Exit, FlowsyncError, UsageError
from flowsync.repo import Repository

Said = dict[str, Any]
"""What a command says to a program."""
Work = Callable[[argparse.Namespace], tuple[Said, int]]
"""A command for one remote: what it came to, and the exit code."""


def each(args: argparse.Namespace, one: Work, show: Callable[[Said], None]) -> int:
    """Has ``one`` done for every remote, and returns how that ends: with the first error's code, if there is one.

    ``show`` prints for people what ``one`` came to, with the remote's name.
    """
    if args.flows:
        raise UsageError("--all is about every flow of every remote", "leave the flows out, or name a --remote")
    with Repository(arguments.here(args)) as repo:
        names = list(load(repo.root).remotes)
    said: list[Said] = []
    failed, code = 0, int(Exit.DONE)
    for name in names:
        try:
            found, ended = one(argparse.Namespace(**{**vars(args), "remote": name}))
        except FlowsyncError as error:
            failed = failed or error.exit_code
            said.append({"remote": name, "error": {"message": error.message, "hint": error.hint or None}})
            sys.stdout.flush()  # so that both come in order where they go to the same place
            complain(error, name)
            continue
        code = max(code, ended)
        said.append({**found, "remote": name})
        if not args.json:
            show(said[-1])
    if args.json:
        say_json({"version": 1, "remotes": said})
    return failed or code
