"""``flowsync init``: link a repository to a share."""

import argparse
from typing import TYPE_CHECKING, Any

from flowsync.cli import arguments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.config import RemoteConfig
    from flowsync.repo import Repository
    from flowsync.share.location import Location


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of init."""
    parser.add_argument(
        "--share",
        metavar="URL",
        help="the folder that holds the flows: azureml://SUBSCRIPTION/GROUP/WORKSPACE?user=NAME, "
        "azfile://ACCOUNT/SHARE?user=NAME, file:///DIR, or an emulator's URL (default: asks)",
    )
    parser.add_argument("--path", default="flows", metavar="DIR", help="where the flows live here (default: flows)")
    named = parser.add_mutually_exclusive_group()
    named.add_argument("--remote", default="studio", metavar="NAME", help="what to call the link (default: studio)")
    named.add_argument(
        "--everyone",
        action="store_true",
        help="link the flows of every user of the share, a remote and a folder below DIR for each; "
        "--share names the share or the workspace as a whole, and the mode is pull",
    )
    parser.add_argument("--branch", metavar="NAME", help="the branch to sync with (default: the current one)")
    parser.add_argument("--mode", choices=("observe", "pull", "sync", "live"), help="default: sync")
    parser.add_argument(
        "--choices",
        nargs="?",
        const="azureml://",
        metavar="URL",
        help="print what can be chosen below azureml://, azureml://SUBSCRIPTION or a workspace, and do nothing else",
    )
    parser.add_argument("--no-look", action="store_true", help="do not try the share first")
    parser.add_argument("-C", dest="directory", metavar="DIR", default=argparse.SUPPRESS, help="work in this folder")
    arguments.dry_run(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Writes ``.flowsync.yaml`` after a look at the share."""
    from flowsync.cli.everyone import everyone
    from flowsync.cli.output import plain, say, say_json
    from flowsync.config import FILE, added, parse
    from flowsync.errors import Exit
    from flowsync.repo import Repository

    if args.choices:
        return _choices(args)
    with Repository(arguments.here(args)) as repo:
        file = repo.root / FILE
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        remotes = everyone(args, text, _branch(args, repo)) if args.everyone else [_remote(args, repo)]
        for remote in remotes:
            text = added(text, remote)
            parse(text)
            _refuse_a_twin(repo, remote.name)
        looks = [(None, "") if args.no_look else _look(remote, args.dry_run) for remote in remotes]
        if not args.dry_run:
            for remote, (_, identity) in zip(remotes, looks, strict=True):
                _remember(repo, remote.name, identity)
            temporary = file.with_name(f"{FILE}.new")
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(file)
    linked = [
        {"remote": one.name, "share": one.share, "path": one.path or ".", "branch": one.branch, "flows": flows}
        for one, (flows, _) in zip(remotes, looks, strict=True)
    ]
    if args.json:
        said = {"remotes": linked} if args.everyone else linked[0]
        say_json({"version": 1, "dry_run": args.dry_run, **said})
    elif args.dry_run:
        say(plain(text.rstrip("\n")))
    else:
        _tell(linked, args.everyone)
    return Exit.DONE


def _tell(linked: "Sequence[Mapping[str, Any]]", everyone: bool) -> None:
    from flowsync.cli.output import count, plain, say
    from flowsync.config import FILE

    for one in linked:
        path = "the repository" if one["path"] == "." else one["path"]
        flows = one["flows"]
        counted = "" if flows is None else f", {count(len(flows), 'flow')} there"
        say(f"Linked {plain(path)} to {plain(one['share'])} as {one['remote']}{counted}.")
    if linked:
        follow = "flowsync pull --all" if everyone else "flowsync sync"
        say(f"Next: git add {FILE} && git commit -m 'Link to Studio', then {follow}")
    else:
        say("Everyone who has flows there is linked.")


def _branch(args: argparse.Namespace, repo: "Repository") -> str:
    return args.branch or repo.worktree.current() or "main"


def _remote(args: argparse.Namespace, repo: "Repository") -> "RemoteConfig":
    from flowsync.config import Mode, RemoteConfig

    path = args.path.rstrip("/") or "."
    place = _place(args).url
    return RemoteConfig(args.remote, place, "" if path == "." else path, _branch(args, repo), Mode(args.mode or "sync"))


def _place(args: argparse.Namespace) -> "Location":
    """Returns the folder that is to be linked, asking for what the command line leaves open."""
    from flowsync.cli import choosing
    from flowsync.errors import UsageError
    from flowsync.share.location import WorkspaceLocation, parse

    url = args.share or (choosing.ask_share() if choosing.interactive() else "")
    if not url:
        raise UsageError(
            "init needs the share's URL", "flowsync init --share azureml://SUBSCRIPTION/GROUP/WORKSPACE?user=NAME"
        )
    short = url.startswith(choosing.SCHEME) and "?" not in url and url.strip("/").count("/") < 4
    location = choosing.workspace(url) if short else parse(url)
    if isinstance(location, WorkspaceLocation) and not location.folder:
        return choosing.with_user(location)
    return location


def _choices(args: argparse.Namespace) -> int:
    from flowsync.cli.choosing import choices
    from flowsync.cli.output import plain, say, say_json
    from flowsync.errors import Exit

    found = choices(args.choices)
    if args.json:
        say_json({"version": 1, **found})
        return Exit.DONE
    for one in next(iter(found.values())):
        mark = "  (you?)" if one == found.get("mine") else ""
        say(plain(one if isinstance(one, str) else f"{one['url']}  {one['name']}") + mark)
    return Exit.DONE


def _refuse_a_twin(repo: "Repository", name: str) -> None:
    from flowsync.errors import UsageError

    if repo.git.line("config", "--get", f"remote.{name}.url"):
        raise UsageError(
            f"this repository has a Git remote called {name}, whose branches are kept where the flows would be",
            "flowsync init --remote ANOTHER-NAME",
        )


def _remember(repo: "Repository", remote: str, identity: str) -> None:
    """Writes down which share was linked, so that another in its place is noticed before anything is believed."""
    if identity:
        from flowsync.sync.brakes import accept_share

        accept_share(repo.state_dir, remote, identity)


def _look(remote: "RemoteConfig", dry_run: bool) -> tuple[list[str], str]:
    """Returns the flows that the share holds and its identity; the share's error if it cannot be listed.

    In a workspace the folder for flows is Studio's to make, with the first of them: where it is missing, it is made.
    """
    import os

    from flowsync.share.location import WorkspaceLocation, parse
    from flowsync.sync.discovery import make_folder

    location = parse(remote.share)
    if isinstance(location, WorkspaceLocation) and not make_folder(os.environ, location, dry_run):
        return [], ""

    from flowsync.sync.scan import scan
    from flowsync.sync.shares import open_share

    with open_share(remote, os.environ) as share:
        return sorted(scan(share, frozenset(), frozenset())), share.identity()
