"""``flowsync import --watch``: says what to type when a flow's archive appears in a folder, and does nothing else."""

import argparse
import json
import shlex
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from flowsync.cli import arguments

if TYPE_CHECKING:
    from flowsync.sync.importing import Options
    from flowsync.sync.offered import Offer

_INTERVAL = 1.0  # seconds; one listing of one folder


def watch(args: argparse.Namespace, options: "Options") -> int:
    """Tells of every archive that brings something new, until interrupted (or once)."""
    from flowsync.errors import Exit
    from flowsync.sync.offered import Downloads
    from flowsync.sync.opened import linked

    folder = Path(args.directory or ".") / Path(args.watch).expanduser()
    never = threading.Event()
    with linked(arguments.here(args), args.remote) as link:
        downloads = Downloads(link, folder, options)
        while True:
            for offer in downloads.look():
                _tell(offer, args.json)
            if args.once:
                return Exit.DONE
            never.wait(_INTERVAL)


def command(offer: "Offer") -> str:
    """Returns the command that imports what is offered."""
    return shlex.join(["flowsync", "import", str(offer.path), *(["--flow", offer.flow] if offer.base else [])])


def _tell(offer: "Offer", as_json: bool) -> None:
    from flowsync.cli.output import paint, plain, say

    if as_json:
        value = {
            "archive": str(offer.path),
            "flow": offer.flow,
            "base": offer.base,
            "how": offer.how,
            "refused": offer.refused or None,
            "command": None if offer.refused else command(offer),
        }
        print(json.dumps(value, ensure_ascii=True))
    elif offer.refused:
        say(f"{paint('refused', 'yellow')}  {plain(offer.refused)}")
    else:
        made = f"made from {offer.base[:12]} ({offer.how})" if offer.base else offer.how
        say(f"{paint('offered', 'cyan')}  {plain(offer.flow)}  {plain(offer.path.name)}, {plain(made)}")
        say(f"         {paint('to take it in: ' + command(offer), 'dim')}")
    sys.stdout.flush()
