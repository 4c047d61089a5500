"""A flow's past as one timeline: the saves in Studio and the branch's commits, each once, newest first."""

from collections.abc import Sequence
from typing import Any

from flowsync.core.tree import FlowName
from flowsync.repo.history import Told
from flowsync.sync.link import Link
from flowsync.sync.snapshot import COMMITTER
from flowsync.sync.survey import known, survey

_REMOTE = "Flowsync-Remote"  # the trailer of a commit that is a save in Studio


def commits(link: Link, flow: FlowName) -> list[str]:
    """Returns the commits of the timeline, none of a flow that waits to be taken in; UsageError if there is no such."""
    names = (f"refs/heads/{link.remote.branch}", link.tracking_ref(flow))
    tips = list(dict.fromkeys(link.repo.refs.matching(*names).values()))
    found = link.repo.history.timeline(tips, link.remote.folder(flow)) if tips else []
    if not found:
        known(survey(link, flow), flow)
    return found


def told(link: Link, flow: FlowName, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Returns some commits of the timeline as programs read them, in the order asked for."""
    folder = link.remote.folder(flow)
    return [_entry(one, f"{folder}/") for one in link.repo.history.told(wanted, folder, _REMOTE)] if wanted else []


def _entry(one: Told, prefix: str) -> dict[str, Any]:
    studio = one.trailer and one.committer == f"{COMMITTER[0]} <{COMMITTER[1]}>"
    return {
        "commit": one.commit,
        "parents": list(one.parents),
        "at": one.at,
        "author": one.author,
        "side": "merge" if len(one.parents) > 1 else "studio" if studio else "local",
        "subject": one.subject,
        "paths": [path.removeprefix(prefix) for path in one.paths],
    }
