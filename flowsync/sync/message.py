"""What the commits that flowsync makes say."""

from flowsync.core.tree import Change, FlowName, diff
from flowsync.sync.link import Link

_SHOWN = 3  # paths named in a subject


def studio_message(link: Link, flow: FlowName, old: str | None, new: str | None) -> str:
    """Returns the message for a save in Studio that turned the folder ``old`` into ``new``."""
    objects = link.repo.objects
    changes = diff(objects.files(old) if old else {}, objects.files(new) if new else {})
    body = "\n".join(f"{_verb(change)} {change.path}" for change in changes)
    trailers = f"Flowsync-Remote: {link.remote.name}\nFlowsync-Flow: {flow}"
    return f"{flow}: {_subject(old, new, changes)}\n\n{body}\n\n{trailers}\n"


def merge_message(link: Link, flow: FlowName) -> str:
    """Returns the message for the commit that joins Studio's edits with the branch's."""
    return f"{flow}: merge Studio's edits into {link.remote.branch}\n"


def restore_message(flow: FlowName, revision: str, sha: str) -> str:
    """Returns the message for a commit that brings a flow back as it was."""
    return f"{flow}: restore as of {revision}\n\nThe flow's folder is as in commit {sha}.\n"


def _subject(old: str | None, new: str | None, changes: tuple[Change, ...]) -> str:
    if old is None:
        return "first seen in Studio"
    if new is None:
        return "deleted in Studio"
    named = ", ".join(f"{_verb(change)} {change.path}" for change in changes[:_SHOWN])
    more = len(changes) - _SHOWN
    return f"{named} and {more} more in Studio" if more > 0 else f"{named} in Studio"


def _verb(change: Change) -> str:
    if change.old is None:
        return "add"
    return "delete" if change.new is None else "edit"
