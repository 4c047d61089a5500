"""What ``init`` offers: subscriptions, workspaces, and the folders of a workspace's users."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, TypeVar

from flowsync.config import RemoteConfig
from flowsync.errors import ShareError, ShareMissing, UsageError
from flowsync.share.base import Listing
from flowsync.share.location import Location, WorkspaceLocation, owner
from flowsync.sync.shares import open_share, session, share_of

if TYPE_CHECKING:  # azure is imported where a workspace is asked
    from flowsync.studio.wire import Wire
    from flowsync.studio.workspace import Named, Subscription

FOLDER = "promptflow"
_Place = TypeVar("_Place", bound=Location)


@dataclass(frozen=True, slots=True)
class Users:
    """The folders below ``Users``, which of them is probably whose who is signed in ("" if none), and who that is."""

    names: Sequence[str]
    mine: str
    who: str
    service: bool


def subscriptions(environ: Mapping[str, str]) -> "list[Subscription]":
    """Returns the subscriptions that whoever is signed in can see."""
    from flowsync.studio import workspace

    with _wire(environ) as wire:
        return workspace.subscriptions(wire)


def workspaces(environ: Mapping[str, str], subscription: str) -> "list[Named]":
    """Returns the workspaces of a subscription."""
    from flowsync.studio import workspace

    with _wire(environ) as wire:
        return workspace.workspaces(wire, subscription)


def users(environ: Mapping[str, str], location: WorkspaceLocation) -> Users:
    """Returns whose folders are on a workspace's share, with a guess at which is mine."""
    from flowsync.studio.claims import mine

    with session(location, environ) as opened:
        with share_of(opened, replace(location, folder="Users")) as share:
            listing = share.list([""])[""]
        person = opened.person
    if isinstance(listing, ShareMissing):
        return Users((), "", person.shown, person.service)
    if isinstance(listing, ShareError):
        raise listing
    names = sorted(listing.folders, key=str.casefold)
    return Users(names, mine(person, names), person.shown, person.service)


def with_flows(
    environ: Mapping[str, str], location: Location, state: FilePath | None = None
) -> tuple[Sequence[str], Mapping[str, ShareError]]:
    """Returns the users of a share who have a folder for flows, and those whose folder cannot be looked into.

    The location is that of the whole share (a compute instance mounts it as a folder) or of the workspace.
    """
    if owner(location):
        raise UsageError("The share URL names one user's folder.", "leave out ?user= and what follows the share's name")
    everybody = replace(location, folder=_below(location, "Users"))
    try:
        with open_share(RemoteConfig("everyone", everybody.url), environ, state) as share:
            top = share.list([""])[""]
            if isinstance(top, ShareError):
                raise top
            inside = share.list(sorted(top.folders, key=str.casefold))
    except ShareMissing as error:
        raise ShareMissing(f"There is no folder Users in {location.url}.", "name the share as a whole") from error
    closed = {name: found for name, found in inside.items() if isinstance(found, ShareError)}
    return [name for name, found in inside.items() if isinstance(found, Listing) and FOLDER in found.folders], closed


def at_user(location: _Place, user: str) -> _Place:
    """Returns the place of a user's flows on a share, or in a workspace."""
    return replace(location, folder=_below(location, f"Users/{user}/{FOLDER}"))


def make_folder(environ: Mapping[str, str], location: WorkspaceLocation, dry_run: bool = False) -> bool:
    """Makes the folder of somebody's flows, as Studio does with the first of them, and tells whether it is there now.

    Their own folder must be there: nobody is made up.
    """
    parent, _, name = location.folder.rpartition("/")
    with session(location, environ) as opened, share_of(opened, replace(location, folder=parent)) as share:
        listing = share.list([""])[""]
        if isinstance(listing, ShareMissing):
            raise ShareMissing(
                f"The workspace's share holds no folder {parent}.",
                "flowsync init --share azureml://… without ?user= shows whose folders there are",
            )
        if isinstance(listing, ShareError):
            raise listing
        if name in listing.folders or dry_run:
            return name in listing.folders
        share.make_folders([name])
        return True


def _below(location: Location, path: str) -> str:
    return f"{location.folder}/{path}" if location.folder else path


@contextmanager
def _wire(environ: Mapping[str, str]) -> "Iterator[Wire]":
    from flowsync.studio.cloud import chosen
    from flowsync.studio.credential import signed_in
    from flowsync.studio.wire import Wire

    cloud = chosen(environ)
    with Wire(cloud, signed_in(cloud, environ)) as wire:
        yield wire
