"""``flowsync tui``: the terminal UI, loaded by name so that no other command pays for it."""

import argparse
import gc
import importlib
import os
import sys
from pathlib import Path

from flowsync.cli import arguments
from flowsync.errors import Exit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of tui."""
    parser.add_argument("--plain", action="store_true", help="no borders, rows stay where they are: for screen readers")
    parser.add_argument("--ascii", action="store_true", help="no line drawing and no symbols")
    parser.add_argument("--read-only", action="store_true", help="refuse everything that writes")
    parser.add_argument("--settings", metavar="FILE", help="settings (default: tui.yaml in your configuration)")
    parser.add_argument("-C", dest="directory", metavar="DIR", default=argparse.SUPPRESS, help="work in this folder")


def run(args: argparse.Namespace) -> int:
    """Opens the terminal UI; without a terminal says what to use instead."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("flowsync: the terminal UI needs a terminal.", file=sys.stderr)
        print("  try: flowsync status --json", file=sys.stderr)
        return Exit.USAGE
    if os.environ.get("TERM") == "dumb":
        print("flowsync: this terminal (TERM=dumb) cannot show the terminal UI.", file=sys.stderr)
        print("  try: flowsync status", file=sys.stderr)
        return Exit.USAGE
    gc.disable()  # until the flows are on the screen: what is made on the way there stays
    bridge = importlib.import_module("flowsync_tui.bridge").Bridge(arguments.here(args))
    bridge.start()  # it connects while the rest is imported
    app, options, settings = (
        importlib.import_module(f"flowsync_tui.{name}") for name in ("app", "options", "settings")
    )
    from flowsync.cli.crash import write

    file = Path(args.settings) if args.settings else settings.path()
    told = settings.load(file)
    plain = args.plain or told.plain
    ascii_only = args.ascii or told.ascii or not _speaks_unicode()
    session = options.Options(
        start=arguments.here(args),
        settings=told,
        settings_file=file,
        plain=plain or (bool(os.environ.get("NO_COLOR")) and ascii_only),
        ascii=ascii_only,
        read_only=args.read_only,
        bridge=bridge,
        report=lambda error: str(write(["tui"], error)),
    )
    return int(app.run(session))


def _speaks_unicode() -> bool:
    """Tells whether the terminal's own encoding has the signs that are drawn with."""
    try:
        "╭⇣✓".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
