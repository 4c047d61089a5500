"""``flowsync init``: link a repository to a share."""

import argparse
import sys
from typing import TYPE_CHECKING

from flowsync.cli import arguments

if TYPE_CHECKING:
    from flowsync.config import RemoteConfig
    from flowsync.repo import Repository


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of init."""
    parser.add_argument(
        "--share",
        metavar="URL",
        help="the folder that holds the flows: azfile://ACCOUNT/SHARE?user=NAME, file:///DIR, or an emulator's URL",
    )
    parser.add_argument("--path", default="flows", metavar="DIR", help="where the flows live here (default: flows)")
    parser.add_argument("--remote", default="studio", metavar="NAME", help="what to call the link (default: studio)")
    parser.add_argument("--branch", metavar="NAME", help="the branch to sync with (default: the current one)")
    parser.add_argument("--mode", default="sync", choices=("observe", "pull", "sync", "live"), help="default: sync")
    parser.add_argument("--no-look", action="store_true", help="do not try the share first")
    parser.add_argument("-C", dest="directory", metavar="DIR", default=argparse.SUPPRESS, help="work in this folder")
    arguments.dry_run(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Writes ``.flowsync.yaml`` after a look at the share."""
    from flowsync.cli.output import plain, say, say_json
    from flowsync.config import FILE, added, parse
    from flowsync.errors import Exit
    from flowsync.repo import Repository

    with Repository(arguments.here(args)) as repo:
        remote = _remote(args, repo)
        file = repo.root / FILE
        text = added(file.read_text(encoding="utf-8") if file.exists() else "", remote)
        parse(text)
        _refuse_a_twin(repo, remote.name)
        flows = None if args.no_look else _look(remote)
        if not args.dry_run:
            temporary = file.with_name(f"{FILE}.new")
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(file)
    if args.json:
        said = {"remote": remote.name, "share": remote.share, "path": remote.path or ".", "branch": remote.branch}
        say_json({"version": 1, "dry_run": args.dry_run, **said, "flows": flows})
        return Exit.DONE
    if args.dry_run:
        say(plain(text.rstrip("\n")))
        return Exit.DONE
    counted = "" if flows is None else f", {len(flows)} flow{'s' if len(flows) != 1 else ''} there"
    say(f"Linked {remote.path or 'the repository'} to {plain(remote.share)} as {remote.name}{counted}.")
    say(f"Next: git add {FILE} && git commit -m 'Link to Studio', then flowsync sync")
    return Exit.DONE


def _remote(args: argparse.Namespace, repo: "Repository") -> "RemoteConfig":
    from flowsync.config import Mode, RemoteConfig
    from flowsync.errors import UsageError
    from flowsync.share.location import parse

    url = args.share
    if url is None and sys.stdin.isatty() and sys.stderr.isatty():
        print("Which folder holds the flows? For example azfile://ACCOUNT/SHARE?user=NAME", file=sys.stderr)
        url = input("share URL: ").strip()
    if not url:
        raise UsageError("init needs the share's URL", "flowsync init --share azfile://ACCOUNT/SHARE?user=NAME")
    branch = args.branch or repo.worktree.current() or "main"
    path = args.path.strip("/")
    return RemoteConfig(args.remote, parse(url).url, "" if path == "." else path, branch, Mode(args.mode))


def _refuse_a_twin(repo: "Repository", name: str) -> None:
    from flowsync.errors import UsageError

    if repo.git.line("config", "--get", f"remote.{name}.url"):
        raise UsageError(
            f"this repository has a Git remote called {name}, whose branches are kept where the flows would be",
            "flowsync init --remote ANOTHER-NAME",
        )


def _look(remote: "RemoteConfig") -> list[str]:
    """Returns the flows that the share holds; the share's error if it cannot be listed."""
    import os

    from flowsync.sync.scan import scan
    from flowsync.sync.shares import open_share

    with open_share(remote, os.environ) as share:
        return sorted(scan(share, frozenset(), frozenset()))
