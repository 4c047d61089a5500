"""``flowsync pause`` and ``flowsync resume``: let background sync rest, all of it or single flows."""

import argparse
import re
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from flowsync.cli import arguments
from flowsync.errors import Exit, UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flows and, for a pause, its length."""
    arguments.flows(parser)
    parser.add_argument("-C", dest="directory", metavar="DIR", default=argparse.SUPPRESS, help="work in this folder")
    arguments.json(parser)
    if parser.get_default("command") == "pause":
        parser.add_argument("--for", dest="length", metavar="TIME", help="such as 30m, 1h, 2d (default: until resume)")


def run(args: argparse.Namespace) -> int:
    """Tells the daemon; without one, what is paused is written down for the next."""
    from flowsync.cli.output import plain, say, say_json
    from flowsync.daemon.client import connect_to
    from flowsync.daemon.place import find
    from flowsync.errors import RepositoryError

    place = find(arguments.here(args))
    if place is None:
        raise RepositoryError(f"{arguments.here(args)} is not in a Git repository", "git init")
    length = getattr(args, "length", None)
    until = time.time() + seconds(length) if length else None
    client = connect_to(place)
    if client is not None:
        with client:
            paused = client.request(args.command, {"flows": args.flows, "until": until})
    else:
        from flowsync.daemon import pauses

        known = pauses.load(place.pauses).at(time.time())
        end = until or pauses.FOREVER
        new = known.with_pause(args.flows, end) if args.command == "pause" else known.without(args.flows)
        pauses.save(place.pauses, new)
        paused = pauses.to_json(new)
    if args.json:
        say_json({"version": 1, "paused": paused})
        return Exit.DONE
    for flow, end in paused.items():
        when = "until flowsync resume" if end is None else f"until {datetime.fromtimestamp(end):%Y-%m-%d %H:%M}"
        say(f"Background sync of {'everything' if flow == '*' else plain(flow)} is paused {when}.")
    if not paused:
        say("Nothing is paused.")
    # who mistypes a name believes that the flow rests
    for flow in _unknown(arguments.here(args), args.flows) if args.command == "pause" and args.flows else ():
        print(f"flowsync: no flow is called {plain(flow)} now\n  try: flowsync status", file=sys.stderr)
    return Exit.DONE


def _unknown(here: Path, flows: Sequence[str]) -> list[str]:
    """Returns the names that no flow of any remote has."""
    from flowsync.config import load
    from flowsync.errors import FlowsyncError
    from flowsync.repo import Repository
    from flowsync.sync.opened import linked
    from flowsync.sync.survey import survey

    known: set[str] = set()
    try:
        with Repository(here) as repo:
            remotes = list(load(repo.root).remotes)
        for remote in remotes:
            with linked(here, remote) as link:
                known |= survey(link).flows.keys()
    except FlowsyncError:
        return []  # nobody can tell; the pause holds all the same
    return [flow for flow in flows if flow not in known]


def seconds(text: str) -> float:
    """Returns the seconds that a length such as ``90``, ``30m`` or ``1h30m`` means."""
    if not re.fullmatch(r"(\d+[smhd])+|\d+", text):
        raise UsageError(f"{text!r} is no length of time", "flowsync pause --for 1h")
    if text.isdigit():
        return float(text)
    return float(sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([smhd])", text)))
