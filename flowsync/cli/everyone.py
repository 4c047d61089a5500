"""``flowsync init --everyone``: a remote for each user of a share who has flows there."""

import argparse
import os

from flowsync.cli.output import complain
from flowsync.config import Mode, RemoteConfig, name_for, parse
from flowsync.errors import UsageError
from flowsync.share.location import parse as parse_url
from flowsync.sync.discovery import at_user, with_flows


def everyone(args: argparse.Namespace, text: str, branch: str) -> list[RemoteConfig]:
    """Returns a remote for every user with flows whom ``text``, the configuration, does not link yet.

    Their mode is pull unless another was asked for: other people's folders are not written to by mistake.
    """
    if not args.share:
        raise UsageError(
            "--everyone needs the share, or the workspace, as a whole",
            "flowsync init --everyone --share azureml://SUBSCRIPTION/GROUP/WORKSPACE",
        )
    whole = parse_url(args.share)
    users, closed = with_flows(os.environ, whole)
    for user, error in closed.items():
        complain(error, user)
    there = parse(text).remotes if text.strip() else {}
    linked = {parse_url(remote.share).url for remote in there.values()}
    names, mode = list(there), Mode(args.mode or Mode.PULL)
    found = []
    for user in users:
        url = at_user(whole, user).url
        if url not in linked:
            names.append(name_for(user, names))
            found.append(RemoteConfig(names[-1], url, _path(args.path, names[-1]), branch, mode))
    return found


def _path(base: str, name: str) -> str:
    base = base.strip("/")
    return name if base in ("", ".") else f"{base}/{name}"
