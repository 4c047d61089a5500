"""A flow's folder, or any place in it, named where a command takes flows: what a shell completes, and ``.``."""

import argparse
import os
from pathlib import Path

from flowsync.cli import arguments
from flowsync.errors import UsageError

_HERE = (os.curdir, os.pardir)


def are_flows(args: argparse.Namespace) -> None:
    """Puts the flows' names into the arguments in the place of their folders. No flow's name has a slash in it."""
    flows = [_name(args, given) for given in getattr(args, "flows", ())]
    if flows:
        args.flows = [] if None in flows else flows
    if consent := getattr(args, "accept_deletes", ()):
        args.accept_deletes = [_one(args, given) for given in consent]
    if getattr(args, "flow", None):
        args.flow = _one(args, args.flow)


def _one(args: argparse.Namespace, given: str) -> str:
    name = _name(args, given)
    if name is None:
        raise UsageError(f"{given} is the folder of all flows; name one", "flowsync status")
    return name


def _is_folder(given: str) -> bool:
    return given in _HERE or "/" in given or os.sep in given


def _name(args: argparse.Namespace, given: str) -> str | None:
    """Returns the flow that a folder is of, or None for the folder that all flows are in, or that is in."""
    if not _is_folder(given):
        return given
    from flowsync.config import load
    from flowsync.repo import Repository

    place = Path(os.path.realpath(arguments.here(args) / given))
    with Repository(arguments.here(args)) as repo:
        top = Path(os.path.realpath(repo.root))
        config = load(repo.root)
    remote = config.remote(getattr(args, "remote", None))
    home = top / remote.path
    if home.is_relative_to(place) and place.is_relative_to(top):
        return None
    if place.is_relative_to(home):
        return place.relative_to(home).parts[0]
    for other in config.remotes.values():
        if other.path and place.is_relative_to(top / other.path) and place != top / other.path:
            hint = f"flowsync {args.command} --remote {other.name} {given}"
            raise UsageError(f"{given} is of another remote, {other.name}", hint)
    raise UsageError(f"{given} is not in {remote.path or '.'}, where {remote.name}'s flows are", "flowsync status")
