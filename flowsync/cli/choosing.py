"""Choosing a workspace and a folder in it, on a terminal; for programs, what could be chosen."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flowsync.errors import UsageError

if TYPE_CHECKING:
    from flowsync.share.location import WorkspaceLocation

SCHEME = "azureml://"


def interactive() -> bool:
    """Tells whether somebody is there to choose."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_share() -> str:
    """Asks for a share's URL; an empty answer chooses a workspace."""
    print("Where are the flows? Enter chooses an Azure ML workspace; or type a share's URL,", file=sys.stderr)
    print("such as azfile://ACCOUNT/SHARE?user=NAME or file:///FOLDER", file=sys.stderr)
    return _input("share URL [choose a workspace]: ") or SCHEME


def workspace(url: str) -> "WorkspaceLocation":
    """Returns the workspace that a person chooses, from as much as the URL says (a subscription, or nothing)."""
    from flowsync.share.location import WorkspaceLocation
    from flowsync.sync.discovery import subscriptions, workspaces

    chosen = url.removeprefix(SCHEME).strip("/")
    if not interactive():
        raise UsageError(
            "The share URL names no workspace.",
            f"flowsync init --choices {url or SCHEME} lists them; --share azureml://SUBSCRIPTION/GROUP/WORKSPACE",
        )
    if not chosen:
        there = subscriptions(os.environ)
        _refuse_none(there, "subscription")
        chosen = there[_pick("Subscription", [f"{one.name} ({one.id})" for one in there])].id
    every = workspaces(os.environ, chosen)
    _refuse_none(every, "workspace")
    groups = sorted({one.group for one in every}, key=str.casefold)
    group = groups[_pick("Resource group", groups)]
    inside = [one for one in every if one.group == group]
    name = inside[_pick("Workspace", [f"{one.name} ({one.location})" for one in inside])].name
    return WorkspaceLocation(chosen, group, name, "")


def with_user(location: "WorkspaceLocation") -> "WorkspaceLocation":
    """Returns the folder of a user's flows: chosen by a person, guessed where there is none to ask."""
    from flowsync.sync.discovery import at_user, users

    found = users(os.environ, location)
    if not found.names:
        raise UsageError(
            "The workspace's share holds no user's folder yet.", "open Studio's notebooks once, which makes yours"
        )
    if interactive():
        at = found.names.index(found.mine) if found.mine else None
        print(f"You are signed in as {found.who}.", file=sys.stderr)
        return at_user(location, found.names[_pick("Whose flows", found.names, at)])
    if not found.mine:
        who = f"{found.who} has no folder of that name there"
        raise UsageError(
            f"Whose flows are meant? {who}; there are {', '.join(found.names[:20])}.",
            f"flowsync init --share '{SCHEME}{location.subscription}/{location.group}/{location.workspace}?user=NAME'",
        )
    return at_user(location, found.mine)


def choices(url: str) -> dict[str, Any]:
    """Returns what can be chosen below a URL: subscriptions, a subscription's workspaces, a workspace's users."""
    from flowsync.share.location import WorkspaceLocation, parse
    from flowsync.sync.discovery import subscriptions, users, workspaces

    parts = [part for part in url.removeprefix(SCHEME).split("/") if part]
    if not url.startswith(SCHEME) or len(parts) == 2:
        raise UsageError(f"{url!r} is not what choices are made from.", f"{SCHEME} or {SCHEME}SUBSCRIPTION")
    if not parts:
        return {
            "subscriptions": [
                {"id": one.id, "name": one.name, "tenant": one.tenant, "url": f"{SCHEME}{one.id}"}
                for one in subscriptions(os.environ)
            ]
        }
    if len(parts) == 1:
        found = workspaces(os.environ, parts[0])
        return {
            "workspaces": [
                {
                    "group": one.group,
                    "name": one.name,
                    "location": one.location,
                    "url": WorkspaceLocation(parts[0], one.group, one.name, "").url,
                }
                for one in found
            ]
        }
    location = parse(url)
    assert isinstance(location, WorkspaceLocation)
    there = users(os.environ, location)
    return {"users": list(there.names), "mine": there.mine or None, "signed_in_as": there.who}


def _refuse_none(there: Sequence[object], what: str) -> None:
    if not there:
        raise UsageError(f"You can see no {what} in Azure.", "az login --tenant TENANT, or ask for a role on it")


def _pick(what: str, names: Sequence[str], default: int | None = None) -> int:
    """Returns the index of the line that a person chooses by its number, or by the beginning of its name."""
    from flowsync.cli.output import plain

    if len(names) == 1:
        print(f"{what}: {plain(names[0])}", file=sys.stderr)
        return 0
    for number, name in enumerate(names, 1):
        print(f"  {number:>3}  {plain(name)}", file=sys.stderr)
    while True:
        shown = f" [{plain(names[default])}]" if default is not None else ""
        said = _input(f"{what}{shown}: ")
        if not said and default is not None:
            return default
        if said.isdigit() and 1 <= int(said) <= len(names):
            return int(said) - 1
        near = [at for at, name in enumerate(names) if said and name.casefold().startswith(said.casefold())]
        if len(near) == 1:
            return near[0]
        print(f"Type a number from 1 to {len(names)}, or the beginning of one name.", file=sys.stderr)


def _input(prompt: str) -> str:
    """Asks on standard error, so that standard output stays what the command prints."""
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise UsageError("nothing was chosen", "flowsync init --share URL")
    return line.strip()
