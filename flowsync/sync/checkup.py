"""What ``flowsync doctor`` checks. Each check says what it found and, if that is bad, the fix."""

import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path as FilePath

from flowsync.config import load
from flowsync.core.ignore import never_syncs
from flowsync.core.plain import count
from flowsync.errors import FlowsyncError, ShareError
from flowsync.repo import Repository, git_version
from flowsync.repo.plumbing import FLOOR
from flowsync.share.base import Share
from flowsync.share.location import AzureLocation, Location, WorkspaceLocation, parse
from flowsync.sync.check import Check as Check
from flowsync.sync.checkup_workspace import checks
from flowsync.sync.link import Link
from flowsync.sync.opened import linked
from flowsync.sync.scan import scan
from flowsync.sync.shares import open_share
from flowsync.sync.survey import survey

_SKEW = 300.0  # seconds; the service refuses signatures from 900 on


def checkup(start: FilePath, remote: str | None, environ: Mapping[str, str]) -> Iterator[Check]:
    """Yields one check after the other; what a check needs and has not is the last that is said."""
    yield Check("python", "ok", platform.python_version())
    yield _git()
    try:
        with Repository(start) as repo:
            yield Check("repository", "ok", str(repo.root))
            load(repo.root).remote(remote)
        with linked(start, remote) as link:
            yield Check("link", "ok", f"{link.remote.name} is {link.remote.share}")
            location = parse(link.remote.share)
            if isinstance(location, WorkspaceLocation):
                yield from checks(link, location, environ)
            else:
                yield _credentials(location, environ)
            yield from _share(link, environ)
            yield from _branch(link)
    except FlowsyncError as error:
        yield Check("link" if "flowsync" in error.hint else "repository", "bad", error.message, error.hint)


def _git() -> Check:
    version = git_version()
    shown = ".".join(map(str, version))
    if version < FLOOR:
        return Check("git", "bad", f"{shown} has no merge-tree --write-tree", "update git to 2.39 or newer")
    return Check("git", "ok", shown)


def _credentials(location: Location, environ: Mapping[str, str]) -> Check:
    if not isinstance(location, AzureLocation):
        return Check("credentials", "ok", "none needed for a folder")
    names = ("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN")
    chosen = next((name for name in names if environ.get(name)), None)
    if chosen:
        return Check("credentials", "ok", f"from {chosen}")
    return Check("credentials", "note", "none in the environment: the emulator's own key, or az login and the like")


def _share(link: Link, environ: Mapping[str, str]) -> Iterator[Check]:
    try:
        with open_share(link.remote, environ, link.repo.state_dir) as share:
            found = scan(share, frozenset(), frozenset(link.flows_below(link.tracking_prefix)), accept_deletes=True)
            broken = {flow: seen for flow, seen in found.items() if isinstance(seen, ShareError)}
            gone = [flow for flow, seen in found.items() if not isinstance(seen, ShareError) and not seen.files]
            flows = count(len(found) - len(broken) - len(gone), "flow")
            yield Check("share", "ok", f"{flows}, {count(share.requests, 'request')}")
            for flow, error in broken.items():
                yield Check("share", "bad", f"{flow}: {error.message}", error.hint)
            for flow in gone:
                yield Check("share", "bad", f"{flow} is gone from the share", f"flowsync status {flow}")
            for flow, seen in found.items():
                for path, problem in {} if isinstance(seen, ShareError) else seen.problems.items():
                    yield Check("names", "bad", f"{flow}/{path}: {problem.reason}", problem.hint)
            yield _clock(share)
    except ShareError as error:
        yield Check("share", "bad", error.message, error.hint)


def _clock(share: Share) -> Check:
    now = share.now()
    if now is None:
        return Check("clock", "note", "the share did not tell its time")
    skew = (datetime.now(UTC) - now).total_seconds()
    if abs(skew) > _SKEW:
        way = "ahead of" if skew > 0 else "behind"
        said = f"this machine is {abs(skew):.0f} seconds {way} the share; beyond 900 it refuses every request"
        return Check("clock", "bad", said, "set the clock (timedatectl set-ntp true, w32tm /resync)")
    return Check("clock", "ok", f"within {max(1, round(abs(skew)))} seconds of the share's")


def _branch(link: Link) -> Iterator[Check]:
    seen = survey(link)
    stray = {
        f"{link.remote.folder(flow)}/{path}"
        for flow, one in seen.flows.items()
        if one.local_tree
        for path in link.repo.objects.files(one.local_tree)
        if never_syncs(path)
    }
    for path in sorted(stray):
        fix = f"git rm --cached '{path}', and a line for it in .gitignore"
        yield Check("branch", "bad", f"{path} is committed, but generated or secret: it never syncs", fix)
    if not stray:
        flows = count(len(seen.flows), "flow")
        yield Check("branch", "ok", f"{link.remote.branch}, {flows}, no generated file committed")
    if left := [flow for flow, _ in link.journal.unfinished()]:
        yield Check("journal", "note", f"a push of {', '.join(left)} was interrupted", "flowsync sync")
