"""``flowsync daemon``: background sync, started, stopped and asked how it is."""

import argparse
from typing import TYPE_CHECKING, Any

from flowsync.cli import arguments
from flowsync.errors import Exit

if TYPE_CHECKING:
    from pathlib import Path

    from flowsync.daemon.place import Place

_ACTIONS = (
    ("start", "start syncing in the background"),
    ("stop", "end it"),
    ("restart", "stop and start"),
    ("status", "how it is doing"),
    ("run", "run in the foreground"),
    ("logs", "what it did"),
    ("mode", "switch what it does by itself, until it ends"),
    ("install", "start it at every login"),
    ("uninstall", "start it at login no more"),
)
MODES = ("observe", "pull", "sync", "live", "configured")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the actions and their arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    made = {name: actions.add_parser(name, help=text, description=arguments.sentence(text)) for name, text in _ACTIONS}
    for one in made.values():
        one.add_argument("-C", dest="directory", metavar="DIR", default=argparse.SUPPRESS, help="work in this folder")
    for name in ("start", "restart", "run"):
        made[name].add_argument("--remote", metavar="NAME", help="the remote of .flowsync.yaml (default: the first)")
        made[name].add_argument(
            "--polling", action="store_true", help="look at the files instead of waiting for events"
        )
        made[name].add_argument("--tcp", action="store_true", help="listen on loopback with a token, not on a socket")
    made["run"].add_argument("--quiet", action="store_true", help="log to the file only")
    for name in ("start", "stop", "restart", "status", "mode", "install", "uninstall"):
        arguments.json(made[name])
    made["status"].add_argument("--all", action="store_true", help="every repository of yours that has had a daemon")
    made["status"].add_argument("--prometheus", action="store_true", help="print metrics")
    made["logs"].add_argument("-f", "--follow", action="store_true", help="go on as more comes")
    made["logs"].add_argument("-n", "--lines", type=int, default=40, metavar="N", help="how many (default: 40)")
    made["logs"].add_argument("--json", action="store_true", help="the log for programs")
    made["mode"].add_argument("mode", choices=MODES, help="configured: what .flowsync.yaml says")
    arguments.flows(made["mode"])
    for name in ("install", "uninstall"):
        arguments.dry_run(made[name])


def run(args: argparse.Namespace) -> int:
    """Does what was asked for."""
    here = arguments.here(args)
    if args.action == "run":
        from flowsync.daemon.service import Options, serve

        return serve(here, Options(args.remote, args.tcp, args.polling, not args.quiet))
    if args.action == "status":
        return _status(args, here)
    place = _place(here)
    match args.action:
        case "start":
            return _start(args, place)
        case "stop":
            return _stop(args, place)
        case "restart":
            if not args.json:
                _stop(args, place)
            else:
                from flowsync.daemon.process import stop

                stop(place)
            return _start(args, place)
        case "mode":
            return _mode(args, place)
        case "logs":
            from flowsync.cli.daemon_logs import show

            return show(place.log.with_suffix(".jsonl") if args.json else place.log, args.lines, args.follow)
    from flowsync.cli.daemon_install import install

    return install(place, args.action, args.dry_run, args.json)


def _place(here: "Path") -> "Place":
    from flowsync.daemon.place import find
    from flowsync.errors import RepositoryError

    place = find(here)
    if place is None:
        raise RepositoryError(f"{here} is not in a Git repository", "git init")
    return place


def _start(args: argparse.Namespace, place: "Place") -> int:
    from flowsync.cli.output import say, say_json
    from flowsync.daemon.process import start

    options = [f"--{name}" for name in ("polling", "tcp") if getattr(args, name)]
    hello = start(place, [*options, *(["--remote", args.remote] if args.remote else [])])
    if args.json:
        say_json({**hello, "running": True})
    else:
        say(f"The daemon runs (process {hello['pid']}). flowsync daemon status tells how it is doing.")
    return Exit.DONE


def _stop(args: argparse.Namespace, place: "Place") -> int:
    from flowsync.cli.output import say, say_json
    from flowsync.daemon.process import stop

    stopped = stop(place)
    if args.json:
        say_json({"version": 1, "running": False, "stopped": stopped})
    else:
        say("The daemon has stopped." if stopped else "No daemon runs here.")
    return Exit.DONE


def _mode(args: argparse.Namespace, place: "Place") -> int:
    from flowsync.cli.output import plain, say, say_json
    from flowsync.daemon.client import connect_to
    from flowsync.errors import DaemonError

    client = connect_to(place)
    if client is None:
        raise DaemonError("no daemon runs here; its mode is in .flowsync.yaml", "flowsync daemon start")
    with client:
        mode = None if args.mode == "configured" else args.mode
        now = client.request("mode", {"flows": args.flows, "mode": mode})
    if args.json:
        say_json({"version": 1, "modes": now})
        return Exit.DONE
    rest = "all other flows" if len(now) > 1 else "all flows"
    for flow, mode in now.items():
        say(f"{rest if flow == '*' else plain(flow)}: {mode}")
    return Exit.DONE


def _status(args: argparse.Namespace, here: "Path") -> int:
    from flowsync.cli.daemon_status import show_all, show_one
    from flowsync.daemon.client import connect_to

    if args.all:
        return show_all(args.json)
    place = _place(here)
    client = connect_to(place)
    state: dict[str, Any] | None = None
    if client is not None:
        with client:
            if args.prometheus:
                from flowsync.cli.output import say

                say(client.request("metrics").rstrip("\n"))
                return Exit.DONE
            state = client.request("state")
    return show_one(place, state, args.json)
