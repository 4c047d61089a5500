"""``flowsync drivers``: Git's own commands merge and show definitions by node, or no longer do."""

import argparse

from flowsync.cli import arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of drivers."""
    parser.add_argument("action", choices=("install", "uninstall", "status"))
    parser.add_argument("--shared", action="store_true", help="name the files in .gitattributes, for the whole team")
    parser.add_argument("--follow-renames", action="store_true", help="let references follow a node's rename in merges")
    parser.add_argument("-C", dest="directory", metavar="DIR", default=argparse.SUPPRESS, help="work in this folder")
    arguments.dry_run(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Installs, removes or describes the merge and diff drivers of the repository here."""
    from flowsync.cli.output import plain, say_json
    from flowsync.drivers.installing import install, planned, standing, uninstall
    from flowsync.errors import Exit

    here = arguments.here(args)
    if args.dry_run and args.action != "status":
        steps = planned(here, args.action == "install", args.shared, args.follow_renames)
        if args.json:
            say_json({"version": 1, "dry_run": True, "steps": steps})
        for step in () if args.json else steps:
            print(plain(step))
        return Exit.DONE
    if args.action == "install":
        file = install(here, args.shared, args.follow_renames)
        if not args.json:
            print(f"Git now merges and shows definitions by node here ({plain(str(file))}).")
    elif args.action == "uninstall":
        uninstall(here)
        if not args.json:
            print("Git merges and shows definitions line by line again.")
    found = standing(here)
    if args.json:
        state = {"configured": found.configured, "attributes": found.attributes, "problems": found.problems}
        say_json({"version": 1, **state})
    elif args.action == "status":
        print("installed" if found.configured and found.attributes else "not installed")
        for problem in found.problems:
            print(f"  {plain(problem)}")
    return Exit.ATTENTION if found.problems and args.action == "status" else Exit.DONE
