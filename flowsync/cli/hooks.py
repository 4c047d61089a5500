"""``flowsync hooks``: install, remove and inspect the Git hooks of this repository."""

import argparse
import importlib
from collections.abc import Sequence
from typing import Any

from flowsync.errors import Exit

EVENTS = ("pre-commit", "pre-push", "post-commit", "post-merge", "post-checkout", "post-rewrite")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("-C", dest="directory", metavar="DIR", default=argparse.SUPPRESS, help="work in this folder")
    parser.add_argument("action", choices=("install", "uninstall", "status", "run"), help="what to do")
    parser.add_argument("event", nargs="?", choices=(*EVENTS, "validate", "secrets", "strip-outputs"), metavar="EVENT")
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="with run: what Git gives to the hook")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("-n", "--dry-run", action="store_true", help="show how the hooks would be, and change nothing")


def run(args: argparse.Namespace) -> int:
    """Runs one action; ``status`` returns 1 if a hook is there and cannot work."""
    # By name: flowsync_hooks stands above this package, as flowsync_tui does.
    if args.action == "run":
        return int(importlib.import_module("flowsync_hooks.__main__").main([args.event or "validate", *args.arguments]))
    from flowsync.cli.arguments import here

    installer = importlib.import_module("flowsync_hooks.install")
    if args.dry_run and args.action != "status":
        _print(installer.planned(here(args), args.action), args.json, "would be ")
        return Exit.DONE
    states = getattr(installer, args.action)(here(args))
    _print(states, args.json)
    return Exit.ATTENTION if any(state.problem for state in states) else Exit.DONE


def _print(states: Sequence[Any], as_json: bool, mood: str = "") -> None:
    from dataclasses import asdict

    from flowsync.cli.output import columns, say, say_json

    if as_json:
        say_json({"version": 1, "hooks": [asdict(state) for state in states]})
        return
    for row in columns((state.event, mood + _shown(state)) for state in states):
        say("  ".join(row))


def _shown(state: Any) -> str:
    ways = {
        "none": "not installed",
        "shim": f"installed, {state.place}",
        "config": "installed, in the repository's configuration",
        "manager": f"left to {state.place}",
    }
    chained = " (after the hook that was there)" if state.chained else ""
    problem = f"; {state.problem}: flowsync hooks install" if state.problem else ""
    return ways[state.how] + chained + problem
